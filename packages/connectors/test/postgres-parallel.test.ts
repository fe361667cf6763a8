import { extract, type LakeResult, load, type OperationProgress, type TableResult, transform } from '@headrace/sdk';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type pg from 'pg';
import { until } from '../../../tests/support/poll.ts';
import { lake, postgres } from '../src/index.ts';
import { createRig, only, type Rig, type RunOptions } from './support/rig.ts';

const ROWS = 20_000;
const COLUMNS = { id: 'int8', account: 'int4', amount: 'int8', at: 'timestamptz', note: 'text' } as const;

describe('a table of PostgreSQL that several connections read', () => {
  let rig: Rig;
  let pos: pg.Client;
  let reporting: pg.Client;

  beforeAll(async () => {
    rig = await createRig();
    pos = await rig.client('pos');
    reporting = await rig.client('reporting');
    // The amounts of each moment sum up to 0.
    await pos.query(
      `create table moves as select i::int8 as id, i % 50 as account, (case when i % 2 = 0 then i else -i - 1 end)::int8 as amount,
              timestamptz '2024-01-01 00:00:00+00' + i * interval '1 minute' as at, repeat('n', i % 90) as note
         from generate_series(0, ${ROWS - 1}) i;
       alter table moves add primary key (id)`,
    );
  }, 60_000);
  afterAll(() => rig.close());

  /** Moves amounts from row to row, and rows from page to page, while `work` is done. */
  const whileWritten = async <T>(work: () => Promise<T>): Promise<T> => {
    const writer = await rig.client('pos');
    let done = false;
    const writing = (async (): Promise<void> => {
      for (let n = 1; !done; n += 1) {
        await writer.query('begin');
        await writer.query(
          `update moves set amount = amount + case when id < ${ROWS / 2} then ${n} else -${n} end where id % 7 = ${n % 7}`,
        );
        await writer.query(`update moves set amount = amount - (select sum(amount) from moves) where id = ${n % 1000}`);
        await writer.query(
          `with gone as (delete from moves where id in (${n % 900}, ${ROWS - 1 - (n % 900)}) returning *) insert into moves select * from gone`,
        );
        await writer.query('commit');
      }
    })().catch((error: unknown) => ({ error }));
    try {
      return await work();
    } finally {
      done = true;
      expect(await writing).toBeUndefined();
    }
  };
  const connectionsOf = async (): Promise<number> => {
    const { rows } = await pos.query<{ count: string }>(
      `select count(*) from pg_stat_activity where datname = current_database() and application_name = 'headrace'`,
    );
    return Number(rows[0]?.count);
  };
  const run = <R>(task: ReturnType<typeof only>, options: RunOptions = {}): Promise<R> => rig.run<R>(task as never, options);
  const moves = (more: object = {}) => postgres('pos').table('moves', { columns: COLUMNS, parallel: 4, ...more });

  test.each([
    ['by_pages', { from: moves() }],
    ['by_key', { from: moves({ parallel: { connections: 3, by: 'id' } }) }],
  ])('gives the rows of one instant straight to another PostgreSQL, %s', async (table, { from }) => {
    const seen: OperationProgress[] = [];
    const result = await whileWritten(() =>
      run<TableResult>(
        only(() => load('move', { from, into: postgres('reporting').table(table) })),
        { onProgress: (progress) => seen.push(progress) },
      ),
    );
    expect(result).toMatchObject({ rows: ROWS, counts: { in: ROWS, out: ROWS } });
    const { rows } = await reporting.query(`select count(*), count(distinct id) as ids, sum(amount) as sum from ${table}`);
    expect(rows).toEqual([{ count: String(ROWS), ids: String(ROWS), sum: '0' }]);
    expect((await reporting.query(`select distinct content_hash from _headrace_load where target = 'public.${table}'`)).rows).toEqual([
      { content_hash: '' },
    ]);
    expect(Math.max(...seen.map(({ rows: told }) => told ?? 0))).toBe(ROWS);
  });

  test('gives them to a lake and to a function of each row', async () => {
    const stored = await whileWritten(() => run<LakeResult>(only(() => load('put', { from: moves(), into: lake('lake').table('moves') }))));
    expect(stored).toMatchObject({ rows: ROWS });
    const again = only(() => load('back', { from: lake('lake').table('moves'), into: postgres('reporting').table('back') }));
    await run(again);
    const changed = only(() =>
      transform.rows('change', {
        reads: { rows: moves() },
        columns: COLUMNS,
        into: postgres('reporting').table('changed'),
        row: ({ amount }) => ({ amount: -(amount ?? 0n) }),
      }),
    );
    await whileWritten(() => run(changed));
    for (const name of ['back', 'changed']) {
      const { rows } = await reporting.query(`select count(*), count(distinct id) as ids, sum(amount) as sum from ${name}`);
      expect(rows).toEqual([{ count: String(ROWS), ids: String(ROWS), sum: '0' }]);
    }
  });

  test('gives the same bytes again, where nothing was written', async () => {
    const task = only(() => load('put', { from: moves(), into: lake('lake').table('again') }));
    await run<LakeResult>(task);
    expect(await run<LakeResult>(task, { attempt: 2 })).toMatchObject({ rows: ROWS, unchanged: true });
  });

  test('gives only what a condition and an interval or a cursor choose', async () => {
    const interval = {
      start: new Date('2024-01-02T00:00:00Z'),
      end: new Date('2024-01-05T00:00:00Z'),
      day: '2024-01-02',
      hour: '2024-01-02T00',
    };
    const where = 'account = 3 -- one of fifty';
    const part = (table: string) =>
      only(() =>
        load('get', {
          from: moves({ where }),
          into: postgres('reporting').table(table),
          cursor: { column: 'at' },
          disposition: 'append',
        }),
      );
    const { rows } = await pos.query(
      `select count(*)::int as all, (count(*) filter (where at >= '2024-01-02Z' and at < '2024-01-05Z'))::int as within from moves where account = 3`,
    );
    expect(await run<TableResult>(part('within'), { interval })).toMatchObject({ rows: rows[0]?.within });
    const moment = { ...interval, end: interval.start };
    expect(await run<TableResult>(part('onward'), { interval: moment })).toMatchObject({ rows: rows[0]?.all });
    expect(await run<TableResult>(part('onward'), { interval: moment, attempt: 2 })).toMatchObject({ rows: 0 });
  });

  test('says how many rows it has read, and about how many there are', async () => {
    await pos.query('analyze moves');
    const seen: OperationProgress[] = [];
    await run(
      only(() => extract('get', { from: moves(), stage: 'lake' })),
      { onProgress: (progress) => seen.push(progress) },
    );
    const reading = seen.filter(({ phase }) => phase === 'reading');
    expect(reading.at(-1)).toMatchObject({ rows: ROWS, bytes: expect.any(Number) });
    const totals = reading.flatMap(({ totalRows }) => (totalRows === undefined ? [] : [totalRows]));
    expect(totals.length).toBeGreaterThan(0);
    for (const total of totals) expect(Math.abs(total - ROWS)).toBeLessThan(ROWS / 2);
  });

  test('is read by nobody any more when one of them fails, and the error is the first', async () => {
    // The last rows of the table, and so of the last slice.
    const broken = { where: `1 / (${ROWS - 5} - id) <> 2` };
    for (const into of [lake('lake').table('broken'), postgres('reporting').table('broken')]) {
      const failed = run(only(() => load('move', { from: moves(broken), into })));
      await expect(failed).rejects.toMatchObject({ code: 'HR_SQL_INVALID', message: expect.stringContaining('division by zero') });
    }
    expect((await reporting.query(`select to_regclass('broken') as there`)).rows).toEqual([{ there: null }]);
    await until('all connections to be gone', async () => (await connectionsOf()) === 0);
  });

  test('says which table is refused, and why', async () => {
    await pos.query('create view seen as select * from moves');
    const view = only(() => load('move', { from: postgres('pos').table('seen', { parallel: 2 }), into: lake('lake').table('seen') }));
    await expect(run(view)).rejects.toMatchObject({
      code: 'HR_NOT_PARALLEL',
      message: expect.stringContaining('"seen" of connection "pos" is a view'),
    });
  });
});
