/** The rows that are moved: eight columns of the types that a shop's tables have, as in `docs/performance` of the field's own comparisons. */
import type pg from 'pg';

export const COLUMNS = {
  id: 'int8',
  quantity: 'int4',
  amount: 'numeric',
  store: 'int4',
  product: 'text',
  note: 'text',
  sold_at: 'timestamptz',
  promoted: 'boolean',
} as const;

export const DEFINITION = `id bigint not null, quantity integer not null, amount numeric(12,2) not null, store integer not null,
  product text not null, note text not null, sold_at timestamptz not null, promoted boolean not null`;

/** Makes `sales` with so many rows, about 118 bytes each, the same ones every time. */
export async function makeTable(client: pg.Client, rows: number): Promise<void> {
  await client.query(`create table sales (${DEFINITION})`);
  await client.query(
    `insert into sales
     select i, 1 + i % 7, (i % 10000) / 100.0 + 0.99, i % 400, 'product ' || (i * 7919) % 92000, md5(i::text),
       timestamptz '2017-01-01 00:00:00+00' + i * interval '1.000137 seconds', i % 5 = 0
     from generate_series(1, $1::bigint) i`,
    [rows],
  );
  await client.query('vacuum (analyze, freeze) sales');
  await client.query('checkpoint');
}
