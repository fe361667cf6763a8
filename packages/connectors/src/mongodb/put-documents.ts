/**
 * Append, replace and replace-partition, in the collection itself: the new documents are written beside the old ones, and then the old
 * ones of the slice go. A reader sees, for a while, both; never nothing.
 *
 * P1. A document's `_id` is that of its row, else made of the load and the row's place in it: writing it twice writes it once.
 * P2. Of two replacing loads at once, that with the later epoch stays, whichever ends last.
 * P3. Old documents are looked for only where there can be some: a search without an index reads the whole collection.
 */
import { DataError, LOAD_COLUMN, type Work, type WriteRequest } from '@headrace/dataplane';
import { BSON, type Collection, type Db, type Document, MongoBulkWriteError } from 'mongodb';
import type { Changes, LoadClaim } from './load-record.ts';
import { DUPLICATE_KEY, LOADS } from './load-record.ts';
import { documentOf, type StagedRow } from './staged-documents.ts';
import type { WriteInParts } from './write-in-parts.ts';

/** The epoch of the load that wrote a document. */
export const EPOCH = '_headrace_epoch';

export interface Slice {
  /** What the rows take the place of, besides the load's own rows. */
  readonly filter: Document;
  readonly collection: Collection;
  readonly request: WriteRequest;
  readonly claim: LoadClaim;
  readonly inParts: WriteInParts;
  readonly where: string;
}

export type Batches = () => AsyncIterable<readonly StagedRow[]>;

/** Whether the slice holds exactly the rows already, as this load wrote them. */
export async function holdsRows({ filter, collection, request, claim }: Slice, batches: Batches): Promise<boolean> {
  const { before } = claim;
  if (before?.state !== 'committed' || before.content_hash !== request.rows.hash) return false;
  const [wanted, epoch] = [request.rows.counts.out, before.rows_epoch];
  if ((await collection.countDocuments(filter)) !== wanted) return false;
  const own = request.rows.relation.columns.some(({ name }) => name === '_id');
  const held = own ? byIds(collection) : inOrder(collection, claim.loadId);
  try {
    for await (const rows of batches()) {
      const documents = rows.map((row) => stamped(row, claim.loadId, epoch));
      const found = await held.next(documents);
      if (documents.some((document, index) => !same(found[index], document))) return false;
    }
    return true;
  } finally {
    await held.close();
  }
}

/** Documents of the collection with the ids of others, in the same order; undefined for one that is not there. */
interface Held {
  next(documents: readonly Document[]): Promise<readonly (Document | undefined)[]>;
  close(): Promise<void>;
}

const EXACT = { promoteValues: false, promoteLongs: false, promoteBuffers: false };

function byIds(collection: Collection): Held {
  return {
    async next(documents) {
      const found = await collection.find({ _id: { $in: documents.map(({ _id }) => _id) } }, EXACT).toArray();
      const byId = new Map(found.map((document) => [idOf(document), document]));
      return documents.map((document) => byId.get(idOf(document)));
    },
    close: async () => {},
  };
}

/** Ids that are made of a load and a row's place in it follow one another: one pass over them is enough. */
function inOrder(collection: Collection, loadId: string): Held {
  const cursor = collection.find<Document>({ _id: { $gte: `${loadId}-`, $lt: `${loadId}.` } } as Document, EXACT).sort({ _id: 1 });
  return {
    async next(documents) {
      const found: (Document | undefined)[] = [];
      for (const _ of documents) found.push((await cursor.next()) ?? undefined);
      return found;
    },
    close: () => cursor.close(),
  };
}

function same(held: Document | undefined, document: Document): boolean {
  return held !== undefined && Buffer.compare(BSON.serialize(held), BSON.serialize(document)) === 0;
}

export async function putDocuments(slice: Slice, batches: Batches, work: Work): Promise<Changes> {
  const { filter, collection, claim, request } = slice;
  const changes: Changes = { inserted: 0, updated: 0, deleted: 0, unchanged: 0 };
  const totalRows = request.rows.counts.out;
  const older = { $nor: [{ [EPOCH]: { $gte: claim.epoch } }] };
  const ownIds = request.rows.relation.columns.some(({ name }) => name === '_id');
  // What an attempt that was stopped has left of these rows: to insert them anew costs less than to write over them one by one.
  if (claim.before?.state === 'writing' && !ownIds) await collection.deleteMany({ [LOAD_COLUMN]: claim.loadId, ...older });
  const first = await isFirst(slice);
  for await (const rows of batches()) {
    work.signal.throwIfAborted();
    await claim.check();
    await putBatch(slice, rows, changes);
    work.progress({ phase: 'writing', rows: changes.inserted + changes.updated, totalRows });
  }
  work.log.debug('the documents are there; those they take the place of go', { ...changes });
  await claim.clearing();
  if (!first) changes.deleted = (await collection.deleteMany({ $and: [filter, older] })).deletedCount;
  return changes;
}

/** Whether the rows cannot take the place of any: what a load appends is its own, and of a replaced collection nobody has written a document. */
async function isFirst({ collection, claim, request }: Slice): Promise<boolean> {
  if (claim.before !== null) return false;
  if (request.disposition === 'append') return true;
  return (await claim.isAlone()) && (await collection.findOne({}, { projection: { _id: 1 } })) === null;
}

/** Removes the rows again when a load that began later has already put its own in their place. */
export async function stepAside(db: Db, { collection, request, claim }: Slice): Promise<boolean> {
  const { target, disposition, partition, loadId } = request;
  if (disposition === 'append') return false;
  const later = await db.collection<Document>(LOADS).findOne({
    target: String(target.settings.name),
    state: { $in: ['clearing', 'committed'] },
    rows_epoch: { $gt: claim.epoch },
    $or: [{ disposition: 'replace' }, { disposition: 'replace-partition', partition: JSON.stringify(partition) }],
  });
  if (later === null || (disposition === 'replace' && later.disposition !== 'replace')) return false;
  await collection.deleteMany({ [LOAD_COLUMN]: loadId, [EPOCH]: claim.epoch });
  return true;
}

async function putBatch(
  { collection, claim, request, inParts, where }: Slice,
  rows: readonly StagedRow[],
  changes: Changes,
): Promise<void> {
  const documents = rows.map((row) => stamped(row, claim.loadId, claim.epoch));
  const there = await insertNew(collection, documents);
  changes.inserted += documents.length - there.length;
  if (there.length === 0) return;
  const own = request.disposition === 'append' ? { [LOAD_COLUMN]: claim.loadId } : {};
  const older = { $or: [{ [EPOCH]: { $lte: claim.epoch } }, { [EPOCH]: null }] };
  try {
    await inParts(
      collection,
      there.map((document) => {
        const { _id, ...replacement } = document;
        return { replaceOne: { filter: { _id, ...own, ...older }, replacement, upsert: true } };
      }),
    );
  } catch (error) {
    if ((error as MongoBulkWriteError).code !== DUPLICATE_KEY) throw error;
    await claim.check();
    // On a server that writes the record in two steps the check may pass once too often; the rows tell, too.
    const ids = there.map(({ _id }) => _id);
    const newer = { _id: { $in: ids }, [LOAD_COLUMN]: claim.loadId, [EPOCH]: { $gt: claim.epoch } } as Document;
    if ((await collection.findOne(newer, { projection: { _id: 1 } })) !== null) throw claim.overtaken();
    throw new DataError(
      'HR_CONSTRAINT_VIOLATED',
      `${where}: documents with the same _id, or another unique key, are there from another load: ${(error as Error).message.slice(0, 300)}. Load by { merge: ['_id'] } to write over them`,
    );
  }
  changes.updated += there.length;
}

/** Inserts what is not there, and answers with what is. */
async function insertNew(collection: Collection, documents: readonly Document[]): Promise<readonly Document[]> {
  try {
    await collection.insertMany(documents as Document[], { ordered: false });
    return [];
  } catch (error) {
    if (!(error instanceof MongoBulkWriteError) || error.code !== DUPLICATE_KEY) throw error;
    const errors = [error.writeErrors].flat();
    const other = errors.find(({ code }) => code !== DUPLICATE_KEY);
    if (other !== undefined) throw error;
    return errors.map(({ index }) => documents[index]).filter((document): document is Document => document !== undefined);
  }
}

/** A row as a document that says which load wrote it. */
export function stamped({ ordinal, values }: StagedRow, loadId: string, epoch: unknown): Document {
  const { _id = `${loadId}-${String(ordinal).padStart(12, '0')}`, ...fields } = documentOf(values);
  return { _id, ...fields, [LOAD_COLUMN]: loadId, [EPOCH]: epoch };
}

function idOf({ _id }: Document): string {
  return Buffer.from(BSON.serialize({ _id })).toString('base64');
}
