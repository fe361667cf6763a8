import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { FastifyInstance, InjectOptions } from 'fastify';
import { buildApi } from '../src/index.ts';
import { authorization, createFixture, type Fixture } from './support/fixture.ts';

let fixture: Fixture;
let app: FastifyInstance;

beforeEach(async () => {
  fixture = createFixture();
  app = await buildApi(fixture.deps);
});

afterEach(() => app.close());

async function ask(url: string, options: InjectOptions = {}) {
  const answer = await app.inject({ url, ...options, headers: { authorization, ...options.headers } });
  return { status: answer.statusCode, body: answer.json() };
}
const post = (url: string, payload: object, headers: Record<string, string> = {}) =>
  ask(`/api/v2${url}`, { method: 'POST', payload, headers });

const RANGE = { dag_id: 'sales', from_date: '2024-01-01T00:00:00Z', to_date: '2024-01-03T12:00:00Z' };
const day = (date: number): string => `2024-01-0${date}T02:00:00.000Z`;

describe('a backfill', () => {
  test('is made with every date of its range, the DAG’s params and a class of its own', async () => {
    const { status, body } = await post('/backfills', { ...RANGE, max_active_runs: 3, dag_run_conf: { day: 'x' } });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      id: 1,
      dag_id: 'sales',
      max_active_runs: 3,
      reprocess_behavior: 'none',
      is_paused: false,
      completed_at: null,
    });
    const [asked] = fixture.backfills.asked;
    expect(asked).toMatchObject({ params: { day: 'x' }, priorityClass: -1, maxActiveRuns: 3, user: 'admin' });
    expect(asked).not.toHaveProperty('versionId');
    expect(asked?.entries.map((entry) => [new Date(entry.logicalDate).toISOString(), entry.action.kind])).toEqual([
      [day(1), 'create'],
      [day(2), 'create'],
      [day(3), 'create'],
    ]);
    const { body: runs } = await ask('/headrace/v1/backfills/1/runs');
    expect(runs).toMatchObject({ total_entries: 3, backfill_runs: [{ logical_date: day(1), state: 'waiting' }, {}, {}] });
  });

  test('pins the version that is the newest now when it shall not follow the latest', async () => {
    await post('/backfills', { ...RANGE, run_on_latest_version: false });
    expect(fixture.backfills.asked[0]).toMatchObject({ versionId: '7' });
  });

  test('that is only tried lists what it would do, backwards if asked, and does nothing', async () => {
    fixture.backfills.runsAtDates.push(
      { runKey: '1', runId: 'failed_one', logicalDate: Date.parse(day(1)), status: 'failed' },
      { runKey: '2', runId: 'good_one', logicalDate: Date.parse(day(2)), status: 'success' },
    );
    const { body } = await post('/backfills/dry_run', { ...RANGE, reprocess_behavior: 'failed', run_backwards: true });
    expect(body).toEqual({
      backfills: [
        { logical_date: day(3), partition_key: null, partition_date: null, action: 'create', dag_run_id: null },
        { logical_date: day(1), partition_key: null, partition_date: null, action: 'clear', dag_run_id: 'failed_one' },
      ],
      total_entries: 2,
      skipped: [{ logical_date: day(2), dag_run_id: 'good_one', reason: 'already exists' }],
    });
    expect(fixture.backfills.asked).toEqual([]);
  });

  test('is paused, un-paused and cancelled, and then is over', async () => {
    await post('/backfills', RANGE);
    const put = (what: string) => ask(`/api/v2/backfills/1/${what}`, { method: 'PUT' });
    expect((await put('pause')).body).toMatchObject({ is_paused: true });
    expect((await put('unpause')).body).toMatchObject({ is_paused: false });
    expect((await put('cancel')).body).toMatchObject({ is_cancelled: true, completed_at: expect.any(String) });
    expect(await put('pause')).toMatchObject({ status: 409, body: { code: 'HR_BACKFILL_ENDED' } });
    expect((await ask('/api/v2/backfills?dag_id=sales')).body).toMatchObject({ total_entries: 1, backfills: [{ id: 1 }] });
    expect((await ask('/api/v2/backfills/1')).body).toMatchObject({ id: 1 });
  });

  test.each([
    ['for a DAG without times', { schedule: { kind: 'manual' } }, RANGE, 422, 'HR_BACKFILL_REFUSED'],
    ['for a DAG that allows none', { allowedRunTypes: ['manual'] }, RANGE, 400, 'HR_RUN_TYPE_NOT_ALLOWED'],
    ['the wrong way round', {}, { ...RANGE, to_date: '2023-01-01T00:00:00Z' }, 422, 'HR_BACKFILL_REFUSED'],
    ['of the future', {}, { ...RANGE, from_date: '9000-01-01T00:00:00Z', to_date: '9000-01-02T00:00:00Z' }, 422, 'HR_BACKFILL_REFUSED'],
    ['with params that do not fit', {}, { ...RANGE, dag_run_conf: { day: 3 } }, 422, 'HR_INVALID_PARAMS'],
    ['of no DAG', {}, { ...RANGE, dag_id: 'nope' }, 404, 'HR_DAG_NOT_FOUND'],
    ['with no place for a run', {}, { ...RANGE, max_active_runs: 0 }, 422, 'HR_INVALID_REQUEST'],
    ['whose timetable nobody can ask', { schedule: { kind: 'custom', name: 'moon' } }, RANGE, 422, 'HR_BACKFILL_REFUSED'],
  ] as const)('is refused %s', async (_, spec, body, status, code) => {
    fixture.change(spec);
    expect(await post('/backfills', body)).toMatchObject({ status, body: { code } });
    expect(fixture.backfills.asked).toEqual([]);
  });

  test('is refused while another is under way, and unknown ones are not found', async () => {
    await post('/backfills', RANGE);
    expect(await post('/backfills', RANGE)).toMatchObject({ status: 409, body: { code: 'HR_BACKFILL_RUNNING' } });
    expect(await ask('/api/v2/backfills/9')).toMatchObject({ status: 404, body: { code: 'HR_BACKFILL_NOT_FOUND' } });
    expect(await ask('/api/v2/backfills/9/cancel', { method: 'PUT' })).toMatchObject({ status: 404 });
    expect(await ask('/headrace/v1/backfills/9/runs')).toMatchObject({ status: 404 });
  });

  test('asks a timetable of the DAG’s own for every date', async () => {
    await app.close();
    const asked: unknown[] = [];
    app = await buildApi({
      ...fixture.deps,
      timetables: {
        async ask(versionId, name, { last, earliest }) {
          asked.push([versionId, name]);
          const start = last?.end ?? earliest;
          return { start, end: start + 86_400_000 };
        },
      },
    });
    fixture.change({ schedule: { kind: 'custom', name: 'moon' } });
    await post('/backfills', RANGE);
    expect(fixture.backfills.asked[0]?.entries.map((entry) => new Date(entry.logicalDate).toISOString())).toEqual([
      '2024-01-01T00:00:00.000Z',
      '2024-01-02T00:00:00.000Z',
      '2024-01-03T00:00:00.000Z',
    ]);
    expect(asked[0]).toEqual(['7', 'moon']);
  });
});

describe('a manual run', () => {
  const runs = '/dags/sales/dagRuns';

  test('with an idempotency key is known again whatever the order of the fields', async () => {
    const key = { 'idempotency-key': 'order-17' };
    await post(runs, { dag_run_id: 'one', conf: { day: 'x' } }, key);
    await post(runs, { conf: { day: 'x' }, dag_run_id: 'two' }, key);
    await post(runs, { conf: { day: 'y' }, dag_run_id: 'three' }, key);
    const hashes = fixture.triggered.map((request) => request.idempotency?.requestHash);
    expect(fixture.triggered.map((request) => request.idempotency?.key)).toEqual(['order-17', 'order-17', 'order-17']);
    expect(new Set(hashes).size).toBe(3);
    await post(runs, { note: 'n', conf: { day: 'x', b: '2' }, dag_run_id: 'four' }, key);
    const { deps, triggered } = createFixture();
    const other = await buildApi(deps);
    const payload = { dag_run_id: 'four', conf: { b: '2', day: 'x' }, note: 'n' };
    await other.inject({ url: `/api/v2${runs}`, method: 'POST', payload, headers: { authorization, ...key } });
    await other.close();
    expect(triggered[0]?.idempotency).toEqual(fixture.triggered[3]?.idempotency);
  });

  test('with a key that is none is refused', async () => {
    expect(await post(runs, {}, { 'idempotency-key': 'two words' })).toMatchObject({ status: 422, body: { code: 'HR_INVALID_REQUEST' } });
    expect(await post(runs, {}, { 'idempotency-key': 'x'.repeat(201) })).toMatchObject({ status: 422 });
  });

  test('is refused by a DAG that allows none', async () => {
    fixture.change({ allowedRunTypes: ['scheduled', 'backfill'] });
    expect(await post(runs, {})).toMatchObject({ status: 400, body: { code: 'HR_RUN_TYPE_NOT_ALLOWED' } });
    expect((await ask('/api/v2/dags/sales')).body.allowed_run_types).toEqual(['scheduled', 'backfill']);
  });

  // Airflow 3, authoring-and-scheduling/timetable, "EventsTimetable".
  test('restricted to events stands for the newest that has come', async () => {
    const at = [Date.UTC(2022, 3, 5), Date.UTC(2022, 3, 17), Date.UTC(2022, 3, 22)];
    fixture.change({ schedule: { kind: 'events', at, restrict: true } });
    await post(runs, { dag_run_id: 'a' });
    await post(runs, { dag_run_id: 'b', logical_date: '2022-04-18T00:00:00Z' });
    await post(runs, { dag_run_id: 'c', logical_date: '2022-01-01T00:00:00Z' });
    expect(fixture.triggered.map(({ logicalDate, intervalStart, intervalEnd }) => [logicalDate, intervalStart, intervalEnd])).toEqual([
      [undefined, at[2], at[2]],
      [at[1], at[1], at[1]],
      [at[0], at[0], at[0]],
    ]);
    fixture.change({ schedule: { kind: 'events', at, restrict: false } });
    await post(runs, { dag_run_id: 'd', logical_date: '2022-04-18T00:00:00Z' });
    expect(fixture.triggered[3]).toMatchObject({ logicalDate: Date.UTC(2022, 3, 18), intervalStart: Date.UTC(2022, 3, 18) });
  });
});

test('the runs that come next', async () => {
  const { body } = await ask('/headrace/v1/dags/sales/upcomingRuns?limit=2');
  expect(body).toEqual({
    upcoming_runs: [
      { logical_date: day(2), data_interval_start: day(2), data_interval_end: day(3), run_after: day(3) },
      { logical_date: day(3), data_interval_start: day(3), data_interval_end: day(4), run_after: day(4) },
    ],
  });
  fixture.change({ schedule: { kind: 'crons', expressions: ['0 2 * * *', '0 1 * * *'], timezone: 'UTC', interval: 'trigger' } });
  expect((await ask('/api/v2/dags/sales')).body).toMatchObject({
    timetable_summary: '0 2 * * *, 0 1 * * *',
    timetable_description: 'At "0 2 * * *" and "0 1 * * *" in UTC',
    next_dagrun_logical_date: day(3),
  });
});
