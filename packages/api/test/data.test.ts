import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { buildApi } from '../src/index.ts';
import { authorization, createFixture } from './support/fixture.ts';

let app: FastifyInstance;

beforeAll(async () => {
  app = await buildApi(createFixture().deps);
});

afterAll(() => app.close());

async function get(url: string) {
  const answer = await app.inject({ url: `/headrace/v1${url}`, headers: { authorization } });
  return { status: answer.statusCode, body: answer.json() };
}

test('a running task shows how far it is, how fast, and how old the figures are', async () => {
  const shown = {
    progress: [
      {
        task_id: 'extract',
        map_index: -1,
        phase: 'reading',
        rows: 500,
        bytes: null,
        total_rows: 2_000,
        total_bytes: null,
        rows_per_second: 100,
        bytes_per_second: null,
        fraction: 0.25,
        remaining_seconds: 15,
        began_at: '2024-01-02T03:04:05.678Z',
        told_at: '2024-01-02T03:04:10.678Z',
        age_seconds: 2.5,
      },
    ],
  };
  expect(await get('/dags/sales/dagRuns/r2/progress')).toEqual({ status: 200, body: shown });
  expect(await get('/dags/sales/dagRuns/r2/taskInstances/extract/progress')).toEqual({ status: 200, body: shown });
  expect(await get('/dags/sales/dagRuns/r1/progress')).toEqual({ status: 200, body: { progress: [] } });
  expect(await get('/dags/sales/dagRuns/none/progress')).toMatchObject({ status: 404, body: { code: 'HR_RUN_NOT_FOUND' } });
});

test('loads are shown newest first, page by page', async () => {
  const first = await get('/loads?limit=2&dag_id=sales');
  expect(first.body).toMatchObject({ loads: [{ id: 3 }, { id: 2 }], next_cursor: '2' });
  const second = await get(`/loads?limit=2&dag_id=sales&cursor=${first.body.next_cursor}`);
  expect(second.body).toMatchObject({ loads: [{ id: 1 }], next_cursor: null });
  expect(second.body.loads[0]).toEqual({
    id: 1,
    dag_id: 'sales',
    dag_run_id: 'r1',
    task_id: 'publish',
    map_index: -1,
    try_number: 1,
    connection_id: 'lake',
    table: 'mart/revenue',
    partition: { day: '2024-01-01' },
    load_id: 'L1',
    kind: 'lake',
    disposition: 'replace-partition',
    data_interval_start: null,
    data_interval_end: null,
    rows_in: 10,
    rows_out: 8,
    rows_deduplicated: 1,
    rows_quarantined: 1,
    rows_inserted: null,
    rows_updated: null,
    rows_deleted: null,
    rows_unchanged: null,
    bytes: 100,
    version: 1,
    unchanged: false,
    schema_hash: 'ab',
    columns: [{ name: 'day', type: 'date' }],
    drift: [{ table: 'mart/revenue', change: 'column_added', column: 'x', action: 'evolve' }],
    cursor: null,
    quarantine: null,
    checks: 1,
    checks_failed: 1,
    committed_at: '2024-01-02T03:04:05.679Z',
  });
  expect((await get('/loads?dag_id=other')).body).toEqual({ loads: [], next_cursor: null });
  expect((await get('/loads/latest?connection_id=lake&table=mart/revenue')).body).toMatchObject({ loads: [{ id: 3 }], next_cursor: null });
});

test('checks are shown newest first, those that failed too', async () => {
  expect((await get('/checks?ok=false&limit=1')).body).toMatchObject({
    checks: [{ id: 5, name: 'unique', ok: false, count: 2, samples: ['day=2024-01-01'], stage: 'staging', detail: null }],
    next_cursor: '5',
  });
  expect((await get('/checks?ok=true')).body).toEqual({ checks: [], next_cursor: null });
});

test.each(['/loads?cursor=x', '/loads?colour=red', '/loads/latest?table=x', '/checks?ok=maybe', '/loads?committed_at_gte=today'])(
  '%s is refused',
  async (url) => {
    expect(await get(url)).toMatchObject({ status: 422, body: { code: 'HR_INVALID_REQUEST' } });
  },
);
