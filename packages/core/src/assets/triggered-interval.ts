/** The data interval of a run that asset events made. */
import type { PartitionSpec } from '../model/asset-spec.ts';
import type { Instant } from '../model/dag.ts';
import { intervalOfKey } from './partition-keys.ts';

/** Where an event comes from in time. */
export interface EventTime {
  readonly at: Instant;
  /** The data interval of the run that made it. */
  readonly interval?: { readonly start: Instant; readonly end: Instant };
}

/**
 * Of a run of a partition of time: the partition's. Else from the earliest beginning to the latest end of the intervals of the runs that
 * made the events; an event that no run with an interval made counts with the time at which it came (Airflow's asset-triggered timetable).
 */
export function triggeredInterval(
  events: readonly EventTime[],
  partitions: PartitionSpec | undefined,
  partition: string | undefined,
): { readonly start: Instant; readonly end: Instant } {
  const ofPartition = partitions === undefined || partition === undefined ? undefined : intervalOfKey(partitions, partition);
  if (ofPartition !== undefined) return { start: ofPartition.start, end: ofPartition.end };
  return {
    start: Math.min(...events.map((event) => event.interval?.start ?? event.at)),
    end: Math.max(...events.map((event) => event.interval?.end ?? event.at)),
  };
}
