/**
 * What a backfill of a range of dates would do, all of it, before anything is done.
 *
 * BP1. A date is the logical date of a run that the schedule would have made: its interval begins in the range and has ended.
 * BP2. A run that exists is left alone, cleared or passed over as its state and the reprocessing say; one that is queued or running is
 *      never touched (core-concepts/backfill, "Control over data reprocessing").
 * BP3. The DAG's start does not bound a backfill, nor does its catchup: it is asked for in so many words.
 */
import type { DagSpec, Instant } from '../model/dag.ts';
import type { RunStatus } from '../model/states.ts';
import { dueRuns, timetableOf } from '../schedule/due-runs.ts';
import { fireTimesOf, isKnown } from '../schedule/fire-times.ts';
import { scheduledPartition } from '../schedule/run-partition.ts';
import type { ScheduledRun } from '../schedule/schedule-history.ts';
import type { TimetableFunctions, TimetableRequest } from '../schedule/timetable-function.ts';

/** What becomes of runs that exist: `none` are left alone, `failed` ones are run anew, or all that have ended (`completed`). */
export type ReprocessBehavior = 'none' | 'failed' | 'completed';

export interface BackfillRequest {
  readonly from: Instant;
  /** Inclusive. */
  readonly to: Instant;
  readonly reprocess: ReprocessBehavior;
  /** The newest date first. */
  readonly backwards: boolean;
}

export interface ExistingRun {
  readonly logicalDate: Instant;
  readonly runId: string;
  readonly status: RunStatus;
}

export interface BackfillEntry {
  /** In the order of work, from 0. */
  readonly position: number;
  readonly logicalDate: Instant;
  readonly intervalStart: Instant;
  readonly intervalEnd: Instant;
  readonly partitionKey?: string;
  readonly action: BackfillAction;
}

export type BackfillAction =
  | { readonly kind: 'create' }
  | { readonly kind: 'clear'; readonly runId: string }
  | { readonly kind: 'skip'; readonly runId: string; readonly reason: 'already exists' | 'in flight' };

/** Of the tasks of its runs: what is scheduled, or asked for by somebody, comes first. */
export const BACKFILL_PRIORITY_CLASS = -1;

export const MOST_BACKFILL_RUNS = 10_000;

export class BackfillRefusedError extends Error {
  readonly code = 'HR_BACKFILL_REFUSED';
  constructor(why: string) {
    super(why);
    this.name = 'BackfillRefusedError';
  }
}

/** What a DAG is, to a backfill. */
export type BackfilledDag = Pick<DagSpec, 'dagId' | 'schedule' | 'partitions' | 'startAt' | 'allowedRunTypes' | 'tasks'>;

/**
 * The dates in the range, in the order of work.
 * @throws BackfillRefusedError with the reason; InvalidCronError, InvalidZoneError, TimetableAnswerError.
 */
export function planBackfill(
  dag: BackfilledDag,
  request: BackfillRequest,
  existing: readonly ExistingRun[],
  now: Instant,
  times: BackfillTimes,
): readonly BackfillEntry[] {
  const dates = backfillDates(dag, request, now, times);
  if ('asks' in dates)
    throw new BackfillRefusedError(`The timetable "${dates.asks.name}" of DAG "${dag.dagId}" has not answered yet: try again`);
  const byDate = new Map(existing.map((run) => [run.logicalDate, run]));
  const ordered = request.backwards ? dates.runs.toReversed() : dates.runs;
  return ordered.map(({ logicalDate, intervalStart, intervalEnd }, position): BackfillEntry => {
    const partitionKey = scheduledPartition(dag, intervalStart);
    const action = actionFor(byDate.get(logicalDate), request.reprocess);
    return { position, logicalDate, intervalStart, intervalEnd, ...(partitionKey === undefined ? {} : { partitionKey }), action };
  });
}

export interface BackfillTimes {
  /** When the DAG was first registered: steps are counted from it where the DAG has no start. */
  readonly firstSeenAt: Instant;
  /** Of a custom timetable. */
  readonly timetables?: TimetableFunctions;
}

/**
 * The scheduled runs whose logical date is in the range, oldest first; `asks`: a custom timetable must answer this first.
 * @throws BackfillRefusedError
 */
export function backfillDates(
  dag: BackfilledDag,
  request: BackfillRequest,
  now: Instant,
  { firstSeenAt, timetables }: BackfillTimes,
): { readonly runs: readonly ScheduledRun[] } | { readonly asks: TimetableRequest } {
  refuseWhatCannotBe(dag, request, now);
  const timetable = timetableOf(dag.schedule);
  if (timetable?.kind === 'custom')
    return datesOfFunction(dag, request, now, { firstSeenAt, ...(timetables === undefined ? {} : { timetables }) });
  if (timetable === undefined || !isKnown(timetable)) throw unbackfillable(dag);
  const fires = fireTimesOf(timetable, dag.startAt ?? firstSeenAt);
  const runs: ScheduledRun[] = [];
  // The interval that begins on `from` fires later than that, or on it.
  let fire = fires.after((fires.abutting ? request.from : request.from + fires.leadMs) - 1);
  for (; fire !== undefined && fire <= now; fire = fires.after(fire)) {
    const intervalStart = fires.startOf(fire);
    if (intervalStart > request.to) break;
    if (intervalStart < request.from) continue;
    if (runs.length === MOST_BACKFILL_RUNS) throw tooMany();
    runs.push({ logicalDate: intervalStart, intervalStart, intervalEnd: fire, runAfter: fire });
  }
  return { runs };
}

/** A function is asked as if the DAG had begun with the range. */
function datesOfFunction(
  dag: BackfilledDag,
  { from, to }: BackfillRequest,
  now: Instant,
  times: BackfillTimes,
): { readonly runs: readonly ScheduledRun[] } | { readonly asks: TimetableRequest } {
  const history = { catchup: { kind: 'all' }, startAt: from, activeSince: from, ...times } as const;
  const runs: ScheduledRun[] = [];
  let upTo: { readonly scheduledUpTo?: Instant; readonly scheduledFrom?: Instant } = {};
  for (;;) {
    const due = dueRuns(dag.schedule, { ...history, ...upTo }, now, MOST_BACKFILL_RUNS + 1 - runs.length);
    runs.push(...due.runs);
    if (runs.some((run) => run.logicalDate > to)) return { runs: runs.filter((run) => run.logicalDate <= to) };
    if (runs.length > MOST_BACKFILL_RUNS) throw tooMany();
    if (due.asks !== undefined) return { asks: due.asks };
    if (due.nextDueAt === undefined || due.nextDueAt > now) return { runs };
    upTo = due;
  }
}

function refuseWhatCannotBe(dag: BackfilledDag, { from, to, backwards }: BackfillRequest, now: Instant): void {
  if (from > to) throw new BackfillRefusedError('The range ends before it begins: from_date must not be after to_date');
  if (from >= now) throw new BackfillRefusedError('The range lies in the future: a backfill makes runs of the past');
  if (dag.allowedRunTypes?.includes('backfill') === false) {
    throw new BackfillRefusedError(`DAG "${dag.dagId}" allows no backfill runs, only ${dag.allowedRunTypes.join(', ')}`);
  }
  const ordered = dag.tasks.find((task) => task.dependsOnPast === true || task.waitForDownstream === true);
  if (backwards && ordered !== undefined) {
    throw new BackfillRefusedError(
      `DAG "${dag.dagId}" cannot be backfilled backwards: its task "${ordered.taskId}" depends on the run before`,
    );
  }
}

function unbackfillable(dag: BackfilledDag): BackfillRefusedError {
  return new BackfillRefusedError(`DAG "${dag.dagId}" has no schedule in time with dates to fill (it is "${dag.schedule.kind}")`);
}

function tooMany(): BackfillRefusedError {
  return new BackfillRefusedError(`The range has more than ${MOST_BACKFILL_RUNS} dates: fill it in parts`);
}

/** What is to be done about a date at which there is this run, or none. */
export function actionFor(run: Pick<ExistingRun, 'runId' | 'status'> | undefined, reprocess: ReprocessBehavior): BackfillAction {
  if (run === undefined) return { kind: 'create' };
  const { runId, status } = run;
  if (status === 'queued' || status === 'running') return { kind: 'skip', runId, reason: 'in flight' };
  const again = reprocess === 'completed' || (reprocess === 'failed' && status === 'failed');
  return again ? { kind: 'clear', runId } : { kind: 'skip', runId, reason: 'already exists' };
}
