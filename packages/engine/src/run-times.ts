/**
 * What the times of runs tell dashboards: how late they begin, how soon a task of them gets a slot, how long they take.
 * Told by the scheduler that has the run in hand; nothing follows from it.
 */
import type { Instant } from '@headrace/core';
import type { LoadedRun, Metrics } from '@headrace/ports';
import type { ActiveRun } from './active-run.ts';

const MS_PER_SECOND = 1_000;

export class RunTimes {
  readonly #metrics: Metrics;
  /** Runs that were started here and of which no task has had a slot: when they began. */
  readonly #awaiting = new Map<string, Instant>();

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  /** Runs that were moved to `running` just now. A backfill makes runs of the past: they are not late. */
  started(runs: readonly LoadedRun[], now: Instant): void {
    this.#metrics.count('headrace_runs_started_total', {}, runs.length);
    for (const { runKey, dagId, runType, runAfter } of runs) {
      this.#awaiting.set(runKey, now);
      if (runAfter !== undefined && runType !== 'backfill')
        this.#metrics.observe('headrace_run_schedule_delay_seconds', secondsBetween(runAfter, now), { dag_id: dagId });
    }
  }

  /** A task of the run was given a slot. */
  gotSlot({ runKey, dagId }: ActiveRun, now: Instant): void {
    const since = this.#awaiting.get(runKey);
    if (since === undefined) return;
    this.#awaiting.delete(runKey);
    this.#metrics.observe('headrace_run_first_task_delay_seconds', secondsBetween(since, now), { dag_id: dagId });
  }

  finished({ runKey, dagId, state: { progress } }: ActiveRun, state: 'success' | 'failed', now: Instant): void {
    this.#awaiting.delete(runKey);
    this.#metrics.count('headrace_runs_finished_total', { dag_id: dagId, state });
    if (progress.startedAt !== undefined)
      this.#metrics.observe('headrace_run_duration_seconds', secondsBetween(progress.startedAt, now), { dag_id: dagId, state });
  }

  /** The runs in hand: what is known of others is forgotten. */
  keep(inHand: (runKey: string) => boolean): void {
    for (const runKey of this.#awaiting.keys()) if (!inHand(runKey)) this.#awaiting.delete(runKey);
  }
}

/** Clocks differ a little: never less than nothing. */
function secondsBetween(from: Instant, to: Instant): number {
  return Math.max(0, to - from) / MS_PER_SECOND;
}
