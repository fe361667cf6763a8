import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { FastifyInstance, InjectOptions } from 'fastify';
import { buildApi } from '../src/index.ts';
import { authorization, createFixture } from './support/fixture.ts';

describe('bad requests', () => {
  let app: FastifyInstance;
  beforeAll(async () => {
    app = await buildApi(createFixture().deps);
  });
  afterAll(() => app.close());

  const ask = (options: InjectOptions) => app.inject({ ...options, headers: { authorization, ...options.headers } });
  const post = (url: string, payload: object): InjectOptions => ({ method: 'POST', url: `/api/v2${url}`, payload });
  const patch = (url: string, payload: object): InjectOptions => ({ method: 'PATCH', url: `/api/v2${url}`, payload });

  test.each<[string, InjectOptions, number, string, string[]]>([
    ['a text for a number', { url: '/api/v2/dags?limit=many' }, 422, 'HR_INVALID_REQUEST', ['query.limit']],
    ['a negative offset', { url: '/api/v2/dags?offset=-1' }, 422, 'HR_INVALID_REQUEST', ['query.offset']],
    ['several fields at once', { url: '/api/v2/dags?limit=a&paused=maybe' }, 422, 'HR_INVALID_REQUEST', ['query.limit', 'query.paused']],
    ['a filter that would be ignored', { url: '/api/v2/dags?colour=red' }, 422, 'HR_INVALID_REQUEST', ['query.colour']],
    ['an unknown order', { url: '/api/v2/dags?order_by=colour' }, 400, 'HR_UNKNOWN_ORDER', []],
    ['an unknown state', { url: '/api/v2/dags/~/dagRuns?state=done' }, 422, 'HR_INVALID_REQUEST', ['query.state.0']],
    ['no date', { url: '/api/v2/dags/~/dagRuns?run_after_gte=yesterday' }, 422, 'HR_INVALID_REQUEST', ['query.run_after_gte']],
    [
      'a map index that is none',
      { url: '/api/v2/dags/sales/dagRuns/r1/taskInstances/extract/x' },
      422,
      'HR_INVALID_REQUEST',
      ['path.map_index'],
    ],
    [
      'a forged token',
      { url: '/api/v2/dags/sales/dagRuns/r1/taskInstances/extract/logs/1?token=x' },
      422,
      'HR_INVALID_REQUEST',
      ['query.token'],
    ],
    ['a patch without its field', patch('/dags/sales', {}), 422, 'HR_INVALID_REQUEST', ['body.is_paused']],
    ['a text for a boolean in a body', patch('/dags/sales', { is_paused: 'true' }), 422, 'HR_INVALID_REQUEST', ['body.is_paused']],
    ['an unknown field in a body', post('/dags/sales/dagRuns', { colour: 1 }), 422, 'HR_INVALID_REQUEST', ['body.colour']],
    ['params that do not fit', post('/dags/sales/dagRuns', { conf: { day: 7 } }), 422, 'HR_INVALID_PARAMS', ['body.conf.day']],
    ['a run id that breaks addresses', post('/dags/sales/dagRuns', { dag_run_id: 'a/b' }), 422, 'HR_INVALID_REQUEST', ['body.dag_run_id']],
    [
      'half an interval',
      post('/dags/sales/dagRuns', { data_interval_start: '2024-01-01T00:00:00Z' }),
      422,
      'HR_INVALID_REQUEST',
      ['body.data_interval_end'],
    ],
    ['a run that exists', post('/dags/sales/dagRuns', { dag_run_id: 'r1' }), 409, 'HR_RUN_EXISTS', []],
    ['an unknown DAG', post('/dags/nothing/dagRuns', {}), 404, 'HR_DAG_NOT_FOUND', []],
    ['an unknown run', { url: '/api/v2/dags/sales/dagRuns/r9' }, 404, 'HR_RUN_NOT_FOUND', []],
    ['an unknown task instance', { url: '/api/v2/dags/sales/dagRuns/r1/taskInstances/nothing' }, 404, 'HR_TASK_INSTANCE_NOT_FOUND', []],
    ['an unknown try', { url: '/api/v2/dags/sales/dagRuns/r1/taskInstances/extract/tries/9' }, 404, 'HR_TRY_NOT_FOUND', []],
    ['an unknown task', { url: '/api/v2/dags/sales/tasks/nothing' }, 404, 'HR_TASK_NOT_FOUND', []],
    ['an unknown import error', { url: '/api/v2/importErrors/999' }, 404, 'HR_IMPORT_ERROR_NOT_FOUND', []],
    ['an unknown address', { url: '/api/v2/nothing' }, 404, 'HR_ROUTE_NOT_FOUND', []],
    ['a broken address', { url: '/api/v2/dags/%zz' }, 400, 'HR_BAD_REQUEST', []],
    ['the cancel of an ended run', patch('/dags/sales/dagRuns/r1', { state: 'failed' }), 409, 'HR_RUN_FINISHED', []],
    [
      'a task marked as running',
      patch('/dags/sales/dagRuns/r1/taskInstances/extract', { new_state: 'running' }),
      422,
      'HR_UNSUPPORTED',
      ['body.new_state'],
    ],
    ['a mark that says nothing', patch('/dags/sales/dagRuns/r1/taskInstances/extract', {}), 422, 'HR_INVALID_REQUEST', ['body']],
    [
      'a clear that leaves its run as it is',
      post('/dags/sales/clearTaskInstances', { dag_run_id: 'r1', reset_dag_runs: false }),
      422,
      'HR_UNSUPPORTED',
      ['body.reset_dag_runs'],
    ],
    ['a clear of no run', post('/dags/sales/clearTaskInstances', {}), 422, 'HR_INVALID_REQUEST', ['body.dag_run_id']],
    [
      'a clear of a misspelt task',
      post('/dags/sales/clearTaskInstances', { dag_run_id: 'r1', task_ids: ['extrakt'] }),
      422,
      'HR_INVALID_REQUEST',
      ['body.task_ids'],
    ],
    [
      'a clear that must not stop what runs',
      post('/dags/sales/clearTaskInstances', { dag_run_id: 'r2', only_failed: false, prevent_running_task: true }),
      409,
      'HR_TASK_RUNNING',
      [],
    ],
    [
      'a log in a form we do not have',
      { url: logOf('r1', 'extract', 1), headers: { accept: 'application/pdf' } },
      406,
      'HR_NOT_ACCEPTABLE',
      [],
    ],
    [
      'a result under another key',
      { url: '/api/v2/dags/sales/dagRuns/r1/taskInstances/extract/xcomEntries/x' },
      404,
      'HR_RESULT_NOT_FOUND',
      [],
    ],
    [
      'a body that is no JSON',
      { ...post('/dags/sales/dagRuns', {}), payload: '{', headers: { 'content-type': 'application/json' } },
      400,
      'HR_BAD_REQUEST',
      [],
    ],
    ['a body that is too large', post('/dags/sales/dagRuns', { note: 'x'.repeat(1_100_000) }), 413, 'HR_BODY_TOO_LARGE', []],
    [
      'a body of another type',
      { ...post('/dags/sales/dagRuns', {}), payload: 'a=b', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      415,
      'HR_MEDIA_TYPE',
      [],
    ],
  ])('%s is refused with problem JSON', async (_, request, status, code, fields) => {
    const answer = await ask(request);
    const problem = answer.json();
    expect([answer.statusCode, problem.code, (problem.errors ?? []).map((error: { field: string }) => error.field)]).toEqual([
      status,
      code,
      fields,
    ]);
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(problem).toMatchObject({ type: `urn:headrace:problem:${code}`, status, title: expect.any(String), detail: expect.any(String) });
    expect(problem.instance).toContain('#');
  });

  test('what breaks inside tells the client nothing but an id, and the log everything', async () => {
    const { deps } = createFixture();
    const logged: unknown[] = [];
    const log = { ...deps.log, error: (fields: object) => void logged.push(fields) };
    const broken = await buildApi({
      ...deps,
      log,
      queries: { ...deps.queries, dag: () => Promise.reject(new Error('password is hunter2')) },
    });
    const answer = await broken.inject({ url: '/api/v2/dags/sales', headers: { authorization } });
    expect([answer.statusCode, answer.json().code]).toEqual([500, 'HR_INTERNAL']);
    expect(answer.body).not.toMatch(/hunter2|\.ts|node_modules/);
    expect(logged).toMatchObject([{ err: { message: 'password is hunter2' }, requestId: answer.json().instance.split('#')[1] }]);
    await broken.close();
  });

  test('a database that is away is 503, and health tells it while staying 200', async () => {
    const { deps } = createFixture();
    const away = () => Promise.reject(Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }));
    const broken = await buildApi({ ...deps, health: away, queries: { ...deps.queries, dag: away } });
    const answer = await broken.inject({ url: '/api/v2/dags/sales', headers: { authorization } });
    expect([answer.statusCode, answer.json().code, answer.headers['retry-after']]).toEqual([503, 'HR_UNAVAILABLE', '2']);
    const health = await broken.inject({ url: '/api/v2/monitor/health' });
    expect([health.statusCode, health.json().metadatabase.status, health.json().scheduler.status]).toEqual([200, 'unhealthy', 'unhealthy']);
    await broken.close();
  });
});

function logOf(runId: string, taskId: string, tryNumber: number): string {
  return `/api/v2/dags/sales/dagRuns/${runId}/taskInstances/${taskId}/logs/${tryNumber}`;
}
