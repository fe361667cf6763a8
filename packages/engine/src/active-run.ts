/**
 * A run that this scheduler is deciding on: the compiled DAG, its state, and which task instance is which task.
 *
 * It is a cache of rows. Whatever it says, the store checks the from-state and attempt of every move, so an outdated
 * copy can delay a run until it is reloaded, never harm it.
 */
import {
  type Dag,
  type Effect,
  type Instant,
  type RunEvent,
  type RunState,
  restoreRun,
  step,
  type TaskChange,
  type TaskState,
} from '@headrace/core';
import type { LoadedRun, RunDecision } from '@headrace/ports';

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
  /** When a retry of the run is due next. */
  wakeAt: Instant | undefined;
  /** For the sweep that verifies quiet runs: when to look, and how long to wait after that. */
  verifyAt = 0;
  verifyEveryMs = 0;

  #state: RunState;
  readonly #instanceIds: readonly (string | undefined)[];
  readonly #taskOfInstance: ReadonlyMap<string, number>;

  constructor(loaded: LoadedRun, dag: Dag) {
    this.runKey = loaded.runKey;
    this.dagId = loaded.dagId;
    this.runId = loaded.runId;
    this.versionId = loaded.versionId;
    this.revision = loaded.revision;
    this.dag = dag;
    const states: TaskState[] = dag.tasks.map(() => ({ status: 'none', attempt: 0 }));
    const instanceIds: (string | undefined)[] = new Array(dag.tasks.length).fill(undefined);
    const taskOfInstance = new Map<string, number>();
    for (const task of loaded.tasks) {
      const index = dag.indexOf(task.taskId);
      if (index === undefined) continue;
      states[index] = task.state;
      instanceIds[index] = task.taskInstanceId;
      taskOfInstance.set(task.taskInstanceId, index);
    }
    this.#instanceIds = instanceIds;
    this.#taskOfInstance = taskOfInstance;
    this.#state = restoreRun(dag, loaded.status, states);
    this.wakeAt = earliestDue(states);
  }

  taskOf(taskInstanceId: string): number | undefined {
    return this.#taskOfInstance.get(taskInstanceId);
  }

  get state(): RunState {
    return this.#state;
  }

  /** The decision was saved. */
  advance(outcome: RunOutcome): void {
    this.#state = outcome.next;
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
    const effects: Effect[] = [];
    const rejected: RejectedEvent[] = [];
    for (const event of inOneGo(events)) {
      const result = step(this.dag, state, event, now);
      if (result.kind === 'ignored') continue;
      if (result.kind === 'rejected') {
        rejected.push({ event, why: `${result.why}: ${result.detail}` });
        continue;
      }
      state = result.run;
      for (const change of result.changes) changes.set(change.task, joined(changes.get(change.task), change));
      effects.push(...result.effects);
    }
    return { outcome: { decision: this.#decisionOf(state, changes), next: state, effects }, rejected };
  }

  #decisionOf(next: RunState, changes: ReadonlyMap<number, TaskChange>): RunDecision {
    const saved: RunDecision['changes'][number][] = [];
    for (const { task, from, to, reason } of changes.values()) {
      const taskInstanceId = this.#instanceIds[task];
      // A run that was never started has no rows to move.
      if (taskInstanceId === undefined) continue;
      saved.push({ taskInstanceId, from: from.status, fromAttempt: from.attempt, to, reason });
    }
    return {
      runKey: this.runKey,
      revision: this.revision,
      changes: saved,
      ...(next.status === this.#state.status ? {} : { status: next.status }),
    };
  }
}

export function isEmpty(decision: RunDecision): boolean {
  return decision.changes.length === 0 && decision.status === undefined;
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

function earliestDue(states: readonly TaskState[]): Instant | undefined {
  let earliest: Instant | undefined;
  for (const state of states) {
    const dueAt = 'dueAt' in state ? state.dueAt : undefined;
    if (dueAt !== undefined && (earliest === undefined || dueAt < earliest)) earliest = dueAt;
  }
  return earliest;
}

/** Two moves of one task, decided in one go, are saved as one. */
function joined(earlier: TaskChange | undefined, later: TaskChange): TaskChange {
  return earlier === undefined ? later : { task: later.task, from: earlier.from, to: later.to, reason: later.reason };
}
