/**
 * Traces, as OpenTelemetry's environment variables say. Off unless there is an endpoint; then nothing of its SDK is loaded.
 *
 * https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 */
import type { Tracing, TracingOptions } from './tracing.ts';

/** Undefined: off. Throws TracingSettingError. */
export async function openTracing(options: TracingOptions): Promise<Tracing | undefined> {
  const { env } = options;
  if (!isTracingOn(env)) return undefined;
  const { exportingTracing } = await import('./exporting-tracing.ts');
  return exportingTracing(options);
}

function isTracingOn(env: TracingOptions['env']): boolean {
  const endpoint = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT || env.OTEL_EXPORTER_OTLP_ENDPOINT;
  const off = env.OTEL_SDK_DISABLED?.toLowerCase() === 'true' || env.OTEL_TRACES_EXPORTER === 'none';
  return endpoint !== undefined && endpoint !== '' && !off;
}
