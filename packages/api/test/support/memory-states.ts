/** Changes of state that a test makes: what is in the rows, and the news of it. */
import type { RunEventsListener, RunStateRecord, StateStore, StoreEvent, TaskStateRecord } from '@headrace/ports';
import type { ApiDeps } from '../../src/index.ts';

export class MemoryStates {
  readonly runs = new Map<string, RunStateRecord>();
  readonly tasks = new Map<string, TaskStateRecord>();
  readonly listeners = new Set<RunEventsListener>();
  reads = 0;

  readonly deps: ApiDeps['stateChanges'] = {
    events: {
      listen: async (listener) => {
        this.listeners.add(listener);
        return async () => void this.listeners.delete(listener);
      },
    },
    states: { states: (keys) => this.#states(keys) },
  };

  run(runKey: string, status: RunStateRecord['status'], dagId = 'sales'): void {
    this.runs.set(runKey, { runKey, dagId, runId: `run ${runKey}`, runType: 'manual', status });
  }

  task(runKey: string, taskId: string, status: TaskStateRecord['status'], attempt = 1): void {
    const { dagId, runId } = this.runs.get(runKey) as RunStateRecord;
    this.tasks.set(`${runKey} ${taskId}`, {
      taskInstanceId: `${runKey} ${taskId}`,
      runKey,
      dagId,
      runId,
      taskId,
      mapIndex: -1,
      attempt,
      status,
    });
  }

  tell(...runKeys: string[]): void {
    const events = runKeys.map((runKey): StoreEvent => ({ type: 'run', runKey }));
    for (const listener of this.listeners) listener.onEvents(events);
  }

  async #states(keys: readonly string[]): ReturnType<StateStore['states']> {
    this.reads++;
    return {
      runs: [...this.runs.values()].filter((run) => run.status === 'running' || keys.includes(run.runKey)),
      tasks: [...this.tasks.values()].filter(
        (task) => ['queued', 'running', 'restarting'].includes(task.status) || keys.includes(task.runKey),
      ),
    };
  }
}
