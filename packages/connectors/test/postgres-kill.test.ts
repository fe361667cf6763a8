import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Disposition, extract, load, resolveReferences, type TableResult, type TaskDefinition } from '@headrace/sdk';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type pg from 'pg';
import { postgres } from '../src/index.ts';
import type { LoadProcess } from './support/load-process.ts';
import { createRig, type Rig, type RunOptions, tasksOf } from './support/rig.ts';

const POINTS = Number(process.env.HEADRACE_KILL_POINTS ?? 10);
const ROWS = 30_000;
const SCRIPT = fileURLToPath(new URL('support/load-process.ts', import.meta.url));
const DISPOSITIONS: readonly Disposition[] = [
  'append',
  'replace',
  'replace-partition',
  { merge: ['id'], deletes: { column: 'gone', mode: 'soft' } },
  { merge: ['id'], strategy: 'delete-insert', deletes: { column: 'gone', mode: 'hard' } },
  { scd2: ['id'], missing: 'close' },
];

const day = (n: number): NonNullable<RunOptions['interval']> => {
  const start = new Date(Date.UTC(2024, 0, n));
  return { start, end: new Date(Date.UTC(2024, 0, n + 1)), day: start.toISOString().slice(0, 10), hour: start.toISOString().slice(0, 13) };
};

describe('a load to PostgreSQL whose process is killed', () => {
  let rig: Rig;
  let reporting: pg.Client;
  beforeAll(async () => {
    rig = await createRig();
    reporting = await rig.client('reporting');
    const pos = await rig.client('pos');
    for (const n of [1, 2])
      await pos.query(
        `create table day_${n} as select i::int8 as id, 'north' as region, ('value ' || i / (1 + i % ${n + 1}))::text as value, (i % 10 = 0 and ${n} = 2) as gone
           from generate_series(${n}, ${ROWS} + ${n}) i`,
      );
  }, 60_000);
  afterAll(() => rig.close());

  /** The tasks of a load into a table; through a package, or straight from the source. */
  const tasks = (table: string, disposition: Disposition, n: number, packaged: boolean) => {
    const source = postgres('pos').table(`day_${n}`);
    const options = {
      into: postgres('reporting').table(table),
      disposition,
      ...(disposition === 'replace-partition' ? { partition: { region: 'north' } } : {}),
    };
    const [first, second] = [
      ...tasksOf(() => {
        if (packaged) load('put', { from: extract('get', { from: source }), ...options });
        else load('put', { from: source, ...options });
      }).values(),
    ];
    return packaged
      ? { get: first as TaskDefinition, put: second as TaskDefinition<TableResult> }
      : { put: first as TaskDefinition<TableResult> };
  };
  const inputsOf = async ({ get }: { readonly get?: TaskDefinition }, n: number) =>
    get === undefined ? {} : { from: await rig.run(get, { interval: day(n) }) };
  const run = async (table: string, disposition: Disposition, n: number, packaged: boolean, attempt = 1) => {
    const built = tasks(table, disposition, n, packaged);
    return rig.run(built.put, { interval: day(n), attempt, inputs: await inputsOf(built, n) });
  };

  /** Runs the second load in another process and kills that when it has worked for so long. Answers whether it had ended. */
  const kill = async (table: string, disposition: Disposition, packaged: boolean, afterMs: number): Promise<boolean> => {
    const built = tasks(table, disposition, 2, packaged);
    const interval = day(2);
    const request: LoadProcess = {
      operation: resolveReferences(built.put.operation, {
        params: {},
        interval,
        run: { dagId: 'rig', id: 'run', logicalDate: interval.start },
      }) as LoadProcess['operation'],
      inputs: await inputsOf(built, 2),
      connections: rig.connections,
      taskId: 'put',
      attempt: 1,
      folder: rig.folder,
      start: interval.start.toISOString(),
      end: interval.end.toISOString(),
    };
    const file = join(rig.folder, `${table}.json`);
    await writeFile(file, JSON.stringify(request));
    const child = spawn(process.execPath, [SCRIPT, file], { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    const exited = once(child, 'exit');
    await once(child.stdout, 'data');
    await Promise.race([sleep(afterMs), exited]);
    child.kill('SIGKILL');
    await exited;
    return said.includes('ends');
  };

  const columnsOf = async (table: string) =>
    (
      await reporting.query<{ name: string }>(
        `select quote_ident(attname) as name from pg_attribute where attrelid = $1::regclass and attnum > 0 and attname <> '_headrace_load_id' order by 1`,
        [table],
      )
    ).rows
      .map(({ name }) => name)
      .join(', ');

  const expectSame = async (table: string, wanted: string): Promise<void> => {
    const columns = await columnsOf(wanted);
    const { rows } = await reporting.query(
      `select (select count(*) from ${table})::int - (select count(*) from ${wanted})::int as more,
              (select count(*) from (select ${columns} from ${table} except all select ${columns} from ${wanted}) other)::int as other`,
    );
    expect(rows).toEqual([{ more: 0, other: 0 }]);
  };

  test(
    `at any of ${POINTS} points leaves, after its retry, the table that it would have left`,
    async () => {
      const seen = { killed: 0, ended: 0 };
      for (let point = 0; point < POINTS; point += 1) {
        const disposition = DISPOSITIONS[point % DISPOSITIONS.length] ?? 'append';
        const packaged = Math.floor(point / DISPOSITIONS.length) % 2 === 0;
        const [table, wanted] = [`killed_${point}`, `wanted_${point}`];
        for (const each of [table, wanted]) await run(each, disposition, 1, packaged);
        const began = performance.now();
        await run(wanted, disposition, 2, packaged);
        const afterMs = Math.random() * (performance.now() - began) * 1.2;
        const ended = await kill(table, disposition, packaged, afterMs);
        seen[ended ? 'ended' : 'killed'] += 1;
        await run(table, disposition, 2, packaged, 2);
        await expectSame(table, wanted);
        const { rows } = await reporting.query(
          `select (select count(*) from _headrace_load where target = 'public.' || $1)::int as loads,
                (select count(*) from _headrace_load where target = 'public.' || $1 and rows_in <> rows_out + rows_deduplicated + rows_quarantined)::int as wrong,
                (select count(*) from pg_class where relname ~ '^_headrace_[0-9a-f]{20}')::int as twins`,
          [table],
        );
        // Loads of a partition are one, whatever their interval.
        expect(rows).toEqual([{ loads: disposition === 'replace-partition' ? 1 : 2, wrong: 0, twins: 0 }]);
      }
      expect(seen.killed + seen.ended).toBe(POINTS);
    },
    30_000 + POINTS * 15_000,
  );
});
