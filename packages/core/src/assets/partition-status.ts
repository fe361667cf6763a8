/** What a partition of an asset is in: one cell of the matrix of assets and partitions. */
import type { Instant } from '../model/dag.ts';
import type { RunStatus } from '../model/states.ts';

/** `fresh`: its data is there. `running`: a run that makes it is under way or waits to start. `failed`: the newest such run made none. */
export type PartitionStatus = 'missing' | 'fresh' | 'running' | 'failed';

export interface PartitionFacts {
  /** Of its newest event. */
  readonly lastEvent?: { readonly at: Instant; readonly runKey?: string };
  /** The newest run, of this partition, of a DAG with a task that makes the asset. */
  readonly newestRun?: {
    readonly runKey: string;
    readonly status: RunStatus;
    readonly queuedAt: Instant;
  };
}

export function partitionStatus({ lastEvent, newestRun }: PartitionFacts): PartitionStatus {
  if (newestRun?.status === 'queued' || newestRun?.status === 'running') return 'running';
  if (newestRun?.status === 'failed') {
    // The task that makes the asset may have succeeded in a run that failed elsewhere.
    const madeIt = lastEvent !== undefined && (lastEvent.runKey === newestRun.runKey || lastEvent.at >= newestRun.queuedAt);
    return madeIt ? 'fresh' : 'failed';
  }
  return lastEvent === undefined ? 'missing' : 'fresh';
}
