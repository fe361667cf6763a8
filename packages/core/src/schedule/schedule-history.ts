/** What a schedule is asked with, and what it answers. */
import type { CatchupPolicy, Instant } from '../model/dag.ts';
import type { TimetableFunctions, TimetableRequest } from './timetable-function.ts';

export interface ScheduledRun {
  readonly logicalDate: Instant;
  readonly intervalStart: Instant;
  readonly intervalEnd: Instant;
  readonly runAfter: Instant;
}

export interface ScheduleHistory {
  /** No interval begins before it. */
  readonly startAt?: Instant;
  /** No run is due after it. */
  readonly endAt?: Instant;
  readonly catchup: CatchupPolicy;
  /** When the DAG was first registered: stands in for `startAt`. */
  readonly firstSeenAt: Instant;
  /** When the DAG was last un-paused, or first registered. */
  readonly activeSince: Instant;
  /** End of the newest interval for which a scheduled run was made, or that was passed over. */
  readonly scheduledUpTo?: Instant;
  /** Its start. Only a custom timetable needs it. */
  readonly scheduledFrom?: Instant;
  /** Of which jitter is made. */
  readonly dagId?: string;
  /** Runs that have not ended, queued ones too. Only `continuous` needs it. */
  readonly activeRuns?: number;
  /** Of a custom timetable. */
  readonly timetables?: TimetableFunctions;
}

export interface DueRuns {
  readonly runs: readonly ScheduledRun[];
  /** To be kept and given back the next time. */
  readonly scheduledUpTo?: Instant;
  readonly scheduledFrom?: Instant;
  /** When to ask again; not after `now` when `limit` cut the answer short. Absent: never. */
  readonly nextDueAt?: Instant;
  /** Ask again as soon as no run is active. */
  readonly whenIdle?: true;
  /** The timetable's function must answer this first: then ask again. */
  readonly asks?: TimetableRequest;
}

/** What the newest interval says is kept as it is when nothing is added. */
export function kept({ scheduledUpTo, scheduledFrom }: ScheduleHistory): Pick<DueRuns, 'scheduledUpTo' | 'scheduledFrom'> {
  return {
    ...(scheduledUpTo === undefined ? {} : { scheduledUpTo }),
    ...(scheduledFrom === undefined ? {} : { scheduledFrom }),
  };
}

export function emptyRun(at: Instant, runAfter = at): ScheduledRun {
  return { logicalDate: at, intervalStart: at, intervalEnd: at, runAfter };
}
