/**
 * A run that this scheduler is deciding on: the compiled DAG, its state, and which task instance is which node.
 *
 * It is a cache of rows. Whatever it says, the store checks the from-state and attempt of every move, so an outdated
 * copy can delay a run until it is reloaded, never harm it.
 */
import {
  type Dag,
  decisionNotices,
  type Effect,
  type Instant,
  type NewNode,
  pausedNotices,
  type RunEvent,
  type RunIdentity,
  type RunState,
  type RunStatus,
  restoreRun,
  step,
  type TaskChange,
} from '@headrace/core';
import type { CreatedTaskInstance, DecisionResult, LoadedRun, RunDecision } from '@headrace/ports';
import { newTaskInstance } from './initial-tasks.ts';

/** What a run's events led to: what to save, and the state that holds once it is saved. */
export interface RunOutcome {
  readonly decision: RunDecision;
  readonly next: RunState;
  readonly effects: readonly Effect[];
}

export interface RejectedEvent {
  readonly event: RunEvent;
  readonly why: string;
}

export class ActiveRun {
  readonly runKey: string;
  readonly dagId: string;
  readonly runId: string;
  readonly versionId: string;
  readonly revision: number;
  readonly dag: Dag;
  /** When something of the run is due next. */
  wakeAt: Instant | undefined;
  /** For the sweep that verifies quiet runs: when to look, and how long to wait after that. */
  verifyAt = 0;
  verifyEveryMs = 0;

  /** As observers know it. */
  readonly observed: Omit<LoadedRun, 'tasks'>;
  readonly #identity: RunIdentity;
  #state: RunState;
  /** By node. A run that was never started has no rows. */
  readonly #instanceIds: (string | undefined)[];
  readonly #nodeOfInstance = new Map<string, number>();

  constructor(loaded: LoadedRun, dag: Dag) {
    this.runKey = loaded.runKey;
    this.dagId = loaded.dagId;
    this.runId = loaded.runId;
    this.versionId = loaded.versionId;
    this.revision = loaded.revision;
    this.dag = dag;
    const { tasks: _tasks, ...observed } = loaded;
    this.observed = observed;
    const { status: _status, progress: _progress, runAfter: _runAfter, traceParent: _traceParent, ...identity } = observed;
    this.#identity = identity;
    const known = loaded.tasks.flatMap(({ taskInstanceId, taskId, mapIndex, state }) => {
      const task = dag.indexOf(taskId);
      return task === undefined ? [] : [{ taskInstanceId, task, mapIndex, state }];
    });
    known.sort((a, b) => a.task - b.task || a.mapIndex - b.mapIndex);
    for (const [node, { taskInstanceId }] of known.entries()) this.#nodeOfInstance.set(taskInstanceId, node);
    this.#instanceIds = known.map(({ taskInstanceId }) => taskInstanceId);
    this.#state = restoreRun(dag, { status: loaded.status, nodes: known, progress: loaded.progress });
    this.wakeAt = earliestDue(this.#state);
  }

  nodeOf(taskInstanceId: string): number | undefined {
    return this.#nodeOfInstance.get(taskInstanceId);
  }

  get state(): RunState {
    return this.#state;
  }

  /** Something waits for a slot; if a command made it ready, no decision of ours has asked for one. */
  get hasReady(): boolean {
    return this.#state.tasks.some((task) => task.status === 'scheduled');
  }

  /**
   * The decision was saved. False: not all of the task instances that it adds are known by id, so the run must be read anew.
   * @param created as the store answered, of all runs of the batch.
   */
  advance(outcome: RunOutcome, created: DecisionResult['created'] = []): boolean {
    this.#state = outcome.next;
    const added = outcome.decision.created ?? [];
    if (added.length === 0) return true;
    const ids = new Map<string, string>();
    for (const one of created) if (one.runKey === this.runKey) ids.set(`${one.mapIndex} ${one.taskId}`, one.taskInstanceId);
    const first = outcome.next.nodes.length - added.length;
    for (const [offset, { taskId, mapIndex }] of added.entries()) {
      const id = ids.get(`${mapIndex} ${taskId}`);
      if (id === undefined) return false;
      this.#instanceIds[first + offset] = id;
      this.#nodeOfInstance.set(id, first + offset);
    }
    return true;
  }

  /** A move that needs no decision: the store has just made it at our wish. */
  observe(event: RunEvent, now: Instant): void {
    this.#state = this.decide([event], now).outcome.next;
  }

  /**
   * Applies the events in order. Events that are old news are passed over; one that cannot be is reported, and the
   * caller reloads the run.
   */
  decide(events: readonly RunEvent[], now: Instant): { readonly outcome: RunOutcome; readonly rejected: readonly RejectedEvent[] } {
    let state = this.#state;
    const changes = new Map<number, TaskChange>();
    const created: NewNode[] = [];
    const effects: Effect[] = [];
    const rejected: RejectedEvent[] = [];
    const firstNew = state.nodes.length;
    for (const event of inOneGo(events)) {
      const result = step(this.dag, state, event, now);
      if (result.kind === 'ignored') continue;
      if (result.kind === 'rejected') {
        rejected.push({ event, why: `${result.why}: ${result.detail}` });
        continue;
      }
      state = result.run;
      created.push(...result.created);
      for (const change of result.changes) {
        const mine = created[change.task - firstNew];
        if (mine === undefined) changes.set(change.task, joined(changes.get(change.task), change));
        // A node that is new with this very decision is saved as what it has become.
        else created[change.task - firstNew] = { ...mine, state: change.to, reason: change.reason };
      }
      effects.push(...result.effects);
    }
    return { outcome: { decision: this.#decisionOf(state, changes, created), next: state, effects }, rejected };
  }

  #decisionOf(next: RunState, changes: ReadonlyMap<number, TaskChange>, created: readonly NewNode[]): RunDecision {
    const saved: RunDecision['changes'][number][] = [];
    for (const { task: node, from, to, reason, mapIndex, lost } of changes.values()) {
      const taskInstanceId = this.#instanceIds[node];
      if (taskInstanceId === undefined) continue;
      const change = { taskInstanceId, from: from.status, fromAttempt: from.attempt, to, reason, ...(lost === undefined ? {} : { lost }) };
      saved.push(mapIndex === undefined ? change : { ...change, mapIndex });
    }
    const status = next.status === this.#state.status ? undefined : next.status;
    const notices = decisionNotices(this.dag, { ...this.#identity, state: next }, [...changes.values()], status);
    return {
      runKey: this.runKey,
      revision: this.revision,
      changes: saved,
      ...(created.length === 0 ? {} : { created: created.map((node) => this.#created(node)) }),
      ...(next.progress === this.#state.progress ? {} : { progress: next.progress }),
      ...(notices.length === 0 ? {} : { notices }),
      ...(status === undefined ? {} : { status }),
      ...this.#failureStreak(status),
    };
  }

  /** Of a run that ends, when its DAG pauses itself after so many failures. */
  #failureStreak(status: RunStatus | undefined): Pick<RunDecision, 'failureStreak'> {
    const limit = this.dag.spec.maxConsecutiveFailedRuns;
    if (limit === undefined || (status !== 'success' && status !== 'failed')) return {};
    return { failureStreak: { limit, notices: status === 'failed' ? pausedNotices(this.dag.spec, this.#identity) : [] } };
  }

  #created({ task, mapIndex, state, reason }: NewNode): CreatedTaskInstance {
    return { ...newTaskInstance(this.dag, task, state), mapIndex, reason };
  }
}

export function isEmpty({ changes, created, progress, status }: RunDecision): boolean {
  return changes.length === 0 && created === undefined && progress === undefined && status === undefined;
}

type Moved = Extract<RunEvent, { type: 'task.moved' }>;

/** Moves that follow each other are one event: the core copies the run's state once for all of them. */
function inOneGo(events: readonly RunEvent[]): readonly RunEvent[] {
  const grouped: RunEvent[] = [];
  let moves: Moved[] = [];
  const flush = (): void => {
    if (moves.length > 0) grouped.push({ type: 'tasks.moved', moves });
    moves = [];
  };
  for (const event of events) {
    if (event.type === 'task.moved') moves.push(event);
    else {
      flush();
      grouped.push(event);
    }
  }
  flush();
  return grouped;
}

/** Of what the core waits for; `deferred` and `awaiting_input` are ended by others. */
function earliestDue({ tasks }: RunState): Instant | undefined {
  let earliest: Instant | undefined;
  for (const state of tasks) {
    if (state.status !== 'up_for_retry' && state.status !== 'up_for_reschedule') continue;
    if (earliest === undefined || state.dueAt < earliest) earliest = state.dueAt;
  }
  return earliest;
}

/** Two moves of one task, decided in one go, are saved as one. */
function joined(earlier: TaskChange | undefined, later: TaskChange): TaskChange {
  if (earlier === undefined) return later;
  const mapIndex = later.mapIndex ?? earlier.mapIndex;
  const lost = later.lost ?? earlier.lost;
  return {
    task: later.task,
    from: earlier.from,
    to: later.to,
    reason: later.reason,
    ...(mapIndex === undefined ? {} : { mapIndex }),
    ...(lost === undefined ? {} : { lost }),
  };
}
