/**
 * Our answers against the schemas of Airflow's own REST API v2. Optional: the document is not ours to carry. It is looked for at
 * HEADRACE_AIRFLOW_SPEC, then beside the repository.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Ajv, type ValidateFunction } from 'ajv';
import type { FastifyInstance, InjectOptions } from 'fastify';
import { parse } from 'yaml';
import { buildApi } from '../src/index.ts';
import { NOT_TAKEN, OPERATIONS, OURS } from './support/airflow-operations.ts';
import { authorization, createFixture } from './support/fixture.ts';

const beside = fileURLToPath(new URL('../../../../shared/specs/airflow-rest-v2.yaml', import.meta.url));
const file = process.env.HEADRACE_AIRFLOW_SPEC ?? beside;
const withSpec = existsSync(file) ? describe : describe.skip;

const run = '/dags/sales/dagRuns';
/** Ours: [path in the document, request]. */
const CALLS: readonly [string, InjectOptions & { url: string }][] = [
  ['/monitor/health', { url: '/monitor/health' }],
  ['/version', { url: '/version' }],
  ['/eventLogs', { url: '/eventLogs' }],
  ['/eventLogs', { url: '/eventLogs?event=post_connection&owner=admin&order_by=-when&limit=1' }],
  ['/eventLogs/{event_log_id}', { url: '/eventLogs/1' }],
  ['/dags', { url: '/dags' }],
  ['/dags/{dag_id}', { url: '/dags/sales' }],
  ['/dags/{dag_id}', { url: '/dags/sales', method: 'PATCH', payload: { is_paused: true } }],
  ['/dags/{dag_id}/details', { url: '/dags/sales/details' }],
  ['/dags/{dag_id}/tasks', { url: '/dags/sales/tasks' }],
  ['/dags/{dag_id}/tasks/{task_id}', { url: '/dags/sales/tasks/extract' }],
  ['/pools', { url: '/pools' }],
  ['/pools', { url: '/pools?pool_name_pattern=de&order_by=-name' }],
  ['/pools/{pool_name}', { url: '/pools/default_pool' }],
  ['/pools/{pool_name}', { url: '/pools/default_pool?update_mask=slots', method: 'PATCH', payload: { slots: -1 } }],
  ['/connections', { url: '/connections?connection_id_pattern=c&order_by=-host' }],
  ['/connections/{connection_id}', { url: '/connections/c' }],
  [
    '/connections/{connection_id}',
    { url: '/connections/c?update_mask=port', method: 'PATCH', payload: { connection_id: 'c', conn_type: 'http', port: 1 } },
  ],
  ['/connections/test', { url: '/connections/test', method: 'POST', payload: { connection_id: 'c', conn_type: 'http', host: 'h' } }],
  ['/assets', { url: '/assets' }],
  ['/assets/{asset_id}', { url: '/assets/4' }],
  ['/assets/aliases', { url: '/assets/aliases' }],
  ['/assets/events', { url: '/assets/events' }],
  ['/assets/events', { url: '/assets/events', method: 'POST', payload: { asset_id: 4, extra: { rows: 1 } } }],
  ['/assets/{asset_id}/materialize', { url: '/assets/4/materialize', method: 'POST', payload: { dag_run_id: 'materialized' } }],
  ['/assets/{asset_id}/queuedEvents', { url: '/assets/4/queuedEvents' }],
  ['/dags/{dag_id}/assets/queuedEvents', { url: '/dags/sales/assets/queuedEvents' }],
  ['/dags/{dag_id}/assets/{asset_id}/queuedEvents', { url: '/dags/sales/assets/4/queuedEvents' }],
  ['/dags/{dag_id}/dagRuns/{dag_run_id}/upstreamAssetEvents', { url: `${run}/r2/upstreamAssetEvents` }],
  ['/dagSources/{dag_id}', { url: '/dagSources/sales?version_number=2' }],
  ['/importErrors', { url: '/importErrors' }],
  ['/importErrors/{import_error_id}', { url: '/importErrors/12' }],
  ['/dags/{dag_id}/dagRuns', { url: run }],
  ['/dags/{dag_id}/dagRuns', { url: run, method: 'POST', payload: { logical_date: '2024-02-01T00:00:00Z' } }],
  ['/dags/{dag_id}/dagRuns/{dag_run_id}', { url: `${run}/r1` }],
  ['/dags/{dag_id}/dagRuns/{dag_run_id}', { url: `${run}/r2`, method: 'PATCH', payload: { note: 'n', state: 'failed' } }],
  ['/dags/{dag_id}/dagRuns/{dag_run_id}/clear', { url: `${run}/r1/clear`, method: 'POST', payload: { dry_run: true } }],
  ['/dags/{dag_id}/dagRuns/{dag_run_id}/clear', { url: `${run}/r1/clear`, method: 'POST', payload: { dry_run: false } }],
  ['/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances', { url: `${run}/r1/taskInstances` }],
  ['/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}', { url: `${run}/r1/taskInstances/transform` }],
  ['/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}', { url: `${run}/r2/taskInstances/publish` }],
  ['/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}', { url: `${run}/r1/taskInstances/extract/-1` }],
  ['/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/tries', { url: `${run}/r1/taskInstances/extract/tries` }],
  [
    '/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/tries/{task_try_number}',
    { url: `${run}/r1/taskInstances/extract/tries/1` },
  ],
  ['/dags/{dag_id}/dagRuns/{dag_run_id}/hitlDetails', { url: `${run}/r1/hitlDetails` }],
  [
    '/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/hitlDetails',
    { url: `${run}/r1/taskInstances/extract/-1/hitlDetails` },
  ],
  [
    '/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/hitlDetails',
    { url: `${run}/r1/taskInstances/extract/-1/hitlDetails`, method: 'PATCH', payload: { chosen_options: ['Approve'] } },
  ],
  ['/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/logs/{try_number}', { url: `${run}/r1/taskInstances/extract/logs/2` }],
  [
    '/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/xcomEntries/{xcom_key}',
    { url: `${run}/r1/taskInstances/extract/xcomEntries/return_value` },
  ],
  [
    '/backfills',
    { url: '/backfills', method: 'POST', payload: { dag_id: 'sales', from_date: '2024-01-01T00:00:00Z', to_date: '2024-01-05T00:00:00Z' } },
  ],
  ['/backfills', { url: '/backfills?dag_id=sales&order_by=-id' }],
  [
    '/backfills/dry_run',
    {
      url: '/backfills/dry_run',
      method: 'POST',
      payload: { dag_id: 'sales', from_date: '2024-01-01T00:00:00Z', to_date: '2024-01-05T00:00:00Z', run_backwards: true },
    },
  ],
  ['/backfills/{backfill_id}', { url: '/backfills/1' }],
  ['/backfills/{backfill_id}/pause', { url: '/backfills/1/pause', method: 'PUT' }],
  ['/backfills/{backfill_id}/unpause', { url: '/backfills/1/unpause', method: 'PUT' }],
  ['/backfills/{backfill_id}/cancel', { url: '/backfills/1/cancel', method: 'PUT' }],
  ['/dags/{dag_id}/clearTaskInstances', { url: '/dags/sales/clearTaskInstances', method: 'POST', payload: { dag_run_id: 'r1' } }],
  // What came with the rest of Airflow's operations.
  ['/config', { url: '/config?section=headrace' }],
  ['/config/section/{section}/option/{option}', { url: '/config/section/headrace/option/HEADRACE_PORT' }],
  ['/connections', { url: '/connections', method: 'POST', payload: { connection_id: 'd', conn_type: 'http', host: 'h' } }],
  [
    '/connections',
    {
      url: '/connections',
      method: 'PATCH',
      payload: {
        actions: [
          { action: 'create', entities: [{ connection_id: 'c', conn_type: 'http', host: 'h' }], action_on_existence: 'fail' },
          { action: 'update', entities: [{ connection_id: 'd', conn_type: 'http', port: 8080 }], update_mask: ['port'] },
          { action: 'delete', entities: ['d', { connection_id: 'none', conn_type: 'http' }], action_on_non_existence: 'skip' },
        ],
      },
    },
  ],
  ['/connections/{connection_id}', { url: '/connections/c', method: 'DELETE' }],
  ['/pools', { url: '/pools', method: 'POST', payload: { name: 'p', slots: 2 } }],
  [
    '/pools',
    {
      url: '/pools',
      method: 'PATCH',
      payload: { actions: [{ action: 'create', entities: [{ name: 'p', slots: 3 }], action_on_existence: 'overwrite' }] },
    },
  ],
  ['/pools/{pool_name}', { url: '/pools/p', method: 'DELETE' }],
  ['/variables', { url: '/variables', method: 'POST', payload: { key: 'region', value: { north: 1 }, description: 'where' } }],
  ['/variables', { url: '/variables?order_by=-key&variable_key_pattern=reg%25' }],
  ['/variables/{variable_key}', { url: '/variables/region' }],
  [
    '/variables/{variable_key}',
    { url: '/variables/region?update_mask=value', method: 'PATCH', payload: { key: 'region', value: 'south' } },
  ],
  [
    '/variables',
    {
      url: '/variables',
      method: 'PATCH',
      payload: {
        actions: [
          {
            action: 'create',
            entities: [
              { key: 'region', value: 1 },
              { key: 'other', value: 1 },
            ],
            action_on_existence: 'skip',
          },
          { action: 'delete', entities: ['other', 'nothing'] },
        ],
      },
    },
  ],
  ['/variables/{variable_key}', { url: '/variables/region', method: 'DELETE' }],
  ['/dagStats', { url: '/dagStats?dag_ids=sales' }],
  ['/dagTags', { url: '/dagTags?tag_name_pattern=sh&order_by=-name' }],
  ['/dagWarnings', { url: '/dagWarnings?dag_id=sales&warning_type=non-existent%20pool' }],
  ['/dags', { url: '/dags?tags=shop&paused=true', method: 'PATCH', payload: { is_paused: false } }],
  ['/dags/{dag_id}/favorite', { url: '/dags/sales/favorite', method: 'POST' }],
  ['/dags/{dag_id}/unfavorite', { url: '/dags/sales/unfavorite', method: 'POST' }],
  ['/dags/{dag_id}/dagVersions', { url: '/dags/sales/dagVersions' }],
  ['/dags/{dag_id}/dagVersions/{version_number}', { url: '/dags/sales/dagVersions/2' }],
  ['/dags/{dag_id}/dagRuns/list', { url: '/dags/~/dagRuns/list', method: 'POST', payload: { dag_ids: ['sales'], states: ['failed'] } }],
  [
    '/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/list',
    { url: `/dags/~/dagRuns/~/taskInstances/list`, method: 'POST', payload: { state: ['success', null] } },
  ],
  ['/dags/{dag_id}/dagRuns/{dag_run_id}/wait', { url: `${run}/r1/wait?interval=1&result=extract` }],
  ...(['', '/-1'] as const).flatMap((index): [string, InjectOptions & { url: string }][] => {
    const theirs = `/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}${index === '' ? '' : '/{map_index}'}`;
    const ours = `${run}/r1/taskInstances/transform${index}`;
    const mark = { method: 'PATCH', payload: { new_state: 'success', note: 'by hand' } } as const;
    return [
      [theirs, { url: ours, ...mark }],
      [`${theirs}/dry_run`, { url: `${ours}/dry_run`, ...mark }],
      [`${theirs}/dependencies`, { url: `${ours}/dependencies` }],
    ];
  }),
  ['/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/listMapped', { url: `${run}/r1/taskInstances/extract/listMapped` }],
  ['/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/links', { url: `${run}/r1/taskInstances/extract/links` }],
  ['/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/tries', { url: `${run}/r1/taskInstances/extract/-1/tries` }],
  [
    '/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/tries/{task_try_number}',
    { url: `${run}/r1/taskInstances/extract/-1/tries/1` },
  ],
  [
    '/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/hitlDetails/tries/{try_number}',
    { url: `${run}/r1/taskInstances/extract/-1/hitlDetails/tries/1` },
  ],
  [
    '/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances',
    {
      url: `${run}/r1/taskInstances`,
      method: 'PATCH',
      payload: {
        actions: [
          {
            action: 'update',
            entities: [
              { task_id: 'transform', new_state: 'success' },
              { task_id: 'nobody', new_state: 'success' },
            ],
          },
          { action: 'delete', entities: ['extract'] },
        ],
      },
    },
  ],
  ['/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/xcomEntries', { url: `/dags/~/dagRuns/~/taskInstances/~/xcomEntries` }],
  [
    '/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/xcomEntries/{xcom_key}',
    { url: `${run}/r1/taskInstances/extract/xcomEntries/return_value`, method: 'PATCH', payload: { value: [1] } },
  ],
  [
    '/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/xcomEntries/{xcom_key}',
    { url: `${run}/r1/taskInstances/extract/xcomEntries/return_value`, method: 'DELETE' },
  ],
  ['/jobs', { url: '/jobs?is_alive=true&order_by=-latest_heartbeat' }],
  ['/plugins', { url: '/plugins' }],
  ['/plugins/importErrors', { url: '/plugins/importErrors' }],
  ['/providers', { url: '/providers?limit=2' }],
  ['/dags/{dag_id}/dagRuns/{dag_run_id}', { url: `${run}/r1`, method: 'DELETE' }],
  // By now the log is full of all that was asked before.
  ['/eventLogs', { url: '/eventLogs?limit=100&order_by=-id' }],
];

withSpec("Airflow's document of its REST API v2", () => {
  let app: FastifyInstance;
  let document: OpenApi;
  beforeAll(async () => {
    document = asJsonSchema(parse(readFileSync(file, 'utf8'))) as OpenApi;
    const fixture = createFixture();
    fixture.waits.addForm({ schema: { type: 'boolean' } });
    app = await buildApi(fixture.deps);
    const connection = { connection_id: 'c', conn_type: 'http', host: 'h', password: 'p' };
    await app.inject({ url: '/api/v2/connections', method: 'POST', payload: connection, headers: { authorization } });
  });
  afterAll(() => app.close());

  test.each(CALLS)('describes our answer of %s (%j)', async (path, request) => {
    const method = (request.method ?? 'GET').toLowerCase();
    const answer = await app.inject({ ...request, url: `/api/v2${request.url}`, headers: { authorization } });
    const described = document.paths[`/api/v2${path}`]?.[method]?.responses[String(answer.statusCode)];
    expect([answer.statusCode < 300, described !== undefined, answer.body]).toEqual([true, true, answer.body]);
    if (answer.statusCode === 204 || !/^application\/json/.test(String(answer.headers['content-type']))) return;
    const validate = validator(document, path, method, answer.statusCode);
    const valid = validate(JSON.parse(answer.body, asTheDocumentKnows));
    expect({ valid, errors: validate.errors }).toEqual({ valid: true, errors: null });
  });

  test('has the operations that our list of them has', () => {
    const theirs = operationsOf(document).map(({ id, method, path }) => `${id} ${method} ${path.slice('/api/v2'.length)}`);
    expect(OPERATIONS.map(({ id, method, path }) => `${id} ${method} ${path}`).sort()).toEqual(theirs.sort());
  });

  test('has an answer of ours checked for each operation that is served', () => {
    const checked = new Set(CALLS.map(([path, { method = 'GET' }]) => `${method} ${path}`));
    const unchecked = OPERATIONS.filter(
      ({ id, method, path, served }) => served && !CHECKED_ELSEWHERE.has(id) && !checked.has(`${method} ${path}`),
    );
    expect(unchecked.map(({ id }) => id)).toEqual([]);
  });

  test('has each parameter and body field that we take, unless it is in the list of ours, and we take each of its, unless that is in the list', async () => {
    const ours = (await app.inject({ url: '/openapi.json' })).json() as OpenApi;
    const served = OPERATIONS.filter(({ id, served }) => served && !CHECKED_ELSEWHERE.has(id));
    const differing = served.map(({ id, path, method }) => {
      const key = method.toLowerCase();
      const theirs = namesOf(document.paths[`/api/v2${path}`]?.[key], document);
      const taken = namesOf(ours.paths[`/api/v2${path}`]?.[key], ours);
      return {
        beyond: [...taken].filter((name) => !theirs.has(name)).map((name) => `${id} ${name}`),
        missing: [...theirs].filter((name) => !taken.has(name)).map((name) => `${id} ${name}`),
      };
    });
    expect(differing.flatMap(({ beyond }) => beyond).sort()).toEqual(Object.keys(OURS).sort());
    expect(differing.flatMap(({ missing }) => missing).sort()).toEqual(Object.keys(NOT_TAKEN).sort());
  });
});

/** By the suites of access, tasks and assets. */
const CHECKED_ELSEWHERE: ReadonlySet<string> = new Set([
  // They answer with where to go.
  'login',
  'logout',
  // Needs a success without a result.
  'create_xcom_entry',
  // They end what the other calls look at.
  'delete_dag',
  'delete_task_instance',
  'delete_asset_queued_events',
  'delete_dag_asset_queued_events',
  'delete_dag_asset_queued_event',
]);

function operationsOf({ paths }: OpenApi) {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId }]) => ({ id: operationId, method: method.toUpperCase(), path })),
  );
}

if (withSpec === describe.skip)
  console.warn(`SKIPPED: our answers against Airflow's schemas, because ${file} is not there (HEADRACE_AIRFLOW_SPEC names it)`);

/** Airflow 3.3's client asks for `triggering` of a run that an event made; the document, which is older, knows of no such field. */
function asTheDocumentKnows(name: string, value: unknown): unknown {
  return name === 'triggering' ? undefined : value;
}

interface BodySchema {
  readonly $ref?: string;
  readonly properties?: object;
  readonly anyOf?: readonly BodySchema[];
}

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { readonly schema: BodySchema }>>;
  };
  readonly responses: Readonly<Record<string, { readonly content: Readonly<Record<string, { readonly schema: object }>> }>>;
}
interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, { readonly properties?: object }>> };
}

function validator(document: OpenApi, path: string, method: string, status: number): ValidateFunction {
  const schema = document.paths[`/api/v2${path}`]?.[method]?.responses[String(status)]?.content['application/json']?.schema;
  if (schema === undefined) throw new Error(`${method} ${path} is not in the document`);
  const formats = {
    'date-time': (text: string) => /^\d{4}-\d\d-\d\dT.*Z$/.test(text) && !Number.isNaN(Date.parse(text)),
    uuid: /^[0-9a-f-]{36}$/,
    duration: true,
  } as const;
  const ajv = new Ajv({ strict: false, allErrors: true, formats });
  return ajv.compile({ ...schema, components: document.components });
}

/** OpenAPI 3.0 says `nullable: true`; JSON Schema says it with a type. */
function asJsonSchema(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(asJsonSchema);
  if (node === null || typeof node !== 'object') return node;
  const { nullable, ...rest } = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, asJsonSchema(value)]));
  return nullable === true ? { anyOf: [rest, { type: 'null' }] } : rest;
}

function namesOf(operation: Operation | undefined, document: OpenApi): Set<string> {
  // A header is asked for by what the answer can be.
  const names = (operation?.parameters ?? []).flatMap(({ name, in: place }) => (place === 'header' ? [] : [name]));
  const body = operation?.requestBody?.content['application/json']?.schema;
  // A body that may be null.
  const given = body?.anyOf?.[0] ?? body;
  const resolved = given?.$ref === undefined ? given : document.components.schemas[given.$ref.split('/').at(-1) ?? ''];
  return new Set([...names, ...Object.keys(resolved?.properties ?? {})]);
}
