/**
 * The documents of a collection, one batch at a time.
 *
 * D1. A batch is asked for when the one before was taken: however large the collection, one batch is held.
 * D2. In the order of `_id` a lost connection is taken up behind the last document that was handed on: none is left out, none comes twice.
 *     What is written meanwhile is seen when its `_id` lies ahead, as with any read that takes a while.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Work } from '@headrace/dataplane';
import type { Collection, Document, FindOptions } from 'mongodb';
import { bsonType } from './bson-json.ts';
import { explainMongo, isConnectionLoss } from './connect.ts';

const BATCH = 1_000;
/** Lost connections in a row, without a document between them. */
const MOST_LOSSES = 5;
const FIRST_WAIT_MS = 250;

/**
 * As BSON orders values of different types, in the names of `$type`. An `_id` cannot be an array or a regular expression; what is not
 * named here lies before or behind all of these, or (symbols) among the strings.
 */
const ORDER: readonly string[] = ['null', 'number', 'string', 'object', 'binData', 'objectId', 'bool', 'date', 'timestamp'];

export interface ReadDocuments {
  readonly filter: Document;
  readonly projection?: Document;
  readonly resumable: boolean;
}

export async function* readDocuments(
  collection: Collection,
  { filter, projection, resumable }: ReadDocuments,
  { signal, log }: Pick<Work, 'signal' | 'log'>,
  where: string,
): AsyncGenerator<readonly Document[]> {
  const options: FindOptions = {
    batchSize: BATCH,
    promoteValues: false,
    promoteLongs: false,
    promoteBuffers: false,
    bsonRegExp: true,
    ...(projection === undefined ? {} : { projection }),
    ...(resumable ? { sort: { _id: 1 as const } } : {}),
  };
  let last: Document | undefined;
  let strange = false;
  for (let losses = 0; ; ) {
    const cursor = collection.find(last === undefined ? filter : { $and: [filter, behind(last._id)] }, options);
    try {
      for (;;) {
        const first = await cursor.next();
        if (first === null) return;
        const batch = [first, ...cursor.readBufferedDocuments()];
        strange ||= batch.some(isStrange);
        yield batch;
        last = batch.at(-1);
        losses = 0;
      }
    } catch (error) {
      signal.throwIfAborted();
      losses += 1;
      if (!resumable || strange || !isConnectionLoss(error) || losses > MOST_LOSSES) throw explainMongo(error, where);
      log.warn('the connection was lost; reading goes on behind the last document', { losses });
      await sleep(FIRST_WAIT_MS * 2 ** (losses - 1), undefined, { signal });
    } finally {
      await cursor.close().catch(() => {});
    }
  }
}

/** What comes behind an `_id` in the order of all types: `$gt` alone sees only values of the same kind. */
function behind(id: unknown): Document {
  const seen = ORDER.slice(0, ORDER.indexOf(typeName(id)) + 1);
  return { $or: [{ _id: { $gt: id } }, { _id: { $not: { $type: seen } } }] };
}

function typeName(id: unknown): string {
  if (id === null || id === undefined) return 'null';
  if (typeof id === 'string') return 'string';
  if (typeof id === 'boolean') return 'bool';
  if (id instanceof Date) return 'date';
  switch (bsonType(id)) {
    case 'Int32':
    case 'Long':
    case 'Double':
    case 'Decimal128':
      return 'number';
    case 'ObjectId':
      return 'objectId';
    case 'Binary':
      return 'binData';
    case 'Timestamp':
      return 'timestamp';
    default:
      return 'object';
  }
}

/** Ids of types that nobody uses, and behind which nothing can be asked for. */
function isStrange({ _id: id }: Document): boolean {
  return ['BSONSymbol', 'MinKey', 'MaxKey', 'DBRef', 'Code'].includes(bsonType(id) ?? '');
}
