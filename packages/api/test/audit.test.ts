/** Every command leaves an entry before it is answered, which tells who did what and no secret. */
import type { AuditEntry } from '@headrace/ports';
import { createMemoryStore } from '@headrace/testing';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { type ApiDeps, buildApi } from '../src/index.ts';
import { caller } from './access/callers.ts';
import { authorization, createFixture } from './support/fixture.ts';

const json = (body: object) => ({ headers: { authorization, 'content-type': 'application/json' }, payload: JSON.stringify(body) });

let deps: ApiDeps;
let app: FastifyInstance;
beforeEach(async () => {
  deps = { ...createFixture().deps };
  app = await buildApi(deps);
});
afterEach(() => app.close());

async function written(): Promise<readonly AuditEntry[]> {
  return (await deps.audit.after('0', {}, 1_000)).map(({ entry }) => entry);
}

describe('an entry', () => {
  test('tells who did what, from where, to what, and how it ended', async () => {
    const answer = await app.inject({
      method: 'POST',
      url: '/api/v2/dags/sales/dagRuns',
      ...json({ logical_date: null, dag_run_id: 'mine', conf: { day: 'sEcret-day' }, note: 'sEcret-note' }),
    });
    expect(answer.statusCode).toBe(200);
    const [entry, ...others] = await written();
    expect(others).toEqual([]);
    expect(entry).toEqual({
      at: expect.any(Number),
      actor_kind: 'service',
      actor: 'admin',
      address: '127.0.0.1',
      action: 'trigger_dag_run',
      object: 'run',
      object_id: 'mine',
      dag_id: 'sales',
      run_id: 'mine',
      request_id: expect.any(String),
      outcome: 'allowed',
      status: 200,
      parameters: { dag_run_id: 'mine', logical_date: null },
    });
  });

  test('stands for what is refused, what is wrong and what fails', async () => {
    const viewer = await caller(deps.access, { name: 'vera', roles: ['viewer'] }, 'key');
    await app.inject({ method: 'DELETE', url: '/api/v2/dags/sales', headers: viewer });
    await app.inject({ method: 'DELETE', url: '/api/v2/dags/sales' });
    await app.inject({ method: 'PATCH', url: '/api/v2/dags/none?update_mask=is_paused', ...json({ is_paused: true }) });
    await app.inject({ method: 'POST', url: '/api/v2/pools', ...json({ name: 'p', slots: 'many' }) });
    expect(await written()).toMatchObject([
      { actor_kind: 'key', actor: 'vera', key_id: expect.any(String), action: 'delete_dag', outcome: 'refused', problem: 'HR_FORBIDDEN' },
      { actor_kind: 'nobody', action: 'delete_dag', dag_id: 'sales', outcome: 'refused', problem: 'HR_UNAUTHENTICATED', status: 401 },
      { outcome: 'failed', problem: 'HR_DAG_NOT_FOUND', dag_id: 'none', parameters: { is_paused: true, update_mask: ['is_paused'] } },
      { object: 'pool', object_id: 'p', outcome: 'failed', problem: 'HR_INVALID_REQUEST', parameters: { name: 'p', slots: 'many' } },
    ]);
  });

  test('is written of those who come in, and of those who do not', async () => {
    const passwordHash = await deps.access.passwords.hash('a-long-enough-password');
    await deps.access.store.createUser({ name: 'ada', roles: ['op'], passwordHash }, Date.now());
    const come = (password: string) => app.inject({ method: 'POST', url: '/auth/token', payload: { username: 'ada', password } });
    expect((await come('a-wrong-long-password')).statusCode).toBe(401);
    expect((await come('a-long-enough-password')).statusCode).toBe(201);
    const entries = await written();
    expect(entries).toMatchObject([
      { actor_kind: 'nobody', action: 'create_token', object_id: 'ada', outcome: 'refused', problem: 'HR_LOGIN_FAILED' },
      { actor_kind: 'user', actor: 'ada', action: 'create_token', outcome: 'allowed', status: 201 },
    ]);
    expect(JSON.stringify(entries)).not.toMatch(/long/);
  });

  test('has no secret of what was sent', async () => {
    const secrets = { password: 'sEcret-1', extra: '{"a":"sEcret-2"}', login: 'sEcret-3', host: 'sEcret-4', description: 'sEcret-5' };
    const connection = { connection_id: 'shop', conn_type: 'postgres', ...secrets };
    await app.inject({ method: 'POST', url: '/api/v2/connections', ...json(connection) });
    await app.inject({ method: 'PATCH', url: '/api/v2/connections', ...json({ actions: [{ action: 'create', entities: [connection] }] }) });
    await app.inject({ method: 'POST', url: '/api/v2/variables', ...json({ key: 'k', value: 'sEcret-6', is_encrypted: true }) });
    await app.inject({ method: 'POST', url: '/api/v2/connections', ...json({ connection_id: { password: 'sEcret-7' }, sEcret: 1 }) });
    await app.inject({ method: 'POST', url: '/headrace/v1/waits/sEcret-token', ...json({ name: 'sEcret-8', key: 'sEcret-9' }) });
    const entries = await written();
    expect(entries).toHaveLength(5);
    expect(JSON.stringify(entries)).not.toMatch(/sEcret/);
    expect(entries[1]?.parameters).toEqual({
      actions: [{ action: 'create', action_on_existence: 'fail', entities: [{ connection_id: 'shop', conn_type: 'postgres' }] }],
    });
  });

  test('is not written of what only reads', async () => {
    await app.inject({ url: '/api/v2/dags', headers: { authorization } });
    await app.inject({ method: 'POST', url: '/api/v2/dags/~/dagRuns/list', ...json({}) });
    await app.inject({ url: '/openapi.json' });
    await app.inject({ method: 'POST', url: '/nowhere', ...json({}) });
    expect(await written()).toEqual([]);
  });

  test('of strangers there are no more than the log can bear, and what is left out is counted', async () => {
    let now = 1_000_000;
    await app.close();
    deps = { ...deps, access: { ...deps.access, now: () => now } };
    app = await buildApi(deps);
    const knock = () => app.inject({ method: 'DELETE', url: '/api/v2/dags/sales' });
    for (let n = 0; n < 130; n++) await knock();
    expect(await written()).toHaveLength(120);
    now += 60_000;
    await knock();
    expect((await written()).at(-1)?.parameters).toEqual({ omitted_before: 10 });
  });

  test('that cannot be written is no success', async () => {
    await app.close();
    const audit = {
      ...deps.audit,
      append: async () => Promise.reject(Object.assign(new Error('secret-host:5432'), { code: 'ECONNREFUSED' })),
    };
    app = await buildApi({ ...deps, audit });
    const answer = await app.inject({ method: 'PATCH', url: '/api/v2/dags/sales', ...json({ is_paused: true }) });
    expect([answer.statusCode, answer.json().code]).toEqual([503, 'HR_UNAVAILABLE']);
    const refused = await app.inject({ method: 'DELETE', url: '/api/v2/dags/sales' });
    expect([refused.statusCode, refused.json().code]).toEqual([401, 'HR_UNAUTHENTICATED']);
    expect(answer.body + refused.body).not.toMatch(/secret-host/);
  });
});

describe('the log', () => {
  beforeEach(async () => {
    for (const name of ['one', 'two', 'three']) await app.inject({ method: 'POST', url: '/api/v2/pools', ...json({ name, slots: 1 }) });
    await app.inject({ method: 'PATCH', url: '/api/v2/dags/sales', ...json({ is_paused: true }) });
  });
  const get = async (url: string, headers: Record<string, string> = { authorization }) => app.inject({ url, headers });

  test('is listed newest first, filtered, and exported line by line', async () => {
    const all = (await get('/headrace/v1/audit')).json();
    expect(all.audit.map(({ id }: { id: number }) => id)).toEqual([4, 3, 2, 1]);
    const pools = (await get('/headrace/v1/audit?action=post_pool&limit=2')).json();
    expect([pools.total_entries, pools.audit.length]).toEqual([3, 2]);
    expect((await get('/headrace/v1/audit?outcome=refused')).json().total_entries).toBe(0);
    expect((await get('/headrace/v1/audit?dag_id=sales&actor=admin&object=dag')).json().total_entries).toBe(1);
    const lines = (await get('/headrace/v1/audit?action=post_pool', { authorization, accept: 'application/x-ndjson' })).body
      .trim()
      .split('\n');
    expect(lines.map((line) => JSON.parse(line).entry.object_id)).toEqual(['one', 'two', 'three']);
  });

  test('is for those who may read all of it; of DAGs for those to whom they were granted; not for a role that reads everything else', async () => {
    const grants = [{ action: 'read' as const, object: 'dag' as const, pattern: '*' }];
    const everyDag = await caller(deps.access, { name: 'dora', grants }, 'session');
    const scoped = await caller(deps.access, { name: 'root', roles: ['admin'] }, 'key', [{ action: 'read', object: 'dag', pattern: '*' }]);
    for (const headers of [everyDag, scoped]) {
      const { audit, total_entries: total } = (await get('/headrace/v1/audit', headers)).json();
      expect([total, audit.map((one: { action: string; address: unknown }) => [one.action, one.address])]).toEqual([
        1,
        [['patch_dag', null]],
      ]);
      expect((await get('/api/v2/eventLogs', headers)).json().event_logs.map((one: { event: string }) => one.event)).toEqual(['patch_dag']);
      expect((await get('/api/v2/eventLogs/1', headers)).json().code).toBe('HR_EVENT_LOG_NOT_FOUND');
      expect((await get('/headrace/v1/audit', { ...headers, accept: 'application/x-ndjson' })).json().code).toBe('HR_FORBIDDEN');
      expect((await get('/headrace/v1/audit/verify', headers)).json().code).toBe('HR_FORBIDDEN');
    }
    for (const role of ['viewer', 'user', 'op'] as const)
      for (const url of ['/headrace/v1/audit', '/api/v2/eventLogs', '/api/v2/eventLogs/4'])
        expect((await get(url, await caller(deps.access, { name: role, roles: [role] }, 'key'))).statusCode).toBe(403);
    const collector = await caller(deps.access, { name: 'root2', roles: ['admin'] }, 'key', [
      { action: 'read', object: 'audit', pattern: '*' },
    ]);
    expect((await get('/headrace/v1/audit', collector)).json().audit.at(-1)).toMatchObject({ action: 'post_pool', address: '127.0.0.1' });
    expect((await get('/headrace/v1/audit', { ...collector, accept: 'application/x-ndjson' })).body.trim().split('\n')).toHaveLength(4);
  });

  test("is Airflow's event log", async () => {
    const { event_logs: logs, total_entries: total } = (await get('/api/v2/eventLogs?event=post_pool&order_by=-when')).json();
    expect([total, logs.map(({ event_log_id: id }: { event_log_id: number }) => id)]).toEqual([3, [3, 2, 1]]);
    expect((await get('/api/v2/eventLogs?excluded_events=post_pool')).json().event_logs).toMatchObject([
      { event: 'patch_dag', dag_id: 'sales', owner: 'admin', run_id: null },
    ]);
    expect((await get('/api/v2/eventLogs?included_events=post_pool&before=2020-01-01T00:00:00Z')).json().total_entries).toBe(0);
    expect((await get('/api/v2/eventLogs?dag_id_pattern=sal%25')).json().total_entries).toBe(1);
    expect((await get('/api/v2/eventLogs/2')).json()).toMatchObject({ event_log_id: 2, event: 'post_pool' });
    expect((await get('/api/v2/eventLogs/99')).json()).toMatchObject({ status: 404, code: 'HR_EVENT_LOG_NOT_FOUND' });
  });

  test('is verified, also against an entry that was noted elsewhere', async () => {
    const { ok, entries, head } = (await get('/headrace/v1/audit/verify')).json();
    expect([ok, entries]).toEqual([true, 4]);
    expect((await get(`/headrace/v1/audit/verify?known=${head}`)).json()).toMatchObject({ ok: true });
    await app.close();
    // Made anew, as whoever has the database could: whole, but another.
    const { audit } = createMemoryStore({ now: Date.now });
    for (const one of await written()) await audit.append({ ...one, actor: 'eve' });
    app = await buildApi({ ...deps, audit });
    expect((await get('/headrace/v1/audit/verify')).json()).toMatchObject({ ok: true });
    expect((await get(`/headrace/v1/audit/verify?known=${head}`)).json()).toMatchObject({
      ok: false,
      wrong: expect.stringContaining('noted'),
    });
  });
});
