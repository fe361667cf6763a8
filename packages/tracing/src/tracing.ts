/** What traces are wanted by whom, in OpenTelemetry's words, and what may be wrong with that. */
import type { FinishedSpan } from './finished-span.ts';
import type { RunTrace } from './trace-ids.ts';

export interface Tracing {
  /** As in `traceparent`: whether spans of a trace are wanted. Of one that others began, they have said so. */
  flagsOf(trace: Pick<RunTrace, 'traceId' | 'parent'>): number;
  /** To be sent, with others, in a while. `flags`: of its trace; what is not sampled is dropped. */
  send(span: FinishedSpan, flags: number): void;
  /** Sends what is left. */
  close(): Promise<void>;
}

export interface TracingOptions {
  /** `OTEL_SERVICE_NAME` where that is not set: `headrace-worker`. */
  readonly serviceName: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly onError: (error: unknown) => void;
}

/** A protocol that cannot be spoken, or a sampler that is none. */
export class TracingSettingError extends Error {
  readonly code = 'HR_CONFIGURATION';
  constructor(message: string) {
    super(message);
    this.name = 'TracingSettingError';
  }
}
