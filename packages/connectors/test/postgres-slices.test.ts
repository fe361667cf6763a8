import type { Column } from '@headrace/sdk';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type pg from 'pg';
import { type PostgresTableOptions, postgres } from '../src/index.ts';
import { withClient } from '../src/postgres/connect.ts';
import { describe as describeRows, selectOf } from '../src/postgres/select.ts';
import { type Slice, withSlices } from '../src/postgres/slices.ts';
import { createRig, type Rig } from './support/rig.ts';

const RUNS = Number(process.env.HEADRACE_SLICE_RUNS ?? 16);

/** Values of keys: a few nulls, many equal ones, few that are far away; `n` is 0..1 for each row. */
const KEYS: Readonly<Record<string, string>> = {
  bigint: `case when n < 0.05 then null when n < 0.5 then 7 when n < 0.95 then (n * 4000)::bigint - 3000 else -9223372036854775808 + i end`,
  numeric: `case when n < 0.05 then null when n < 0.1 then 'NaN' else round((n * n * 1e9)::numeric, 3) end`,
  timestamptz: `case when n < 0.05 then '-infinity' when n < 0.1 then 'infinity' else timestamptz '1999-12-31 23:59:59.999999+00' + n * interval '30 years' end`,
  uuid: `case when n < 0.1 then null else md5(i::text)::uuid end`,
  text: `case when n < 0.1 then '' else chr(33 + (n * 90)::int) || '''"\\' || i % 50 end`,
};

const SHAPES = ['table', 'partitioned', 'inherited', 'view', 'materialized'] as const;
const wanted = fc.record({
  shape: fc.constantFrom(...SHAPES),
  rows: fc.constantFrom(0, 1, 3, 200, 3000),
  connections: fc.integer({ min: 2, max: 7 }),
  key: fc.constantFrom(...Object.keys(KEYS)),
  byKey: fc.boolean(),
  analyzed: fc.boolean(),
  conditional: fc.boolean(),
  churn: fc.array(fc.constantFrom('update', 'delete', 'insert', 'vacuum', 'grow'), { minLength: 1, maxLength: 4 }),
});

describe('a table of PostgreSQL that is read in slices', () => {
  let rig: Rig;
  let writer: pg.Client;
  let made = 0;
  beforeAll(async () => {
    rig = await createRig();
    writer = await rig.client('pos');
  }, 60_000);
  afterAll(() => rig.close());

  const make = async (shape: (typeof SHAPES)[number], rows: number, key: string, analyzed: boolean): Promise<string> => {
    made += 1;
    const base = `base_${made}`;
    const values = `select i, ${KEYS[key]}, repeat('x', (n * 200)::int) from (select i, abs(hashint8(i)) / 2147483648.0 as n from generate_series(1, ${rows}) i) g`;
    await writer.query(`create table ${base} (id int8, k ${key}, pad text) ${shape === 'partitioned' ? 'partition by hash (id)' : ''}`);
    if (shape === 'partitioned')
      for (const part of [0, 1, 2])
        await writer.query(`create table ${base}_${part} partition of ${base} for values with (modulus 3, remainder ${part})`);
    if (shape === 'inherited') await writer.query(`create table ${base}_child () inherits (${base}); insert into ${base}_child ${values}`);
    await writer.query(`insert into ${base} ${values}`);
    const kind = { view: 'view', materialized: 'materialized view' }[shape as string];
    if (kind) await writer.query(`create ${kind} seen_${made} as select * from ${base}`);
    if (analyzed) await writer.query(`analyze ${base}`);
    return kind ? `seen_${made}` : base;
  };

  const churn = async (base: string, what: string): Promise<void> => {
    // Rows that are updated move to other pages.
    if (what === 'update') await writer.query(`update ${base} set pad = pad || 'moved', k = k where id % 3 = 0`);
    if (what === 'delete') await writer.query(`delete from ${base} where id % 5 = 1`);
    if (what === 'insert') await writer.query(`insert into ${base} select * from ${base} where id % 4 = 2`);
    if (what === 'vacuum') await writer.query(`vacuum ${base}`);
    if (what === 'grow') await writer.query(`insert into ${base} select -i, null, 'new' from generate_series(1, 500) i`);
  };

  const read = async <T>(
    table: string,
    options: PostgresTableOptions,
    use: (slices: readonly Slice[], all: string) => Promise<T>,
  ): Promise<T> => {
    const connection = { id: 'pos', url: rig.connections.pos ?? '' };
    const { signal } = new AbortController();
    const select = selectOf(postgres('pos').table(table, options));
    return withClient(connection, signal, async (client) => {
      const present: readonly Column[] = await describeRows(client, select.sql, table, table);
      const work = { signal, log: { info: () => {} } } as unknown as Parameters<typeof withSlices>[4];
      return withSlices(client, select, present, connection, work, (slices) => use(slices, select.sql));
    });
  };
  const rowsOf = async ({ client, sql }: Slice): Promise<string[]> =>
    (await client.query<{ row: string }>(`select r::text as row from (${sql}) r`)).rows.map(({ row }) => row);

  test(
    'has every row of one instant in exactly one slice, whatever its keys are and is written meanwhile',
    async () => {
      let several = 0;
      await fc.assert(
        fc.asyncProperty(wanted, async ({ shape, rows, connections, key, byKey, analyzed, conditional, churn: writes }) => {
          const table = await make(shape, rows, key, analyzed);
          const parallel = byKey || shape === 'view' ? { connections, by: 'k' } : connections;
          await read(
            table,
            { parallel, ...(conditional ? { where: 'id % 7 <> 3 or id is null -- not all' } : {}) },
            async (slices, all) => {
              expect(slices.length).toBeLessThanOrEqual(connections);
              if (slices.length > 1) several += 1;
              const [lead] = slices;
              if (lead === undefined) throw new TypeError('There is no slice');
              const truth = (await rowsOf({ client: lead.client, sql: all })).sort();
              const seen: string[] = [];
              for (const [index, slice] of slices.entries()) {
                await churn(`base_${made}`, writes[index % writes.length] ?? 'update');
                seen.push(...(await rowsOf(slice)));
              }
              expect(seen.sort()).toEqual(truth);
            },
          );
        }),
        { numRuns: RUNS },
      );
      expect(several).toBeGreaterThan(0);
    },
    30_000 + RUNS * 2_000,
  );

  test('is divided about evenly, by pages and by values, and by pages not scanned more than once', async () => {
    await writer.query(
      `create table even as select i::int8 as id, repeat('y', 100) as pad from generate_series(1, 20000) i; analyze even;
       create view even_seen as select * from even`,
    );
    for (const [table, parallel] of [
      ['even', 4],
      ['even', { connections: 4, by: 'id' }],
      ['even_seen', { connections: 4, by: 'id' }],
    ] as const)
      await read(table, { parallel }, async (slices) => {
        expect(slices).toHaveLength(4);
        for (const slice of slices) {
          const { length } = await rowsOf(slice);
          expect(length).toBeGreaterThan(4_000);
          expect(length).toBeLessThan(6_000);
          if (parallel !== 4) continue;
          const { rows } = await slice.client.query<{ 'QUERY PLAN': string }>(`explain ${slice.sql}`);
          expect(rows[0]?.['QUERY PLAN']).toMatch(/^Tid Range Scan/);
        }
      });
  });

  test('has no more slices than pages', async () => {
    await writer.query('create table small as select 1 as id; create table empty (id int)');
    for (const table of ['small', 'empty']) await read(table, { parallel: 8 }, async (slices) => expect(slices).toHaveLength(1));
  });

  test('is refused where rows cannot be divided, with what to do', async () => {
    await writer.query(`create view seen as select 1 as id; create foreign data wrapper nobody; create server far foreign data wrapper nobody;
      create foreign table far_away (id int) server far; create table here (id int, place point)`);
    const none = async (): Promise<void> => {};
    await expect(read('seen', { parallel: 2 }, none)).rejects.toMatchObject({
      code: 'HR_NOT_PARALLEL',
      message: expect.stringContaining('by'),
    });
    await expect(read('seen', { parallel: { connections: 2, by: 'ID' } }, none)).rejects.toMatchObject({ code: 'HR_COLUMN_NOT_FOUND' });
    await expect(read('here', { parallel: { connections: 2, by: 'place' } }, none)).rejects.toMatchObject({ code: 'HR_NOT_PARALLEL' });
    for (const connections of [0, 33, 1.5, Number.NaN])
      expect(() => postgres('pos').table('here', { parallel: connections })).toThrow(TypeError);
  });
});
