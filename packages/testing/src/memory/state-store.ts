/** The states of what is alive and of the runs that are asked for, in memory. */
import type { RunStateRecord, StateStore, TaskStateRecord } from '@headrace/ports';
import type { MemoryDatabase } from './database.ts';
import type { RunRow, TaskInstanceRow } from './rows.ts';

const HOLD_A_SLOT: ReadonlySet<string> = new Set(['queued', 'running', 'restarting']);

export function createStateStore(db: MemoryDatabase): StateStore {
  const runOf = ({ runKey, dagId, runId, runType, status }: RunRow): RunStateRecord => ({ runKey, dagId, runId, runType, status });
  const taskOf = ({ taskInstanceId, runKey, dagId, taskId, mapIndex, state }: TaskInstanceRow): TaskStateRecord => {
    const { attempt, status } = state;
    return { taskInstanceId, runKey, dagId, runId: db.runs.get(runKey)?.runId ?? '', taskId, mapIndex, attempt, status };
  };
  return {
    async states(runKeys) {
      const asked = new Set(runKeys);
      return {
        runs: [...db.runs.rows()].filter(({ runKey, status }) => status === 'running' || asked.has(runKey)).map(runOf),
        tasks: [...db.tasks.rows()].filter(({ runKey, state }) => HOLD_A_SLOT.has(state.status) || asked.has(runKey)).map(taskOf),
      };
    },
  };
}
