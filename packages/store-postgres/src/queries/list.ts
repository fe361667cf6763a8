/**
 * One page of a list and how long the whole list is.
 *
 * L1. A page is read with its order, by an index where there is one for it; rows before a cursor are never looked at.
 * L2. Nobody counts millions of rows to show fifty: counting ends `COUNTED_AHEAD` rows after the page, and does not begin for a list that
 *     was found to be longer than that a moment ago.
 */
import { COUNTED_AHEAD, type Listed, type Page } from '@headrace/ports';
import type pg from 'pg';
import type { Queryable } from '../database.ts';
import type { Conditions } from './conditions.ts';
import { after, cursorColumns, cursorOf, readCursor } from './cursor.ts';
import { LongLists } from './long-lists.ts';
import { limits, type OrderColumns, type OrderTerm, orderBy, orderTerms } from './order.ts';
import { StatementNames } from './statement-names.ts';

const names = new StatementNames('list');
/** By database, for one process may have several. */
const longLists = new WeakMap<Queryable, LongLists>();

export interface ListQuery<Row, Item> {
  readonly columns: string;
  /** `table t`, and what every row has exactly one of: it is left out of a count that does not look at it. */
  readonly from: string;
  readonly joins?: Readonly<Record<string, string>>;
  readonly order: OrderColumns;
  /** What makes the order total. */
  readonly key: string;
  readonly item: (row: Row) => Item;
}

/** Throws UnknownOrderError and InvalidCursorError. */
export async function list<Row extends object, Item>(
  db: Queryable,
  query: ListQuery<Row, Item>,
  conditions: Conditions,
  page: Page,
): Promise<Listed<Item>> {
  const terms = orderTerms(query.order, page.orderBy, query.key);
  const [limit, given] = limits(page);
  const hasCursor = page.cursor !== undefined && page.cursor !== '';
  const offset = hasCursor ? 0 : given;
  const rows = hasCursor
    ? await rowsAfter(db, query, conditions, terms, page.cursor as string, limit + 1)
    : await read(db, query, conditions, terms, limit + 1, offset);
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const isLast = rows.length <= limit;
  const counted =
    isLast && !hasCursor && (rows.length > 0 || offset === 0) ? offset + rows.length : await count(db, query, conditions, limit, offset);
  const bound = offset + limit + COUNTED_AHEAD;
  return {
    items: shown.map(query.item),
    total: Math.min(counted, bound),
    ...(counted > bound ? { totalIsExact: false } : {}),
    ...(isLast || last === undefined ? {} : { next: cursorOf(last, terms) }),
  };
}

async function rowsAfter<Row extends object>(
  db: Queryable,
  query: ListQuery<Row, unknown>,
  conditions: Conditions,
  terms: readonly OrderTerm[],
  cursor: string,
  limit: number,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const condition of after(terms, readCursor(cursor, terms))) {
    if (rows.length < limit) rows.push(...(await read(db, query, condition(conditions.copy()), terms, limit - rows.length, 0)));
  }
  return rows;
}

async function read<Row extends object>(
  db: Queryable,
  query: ListQuery<Row, unknown>,
  conditions: Conditions,
  terms: readonly OrderTerm[],
  limit: number,
  offset: number,
): Promise<readonly Row[]> {
  const order = orderBy(terms);
  // Numbers of ours, and no parameters: a plan that is kept must be one for a few rows.
  const page = `${conditions.sql} ${order} limit ${limit}${offset === 0 ? '' : ` offset ${offset}`}`;
  const text = pageFirst(query, `${query.columns}, ${cursorColumns(terms)}`, page, order);
  return (await db.query<Row>(statement(text, conditions, offset))).rows;
}

/**
 * The rows of the page are found before anything is joined to them that it does not depend on, and once: no plan can begin at the other
 * end, or find them again for each row of it, whatever the statistics say of how few they are.
 */
function pageFirst({ from, joins = {} }: ListQuery<never, unknown>, columns: string, page: string, order: string): string {
  const alias = /^\w+ (\w+)$/.exec(from)?.[1];
  const others = Object.values(joins).join(' ');
  if (alias === undefined || others === '') return `select ${columns} from ${from} ${others}${page}`;
  const first = `select ${alias}.* from ${tablesFor(from, joins, page)}${page}`;
  return `with page as materialized (${first}) select ${columns} from page ${alias} ${others} ${order}`;
}

/** With the joins that the text names, and those before them. */
function tablesFor(from: string, joins: Readonly<Record<string, string>>, text: string): string {
  const needed = Object.keys(joins).findLastIndex((alias) => new RegExp(`\\b${alias}\\.`).test(text)) + 1;
  return [from, ...Object.values(joins).slice(0, needed)].join(' ');
}

/** One more than the bound at most. */
async function count(
  db: Queryable,
  { from, joins = {} }: ListQuery<never, unknown>,
  conditions: Conditions,
  limit: number,
  offset: number,
): Promise<number> {
  const { sql, values } = conditions;
  const bound = offset + limit + COUNTED_AHEAD;
  const rowsOf = `from ${tablesFor(from, joins, sql)}${sql}`;
  const known = longListsOf(db);
  const key = JSON.stringify([rowsOf, ...values]);
  if (known.hasMoreThan(bound, key)) return bound + 1;
  const text = `select count(*) as total from (select ${rowsOf} limit ${bound + 1}) as counted`;
  const { rows } = await db.query<{ total: string }>(statement(text, conditions, offset));
  const total = Number(rows[0]?.total ?? 0);
  if (total > bound) known.keep(key, bound);
  return total;
}

function longListsOf(db: Queryable): LongLists {
  const known = longLists.get(db) ?? new LongLists();
  longLists.set(db, known);
  return known;
}

/** With a name, and so a plan that is kept, where one plan is good for all values. Each offset is a statement that hardly comes again. */
function statement(text: string, { values, haveOnePlan }: Conditions, offset = 0): pg.QueryConfig {
  return haveOnePlan && offset === 0 ? names.named(text, values) : { text, values: [...values] };
}

/** The only row of a list, if it has one. */
export async function one<Row extends object, Item>(
  db: Queryable,
  query: ListQuery<Row, Item>,
  conditions: Conditions,
): Promise<Item | undefined> {
  const { columns, from, joins = {} } = query;
  const tables = [from, ...Object.values(joins)].join(' ');
  const { rows } = await db.query<Row>(statement(`select ${columns} from ${tables}${conditions.sql} limit 1`, conditions));
  return rows[0] === undefined ? undefined : query.item(rows[0]);
}
