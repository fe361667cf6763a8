/** What a scheduler is made of, and how often it does what. */
import type { Clock, Log, Metrics, RunEvents, SchedulerStore, ScheduleStore, TaskQueue, Timers, TimetableEvaluator } from '@headrace/ports';
import type { Duty } from './duty.ts';
import type { VerifyIntervals } from './run-book.ts';
import type { RunObserver } from './run-observer.ts';

export interface SchedulerOptions {
  readonly schedulerId: string;
  readonly store: SchedulerStore;
  readonly events: RunEvents;
  readonly queue: TaskQueue;
  readonly clock: Clock;
  /** Default: the system's. */
  readonly timers?: Timers;
  /** In [0, 1), for the jitter of retries. */
  readonly dice: () => number;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Asks users' own timetables. Absent: DAGs that have one are not planned. */
  readonly timetables?: TimetableEvaluator;
  /** Has a DAG planned again when its timetable has answered. Goes with `timetables`. */
  readonly schedules?: Pick<ScheduleStore, 'requestPlan'>;
  /** Is told of what becomes of runs. Default: nobody. */
  readonly observer?: RunObserver;
  /** What else it looks after. Default: nothing. */
  readonly duties?: readonly Duty[];
  readonly intervals?: Partial<SchedulerIntervals>;
}

/** All in milliseconds. */
export interface SchedulerIntervals extends VerifyIntervals {
  /** Membership is renewed this often … */
  readonly heartbeat: number;
  /** … and ends this long after the last renewal: how long a dead scheduler's shards wait. */
  readonly membershipTtl: number;
  /** How often leases and unclaimed attempts are looked through. */
  readonly sweep: number;
  readonly unclaimedAfter: number;
  /** How often duties are performed though nothing called for it; a sweep looks whether it is time. */
  readonly duties: number;
}

export const DEFAULT_INTERVALS: SchedulerIntervals = {
  heartbeat: 1_000,
  membershipTtl: 5_000,
  sweep: 2_000,
  unclaimedAfter: 5_000,
  duties: 10_000,
  verifyAfter: 30_000,
  verifyAtMost: 300_000,
};

/** For health. Instants are in wall-clock milliseconds. */
export interface SchedulerStatus {
  readonly shards: number;
  readonly activeRuns: number;
  /** When it last renewed its membership. */
  readonly lastHeartbeatAt: number | undefined;
  /** When it last tried to, with or without success: its own loop turns. */
  readonly lastTurnAt: number | undefined;
  readonly stopping: boolean;
}
