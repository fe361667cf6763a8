/**
 * Further reads: what committed from the position of the last load on to where the log ends now. It is written to files before anything
 * is said about it, because columns may come and go meanwhile.
 */
import type { Relation, Work } from '@headrace/dataplane';
import type { ConnectionSettings } from '@headrace/sdk';
import type pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { withClient } from '../connect.ts';
import { type ChangesWanted, changeRelation } from './change-rows.ts';
import { ChangeSpool, type LogRange } from './change-spool.ts';
import { copiedValues } from './copied-values.ts';
import type { PublishedTable } from './published-table.ts';
import { type ChangesTask, guarded } from './slot.ts';
import type { SpooledChanges } from './spooled-changes.ts';

export async function nextRead(
  connection: ConnectionSettings,
  task: ChangesTask,
  table: PublishedTable,
  range: LogRange,
  wanted: ChangesWanted,
  work: Work,
): Promise<Relation> {
  const changes = await withClient(connection, work.signal, (client) =>
    guarded(task, () => spoolChanges(client, task, table, range, wanted, work)),
  );
  return { ...changeRelation(wanted, changes), position: async () => ({ ...range.from, lsn: range.to }) };
}

async function spoolChanges(
  client: pg.Client,
  task: ChangesTask,
  table: PublishedTable,
  range: LogRange,
  wanted: ChangesWanted,
  work: Work,
): Promise<readonly SpooledChanges[]> {
  if (range.from.lsn === range.to) return [];
  const spool = new ChangeSpool(work.scratch, task, table, wanted, range);
  const stream = client.query(copyTo(peek(task, table, range.to), { highWaterMark: 1 << 20 }));
  let bytes = 0;
  try {
    for await (const messages of copiedValues(stream)) {
      for (const message of messages) {
        bytes += message.length;
        spool.take(message);
      }
      await spool.flush();
      work.signal.throwIfAborted();
      work.progress({ phase: 'reading the log', rows: spool.rows, bytes });
    }
    return await spool.finish();
  } finally {
    await spool.close();
  }
}

/** COPY takes no parameters. The server decodes all up to the place, on its disk where it is much, and then sends it. */
function peek({ slot }: ChangesTask, { publication }: PublishedTable, to: string): string {
  const names = `"${publication.replaceAll('"', '""')}"`;
  const values = [literal(slot), `${literal(to)}::pg_lsn`, 'null', `'proto_version'`, `'1'`, `'publication_names'`, literal(names)];
  return `copy (select data from pg_catalog.pg_logical_slot_peek_binary_changes(${values.join(', ')})) to stdout (format binary)`;
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
