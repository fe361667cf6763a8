/**
 * The span of a request that asks for something, and with it the beginning of a run's trace.
 *
 * R1. A request with a `traceparent` is part of the caller's trace, and so is the run that it makes: also where this API sends no spans.
 * R2. Reading has no span: it makes nothing.
 */
import { randomBytes } from 'node:crypto';
import { formatTraceParent, type ParentSpan, parseTraceParent, type Tracing } from '@headrace/tracing';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

declare module 'fastify' {
  interface FastifyRequest {
    /** W3C `traceparent` for what this request makes; null where it is part of no trace. */
    traceParent: string | null;
  }
}

interface OpenSpan {
  readonly context: ParentSpan;
  readonly parent: ParentSpan | undefined;
  readonly startMs: number;
}

const ERROR = 500;

export function traceRequests(app: FastifyInstance, tracing: Tracing | undefined): void {
  const open = new WeakMap<FastifyRequest, OpenSpan>();
  app.decorateRequest('traceParent', null);
  app.addHook('onRequest', (request, _, done) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') begin(request);
    done();
  });

  function begin(request: FastifyRequest): void {
    const given = request.headers.traceparent;
    const parent = parseTraceParent(typeof given === 'string' ? given : undefined);
    if (tracing === undefined) {
      request.traceParent = parent === undefined ? null : formatTraceParent(parent);
      return;
    }
    const traceId = parent?.traceId ?? randomBytes(16).toString('hex');
    const context = { traceId, spanId: randomBytes(8).toString('hex'), flags: tracing.flagsOf({ traceId, parent }) };
    request.traceParent = formatTraceParent(context);
    open.set(request, { context, parent, startMs: Date.now() });
  }

  if (tracing === undefined) return;
  app.addHook('onResponse', async (request, reply) => {
    const span = open.get(request);
    if (span !== undefined) send(tracing, span, request, reply);
  });
}

function send(tracing: Tracing, { context, parent, startMs }: OpenSpan, request: FastifyRequest, reply: FastifyReply): void {
  const { traceId, spanId, flags } = context;
  const route = request.routeOptions.url ?? 'none';
  const { statusCode } = reply;
  tracing.send(
    {
      traceId,
      spanId,
      ...(parent === undefined ? {} : { parentSpanId: parent.spanId }),
      name: `${request.method} ${route}`,
      kind: 'server',
      startMs,
      endMs: Date.now(),
      attributes: { 'http.request.method': request.method, 'http.route': route, 'http.response.status_code': statusCode },
      ...(statusCode < ERROR ? {} : { status: { ok: false } }),
      scope: { name: 'headrace' },
    },
    flags,
  );
}
