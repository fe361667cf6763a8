/** What an attempt came to, by what its task said and by whether it was stopped. */
import type { AttemptReport } from '@headrace/core';
import type { AttemptResult, StopReason } from './attempt-request.ts';
import type { Ending } from './protocol.ts';

/** `timeoutMs`: what an attempt that was stopped for it was allowed. */
export function reportOf(ending: Ending, stopped: StopReason | 'timeout' | undefined, timeoutMs: number): AttemptReport {
  switch (stopped) {
    case 'timeout':
      return {
        outcome: 'failed',
        error: {
          name: 'ExecutionTimeout',
          code: 'HR_EXECUTION_TIMEOUT',
          message: `The task did not end within its execution timeout of ${timeoutMs} ms`,
        },
      };
    case 'cancelled':
      return {
        outcome: 'failed',
        error: { name: 'Cancelled', code: 'HR_CANCELLED', message: 'The attempt was taken back while it ran', retryable: false },
      };
    case 'lease_lost':
      return { outcome: 'interrupted' };
    case 'interrupted':
      return ending.outcome === 'failed' ? { outcome: 'interrupted' } : reportOfEnding(ending);
    case undefined:
      return reportOfEnding(ending);
  }
}

function reportOfEnding(ending: Ending): AttemptReport {
  switch (ending.outcome) {
    case 'success':
      return ending.decision === undefined ? { outcome: 'success' } : { outcome: 'success', decision: ending.decision };
    case 'waiting':
      return ending.lookAt === undefined
        ? { outcome: 'deferred', wait: ending.wait }
        : { outcome: 'rescheduled', dueAt: ending.lookAt, wait: ending.wait };
    default:
      return ending;
  }
}

/** The checks that a task failed by: only of one that failed by itself. */
export function dataOfFailure(ending: Ending, stopped: StopReason | 'timeout' | undefined): Pick<AttemptResult, 'data'> {
  if (ending.outcome !== 'failed' || ending.data === undefined || stopped !== undefined) return {};
  return { data: ending.data };
}

/** What counts only with its outcome: an attempt that was stopped meanwhile says none of it. */
export function saidBeside(ending: Ending): Pick<AttemptResult, 'assetEvents' | 'data' | 'mapLabel' | 'trigger' | 'endedWaits'> {
  if (ending.outcome !== 'success' && ending.outcome !== 'waiting') return {};
  const { assetEvents, data, mapLabel, trigger } = ending.outcome === 'success' ? ending : {};
  return {
    ...(assetEvents === undefined ? {} : { assetEvents }),
    ...(data === undefined ? {} : { data }),
    ...(mapLabel === undefined ? {} : { mapLabel }),
    ...(trigger === undefined ? {} : { trigger }),
    ...(ending.endedWaits === undefined ? {} : { endedWaits: ending.endedWaits }),
  };
}
