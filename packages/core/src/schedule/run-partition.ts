/** Of which partition a scheduled run is. */
import { keyOfInstant } from '../assets/partition-keys.ts';
import type { PartitionSpec } from '../model/asset-spec.ts';
import type { DagSpec, Instant } from '../model/dag.ts';
import { timetableOf } from './due-runs.ts';
import { timezoneOf } from './schedule-facts.ts';

/**
 * The key of the partition in which the run's interval begins. Undefined: the schedule is not `partitioned`, or there is no such
 * partition. A partitioned schedule of a DAG that declares no partitions of time has those of the day.
 * @throws InvalidZoneError
 */
export function scheduledPartition(
  { schedule, partitions }: Pick<DagSpec, 'schedule' | 'partitions'>,
  intervalStart: Instant,
): string | undefined {
  const timetable = timetableOf(schedule);
  if (timetable?.kind !== 'cron' || timetable.partitioned !== true) return undefined;
  const spec: PartitionSpec = partitions?.kind === 'time' ? partitions : { kind: 'time', every: 'day', timezone: timezoneOf(schedule) };
  return keyOfInstant(spec, intervalStart);
}
