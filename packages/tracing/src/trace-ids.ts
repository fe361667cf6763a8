/**
 * Ids of traces and spans that follow from what Headrace calls its runs and attempts.
 *
 * T1. Every process says the same of the same run, and nothing has to be handed over but what began it: a scheduler that is restarted, or
 *     a worker on another machine, goes on with the same trace.
 * T2. A run that was asked for within a trace (W3C `traceparent`) is part of that; any other begins one of its own.
 */
import { createHash } from 'node:crypto';

export interface TracedRun {
  readonly runKey: string;
  readonly dagId: string;
  readonly runId: string;
  readonly runAfter?: number | undefined;
  /** Of what asked for it. */
  readonly traceParent?: string | undefined;
}

/** What a span hangs on. */
export interface ParentSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** As in `traceparent`: 01 is sampled. */
  readonly flags: number;
}

export interface RunTrace {
  readonly traceId: string;
  /** Of the run's own span. */
  readonly spanId: string;
  readonly parent: ParentSpan | undefined;
}

const TRACE_PARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;
const LONGEST = 200;

/** Undefined: it is none, and is passed over, as the specification says. https://www.w3.org/TR/trace-context/#traceparent-header */
export function parseTraceParent(text: string | undefined): ParentSpan | undefined {
  if (text === undefined || text.length > LONGEST) return undefined;
  const [, version, traceId = '', spanId = '', flags = ''] = TRACE_PARENT.exec(text.trim()) ?? [];
  if (version === undefined || version === 'ff' || /^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, flags: Number.parseInt(flags, 16) };
}

export function formatTraceParent({ traceId, spanId, flags }: ParentSpan): string {
  return `00-${traceId}-${spanId}-${flags.toString(16).padStart(2, '0')}`;
}

export function traceOfRun({ runKey, dagId, runId, runAfter = 0, traceParent }: TracedRun): RunTrace {
  const parent = parseTraceParent(traceParent);
  const traceId = parent?.traceId ?? idOf(16, ['trace', runKey, dagId, runId, String(runAfter)]);
  return { traceId, spanId: idOf(8, ['run', traceId, runKey]), parent };
}

/** The attempt, wherever it is told of. */
export interface TracedAttempt {
  readonly runKey: string;
  readonly taskInstanceId: string;
  readonly attempt: number;
}

/** Of an attempt's own span, or of its wait for a worker. */
export function spanOfAttempt({ runKey, taskInstanceId, attempt }: TracedAttempt, part: 'attempt' | 'queue' = 'attempt'): string {
  return idOf(8, [part, runKey, taskInstanceId, String(attempt)]);
}

function idOf(bytes: 8 | 16, names: readonly string[]): string {
  return createHash('sha256')
    .update(JSON.stringify(names))
    .digest('hex')
    .slice(0, bytes * 2);
}
