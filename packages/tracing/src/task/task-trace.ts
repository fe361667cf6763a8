/**
 * Spans within a task process: what Headrace does there, and what a task adds by OpenTelemetry's own API (`trace.getTracer(…)`), in any copy
 * of it that its bundle carries.
 *
 * P1. A task process sends no span anywhere but to its worker: it has neither the address nor the key of a collector.
 * P2. The API is made ready once, with the first attempt that is traced; whose a span is, its parents say.
 */
import { type Context, context, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { emptyResource } from '@opentelemetry/resources';
import { type ReadableSpan, type SpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type { FinishedSpan, SpanAttributes, SpanKindName } from '../finished-span.ts';

/** The span of the attempt, which its worker will tell of. */
export interface TaskTraceContext {
  readonly traceId: string;
  readonly spanId: string;
  readonly flags: number;
}

export interface TaskTrace {
  /** In a span of its own, below the one that is open. What it throws is its status. */
  within<Result>(name: string, attributes: SpanAttributes, work: () => Promise<Result>): Promise<Result>;
  /** Of the span that is open here, if it is one of this trace. */
  spanId(): string | undefined;
}

const KIND_NAMES: Readonly<Record<SpanKind, SpanKindName>> = {
  [SpanKind.INTERNAL]: 'internal',
  [SpanKind.SERVER]: 'server',
  [SpanKind.CLIENT]: 'client',
  [SpanKind.PRODUCER]: 'producer',
  [SpanKind.CONSUMER]: 'consumer',
};
const MOST_EVENTS = 128;

/** By trace, who is told of its spans. */
const tellers = new Map<string, (span: FinishedSpan) => void>();
let provider: TracerProvider | undefined;

/** Makes spans of this attempt go to `tell` until the next one begins. */
export function taskTrace(parent: TaskTraceContext, tell: (span: FinishedSpan) => void): TaskTrace {
  provider ??= openProvider();
  tellers.clear();
  tellers.set(parent.traceId, tell);
  const tracer = provider.getTracer('headrace');
  const root = trace.setSpanContext(ROOT_CONTEXT, {
    traceId: parent.traceId,
    spanId: parent.spanId,
    traceFlags: parent.flags & TraceFlags.SAMPLED,
    isRemote: true,
  });
  const here = (): Context => (spanIn(context.active(), parent.traceId) === undefined ? root : context.active());
  return {
    async within(name, attributes, work) {
      const span = tracer.startSpan(name, { attributes: attributes as Record<string, string> }, here());
      try {
        const result = await context.with(trace.setSpan(here(), span), work);
        span.end();
        return result;
      } catch (error) {
        fail(span, error);
        throw error;
      }
    },
    spanId: () => spanIn(context.active(), parent.traceId)?.spanContext().spanId,
  };
}

function fail(span: Span, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  span.setAttribute('error.type', error instanceof Error ? error.name : typeof error);
  span.setStatus({ code: SpanStatusCode.ERROR, message });
  span.end();
}

function spanIn(active: Context, traceId: string): Span | undefined {
  const span = trace.getSpan(active);
  return span?.spanContext().traceId === traceId ? span : undefined;
}

function openProvider(): TracerProvider {
  const opened = new TracerProvider({ resource: emptyResource(), spanProcessors: [telling] });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(opened);
  return opened;
}

const telling: SpanProcessor = {
  onStart() {},
  onEnd(span) {
    const { traceId, traceFlags } = span.spanContext();
    if ((traceFlags & TraceFlags.SAMPLED) !== 0) tellers.get(traceId)?.(finished(span));
  },
  async forceFlush() {},
  async shutdown() {},
};

function finished(span: ReadableSpan): FinishedSpan {
  const { traceId, spanId } = span.spanContext();
  const { code, message } = span.status;
  const { name, version } = span.instrumentationScope;
  const events = span.events.slice(0, MOST_EVENTS);
  return {
    traceId,
    spanId,
    ...(span.parentSpanContext === undefined ? {} : { parentSpanId: span.parentSpanContext.spanId }),
    name: span.name,
    kind: KIND_NAMES[span.kind],
    startMs: milliseconds(span.startTime),
    endMs: milliseconds(span.endTime),
    attributes: span.attributes as SpanAttributes,
    ...(code === SpanStatusCode.UNSET ? {} : { status: { ok: code === SpanStatusCode.OK, ...(message === undefined ? {} : { message }) } }),
    ...(events.length === 0
      ? {}
      : {
          events: events.map((event) => ({
            name: event.name,
            atMs: milliseconds(event.time),
            attributes: (event.attributes ?? {}) as SpanAttributes,
          })),
        }),
    ...(span.links.length === 0
      ? {}
      : {
          links: span.links.map((link) => ({
            traceId: link.context.traceId,
            spanId: link.context.spanId,
            attributes: (link.attributes ?? {}) as SpanAttributes,
          })),
        }),
    scope: { name, ...(version === undefined || version === '' ? {} : { version }) },
  };
}

function milliseconds([seconds, nanoseconds]: ReadableSpan['startTime']): number {
  return seconds * 1_000 + nanoseconds / 1_000_000;
}
