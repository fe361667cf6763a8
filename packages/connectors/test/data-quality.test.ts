/** What happens to rows between source and target, with a real PostgreSQL and a lake: contracts, checks, quarantine, reconciliation. */
import {
  type Check,
  checks,
  extract,
  type LakeResult,
  type LoadOptions,
  load,
  type SchemaContract,
  type TableResult,
  type TaskDefinition,
  transform,
} from '@headrace/sdk';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { lake, postgres, quarantined } from '../src/index.ts';
import { createRig, only, type Rig, type RunOptions } from './support/rig.ts';

let rig: Rig;
let tables = 0;
beforeAll(async () => {
  rig = await createRig();
}, 60_000);
afterAll(() => rig.close());

const newTable = (): string => {
  tables += 1;
  return `raw/quality_${tables}`;
};
type Options = Partial<LoadOptions<Record<string, never>, Record<string, never>>>;
const put = (table: string, sql: string, options: Readonly<Record<string, unknown>> = {}) =>
  only(() =>
    load('put', { from: postgres('pos').query(sql), into: lake('lake').table(table), disposition: 'append', ...(options as Options) }),
  ) as TaskDefinition<LakeResult>;
const run = (table: string, sql: string, options?: Readonly<Record<string, unknown>>, more?: RunOptions) =>
  rig.run(put(table, sql, options), more);
/** Days of their own, so that an append adds. */
const day = (n: number): RunOptions => {
  const start = new Date(Date.UTC(2020, 0, n));
  return { interval: { start, end: new Date(start.getTime() + 86_400_000), day: start.toISOString().slice(0, 10), hour: '' } };
};
/** The rows of a lake table, as text, by way of PostgreSQL. */
async function rows(table: string, sql = 'select * from t order by all'): Promise<readonly unknown[]> {
  const client = await rig.client('reporting');
  await client.query('drop table if exists seen');
  const { exportTo } = await import('@headrace/sdk');
  await rig.runAll(() => {
    const seen = transform('seen', { reads: { t: lake('lake').table(table) }, sql, into: lake('lake').table(`${table}_seen`) });
    exportTo('out', { from: seen, into: postgres('reporting').table('seen') });
  });
  const { rows: found } = await client.query({ text: 'select * from seen', rowMode: 'array' });
  return found;
}

describe('a contract', () => {
  test('evolves: columns are added and types widened, and older files are read as the wider type', async () => {
    const table = newTable();
    await run(table, 'select 1::int4 as id, 1.5::numeric(4,2) as amount', { contract: 'evolve' }, day(1));
    const wider = await run(
      table,
      `select 9223372036854775807::int8 as id, 123456.789::numeric(12,3) as amount, date '2020-01-02' as fresh`,
      { contract: 'evolve' },
      day(2),
    );
    expect(wider.drift).toEqual([
      { table, change: 'type_widened', column: 'id', from: 'int4', to: 'int8', action: 'evolve' },
      { table, change: 'type_widened', column: 'amount', from: 'decimal(4,2)', to: 'decimal(12,3)', action: 'evolve' },
      { table, change: 'column_added', column: 'fresh', to: 'date', action: 'evolve' },
    ]);
    await run(table, 'select 3::int2 as id', { contract: 'evolve' }, day(3));
    expect(await rows(table, 'select id, amount, fresh::varchar as fresh from t order by id')).toEqual([
      ['1', '1.500', null],
      ['3', null, null],
      ['9223372036854775807', '123456.789', '2020-01-02'],
    ]);
  });

  test('freezes: nothing is published', async () => {
    const table = newTable();
    await run(table, 'select 1::int4 as id', {}, day(1));
    await expect(run(table, 'select 2::int8 as id, true as fresh', { contract: 'freeze' }, day(2))).rejects.toMatchObject({
      code: 'HR_SCHEMA_CHANGED',
      retryable: false,
      message: expect.stringMatching(/"id" is int4 in raw.* and int8 in the rows; the rows have a column "fresh"/),
    });
    expect(await rows(table)).toEqual([[1]]);
  });

  test('without a word takes values that fit, and names the row and value of the first that does not', async () => {
    const table = newTable();
    await run(table, 'select 1::int4 as id', {}, day(1));
    expect(await run(table, 'select 2::int8 as id', {}, day(2))).toMatchObject({ columns: [{ name: 'id', type: 'int4' }] });
    await expect(run(table, 'select unnest(array[3, 4000000000])::int8 as id', {}, day(3))).rejects.toMatchObject({
      code: 'HR_TYPE_MISMATCH',
      message: expect.stringMatching(/row 2: column "id" is int4 in .*, which cannot hold 4000000000 \(int8\)/),
    });
  });

  test('discards rows into quarantine, and values with a count', async () => {
    const table = newTable();
    await run(table, 'select 1::int4 as id, 0::int2 as n', {}, day(1));
    const sql = `select * from (values (2::int8, 1, null), (3000000000, 2, null), (4, 70000, 'x')) v (id, n, fresh)`;
    const byRow = await run(table, sql, { contract: 'discard_row' }, day(2));
    expect(byRow).toMatchObject({
      counts: { in: 3, out: 1, deduplicated: 0, quarantined: 2 },
      quarantine: '_quarantine/rig/put',
      drift: [
        { column: 'id', change: 'type_changed', action: 'discard_row', discarded: 1 },
        { column: 'n', change: 'type_changed', action: 'discard_row', discarded: 1 },
        { column: 'fresh', change: 'column_added', action: 'discard_row', discarded: 1 },
      ],
    });
    const kept = await rows(
      '_quarantine/rig/put',
      `select "row", "column", reason, raw from t where load_id = '${byRow.loadId}' order by "row"`,
    );
    expect(kept).toMatchObject([
      ['2', 'id', expect.stringContaining('which cannot hold this int8'), { id: '3000000000', n: '2', fresh: null }],
      ['3', 'n, fresh', expect.stringContaining('has no column "fresh"'), { id: '4', n: '70000', fresh: 'x' }],
    ]);
    const byValue = await run(table, sql, { contract: 'discard_value' }, day(3));
    expect(byValue).toMatchObject({
      counts: { in: 3, out: 3, quarantined: 0 },
      drift: [{ discarded: 1 }, { discarded: 1 }, { change: 'column_added', action: 'discard_value', discarded: 1 }],
    });
    expect(await rows(table)).toEqual([
      [1, 0],
      [2, 1],
      [2, 1],
      [4, null],
      [null, 2],
    ]);
  });

  test('that lets nobody make a table puts all rows aside, and makes none', async () => {
    const table = newTable();
    expect(await run(table, 'select 1 as id', { contract: { tables: 'discard_row' } })).toMatchObject({
      rows: 0,
      counts: { in: 1, out: 0, quarantined: 1 },
      drift: [{ change: 'table_added', action: 'discard_row' }],
      quarantine: '_quarantine/rig/put',
    });
    await expect(rows(table)).rejects.toMatchObject({ code: 'HR_TABLE_NOT_FOUND' });
    await expect(run(table, 'select 1 as id', { contract: { tables: 'freeze' } })).rejects.toMatchObject({ code: 'HR_SCHEMA_CHANGED' });
  });

  test('holds: asks once for each change, evolves when it is approved, fails when it is not', async () => {
    const table = newTable();
    await run(table, 'select 1::int4 as id', {}, day(1));
    const asked: { subject: string; body?: string; key?: string }[] = [];
    const answer = (approved: boolean): RunOptions => ({
      ...day(2),
      ask: async (form, { key }) => {
        asked.push({
          subject: form.subject,
          ...(form.body === undefined ? {} : { body: form.body }),
          ...(key === undefined ? {} : { key }),
        });
        return { approved, comment: 'not today' } as never;
      },
    });
    const sql = 'select 2::int8 as id, true as fresh';
    const contract: SchemaContract = 'hold';
    await expect(run(table, sql, { contract }, day(2))).rejects.toMatchObject({ code: 'HR_NOBODY_TO_ASK' });
    await expect(run(table, sql, { contract }, answer(false))).rejects.toMatchObject({
      code: 'HR_SCHEMA_REJECTED',
      retryable: false,
      message: expect.stringContaining('not today'),
    });
    expect(await rows(table)).toEqual([[1]]);
    expect(await run(table, sql, { contract }, answer(true))).toMatchObject({
      drift: [
        { change: 'type_widened', action: 'approved' },
        { change: 'column_added', action: 'approved' },
      ],
    });
    expect(asked).toHaveLength(2);
    expect(asked[0]).toEqual(asked[1]);
    expect(asked[0]?.body).toContain('new column "fresh" (boolean)');
    await run(table, sql, { contract }, { ...answer(false), ...day(3) });
    expect(asked).toHaveLength(2);
  });

  test('names columns by the convention, in keys and checks too', async () => {
    const table = newTable();
    const result = await run(table, 'select 1 as "Order ID", 2 as "orderId"', {
      naming: 'snake_case',
      checks: [checks.notNull('Order ID')],
    });
    expect(result.columns.map(({ name }) => name)).toEqual(['order_id', expect.stringMatching(/^order_id_[0-9a-f]{8}$/)]);
    expect(result.checks[0]).toMatchObject({ columns: ['order_id'], ok: true });
    expect(result.drift).toMatchObject([{ change: 'column_renamed', original: 'orderId' }, { change: 'table_added' }]);
  });
});

describe('checks', () => {
  const failing: readonly (readonly [string, Check, number, RegExp])[] = [
    ['range', checks.range('n', { min: 0, max: 10 }), 1, /range on "n": 1 row fails, for example 11/],
    ['range of text as exact decimals', checks.range('amount', { max: '9.99' }), 1, /for example 10.00/],
    ['regex', checks.matches('name', /[a-z]\d/), 1, /regex on "name": 1 row fails, for example B2/],
    ['freshness', checks.freshness('at', '1 day'), 1, /the newest value is too old/],
    [
      'sql',
      checks.sql('no big names', `with bad as (select name, n from this where name > 'A') select * from bad where n > 5`),
      1,
      /no big names/,
    ],
    ['rowCountChange', checks.rowCountChange(), 3, /there are 3 rows, for example expected 5 to 20/],
  ];

  test.each(failing)('find what is wrong: %s', async (_name, check, count, message) => {
    const table = newTable();
    const sql = `select * from (values (1, 1.00, 'a1', timestamp '2019-01-01'), (2, 2.00, 'B2', null), (11, 10.00, 'c3', null)) v (n, amount, name, at)`;
    await run(table, `select 1 as n, 1.00 as amount, 'x1' as name, timestamp '2019-01-01' as at from generate_series(1, 10)`, {}, day(1));
    await expect(run(table, sql, { checks: [check] }, day(2))).rejects.toMatchObject({
      code: 'HR_CHECK_FAILED',
      message: expect.stringMatching(message),
    });
    const warned = await run(table, sql, { checks: [{ ...check, severity: 'warn' }] }, day(2));
    expect(warned.checks).toMatchObject([{ ok: false, count, severity: 'warn' }]);
  });

  test('with severity error publish, and then fail without another try', async () => {
    const table = newTable();
    const failed = run(table, 'select 1 as id', { checks: [checks.rowCount({ min: 2 }, { severity: 'error' })] });
    await expect(failed).rejects.toMatchObject({
      code: 'HR_CHECK_FAILED',
      retryable: false,
      message: expect.stringContaining('were published, but'),
    });
    expect(await rows(table)).toEqual([[1]]);
  });

  test('of references look into other places', async () => {
    await run('raw/stores', 'select unnest(array[1, 2]) as id');
    const check = checks.references('store', { in: lake('lake').table('raw/stores', { columns: { id: 'int4' } }), column: 'id' });
    const table = newTable();
    expect(await run(table, 'select unnest(array[1, 2, null]) as store', { checks: [check] })).toMatchObject({ checks: [{ ok: true }] });
    await expect(run(table, 'select unnest(array[1, 7]) as store', { checks: [check] })).rejects.toThrow('1 row fails, for example 7');
  });

  test('at: publish see the whole table', async () => {
    const table = newTable();
    const unique = checks.unique('id', { at: 'publish' });
    await run(table, 'select 1 as id', { checks: [unique] }, day(1));
    await expect(run(table, 'select 1 as id', { checks: [unique] }, day(2))).rejects.toMatchObject({
      code: 'HR_CHECK_FAILED',
      message: expect.stringContaining('unique on "id": 2 rows fail'),
    });
  });

  test('by default want rows and a key', async () => {
    const table = newTable();
    const list = checks.defaults({ key: 'id' });
    await expect(run(table, 'select 1 as id where false', { checks: list })).rejects.toThrow('there are 0 rows');
    await expect(run(table, 'select 1 as id union all select 1', { checks: list })).rejects.toThrow('unique on "id"');
    expect(await run(table, 'select 1 as id', { checks: list })).toMatchObject({ checks: [{ ok: true }, { ok: true }, { ok: true }] });
  });
});

describe('a table of PostgreSQL', () => {
  const loadRows = async (sql: string, options: Readonly<Record<string, unknown>> = {}): Promise<TableResult> => {
    const results = await rig.runAll(() => {
      const given = extract('given', { from: postgres('pos').query(sql) });
      load('put_table', {
        from: given,
        into: postgres('reporting').table('target'),
        disposition: { merge: ['id'] },
        ...(options as object),
      });
    });
    return results.put_table as TableResult;
  };
  const held = async () => {
    const client = await rig.client('reporting');
    const columns = await client.query(
      `select attname || ' ' || format_type(atttypid, atttypmod) as c from pg_attribute where attrelid = 'target'::regclass and attnum > 0 order by attnum`,
    );
    const found = await client.query({ text: 'select * from target order by id', rowMode: 'array' });
    return { columns: columns.rows.map(({ c }) => c as string), rows: found.rows };
  };

  test('evolves in the commit of the rows: columns are added, types widened', async () => {
    const client = await rig.client('reporting');
    await client.query('drop table if exists target; create table target (id int4 primary key, amount numeric(4,2))');
    await loadRows('select 1 as id, 1.5::numeric(4,2) as amount');
    const result = await loadRows(`select 2::int8 as id, 1234.567::numeric(10,3) as amount, array['a', null] as tags`, {
      contract: 'evolve',
    });
    expect(result.drift?.map(({ change, column }) => [change, column])).toEqual([
      ['type_widened', 'id'],
      ['type_widened', 'amount'],
      ['column_added', 'tags'],
    ]);
    expect(await held()).toEqual({
      columns: ['id bigint', 'amount numeric(10,3)', 'tags text[]'],
      rows: [
        ['1', '1.500', null],
        ['2', '1234.567', ['a', null]],
      ],
    });
  });

  test('never rounds: what does not fit is refused, put aside or left out', async () => {
    const client = await rig.client('reporting');
    await client.query('drop table if exists target; create table target (id int4 primary key, amount numeric(10,2))');
    const sql = `select * from (values (1, 1.250::numeric(10,3)), (2, 1.239)) v (id, amount)`;
    await expect(loadRows(sql)).rejects.toMatchObject({ code: 'HR_TYPE_MISMATCH', message: expect.stringContaining('cannot hold 1.239') });
    expect(await loadRows(sql, { contract: { types: 'discard_row' } })).toMatchObject({ counts: { in: 2, out: 1, quarantined: 1 } });
    expect((await held()).rows).toEqual([[1, '1.25']]);
    expect(await loadRows(sql, { contract: { types: 'discard_value' } })).toMatchObject({
      counts: { in: 2, out: 2 },
      drift: [{ discarded: 1 }],
    });
    expect((await held()).rows).toEqual([
      [1, '1.25'],
      [2, null],
    ]);
  });

  test('is audited before the commit: bad rows are never to be seen', async () => {
    const client = await rig.client('reporting');
    await client.query('drop table if exists target; create table target (id int4 primary key, amount numeric(10,2))');
    await loadRows('select 1 as id, 5::numeric(10,2) as amount');
    const failing: readonly (readonly [Check, RegExp])[] = [
      [checks.unique('amount', { at: 'publish' }), /unique on "amount": 2 rows/],
      [checks.range('amount', { max: '4.99' }, { at: 'publish' }), /range on "amount": 2 rows/],
      [checks.acceptedValues('id', [1], { at: 'publish' }), /for example 2/],
      [checks.matches('id', '1', { at: 'publish' }), /regex on "id": 1 row/],
      [checks.sql('one row', `select * from this where id > 1 and amount::text ~ '^5'`, { at: 'publish' }), /check "one row": 1 row/],
    ];
    for (const [check, message] of failing) {
      await expect(loadRows('select 2 as id, 5::numeric(10,2) as amount', { checks: [check] })).rejects.toThrow(message);
      expect((await held()).rows).toEqual([[1, '5.00']]);
    }
    const swapped = { publish: 'audit-then-swap', checks: [checks.unique('amount')] };
    await expect(loadRows('select 2 as id, 5::numeric(10,2) as amount', swapped)).rejects.toThrow(/unique on "amount": 2 rows/);
    expect(await loadRows('select 2 as id, 6::numeric(10,2) as amount', swapped)).toMatchObject({
      checks: [{ ok: true }, { ok: true, at: 'publish' }],
    });
  });
});

describe('the quarantine', () => {
  const sql = `select i as id, case when i % 4 = 0 then null else 'n' || i end as name from generate_series(1, 20) i`;
  const keep = { checks: [checks.notNull('name', { at: 'flight', onFail: 'quarantine' })] };

  test('keeps rows that a check in flight refuses, of an extract as of a load, once however often it is tried', async () => {
    const table = newTable();
    const first = await run(table, sql, keep, day(1));
    expect(first).toMatchObject({
      counts: { in: 20, out: 15, deduplicated: 0, quarantined: 5 },
      checks: [{ check: 'not_null', at: 'flight', ok: false, count: 5, quarantined: true }],
      quarantine: '_quarantine/rig/put',
    });
    await run(table, sql, keep, { ...day(1), attempt: 2 });
    const count = `select count(*)::int as n from t where load_id = '${first.loadId}'`;
    expect(await rows('_quarantine/rig/put', count)).toEqual([[5]]);
    await run(table, `select 1 as id, 'fixed' as name`, keep, { ...day(1), attempt: 3 });
    expect(await rows('_quarantine/rig/put', count)).toEqual([[0]]);
    const taken = await rig.runAll(() => extract('take', { from: postgres('pos').query(sql), ...keep }));
    expect(taken.take).toMatchObject({ rows: 15, counts: { in: 20, quarantined: 5 }, quarantine: '_quarantine/rig/take' });
  });

  test('fails a load that refuses too many, and keeps them', async () => {
    const table = newTable();
    for (const [maxQuarantined, ok] of [
      [5, true],
      [4, false],
      [{ share: 0.25 }, true],
      [{ share: 0.2 }, false],
    ] as const) {
      const loaded = run(table, sql, { ...keep, maxQuarantined }, day(2));
      if (ok) expect(await loaded).toMatchObject({ rows: 15 });
      else await expect(loaded).rejects.toMatchObject({ code: 'HR_TOO_MANY_QUARANTINED' });
    }
  });

  test('gives rows back after a fix, each once', async () => {
    const from = only(() =>
      load('refuse', { from: postgres('pos').query(sql), into: lake('lake').table(newTable()), ...keep }),
    ) as TaskDefinition<LakeResult>;
    await rig.run(from, day(1));
    const table = newTable();
    const replay = only(() =>
      load('replay', {
        from: quarantined('lake', { dag: 'rig', task: 'refuse', columns: { id: 'int4', name: 'text' } }),
        into: lake('lake').table(table),
        disposition: 'append',
      }),
    ) as TaskDefinition<LakeResult>;
    const at = (n: number): RunOptions => ({ ...day(n), interval: { ...day(n).interval, end: day(n).interval?.start } as never });
    expect(await rig.run(replay, at(2))).toMatchObject({ rows: 5 });
    expect(await rig.run(replay, at(3))).toMatchObject({ rows: 0 });
    await rig.run(from, { ...day(4) });
    expect(await rig.run(replay, at(5))).toMatchObject({ rows: 5 });
    expect(await rows(table, 'select count(*)::int as n, count(distinct id)::int as d from t')).toEqual([[10, 5]]);
  });
});

describe('reconciliation', () => {
  test('holds for any mix of rows that are fine, bad, too large or unknown', async () => {
    const table = newTable();
    await run(table, 'select 0::int2 as n, null::text as name', {}, day(1));
    let n = 1;
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            n: fc.constantFrom('1', '40000', 'null'),
            name: fc.constantFrom("'a'", 'null'),
            fresh: fc.constantFrom('true', 'null'),
          }),
          {
            minLength: 1,
            maxLength: 8,
          },
        ),
        fc.constantFrom('discard_row', 'discard_value', 'evolve'),
        async (mixed, mode) => {
          n += 1;
          const values = mixed.map((row) => `(${row.n}::int4, ${row.name}::text, ${row.fresh}::boolean)`).join(', ');
          const contract: SchemaContract = {
            columns: mode === 'evolve' ? 'discard_value' : mode,
            types: mode === 'evolve' ? 'discard_value' : mode,
          };
          const { counts, quarantine } = await run(
            table,
            `select * from (values ${values}) v (n, name, fresh)`,
            { contract, checks: [checks.notNull('name', { at: 'flight', onFail: 'quarantine' })] },
            day(n),
          );
          const unnamed = mixed.filter(({ name }) => name === 'null').length;
          const unfit = mixed.filter((row) => row.name !== 'null' && (row.n === '40000' || row.fresh === 'true')).length;
          const refused = unnamed + (mode === 'discard_row' ? unfit : 0);
          expect(counts).toEqual({ in: mixed.length, out: mixed.length - refused, deduplicated: 0, quarantined: refused });
          expect(quarantine).toBe(refused > 0 ? '_quarantine/rig/put' : undefined);
        },
      ),
      { numRuns: 12 },
    );
  }, 60_000);
});
