/**
 * Which tables and columns nested JSON becomes, by its structure. Pure.
 *
 * 1. An object's members become columns, `address__city`; a list becomes a table, `orders__items`, with a row for each element.
 * 2. A row of such a table has `_headrace_id`, the `_headrace_parent_id` of the row it belongs to, and its `_headrace_index` in the list, from 0.
 * 3. What lies deeper than the limit, or is of several kinds at once, stays JSON. What is null everywhere is nothing.
 */
import type { Column, ColumnType } from '@headrace/sdk';
import { DataError } from '../errors.ts';

export const ROW_ID = '_headrace_id';
export const PARENT_ID = '_headrace_parent_id';
export const LIST_INDEX = '_headrace_index';

/** What DuckDB's `json_group_structure` gives: the name of a type, a list of one structure, or the structures of members. */
export type JsonStructure = string | readonly [JsonStructure] | { readonly [member: string]: JsonStructure };

/** A value inside a JSON column. */
export interface NestedColumn {
  readonly column: Column;
  /** The JSON column of the table that it is in. */
  readonly source: string;
  /** A JSON pointer from there. */
  readonly pointer: string;
}

/** A list inside a JSON column: a table of its own. */
export interface NestedList {
  /** The end of its table's name. */
  readonly name: string;
  readonly source: string;
  readonly pointer: string;
  readonly element: JsonStructure;
}

export interface NestedPlan {
  readonly columns: readonly NestedColumn[];
  readonly lists: readonly NestedList[];
}

/** The parts of a JSON column, called `name`. `depth`: how many levels may still be taken apart. */
export function planColumn(source: string, name: string, structure: JsonStructure, depth: number): NestedPlan {
  const columns: NestedColumn[] = [];
  const lists: NestedList[] = [];
  const visit = (part: JsonStructure, path: readonly string[], left: number): void => {
    const called = [...(name === '' ? [] : [name]), ...path].join('__') || 'value';
    const pointer = path.map((member) => `/${member.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
    if (part === 'NULL') return;
    if (typeof part === 'string') columns.push({ column: { name: called, type: leafType(part) }, source, pointer });
    else if (left <= 0) columns.push({ column: { name: called, type: 'json' }, source, pointer });
    else if (isList(part)) {
      if (part[0] !== 'NULL') lists.push({ name: called, source, pointer, element: part[0] });
    } else for (const [member, inner] of Object.entries(part)) visit(inner, [...path, member], left - 1);
  };
  visit(structure, [], depth);
  return { columns, lists };
}

/** Throws DataError for two parts that would have one name. */
export function assertNames(names: readonly string[], where: string): void {
  const doubled = names.find((name, index) => names.indexOf(name) !== index);
  if (doubled === undefined) return;
  throw new DataError(
    'HR_NESTED_NAMES',
    `${where}: two columns would be called "${doubled}" when nested data is taken apart. Rename one in a query, or keep it as JSON (nested: 'json')`,
  );
}

function isList(part: Exclude<JsonStructure, string>): part is readonly [JsonStructure] {
  return Array.isArray(part);
}

const LEAVES: Readonly<Record<string, ColumnType>> = {
  BOOLEAN: 'boolean',
  // Integers are looked at again, whether they are larger than int8.
  BIGINT: 'int8',
  UBIGINT: 'int8',
  HUGEINT: 'int8',
  DOUBLE: 'numeric',
  VARCHAR: 'text',
};

function leafType(structure: string): ColumnType {
  return LEAVES[structure] ?? 'json';
}
