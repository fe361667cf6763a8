/**
 * Makes scheduled runs of DAGs whose time has come. The store locks the DAGs and leaves runs alone that exist, so any number of
 * schedulers may plan.
 *
 * A DAG with a timetable of its own is planned as far as the timetable has answered. What it has not answered is asked beside the
 * planning, and then the DAG is planned again: a slow or broken timetable delays its own DAG and no other.
 */
import type { Instant, Milliseconds } from '@headrace/core';
import type { DueDag, Log, Metrics, SchedulePlan, SchedulerStore, ScheduleStore, TimetableEvaluator } from '@headrace/ports';
import { dueRunsOf, planDag } from './plan-dag.ts';
import { TimetableBook } from './timetable-book.ts';

export interface SchedulePlannerOptions {
  readonly store: Pick<SchedulerStore, 'planDueDags'>;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Runs made for one DAG in one go, so that a long catch-up does not hold up the others. */
  readonly runsAtOnce: number;
  readonly timetables?: TimetableEvaluator;
  readonly schedules?: Pick<ScheduleStore, 'requestPlan'>;
}

const DAGS_AT_ONCE = 50;
/** When a DAG whose timetable was asked is looked at again, should whoever asked it be gone by then, or have got no answer. */
const ASKED_AGAIN_AFTER_MS: Milliseconds = 30_000;

export class SchedulePlanner {
  readonly #options: SchedulePlannerOptions;
  readonly #book: TimetableBook | undefined;

  constructor(options: SchedulePlannerOptions) {
    this.#options = options;
    this.#book = options.timetables === undefined ? undefined : new TimetableBook(options.timetables);
  }

  /** Answers with the keys of the runs made, and whether there was so much to do that another call should follow at once. */
  async plan(): Promise<{ readonly created: readonly string[]; readonly more: boolean }> {
    const { store, log, metrics } = this.#options;
    const unanswered: { readonly dag: DueDag; readonly now: Instant }[] = [];
    const { created, looked } = await store.planDueDags(DAGS_AT_ONCE, (dag, now) =>
      this.#planOne(dag, now, () => unanswered.push({ dag, now })),
    );
    for (const { dag, now } of unanswered) void this.#ask(dag, now);
    if (created.length > 0) {
      metrics.count('headrace_runs_created_total', { run_type: 'scheduled' }, created.length);
      log.info({ runs: created.length }, 'scheduled runs were created');
    }
    return { created, more: looked === DAGS_AT_ONCE };
  }

  #planOne(dag: DueDag, now: Instant, isUnanswered: () => void): SchedulePlan {
    const { log, runsAtOnce } = this.#options;
    try {
      const { plan, asks, passedOver } = planDag(dag, now, runsAtOnce, this.#book?.functionsOf(dag.versionId));
      if (passedOver > 0) log.info({ dagId: dag.dagId, runs: passedOver }, 'runs were not made, because the DAG lets none overlap');
      if (asks === undefined) return plan;
      if (this.#book === undefined) {
        log.error({ dagId: dag.dagId, timetable: asks.name }, 'this scheduler cannot ask the timetable of this DAG');
        return plan;
      }
      isUnanswered();
      return { ...plan, nextDueAt: now + ASKED_AGAIN_AFTER_MS };
    } catch (error) {
      // One DAG that cannot be planned must not hold up the others; a new version of it will be looked at again.
      log.error({ error, dagId: dag.dagId }, 'the schedule of this DAG cannot be planned');
      return { dagId: dag.dagId, runs: [] };
    }
  }

  async #ask(dag: DueDag, now: Instant): Promise<void> {
    const { log, metrics, runsAtOnce, schedules } = this.#options;
    const functions = this.#book?.functionsOf(dag.versionId);
    try {
      await this.#book?.learn(dag.dagId, dag.versionId, () => dueRunsOf(dag, now, runsAtOnce, functions).asks, runsAtOnce + 1);
      await schedules?.requestPlan([dag.dagId]);
    } catch (error) {
      metrics.count('headrace_timetable_errors_total');
      log.error({ error, dagId: dag.dagId }, 'the timetable of this DAG gave no answer and will be asked again');
    }
  }
}
