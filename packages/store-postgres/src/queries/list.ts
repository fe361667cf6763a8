/** One page of a list and how long the whole list is. */
import type { Listed, Page } from '@headrace/ports';
import type { Queryable } from '../database.ts';
import type { Conditions } from './conditions.ts';
import { limits, type OrderColumns, orderBy } from './order.ts';

export interface ListQuery<Row, Item> {
  readonly columns: string;
  /** `table t join …`. */
  readonly from: string;
  readonly order: OrderColumns;
  /** What makes the order total. */
  readonly key: string;
  readonly item: (row: Row) => Item;
}

/** Throws UnknownOrderError. */
export async function list<Row extends object, Item>(
  db: Queryable,
  query: ListQuery<Row, Item>,
  conditions: Conditions,
  page: Page,
): Promise<Listed<Item>> {
  const { columns, from, order, key, item } = query;
  const ordering = orderBy(order, page.orderBy, key);
  const { values, sql } = conditions;
  const places = `limit $${values.length + 1} offset $${values.length + 2}`;
  const items = await db.query<Row>(`select ${columns} from ${from}${sql} ${ordering} ${places}`, [...values, ...limits(page)]);
  const total = await db.query<{ total: string }>(`select count(*) as total from ${from}${sql}`, [...values]);
  return { items: items.rows.map(item), total: Number(total.rows[0]?.total ?? 0) };
}

/** The only row of a list, if it has one. */
export async function one<Row extends object, Item>(
  db: Queryable,
  query: ListQuery<Row, Item>,
  conditions: Conditions,
): Promise<Item | undefined> {
  const { rows } = await db.query<Row>(`select ${query.columns} from ${query.from}${conditions.sql} limit 1`, [...conditions.values]);
  return rows[0] === undefined ? undefined : query.item(rows[0]);
}
