/**
 * Ends runs that others of their DAG overtake (`cancel_other`, `terminate_other`). The one that waits starts when they have ended.
 *
 * What is to be ended follows from the rows, so nothing is owed after a crash.
 */
import type { Log, RunCommands, ScheduleStore } from '@headrace/ports';
import type { Duty, DutyReport } from './duty.ts';

export interface OverlapDutyOptions {
  readonly store: Pick<ScheduleStore, 'overtakenRuns'>;
  readonly commands: Pick<RunCommands, 'cancelRun'>;
  readonly log: Log;
}

const RUNS_AT_ONCE = 50;

export function createOverlapDuty({ store, commands, log }: OverlapDutyOptions): Duty {
  return {
    name: 'overlap',
    async perform(): Promise<DutyReport> {
      const overtaken = await store.overtakenRuns(RUNS_AT_ONCE);
      for (const { dagId, runId, how } of overtaken) {
        const answer = await commands.cancelRun(dagId, runId, undefined, { terminate: how === 'terminate' });
        if (answer === 'ok') log.info({ dagId, runId, how }, 'a run was ended because the next one of its DAG is due');
      }
      return { more: overtaken.length === RUNS_AT_ONCE };
    },
  };
}
