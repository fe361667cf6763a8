/**
 * The plan of one DAG: which scheduled runs are made now, what they replace, and when to look again. Pure.
 *
 * What the timetable says (core, `dueRuns`) is passed through what the DAG says of runs that overlap (core, `overlapVerdict`).
 */
import {
  type DagSpec,
  type DueRuns,
  dueRuns,
  exclusionOf,
  type Instant,
  overlapVerdict,
  type ScheduledRun,
  type ScheduleHistory,
  scheduledPartition,
  type TimetableFunctions,
  type TimetableRequest,
  timetableOf,
  type UnendedRun,
} from '@headrace/core';
import type { DueDag, PlannedRun, SchedulePlan } from '@headrace/ports';

export interface DagPlan {
  readonly plan: SchedulePlan;
  /** The DAG's own timetable must answer this before there is more to plan. */
  readonly asks?: TimetableRequest;
  /** Runs that were due and are not made, because another has not ended. */
  readonly passedOver: number;
}

/**
 * At most `limit` runs.
 * @throws InvalidCronError, InvalidZoneError, TimetableAnswerError
 */
export function planDag(dag: DueDag, now: Instant, limit: number, timetables?: TimetableFunctions): DagPlan {
  const due = dueRunsOf(dag, now, limit, timetables);
  const { runs, replaces } = withoutOverlap(dag, due.runs);
  const { overlap } = dag.spec;
  const plan: SchedulePlan = {
    dagId: dag.dagId,
    runs,
    replaces,
    exclusion: exclusionOf(dag.spec),
    ...(overlap === 'cancel_other' ? { endsOther: 'cancel' } : overlap === 'terminate_other' ? { endsOther: 'terminate' } : {}),
    ...(due.scheduledUpTo === undefined ? {} : { scheduledUpTo: due.scheduledUpTo }),
    ...(due.scheduledFrom === undefined ? {} : { scheduledFrom: due.scheduledFrom }),
    ...(due.nextDueAt === undefined ? {} : { nextDueAt: due.nextDueAt }),
    ...(due.whenIdle === undefined ? {} : { whenIdle: due.whenIdle }),
  };
  return { plan, passedOver: due.runs.length - runs.length, ...(due.asks === undefined ? {} : { asks: due.asks }) };
}

/** What of the DAG is due, before overlaps. */
export function dueRunsOf(dag: DueDag, now: Instant, limit: number, timetables?: TimetableFunctions): DueRuns {
  const { spec } = dag;
  if (spec.allowedRunTypes?.includes('scheduled') === false) return { runs: [] };
  return dueRuns(spec.schedule, historyOf(dag, timetables), now, limit);
}

function historyOf(dag: DueDag, timetables: TimetableFunctions | undefined): ScheduleHistory {
  const { spec, dagId, firstSeenAt, activeSince, scheduledUpTo, scheduledFrom, unended = [] } = dag;
  return {
    dagId,
    catchup: spec.catchup,
    firstSeenAt,
    activeSince,
    activeRuns: unended.length,
    ...(spec.startAt === undefined ? {} : { startAt: spec.startAt }),
    ...(spec.endAt === undefined ? {} : { endAt: spec.endAt }),
    ...(scheduledUpTo === undefined ? {} : { scheduledUpTo }),
    ...(scheduledFrom === undefined ? {} : { scheduledFrom }),
    ...(timetables === undefined ? {} : { timetables }),
  };
}

function withoutOverlap(
  dag: DueDag,
  due: readonly ScheduledRun[],
): { readonly runs: readonly PlannedRun[]; readonly replaces: readonly string[] } {
  const { overlap = 'allow' } = dag.spec;
  const planned = due.map((run) => plannedRun(dag, run));
  if (overlap === 'allow') return { runs: planned, replaces: [] };
  const made = new Map<string, PlannedRun>();
  const replaced = new Set<string>();
  let unended: readonly UnendedRun[] = dag.unended ?? [];
  for (const run of planned) {
    const verdict = overlapVerdict(overlap, unended, run);
    if (!verdict.make) continue;
    for (const runKey of verdict.replaces) if (!made.delete(runKey)) replaced.add(runKey);
    // A run that is made now has no key yet; its id is its name among these.
    made.set(run.runId, run);
    const next: UnendedRun = {
      runKey: run.runId,
      status: 'queued',
      ...(run.partitionKey === undefined ? {} : { partitionKey: run.partitionKey }),
    };
    unended = [...unended.filter((other) => !verdict.replaces.includes(other.runKey)), next];
  }
  return { runs: [...made.values()], replaces: [...replaced] };
}

function plannedRun({ dagId, versionId, spec }: DueDag, run: ScheduledRun): PlannedRun {
  const partitionKey = scheduledPartition(spec, run.intervalStart);
  return {
    dagId,
    versionId,
    runId: `scheduled__${new Date(run.logicalDate).toISOString()}`,
    runType: 'scheduled',
    ...run,
    ...(partitionKey === undefined ? {} : { partitionKey }),
    ...(spec.schedule.kind === 'assets_and_time' ? { heldFor: 'assets' } : {}),
  };
}

/** Whether the end of a run may be what the schedule waits for. */
export function isPlannedWhenIdle({ schedule }: Pick<DagSpec, 'schedule'>): boolean {
  return timetableOf(schedule)?.kind === 'continuous';
}
