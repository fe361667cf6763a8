/** Changes of a PostgreSQL table in batches: what each read gives, and what is said when it cannot. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { postgres } from '../src/index.ts';
import { again, type CdcRig, createCdcRig, following, HARD, loading } from './support/cdc-rig.ts';

let cdc: CdcRig;
beforeAll(async () => {
  cdc = await createCdcRig();
}, 60_000);
afterAll(() => cdc.close());

describe('a table whose changes are loaded', () => {
  test('is in every batch what the source was, from the first rows on', async () => {
    const { shop, warehouse, rig, texts } = cdc;
    await shop.query(`create table sales (id int8 primary key, at timestamptz, note text);
      insert into sales select n, '2024-01-01Z'::timestamptz + n * interval '1 hour', 'note ' || n from generate_series(1, 5) n`);
    const task = following('sales');
    await again(rig, task, 1);
    const same = async () => expect(await texts(warehouse, 'select id, at, note from sales')).toEqual(await texts(shop, 'select * from sales'));
    await same();
    await shop.query(`update sales set note = 'changed', at = null where id = 2; delete from sales where id = 3; insert into sales values (9, '0044-03-15 BC', '')`);
    await shop.query(`update sales set id = 100 where id = 9; update sales set note = E'a "quoted"\\nline, \\\\. and ''more''' where id = 4`);
    await again(rig, task, 2);
    await same();
    await again(rig, task, 3);
    await same();
    const { rows } = await warehouse.query<{ name: string }>(`select attname as name from pg_attribute where attrelid = 'sales'::regclass and attnum > 0 order by attnum`);
    expect(rows.map(({ name }) => name)).toEqual(['id', 'at', 'note']);
  });
});
