/** Commands of people on runs: load, let the core decide, save if the run has not moved on, else again. */
import { type RunEvent, step, type TaskStatus } from '@headrace/core';
import {
  type ChangeResult,
  type ClearRequest,
  type Clock,
  type CommandStore,
  type LoadedRun,
  type MarkRequest,
  type RunCommands,
  type RunSelection,
  type TaskSelection,
  TasksRunningError,
  type VersionChange,
} from '@headrace/ports';
import { ActiveRun } from './active-run.ts';
import type { DagVersions } from './dag-versions.ts';
import { initialTasks } from './initial-tasks.ts';
import { observedChange, type RunObserver, withObserved } from './run-observer.ts';
import { selectNodes, statusOf } from './task-selection.ts';

const MOST_TRIES = 10;

export class RunMovedOnError extends Error {
  readonly code = 'HR_RUN_BUSY';
  constructor(dagId: string, runId: string) {
    super(`Run "${runId}" of DAG "${dagId}" changed ${MOST_TRIES} times while the command was being saved: try again`);
    this.name = 'RunMovedOnError';
  }
}

export interface RunCommandsOptions {
  readonly store: Pick<CommandStore, 'loadRun' | 'saveCommand' | 'latestVersion' | 'runIds'>;
  readonly versions: DagVersions;
  readonly clock: Clock;
  /** Is told of what commands change. */
  readonly observer?: RunObserver;
}

export function createRunCommands(options: RunCommandsOptions): RunCommands {
  const commands = new Commands(options);
  return {
    async cancelRun(dagId, runId, user, { terminate = false } = {}) {
      let finished = false;
      const done = await commands.change(dagId, runId, { name: 'cancel', user }, ({ loaded }) => {
        finished = loaded.status === 'success' || loaded.status === 'failed';
        return finished ? undefined : { type: 'run.cancelled', ...(terminate ? { teardowns: false } : {}) };
      });
      if (!done) return 'not_found';
      return finished ? 'already_finished' : 'ok';
    },
    async markRun(dagId, runId, status, user) {
      const done = await commands.change(dagId, runId, { name: `mark ${status}`, user }, () => ({ type: 'run.marked', status }));
      return done ? 'ok' : 'not_found';
    },
    clear: (dagId, runs, request, user) => commands.clear(dagId, runs, request, user),
    markTasks: (dagId, runs, request, user) => commands.markTasks(dagId, runs, request, user),
  };
}

interface Found {
  readonly loaded: LoadedRun;
  readonly run: ActiveRun;
  /** When the run shall go on with another version than its own. */
  readonly version?: VersionChange;
}

interface Command {
  readonly name: string;
  readonly user: string | undefined;
  readonly onLatestVersion?: boolean;
}

type Affected = ChangeResult['affected'];

class Commands {
  readonly #options: RunCommandsOptions;

  constructor(options: RunCommandsOptions) {
    this.#options = options;
  }

  async clear(dagId: string, runs: RunSelection, request: ClearRequest, user: string | undefined): Promise<ChangeResult | 'not_found'> {
    const command: Command = { name: 'clear', user, onLatestVersion: request.onLatestVersion ?? false };
    const chosen = (run: ActiveRun): readonly number[] =>
      selectNodes(run, request, { withSetupsAndTeardowns: true }).filter((node) => isToClear(statusOf(run, node), request));
    if (request.preventRunning === true) await this.#refuseRunning(dagId, runs, request, chosen);
    return this.#onEach(dagId, runs, request, command, chosen, (tasks) => ({ type: 'tasks.cleared', tasks }));
  }

  async markTasks(dagId: string, runs: RunSelection, request: MarkRequest, user: string | undefined): Promise<ChangeResult | 'not_found'> {
    const { status } = request;
    const chosen = (run: ActiveRun): readonly number[] =>
      selectNodes(run, request, { withSetupsAndTeardowns: false }).filter((node) => statusOf(run, node) !== status);
    return this.#onEach(dagId, runs, request, { name: `mark tasks ${status}`, user }, chosen, (tasks) => ({
      type: 'tasks.marked',
      tasks,
      status,
    }));
  }

  /** False: there is no such run. The event is asked for each time the run is loaded; undefined: nothing is to be done. */
  async change(dagId: string, runId: string, command: Command, eventFor: (found: Found) => RunEvent | undefined): Promise<boolean> {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const found = await this.#load(dagId, runId, command.onLatestVersion ?? false);
      if (found === undefined) return false;
      const event = eventFor(found);
      if (event === undefined || (await this.#save(found, event, command))) return true;
    }
    throw new RunMovedOnError(dagId, runId);
  }

  async #onEach(
    dagId: string,
    runs: RunSelection,
    selection: TaskSelection,
    command: Command,
    chosen: (run: ActiveRun) => readonly number[],
    eventFor: (nodes: readonly number[]) => RunEvent,
  ): Promise<ChangeResult | 'not_found'> {
    const runIds = await this.#runIds(dagId, runs, selection);
    if (runIds === undefined) return 'not_found';
    const affected: Affected[number][] = [];
    for (const runId of runIds) {
      let here: Affected = [];
      await this.change(dagId, runId, command, ({ run }) => {
        const nodes = chosen(run);
        here = namesOf(run, nodes);
        if (selection.dryRun === true || nodes.length === 0) return undefined;
        const event = eventFor(nodes);
        return step(run.dag, run.state, event, this.#options.clock.now()).kind === 'applied' ? event : undefined;
      });
      affected.push(...here);
    }
    return { affected };
  }

  async #refuseRunning(
    dagId: string,
    runs: RunSelection,
    selection: TaskSelection,
    chosen: (run: ActiveRun) => readonly number[],
  ): Promise<void> {
    const running: Affected[number][] = [];
    for (const runId of (await this.#runIds(dagId, runs, selection)) ?? []) {
      const run = (await this.#load(dagId, runId, false))?.run;
      if (run === undefined) continue;
      running.push(
        ...namesOf(
          run,
          chosen(run).filter((node) => statusOf(run, node) === 'running'),
        ),
      );
    }
    if (running.length > 0) throw new TasksRunningError(running);
  }

  /** Undefined: the run that is named does not exist. */
  async #runIds(
    dagId: string,
    runs: RunSelection,
    { includePast = false, includeFuture = false }: TaskSelection,
  ): Promise<readonly string[] | undefined> {
    const { store } = this.#options;
    if (!('runId' in runs)) {
      const { from, to } = runs;
      return store.runIds(dagId, { ...(from === undefined ? {} : { gte: from }), ...(to === undefined ? {} : { lte: to }) });
    }
    const loaded = await store.loadRun(dagId, runs.runId);
    if (loaded === undefined) return undefined;
    if (loaded.logicalDate === undefined || !(includePast || includeFuture)) return [runs.runId];
    const past = includePast ? await store.runIds(dagId, { lt: loaded.logicalDate }) : [];
    const future = includeFuture ? await store.runIds(dagId, { gt: loaded.logicalDate }) : [];
    return [...past, runs.runId, ...future];
  }

  async #load(dagId: string, runId: string, onLatestVersion: boolean): Promise<Found | undefined> {
    const { store, versions } = this.#options;
    const loaded = await store.loadRun(dagId, runId);
    if (loaded === undefined) return undefined;
    const versionId = (onLatestVersion ? await store.latestVersion(dagId) : undefined) ?? loaded.versionId;
    const dag = await versions.get(versionId);
    const run = new ActiveRun(loaded, dag);
    return versionId === loaded.versionId ? { loaded, run } : { loaded, run, version: { versionId, tasks: initialTasks(dag) } };
  }

  /** False: the run has moved on meanwhile. */
  async #save({ loaded, run, version }: Found, event: RunEvent, { name, user }: Command): Promise<boolean> {
    const { store, clock, observer } = this.#options;
    const now = clock.now();
    const { outcome } = run.decide([event], now);
    const change = observer === undefined ? undefined : observedChange(run, outcome.decision, now, name);
    const decision = withObserved(outcome.decision, change, observer);
    const seen = { status: loaded.status, tasks: loaded.tasks.length };
    const saved = await store.saveCommand(decision, { name, seen, ...(user === undefined ? {} : { user }) }, version);
    if (saved && change !== undefined) observer?.ended?.(change);
    return saved;
  }
}

function isToClear(status: TaskStatus, { onlyFailed = false, onlyRunning = false }: ClearRequest): boolean {
  if (!onlyFailed && !onlyRunning) return status !== 'none';
  return (onlyFailed && (status === 'failed' || status === 'upstream_failed')) || (onlyRunning && status === 'running');
}

function namesOf({ runId, dag, state }: ActiveRun, nodes: readonly number[]): Affected {
  return nodes.map((node) => {
    const { task = -1, mapIndex = -1 } = state.nodes[node] ?? {};
    return { runId, taskId: dag.tasks[task]?.taskId ?? '', mapIndex };
  });
}
