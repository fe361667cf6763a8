/**
 * What others can see of a run: its trace, its lineage and its logs. Real scheduler, worker and API processes, which share nothing but
 * PostgreSQL, Redis and the object store; a collector and a lineage backend that take what the specifications say.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { LineageGraph, LogSearchResult } from '@headrace/api-contract';
import { silentLog } from '@headrace/ports';
import { migrate } from '@headrace/store-postgres';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { problemsOf } from '../../packages/lineage/test/validate-event.ts';
import { type HeadraceProcess, headrace, startHeadrace } from '../support/headrace-process.ts';
import { until } from '../support/poll.ts';
import { type PostgresServer, startPostgres, WITHOUT_SYNC } from '../support/postgres-server.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';

const TOKEN = 'a-token-for-this-test';
const PASSWORD = 'pässword-of-the/tills';
const CALLER = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status?: { readonly code?: number };
  readonly service: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

interface LineageEvent {
  readonly eventType: string;
  readonly run: { readonly runId: string; readonly facets: Readonly<Record<string, { readonly run?: { readonly runId: string } }>> };
  readonly job: { readonly name: string };
  readonly inputs: readonly { readonly namespace: string; readonly name: string }[];
  readonly outputs: readonly { readonly namespace: string; readonly name: string; readonly facets: Readonly<Record<string, unknown>> }[];
}

let postgres: PostgresServer;
let redis: RedisServer;
let home: string;
let receiver: Server;
let environment: Record<string, string>;
let processes: HeadraceProcess[] = [];
let address: string;
const spans: Span[] = [];
const lineage: LineageEvent[] = [];
let runId: string;
let live: { readonly at: number; readonly text: string }[] = [];

beforeAll(async () => {
  [postgres, redis] = await Promise.all([startPostgres({ settings: WITHOUT_SYNC }), startRedis()]);
  home = mkdtempSync(join(tmpdir(), 'headrace-observed-'));
  for (const folder of ['lake', 'out', 'objects']) mkdirSync(join(home, folder));
  await migrate(postgres.url, { log: silentLog });
  await prepareOrders();
  receiver = createServer(async (request, response) => {
    let body = '';
    for await (const piece of request.setEncoding('utf8')) body += piece;
    if (request.url === '/v1/traces') spans.push(...spansIn(JSON.parse(body)));
    else lineage.push(JSON.parse(body) as LineageEvent);
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const there = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  const pos = new URL(postgres.url);
  pos.username = 'tills';
  pos.password = PASSWORD;
  environment = {
    DATABASE_URL: postgres.url,
    REDIS_URL: redis.url,
    HEADRACE_DAGS: fileURLToPath(new URL('observed', import.meta.url)),
    HEADRACE_OBJECTS: pathToFileURL(join(home, 'objects')).href,
    HEADRACE_METRICS_PORT: '0',
    HEADRACE_PORT: '0',
    HEADRACE_TOKEN: TOKEN,
    HEADRACE_LOG_LEVEL: 'warn',
    HEADRACE_CONN_POS: pos.href,
    HEADRACE_CONN_LAKE: pathToFileURL(join(home, 'lake')).href,
    HEADRACE_CONN_OUT: pathToFileURL(join(home, 'out')).href,
    OTEL_EXPORTER_OTLP_ENDPOINT: there,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_BSP_SCHEDULE_DELAY: '100',
    OPENLINEAGE_URL: there,
    OPENLINEAGE_NAMESPACE: 'test',
  };
  // Each has a home of its own: nothing is shared by accident.
  const start = (role: 'api' | 'scheduler' | 'worker') => startHeadrace(role, { ...environment, HEADRACE_HOME: join(home, role) });
  processes = await Promise.all([start('api'), start('scheduler'), start('worker')]);
  address = processes[0]?.address ?? '';
  await until('the DAG to be registered', async () => ((await get('/api/v2/dags/observed')).status === 200 ? true : undefined));
  const triggered = await fetch(`${address}/api/v2/dags/observed/dagRuns`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${TOKEN}`,
      'content-type': 'application/json',
      traceparent: `00-${CALLER.traceId}-${CALLER.spanId}-01`,
    },
    body: JSON.stringify({ logical_date: null }),
  });
  runId = ((await triggered.json()) as { dag_run_id: string }).dag_run_id;
  live = await followed('slow');
  await until('the run to end', async () => {
    const { body } = await get<{ state: string }>(`/api/v2/dags/observed/dagRuns/${encodeURIComponent(runId)}`);
    return body.state === 'success' || body.state === 'failed' ? body.state : undefined;
  });
  await until('the span of the run', async () => spans.find(({ name }) => name === 'run observed'));
  await until('the span of the report', async () => spans.find(({ name }) => name === 'task observed.report'));
  await until('the end of the run in the lineage', async () =>
    lineage.find(({ eventType, job }) => job.name === 'observed' && eventType === 'COMPLETE'),
  );
  await until('the end of all tasks in the lineage', async () => {
    const ended = lineage.filter(({ eventType, job }) => eventType === 'COMPLETE' && job.name.startsWith('observed.'));
    return new Set(ended.map(({ job }) => job.name)).size === 6 ? true : undefined;
  });
}, 180_000);

afterAll(async () => {
  await Promise.all(processes.map((child) => child.stop()));
  await new Promise((resolve) => (receiver === undefined ? resolve(undefined) : receiver.close(resolve)));
  await redis?.stop();
  await postgres?.stop();
  if (home !== undefined) rmSync(home, { recursive: true, force: true });
}, 60_000);

async function prepareOrders(): Promise<void> {
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  await client.query(`create role tills login superuser password '${PASSWORD}'`);
  await client.query('create table public.orders (id bigint, amount numeric(18,2), shop text)');
  await client.query(`insert into public.orders select n, n, 'shop ' || n % 3 from generate_series(1, 100) as n`);
  await client.end();
}

async function get<Body = unknown>(path: string): Promise<{ readonly status: number; readonly body: Body }> {
  const answer = await fetch(`${address}${path}`, { headers: { authorization: `Bearer ${TOKEN}` } });
  return { status: answer.status, body: (await answer.json()) as Body };
}

/** The live log of a task until it ends, each piece with the time at which it came. */
async function followed(taskId: string): Promise<{ readonly at: number; readonly text: string }[]> {
  const path = `/headrace/v1/dags/observed/dagRuns/${encodeURIComponent(runId)}/taskInstances/${taskId}/-1/logs/1/live`;
  const response = await until('the task to be there', async () => {
    const answer = await fetch(`${address}${path}`, { headers: { authorization: `Bearer ${TOKEN}` } });
    return answer.ok ? answer : undefined;
  });
  const pieces: { readonly at: number; readonly text: string }[] = [];
  for await (const text of response.body?.pipeThrough(new TextDecoderStream()) ?? []) pieces.push({ at: performance.now(), text });
  return pieces;
}

interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

function spansIn(body: {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly {
      readonly spans: readonly (Omit<Span, 'attributes' | 'service'> & { readonly attributes: readonly Attribute[] })[];
    }[];
  }[];
}): readonly Span[] {
  const flat = (attributes: readonly Attribute[]) => Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
  return body.resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap((scope) =>
      scope.spans.map((span) => ({
        ...span,
        attributes: flat(span.attributes),
        service: String(flat(resource.attributes)['service.name']),
      })),
    ),
  );
}

const OK = 1;
const ERROR = 2;

describe('the trace of a run', () => {
  const named = (name: string): readonly Span[] => spans.filter((span) => span.name === name);

  test('is one, goes on with the trace of who asked for it, and has no span twice', () => {
    expect([...new Set(spans.map(({ traceId }) => traceId))]).toEqual([CALLER.traceId]);
    expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(spans.length);
  });

  test('reaches from the request over run and attempts to what tasks do, each below what it belongs to', () => {
    const [request] = named('POST /api/v2/dags/:dag_id/dagRuns');
    expect(request).toMatchObject({ parentSpanId: CALLER.spanId, service: 'headrace-api' });
    const [run] = named('run observed');
    expect(run).toMatchObject({ parentSpanId: request?.spanId, service: 'headrace-scheduler', status: { code: OK } });
    for (const taskId of ['extract_orders', 'load_orders', 'totals', 'report', 'slow']) {
      expect(named(`task observed.${taskId}`)).toMatchObject([
        { parentSpanId: run?.spanId, service: 'headrace-worker', status: { code: OK } },
      ]);
    }
    const byId = new Map(spans.map((span) => [span.spanId, span]));
    const parentOf = (span: Span | undefined) => byId.get(span?.parentSpanId ?? '');
    for (const [operation, taskId] of Object.entries({
      extract: 'extract_orders',
      load: 'load_orders',
      transform: 'totals',
      export: 'report',
    })) {
      const [span] = named(operation);
      const inProcess = parentOf(span);
      expect(inProcess?.name).toBe('run in a task process');
      expect(parentOf(inProcess)?.name).toBe(`task observed.${taskId}`);
    }
    expect(parentOf(named('my step')[0])?.name).toBe('run in a task process');
    // Nothing hangs in the air but the request, whose parent is the caller's.
    expect(spans.filter((span) => parentOf(span) === undefined)).toEqual([request]);
  });

  test('shows each try, with how it ended and how long it waited', () => {
    const tries = named('task observed.flaky').toSorted((a, b) => (a.startTimeUnixNano < b.startTimeUnixNano ? -1 : 1));
    expect(tries.map(({ status, attributes }) => [status?.code, attributes['headrace.try_number'], attributes['headrace.state']])).toEqual([
      [ERROR, 1, 'up_for_retry'],
      [OK, 2, 'success'],
    ]);
    for (const { spanId } of tries) {
      const below = spans.filter(({ parentSpanId }) => parentSpanId === spanId).map(({ name }) => name);
      expect(below.toSorted()).toEqual(['run in a task process', 'wait for a worker']);
    }
    for (const span of spans) expect(BigInt(span.endTimeUnixNano) >= BigInt(span.startTimeUnixNano)).toBe(true);
  });

  test('holds no SQL and no secret', () => {
    const all = JSON.stringify(spans);
    for (const secret of [PASSWORD, encodeURIComponent(PASSWORD), 'select shop']) expect(all).not.toContain(secret);
  });

  test('is named in the logs', async () => {
    const { body } = await get<LogSearchResult>(
      `/headrace/v1/dags/observed/dagRuns/${encodeURIComponent(runId)}/logs/search?text=within%20my`,
    );
    expect(body.matches).toHaveLength(2);
    const steps = new Set(named('my step').map(({ spanId }) => spanId));
    for (const { trace_id, span_id } of body.matches) {
      expect(trace_id).toBe(CALLER.traceId);
      expect(steps.has(span_id ?? '')).toBe(true);
    }
  });
});

describe('the lineage of a run', () => {
  test('is valid, event by event', () => {
    for (const event of lineage) expect(problemsOf(event)).toEqual([]);
    expect(JSON.stringify(lineage)).not.toContain(PASSWORD);
  });

  test('begins and ends each run once, tries among them, below the run of the DAG', () => {
    const types = Map.groupBy(lineage, ({ run }) => run.runId);
    for (const events of types.values()) {
      expect(events.filter(({ eventType }) => eventType === 'START')).toHaveLength(1);
      expect(events.filter(({ eventType }) => eventType !== 'START')).toHaveLength(1);
    }
    const run = lineage.find(({ job }) => job.name === 'observed')?.run.runId;
    for (const { job, run: own } of lineage) if (job.name !== 'observed') expect(own.facets.parent?.run?.runId).toBe(run);
    const flaky = lineage.filter(({ job }) => job.name === 'observed.flaky').map(({ eventType }) => eventType);
    expect(flaky.toSorted()).toEqual(['COMPLETE', 'FAIL', 'START', 'START']);
  });

  test('says from where to where rows went, column by column', () => {
    const ended = (name: string) => lineage.find(({ job, eventType }) => job.name === name && eventType === 'COMPLETE');
    const { host } = new URL(postgres.url);
    expect(ended('observed.extract_orders')?.inputs).toMatchObject([{ namespace: `postgres://${host}`, name: 'postgres.public.orders' }]);
    const lake = join(home, 'lake');
    expect(ended('observed.load_orders')?.outputs).toMatchObject([
      {
        namespace: 'file',
        name: `${lake}/raw/orders`,
        facets: {
          schema: { fields: expect.arrayContaining([expect.objectContaining({ name: 'amount' })]) },
          dataQualityAssertions: {
            assertions: expect.arrayContaining([{ assertion: 'unique', column: 'id', success: true, severity: 'block' }]),
          },
        },
        outputFacets: { outputStatistics: { rowCount: 100 } },
      },
    ]);
    expect(ended('observed.totals')).toMatchObject({
      inputs: [{ namespace: 'file', name: `${lake}/raw/orders` }],
      outputs: [
        {
          name: `${lake}/mart/totals`,
          facets: { columnLineage: { fields: { total: { inputFields: [{ name: `${lake}/raw/orders`, field: 'amount' }] } } } },
        },
      ],
    });
  });

  test('is a graph that can be asked for, both ways', async () => {
    const graph = async (query: string) => (await get<LineageGraph>(`/headrace/v1/lineage?${query}`)).body;
    const all = await graph('dag=observed');
    expect(all.tasks.map(({ task_id }) => task_id)).toEqual(['extract_orders', 'load_orders', 'report', 'totals']);
    expect(all.assets.map(({ id }) => id)).toEqual([
      'files:out/report.csv',
      'lake:lake/mart/totals',
      'lake:lake/raw/orders',
      'packages:lake/observed/extract_orders',
      'postgres:pos/public.orders',
    ]);
    const up = await graph('asset=mart/totals&direction=upstream&depth=1');
    expect(up.tasks.map(({ task_id }) => task_id)).toEqual(['totals']);
    const far = await graph('asset=mart/totals&direction=upstream');
    expect(far.tasks.map(({ task_id }) => task_id)).toEqual(['extract_orders', 'load_orders', 'totals']);
    const down = await graph('asset=postgres:pos/public.orders&direction=downstream');
    expect(down.assets.map(({ id }) => id)).toContain('files:out/report.csv');
    const column = await graph('asset=mart/totals&column=total&direction=upstream');
    expect(column.column_edges[0]).toMatchObject({ from_asset: 'lake:lake/raw/orders', from_column: 'amount', to_column: 'total' });
    expect((await get('/headrace/v1/lineage')).status).toBe(422);
    expect(await headrace(['--url', address, 'lineage', 'mart/totals'], { HEADRACE_TOKEN: TOKEN })).toContain('observed.totals');
  });
});

describe('the logs of a run', () => {
  test('can be followed from a machine that the worker is not on, while the task runs', () => {
    const all = live.map(({ text }) => text).join('');
    for (let line = 1; line <= 8; line++) expect(all).toContain(`"event":"line ${line}"`);
    expect(all).toMatch(/event: end\ndata: {"state":"success","try_number":1}\n\n$/);
    const first = live.findIndex(({ text }) => text.includes('line 1'));
    const end = live.findIndex(({ text }) => text.includes('event: end'));
    expect(end).toBeGreaterThan(first);
  });

  test('hide what is secret, in each try', async () => {
    const { body } = await get<LogSearchResult>(`/headrace/v1/dags/observed/dagRuns/${encodeURIComponent(runId)}/logs/search?text=address`);
    expect(body.matches.map(({ try_number }) => try_number)).toEqual([1, 2]);
    expect(JSON.stringify(body)).toContain('tills:***@');
    expect(JSON.stringify(body)).not.toContain('word-of-the');
  });

  test('can be read, searched and followed from the command line', async () => {
    const cli = (...args: string[]) => headrace(['--url', address, 'logs', ...args], { HEADRACE_TOKEN: TOKEN });
    expect(await cli('search', 'observed', runId, 'WITHIN my', '--task', 'flaky')).toMatch(
      /flaky #1 .*within my step\n.*flaky #2 .*within my step/,
    );
    expect(await cli('observed', runId, 'slow', '--follow')).toContain('line 8');
    expect(await cli('observed', 'latest', 'flaky', '--try', '1')).toContain('not yet');
  });
});
