import type { TargetConnector } from '@headrace/dataplane';
import type { Row, TargetHarness } from '@headrace/dataplane/conformance/attempts';
import { cursorHomeConformance } from '@headrace/dataplane/conformance/cursor-home';
import { targetConformance } from '@headrace/dataplane/conformance/target';
import type { Place } from '@headrace/sdk';
import * as jest from '@jest/globals';
import { type Document, MongoClient } from 'mongodb';
import { startFerretDb } from '../../../tests/support/ferretdb-server.ts';
import { mongodb } from '../src/index.ts';
import { columnText } from '../src/mongodb/bson-text.ts';
import { mongodbTarget } from '../src/mongodb/mongodb-target.ts';
import { startRenamingServer } from './support/renaming-server.ts';

const dispositions = ['append', 'replace', 'replace-partition', 'merge'] as const;
/** FerretDB has no Decimal128. */
const options = { decimals: 'text' } as const;

async function harness(server: { readonly url: string; stop(): Promise<void> }, connector: TargetConnector): Promise<TargetHarness> {
  const client = await new MongoClient(server.url).connect();
  let places = 0;
  const documents = ({ connection, settings }: Place): Promise<Document[]> =>
    client.db(connection).collection(String(settings.name)).find({}, { promoteValues: false }).toArray();
  return {
    connector,
    async place() {
      places += 1;
      // A database of its own: cursors have names in a database.
      return mongodb(`shop_${places}`).collection(`table_${places}`, options);
    },
    rows: async (place) => (await documents(place)).map(rowOf),
    state: documents,
    connection: (id) => ({ id, url: `${server.url}/${id}` }),
    async close() {
      await client.close();
      await server.stop();
    },
  };
}

/** Without what loads add: a merge's ids, and the epoch. */
function rowOf({ _id, _headrace_epoch, ...fields }: Document): Row {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      value instanceof Date ? value.toISOString() : (columnText(value, 'text') ?? null),
    ]),
  );
}

const open = async (): Promise<TargetHarness> => harness(await startFerretDb(), mongodbTarget);

targetConformance(jest, {
  name: 'a MongoDB collection',
  open,
  openMs: 600_000,
  dispositions,
  sequences: Number(process.env.HEADRACE_TARGET_SEQUENCES ?? 3),
  lacks: {
    atomic: 'no transactions: the documents of a load that is stopped are there until its retry',
    snapshot: 'new documents are written beside the old ones before those go',
    audit: 'a collection cannot be asked with SQL',
    schema: 'a collection has no columns',
  },
});

cursorHomeConformance(jest, { name: 'a MongoDB collection', open, openMs: 600_000 });

targetConformance(jest, {
  name: 'a MongoDB collection that can be renamed over another',
  open: async () => harness(await startRenamingServer(), { ...mongodbTarget, dispositions: ['replace'] }),
  openMs: 600_000,
  dispositions: ['replace'],
  lacks: {
    audit: 'a collection cannot be asked with SQL',
    schema: 'a collection has no columns',
  },
});
