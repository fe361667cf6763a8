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
import { authorization, createFixture } from './support/fixture.ts';

const beside = fileURLToPath(new URL('../../../../shared/specs/airflow-rest-v2.yaml', import.meta.url));
const file = process.env.HEADRACE_AIRFLOW_SPEC ?? beside;
const withSpec = existsSync(file) ? describe : describe.skip;

const run = '/dags/sales/dagRuns';
/** Ours: [path in the document, request]. */
const CALLS: readonly [string, InjectOptions & { url: string }][] = [
  ['/monitor/health', { url: '/monitor/health' }],
  ['/version', { url: '/version' }],
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
    const validate = validator(document, path, method);
    const answer = await app.inject({ ...request, url: `/api/v2${request.url}`, headers: { authorization } });
    expect(answer.statusCode).toBe(200);
    const valid = validate(answer.json());
    expect({ valid, errors: validate.errors }).toEqual({ valid: true, errors: null });
  });

  test('knows every parameter and every body field that we take, under the same name', async () => {
    const ours = (await app.inject({ url: '/openapi.json' })).json() as OpenApi;
    const paths = [...new Set(CALLS.map(([path]) => path))];
    const unknown = paths.flatMap((path) =>
      Object.entries(ours.paths[`/api/v2${path}`] ?? {}).flatMap(([method, operation]) => {
        const theirs = namesOf(document.paths[`/api/v2${path}`]?.[method], document);
        return [...namesOf(operation, ours)].filter((name) => !theirs.has(name)).map((name) => `${method} ${path} ${name}`);
      }),
    );
    expect(unknown).toEqual(BEYOND_AIRFLOW);
  });
});

if (withSpec === describe.skip)
  console.warn(`SKIPPED: our answers against Airflow's schemas, because ${file} is not there (HEADRACE_AIRFLOW_SPEC names it)`);

/** What we take beside Airflow's own: it has no loops. */
const BEYOND_AIRFLOW = ['post /dags/{dag_id}/clearTaskInstances include_later_loop_iterations'];

interface BodySchema {
  readonly $ref?: string;
  readonly properties?: object;
  readonly anyOf?: readonly BodySchema[];
}

interface Operation {
  readonly parameters?: readonly { readonly name: string }[];
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { readonly schema: BodySchema }>>;
  };
  readonly responses: Readonly<Record<string, { readonly content: Readonly<Record<string, { readonly schema: object }>> }>>;
}
interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, { readonly properties?: object }>> };
}

function validator(document: OpenApi, path: string, method: string): ValidateFunction {
  const schema = document.paths[`/api/v2${path}`]?.[method]?.responses['200']?.content['application/json']?.schema;
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
  const names = (operation?.parameters ?? []).map(({ name }) => name);
  const body = operation?.requestBody?.content['application/json']?.schema;
  // A body that may be null.
  const given = body?.anyOf?.[0] ?? body;
  const resolved = given?.$ref === undefined ? given : document.components.schemas[given.$ref.split('/').at(-1) ?? ''];
  return new Set([...names, ...Object.keys(resolved?.properties ?? {})]);
}
