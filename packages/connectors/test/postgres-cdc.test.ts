/** Changes of a PostgreSQL table in batches: what each read gives, whatever becomes of the table. */
import { checks, load } from '@headrace/sdk';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { lake, postgres } from '../src/index.ts';
import { again, type CdcRig, createCdcRig, following, HARD, loading } from './support/cdc-rig.ts';
import { type LogLine, only } from './support/rig.ts';

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
    const same = async (): Promise<void> =>
      expect(await texts(warehouse, 'select id, at, note from sales')).toEqual(await texts(shop, 'select * from sales'));
    await again(rig, task, 1);
    await same();
    await shop.query(`update sales set note = 'changed', at = null where id = 2; delete from sales where id = 3;
      insert into sales values (9, '0044-03-15 BC', '')`);
    await shop.query(
      `update sales set id = 100 where id = 9; update sales set note = E'a "quoted"\\nline, \\\\. and ''more''' where id = 4`,
    );
    await again(rig, task, 2);
    await same();
    await again(rig, task, 3);
    await same();
    const { rows } = await warehouse.query<{ name: string }>(
      `select attname as name from pg_attribute where attrelid = 'sales'::regclass and attnum > 0 order by attnum`,
    );
    expect(rows.map(({ name }) => name)).toEqual(['id', 'at', 'note']);
  });

  test('is merged by the order of its changes', async () => {
    const { shop, warehouse, rig, texts } = cdc;
    await shop.query(`create table stock (id int8 primary key, amount numeric); insert into stock values (1, 1), (2, 2)`);
    const task = loading('stock', postgres('shop').changes('stock', { slot: 'stock_of_ours' }), 'stock', { ...HARD, latest: '_order' });
    await again(rig, task, 1);
    for (let amount = 10; amount <= 30; amount += 10) await shop.query('update stock set amount = $1 where id = 1', [amount]);
    await shop.query(`begin; delete from stock where id = 2; insert into stock values (2, 5); update stock set amount = 6 where id = 2;
      insert into stock values (3, 1); delete from stock where id = 3; commit`);
    await again(rig, task, 2);
    expect(await texts(warehouse, 'select id, amount from stock')).toEqual(['(1,30)', '(2,6)']);
    expect(await texts(shop, `select slot_name, plugin from pg_replication_slots where slot_name = 'headrace_stock_of_ours'`)).toHaveLength(
      1,
    );
  });

  test('has a history when every change is appended', async () => {
    const { shop, warehouse, rig, texts } = cdc;
    await shop.query('create table orders (id int8 primary key, state text); insert into orders values (1, $$new$$)');
    const source = postgres('shop').changes('orders', {
      columns: { state: 'text', id: 'int8' },
      details: true,
      onTruncate: 'row',
    });
    const task = loading('orders', source, 'orders', 'append');
    await again(rig, task, 1);
    await shop.query(`update orders set state = 'paid'; update orders set id = 2; delete from orders`);
    await shop.query('truncate orders');
    await again(rig, task, 2);
    const { rows } = await warehouse.query<{ at: Date }>('select _committed_at as at from orders');
    for (const { at } of rows) expect(Math.abs(Date.now() - at.getTime())).toBeLessThan(600_000);
    expect(
      (await warehouse.query({ text: 'select id, state, _operation, _deleted from orders order by _order', rowMode: 'array' })).rows,
    ).toEqual([
      ['1', 'new', 'insert', false],
      ['1', 'paid', 'update', false],
      ['1', null, 'delete', true],
      ['2', 'paid', 'update', false],
      ['2', null, 'delete', true],
      [null, null, 'truncate', false],
    ]);
    expect(await texts(warehouse, `select count(distinct _order), count(distinct _lsn) from orders where _lsn::pg_lsn > '0/0'`)).toEqual([
      '(6,3)',
    ]);
  });

  test('keeps values of every type as they are, in the first rows and in changes', async () => {
    const { shop, warehouse, rig, texts } = cdc;
    await shop.query(`create type mood as enum ('glad', 'sad'); create domain amount as numeric(10,2);
      create table kinds (id int8 primary key, a boolean, b int2, c float8, d numeric, e numeric(38,10), f char(5), g json, h jsonb, i bytea, j date, k time,
        l timestamp, m timestamptz, n uuid, o interval, p inet, q mood, r amount, s int8[], t text[], u numeric(12,3)[], w money, x float4,
        y timestamptz[], "Odd, ""name""" text, twice int8 generated always as (id - 1) stored, touched int4);
      insert into kinds values
        (9223372036854775807, true, -32768, 0.1, 123456789012345678901234567890.123456789, 1.0000000001, 'ab', '{"a": 1.10}', '{"b":2}', '\\x00ff22', '0044-03-15 BC', '23:59:59.999999',
         '0001-01-01 BC', '2024-02-29 12:00:00.123456+02', '00000000-0000-0000-0000-00000000000a', '1 mon 2 days', '10.0.0.1', 'sad', 3.50, '{1,NULL,-3}', array['', 'NULL', null, 'a "b" \\ , {}', E'l\\n'], '{0.001}', 5, 1.5e-30,
         array['2024-01-01 00:00+00'::timestamptz], ' spaces ', default, 0),
        (2, false, 0, 'NaN', 'NaN', null, '', 'null', '[]', '', 'infinity', '00:00', '-infinity', 'infinity', null, '0', null, null, null, '{}', '{}', null, -1, '-Infinity', '{}', '', default, 0);
      insert into kinds values (3)`);
    const task = loading('kinds', postgres('shop').changes('kinds'), 'kinds', 'append');
    await again(rig, task, 1);
    await shop.query('update kinds set touched = 1');
    await again(rig, task, 2);
    const columns = (await warehouse.query(`select * from kinds limit 0`)).fields.map(({ name }) => name);
    expect(columns).not.toContain('twice');
    const shown = columns
      .filter((name) => !name.startsWith('_') && name !== 'touched')
      .map((name) => `"${name.replaceAll('"', '""')}"::text`);
    const first = await texts(warehouse, `select ${shown.join(', ')} from kinds where _order like '%-000000000000'`);
    expect(first).toHaveLength(3);
    expect(await texts(warehouse, `select ${shown.join(', ')} from kinds where _order not like '%-000000000000'`)).toEqual(first);
    expect(
      await texts(warehouse, 'select id, a, b, c, d, e, f::char(5), i, j, k, l, m, n, s, t, u, x, y from kinds where touched = 1'),
    ).toEqual(await texts(shop, 'select id, a, b, c, d, e, f, i, j, k, l, m, n, s, t, u, x, y from kinds where touched = 1'));
  });

  test('gives an array that is no list as the text of it', async () => {
    const { shop, warehouse, rig, texts } = cdc;
    await shop.query(`create table dims (id int8 primary key, v int4[][], l text[]); insert into dims values (1, '{{1},{2}}', '{a}')`);
    const columns = { id: 'int8', v: 'text', l: 'text[]' } as const;
    const task = loading('dims', postgres('shop').changes('dims', { columns, give: 'last' }), 'dims', HARD);
    await again(rig, task, 1);
    await shop.query(`insert into dims values (2, '[2:3]={1,2}', '{b}')`);
    await again(rig, task, 2);
    expect(await texts(warehouse, 'select * from dims')).toEqual(['(1,"{{1},{2}}",{a})', '(2,"[2:3]={1,2}",{b})']);
  });

  test('has the columns that came, and keeps the values of those that went', async () => {
    const { shop, warehouse, rig, texts } = cdc;
    await shop.query('create table shapes (id int8 primary key, old text); insert into shapes values (1, $$a$$), (2, $$b$$)');
    const task = following('shapes');
    await again(rig, task, 1);
    await shop.query(`update shapes set old = 'last' where id = 1`);
    await shop.query(`alter table shapes add column fresh int4; insert into shapes values (3, 'c', 7); alter table shapes drop column old`);
    await shop.query('update shapes set fresh = 8 where id = 2');
    await again(rig, task, 2);
    expect(await texts(warehouse, 'select id, old, fresh from shapes')).toEqual(['(1,last,)', '(2,,8)', '(3,c,7)']);
    await shop.query('delete from shapes where id = 3');
    await again(rig, task, 3);
    expect(await texts(warehouse, 'select id, fresh from shapes')).toEqual(['(1,)', '(2,8)']);
  });

  test('may have long values and large transactions', async () => {
    const { shop, warehouse, rig, texts } = cdc;
    await shop.query(`create table long (id int8 primary key, n int4, body text); alter table long replica identity full;
      insert into long values (1, 0, repeat('ä"', 1500000))`);
    const task = following('long');
    await again(rig, task, 1);
    await shop.query(`insert into long select n, n, repeat('x', 50) from generate_series(2, 10000) n`);
    await shop.query(
      `insert into long select 100000, 0, string_agg(md5(n::text), '"') from generate_series(1, 300000) n; update long set n = 1 where id between 2 and 50000`,
    );
    await again(rig, task, 2);
    const hash = 'select count(*), sum(n), md5(string_agg(md5(body), $$ $$ order by id)) from long';
    expect(await texts(warehouse, hash)).toEqual(await texts(shop, hash));
  });

  test('may be partitioned, and have another key than the primary one', async () => {
    const { shop, warehouse, rig, texts } = cdc;
    await shop.query(`create table parts (id int8, day int4, primary key (id, day)) partition by list (day);
      create table parts_1 partition of parts for values in (1); create table parts_2 partition of parts for values in (2);
      create table coded (code text not null unique, n int4); alter table coded replica identity using index coded_code_key;
      insert into parts values (1, 1), (2, 2); insert into coded values ('a', 1)`);
    const parts = following('parts', {}, { ...HARD, merge: ['id', 'day'] });
    const coded = following('coded', {}, { ...HARD, merge: ['code'] });
    for (const task of [parts, coded]) await again(rig, task, 1);
    await shop.query(
      `update parts set day = 2 where id = 1; insert into parts values (3, 1); update coded set code = 'b'; insert into coded values ('c', 2)`,
    );
    for (const task of [parts, coded]) await again(rig, task, 2);
    expect(await texts(warehouse, 'select id, day from parts')).toEqual(['(1,2)', '(2,2)', '(3,1)']);
    expect(await texts(warehouse, 'select code, n from coded')).toEqual(['(b,1)', '(c,2)']);
  });

  test('may be a lake table', async () => {
    const { shop, warehouse, rig, texts } = cdc;
    await shop.query(`create table lakeside (id int8 primary key, note text); insert into lakeside values (1, 'a'), (2, 'b'), (3, 'c')`);
    const from = postgres('shop').changes('lakeside', { give: 'last' });
    const task = only(() => load('follow', { from, into: lake('lake').table('lakeside'), disposition: HARD }));
    await again(rig, task, 1);
    await shop.query(`update lakeside set note = 'z' where id = 1; delete from lakeside where id = 2`);
    await again(rig, task, 2);
    await rig.runAll(() =>
      load('show', { from: lake('lake').table('lakeside'), into: postgres('warehouse').table('shown'), disposition: 'replace' }),
    );
    expect(await texts(warehouse, 'select * from shown')).toEqual(['(1,z)', '(3,c)']);
  });

  test('may have a long key', async () => {
    const { shop, warehouse, rig, texts } = cdc;
    await shop.query(`create table keyed (id text primary key, n int4); alter table keyed alter id set storage external;
      insert into keyed values (repeat('k', 2600), 1), ('short', 1)`);
    const task = following('keyed');
    await again(rig, task, 1);
    await shop.query('update keyed set n = 2');
    await again(rig, task, 2);
    expect(await texts(warehouse, 'select length(id), n from keyed')).toEqual(['(2600,2)', '(5,2)']);
  });

  test('is begun anew when its first load was not committed', async () => {
    const { shop, warehouse, rig, texts } = cdc;
    await shop.query('create table fresh (id int8 primary key, note text); insert into fresh values (1, null)');
    const from = postgres('shop').changes('fresh', { give: 'last', slot: 'fresh' });
    const task = only(() =>
      load('follow_fresh', { from, into: postgres('warehouse').table('fresh'), disposition: HARD, checks: [checks.notNull('note')] }),
    );
    await expect(again(rig, task, 1)).rejects.toMatchObject({ code: 'HR_CHECK_FAILED' });
    await shop.query(`update fresh set note = 'there'; insert into fresh values (2, 'too')`);
    const lines: LogLine[] = [];
    await again(rig, task, 2, { onLog: (line) => lines.push(line) });
    expect(lines.map(({ message }) => message).join('\n')).toMatch(/dropped slot "headrace_fresh"/);
    expect(await texts(warehouse, 'select * from fresh')).toEqual(['(1,there)', '(2,too)']);
    expect(await texts(shop, `select slot_name from pg_replication_slots where slot_name = 'headrace_fresh'`)).toHaveLength(1);
  });

  test('lets the server forget what was loaded, and says how far it is behind', async () => {
    const { shop, rig } = cdc;
    await shop.query('create table slow (id int8 primary key); insert into slow values (1)');
    const task = following('slow', { slot: 'slow', warnLag: 0 });
    await again(rig, task, 1);
    const confirmed = async (): Promise<string> =>
      (await cdc.texts(shop, `select confirmed_flush_lsn from pg_replication_slots where slot_name = 'headrace_slow'`)).join();
    const atFirst = await confirmed();
    await shop.query('insert into slow values (2)');
    const lines: LogLine[] = [];
    await again(rig, task, 2, { onLog: (line) => lines.push(line) });
    // What the second load brought is not known to be committed before the third read.
    expect(await confirmed()).toBe(atFirst);
    expect(lines.find(({ level }) => level === 'warn')).toMatchObject({
      message: expect.stringContaining('headrace_slow'),
      fields: { slot: 'headrace_slow' },
    });
    expect(lines.find(({ fields }) => 'lag_bytes' in fields)?.fields.lag_bytes).toBeGreaterThan(0);
    await again(rig, task, 3);
    expect(await confirmed()).not.toBe(atFirst);
  });
});
