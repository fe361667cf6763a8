/**
 * Takes JSON columns apart into typed tables. Numbers keep every digit: DuckDB would read those with a point as floats, so they travel as
 * marked texts until they are values.
 */
import { join } from 'node:path';
import type { Column } from '@headrace/sdk';
import { parseExpression } from '../column-types.ts';
import type { Work } from '../connector.ts';
import { ident, literal } from '../duckdb.ts';
import { parquetRelation, type Relation, writeParquet } from '../relation.ts';
import {
  assertNames,
  type JsonStructure,
  LIST_INDEX,
  type NestedColumn,
  type NestedList,
  PARENT_ID,
  planColumn,
  ROW_ID,
} from './plan-tables.ts';

/** Rows of one list, with the ids that join them to their parents. */
export interface NestedTable {
  /** The end of the table's name: `items`, `items__tags`. */
  readonly name: string;
  readonly relation: Relation;
}

/** Texts, numbers, and what is between them. */
const TOKENS = `'"(?:[^"\\\\]|\\\\.)*"|-?[0-9][0-9.eE+-]*|[^"0-9-]+|-'`;
/** Integers up to so many digits are exact in DuckDB's JSON. */
const EXACT_DIGITS = 18;

/**
 * The rows without lists, and a table for each list, parents before children. `identity` is what makes the rows' ids this load's own;
 * `depth` how many levels are taken apart. Throws DataError for names that meet.
 */
export async function takeApart(
  relation: Relation,
  identity: string,
  depth: number,
  where: string,
  work: Work,
): Promise<{ readonly rows: Relation; readonly tables: readonly NestedTable[] }> {
  const raw = relation.columns.map(({ name, type }) => (type === 'json' ? `${ident(name)}::varchar` : ident(name)));
  // The same rows have the same ids in every attempt; rows that are all the same are told apart by their number.
  const content = `md5(concat_ws('|', ${raw.map((value) => `coalesce(${value}::varchar, '\\N')`).join(', ')}))`;
  const numbered = `select *, ${content} as headrace_content from (${relation.select})`;
  const id = `md5(concat_ws('|', ${literal(identity)}, headrace_content, row_number() over (partition by headrace_content)))`;
  const json = relation.columns.filter(({ type }) => type === 'json');
  const structures = new Map<string, JsonStructure>();
  for (const { name } of json) structures.set(name, await structureOf(name, relation.select, work));
  const marked = relation.columns.map(({ name, type }) =>
    type === 'json' ? `${markNumbers(ident(name))} as ${ident(name)}` : ident(name),
  );
  const base = `select ${[...marked, `${id} as ${ident(ROW_ID)}`].join(', ')} from (${numbered})`;
  const plain = [...relation.columns.filter(({ type }) => type !== 'json'), { name: ROW_ID, type: 'text' as const }];
  const apart = await splitLevel({ name: '', select: base, plain, structures, depth, where }, work);
  assertNames(
    apart.tables.map(({ name }) => name),
    where,
  );
  return apart;
}

interface Level {
  /** The end of its table's name. */
  readonly name: string;
  /** Rows with `plain` columns and marked JSON columns. */
  readonly select: string;
  readonly plain: readonly Column[];
  /** JSON column → its structure. That of a list's element is called `ELEMENT`. */
  readonly structures: ReadonlyMap<string, JsonStructure>;
  readonly depth: number;
  readonly where: string;
}

const ELEMENT = 'headrace_element';

async function splitLevel(level: Level, work: Work): Promise<{ readonly rows: Relation; readonly tables: readonly NestedTable[] }> {
  const held = await writtenDown(level, work);
  const plans = [...level.structures].map(([source, structure]) =>
    planColumn(source, source === ELEMENT ? '' : source, structure, level.depth),
  );
  const columns: NestedColumn[] = [];
  for (const column of plans.flatMap((plan) => plan.columns)) columns.push(await settledType(column, held, work));
  const all = [...level.plain, ...columns.map(({ column }) => column)];
  assertNames(
    all.map(({ name }) => name),
    level.where,
  );
  const values = [...level.plain.map(({ name }) => ident(name)), ...columns.map(valueExpression)];
  const tables: NestedTable[] = [];
  for (const list of plans.flatMap((plan) => plan.lists)) {
    const name = [...(level.name === '' ? [] : [level.name]), list.name].join('__');
    const child = await splitLevel({ ...elementsOf(list, held), name, depth: level.depth - 1, where: level.where }, work);
    tables.push({ name, relation: child.rows }, ...child.tables);
  }
  return { rows: { select: `select ${values.join(', ')} from (${held})`, columns: all }, tables };
}

/** One row for each element of a list. */
function elementsOf(list: NestedList, select: string): Pick<Level, 'select' | 'plain' | 'structures'> {
  const elements = `from_json(json_extract(${ident(list.source)}, ${literal(list.pointer)}), '["JSON"]')`;
  const unnested = `select parent, unnest(elements) as element, generate_subscripts(elements, 1) - 1 as position from (select ${ident(ROW_ID)} as parent, ${elements} as elements from (${select}))`;
  const id = `md5(concat_ws('|', parent, ${literal(list.name)}, position))`;
  return {
    select: `select ${id} as ${ident(ROW_ID)}, parent as ${ident(PARENT_ID)}, position as ${ident(LIST_INDEX)}, element as ${ident(ELEMENT)} from (${unnested})`,
    plain: [
      { name: ROW_ID, type: 'text' },
      { name: PARENT_ID, type: 'text' },
      { name: LIST_INDEX, type: 'int8' },
    ],
    structures: new Map([[ELEMENT, list.element]]),
  };
}

/** What all values of a JSON column have in common. */
async function structureOf(name: string, select: string, work: Work): Promise<JsonStructure> {
  const [row] = await work.duck.rows(`select json_group_structure(${ident(name)}) as structure from (${select})`);
  return JSON.parse(row?.structure ?? '"NULL"') as JsonStructure;
}

/** The JSON with its numbers as marked texts, where DuckDB would change them. */
function markNumbers(json: string): string {
  const number = `regexp_full_match(t, '-?[0-9].*') and (len(t) > ${EXACT_DIGITS} or regexp_matches(t, '[.eE]'))`;
  const token = `case when ${number} then '"\\u0001' || t || '"' else t end`;
  return `array_to_string(list_transform(regexp_extract_all(${json}::varchar, ${TOKENS}), lambda t: ${token}), '')::json`;
}

function textOf({ source, pointer }: NestedColumn): string {
  return `ltrim(json_extract_string(${ident(source)}, ${literal(pointer)}), chr(1))`;
}

function valueExpression(nested: NestedColumn): string {
  const { column, source, pointer } = nested;
  const value =
    column.type === 'json'
      ? `regexp_replace(json_extract(${ident(source)}, ${literal(pointer)})::varchar, '"\\\\u0001([^"]*)"', '\\1', 'g')::json`
      : parseExpression(textOf(nested), column);
  return `${value} as ${ident(column.name)}`;
}

/** Numbers that JSON calls integers can be larger than int8. */
async function settledType(nested: NestedColumn, select: string, work: Work): Promise<NestedColumn> {
  if (nested.column.type !== 'int8') return nested;
  const text = textOf(nested);
  const large = await work.duck.count(`select count(*) from (${select}) where ${text} is not null and try_cast(${text} as bigint) is null`);
  return large === 0 ? nested : { ...nested, column: { ...nested.column, type: 'numeric' } };
}

/** The level in a file, because it is read once for each of its parts. */
async function writtenDown(level: Level, work: Work): Promise<string> {
  const columns: readonly Column[] = [...level.plain, ...[...level.structures.keys()].map((name): Column => ({ name, type: 'json' }))];
  const { file } = await writeParquet(
    work.duck,
    { select: level.select, columns },
    join(work.scratch, `nested-${encodeURIComponent(level.name)}.parquet`),
  );
  return parquetRelation([file], columns).select;
}
