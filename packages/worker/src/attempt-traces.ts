/** The traces of the attempts of this worker: what spans of theirs hang on, and their own when they have ended. */
import type { Instant, TaskState } from '@headrace/core';
import type { ClaimedAttempt, DataReport } from '@headrace/ports';
import type { AttemptResult } from '@headrace/task-runtime';
import {
  attemptContext,
  type FinishedSpan,
  formatTraceParent,
  type ParentSpan,
  type SpanAttributes,
  sendAttempt,
  type Tracing,
} from '@headrace/tracing';

export class AttemptTraces {
  readonly #tracing: Tracing;
  readonly #workerId: string;

  constructor(tracing: Tracing, workerId: string) {
    this.#tracing = tracing;
    this.#workerId = workerId;
  }

  context(claimed: ClaimedAttempt): ParentSpan {
    return attemptContext(this.#tracing, claimed, claimed);
  }

  /** As a `traceparent`: for what the attempt asks for. */
  parentFor(claimed: ClaimedAttempt): string {
    return formatTraceParent(this.context(claimed));
  }

  /** Of its task process. `aheadMs`: by how much the store's clock, which all other spans go by, is ahead of this machine's. */
  span(span: FinishedSpan, flags: number, aheadMs: number): void {
    this.#tracing.send({ ...span, startMs: span.startMs + aheadMs, endMs: span.endMs + aheadMs }, flags);
  }

  /** Its outcome is recorded. */
  ended(claimed: ClaimedAttempt, { report, data }: AttemptResult, to: TaskState, endedAt: Instant): void {
    const { taskId, mapIndex, attempt, triesBefore, queuedAt, claimedAt } = claimed;
    sendAttempt(this.#tracing, claimed, claimed, {
      taskId,
      mapIndex,
      tryNumber: attempt - triesBefore,
      queuedAt: queuedAt ?? claimedAt,
      claimedAt,
      endedAt,
      state: to.status,
      ...(report.outcome === 'failed' ? { error: report.error } : {}),
      more: { 'headrace.worker_id': this.#workerId, ...rowsOf(data) },
    });
  }
}

function rowsOf(data: DataReport | undefined): SpanAttributes {
  if (data === undefined || data.loads.length === 0) return {};
  const sum = (of: (load: DataReport['loads'][number]) => number): number => data.loads.reduce((all, load) => all + of(load), 0);
  return { 'headrace.rows_in': sum(({ rowsIn }) => rowsIn), 'headrace.rows_out': sum(({ rowsOut }) => rowsOut) };
}
