/**
 * Merges, batch by batch: the documents with the keys of a batch are read, and only what differs is written. A document that a merge
 * inserts has an `_id` made of its keys, so that two attempts at once insert it once.
 */
import { createHash } from 'node:crypto';
import { DataError, DELETED_AT, type DuckSession, ident, type Relation, type Work } from '@headrace/dataplane';
import type { Column, MergeDisposition } from '@headrace/sdk';
import { type AnyBulkWriteOperation, BSON, type Collection, type Document } from 'mongodb';
import { codeOf } from './connect.ts';
import { compareValues, fieldOf, keyOf } from './document-values.ts';
import { type Changes, DUPLICATE_KEY, type LoadClaim } from './load-record.ts';
import { documentOf, type StagedRow } from './staged-documents.ts';
import type { WriteInParts } from './write-in-parts.ts';

/** A batch is read and written again when another writer was in between. */
const TRIES = 5;

export interface MergeRows {
  readonly select: string;
  readonly rows: number;
  readonly deduplicated: number;
}

/**
 * The rows that a merge writes: of rows that are the same one, of several with the same keys the latest, sorted by key.
 * Throws DataError for a null in a key, and for different rows with the same keys.
 */
export async function mergeRows(
  { select, columns }: Relation,
  how: MergeDisposition,
  duck: DuckSession,
  file: string,
  where: string,
): Promise<MergeRows> {
  const keys = how.merge.map(ident).join(', ');
  const nulls = await duck.count(`select count(*) from (${select}) where ${how.merge.map((key) => `${ident(key)} is null`).join(' or ')}`);
  if (nulls > 0) {
    throw new DataError(
      'HR_KEY_NULL',
      `${where}: ${nulls} rows have a null in their merge key (${how.merge.join(', ')}). Add checks.notNull, or choose other keys`,
    );
  }
  const several = how.strategy === 'delete-insert' && how.latest === undefined;
  const latest =
    how.latest === undefined ? '' : ` qualify rank() over (partition by ${keys} order by ${ident(how.latest)} desc nulls last) = 1`;
  const names = columns.map(({ name }) => ident(name)).join(', ');
  const chosen = `select ${several ? '' : 'distinct '}${names} from (select * from (${select})${latest})`;
  await duck.run(`copy (select * from (${chosen}) order by ${keys}) to '${file.replaceAll("'", "''")}' (format parquet)`);
  const kept = `select ${names} from read_parquet('${file.replaceAll("'", "''")}')`;
  if (!several) {
    const doubled = await duck.rows(`select ${keys} from (${kept}) group by ${keys} having count(*) > 1 order by ${keys} limit 3`);
    if (doubled.length > 0) {
      const samples = doubled.map((row) => how.merge.map((key) => `${key}=${row[key]}`).join(' '));
      throw new DataError(
        'HR_DUPLICATE_KEY',
        `${where}: several different rows have the same merge key, for example ${samples.join('; ')}. Make the keys unique in the SQL that gives the rows, or say which is the "latest"`,
      );
    }
  }
  const [before, rows] = [await duck.count(`select count(*) from (${select})`), await duck.count(`select count(*) from (${kept})`)];
  return { select: kept, rows, deduplicated: before - rows };
}

export interface Merge {
  readonly collection: Collection;
  readonly columns: readonly Column[];
  readonly how: MergeDisposition;
  readonly claim: LoadClaim;
  readonly inParts: WriteInParts;
  /** Of soft deletes. */
  readonly instant: Date;
}

export async function mergeDocuments(
  merge: Merge,
  batches: AsyncIterable<readonly StagedRow[]>,
  work: Work,
  totalRows: number,
): Promise<Changes> {
  const total: Changes = { inserted: 0, updated: 0, deleted: 0, unchanged: 0 };
  let rows = 0;
  for await (const batch of batches) {
    for (let tries = 1; ; tries += 1) {
      work.signal.throwIfAborted();
      await merge.claim.check();
      const changes: Changes = { inserted: 0, updated: 0, deleted: 0, unchanged: 0 };
      try {
        const operations = await operationsOf(merge, batch, changes);
        await merge.inParts(merge.collection, operations);
        for (const name of ['inserted', 'updated', 'deleted', 'unchanged'] as const) total[name] += changes[name];
        break;
      } catch (error) {
        if (codeOf(error) !== DUPLICATE_KEY) throw error;
        if (tries === TRIES)
          throw new DataError(
            'HR_CONSTRAINT_VIOLATED',
            `Rows break a unique index of the collection: ${(error as Error).message.slice(0, 300)}`,
            { cause: error },
          );
      }
    }
    rows += batch.length;
    work.log.debug('merged', { rows });
    work.progress({ phase: 'writing', rows, totalRows });
  }
  return total;
}

async function operationsOf(merge: Merge, batch: readonly StagedRow[], changes: Changes): Promise<readonly AnyBulkWriteOperation[]> {
  const { how, collection } = merge;
  const groups = new Map<string, StagedRow[]>();
  for (const row of batch) {
    const key = keyOf(how.merge.map((name) => row.values.get(name)));
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  const found = await collection
    .find(withKeys(how.merge, [...groups.values()]), { promoteValues: false, promoteLongs: false, promoteBuffers: false, bsonRegExp: true })
    .toArray();
  const there = new Map<string, Document[]>();
  for (const document of found) {
    const key = keyOf(how.merge.map((name) => fieldOf(document, name)));
    there.set(key, [...(there.get(key) ?? []), document]);
  }
  return [...groups].flatMap(([key, rows]) => groupOperations(merge, rows, there.get(key) ?? [], changes));
}

function withKeys(keys: readonly string[], groups: readonly StagedRow[][]): Document {
  const [only] = keys;
  if (keys.length === 1 && only !== undefined) return { [only]: { $in: groups.map(([row]) => row?.values.get(only)) } };
  return { $or: groups.map(([row]) => Object.fromEntries(keys.map((key) => [key, row?.values.get(key)]))) };
}

/** What has to be done for the rows of one key. Counts it. */
function groupOperations(merge: Merge, given: readonly StagedRow[], there: readonly Document[], changes: Changes): AnyBulkWriteOperation[] {
  const { how, columns } = merge;
  const { latest, deletes, strategy = 'upsert' } = how;
  const top = latest === undefined ? undefined : given[0]?.values.get(latest);
  if (latest !== undefined && there.some((document) => compareValues(fieldOf(document, latest), top) > 0)) {
    changes.unchanged += given.length;
    return [];
  }
  const gone = deletes === undefined ? [] : given.filter(({ values }) => values.get(deletes.column) === true);
  const put = given.filter((row) => !gone.includes(row)).map((row) => fieldsOf(row, merge, columns));
  const ids = (documents: readonly Document[]): AnyBulkWriteOperation[] => documents.map(({ _id }) => ({ deleteOne: { filter: { _id } } }));
  if (gone.length > 0 && deletes?.mode === 'hard' && there.length > 0 && put.length === 0) {
    changes.deleted += there.length;
    return ids(there);
  }
  if (gone.length > 0 && deletes?.mode === 'soft' && put.length === 0) {
    const living = there.filter((document) => fieldOf(document, DELETED_AT) === null || fieldOf(document, DELETED_AT) === undefined);
    changes.updated += living.length;
    return living.map(({ _id }) => ({ updateOne: { filter: { _id }, update: { $set: { [DELETED_AT]: merge.instant } } } }));
  }
  if (put.length === 0) return [];
  if (strategy === 'delete-insert') return replaceGroup(put, there, how.merge, changes);
  const [fields] = put;
  if (fields === undefined) return [];
  if (there.length === 0) {
    changes.inserted += 1;
    return [{ insertOne: { document: withId(fields, how.merge, 0) } }];
  }
  const differing =
    strategy === 'insert-only'
      ? []
      : there.map((document) => ({ document, differs: differences(document, fields) })).filter(({ differs }) => differs !== undefined);
  if (differing.length === 0) changes.unchanged += 1;
  else changes.updated += 1;
  return differing.map(({ document, differs }) => ({ updateOne: { filter: { _id: document._id }, update: { $set: differs ?? {} } } }));
}

/** All documents of a key make way for the rows, which take their ids where they can; new ones are written before old ones go. */
function replaceGroup(
  put: readonly ReadonlyMap<string, unknown>[],
  there: readonly Document[],
  keys: readonly string[],
  changes: Changes,
): AnyBulkWriteOperation[] {
  const documents = put.map((fields, index) => withId(fields, keys, index));
  const content = ({ _id, ...fields }: Document): string => Buffer.from(BSON.serialize(fields)).toString('base64');
  const [before, after] = [there.map(content).sort(), documents.map(content).sort()];
  if (before.length === after.length && before.every((each, index) => each === after[index])) {
    changes.unchanged += put.length;
    return [];
  }
  changes.inserted += documents.length;
  changes.deleted += there.length;
  const kept = new Set(documents.map(({ _id }) => keyOf([_id])));
  return [
    ...documents.map(({ _id, ...replacement }) => ({ replaceOne: { filter: { _id }, replacement, upsert: true } })),
    ...there.filter(({ _id }) => !kept.has(keyOf([_id]))).map(({ _id }) => ({ deleteOne: { filter: { _id } } })),
  ];
}

/** The fields that a row writes, by path. */
function fieldsOf({ values }: StagedRow, { how: { deletes } }: Merge, columns: readonly Column[]): ReadonlyMap<string, unknown> {
  const fields = new Map(columns.filter(({ name }) => name !== deletes?.column).map(({ name }) => [name, values.get(name)]));
  if (deletes?.mode === 'soft') fields.set(DELETED_AT, null);
  return fields;
}

function differences(document: Document, fields: ReadonlyMap<string, unknown>): Document | undefined {
  const differing = [...fields].filter(([name, value]) => name !== '_id' && !same(fieldOf(document, name), value));
  return differing.length === 0 ? undefined : Object.fromEntries(differing);
}

/** A field that is not there is not the same as null: a reader would not find it. */
function same(a: unknown, b: unknown): boolean {
  if (a === undefined) return false;
  return Buffer.compare(BSON.serialize({ v: a }), BSON.serialize({ v: b })) === 0;
}

function withId(fields: ReadonlyMap<string, unknown>, keys: readonly string[], index: number): Document {
  const { _id, ...document } = documentOf(fields);
  if (_id !== undefined) return { _id, ...document };
  const hash = createHash('sha256')
    .update(keyOf(keys.map((key) => fields.get(key))))
    .digest('hex')
    .slice(0, 32);
  return { _id: `${hash}-${index}`, ...document };
}
