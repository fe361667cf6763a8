export { type FinishedSpan, isFinishedSpan, type SpanAttributes } from './finished-span.ts';
export { openTracing } from './open-tracing.ts';
export { type AttemptEnd, attemptContext, type RunEnd, sendAttempt, sendRun } from './run-spans.ts';
export { createRunTraces, type RunTraces, type TracedChange } from './run-traces.ts';
export {
  formatTraceParent,
  type ParentSpan,
  parseTraceParent,
  type RunTrace,
  spanOfAttempt,
  type TracedAttempt,
  type TracedRun,
  traceOfRun,
} from './trace-ids.ts';
export { type Tracing, type TracingOptions, TracingSettingError } from './tracing.ts';
