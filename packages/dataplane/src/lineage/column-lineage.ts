/**
 * Which columns each column of a query comes from, by the query's parse tree (DuckDB's `json_serialize_sql`). Pure.
 *
 * L1. What a value is made of is its lineage; what only chooses rows (conditions, joins, groups, orders) is not.
 * L2. Where one column cannot be told for certain, nothing is: there is no lineage of half a query.
 */
import {
  aliasOf,
  type ColumnLineage,
  distinct,
  joinedUsing,
  list,
  type Node,
  node,
  type Origins,
  renamed,
  resolve,
  type Scope,
  starColumns,
  texts,
  Unknown,
} from './scopes.ts';

type Tables = ReadonlyMap<string, Scope>;

/** Before the number of a column that has no name: in a query inside of another nobody needs one. */
const UNNAMED = '\0';

/** Names are those of the tables in the query; `schemas` has the columns of those that are known, by names in lower case. */
export function columnLineage(tree: unknown, schemas: ReadonlyMap<string, readonly string[] | undefined>): ColumnLineage | undefined {
  try {
    const { error, statements } = (tree ?? {}) as { error?: boolean; statements?: readonly Node[] };
    const [statement, ...more] = statements ?? [];
    if (error || statement === undefined || more.length > 0) return undefined;
    const columns = queryColumns(node(statement.node), new Map(), { schemas, outer: [] });
    if ([...columns.keys()].some((name) => name.startsWith(UNNAMED))) return undefined;
    return Object.fromEntries([...columns].map(([name, origins]) => [name, distinct(origins)]));
  } catch (error) {
    if (error instanceof Unknown) return undefined;
    throw error;
  }
}

interface Surroundings {
  readonly schemas: ReadonlyMap<string, readonly string[] | undefined>;
  /** Of queries around this one: a subquery may name their columns. */
  readonly outer: readonly Scope[];
}

function queryColumns(query: Node, around: Tables, given: Surroundings): Map<string, Origins> {
  const tables = new Map(around);
  for (const { key, value } of list((query.cte_map as Node | undefined)?.map)) {
    const cte = node(value);
    const inner = node(node(cte.query).node);
    if (inner.type === 'RECURSIVE_CTE_NODE') throw new Unknown();
    const columns = renamed(queryColumns(inner, tables, given), texts(cte.aliases));
    tables.set(String(key).toLowerCase(), { name: String(key), columns });
  }
  if (query.type === 'SET_OPERATION_NODE') return union(query, tables, given);
  if (query.type !== 'SELECT_NODE') throw new Unknown();
  return selected(query, tables, given);
}

/** Columns of both sides belong together by their place. */
function union(query: Node, tables: Tables, given: Surroundings): Map<string, Origins> {
  const sides = query.children === undefined ? [query.left, query.right] : list(query.children);
  const [first, ...others] = sides.map((side) => [...queryColumns(node(side), tables, given)]);
  if (first === undefined || others.some((side) => side.length !== first.length)) throw new Unknown();
  if (query.setop_type === 'UNION_BY_NAME') throw new Unknown();
  // Of `except` the values are those of the left side, too.
  const setop = String(query.setop_type ?? '');
  const joined = setop === 'EXCEPT' ? [] : others;
  return new Map(first.map(([name, origins], index) => [name, [...origins, ...joined.flatMap((side) => side[index]?.[1] ?? [])]]));
}

function selected(query: Node, tables: Tables, given: Surroundings): Map<string, Origins> {
  const scopes = query.from_table === null || query.from_table === undefined ? [] : fromScopes(node(query.from_table), tables, given);
  const columns = new Map<string, Origins>();
  for (const item of list(query.select_list)) {
    if (item.class === 'STAR') {
      for (const [name, origins] of starColumns(item, scopes)) add(columns, name, origins);
      continue;
    }
    const aliases = new Map(columns);
    add(columns, nameOf(item) ?? `${UNNAMED}${columns.size}`, originsOf(item, scopes, tables, given, aliases));
  }
  return columns;
}

function add(columns: Map<string, Origins>, name: string, origins: Origins): void {
  if (columns.has(name)) throw new Unknown();
  columns.set(name, origins);
}

/** Undefined: what a database calls an expression without a name is its own affair. */
function nameOf(item: Node): string | undefined {
  if (typeof item.alias === 'string' && item.alias !== '') return item.alias;
  if (item.class === 'COLUMN_REF') return texts(item.column_names).at(-1) ?? '';
  return undefined;
}

function fromScopes(from: Node, tables: Tables, given: Surroundings): readonly Scope[] {
  const alias = typeof from.alias === 'string' && from.alias !== '' ? from.alias : undefined;
  switch (from.type) {
    case 'EMPTY':
      return [];
    case 'BASE_TABLE':
      return [tableScope(from, alias, tables, given)];
    case 'SUBQUERY': {
      const columns = renamed(queryColumns(node(node(from.subquery).node), tables, given), texts(from.column_name_alias));
      return [{ name: alias ?? '', columns }];
    }
    case 'JOIN': {
      if (!['REGULAR', 'CROSS', 'NATURAL', 'ASOF', 'POSITIONAL'].includes(String(from.ref_type)) || from.ref_type === 'NATURAL')
        throw new Unknown();
      const left = fromScopes(node(from.left), tables, given);
      const right = fromScopes(node(from.right), tables, given);
      if (from.join_type === 'SEMI' || from.join_type === 'ANTI') return left;
      return joinedUsing(left, right, texts(from.using_columns), String(from.join_type));
    }
    default:
      throw new Unknown();
  }
}

function tableScope(from: Node, alias: string | undefined, tables: Tables, given: Surroundings): Scope {
  const table = String(from.table_name);
  const schema = typeof from.schema_name === 'string' ? from.schema_name : '';
  const name = alias ?? table;
  const aliases = texts(from.column_name_alias);
  const cte = schema === '' ? tables.get(table.toLowerCase()) : undefined;
  if (cte !== undefined) {
    if (cte.columns === undefined && aliases.length > 0) throw new Unknown();
    return { ...cte, name, columns: cte.columns && renamed(cte.columns, aliases) };
  }
  const input = schema === '' ? table : `${schema}.${table}`;
  const known = given.schemas.get(input.toLowerCase());
  if (known === undefined) {
    if (aliases.length > 0) throw new Unknown();
    return { name, columns: undefined, open: input };
  }
  return { name, columns: renamed(new Map(known.map((column) => [column, [{ input, column }]])), aliases) };
}

/** All columns that an expression's value is made of. */
function originsOf(
  expression: Node,
  scopes: readonly Scope[],
  tables: Tables,
  given: Surroundings,
  aliases: ReadonlyMap<string, Origins>,
): Origins {
  if (expression.class === 'COLUMN_REF') return columnOrigins(texts(expression.column_names), scopes, given, aliases);
  if (expression.class === 'SUBQUERY') {
    const inner = queryColumns(node(node(expression.subquery).node), tables, { ...given, outer: [...scopes, ...given.outer] });
    // `exists` is of rows, not of values.
    const own = expression.subquery_type === 'EXISTS' || expression.subquery_type === 'NOT_EXISTS' ? [] : [...inner.values()].flat();
    return [...own, ...(expression.child ? originsOf(node(expression.child), scopes, tables, given, aliases) : [])];
  }
  if (expression.class === 'STAR') {
    // count(*) is of rows.
    return [];
  }
  if (!PLAIN.has(String(expression.class))) throw new Unknown();
  return PARTS.flatMap((part) => expressionsIn(expression[part])).flatMap((part) => originsOf(part, scopes, tables, given, aliases));
}

const PLAIN: ReadonlySet<string> = new Set([
  'FUNCTION',
  'CONSTANT',
  'CAST',
  'CASE',
  'COMPARISON',
  'CONJUNCTION',
  'OPERATOR',
  'BETWEEN',
  'WINDOW',
  'COLLATE',
  'PARAMETER',
]);
/** Where expressions have those that their value is made of. What a window or an aggregate is ordered or filtered by only chooses. */
const PARTS = [
  'child',
  'children',
  'left',
  'right',
  'input',
  'lower',
  'upper',
  'case_checks',
  'else_expr',
  'when_expr',
  'then_expr',
  'offset_expr',
  'default_expr',
];

function expressionsIn(part: unknown): readonly Node[] {
  if (Array.isArray(part)) return part.flatMap(expressionsIn);
  if (typeof part !== 'object' || part === null) return [];
  const found = part as Node;
  // The branches of a case: what they are chosen by is not what they give.
  if ('then_expr' in found && !('class' in found)) return expressionsIn(found.then_expr);
  return 'class' in found ? [found] : [];
}

function columnOrigins(
  path: readonly string[],
  scopes: readonly Scope[],
  given: Surroundings,
  aliases: ReadonlyMap<string, Origins>,
): Origins {
  const found = resolve(path, scopes) ?? (path.length === 1 ? aliasOf(path[0] ?? '', aliases) : undefined) ?? resolve(path, given.outer);
  if (found === undefined) throw new Unknown();
  return found;
}
