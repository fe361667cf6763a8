/** Updates and deletions in as few commands as the server stands. */
import type { AnyBulkWriteOperation, Collection, Db } from 'mongodb';

const MOST_OPERATIONS = 1_000;
/** FerretDB 1 holds a connection to its own database for each update of a command, and stops answering, for every client, when a hundred are held. */
const MOST_OF_FERRETDB = 10;

/** Writes as one unordered bulk does, but by several commands. Throws what the first of them that fails throws. */
export type WriteInParts = (collection: Collection, operations: readonly AnyBulkWriteOperation[]) => Promise<void>;

export async function partsFor(db: Db): Promise<WriteInParts> {
  const { ferretdbVersion } = await db.command({ buildInfo: 1 });
  const most = ferretdbVersion === undefined ? MOST_OPERATIONS : MOST_OF_FERRETDB;
  return async (collection, operations) => {
    for (let at = 0; at < operations.length; at += most) await collection.bulkWrite(operations.slice(at, at + most), { ordered: false });
  };
}
