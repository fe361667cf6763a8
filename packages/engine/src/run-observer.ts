/** Who is told of what becomes of runs, beside those whom their DAGs name: lineage, traces. */
import type { DagSpec, Instant } from '@headrace/core';
import type { LoadedRun, NewNotice, RunDecision } from '@headrace/ports';
import type { ActiveRun } from './active-run.ts';

/** A run as observers know it. */
export type ObservedRun = Omit<LoadedRun, 'tasks'>;

/** An attempt that ran, and that a decision ends in its worker's place. */
export interface EndedAttempt {
  readonly taskInstanceId: string;
  readonly taskId: string;
  readonly mapIndex: number;
  readonly attempt: number;
  readonly lost: boolean;
  /** It was cleared: its worker ends it, and what it came to does not count. */
  readonly restarting: boolean;
  readonly reason: string;
}

export interface RunChange {
  readonly run: ObservedRun;
  readonly dag: DagSpec;
  /** The run's new status, if it has one. */
  readonly status?: 'success' | 'failed';
  readonly attempts: readonly EndedAttempt[];
  /** The command that decided so; absent: the scheduler did. */
  readonly command?: string;
  readonly at: Instant;
}

export interface RunObserver {
  /** What to save with a decision. Nothing is known to be saved yet. */
  notices?(change: RunChange): readonly NewNotice[];
  /** Runs have begun. Nothing waits for it. */
  started?(runs: readonly { readonly run: ObservedRun; readonly dag: DagSpec }[]): void;
  /** A run, or attempts of it, have ended, and that is saved. */
  ended?(change: RunChange): void;
}

/** What a decision changes that observers hear of; undefined: nothing of that kind. */
export function observedChange(run: ActiveRun, decision: RunDecision, at: Instant, command?: string): RunChange | undefined {
  const { status } = decision;
  const ended = status === 'success' || status === 'failed' ? status : undefined;
  const attempts = decision.changes.flatMap(({ taskInstanceId, from, fromAttempt, to, lost, reason }): EndedAttempt[] => {
    // Schedulers are not told of claims: to them what was lost may still be queued.
    if (lost !== true && from !== 'running') return [];
    const node = run.state.nodes[run.nodeOf(taskInstanceId) ?? -1];
    const taskId = node === undefined ? undefined : run.dag.tasks[node.task]?.taskId;
    if (node === undefined || taskId === undefined) return [];
    return [
      {
        taskInstanceId,
        taskId,
        mapIndex: node.mapIndex,
        attempt: fromAttempt,
        lost: lost === true,
        restarting: to.status === 'restarting',
        reason,
      },
    ];
  });
  if (ended === undefined && attempts.length === 0) return undefined;
  return {
    run: run.observed,
    dag: run.dag.spec,
    attempts,
    at,
    ...(ended === undefined ? {} : { status: ended }),
    ...(command === undefined ? {} : { command }),
  };
}

/** Several as one. */
export function allObservers(observers: readonly RunObserver[]): RunObserver {
  return {
    notices: (change) => observers.flatMap((observer) => observer.notices?.(change) ?? []),
    started: (runs) => {
      for (const observer of observers) observer.started?.(runs);
    },
    ended: (change) => {
      for (const observer of observers) observer.ended?.(change);
    },
  };
}

/** With what an observer adds to it. */
export function withObserved(decision: RunDecision, change: RunChange | undefined, observer: RunObserver | undefined): RunDecision {
  const more = change === undefined ? [] : (observer?.notices?.(change) ?? []);
  return more.length === 0 ? decision : { ...decision, notices: [...(decision.notices ?? []), ...more] };
}
