/**
 * What becomes of a scheduled run whose DAG still has an active one: Temporal's schedule overlap policies, plus `allow`.
 *
 * O1. A run that is queued when nothing else runs is as good as active: it starts as soon as it is looked at.
 * O2. Only a run that has not begun is ever replaced, and then it is as if it had never been made.
 * O3. Under every policy but `allow` the runs of a DAG (of one partition, when it has partitions) go one at a time: whoever starts runs
 *     starts none while another is running, whatever made it. Backfills do not count: they have limits of their own.
 */
import type { DagSpec } from '../model/dag.ts';
import type { OverlapPolicy } from '../model/schedule-spec.ts';

/** A run that has not ended. */
export interface UnendedRun {
  readonly runKey: string;
  readonly status: 'queued' | 'running';
  readonly partitionKey?: string;
}

export interface OverlapVerdict {
  readonly make: boolean;
  /** Queued runs in whose place the new one comes. */
  readonly replaces: readonly string[];
}

const MADE: OverlapVerdict = { make: true, replaces: [] };

/** `unended`: the DAG's runs but those of backfills, oldest first. Runs of other partitions are left out of account. */
export function overlapVerdict(
  policy: OverlapPolicy,
  unended: readonly UnendedRun[],
  next: { readonly partitionKey?: string },
): OverlapVerdict {
  if (policy === 'allow' || policy === 'buffer_all') return MADE;
  const others = unended.filter((run) => next.partitionKey === undefined || run.partitionKey === next.partitionKey);
  const queued = others.filter((run) => run.status === 'queued').map((run) => run.runKey);
  const runs = others.length > queued.length;
  switch (policy) {
    case 'skip':
      return others.length === 0 ? MADE : { make: false, replaces: [] };
    case 'buffer_one':
      return { make: true, replaces: runs ? queued : queued.slice(1) };
    case 'cancel_other':
    case 'terminate_other':
      return { make: true, replaces: queued };
  }
}

/** How whoever starts runs must keep the runs of a DAG apart. */
export type Exclusion = 'none' | 'dag' | 'partition';

export function exclusionOf({ overlap = 'allow', partitions, schedule }: Pick<DagSpec, 'overlap' | 'partitions' | 'schedule'>): Exclusion {
  if (overlap === 'allow') return 'none';
  return partitions !== undefined || ('partitioned' in schedule && schedule.partitioned === true) ? 'partition' : 'dag';
}

/** Whether planning must know the DAG's unended runs. */
export function needsUnendedRuns({ overlap = 'allow', schedule }: Pick<DagSpec, 'overlap' | 'schedule'>): boolean {
  const timetable = 'time' in schedule ? schedule.time : schedule;
  return timetable.kind === 'continuous' || (overlap !== 'allow' && overlap !== 'buffer_all');
}
