/**
 * Spans on their way to a collector. The only module beside those of task processes that loads OpenTelemetry's SDK.
 *
 * X1. Spans come when they have ended, with ids that follow from runs and attempts: there is no span in a process that could be lost with it.
 * X2. A collector that is away costs the spans that do not fit the queue, and nothing else.
 */
import { hostname } from 'node:os';
import {
  type Attributes,
  type HrTime,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { detectResources, envDetector, type Resource, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, type ReadableSpan, SamplingDecision, type SpanExporter } from '@opentelemetry/sdk-trace';
import type { FinishedSpan, SpanKindName } from './finished-span.ts';
import { samplerOf } from './sampler.ts';
import { type Tracing, type TracingOptions, TracingSettingError } from './tracing.ts';

const KINDS: Readonly<Record<SpanKindName, SpanKind>> = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
};

/** Throws TracingSettingError. */
export async function exportingTracing({ serviceName, env, onError }: TracingOptions): Promise<Tracing> {
  const sampler = samplerOf(env);
  const exporter = await exporterOf(env);
  const processor = new BatchSpanProcessor({ exporter, ...batchOf(env) });
  const resource = resourceFromAttributes({ 'service.name': serviceName, 'host.name': hostname(), 'process.pid': process.pid }).merge(
    detectResources({ detectors: [envDetector] }),
  );
  return {
    flagsOf({ traceId, parent }) {
      const context =
        parent === undefined
          ? ROOT_CONTEXT
          : trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId: parent.spanId, traceFlags: parent.flags & 1, isRemote: true });
      const { decision } = sampler.shouldSample(context, traceId, 'run', SpanKind.INTERNAL, {}, []);
      return decision === SamplingDecision.RECORD_AND_SAMPLED ? TraceFlags.SAMPLED : TraceFlags.NONE;
    },
    send(span, flags) {
      if ((flags & TraceFlags.SAMPLED) !== 0) processor.onEnd(readable(span, resource));
    },
    async close() {
      await processor.shutdown().catch(onError);
    },
  };
}

async function exporterOf(env: TracingOptions['env']): Promise<SpanExporter> {
  const protocol = env.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL || env.OTEL_EXPORTER_OTLP_PROTOCOL || 'http/protobuf';
  // Both read endpoint, headers, timeout, compression and certificates from the environment themselves.
  if (protocol === 'http/protobuf') return new (await import('@opentelemetry/exporter-trace-otlp-proto')).OTLPTraceExporter();
  if (protocol === 'http/json') return new (await import('@opentelemetry/exporter-trace-otlp-http')).OTLPTraceExporter();
  throw new TracingSettingError(
    `OTEL_EXPORTER_OTLP_PROTOCOL must be http/protobuf or http/json, not "${protocol}": collectors take these on port 4318`,
  );
}

function batchOf(env: TracingOptions['env']) {
  const number = (name: string): number | undefined => {
    const text = env[name];
    if (text === undefined || text === '') return undefined;
    const value = Number(text);
    if (!Number.isInteger(value) || value < 0) throw new TracingSettingError(`${name} must be a whole number, not "${text}"`);
    return value;
  };
  const [scheduledDelayMillis, exportTimeoutMillis, maxQueueSize, maxExportBatchSize] = [
    number('OTEL_BSP_SCHEDULE_DELAY'),
    number('OTEL_BSP_EXPORT_TIMEOUT'),
    number('OTEL_BSP_MAX_QUEUE_SIZE'),
    number('OTEL_BSP_MAX_EXPORT_BATCH_SIZE'),
  ];
  return {
    ...(scheduledDelayMillis === undefined ? {} : { scheduledDelayMillis }),
    ...(exportTimeoutMillis === undefined ? {} : { exportTimeoutMillis }),
    ...(maxQueueSize === undefined ? {} : { maxQueueSize }),
    ...(maxExportBatchSize === undefined ? {} : { maxExportBatchSize }),
  };
}

function readable(span: FinishedSpan, resource: Resource): ReadableSpan {
  const { traceId, spanId, parentSpanId, status, events = [], links = [] } = span;
  const context: SpanContext = { traceId, spanId, traceFlags: TraceFlags.SAMPLED };
  const startTime = hrTime(span.startMs);
  const endTime = hrTime(Math.max(span.startMs, span.endMs));
  return {
    name: span.name,
    kind: KINDS[span.kind],
    spanContext: () => context,
    ...(parentSpanId === undefined
      ? {}
      : { parentSpanContext: { traceId, spanId: parentSpanId, traceFlags: TraceFlags.SAMPLED, isRemote: true } }),
    startTime,
    endTime,
    duration: hrTime(Math.max(0, span.endMs - span.startMs)),
    ended: true,
    status:
      status === undefined
        ? { code: SpanStatusCode.UNSET }
        : {
            code: status.ok ? SpanStatusCode.OK : SpanStatusCode.ERROR,
            ...(status.message === undefined ? {} : { message: status.message }),
          },
    attributes: span.attributes as Attributes,
    events: events.map(({ name, atMs, attributes }) => ({
      name,
      time: hrTime(atMs),
      attributes: attributes as Attributes,
      droppedAttributesCount: 0,
    })),
    links: links.map((link) => ({
      context: { traceId: link.traceId, spanId: link.spanId, traceFlags: TraceFlags.SAMPLED },
      attributes: link.attributes as Attributes,
    })),
    resource,
    instrumentationScope: span.scope,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

function hrTime(ms: number): HrTime {
  const seconds = Math.floor(ms / 1_000);
  return [seconds, Math.round((ms - seconds * 1_000) * 1_000_000)];
}
