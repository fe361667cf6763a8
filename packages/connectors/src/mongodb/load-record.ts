/**
 * `_headrace_load`: one document for each load into a database.
 *
 * R1. Every claim of a load has an epoch, a number that only grows in a database. Rows carry the epoch that wrote them, so that a late
 *     attempt can neither write over nor delete the rows of a later one.
 * R2. An attempt finds the record of a newer attempt of the same task instance: it changes nothing. One that was overtaken finds a larger
 *     epoch than its own before its next batch.
 * R3. When a replacing load writes its first row, every record of its target that came before its own has a lower epoch. So one that finds
 *     no other load at work, and no rows, knows that none of a lower epoch will come.
 */
import { FencedCommitError, type Work, type WriteRequest } from '@headrace/dataplane';
import { dispositionName, type RowCounts } from '@headrace/sdk';
import { type Db, type Document, Long } from 'mongodb';
import { codeOf } from './connect.ts';

export const LOADS = '_headrace_load';
/** Only its largest number is of use. */
const EPOCHS = '_headrace_epoch';
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
  /** What an attempt throws that finds rows of this load with a larger epoch. */
  overtaken(): FencedCommitError;
  /** Whether no other load into the target has begun and not ended. */
  isAlone(): Promise<boolean>;
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
  await loads.createIndex({ target: 1, epoch: 1 });
  const before = await loads.findOne({ _id: loadId }, { promoteLongs: false });
  let epoch = await nextEpoch(db);
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
    state: 'writing',
    claimed_at: new Date(),
  };
  const mine = { $or: [{ task_instance_id: { $ne: fence.taskInstanceId } }, { attempt: { $lte: fence.attempt } }] };
  const held = () => loads.findOne({ _id: loadId }, { projection: { epoch: 1, attempt: 1, task_instance_id: 1 } });
  const isOlder = (record: Document): boolean =>
    record.task_instance_id === fence.taskInstanceId && Number(record.attempt) <= fence.attempt;

  async function take(): Promise<void> {
    for (;;) {
      try {
        await loads.updateOne({ _id: loadId, ...mine }, { $set: { ...claim, epoch } }, { upsert: true });
        return;
      } catch (error) {
        if (codeOf(error) !== DUPLICATE_KEY) throw error;
        // There is a record: a newer attempt's, or one that was made a moment ago.
        const record = await held();
        if (record !== null && record.task_instance_id === fence.taskInstanceId && !isOlder(record)) throw overtaken(record);
      }
    }
  }
  const overtaken = (record: Document | null): FencedCommitError =>
    new FencedCommitError(where, fence.attempt, Number(record?.attempt ?? fence.attempt + 1));

  /** A server that looks and writes in two steps lets an older attempt write over the record: then it is taken again. */
  async function check(): Promise<void> {
    for (;;) {
      const record = await held();
      if (record !== null && epoch.equals(String(record.epoch))) return;
      if (record === null || !isOlder(record)) throw overtaken(record);
      await take();
    }
  }
  async function set(values: Document): Promise<void> {
    for (;;) {
      await check();
      if ((await loads.updateOne({ _id: loadId, epoch }, { $set: values })).matchedCount === 1) return;
    }
  }

  const others = { _id: { $ne: loadId }, target: claim.target };
  await take();
  if (claim.disposition === 'replace' || claim.disposition === 'replace-partition') {
    while ((await loads.countDocuments({ ...others, epoch: { $gt: epoch } }, { limit: 1 })) > 0) {
      epoch = await nextEpoch(db);
      await take();
    }
  }
  return {
    loadId,
    epoch,
    before,
    check,
    overtaken: () => overtaken(null),
    isAlone: async () => (await loads.countDocuments({ ...others, state: { $ne: 'committed' } }, { limit: 1 })) === 0,
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

/** The next number, which is taken by writing it down: of two that want the same one, one succeeds, whatever the server. */
async function nextEpoch(db: Db): Promise<Long> {
  const epochs = db.collection<{ _id: Long }>(EPOCHS);
  for (;;) {
    const last = await epochs.findOne({}, { sort: { _id: -1 }, promoteLongs: false });
    const next = Long.fromString(String(last?._id ?? 0)).add(Long.ONE);
    try {
      await epochs.insertOne({ _id: next });
    } catch (error) {
      if (codeOf(error) === DUPLICATE_KEY) continue;
      throw error;
    }
    await epochs.deleteMany({ _id: { $lt: next } });
    return next;
  }
}
