/** Tells of runs when they have ended, and of attempts that their workers will not tell of. Made to be an observer of the engine. */

import { sendAttempt, sendRun } from './run-spans.ts';
import type { TracedRun } from './trace-ids.ts';
import type { Tracing } from './tracing.ts';

export interface TracedChange {
  readonly run: TracedRun & { readonly runType?: string; readonly progress: { readonly startedAt?: number } };
  readonly status?: 'success' | 'failed';
  readonly attempts: readonly {
    readonly taskInstanceId: string;
    readonly taskId: string;
    readonly mapIndex: number;
    readonly attempt: number;
    readonly lost: boolean;
    /** Its worker ends it, and tells. */
    readonly restarting: boolean;
    readonly reason: string;
  }[];
  readonly at: number;
}

export interface RunTraces {
  ended(change: TracedChange): void;
}

export function createRunTraces(tracing: Tracing): RunTraces {
  return {
    ended({ run, status, attempts, at }) {
      for (const { taskInstanceId, attempt, taskId, mapIndex, lost, restarting, reason } of attempts) {
        if (restarting) continue;
        const error = { name: lost ? 'AttemptLost' : 'Cancelled', message: reason };
        const state = lost ? 'lost' : 'cancelled';
        sendAttempt(
          tracing,
          run,
          { runKey: run.runKey, taskInstanceId, attempt },
          { taskId, mapIndex, tryNumber: attempt, endedAt: at, state, error },
        );
      }
      if (status === undefined) return;
      const { progress, runType } = run;
      sendRun(tracing, run, { startedAt: progress.startedAt ?? at, endedAt: at, state: status, ok: status === 'success', runType });
    },
  };
}
