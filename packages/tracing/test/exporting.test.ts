import { execFileSync } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createRunTraces, openTracing, sendAttempt, type Tracing, traceOfRun } from '../src/index.ts';

const run = { runKey: '7', dagId: 'sales', runId: 'manual__1', runAfter: 1_000 };
const { traceId, spanId } = traceOfRun(run);
const end = { taskId: 'load', mapIndex: 3, tryNumber: 2, queuedAt: 1_000, claimedAt: 1_250, endedAt: 2_000.5, state: 'failed' };
const before = { ...process.env };

describe('spans on their way to a collector', () => {
  let server: Server;
  let endpoint: string;
  const received: { readonly url: string | undefined; readonly type: string | undefined; readonly key: unknown; readonly body: Buffer }[] =
    [];
  beforeAll(async () => {
    server = createServer(async (request, response) => {
      const body: Buffer[] = [];
      for await (const piece of request) body.push(piece as Buffer);
      received.push({ url: request.url, type: request.headers['content-type'], key: request.headers['x-key'], body: Buffer.concat(body) });
      response.writeHead(200).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  beforeEach(() => {
    received.length = 0;
  });
  afterAll(async () => {
    process.env = before;
    await new Promise((resolve) => server.close(resolve));
  });

  async function open(env: Record<string, string>): Promise<Tracing> {
    const whole = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_HEADERS: 'x-key=secret', ...env };
    // The exporters read the process's own.
    Object.assign(process.env, whole);
    const tracing = await openTracing({ serviceName: 'headrace-test', env: whole, onError: (error) => expect(error).toBeUndefined() });
    if (tracing === undefined) throw new Error('tracing is off');
    return tracing;
  }

  function tell(tracing: Tracing): void {
    sendAttempt(tracing, run, { runKey: '7', taskInstanceId: '9', attempt: 2 }, { ...end, error: { name: 'TypeError', message: 'no' } });
    createRunTraces(tracing).ended({ run: { ...run, progress: { startedAt: 900 } }, status: 'failed', attempts: [], at: 3_000 });
  }

  test('go as JSON, with status, times and whose they are', async () => {
    const tracing = await open({
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_SERVICE_NAME: 'mine',
      OTEL_RESOURCE_ATTRIBUTES: 'team=data',
    });
    tell(tracing);
    await tracing.close();
    expect(received).toMatchObject([{ url: '/v1/traces', type: 'application/json', key: 'secret' }]);
    const [{ resource, scopeSpans }] = JSON.parse(String(received[0]?.body)).resourceSpans;
    expect(resource.attributes).toEqual(
      expect.arrayContaining([
        { key: 'service.name', value: { stringValue: 'mine' } },
        { key: 'team', value: { stringValue: 'data' } },
      ]),
    );
    const [wait, attempt, whole] = scopeSpans[0].spans;
    expect(wait).toMatchObject({
      name: 'wait for a worker',
      parentSpanId: attempt.spanId,
      startTimeUnixNano: '1000000000',
      endTimeUnixNano: '1250000000',
    });
    expect(attempt).toMatchObject({ traceId, parentSpanId: spanId, endTimeUnixNano: '2000500000', status: { code: 2, message: 'no' } });
    expect(attempt.attributes).toEqual(
      expect.arrayContaining([
        { key: 'headrace.map_index', value: { intValue: 3 } },
        { key: 'error.type', value: { stringValue: 'TypeError' } },
      ]),
    );
    expect(whole).toMatchObject({ name: 'run sales', traceId, spanId, status: { code: 2 } });
    expect(whole.parentSpanId ?? '').toBe('');
  });

  test('go as protobuf where nothing else is asked for', async () => {
    const tracing = await open({ OTEL_EXPORTER_OTLP_PROTOCOL: '' });
    tell(tracing);
    await tracing.close();
    expect(received).toMatchObject([{ url: '/v1/traces', type: 'application/x-protobuf' }]);
    // Ids are bytes there.
    for (const id of [traceId, spanId]) expect(received[0]?.body.includes(Buffer.from(id, 'hex'))).toBe(true);
    expect(received[0]?.body.includes('run sales')).toBe(true);
  });

  test('are left out as the sampler says, the same in every process', async () => {
    const off = await open({ OTEL_TRACES_SAMPLER: 'parentbased_always_off' });
    tell(off);
    await off.close();
    expect(received).toEqual([]);
    const parent = { traceId, spanId: 'b7ad6b7169203331', flags: 1 };
    expect(off.flagsOf({ traceId, parent })).toBe(1);
    expect(off.flagsOf({ traceId, parent: { ...parent, flags: 0 } })).toBe(0);
    const [half, again] = await Promise.all(
      [1, 2].map(() => open({ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.5' })),
    );
    const ids = Array.from({ length: 200 }, (_, index) => traceOfRun({ ...run, runKey: String(index) }));
    const flags = ids.map((trace) => half?.flagsOf(trace));
    expect(flags).toEqual(ids.map((trace) => again?.flagsOf(trace)));
    expect(new Set(flags)).toEqual(new Set([0, 1]));
    await Promise.all([half?.close(), again?.close()]);
  });

  test.each([
    [{ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, 'http/protobuf or http/json'],
    [{ OTEL_EXPORTER_OTLP_PROTOCOL: '', OTEL_TRACES_SAMPLER: 'sometimes' }, 'OTEL_TRACES_SAMPLER'],
    [{ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '2' }, 'from 0 to 1'],
    [{ OTEL_TRACES_SAMPLER: '', OTEL_BSP_MAX_QUEUE_SIZE: 'many' }, 'OTEL_BSP_MAX_QUEUE_SIZE'],
  ])('are not begun with %j', async (env, message) => {
    await expect(
      openTracing({
        serviceName: 'x',
        env: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, ...env } as Record<string, string>,
        onError: () => {},
      }),
    ).rejects.toThrow(message);
  });

  test('that a collector does not take are told of, and hold nobody up', async () => {
    const errors: unknown[] = [];
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_EXPORTER_OTLP_TIMEOUT: '200' };
    Object.assign(process.env, env);
    const gone = await openTracing({ serviceName: 'x', env, onError: (error) => errors.push(error) });
    if (gone !== undefined) tell(gone);
    await gone?.close();
    expect(String(errors)).toContain('ECONNREFUSED');
  });
});

describe('without an endpoint', () => {
  test.each([
    {},
    { OTEL_EXPORTER_OTLP_ENDPOINT: '' },
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://x', OTEL_SDK_DISABLED: 'true' },
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://x', OTEL_TRACES_EXPORTER: 'none' },
  ])('tracing is off: %j', async (env: Record<string, string>) => {
    expect(await openTracing({ serviceName: 'x', env, onError: () => {} })).toBeUndefined();
  });

  test('nothing of OpenTelemetry is loaded', () => {
    const index = new URL('../src/index.ts', import.meta.url).href;
    const script = `const { registerHooks } = await import('node:module');
      const seen = [];
      registerHooks({ resolve(specifier, context, next) { seen.push(specifier); return next(specifier, context); } });
      const { openTracing } = await import(${JSON.stringify(index)});
      await openTracing({ serviceName: 'x', env: {}, onError() {} });
      const loaded = () => seen.some((name) => name.includes('@opentelemetry'));
      const off = loaded();
      process.env.OTEL_EXPORTER_OTLP_ENDPOINT = 'http://127.0.0.1:1';
      await (await openTracing({ serviceName: 'x', env: process.env, onError() {} })).close();
      console.log(JSON.stringify([off, loaded()]));`;
    const printed = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    expect(JSON.parse(printed)).toEqual([false, true]);
  });
});
