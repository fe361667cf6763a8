/**
 * Until when data must have been updated, and whether it will be.
 *
 * S1. An asset with partitions of time is as fresh as its newest partition that should be there: an event of an older partition, however
 *     new, changes nothing. (Dagster's freshness policies turn green by a late backfill; ours do not.)
 * S2. Nothing is expected of the time before its DAG was un-paused.
 * S3. Each due time is missed once and foreseen once: both are in the notice's key.
 */
import { partitionAt, shiftPartition } from '../assets/time-partitions.ts';
import type { AssetSpec } from '../model/asset-spec.ts';
import type { Instant } from '../model/dag.ts';
import { isoInstant } from './iso-instant.ts';
import { type FreshnessPayload, type Notice, tell } from './notice.ts';

/** What is on record of an asset's events. */
export interface AssetFacts {
  /** When the newest event came. Absent: there was none. */
  readonly newestAt?: Instant;
  /** The greatest partition key of an event. */
  readonly newestPartition?: string;
}

export interface Freshness {
  /** The partition that must have an event by `dueAt`. */
  readonly partition?: string;
  readonly dueAt: Instant;
  readonly missed: boolean;
}

/**
 * The due time that counts at `now`: the one that has passed, or else the next one.
 * @param activeSince when the DAG that states it was un-paused last, or first seen.
 * @returns undefined when the asset has no freshness.
 */
export function freshnessOf(asset: AssetSpec, facts: AssetFacts, activeSince: Instant, now: Instant): Freshness | undefined {
  const { freshness, partitions } = asset;
  if (freshness === undefined) return undefined;
  const { withinMs } = freshness;
  if (partitions?.kind !== 'time') {
    const dueAt = Math.max(facts.newestAt ?? activeSince, activeSince) + withinMs;
    return { dueAt, missed: now >= dueAt };
  }
  const current = partitionAt(partitions, now);
  if (current === undefined) return undefined;
  const last = shiftPartition(partitions, current, -1);
  const expected = last !== undefined && last.end > activeSince && (partitions.startAt === undefined || last.start >= partitions.startAt);
  if (last !== undefined && expected && (facts.newestPartition === undefined || facts.newestPartition < last.key)) {
    const dueAt = last.end + withinMs;
    return { partition: last.key, dueAt, missed: now >= dueAt };
  }
  return { partition: current.key, dueAt: current.end + withinMs, missed: false };
}

/** @param expectedAt when the next update is expected, if that is after the due time. */
export function freshnessNotices(
  { dagId, versionId }: { readonly dagId: string; readonly versionId?: string },
  asset: AssetSpec,
  facts: AssetFacts,
  { partition, dueAt, missed }: Freshness,
  expectedAt?: Instant,
): readonly Notice[] {
  if (asset.freshness === undefined || (!missed && expectedAt === undefined)) return [];
  const event = missed ? 'freshness.missed' : 'freshness.predicted';
  const payload: FreshnessPayload = {
    event,
    asset: asset.name,
    dagId,
    ...(partition === undefined ? {} : { partition }),
    dueAt: isoInstant(dueAt),
    ...(facts.newestAt === undefined ? {} : { updatedAt: isoInstant(facts.newestAt) }),
    ...(missed || expectedAt === undefined ? {} : { expectedAt: isoInstant(expectedAt) }),
  };
  return tell(`${event} of asset ${asset.name} by DAG ${dagId}, due ${isoInstant(dueAt)}`, asset.freshness.notify, payload, versionId);
}
