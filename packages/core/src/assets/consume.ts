/**
 * Which runs queued asset events make.
 *
 * CE1. A run is made when the condition is met by events that came since the last run it made; all events queued for it are then consumed
 *      and belong to the run, however many there are of one asset (Airflow, authoring-and-scheduling/asset-scheduling, "Multiple assets").
 * CE2. An event is consumed at most once by a consumer.
 * CE3. A consumer with partitions has a queue of its own for each partition: events are mapped to the partition of the run, and each
 *      partition's run waits for events of that partition only. An event without a partition, or of one that leads to no partition
 *      of the consumer, never counts for it.
 * CE4. A consumer without partitions takes every event, whatever partition it is of.
 * CE5. Events that came while the consumer was paused make no run; the next run takes them along.
 */
import type { AssetCondition, AssetSpec } from '../model/asset-spec.ts';
import type { DagSpec } from '../model/dag.ts';
import { type AssetLeaf, assetConditionOf, assetsIn, conditionMet, mappingOf } from './asset-condition.ts';
import { type MappedKinds, sourcePartitions, targetPartition } from './partition-mapping.ts';

export interface QueuedEvent {
  readonly eventId: string;
  readonly asset: string;
  readonly partition?: string;
  /** False: it came while the consumer was paused. */
  readonly triggers: boolean;
}

/** A run that time made and that waits for the condition. */
export interface HeldRun {
  readonly runKey: string;
  readonly partition?: string;
}

export interface Consumption<Event extends QueuedEvent = QueuedEvent> {
  /** Of the run. */
  readonly partition?: string;
  /** In the order in which they came; at least one. */
  readonly events: readonly Event[];
  /** The held run that goes on; absent: a new run is made. */
  readonly heldRun?: string;
}

export interface ConsumptionPlan<Event extends QueuedEvent = QueuedEvent> {
  readonly runs: readonly Consumption<Event>[];
  /** Events that can never count for this consumer: to be taken off its queue. */
  readonly ignored: readonly Event[];
}

/**
 * What the queue of one consumer leads to now. What is in neither list stays queued.
 * @param queued in the order in which they came
 * @param assets as they are defined, wherever that is
 * @param held oldest first
 * @throws InvalidZoneError for an asset whose zone the runtime does not know
 */
export function consume<Event extends QueuedEvent>(
  dag: Pick<DagSpec, 'schedule' | 'partitions'>,
  assets: readonly AssetSpec[],
  queued: readonly Event[],
  held: readonly HeldRun[],
): ConsumptionPlan<Event> {
  const when = assetConditionOf(dag);
  if (when === undefined) return { runs: [], ignored: queued };
  const plan = isPartitioned(dag, when) ? byPartition(dag, when, assets, queued) : allTogether(when, queued);
  return dag.schedule.kind === 'assets_and_time' ? { runs: forHeldRuns(plan.runs, held), ignored: plan.ignored } : plan;
}

/** Each run is of one partition: the DAG says so, or maps partitions. */
function isPartitioned(dag: Pick<DagSpec, 'partitions'>, when: AssetCondition): boolean {
  return dag.partitions !== undefined || assetsIn(when).some((leaf) => leaf.mapping !== undefined);
}

function allTogether<Event extends QueuedEvent>(when: AssetCondition, queued: readonly Event[]): ConsumptionPlan<Event> {
  const named = new Set(assetsIn(when).map((leaf) => leaf.name));
  const events = queued.filter((event) => named.has(event.asset));
  const updated = new Set(events.filter((event) => event.triggers).map((event) => event.asset));
  const runs = conditionMet(when, (leaf) => updated.has(leaf.name)) ? [{ events }] : [];
  return { runs, ignored: queued.filter((event) => !named.has(event.asset)) };
}

function byPartition<Event extends QueuedEvent>(
  dag: Pick<DagSpec, 'partitions'>,
  when: AssetCondition,
  assets: readonly AssetSpec[],
  queued: readonly Event[],
): ConsumptionPlan<Event> {
  // An asset that is named twice has one mapping: a checked spec has no two.
  const leaves = new Map(assetsIn(when).map((leaf) => [leaf.name, leaf]));
  const partitionsOf = new Map(assets.map((asset) => [asset.name, asset.partitions]));
  const kinds = (leaf: AssetLeaf): MappedKinds => ({
    from: partitionsOf.get(leaf.name),
    to: dag.partitions,
  });
  const queues = new Map<string, Event[]>();
  const ignored: Event[] = [];
  for (const event of queued) {
    const leaf = leaves.get(event.asset);
    const target =
      leaf === undefined || event.partition === undefined ? undefined : targetPartition(mappingOf(leaf), event.partition, kinds(leaf));
    if (target === undefined) ignored.push(event);
    else {
      const queue = queues.get(target);
      if (queue === undefined) queues.set(target, [event]);
      else queue.push(event);
    }
  }
  const runs = [...queues].filter(([target, events]) => conditionMet(when, (leaf) => isComplete(leaf, kinds(leaf), target, events)));
  return {
    runs: runs.map(([partition, events]) => ({ partition, events })),
    ignored,
  };
}

function isComplete(leaf: AssetLeaf, kinds: MappedKinds, target: string, events: readonly QueuedEvent[]): boolean {
  const updated = new Set(events.flatMap((event) => (event.asset === leaf.name && event.triggers ? [event.partition] : [])));
  return updated.size > 0 && sourcePartitions(mappingOf(leaf), target, kinds).every((key) => updated.has(key));
}

/** Each consumption goes to the oldest held run of its partition; without one it stays queued. */
function forHeldRuns<Event extends QueuedEvent>(
  met: readonly Consumption<Event>[],
  held: readonly HeldRun[],
): readonly Consumption<Event>[] {
  return met.flatMap((consumption) => {
    const run = held.find((one) => consumption.partition === undefined || one.partition === consumption.partition);
    if (run === undefined) return [];
    const partition = consumption.partition ?? run.partition;
    return [
      {
        events: consumption.events,
        heldRun: run.runKey,
        ...(partition === undefined ? {} : { partition }),
      },
    ];
  });
}
