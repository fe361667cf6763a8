/**
 * `_headrace_load`: one document for each load into a database.
 *
 * R1. Every claim of a load has an epoch, a number that only grows in a database. Rows carry the epoch that wrote them, so that a late
 *     attempt can neither write over nor delete the rows of a later one.
 * R2. An attempt finds the record of a newer attempt of the same task instance: it changes nothing. One that was overtaken finds a larger
 *     epoch than its own before its next batch.
 */
import { FencedCommitError, type Work, type WriteRequest } from '@headrace/dataplane';
import { dispositionName, type RowCounts } from '@headrace/sdk';
import { type Db, type Document, Long } from 'mongodb';
import { codeOf } from './connect.ts';

export const LOADS = '_headrace_load';
const COUNTERS = '_headrace_counter';
export const DUPLICATE_KEY = 11_000;

export interface Changes {
  inserted: number;
  updated: number;
  deleted: number;
  unchanged: number;
}

export interface LoadClaim {
  readonly loadId: string;
  readonly epoch: Long;
  /** The record as it was before: a load of the same rows need not write them again. */
  readonly before: Document | null;
  /** Throws FencedCommitError when another attempt has claimed the load since. */
  check(): Promise<void>;
  /** The rows are all there; from now on those of lower epochs go. */
  clearing(): Promise<void>;
  /** `rowsEpoch`: that of the rows, when they were there already. */
  commit(counts: RowCounts, changes: Changes, rowsEpoch: unknown): Promise<void>;
}

interface LoadDocument {
  readonly _id: string;
  readonly [name: string]: unknown;
}

/** Takes the load's record for this attempt. Throws FencedCommitError. */
export async function claimLoad(
  db: Db,
  { target, loadId, disposition, partition, rows }: WriteRequest,
  { context, fence }: Work,
  where: string,
): Promise<LoadClaim> {
  const loads = db.collection<LoadDocument>(LOADS);
  const before = await loads.findOne({ _id: loadId }, { promoteLongs: false });
  const epoch = await nextEpoch(db);
  const claim = {
    dag_id: context.dagId,
    run_id: context.runId,
    task_id: context.taskId,
    map_index: context.mapIndex,
    task_instance_id: fence.taskInstanceId,
    attempt: fence.attempt,
    attempt_id: fence.attemptId,
    target: String(target.settings.name),
    disposition: dispositionName(disposition),
    partition: JSON.stringify(partition),
    interval_start: context.interval.start,
    interval_end: context.interval.end,
    content_hash: rows.hash,
    epoch,
    state: 'writing',
    claimed_at: new Date(),
  };
  const mine = { $or: [{ task_instance_id: { $ne: fence.taskInstanceId } }, { attempt: { $lte: fence.attempt } }] };
  for (;;) {
    try {
      await loads.updateOne({ _id: loadId, ...mine }, { $set: claim }, { upsert: true });
      break;
    } catch (error) {
      if (codeOf(error) !== DUPLICATE_KEY) throw error;
      // There is a record, and it is a newer attempt's, or was made a moment ago by an older one.
      const held = await loads.findOne({ _id: loadId, task_instance_id: fence.taskInstanceId, attempt: { $gt: fence.attempt } });
      if (held !== null) throw await overtaken();
    }
  }

  async function overtaken(): Promise<FencedCommitError> {
    const held = await loads.findOne({ _id: loadId });
    return new FencedCommitError(where, fence.attempt, Number(held?.attempt ?? fence.attempt + 1));
  }
  async function set(values: Document): Promise<void> {
    const { matchedCount } = await loads.updateOne({ _id: loadId, epoch }, { $set: values });
    if (matchedCount !== 1) throw await overtaken();
  }

  return {
    loadId,
    epoch,
    before,
    async check() {
      if ((await loads.findOne({ _id: loadId, epoch }, { projection: { _id: 1 } })) === null) throw await overtaken();
    },
    clearing: () => set({ state: 'clearing', rows_epoch: epoch }),
    commit: (counts, changes, rowsEpoch) =>
      set({
        state: 'committed',
        rows_epoch: rowsEpoch,
        rows_in: Long.fromNumber(counts.in),
        rows_out: Long.fromNumber(counts.out),
        rows_deduplicated: Long.fromNumber(counts.deduplicated),
        rows_quarantined: Long.fromNumber(counts.quarantined),
        rows_inserted: Long.fromNumber(changes.inserted),
        rows_updated: Long.fromNumber(changes.updated),
        rows_deleted: Long.fromNumber(changes.deleted),
        rows_unchanged: Long.fromNumber(changes.unchanged),
        committed_at: new Date(),
      }),
  };
}

async function nextEpoch(db: Db): Promise<Long> {
  const counters = db.collection<{ _id: string; value: Long }>(COUNTERS);
  for (;;) {
    try {
      const counter = await counters.findOneAndUpdate(
        { _id: 'epoch' },
        { $inc: { value: Long.ONE } },
        { upsert: true, returnDocument: 'after', promoteLongs: false },
      );
      if (counter !== null) return Long.fromString(String(counter.value));
    } catch (error) {
      // Two made the first one at the same time.
      if (codeOf(error) !== DUPLICATE_KEY) throw error;
    }
  }
}
