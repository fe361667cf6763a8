/** Commands of people on runs: load, let the core decide, save if the run has not moved on, else again. */
import { expandTasks, step, type RunEvent } from '@headrace/core';
import type { ClearRequest, ClearResult, Clock, CommandStore, LoadedRun, RunCommands } from '@headrace/ports';
import { ActiveRun } from './active-run.ts';
import type { DagVersions } from './dag-versions.ts';

const MOST_TRIES = 10;

export class RunMovedOnError extends Error {
  readonly code = 'HR_RUN_BUSY';
  constructor(dagId: string, runId: string) {
    super(`Run "${runId}" of DAG "${dagId}" changed ${MOST_TRIES} times while the command was being saved: try again`);
    this.name = 'RunMovedOnError';
  }
}

export function createRunCommands(options: {
  readonly store: Pick<CommandStore, 'loadRun' | 'saveCommand'>;
  readonly versions: DagVersions;
  readonly clock: Clock;
}): RunCommands {
  const { store, versions, clock } = options;

  async function load(dagId: string, runId: string): Promise<{ loaded: LoadedRun; run: ActiveRun } | undefined> {
    const loaded = await store.loadRun(dagId, runId);
    return loaded && { loaded, run: new ActiveRun(loaded, await versions.get(loaded.versionId)) };
  }

  /** False: the run has moved on meanwhile. */
  async function save(run: ActiveRun, event: RunEvent, name: string, user: string | undefined): Promise<boolean> {
    const { outcome } = run.decide([event], clock.now());
    return store.saveCommand(outcome.decision, { name, ...(user === undefined ? {} : { user }) });
  }

  return {
    async cancelRun(dagId, runId, user) {
      for (let tries = 0; tries < MOST_TRIES; tries++) {
        const found = await load(dagId, runId);
        if (found === undefined) return 'not_found';
        if (found.loaded.status === 'success' || found.loaded.status === 'failed') return 'already_finished';
        if (await save(found.run, { type: 'run.cancelled' }, 'cancel', user)) return 'ok';
      }
      throw new RunMovedOnError(dagId, runId);
    },

    async clear(dagId, runId, request, user): Promise<ClearResult | 'not_found'> {
      for (let tries = 0; tries < MOST_TRIES; tries++) {
        const found = await load(dagId, runId);
        if (found === undefined) return 'not_found';
        const tasks = tasksToClear(found.run, request);
        const affected = tasks.map((task) => ({ taskId: found.run.dag.tasks[task]?.taskId ?? '', mapIndex: -1 }));
        if (request.dryRun === true || tasks.length === 0) return { affected };
        const event: RunEvent = { type: 'tasks.cleared', tasks };
        if (step(found.run.dag, found.run.state, event, clock.now()).kind === 'ignored') return { affected };
        if (await save(found.run, event, 'clear', user)) return { affected };
      }
      throw new RunMovedOnError(dagId, runId);
    },
  };
}

function tasksToClear(run: ActiveRun, request: ClearRequest): readonly number[] {
  const { dag, state } = run;
  const named =
    request.taskIds === undefined
      ? dag.tasks.map((_, index) => index)
      : request.taskIds.flatMap((entry) => {
          const index = dag.indexOf(typeof entry === 'string' ? entry : entry[0]);
          return index === undefined ? [] : [index];
        });
  const expanded = expandTasks(dag, named, {
    upstream: request.includeUpstream ?? false,
    downstream: request.includeDownstream ?? false,
  });
  return expanded.filter((task) => {
    const status = state.tasks[task]?.status ?? 'none';
    if (request.onlyFailed === true) return status === 'failed' || status === 'upstream_failed';
    return status !== 'none';
  });
}
