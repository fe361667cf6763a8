/** Commands of people on runs: load, let the core decide, save if the run has not moved on, else again. */
import { expandTasks, type RunEvent, step } from '@headrace/core';
import type { ClearRequest, ClearResult, Clock, CommandStore, LoadedRun, RunCommands, VersionChange } from '@headrace/ports';
import { ActiveRun } from './active-run.ts';
import type { DagVersions } from './dag-versions.ts';
import { initialTasks } from './initial-tasks.ts';

const MOST_TRIES = 10;

export class RunMovedOnError extends Error {
  readonly code = 'HR_RUN_BUSY';
  constructor(dagId: string, runId: string) {
    super(`Run "${runId}" of DAG "${dagId}" changed ${MOST_TRIES} times while the command was being saved: try again`);
    this.name = 'RunMovedOnError';
  }
}

export function createRunCommands(options: {
  readonly store: Pick<CommandStore, 'loadRun' | 'saveCommand' | 'latestVersion'>;
  readonly versions: DagVersions;
  readonly clock: Clock;
}): RunCommands {
  const { store, versions, clock } = options;

  interface Found {
    readonly loaded: LoadedRun;
    readonly run: ActiveRun;
    /** When the run shall go on with another version than its own. */
    readonly version?: VersionChange;
  }

  async function load(dagId: string, runId: string, onLatestVersion: boolean): Promise<Found | undefined> {
    const loaded = await store.loadRun(dagId, runId);
    if (loaded === undefined) return undefined;
    const versionId = (onLatestVersion ? await store.latestVersion(dagId) : undefined) ?? loaded.versionId;
    const dag = await versions.get(versionId);
    const run = new ActiveRun(loaded, dag);
    return versionId === loaded.versionId ? { loaded, run } : { loaded, run, version: { versionId, tasks: initialTasks(dag) } };
  }

  /** False: the run has moved on meanwhile. */
  async function save({ run, version }: Found, event: RunEvent, name: string, user: string | undefined): Promise<boolean> {
    const { outcome } = run.decide([event], clock.now());
    return store.saveCommand(outcome.decision, { name, ...(user === undefined ? {} : { user }) }, version);
  }

  return {
    async cancelRun(dagId, runId, user) {
      for (let tries = 0; tries < MOST_TRIES; tries++) {
        const found = await load(dagId, runId, false);
        if (found === undefined) return 'not_found';
        if (found.loaded.status === 'success' || found.loaded.status === 'failed') return 'already_finished';
        if (await save(found, { type: 'run.cancelled' }, 'cancel', user)) return 'ok';
      }
      throw new RunMovedOnError(dagId, runId);
    },

    async clear(dagId, runId, request, user): Promise<ClearResult | 'not_found'> {
      for (let tries = 0; tries < MOST_TRIES; tries++) {
        const found = await load(dagId, runId, request.onLatestVersion ?? false);
        if (found === undefined) return 'not_found';
        const tasks = tasksToClear(found.run, request);
        const affected = tasks.map((task) => ({ taskId: found.run.dag.tasks[task]?.taskId ?? '', mapIndex: -1 }));
        if (request.dryRun === true || tasks.length === 0) return { affected };
        const event: RunEvent = { type: 'tasks.cleared', tasks };
        if (step(found.run.dag, found.run.state, event, clock.now()).kind === 'ignored') return { affected };
        if (await save(found, event, 'clear', user)) return { affected };
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
