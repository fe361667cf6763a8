/**
 * Replace, where the server can rename one collection over another: the new documents are written to a collection of their own, with the
 * options and the indexes of the old one, which takes its place in one step. Readers see the old documents or the new ones.
 */
import { DataError, type Work } from '@headrace/dataplane';
import { type Collection, type Db, type Document, Long } from 'mongodb';
import { codeOf } from './connect.ts';
import { type Changes, DUPLICATE_KEY, type LoadClaim } from './load-record.ts';
import { type Batches, stamped } from './put-documents.ts';

const NAMESPACE_NOT_FOUND = 26;
const STAGE = '_headrace_stage_';

/** Whether the server knows how, asked with names that nobody has. Some that speak MongoDB's protocol do not. */
export async function canSwap(db: Db): Promise<boolean> {
  try {
    await rename(db, `${STAGE}none`, `${STAGE}nowhere`);
    return true;
  } catch (error) {
    return codeOf(error) === NAMESPACE_NOT_FOUND;
  }
}

export interface Swap {
  readonly db: Db;
  readonly collection: Collection;
  readonly claim: LoadClaim;
  readonly totalRows: number;
  readonly where: string;
}

export async function swapCollection({ db, collection, claim, totalRows, where }: Swap, batches: Batches, work: Work): Promise<Changes> {
  const name = `${STAGE}${claim.loadId}_${claim.epoch}`;
  await dropStages(db, claim);
  const stage = await likeCollection(db, collection.collectionName, name);
  let inserted = 0;
  try {
    for await (const rows of batches()) {
      work.signal.throwIfAborted();
      await claim.check();
      await stage.insertMany(
        rows.map((row) => stamped(row, claim.loadId, claim.epoch)),
        { ordered: false },
      );
      inserted += rows.length;
      work.progress({ phase: 'writing', rows: inserted, totalRows });
    }
    const deleted = await collection.estimatedDocumentCount();
    work.log.debug('the documents are staged', { rows: inserted });
    work.signal.throwIfAborted();
    await claim.clearing();
    await rename(db, name, collection.collectionName);
    return { inserted, updated: 0, deleted, unchanged: 0 };
  } catch (error) {
    await stage.drop().catch(() => {});
    // A newer attempt removes the stage of an older one under its hands: then that is why.
    if (!work.signal.aborted) await claim.check();
    if (codeOf(error) !== DUPLICATE_KEY) throw error;
    throw new DataError(
      'HR_CONSTRAINT_VIOLATED',
      `${where}: rows have the same _id, or break a unique index: ${(error as Error).message.slice(0, 300)}`,
      {
        cause: error,
      },
    );
  }
}

/** What attempts of this load that were lost have left. */
async function dropStages(db: Db, { loadId, epoch }: LoadClaim): Promise<void> {
  const prefix = `${STAGE}${loadId}_`;
  for (const { name } of await db.listCollections({}, { nameOnly: true }).toArray())
    if (name.startsWith(prefix) && epoch.greaterThan(Long.fromString(name.slice(prefix.length)))) await db.collection(name).drop();
}

/** An empty collection with the options and the indexes of another, if there is one. */
async function likeCollection(db: Db, of: string, name: string): Promise<Collection> {
  const [found] = (await db.listCollections({ name: of }).toArray()) as { readonly options?: Document }[];
  const stage = await db.createCollection(name, found?.options ?? {});
  if (found === undefined) return stage;
  for (const { v: _, ns: __, key, ...options } of await db.collection(of).indexes())
    if (options.name !== '_id_') await stage.createIndex(key, options);
  return stage;
}

function rename(db: Db, from: string, to: string): Promise<Document> {
  const { databaseName } = db;
  return db.admin().command({ renameCollection: `${databaseName}.${from}`, to: `${databaseName}.${to}`, dropTarget: true });
}
