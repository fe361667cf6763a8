/**
 * Deadlines of runs: works them out when a run comes to be, foresees misses, and tells of those that were missed.
 *
 * What is looked at when, the core says; a deadline that is far away, and will not be missed as things stand, is not looked at.
 */
import { type DagSpec, deadlineDue, deadlineNotices, forecast, type Instant, judgeDeadline, type TaskDurations } from '@headrace/core';
import {
  type DeadlineStore,
  type DeadlineVerdict,
  type Metrics,
  type NewDeadline,
  noMetrics,
  type UnwatchedRun,
  type WatchedDeadline,
} from '@headrace/ports';
import type { DagVersions } from './dag-versions.ts';
import type { Duty } from './duty.ts';

const RUNS_AT_ONCE = 200;
const DEADLINES_AT_ONCE = 100;
/** How many of the newest successful runs a forecast rests on. */
const RUNS_OF_HISTORY = 10;
/** Durations change slowly: what was read of a DAG is good for so long. */
const HISTORY_FOR_MS = 300_000;
const MOST_HISTORIES = 500;

export interface DeadlineDutyOptions {
  readonly store: DeadlineStore;
  readonly versions: Pick<DagVersions, 'get'>;
  readonly metrics?: Metrics;
}

export function createDeadlineDuty({ store, versions, metrics = noMetrics }: DeadlineDutyOptions): Duty {
  const histories = new Map<string, { readonly readAt: Instant; readonly durations: ReadonlyMap<string, TaskDurations> }>();

  async function historyOf(dagId: string, now: Instant): Promise<ReadonlyMap<string, TaskDurations>> {
    const known = histories.get(dagId);
    if (known !== undefined && now - known.readAt < HISTORY_FOR_MS) return known.durations;
    const durations = new Map((await store.taskDurations(dagId, RUNS_OF_HISTORY)).map((one) => [one.taskId, one]));
    histories.delete(dagId);
    histories.set(dagId, { readAt: now, durations });
    const [oldest] = histories.keys();
    if (histories.size > MOST_HISTORIES && oldest !== undefined) histories.delete(oldest);
    return durations;
  }

  async function judge(due: WatchedDeadline, now: Instant): Promise<DeadlineVerdict> {
    const dag = await versions.get(due.versionId);
    const spec = dag.spec.deadlines?.find((one) => one.name === due.name);
    const { runKey, name, status } = due;
    const predicted = due.predicted || spec?.predict !== true;
    const asks = !predicted && now < due.dueAt && (status === 'running' || status === 'queued');
    const expected = asks ? forecast(dag, due.tasks, await historyOf(due.dagId, now), now, due.runAfter) : undefined;
    const judgement = judgeDeadline({ ...due, predicted }, expected, now);
    const details = { tasks: due.tasks, ...(expected === undefined ? {} : { criticalPath: expected.criticalPath }) };
    return { runKey, name, ...judgement, notices: deadlineNotices(dag.spec, due, due, judgement, details) };
  }

  async function deadlinesOf(run: UnwatchedRun): Promise<readonly NewDeadline[]> {
    const { spec, runKey, dagId } = run;
    const most = mostRunsAveraged(spec);
    const runDurations = most === 0 ? [] : await store.runDurations(dagId, most);
    return (spec.deadlines ?? []).map((deadline): NewDeadline => {
      const dueAt = deadlineDue(deadline, { ...run, runDurations });
      if (dueAt === undefined) return { runKey, name: deadline.name };
      // A miss may be foreseen from the beginning on.
      return { runKey, name: deadline.name, dueAt, checkAt: deadline.predict ? Math.min(dueAt, run.queuedAt) : dueAt };
    });
  }

  return {
    name: 'deadlines',
    concerns: (event) => event.type === 'run',
    restMs: 500,
    async perform(now) {
      const unwatched = await store.unwatched(RUNS_AT_ONCE);
      for (const run of unwatched) await store.watch(await deadlinesOf(run));
      let missed: readonly WatchedDeadline[] = [];
      const judged = await store.judge(DEADLINES_AT_ONCE, async (due, storeNow) => {
        const verdicts: DeadlineVerdict[] = [];
        for (const one of due) verdicts.push(await judge(one, storeNow));
        missed = due.filter((_, index) => verdicts[index]?.state === 'missed');
        return verdicts;
      });
      for (const { dagId } of missed) metrics.count('headrace_deadlines_missed_total', { dag_id: dagId });
      if (unwatched.length === RUNS_AT_ONCE || judged === DEADLINES_AT_ONCE) return { more: true };
      const nextAt = await store.nextCheck();
      // One that is due already is in another scheduler's hand.
      return nextAt === undefined || nextAt <= now ? {} : { nextAt };
    },
  };
}

function mostRunsAveraged({ deadlines = [] }: DagSpec): number {
  return deadlines.reduce((most, { from }) => (from.kind === 'average_runtime' ? Math.max(most, from.maxRuns) : most), 0);
}
