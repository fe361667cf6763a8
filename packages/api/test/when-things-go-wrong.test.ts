import type { DagVersionDiff, Notice, NoticeCollection } from '@headrace/api-contract';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { buildApi } from '../src/index.ts';
import { authorization, createFixture } from './support/fixture.ts';

let app: FastifyInstance;
beforeEach(async () => {
  app = await buildApi(createFixture().deps);
});
afterEach(() => app.close());

async function ask<Body>(method: 'GET' | 'POST', url: string): Promise<{ readonly status: number; readonly body: Body }> {
  const answer = await app.inject({ method, url, headers: { authorization } });
  return { status: answer.statusCode, body: answer.json<Body>() };
}

type Explained = { readonly state: unknown; readonly task_id: string; readonly conditions: readonly { readonly rule: string }[] };

const get = <Body>(url: string) => ask<Body>('GET', url);
const post = <Body>(url: string) => ask<Body>('POST', url);

describe('notices over the API', () => {
  test('are listed by state, and delivered again at somebody’s wish', async () => {
    const dead = await get<NoticeCollection>('/headrace/v1/notices?state=dead');
    expect(dead.body).toMatchObject({ total_entries: 1, notices: [{ id: 3, state: 'dead', last_error: '410 Gone', dag_run_id: 'r1' }] });
    const again = await post<Notice>('/headrace/v1/notices/3/redeliver');
    expect(again).toMatchObject({ status: 200, body: { id: 3, state: 'pending' } });
    expect((await get<NoticeCollection>('/headrace/v1/notices?state=dead')).body.total_entries).toBe(0);
    expect((await post<unknown>('/headrace/v1/notices/99/redeliver')).body).toMatchObject({ code: 'HR_NOTICE_NOT_FOUND' });
    expect((await get<unknown>('/headrace/v1/notices/99')).status).toBe(404);
  });
});

describe('versions over the API', () => {
  test('are listed as Airflow lists them', async () => {
    const { body } = await get<{ dag_versions: { version_number: number; bundle_version: string }[] }>('/api/v2/dags/sales/dagVersions');
    expect(body.dag_versions.map((one) => [one.version_number, one.bundle_version])).toEqual([
      [2, 'bundle2'],
      [3, 'bundle3'],
    ]);
    expect((await get<unknown>('/api/v2/dags/sales/dagVersions/3')).body).toMatchObject({ version_number: 3 });
    expect((await get<unknown>('/api/v2/dags/sales/dagVersions/9')).body).toMatchObject({ code: 'HR_VERSION_NOT_FOUND' });
  });

  test('differ in graph, schedule and code; the code file by file, without what is the same', async () => {
    const { body } = await get<DagVersionDiff>('/headrace/v1/dags/sales/versions/2/diff/3');
    expect(body.tasks.added.length).toBeGreaterThan(0);
    expect(body.tasks.changed[0]?.fields).toContainEqual({ path: 'queue', before: 'slow', after: 'default' });
    expect(body.code.map(({ file, change }) => [file, change])).toEqual([
      ['gone.ts', 'removed'],
      ['sales.ts', 'changed'],
    ]);
    expect(body.code[1]?.diff).toContain('-var rows = 1;\n+var rows = 2;\n var same = 2;');
    const same = await get<DagVersionDiff>('/headrace/v1/dags/sales/versions/3/diff/3');
    expect(same.body).toMatchObject({ tasks: { added: [], removed: [], changed: [] }, schedule: [], dag: [], code: [] });
    expect((await get<unknown>('/headrace/v1/dags/sales/versions/3/diff/8')).body).toMatchObject({ code: 'HR_VERSION_NOT_FOUND' });
  });
});

describe('explanations over the API', () => {
  test('explains why a task waits', async () => {
    const { body } = await get<Explained>('/headrace/v1/dags/sales/dagRuns/r2/taskInstances/transform/explain');
    expect(body).toMatchObject({ state: null, task_id: 'transform' });
    expect(body.conditions[0]).toMatchObject({
      rule: 'trigger_rule',
      passed: false,
      reason: expect.stringContaining('"extract" (running)'),
    });
  });

  test('a run says why it came to be and what keeps it', async () => {
    const { status, body } = await get<{ causes: unknown[]; conditions: { rule: string }[] }>('/headrace/v1/dags/sales/dagRuns/r1/explain');
    expect(status).toBe(200);
    expect(body.causes).toHaveLength(1);
    expect(body.conditions[0]?.rule).toBe('run_status');
  });

  test('a run that a task asked for names it first', async () => {
    const { deps } = createFixture();
    const parent = { dagId: 'outer', runId: 'o1', taskId: 'start' };
    const run: typeof deps.queries.run = async (dagId, runId) => {
      const record = await deps.queries.run(dagId, runId);
      return record && { ...record, triggeredBy: 'operator', parent };
    };
    await app.close();
    app = await buildApi({ ...deps, queries: { ...deps.queries, run } });
    const { body } = await get<{ causes: unknown[] }>('/headrace/v1/dags/sales/dagRuns/r1/explain');
    expect(body.causes[0]).toEqual({ cause: 'parent', reason: 'Task "start" of run "o1" of DAG "outer" asked for it' });
  });
});
