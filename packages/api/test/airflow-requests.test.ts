/** What clients of Airflow's API rely on beside shapes: bulk requests, waiting, deletions, results, and that nothing is ignored. */
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

async function ask(method: 'GET' | 'POST' | 'PATCH' | 'DELETE' | 'PUT', url: string, payload?: InjectOptions['payload']) {
  const answer = await app.inject({
    method,
    url: `/api/v2${url}`,
    headers: { authorization },
    ...(payload === undefined ? {} : { payload }),
  });
  return { status: answer.statusCode, body: answer.body === '' ? undefined : answer.json() };
}

describe('a bulk request', () => {
  const entity = (key: string, value: unknown = 1) => ({ key, value });
  const bulk = (...actions: object[]) => ask('PATCH', '/variables', { actions });

  test('carries out what it can, and says of each entity what was wrong with it', async () => {
    await ask('POST', '/variables', entity('old', 'before'));
    const { status, body } = await bulk(
      { action: 'create', entities: [entity('new'), entity('old')] },
      { action: 'update', entities: [entity('old', 'after'), entity('nobody')] },
      { action: 'delete', entities: ['new', 'nobody'] },
    );
    expect(status).toBe(200);
    expect(body.create.success).toEqual(['new']);
    expect(body.create.errors).toEqual([
      { entity: 'old', status_code: 409, code: 'HR_VARIABLE_EXISTS', error: expect.stringContaining('"old" already') },
    ]);
    expect([body.update.success, body.update.errors[0].status_code]).toEqual([['old'], 404]);
    expect([body.delete.success, body.delete.errors[0].entity]).toEqual([['new'], 'nobody']);
    expect((await ask('GET', '/variables/old')).body.value).toBe('after');
  });

  test('skips or overwrites what exists, and skips what does not, as it is told', async () => {
    await ask('POST', '/variables', entity('a', 'before'));
    const skipped = await bulk({ action: 'create', entities: [entity('a', 'x'), entity('b')], action_on_existence: 'skip' });
    expect(skipped.body.create).toEqual({ success: ['b'], errors: [] });
    expect((await ask('GET', '/variables/a')).body.value).toBe('before');
    const overwritten = await bulk({ action: 'create', entities: [entity('a', 'x')], action_on_existence: 'overwrite' });
    expect(overwritten.body.create.success).toEqual(['a']);
    expect((await ask('GET', '/variables/a')).body.value).toBe('x');
    const absent = await bulk({ action: 'delete', entities: ['nobody'], action_on_non_existence: 'skip' });
    expect(absent.body.delete).toEqual({ success: [], errors: [] });
  });

  test('changes only the fields in its mask', async () => {
    await ask('POST', '/variables', { ...entity('a', 'kept'), description: 'old' });
    await bulk({ action: 'update', entities: [{ ...entity('a', 'lost'), description: 'new' }], update_mask: ['description'] });
    expect((await ask('GET', '/variables/a')).body).toMatchObject({ value: 'kept', description: 'new' });
  });

  test('on task instances takes the run from the address or from the entity', async () => {
    const mark = (dag: string, run: string, more: object) =>
      ask('PATCH', `/dags/${dag}/dagRuns/${run}/taskInstances`, {
        actions: [{ action: 'update', entities: [{ task_id: 'transform', new_state: 'success', ...more }] }],
      });
    expect((await mark('sales', 'r1', {})).body.update.success).toEqual(['sales.r1.transform']);
    expect((await mark('~', '~', { dag_id: 'sales', dag_run_id: 'r1' })).body.update.success).toEqual(['sales.r1.transform']);
    expect((await mark('~', '~', {})).body.update.errors[0]).toMatchObject({ code: 'HR_INVALID_REQUEST', status_code: 422 });
    expect((await mark('sales', 'r1', { dag_run_id: 'r2' })).body.update.errors[0].error).toContain('another than "r1"');
    expect((await mark('sales', 'r1', { task_id: 'nobody' })).body.update.errors[0].code).toBe('HR_TASK_INSTANCE_NOT_FOUND');
    expect(fixture.commands.filter((one) => one.includes('transform'))).toHaveLength(2);
  });
});

describe('waiting for a run', () => {
  const lines = async (url: string) => {
    const answer = await app.inject({ url: `/api/v2${url}`, headers: { authorization } });
    expect(answer.headers['content-type']).toBe('application/x-ndjson');
    return answer.body
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
  };

  test('tells its state until it has ended, and then the results that were asked for', async () => {
    const told = lines('/dags/sales/dagRuns/r2/wait?interval=0.01&result=extract&result=publish');
    // The second line is only written when it has looked again.
    const find = fixture.deps.queries.run;
    let looked = 0;
    (fixture.deps.queries as { run: typeof find }).run = async (dagId, runId) => {
      const run = await find(dagId, runId);
      return run !== undefined && ++looked > 2 ? { ...run, status: 'success' } : run;
    };
    const all = await told;
    expect(all.length).toBeGreaterThanOrEqual(2);
    expect(all[0]).toEqual({ state: 'running' });
    expect(all.at(-1)).toEqual({ state: 'success', results: {} });
  });

  test('that has ended says so at once, with results', async () => {
    expect(await lines('/dags/sales/dagRuns/r1/wait?interval=60')).toEqual([{ state: 'failed' }]);
    expect(await lines('/dags/sales/dagRuns/r1/wait?interval=60&result=extract')).toEqual([
      { state: 'failed', results: { extract: { rows: { $bigint: '3' } } } },
    ]);
  });

  test('refuses what it cannot wait for', async () => {
    expect((await ask('GET', '/dags/sales/dagRuns/nobody/wait?interval=1')).body.code).toBe('HR_RUN_NOT_FOUND');
    expect((await ask('GET', '/dags/sales/dagRuns/r1/wait?interval=0')).status).toBe(422);
    expect((await ask('GET', '/dags/sales/dagRuns/r1/wait')).status).toBe(422);
  });
});

describe('deleting', () => {
  test('a run takes one that is over', async () => {
    expect((await ask('DELETE', '/dags/sales/dagRuns/r2')).body.code).toBe('HR_RUN_LIVE');
    expect((await ask('DELETE', '/dags/sales/dagRuns/r1')).status).toBe(204);
    expect((await ask('DELETE', '/dags/sales/dagRuns/r1')).body.code).toBe('HR_RUN_NOT_FOUND');
  });

  test('a DAG takes one without live runs', async () => {
    expect((await ask('DELETE', '/dags/sales')).body.code).toBe('HR_RUN_LIVE');
    expect((await ask('DELETE', '/dags/nobody')).body.code).toBe('HR_DAG_NOT_FOUND');
  });

  test('a task instance takes one that its run does not need', async () => {
    const { status, body } = await ask('DELETE', '/dags/sales/dagRuns/r1/taskInstances/extract');
    expect([status, body.code]).toEqual([409, 'HR_TASK_NEEDED']);
    expect((await ask('DELETE', '/dags/sales/dagRuns/r1/taskInstances/nobody')).status).toBe(404);
  });
});

test('results by hand are of a success, and under the one key that there is', async () => {
  const entries = '/dags/sales/dagRuns/r1/taskInstances/extract/xcomEntries';
  expect((await ask('POST', entries, { key: 'return_value', value: 1 })).body.code).toBe('HR_RESULT_EXISTS');
  expect((await ask('POST', entries, { key: 'other', value: 1 })).body.code).toBe('HR_UNSUPPORTED');
  expect((await ask('PATCH', `${entries}/return_value`, { value: { rows: 2 } })).status).toBe(200);
  expect(fixture.commands).toContain('result of 1: {"rows":2}');
  expect((await ask('PATCH', `${entries}/other`, { value: 1 })).body.code).toBe('HR_RESULT_NOT_FOUND');
  const failed = '/dags/sales/dagRuns/r1/taskInstances/transform/xcomEntries';
  expect((await ask('POST', failed, { key: 'return_value', value: 1 })).body.code).toBe('HR_RESULT_NOT_FOUND');
  const found = async (query: string) => (await ask('GET', `/dags/~/dagRuns/~/taskInstances/~/xcomEntries?${query}`)).body.total_entries;
  expect(await found('xcom_key_pattern=return')).toBe(1);
  expect(await found('xcom_key_pattern=ret%25lue%20%7C%20x')).toBe(1);
  expect(await found('xcom_key_pattern=r_turn')).toBe(1);
  expect(await found('xcom_key_pattern=value%25return')).toBe(0);
  expect(await found('xcom_key=other')).toBe(0);
});

test('favourites are of whoever asks', async () => {
  const favorite = async () => (await ask('GET', '/dags/sales/details')).body.is_favorite;
  expect(await favorite()).toBe(false);
  expect((await ask('POST', '/dags/sales/favorite')).status).toBe(204);
  expect((await ask('POST', '/dags/sales/favorite')).status).toBe(204);
  expect(await favorite()).toBe(true);
  expect((await ask('POST', '/dags/sales/unfavorite')).status).toBe(204);
  expect((await ask('POST', '/dags/sales/unfavorite')).body.code).toBe('HR_NO_FAVORITE');
  expect((await ask('POST', '/dags/nobody/favorite')).body.code).toBe('HR_DAG_NOT_FOUND');
});

test('filters and orders reach the store as they were sent', async () => {
  const asked: unknown[] = [];
  const { queries } = fixture.deps as {
    queries: { -readonly [Key in 'runs' | 'taskInstances']: (filter: object, page: object) => Promise<object> };
  };
  for (const name of ['runs', 'taskInstances'] as const)
    queries[name] = async (filter, page) => {
      asked.push(filter, page);
      return { items: [], total: 9_999, totalIsExact: false, next: 'n' };
    };
  const { body } = await ask(
    'GET',
    '/dags/~/dagRuns?state=failed&order_by=-start_date,id&cursor=c&duration_gte=1.5&updated_at_lt=2024-01-01T00:00:00Z&dag_version=3&conf_contains=x',
  );
  expect(body).toEqual({ dag_runs: [], total_entries: 9_999, total_is_exact: false, next_cursor: 'n' });
  expect(asked.splice(0)).toEqual([
    { statuses: ['failed'], duration: { gte: 1500 }, updatedAt: { lt: Date.UTC(2024, 0, 1) }, versions: [3], paramsContain: 'x' },
    { limit: 50, offset: 0, orderBy: ['-start_date', 'id'], cursor: 'c' },
  ]);
  await ask('GET', '/dags/~/dagRuns/~/taskInstances?state=no_status&map_index=2&operator=load&try_number=1&pool_name_pattern=p');
  expect(asked.splice(0)[0]).toEqual({ statuses: ['none'], mapIndexes: [2], kinds: ['load'], attempts: [1], poolPattern: 'p' });
  await ask('GET', '/dags/~/dagRuns/~/taskInstances?executor=celery');
  expect(asked.splice(0)[0]).toEqual({ taskIds: [] });
  await ask('POST', '/dags/~/dagRuns/~/taskInstances/list', {
    dag_ids: ['a'],
    state: [null],
    order_by: '-id',
    page_limit: 7,
    page_offset: 3,
  });
  expect(asked.splice(0)).toEqual([
    { dagIds: ['a'], statuses: ['none'] },
    { limit: 7, offset: 3, orderBy: ['-id'] },
  ]);
});

test('what has no meaning here is refused with the reason', async () => {
  for (const [method, url, code] of [
    ['POST', '/connections/defaults', 'HR_UNSUPPORTED'],
    ['PUT', '/parseDagFile/sales.ts', 'HR_UNSUPPORTED'],
    ['GET', '/dags/sales/dagRuns/r1/taskInstances/extract/externalLogUrl/1', 'HR_NO_EXTERNAL_LOGS'],
    ['GET', '/config?section=nothing', 'HR_SETTING_NOT_FOUND'],
  ] as const)
    expect((await ask(method, url)).body.code).toBe(code);
});
