/** Assets from the DAG file to the command line: two schedulers, a worker and the API, over a PostgreSQL of their own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createClient, type HeadraceClient } from '@headrace/client';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { runHere } from '../../apps/cli/test/support/run-program.ts';
import { type EmptyDatabase, emptyDatabase } from '../support/empty-database.ts';
import { type HeadraceProcess, headrace, startHeadrace } from '../support/headrace-process.ts';
import { until } from '../support/poll.ts';

let database: EmptyDatabase;
let home: string;
let environment: Record<string, string>;
let client: HeadraceClient;
const processes: HeadraceProcess[] = [];

beforeAll(async () => {
  database = await emptyDatabase();
  home = mkdtempSync(join(tmpdir(), 'headrace-assets-'));
  environment = {
    DATABASE_URL: database.url,
    HEADRACE_HOME: home,
    HEADRACE_DAGS: fileURLToPath(new URL('assets/dags', import.meta.url)),
    HEADRACE_WORKER_SLOTS: '4',
    HEADRACE_PORT: '0',
    HEADRACE_TOKEN: 'the-token',
    HEADRACE_LOG_LEVEL: 'warn',
  };
  await headrace(['db', 'migrate'], environment);
  const roles = ['api', 'scheduler', 'scheduler', 'worker'] as const;
  processes.push(...(await Promise.all(roles.map((role) => startHeadrace(role, environment)))));
  environment.HEADRACE_URL = processes[0]?.address ?? '';
  client = createClient({ url: environment.HEADRACE_URL, token: 'the-token' });
  await until('the DAG file', async () => (await client.assets()).total_entries === 3);
}, 120_000);

afterAll(async () => {
  await Promise.all(processes.map((process) => process.stop()));
  await database?.drop();
  if (home !== undefined) rmSync(home, { recursive: true, force: true });
}, 60_000);

async function cli(...args: string[]) {
  const { code, stdout, stderr } = await runHere([...args, '--output', 'json'], environment);
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
}

const ended = async (dagId: string) =>
  (await client.runs(dagId, { order_by: 'id' })).dag_runs.filter((run) => run.state === 'success' || run.state === 'failed');

async function runOf(dagId: string, conf: Readonly<Record<string, unknown>> = {}) {
  const { dag_run_id: runId } = await client.trigger(dagId, { conf: { ...conf } });
  await until(`the end of ${dagId}`, async () => (await ended(dagId)).some((run) => run.dag_run_id === runId));
  return client.run(dagId, runId);
}

async function resultOf(dagId: string, runId: string, taskId: string): Promise<unknown> {
  const { value } = (await client.result(dagId, runId, taskId)) as { value: unknown };
  return typeof value === 'string' ? JSON.parse(value) : value;
}

describe('assets', () => {
  test('what tasks make starts the DAG that waits for it, which sees what made it', async () => {
    expect((await runOf('producer', { fail: true })).state).toBe('failed');
    expect((await client.assetEvents()).total_entries).toBe(0);

    expect((await runOf('producer')).state).toBe('success');
    expect((await runOf('producer')).state).toBe('success');
    expect(await ended('consumer')).toEqual([]);
    expect((await runOf('stocktaking')).state).toBe('success');
    await until('the consumer', async () => (await ended('consumer')).length > 0);
    const [run] = await ended('consumer');
    expect(run).toMatchObject({ state: 'success', run_type: 'asset_triggered', triggered_by: 'asset' });
    expect(run?.dag_run_id).toMatch(/^asset_triggered__/);
    const runId = run?.dag_run_id ?? '';
    const events = (await client.upstreamAssetEvents('consumer', runId)).asset_events;
    expect(events.map((event) => [event.name, event.source_dag_id, event.extra])).toEqual([
      ['shop/orders', 'producer', { rows: 12 }],
      ['shop/orders', 'producer', { rows: 12 }],
      ['shop/stock', 'stocktaking', {}],
    ]);
    expect(await resultOf('consumer', runId, 'join')).toEqual(events.map((event) => [event.name, event.extra]));
    expect(await ended('consumer')).toHaveLength(1);
  }, 60_000);

  test('events from outside do so, too, but not while the DAG is paused', async () => {
    const before = (await client.runs('consumer')).total_entries;
    await client.patchDag('consumer', { is_paused: true });
    expect(await cli('assets', 'emit', 'shop/stock', '--extra', '{"by":"hand"}')).toMatchObject({ extra: { by: 'hand' } });
    await cli('assets', 'emit', 'shop/orders', '--extra', '{"rows":1}');
    await client.patchDag('consumer', { is_paused: false });
    await cli('assets', 'emit', 'shop/orders');
    expect((await client.runs('consumer')).total_entries).toBe(before);
    await cli('assets', 'emit', 'shop/stock');
    await until('the run', async () => (await client.runs('consumer')).total_entries === before + 1);
    const [run] = (await client.runs('consumer', { order_by: '-id' })).dag_runs;
    expect((await client.upstreamAssetEvents('consumer', run?.dag_run_id ?? '')).total_entries).toBe(4);
    const shown = await runHere(['assets', 'events', 'shop/stock'], environment);
    expect(shown.stdout).toContain('from outside');
    expect(shown.stdout).toContain('{"by":"hand"}');
  }, 60_000);

  test('a week of days is rolled up once, and the matrix shows what is there', async () => {
    const days = ['2026-11-16', '2026-11-17', '2026-11-18', '2026-11-19', '2026-11-20', '2026-11-21', '2026-11-22'];
    for (const day of days.slice(1)) await cli('assets', 'emit', 'shop/sales', '--partition', day);
    const made = await cli('assets', 'materialize', 'shop/sales', '--partition', '2026-11-16');
    expect(made).toMatchObject({
      dag_id: 'sale',
      run_type: 'asset_materialization',
      data_interval_start: '2026-11-16T00:00:00.000Z',
      data_interval_end: '2026-11-17T00:00:00.000Z',
    });
    await until('the week', async () => (await ended('weekly')).length > 0);
    const [run] = await ended('weekly');
    expect(run).toMatchObject({
      state: 'success',
      partition_key: '2026-W47',
      data_interval_start: '2026-11-16T00:00:00.000Z',
      data_interval_end: '2026-11-23T00:00:00.000Z',
    });
    expect(await resultOf('weekly', run?.dag_run_id ?? '', 'sum')).toEqual({ week: '2026-W47', days: 7 });
    const matrix = await cli('assets', 'partitions', 'shop/sales', '--from', '2026-11-15', '--until', '2026-11-24');
    expect(matrix.partitions.map((one: { partition_key: string; state: string }) => `${one.partition_key} ${one.state}`)).toEqual([
      '2026-11-15 missing',
      ...days.map((day) => `${day} fresh`),
      '2026-11-23 missing',
    ]);
    expect(matrix.partitions[1].newest_run).toMatchObject({ dag_id: 'sale', state: 'success' });
    expect((await client.runs('weekly')).total_entries).toBe(1);
  }, 60_000);

  test('are listed with who makes and who waits for them; what does not exist is said', async () => {
    const { stdout } = await runHere(['assets', 'list'], environment);
    expect(stdout).toMatch(/shop\/orders +asset +producer\.load +consumer/);
    const wrong = await runHere(['assets', 'emit', 'shop/order'], environment);
    expect([wrong.code, wrong.stderr]).toEqual([3, 'error: There is no asset "shop/order"; there are "shop/orders"\n']);
    const partition = await runHere(['assets', 'emit', 'shop/sales', '--partition', 'monday'], environment);
    expect(partition.code).toBe(4);
    expect(partition.stderr).toContain('such as "2026-11-21", but is "monday"');
    expect((await runHere(['assets', 'add-partitions', 'shop/sales', 'x'], environment)).stderr).toContain('no dynamic partitions');
    expect((await runHere(['assets', 'events', '-n', '0'], environment)).code).toBe(2);
  }, 60_000);
});
