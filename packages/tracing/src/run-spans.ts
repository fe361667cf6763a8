/**
 * The spans of a run: the run itself, its attempts, and how long each waited for a worker.
 *
 * S1. All attempts, also those that are tried again, lie directly below their run.
 * S2. Attributes name things and count rows. They hold no SQL, no params and no data.
 */
import type { FinishedSpan, SpanAttributes } from './finished-span.ts';
import { type ParentSpan, spanOfAttempt, type TracedAttempt, type TracedRun, traceOfRun } from './trace-ids.ts';
import type { Tracing } from './tracing.ts';

const SCOPE = { name: 'headrace' };

export interface RunEnd {
  readonly startedAt: number;
  readonly endedAt: number;
  readonly state: string;
  readonly ok: boolean;
  readonly runType?: string | undefined;
}

export interface AttemptEnd {
  readonly taskId: string;
  readonly mapIndex: number;
  readonly tryNumber: number;
  /** Absent: nobody knows; it is as if it had begun when it ended. */
  readonly queuedAt?: number | undefined;
  readonly claimedAt?: number | undefined;
  readonly endedAt: number;
  /** What the task became: `success`, `up_for_retry` … */
  readonly state: string;
  readonly error?: { readonly name: string; readonly message: string } | undefined;
  readonly more?: SpanAttributes;
}

/** What spans below an attempt's hang on. */
export function attemptContext(tracing: Pick<Tracing, 'flagsOf'>, run: TracedRun, attempt: TracedAttempt): ParentSpan {
  const trace = traceOfRun(run);
  return { traceId: trace.traceId, spanId: spanOfAttempt(attempt), flags: tracing.flagsOf(trace) };
}

export function sendRun(tracing: Tracing, run: TracedRun, { startedAt, endedAt, state, ok, runType }: RunEnd): void {
  const trace = traceOfRun(run);
  const { traceId, spanId, parent } = trace;
  const span: FinishedSpan = {
    traceId,
    spanId,
    ...(parent === undefined ? {} : { parentSpanId: parent.spanId }),
    name: `run ${run.dagId}`,
    kind: 'internal',
    startMs: startedAt,
    endMs: endedAt,
    attributes: { ...idsOf(run), 'headrace.state': state, ...(runType === undefined ? {} : { 'headrace.run_type': runType }) },
    status: { ok, ...(ok ? {} : { message: `The run is ${state}` }) },
    scope: SCOPE,
  };
  tracing.send(span, tracing.flagsOf(trace));
}

export function sendAttempt(tracing: Tracing, run: TracedRun, attempt: TracedAttempt, end: AttemptEnd): void {
  const trace = traceOfRun(run);
  const flags = tracing.flagsOf(trace);
  if ((flags & 1) === 0) return;
  const { taskId, mapIndex, tryNumber, endedAt, queuedAt = endedAt, claimedAt, state, error, more } = end;
  const attributes = {
    ...idsOf(run),
    'headrace.task_id': taskId,
    ...(mapIndex < 0 ? {} : { 'headrace.map_index': mapIndex }),
    'headrace.try_number': tryNumber,
  };
  const spanId = spanOfAttempt(attempt);
  const common = { traceId: trace.traceId, scope: SCOPE };
  if (claimedAt !== undefined) {
    const wait = { name: 'wait for a worker', kind: 'internal', startMs: queuedAt, endMs: claimedAt, attributes } as const;
    tracing.send({ ...common, ...wait, spanId: spanOfAttempt(attempt, 'queue'), parentSpanId: spanId }, flags);
  }
  tracing.send(
    {
      ...common,
      spanId,
      parentSpanId: trace.spanId,
      name: `task ${run.dagId}.${taskId}`,
      kind: 'consumer',
      startMs: queuedAt,
      endMs: endedAt,
      attributes: { ...attributes, ...more, 'headrace.state': state, ...(error === undefined ? {} : { 'error.type': error.name }) },
      status: error === undefined ? { ok: true } : { ok: false, message: error.message },
    },
    flags,
  );
}

function idsOf({ dagId, runId }: TracedRun): SpanAttributes {
  return { 'headrace.dag_id': dagId, 'headrace.run_id': runId };
}
