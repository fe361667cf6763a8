/** Makes scheduled runs of DAGs whose time has come. The store locks the DAGs and leaves runs alone that exist, so any number of schedulers may plan. */
import { dueRuns, type Instant } from '@headrace/core';
import type { DueDag, Log, Metrics, PlannedRun, SchedulePlan, SchedulerStore } from '@headrace/ports';

export interface SchedulePlannerOptions {
  readonly store: Pick<SchedulerStore, 'planDueDags'>;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Runs made for one DAG in one go, so that a long catch-up does not hold up the others. */
  readonly runsAtOnce: number;
}

const DAGS_AT_ONCE = 50;

export class SchedulePlanner {
  readonly #options: SchedulePlannerOptions;

  constructor(options: SchedulePlannerOptions) {
    this.#options = options;
  }

  /** Answers with the keys of the runs made, and whether there was so much to do that another call should follow at once. */
  async plan(): Promise<{ readonly created: readonly string[]; readonly more: boolean }> {
    const { store, log, metrics } = this.#options;
    const { created, looked } = await store.planDueDags(DAGS_AT_ONCE, (dag, now) => this.#planOne(dag, now));
    if (created.length > 0) {
      metrics.count('headrace_runs_created_total', { run_type: 'scheduled' }, created.length);
      log.info({ runs: created.length }, 'scheduled runs were created');
    }
    return { created, more: looked === DAGS_AT_ONCE };
  }

  #planOne(dag: DueDag, now: Instant): SchedulePlan {
    const { spec } = dag;
    try {
      const due = dueRuns(
        spec.schedule,
        {
          catchup: spec.catchup,
          firstSeenAt: dag.firstSeenAt,
          activeSince: dag.activeSince,
          ...(spec.startAt === undefined ? {} : { startAt: spec.startAt }),
          ...(spec.endAt === undefined ? {} : { endAt: spec.endAt }),
          ...(dag.scheduledUpTo === undefined ? {} : { scheduledUpTo: dag.scheduledUpTo }),
        },
        now,
        this.#options.runsAtOnce,
      );
      const runs = due.runs.map(
        (run): PlannedRun => ({
          dagId: dag.dagId,
          versionId: dag.versionId,
          runId: `scheduled__${new Date(run.logicalDate).toISOString()}`,
          runType: 'scheduled',
          logicalDate: run.logicalDate,
          intervalStart: run.intervalStart,
          intervalEnd: run.intervalEnd,
          runAfter: run.runAfter,
        }),
      );
      return {
        dagId: dag.dagId,
        runs,
        ...(due.scheduledUpTo === undefined ? {} : { scheduledUpTo: due.scheduledUpTo }),
        ...(due.nextDueAt === undefined ? {} : { nextDueAt: due.nextDueAt }),
      };
    } catch (error) {
      // One DAG that cannot be planned must not hold up the others; a new version of it will be looked at again.
      this.#options.log.error({ error, dagId: dag.dagId }, 'the schedule of this DAG cannot be planned');
      return { dagId: dag.dagId, runs: [] };
    }
  }
}
