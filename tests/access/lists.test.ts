/**
 * Lists, counts and single things by their numbers, on real rows of two DAGs of which one was granted: nothing of the other shows, in no
 * item and in no total.
 */
import { createPasswords, issueToken } from '@headrace/access';
import { type ApiDeps, buildApi, knownTokens } from '@headrace/api';
import { createConnectionBook, createKeyring, createVariableBook } from '@headrace/connections';
import { createRunCommands, DagVersions } from '@headrace/engine';
import { noMetrics, silentLog, systemClock } from '@headrace/ports';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { dagSpec, saveDag, startedRun, taskSpec } from '../../packages/store-postgres/test/support/scenario.ts';
import { type TestDatabase, testDatabase } from '../support/test-database.ts';

const ADMIN = { authorization: 'Bearer the-token-of-the-service' };
const HOUR = 3_600_000;

let database: TestDatabase;
let app: Awaited<ReturnType<typeof buildApi>>;
/** Credentials of one to whom everything of `own_…` was granted: by itself, and by a glob. */
const granted: Record<string, Record<string, string>> = {};
/** Numbers of rows, by the DAG that they are of. */
const ids: Record<string, { backfill: number; notice: number; importError: number; asset: number }> = {};

beforeAll(async () => {
  database = await testDatabase();
  for (const name of ['own', 'other']) await fill(name);
  app = await buildApi(depsOf(database));
  granted.exact = await userWith('exact', 'own_dag', 'own_asset', 'own_conn');
  granted.glob = await userWith('glob', 'own_*', '*wn_asset', 'o*n_*');
}, 60_000);
afterAll(async () => {
  await app?.close();
  await database?.drop();
});

/** Where a list lies, what it is called in the answer, and how many of it each DAG has. */
const LISTS: readonly (readonly [url: string, list: string, each: number])[] = [
  ['/api/v2/dags', 'dags', 1],
  ['/api/v2/dags?dag_id_pattern=dag', 'dags', 1],
  ['/api/v2/dags/~/dagRuns', 'dag_runs', 1],
  ['/api/v2/dags/~/dagRuns/~/taskInstances', 'task_instances', 2],
  ['/api/v2/dags/~/dagRuns/~/hitlDetails', 'hitl_details', 1],
  ['/api/v2/dags/~/dagVersions', 'dag_versions', 1],
  ['/api/v2/dagStats', 'dags', 1],
  ['/api/v2/dagWarnings', 'dag_warnings', 1],
  ['/api/v2/importErrors', 'import_errors', 1],
  ['/api/v2/assets', 'assets', 1],
  ['/api/v2/assets/events', 'asset_events', 1],
  ['/headrace/v1/notices', 'notices', 1],
  ['/headrace/v1/waits?open=false', 'waits', 1],
  ['/headrace/v1/loads', 'loads', 1],
  ['/headrace/v1/loads/latest?connection_id=shared&table=t', 'loads', 1],
  ['/headrace/v1/checks', 'checks', 1],
  ['/api/v2/connections', 'connections', 1],
  ['/api/v2/eventLogs?event=trigger_dag_run', 'event_logs', 1],
  ['/headrace/v1/audit?action=trigger_dag_run', 'audit', 1],
];

const get = async (url: string, headers: Record<string, string> = ADMIN) => {
  const answer = await app.inject({ url, headers });
  return { status: answer.statusCode, body: answer.body, json: answer.json() as Record<string, unknown> };
};

describe.each(['exact', 'glob'])('with %s grants', (who) => {
  test.each(LISTS)('%s shows what was granted, and counts no more', async (url, list, each) => {
    const [all, own] = [await get(url), await get(url, granted[who])];
    expect([all.status, (all.json[list] as unknown[]).length]).toEqual([200, 2 * each]);
    expect([own.status, (own.json[list] as unknown[]).length]).toEqual([200, each]);
    if ('total_entries' in all.json) expect([all.json.total_entries, own.json.total_entries]).toEqual([2 * each, each]);
    expect(all.body).toContain('other_');
    expect(own.body).not.toContain('other_');
  });

  test('filters cannot ask for more', async () => {
    for (const url of [
      '/api/v2/dags?dag_id_pattern=other',
      '/headrace/v1/loads?dag_id=other_dag',
      '/headrace/v1/checks?dag_id=other_dag',
      '/headrace/v1/notices?dag_id=other_dag',
      '/headrace/v1/waits?open=false&dag_id=other_dag',
      '/api/v2/assets?name_pattern=other',
      '/api/v2/assets/events?source_dag_id=other_dag',
      '/api/v2/connections?connection_id_pattern=other',
      '/api/v2/eventLogs?dag_id=other_dag',
      '/headrace/v1/audit?dag_id=other_dag',
    ]) {
      const [all, own] = [await get(url), await get(url, granted[who])];
      expect([url, all.body.includes('other_')]).toEqual([url, true]);
      expect([url, own.status, own.body.includes('"id"') || own.body.includes('other_asset')]).toEqual([url, 200, false]);
    }
  });

  test('what is of the other DAG is not there by its number either', async () => {
    const { backfill = 0, notice = 0, importError = 0, asset = 0 } = ids.other ?? {};
    for (const [url, code] of [
      [`/api/v2/backfills/${backfill}`, 'HR_BACKFILL_NOT_FOUND'],
      [`/headrace/v1/backfills/${backfill}/runs`, 'HR_BACKFILL_NOT_FOUND'],
      [`/headrace/v1/notices/${notice}`, 'HR_NOTICE_NOT_FOUND'],
      [`/api/v2/importErrors/${importError}`, 'HR_IMPORT_ERROR_NOT_FOUND'],
      [`/api/v2/assets/${asset}`, 'HR_ASSET_NOT_FOUND'],
      ['/api/v2/backfills?dag_id=other_dag', 'HR_DAG_NOT_FOUND'],
      ['/headrace/v1/assets/other_asset/partitions', 'HR_ASSET_NOT_FOUND'],
      ['/api/v2/connections/other_conn', 'HR_CONNECTION_NOT_FOUND'],
    ] as const) {
      expect([url, (await get(url)).json.code === code]).toEqual([url, false]);
      expect([url, (await get(url, granted[who])).json.code]).toEqual([url, code]);
    }
    for (const [method, url] of [
      ['PUT', `/api/v2/backfills/${backfill}/pause`],
      ['PUT', `/api/v2/backfills/${backfill}/cancel`],
      ['POST', `/headrace/v1/notices/${notice}/redeliver`],
    ] as const)
      expect((await app.inject({ method, url, headers: granted[who] ?? {} })).statusCode).toBe(404);
    expect((await get(`/api/v2/backfills/${backfill}`)).json).toMatchObject({ is_paused: false, completed_at: null, is_cancelled: false });
  });

  test('an asset names no DAG that may not be seen, nor does its event tell of one', async () => {
    const { asset = 0 } = ids.own ?? {};
    const [all, own] = [await get(`/api/v2/assets/${asset}`), await get(`/api/v2/assets/${asset}`, granted[who])];
    expect([all.body.includes('other_dag'), own.body.includes('other_dag')]).toEqual([true, false]);
  });

  test('of what was done, entries about other DAGs or about none are not there, nor from where somebody came', async () => {
    const [all, own] = [
      await get('/headrace/v1/audit?action=trigger_dag_run'),
      await get('/headrace/v1/audit?action=trigger_dag_run', granted[who]),
    ];
    const [mine, theirs] = (['own_dag', 'other_dag'] as const).map(
      (dag) => (all.json.audit as { dag_id: string; id: number }[]).find((one) => one.dag_id === dag)?.id,
    );
    expect((own.json.audit as object[]).map((one) => ({ ...one }))).toMatchObject([
      { id: mine, dag_id: 'own_dag', actor: 'somebody', address: null },
    ]);
    expect((await get(`/api/v2/eventLogs/${mine}`, granted[who])).status).toBe(200);
    expect((await get(`/api/v2/eventLogs/${theirs}`, granted[who])).json.code).toBe('HR_EVENT_LOG_NOT_FOUND');
    expect((await get(`/api/v2/eventLogs/${mine}`, granted[who])).body).not.toContain('192.0.2.7');
    expect([all.body.includes('192.0.2.7'), own.body.includes('192.0.2.7')]).toEqual([true, false]);
    const headers = { ...granted[who], accept: 'application/x-ndjson' };
    expect((await app.inject({ url: '/headrace/v1/audit', headers })).statusCode).toBe(403);
    expect((await get('/headrace/v1/audit/verify', granted[who])).status).toBe(403);
  });

  test('what is theirs is there', async () => {
    const { backfill = 0, notice = 0, importError = 0, asset = 0 } = ids.own ?? {};
    for (const url of [
      `/api/v2/backfills/${backfill}`,
      `/headrace/v1/notices/${notice}`,
      `/api/v2/importErrors/${importError}`,
      `/api/v2/assets/${asset}`,
      '/api/v2/dags/own_dag/details',
      '/api/v2/dags/own_dag/dagRuns',
      '/api/v2/connections/own_conn',
    ])
      expect([url, (await get(url, granted[who])).status]).toEqual([url, 200]);
  });
});

test('who was granted nothing is refused every list', async () => {
  const { userId } = await database.store.access.createUser({ name: 'nobody', roles: [] }, Date.now());
  const headers = await bearer(userId);
  for (const [url] of LISTS) expect([url, (await get(url, headers)).status]).toEqual([url, 403]);
});

async function userWith(name: string, dag: string, asset: string, connection: string): Promise<Record<string, string>> {
  const { access } = database.store;
  const { userId } = await access.createUser({ name, roles: [] }, Date.now());
  for (const [object, pattern] of [
    ['dag', dag],
    ['asset', asset],
    ['connection', connection],
  ] as const)
    await access.addGrant({ subject: { kind: 'user', userId }, action: 'edit', object, pattern, createdAt: Date.now() });
  return bearer(userId);
}

async function bearer(userId: string): Promise<Record<string, string>> {
  const { token, hash } = issueToken('bearer');
  const now = Date.now();
  await database.store.access.openSession({ tokenHash: hash, kind: 'bearer', userId, createdAt: now, expiresAt: now + HOUR, idleMs: HOUR });
  return { authorization: `Bearer ${token}` };
}

/** A DAG with a run, and one row of everything that is listed. */
async function fill(name: string): Promise<void> {
  const { store, sql } = database;
  const dagId = `${name}_dag`;
  const spec = dagSpec(dagId, [taskSpec('a'), taskSpec('b', { pool: `${name}_no_pool` })]);
  await saveDag(store, spec, `export default '${name}'`);
  const { runKey, runId } = await startedRun(store, spec);
  const number = async (text: string, values: unknown[]): Promise<number> =>
    Number((await sql.query<{ id: string }>(text, values)).rows[0]?.id);
  const task = await number("select id from task_instance where dag_run_id = $1 and task_id = 'a'", [runKey]);

  await sql.query(
    `insert into wait (task_instance_id, attempt, try_number, key, kind, condition, on_timeout)
     values ($1, 0, 0, 'w', 'input', $2, 'fail')`,
    [task, { kind: 'input', form: { subject: `${name}_form`, schema: { type: 'boolean' }, assignees: [] } }],
  );
  await sql.query(
    `insert into data_load (dag_id, run_id, task_id, map_index, try_number, task_instance_id, kind, connection, place, partition,
       partition_key, rows_in, rows_out, rows_deduplicated, rows_quarantined, schema_hash, columns)
     values ($1, $2, 'a', -1, 1, $3, 'load', 'shared', 't', '{}', $4, 1, 1, 0, 0, 'h', '[]')`,
    [dagId, runId, task, `${name}=1/`],
  );
  await sql.query(
    `insert into data_check (dag_id, run_id, task_id, map_index, try_number, task_instance_id, connection, place, partition, partition_key,
       name, columns, severity, ok, count, samples)
     values ($1, $2, 'a', -1, 1, $3, 'shared', 't', '{}', '', 'rows', '{}', 'error', true, 0, '[]')`,
    [dagId, runId, task],
  );
  const asset = await number('insert into asset (name, spec) values ($1, $2) returning id', [`${name}_asset`, { name: `${name}_asset` }]);
  await sql.query(
    'insert into asset_event (asset_id, extra, source_run_key, source_dag_id, source_run_id, source_task_id, source_map_index) values ($1, $2, $3, $4, $5, $6, -1)',
    [asset, {}, runKey, dagId, runId, 'a'],
  );
  // Each is made by both DAGs, as soon as the other is there.
  await sql.query(
    `insert into asset_reference (asset_id, dag_id, task_id, kind)
     select a.id, d.dag_id, 'a', 'outlet' from asset a, dag d on conflict do nothing`,
  );
  const notice = await number(
    `insert into notice (key, idempotency_key, event, dag_id, run_id, target, payload)
     values ($1, $1, 'run.failed', $2, $3, $4, $5) returning id`,
    [`${name}_notice`, dagId, runId, { kind: 'webhook', url: 'https://example.com' }, { event: 'run.failed', dagId, runId }],
  );
  const importError = await number('insert into import_error (file, code, message) values ($1, $2, $3) returning id', [
    `${dagId}.ts`,
    'HR_SYNTAX',
    `${name}_ is wrong`,
  ]);
  const backfill = await number(
    `insert into backfill (dag_id, from_at, to_at, params, reprocess, backwards, max_active_runs, priority_class)
     values ($1, now(), now(), '{}', 'none', false, 1, 1) returning id`,
    [dagId],
  );
  await store.audit.append({
    at: Date.now(),
    actor_kind: 'user',
    actor: 'somebody',
    address: '192.0.2.7',
    action: 'trigger_dag_run',
    object: 'run',
    object_id: runId,
    dag_id: dagId,
    run_id: runId,
    outcome: 'allowed',
  });
  await store.connections.create({ connId: `${name}_conn`, connType: 'postgres', settings: { host: name, extra: {} } });
  ids[name] = { backfill, notice, importError, asset };
}

function depsOf({ store }: TestDatabase): ApiDeps {
  const keyring = createKeyring({ previous: [] });
  const unused = async (): Promise<never> => {
    throw new Error('not for this test');
  };
  return {
    queries: store.queries,
    stateChanges: { events: store.events, states: store.states },
    commands: store.commands,
    notices: store.notices,
    dagVersions: store.versions,
    explain: store.explain,
    waits: store.waits,
    pools: store.pools,
    connections: createConnectionBook(store.connections, keyring),
    variables: createVariableBook(store.variables, keyring),
    settings: [],
    connectionUrl: () => undefined,
    dataAdmin: { testConnection: unused, listCursors: unused, rewindCursor: unused, resetCursor: unused },
    dataReports: store.dataReports,
    lineage: store.lineage,
    progress: store.progress,
    catalog: store.catalog,
    backfills: store.backfills,
    assets: store.assets,
    objects: { get: unused, head: async () => undefined },
    logKeyOf: () => 'none',
    runCommands: createRunCommands({ store: store.commands, versions: new DagVersions(store.scheduler), clock: systemClock }),
    validateParams: async (_, params) => ({ ok: true, params }),
    authenticate: knownTokens([{ token: 'the-token-of-the-service', name: 'service' }]),
    access: {
      store: store.access,
      passwords: createPasswords({ ln: 4, r: 1, p: 1 }),
      now: Date.now,
      settings: { sessionIdleMs: HOUR, sessionMs: HOUR, tokenMs: HOUR, corsOrigins: [], trustProxy: [] },
    },
    audit: store.audit,
    idempotency: store.idempotency,
    log: silentLog,
    metrics: noMetrics,
    version: '0.0.0-test',
    health: () => store.queries.health(),
  };
}
