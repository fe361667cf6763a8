/**
 * When runs of a DAG come to be, in canonical form (plain JSON).
 *
 * A timetable gives intervals in time; a schedule is a timetable, a condition on assets, or both. Names and meanings follow
 * Airflow's timetables (authoring-and-scheduling/timetable, asset-scheduling).
 */
import type { AssetCondition } from './asset-spec.ts';
import type { Instant, Milliseconds } from './instant.ts';

/** What part of time a run of a time schedule stands for. `trigger`: nothing, the interval is empty and lies at the fire time. */
export type IntervalLength = 'trigger' | { readonly lengthMs: Milliseconds };

/** A step of a calendar or of elapsed time. Days and months are local to the zone: a day may have 23 or 25 hours. */
export type CalendarStep =
  | { readonly unit: 'ms'; readonly count: Milliseconds }
  | { readonly unit: 'day' | 'month'; readonly count: number; readonly timezone: string };

export interface CronTimetable {
  readonly kind: 'cron';
  /** Five fields, six with seconds first, or a macro such as `@daily`. */
  readonly expression: string;
  /** IANA zone. */
  readonly timezone: string;
  /**
   * `trigger`: the data interval is empty and lies at the fire time (Airflow's CronTriggerTimetable).
   * `cron`: the interval reaches from one fire time to the next and the run is due at its end (CronDataIntervalTimetable).
   * `{ lengthMs }`: the interval ends at the fire time and is that long (CronTriggerTimetable with `interval`).
   */
  readonly interval: 'cron' | IntervalLength;
  /** Each run is of the partition of this kind in which its interval begins; its key is on the run. */
  readonly partitioned?: boolean;
}

export type Timetable =
  | CronTimetable
  /** Fires whenever one of the expressions does, once for instants that several share (MultipleCronTriggerTimetable). */
  | { readonly kind: 'crons'; readonly expressions: readonly string[]; readonly timezone: string; readonly interval: IntervalLength }
  /** Intervals of this length that abut, from `start` on; a run is due at the end of its interval (DeltaDataIntervalTimetable). */
  | { readonly kind: 'interval'; readonly every: CalendarStep }
  /** Fires every so often, counted from `start` (DeltaTriggerTimetable). */
  | { readonly kind: 'delta'; readonly every: CalendarStep; readonly interval: IntervalLength }
  /** One run, at `start`. */
  | { readonly kind: 'once' }
  /** A run whenever none is active. Its interval begins where the one before ended and ends when the run is made. */
  | { readonly kind: 'continuous' }
  /** At these instants, ascending (EventsTimetable). `restrict`: a manual run has the newest event that has come as its data interval, and as its logical date if it asks for one. */
  | { readonly kind: 'events'; readonly at: readonly Instant[]; readonly restrict: boolean; readonly description?: string }
  /**
   * The DAG file's own pure function. What it answers is never in the spec: whoever plans asks it through `TimetableFunctions`.
   */
  | { readonly kind: 'custom'; readonly name: string; readonly description?: string };

export interface Jitter {
  /** Every run is due up to this much later than its timetable says; how much is fixed by the DAG and the interval, not by dice. */
  readonly jitterMs?: Milliseconds;
}

export type ScheduleSpec =
  | { readonly kind: 'manual' }
  | (Timetable & Jitter)
  /** When the condition is met by events of assets since the last run that they made. */
  | { readonly kind: 'assets'; readonly when: AssetCondition }
  /** The run is made at its time and stays queued until the condition is met (AssetAndTimeSchedule). */
  | { readonly kind: 'assets_and_time'; readonly when: AssetCondition; readonly time: Timetable & Jitter }
  /** Either makes a run (AssetOrTimeSchedule). */
  | { readonly kind: 'assets_or_time'; readonly when: AssetCondition; readonly time: Timetable & Jitter };

/** What becomes of a scheduled run whose DAG still has an active one (Temporal's schedule overlap policies, plus `allow` as Airflow does it). */
export type OverlapPolicy =
  /** It starts, if `maxActiveRuns` allows; else it waits queued. */
  | 'allow'
  /** It is not made. */
  | 'skip'
  /** One waits; a later one takes its place. */
  | 'buffer_one'
  /** All wait, in order. */
  | 'buffer_all'
  /** The active run is cancelled, its teardowns run, then this one starts. */
  | 'cancel_other'
  /** The active run is ended at once, also its teardowns, then this one starts. */
  | 'terminate_other';
