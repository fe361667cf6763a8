/** The real transactions: their columns, and how they come into a PostgreSQL. */
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Columns } from '@headrace/sdk';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';

export const TRANSACTIONS = {
  household_id: 'int4',
  store_id: 'int4',
  basket_id: 'int8',
  product_id: 'int4',
  quantity: 'int4',
  sales_value: 'decimal(10,2)',
  retail_disc: 'decimal(10,2)',
  coupon_disc: 'decimal(10,2)',
  coupon_match_disc: 'decimal(10,2)',
  week: 'int2',
  transaction_timestamp: 'timestamptz',
} as const satisfies Columns;

/** Makes and fills the table `transactions`. */
export async function loadTransactions(client: pg.Client, file: string): Promise<void> {
  const columns = Object.entries(TRANSACTIONS).map(([name, type]) => `${name} ${type}`);
  await client.query(`create table transactions (${columns.join(', ')})`);
  await pipeline(createReadStream(file), client.query(copyFrom('copy transactions from stdin with (format csv, header)')));
  await client.query('analyze transactions');
}
