/**
 * A load into a collection. MongoDB without transactions has no commit of many documents: what a load promises is that its retry gives the
 * identical collection, that a late attempt changes nothing, and that the cursor moves after the last document. docs/mongodb.md says what
 * a reader can see in between.
 */
import { join } from 'node:path';
import {
  ColumnNotFoundError,
  DataError,
  instantOf,
  isOwnColumn,
  LOAD_COLUMN,
  type Relation,
  RowsUnaccountedError,
  storageType,
  type Work,
  type WriteRequest,
} from '@headrace/dataplane';
import type { MergeDisposition, TableResult } from '@headrace/sdk';
import type { Collection, Db, Document } from 'mongodb';
import { withMongo } from './connect.ts';
import { type Reservation, reserveCursor } from './cursor-collection.ts';
import { type Changes, claimLoad, type LoadClaim } from './load-record.ts';
import { mergeDocuments, mergeRows } from './merge-documents.ts';
import type { MongoCollectionOptions } from './mongodb.ts';
import { type Batches, EPOCH, holdsRows, putDocuments, type Slice, stepAside } from './put-documents.ts';
import { checkNames, stagedRows } from './staged-documents.ts';
import { canSwap, swapCollection } from './swap-collection.ts';
import { toBson } from './to-bson.ts';
import { partsFor, type WriteInParts } from './write-in-parts.ts';

type Settings = MongoCollectionOptions & { readonly name: string };

interface Written {
  readonly changes: Changes;
  readonly rows: number;
  readonly deduplicated: number;
  /** The epoch of the documents, where they were there already. */
  readonly rowsEpoch?: unknown;
}

export function writeCollection(request: WriteRequest, work: Work): Promise<TableResult> {
  const { target } = request;
  return withMongo(work.connection(target.connection), work.signal, ({ db }) => write(db, request, work));
}

async function write(db: Db, request: WriteRequest, work: Work): Promise<TableResult> {
  const { target, rows, disposition, loadId, cursor, audit } = request;
  const settings = target.settings as unknown as Settings;
  const where = `Collection "${settings.name}" of connection "${target.connection}"`;
  const { columns } = rows.relation;
  checkRequest(request, where);
  if (audit !== undefined)
    throw new DataError(
      'HR_AUDIT_UNSUPPORTED',
      `${where}: MongoDB cannot be asked with SQL, so nothing can be audited before it is published. Use publish: 'direct'`,
    );
  const collection = await ensureCollection(db, settings.name, disposition === 'append');
  const claim = await claimLoad(db, request, work, where);
  work.log.debug('claimed the load', { epoch: claim.epoch.toString() });
  const reservation = cursor && (await reserveCursor(db, settings.name, cursor, claim, work.signal));
  const given: Surroundings = { request, claim, settings, where, work, reservation, inParts: await partsFor(db) };
  let written: Written;
  let counts = rows.counts;
  try {
    written =
      typeof disposition === 'object' && 'merge' in disposition
        ? await merge(collection, disposition, given)
        : await put(db, collection, given);
    counts = { ...counts, out: written.rows, deduplicated: counts.deduplicated + written.deduplicated };
    if (counts.in !== counts.out + counts.deduplicated + counts.quarantined) throw new RowsUnaccountedError(where, counts);
    work.log.debug('all documents are written', { ...written.changes });
    work.signal.throwIfAborted();
    await claim.check();
    await reservation?.commit();
  } catch (error) {
    await reservation?.release();
    throw error;
  }
  work.log.debug('moved the cursor');
  await claim.commit(counts, written.changes, written.rowsEpoch ?? claim.epoch);
  const { changes } = written;
  work.log.info(
    `${settings.name}: ${changes.inserted} inserted, ${changes.updated} updated, ${changes.deleted} deleted, ${changes.unchanged} unchanged`,
    { ...changes },
  );
  return {
    kind: 'table',
    connection: target.connection,
    table: settings.name,
    loadId,
    rows: counts.out,
    counts,
    ...changes,
    columns,
    checks: rows.checks,
    ...(cursor === undefined ? {} : { cursor }),
  };
}

interface Surroundings {
  readonly request: WriteRequest;
  readonly claim: LoadClaim;
  readonly settings: Settings;
  readonly where: string;
  readonly work: Work;
  readonly reservation: Reservation | undefined;
  readonly inParts: WriteInParts;
}

async function put(db: Db, collection: Collection, given: Surroundings): Promise<Written> {
  const { request, claim, inParts, where, work } = given;
  const { relation, counts } = request.rows;
  const slice: Slice = { filter: await sliceFilter(given), collection, request, claim, inParts, where };
  const batches = batchesOf(given, relation.select);
  if (await holdsRows(slice, batches)) {
    return {
      changes: { inserted: 0, updated: 0, deleted: 0, unchanged: counts.out },
      rows: counts.out,
      deduplicated: 0,
      rowsEpoch: claim.before?.rows_epoch,
    };
  }
  if (request.disposition === 'replace' && (await canSwap(db))) {
    const changes = await swapCollection({ db, collection, claim, totalRows: counts.out, where }, batches, work);
    return { changes, rows: changes.inserted, deduplicated: 0 };
  }
  const changes = await putDocuments(slice, batches, work);
  if (await stepAside(db, slice)) work.log.info(`${where}: a load that began later has already put its rows in the place of these`);
  return { changes, rows: changes.inserted + changes.updated, deduplicated: 0 };
}

async function merge(collection: Collection, how: MergeDisposition, given: Surroundings): Promise<Written> {
  const { request, claim, inParts, where, work } = given;
  const { relation } = request.rows;
  const file = join(work.scratch, 'merge.parquet');
  const rows = await mergeRows(relation, how, work.duck, file, where);
  await collection.createIndex(Object.fromEntries(how.merge.map((key) => [key, 1 as const])));
  const merging = { collection, columns: relation.columns, how, claim, inParts, instant: instantOf(work.context) };
  const changes = await mergeDocuments(merging, batchesOf(given, rows.select, how.merge)(), work, rows.rows);
  return { changes, rows: rows.rows, deduplicated: rows.deduplicated };
}

/** Renews what is reserved as the rows go by. */
function batchesOf({ request, settings, where, work, reservation }: Surroundings, select: string, together?: readonly string[]): Batches {
  return async function* () {
    for await (const batch of stagedRows(select, request.rows.relation.columns, settings, where, work, together)) {
      await reservation?.renew();
      yield batch;
    }
  };
}

/** The documents that the rows take the place of. */
async function sliceFilter({ request, settings, where, work }: Surroundings): Promise<Document> {
  const { disposition, loadId, partition, rows } = request;
  if (disposition === 'append') return { [LOAD_COLUMN]: loadId };
  if (disposition === 'replace') return {};
  const filter: Document = {};
  for (const [name, value] of Object.entries(partition)) {
    const column = columnOf(rows.relation, name);
    const [row] = await work.duck.rows(`select cast(cast($value as ${storageType(column.type)}) as varchar) as text`, { value });
    filter[name] = toBson(row?.text ?? null, column, settings, where, 0);
  }
  return filter;
}

function columnOf({ columns }: Relation, name: string): Relation['columns'][number] {
  const column = columns.find((each) => each.name === name);
  if (column) return column;
  throw new ColumnNotFoundError(
    'The key of the disposition: the rows',
    name,
    columns.map((each) => each.name),
  );
}

function checkRequest({ target, rows, disposition, partition }: WriteRequest, where: string): void {
  if (target.kind !== 'collection')
    throw new DataError('HR_TARGET_NOT_A_TABLE', `${where}: rows are written to a collection, not to a ${target.kind}`);
  const { relation } = rows;
  checkNames(relation.columns, where);
  const own = relation.columns.find(({ name }) => isOwnColumn(name) || name === EPOCH);
  if (own)
    throw new DataError('HR_COLUMN_RESERVED', `${where}: the column "${own.name}" is one that loads add themselves. Rename it in SQL`);
  if (disposition === 'replace-partition') for (const name of Object.keys(partition)) columnOf(relation, name);
  if (typeof disposition !== 'object' || !('merge' in disposition)) return;
  const { merge: keys, latest, deletes } = disposition;
  for (const name of [...keys, latest, deletes?.column]) if (name !== undefined) columnOf(relation, name);
}

/** A new collection has an index by which an append finds its own documents again. */
async function ensureCollection(db: Db, name: string, append: boolean): Promise<Collection> {
  const collection = db.collection(name);
  const [there] = await db.listCollections({ name }, { nameOnly: true }).toArray();
  if (there === undefined && append) await collection.createIndex({ [LOAD_COLUMN]: 1 });
  return collection;
}
