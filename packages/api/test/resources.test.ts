import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { FastifyInstance, InjectOptions } from 'fastify';
import { buildApi } from '../src/index.ts';
import { authorization, createFixture } from './support/fixture.ts';

describe('the API', () => {
  let fixture: ReturnType<typeof createFixture>;
  let app: FastifyInstance;
  beforeEach(async () => {
    fixture = createFixture();
    app = await buildApi(fixture.deps);
  });
  afterEach(() => app.close());

  async function ask(url: string, options: InjectOptions = {}) {
    const answer = await app.inject({ url: `/api/v2${url}`, ...options, headers: { authorization, ...options.headers } });
    return { status: answer.statusCode, body: answer.json() };
  }
  const run = '/dags/sales/dagRuns';

  test('shows a DAG with its next run', async () => {
    const { body } = await ask('/dags/sales');
    expect(body).toMatchObject({
      dag_id: 'sales',
      timetable_summary: '0 2 * * *',
      next_dagrun_data_interval_start: '2024-01-02T02:00:00.000Z',
      next_dagrun_data_interval_end: '2024-01-03T02:00:00.000Z',
      next_dagrun_run_after: '2024-01-03T02:00:00.000Z',
    });
    const details = await ask('/dags/sales/details');
    expect(details.body).toMatchObject({
      params: { day: { value: 'today', description: 'Which day' } },
      latest_dag_version: { id: '00000002-0000-8000-8000-000000000007', version_number: 3 },
    });
  });

  test('pauses and un-pauses', async () => {
    const paused = await ask('/dags/sales', { method: 'PATCH', payload: { is_paused: true } });
    expect(paused.body).toMatchObject({ is_paused: true, next_dagrun_run_after: null });
    expect((await ask('/dags?paused=false')).body).toEqual({ dags: [], total_entries: 0 });
  });

  test('cuts a page that is too large instead of refusing it', async () => {
    const limits: number[] = [];
    const { queries } = fixture.deps;
    const spy = await buildApi({
      ...fixture.deps,
      queries: {
        ...queries,
        dags: async (filter, page) => {
          limits.push(page.limit);
          return queries.dags(filter, page);
        },
      },
    });
    for (const query of ['', '?limit=0', '?limit=7', '?limit=1000'])
      await spy.inject({ url: `/api/v2/dags${query}`, headers: { authorization } });
    expect(limits).toEqual([50, 50, 7, 100]);
    await spy.close();
  });

  test('triggers with validated params, and infers the interval from the logical date', async () => {
    const { status, body } = await ask(run, {
      method: 'POST',
      headers: { 'headrace-client': 'cli' },
      payload: { dag_run_id: 'mine', logical_date: '2024-02-01T05:00:00+01:00', note: 'by hand', conf: {} },
    });
    expect([status, body.dag_run_id, body.state, body.conf]).toEqual([200, 'mine', 'queued', { day: 'today' }]);
    expect(fixture.triggered).toEqual([
      {
        dagId: 'sales',
        runId: 'mine',
        logicalDate: Date.UTC(2024, 1, 1, 4),
        intervalStart: Date.UTC(2024, 0, 31, 2),
        intervalEnd: Date.UTC(2024, 1, 1, 2),
        params: { day: 'today' },
        note: 'by hand',
        runType: 'manual',
        triggeredBy: 'cli',
        user: 'admin',
      },
    ]);
  });

  test('cancels, notes and runs anew by patching a run', async () => {
    const patch = (payload: object, mask = '') => ask(`${run}/r2${mask}`, { method: 'PATCH', payload });
    expect((await patch({ note: 'why', state: 'failed' })).body).toMatchObject({ note: 'why' });
    await patch({ state: 'queued', note: 'not this' }, '?update_mask=state');
    expect(fixture.commands).toEqual(['note r2', 'cancel r2 by admin', 'clear r2 by admin']);
    expect((await ask(`${run}/r2`)).body.note).toBe('why');
  });

  test('lists runs of all DAGs, by state', async () => {
    const { body } = await ask('/dags/~/dagRuns?state=failed&state=queued');
    expect(body).toMatchObject({
      total_entries: 1,
      dag_runs: [{ dag_run_id: 'r1', state: 'failed', duration: 1.5, start_date: '2024-01-02T03:04:05.678Z' }],
    });
  });

  test('shows task instances with their error, and null for what has not begun', async () => {
    const { body } = await ask(`${run}/r1/taskInstances/transform`);
    expect(body).toMatchObject({
      state: 'failed',
      try_number: 3,
      max_tries: 2,
      operator: 'task',
      error: { name: 'TypeError', message: 'no such column' },
    });
    expect((await ask(`${run}/r2/taskInstances/publish`)).body.state).toBeNull();
    expect((await ask(`${run}/r2/taskInstances?state=no_status`)).body.total_entries).toBe(2);
    expect((await ask('/dags/~/dagRuns/~/taskInstances')).body.total_entries).toBe(6);
    expect((await ask(`${run}/r1/taskInstances/extract/-1`)).body.task_id).toBe('extract');
    expect((await ask(`${run}/r1/taskInstances/extract/tries`)).body.task_instances).toMatchObject([{ try_number: 1 }, { try_number: 2 }]);
    expect((await ask(`${run}/r1/taskInstances/extract/tries/1`)).body).toMatchObject({ try_number: 1, state: 'failed' });
  });

  test('marks task instances and runs', async () => {
    const mark = (path: string, payload: object) => ask(`/dags/sales/dagRuns/r1${path}`, { method: 'PATCH', payload });
    const dry = await mark('/taskInstances/transform/dry_run', { new_state: 'success' });
    expect(dry.body.task_instances.map((one: { task_id: string }) => one.task_id)).toEqual(['transform']);
    expect(fixture.commands).toEqual([]);
    expect((await mark('/taskInstances/transform', { new_state: 'success', include_downstream: true })).status).toBe(200);
    await mark('/taskInstances/transform/-1', { new_state: 'failed' });
    await mark('/taskInstances/transform', { note: 'known trouble' });
    await mark('', { state: 'success' });
    expect(fixture.commands).toEqual([
      'mark ["transform"] success by admin',
      'mark [["transform",-1]] failed by admin',
      expect.stringMatching(/^note \d+: known trouble$/),
      'mark r1 success by admin',
    ]);
  });

  test('tells what a clear would do, and does it', async () => {
    const clear = (payload: object) => ask('/dags/sales/clearTaskInstances', { method: 'POST', payload });
    const dry = await clear({ dag_run_id: 'r1' });
    expect(dry.body.task_instances.map((one: { task_id: string }) => one.task_id)).toEqual(['transform', 'publish']);
    expect(fixture.commands).toEqual([]);
    await clear({ dag_run_id: 'r1', dry_run: false });
    expect((await ask(`${run}/r1/clear`, { method: 'POST', payload: { dry_run: false } })).body).toMatchObject({ dag_run_id: 'r1' });
    expect((await ask(`${run}/r1/clear`, { method: 'POST' })).body.total_entries).toBe(3);
    expect(fixture.commands).toEqual(['clear r1 by admin', 'clear r1 by admin']);
  });

  test('gives a log in three forms', async () => {
    const log = `${run}/r1/taskInstances/extract/logs/2`;
    const first = { timestamp: '2024-01-02T03:04:05.678Z', level: 'info', event: 'read', logger: 'task', fields: { rows: 3 } };
    expect((await ask(log)).body).toEqual({ content: [first, { event: 'plain' }], continuation_token: null });
    const ndjson = await app.inject({ url: `/api/v2${log}`, headers: { authorization, accept: 'application/x-ndjson' } });
    expect(ndjson.headers['content-type']).toMatch('application/x-ndjson');
    expect(
      ndjson.body
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([first, { event: 'plain' }]);
    const text = await app.inject({ url: `/api/v2${log}`, headers: { authorization, accept: 'text/plain' } });
    expect(text.body).toBe('2024-01-02T03:04:05.678Z INFO  read rows=3\nplain\n');
  });

  test('gives whole lines of a log that grows, each once', async () => {
    const log = `${run}/r2/taskInstances/extract/logs/1`;
    const first = (await ask(log)).body;
    expect(first.content.map((one: { event: string }) => one.event)).toEqual(['begun']);
    const idle = (await ask(`${log}?token=${first.continuation_token}`)).body;
    expect(idle).toEqual({ content: [], continuation_token: first.continuation_token });
    const key = 'logs/live/extract/1';
    fixture.objects.set(key, `${fixture.objects.get(key)}4:06Z","level":"info","message":"ended"}\n`);
    const rest = (await ask(`${log}?token=${first.continuation_token}`)).body;
    expect(rest.content).toEqual([{ timestamp: '2024-01-02T03:04:06Z', level: 'info', event: 'ended' }]);
  });

  test('says of a task that never ran why it has no log', async () => {
    const { body } = await ask(`${run}/r1/taskInstances/publish/logs/1`);
    expect(body).toEqual({
      content: [{ event: 'The task did not run: it is upstream_failed (upstream failed)' }],
      continuation_token: null,
    });
    expect((await ask(`${run}/r2/taskInstances/publish/logs/1`)).body).toEqual({ content: [], continuation_token: expect.any(String) });
  });

  test('gives a result as JSON or as its text', async () => {
    const entry = `${run}/r1/taskInstances/extract/xcomEntries/return_value`;
    expect((await ask(entry)).body.value).toEqual({ rows: { $bigint: '3' } });
    expect((await ask(`${entry}?stringify=true`)).body.value).toBe('{"rows":{"$bigint":"3"}}');
  });

  test('lists tasks with what comes after them', async () => {
    const { body } = await ask('/dags/sales/tasks?order_by=-task_id');
    expect(body.tasks.map((one: { task_id: string }) => one.task_id)).toEqual(['transform', 'publish', 'extract']);
    expect((await ask('/dags/sales/tasks/extract')).body).toMatchObject({
      downstream_task_ids: ['transform'],
      retry_delay: { __type: 'TimeDelta', days: 1, seconds: 3661, microseconds: 500_000 },
    });
  });

  test('places import errors in the file', async () => {
    expect((await ask('/importErrors/12')).body).toMatchObject({
      filename: 'broken.ts',
      stack_trace: 'broken.ts:3:9: Unexpected token',
      line: 3,
    });
  });
});
