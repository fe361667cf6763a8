/**
 * Assets, their events, the queues of events that consumers have, and partitions.
 *
 * AS1. An event is recorded with what made it or not at all, and put at once on the queue of every DAG whose schedule names the asset
 *      and that is in a file: on the queue of a paused one so that it makes no run (CE5 of the core).
 * AS2. An event leaves a queue once: with the run that consumes it, in one transaction, whoever else looks at the same time.
 * AS3. An event that nobody has looked at is found again: the news of it is only a hint.
 */
import type { AssetSpec, DagSpec, EventTime, HeldRun, Instant, PartitionFacts, QueuedEvent, RunStatus } from '@headrace/core';
import type { Listed, OfDags, Page, Range } from './page.ts';
import type { Visible } from './visible.ts';

/** An event as whoever makes it gives it. Check it with the core's `checkAssetEvent` before. */
export interface NewAssetEvent {
  readonly asset: string;
  readonly partition?: string;
  /** e.g. `{ rowCount: 12 }`. Not secret. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

export interface AssetEventRecord {
  readonly eventId: string;
  readonly assetId: string;
  readonly asset: string;
  readonly uri?: string;
  readonly group?: string;
  readonly partition?: string;
  readonly extra: Readonly<Record<string, unknown>>;
  readonly at: Instant;
  /** Absent: it came from outside. */
  readonly source?: EventSource;
  /** Who pushed it. */
  readonly user?: string;
}

export interface EventSource {
  readonly runKey: string;
  readonly dagId: string;
  readonly runId: string;
  readonly taskId: string;
  readonly mapIndex: number;
}

// Making runs ----------------------------------------------------------------------------------------------------------

/** A DAG with events on its queue that nobody has looked at. */
export interface WaitingConsumer {
  readonly dagId: string;
  readonly dag: Pick<DagSpec, 'schedule' | 'partitions'>;
  /** The assets of its events, as they are defined, wherever that is. */
  readonly assets: readonly AssetSpec[];
  /** In the order in which they came. */
  readonly queued: readonly (QueuedEvent & EventTime)[];
  /** Runs that time made and that wait for the condition, oldest first. */
  readonly held: readonly HeldRun[];
}

export interface ConsumerPlan {
  readonly runs: readonly AssetRun[];
  /** Ids of events to be taken off the queue. */
  readonly ignored: readonly string[];
}

/** A run that consumes events: a new one, or one that was held. */
export interface AssetRun {
  readonly eventIds: readonly string[];
  readonly partition?: string;
  readonly interval: { readonly start: Instant; readonly end: Instant };
  readonly heldRun?: string;
}

export interface TriggeredRuns {
  /** Keys of new runs. */
  readonly created: readonly string[];
  /** Keys of held runs that go on. */
  readonly released: readonly string[];
  readonly looked: number;
  /** Consumers that another scheduler has in hand. */
  readonly passedOver: number;
}

// Reading --------------------------------------------------------------------------------------------------------------

export interface AssetReference {
  readonly dagId: string;
  readonly taskId: string;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
}

export interface AssetRecord {
  readonly assetId: string;
  readonly spec: AssetSpec;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
  /** DAGs in whose schedule it stands. */
  readonly scheduled: readonly Omit<AssetReference, 'taskId'>[];
  readonly producing: readonly AssetReference[];
  readonly consuming: readonly AssetReference[];
  readonly lastEvent?: { readonly eventId: string; readonly at: Instant };
}

export interface AssetFilter {
  /** Only assets whose name is visible. */
  readonly visible?: Visible;
  /** `LIKE` patterns. */
  readonly namePattern?: string;
  readonly uriPattern?: string;
  /** Assets that one of these DAGs names. */
  readonly dagIds?: readonly string[];
  /** Only those that a DAG in a file names. */
  readonly onlyActive?: boolean;
}

export interface AssetEventFilter {
  /** Only events of assets whose name is visible. */
  readonly visible?: Visible;
  readonly assetId?: string;
  readonly namePattern?: string;
  readonly partition?: string;
  readonly dagId?: string;
  readonly taskId?: string;
  readonly runId?: string;
  readonly mapIndex?: number;
  readonly at?: Range;
}

/** A run that an event made, or made go on. */
export interface EventRun {
  readonly eventId: string;
  readonly runKey: string;
  readonly dagId: string;
  readonly runId: string;
  readonly status: RunStatus;
  readonly partition?: string;
  readonly logicalDate?: Instant;
  readonly intervalStart?: Instant;
  readonly intervalEnd?: Instant;
  readonly startedAt?: Instant;
  readonly endedAt?: Instant;
  readonly queuedAt?: Instant;
  /** It is the newest of the run's events: the one that made the run, not one that the run only took along. */
  readonly newest: boolean;
}

export interface QueuedEventFilter extends OfDags {
  readonly dagId?: string;
  readonly assetId?: string;
  /** Only events that came before. */
  readonly before?: Instant;
}

export interface QueuedEventRecord {
  readonly dagId: string;
  readonly assetId: string;
  readonly eventId: string;
  readonly partition?: string;
  readonly at: Instant;
}

export interface NewestEvents {
  readonly asset: string;
  readonly newest?: AssetEventRecord;
  /** The newest event of the greatest partition key there is. Keys of partitions of time sort as time does. */
  readonly newestPartition?: AssetEventRecord;
}

export interface PartitionRecord extends PartitionFacts {
  readonly key: string;
  readonly lastEvent?: AssetEventRecord & { readonly runKey?: string };
  readonly newestRun?: {
    readonly runKey: string;
    readonly dagId: string;
    readonly runId: string;
    readonly status: RunStatus;
    readonly queuedAt: Instant;
  };
}

/** A key that was added to a dynamic partition kind. */
export interface AddedPartition {
  /** Of a kind of several dimensions; else empty. */
  readonly dimension: string;
  readonly key: string;
}

export interface AssetStore {
  /**
   * Takes up to `limit` consumers in hand that have events nobody has looked at and are not paused, asks what to do with each, and does it:
   * makes runs, lets held ones go on, links events and runs, takes consumed and ignored events off the queue. One transaction.
   * `plan` must be pure: it is asked first with one event of each asset and partition, since more of them decide nothing, and only
   * when that leads to something with all of them.
   */
  triggerConsumers(limit: number, plan: (consumer: WaitingConsumer) => ConsumerPlan): Promise<TriggeredRuns>;

  /** Records an event from outside. @throws AssetNotFoundError */
  addEvent(event: NewAssetEvent, user?: string): Promise<AssetEventRecord>;
  /** The first event after the instant, of this partition if one is given. An unknown asset has none. */
  eventsSince(asset: string, partition: string | undefined, since: Instant): Promise<AssetEventRecord | undefined>;
  /** Of each asset that is known, in no order. */
  newestEvents(assets: readonly string[]): Promise<readonly NewestEvents[]>;

  assets(filter: AssetFilter, page: Page): Promise<Listed<AssetRecord>>;
  asset(by: { readonly assetId: string } | { readonly name: string }): Promise<AssetRecord | undefined>;
  events(filter: AssetEventFilter, page: Page): Promise<Listed<AssetEventRecord>>;
  /** The runs that each of these events made, in the order in which they were made. */
  runsOfEvents(eventIds: readonly string[]): Promise<readonly EventRun[]>;
  /** The events that made the run, in the order in which they came. */
  triggeringEvents(runKey: string): Promise<readonly AssetEventRecord[]>;

  queuedEvents(filter: QueuedEventFilter): Promise<readonly QueuedEventRecord[]>;
  /** Takes them off the queues; they make no run any more. Answers with how many. */
  dropQueuedEvents(filter: QueuedEventFilter): Promise<number>;

  /** Keys that were added, oldest first. An event of a new key adds it. */
  addedPartitions(assetId: string): Promise<readonly AddedPartition[]>;
  addPartitions(assetId: string, partitions: readonly AddedPartition[]): Promise<void>;
  /** Its events and runs stay. Answers with how many keys there were. */
  removePartitions(assetId: string, partitions: readonly AddedPartition[]): Promise<number>;
  /** What is known of these partitions, in the order of the keys. */
  partitions(assetId: string, keys: readonly string[]): Promise<readonly PartitionRecord[]>;
}

export class AssetNotFoundError extends Error {
  readonly code = 'HR_ASSET_NOT_FOUND';
  constructor(asset: string) {
    super(`There is no asset "${asset}": it must be named in a DAG`);
    this.name = 'AssetNotFoundError';
  }
}
