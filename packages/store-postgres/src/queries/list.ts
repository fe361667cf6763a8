/**
 * One page of a list and how long the whole list is.
 *
 * L1. A page is read with its order, by an index where there is one for it; rows before a cursor are never looked at.
 * L2. Nobody counts millions of rows to show fifty: counting ends `COUNTED_AHEAD` rows after the page, and does not begin for a list that
 *     was found to be long a moment ago.
 * L3. Whatever was counted when: the whole is longer than the page's end exactly when there is another page.
 */
import { COUNTED_AHEAD, type Listed, type Page } from '@headrace/ports';
import type pg from 'pg';
import type { Queryable } from '../database.ts';
import { BoundedMap } from './bounded-map.ts';
import type { Conditions } from './conditions.ts';
import { after, cursorColumns, cursorOf, readCursor } from './cursor.ts';
import { ListLengths } from './list-lengths.ts';
import { limits, type OrderColumns, type OrderTerm, orderBy, orderTerms } from './order.ts';
import { StatementNames } from './statement-names.ts';

const names = new StatementNames('list');
/** By database, for one process may have several. */
const lengths = new WeakMap<Queryable, ListLengths>();

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

/** In which order a list is read, and the statement for its page from the beginning, or from an offset. */
interface PageStatement {
  readonly terms: readonly OrderTerm[];
  readonly text: string;
}

/** By what they are made of: the same few lists are asked for again and again. */
const statements = new WeakMap<object, BoundedMap<string, PageStatement>>();
const MOST_STATEMENTS = 500;

/** Throws UnknownOrderError. */
function statementFor(query: ListQuery<never, unknown>, { sql }: Conditions, page: Page): PageStatement {
  const known = statements.get(query) ?? new BoundedMap<string, PageStatement>(MOST_STATEMENTS);
  statements.set(query, known);
  const [limit, offset] = limits(page);
  const key = `${limit} ${offset} ${JSON.stringify(page.orderBy)}${sql}`;
  const found = known.get(key);
  if (found !== undefined) return found;
  const terms = orderTerms(query.order, page.orderBy, query.key);
  const made = { terms, text: pageText(query, sql, terms, limit + 1, offset) };
  known.set(key, made);
  return made;
}

/** Throws UnknownOrderError and InvalidCursorError. */
export async function list<Row extends object, Item>(
  db: Queryable,
  query: ListQuery<Row, Item>,
  conditions: Conditions,
  page: Page,
): Promise<Listed<Item>> {
  const { terms, text } = statementFor(query, conditions, page);
  const [limit, given] = limits(page);
  const hasCursor = page.cursor !== undefined && page.cursor !== '';
  const offset = hasCursor ? 0 : given;
  const rows = hasCursor
    ? await rowsAfter(db, query, conditions, terms, page.cursor as string, limit + 1)
    : (await db.query<Row>(statement(text, conditions, offset))).rows;
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const isLast = rows.length <= limit;
  const seen = offset + rows.length;
  const isEnd = isLast && !hasCursor;
  const counted = isEnd && (rows.length > 0 || offset === 0) ? seen : await count(db, query, conditions, limit, offset);
  const total = isEnd ? Math.min(counted, seen) : Math.max(counted, seen);
  const bound = offset + limit + COUNTED_AHEAD;
  return {
    items: shown.map(query.item),
    total: Math.min(total, bound),
    ...(total > bound ? { totalIsExact: false } : {}),
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
    if (rows.length === limit) break;
    const rest = condition(conditions.copy());
    const text = pageText(query, rest.sql, terms, limit - rows.length, 0);
    rows.push(...(await db.query<Row>(statement(text, rest))).rows);
  }
  return rows;
}

function pageText(
  query: ListQuery<never, unknown>,
  conditions: string,
  terms: readonly OrderTerm[],
  limit: number,
  offset: number,
): string {
  const order = orderBy(terms);
  // Numbers of ours, and no parameters: a plan that is kept must be one for a few rows.
  const page = `${conditions} ${order} limit ${limit}${offset === 0 ? '' : ` offset ${offset}`}`;
  return pageFirst(query, `${query.columns}, ${cursorColumns(terms)}`, page, order);
}

/**
 * The rows of the page are found before anything is joined to them that it does not depend on, and once: no plan can begin at the other
 * end, or find them again for each row of it, whatever the statistics say of how few they are. Where there is nothing else to join, the
 * page is all.
 */
function pageFirst({ from, joins = {} }: ListQuery<never, unknown>, columns: string, page: string, order: string): string {
  const alias = /^\w+ (\w+)$/.exec(from)?.[1];
  const ofPage = tablesFor(from, joins, page);
  const ofAll = tablesFor(from, joins, `${columns} ${page}`);
  if (alias === undefined || ofPage === ofAll) return `select ${columns} from ${ofAll}${page}`;
  const ofColumns = tablesFor(`page ${alias}`, joins, `${columns} ${order}`);
  return `with page as materialized (select ${alias}.* from ${ofPage}${page}) select ${columns} from ${ofColumns} ${order}`;
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
  const known = lengthsOf(db);
  const key = JSON.stringify([rowsOf, ...values]);
  const length = known.of(key, bound);
  if (length !== undefined) return length;
  const text = `select count(*) as total from (select ${rowsOf} limit ${bound + 1}) as counted`;
  const { rows } = await db.query<{ total: string }>(statement(text, conditions, offset));
  const total = Number(rows[0]?.total ?? 0);
  known.keep(key, bound, total);
  return total;
}

function lengthsOf(db: Queryable): ListLengths {
  const known = lengths.get(db) ?? new ListLengths();
  lengths.set(db, known);
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
  const tables = tablesFor(from, joins, `${columns} ${conditions.sql}`);
  const { rows } = await db.query<Row>(statement(`select ${columns} from ${tables}${conditions.sql} limit 1`, conditions));
  return rows[0] === undefined ? undefined : query.item(rows[0]);
}
