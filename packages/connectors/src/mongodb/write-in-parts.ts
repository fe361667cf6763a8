import type { AnyBulkWriteOperation, Collection } from 'mongodb';

/** FerretDB 1 stops answering, for every client, at some hundred updates in one command; MongoDB loses little by more round trips. */
const MOST_OPERATIONS = 50;

/** Writes as one unordered bulk does, but by several commands. Throws what the first of them that fails throws. */
export async function writeInParts(collection: Collection, operations: readonly AnyBulkWriteOperation[]): Promise<void> {
  for (let at = 0; at < operations.length; at += MOST_OPERATIONS)
    await collection.bulkWrite(operations.slice(at, at + MOST_OPERATIONS), { ordered: false });
}
