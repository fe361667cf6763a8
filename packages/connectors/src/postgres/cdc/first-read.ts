/**
 * The first read of a table whose changes are followed: the rows that it has, and the place in the log from which on its changes count.
 *
 * H1. The slot is made together with a snapshot: what committed before the slot's place is in the snapshot, what commits later is in the log.
 * H2. Who fails takes the slot along; who dies leaves it to the next, who has no position and begins with a new one.
 */
import { DataError, feedPipe, makePipe, type Relation, type Work } from '@headrace/dataplane';
import { type Column, type ConnectionSettings, elementType } from '@headrace/sdk';
import type pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { withClient } from '../connect.ts';
import { listAsJson } from '../lists.ts';
import { describe } from '../select.ts';
import { quote } from '../sql-text.ts';
import { type ChangesWanted, changeRelation, wantedColumns } from './change-rows.ts';
import { commitOf, orderOf, parseLsn } from './lsn.ts';
import type { PublishedTable } from './published-table.ts';
import { type ChangesTask, dropLeftSlot, guarded, type LogPosition } from './slot.ts';

export async function firstRead(
  connection: ConnectionSettings,
  task: ChangesTask,
  table: PublishedTable,
  wanted: ChangesWanted,
  work: Work,
): Promise<Relation> {
  if (table.long && !table.full)
    work.log.warn(
      `${task.where}: an update that leaves a value of some kilobytes as it is leaves it out of the log, and cannot be read. If there are such values: alter table ${table.sql} replica identity full`,
    );
  const pipe = await makePipe(work.scratch, 'snapshot');
  let position: LogPosition | undefined;
  const columns = wantedColumns(wanted);
  const relation = changeRelation(wanted, [{ file: pipe, columns, longest: 0, pipe: true }]);
  return {
    ...relation,
    position: async () => position,
    feed: (start) =>
      withClient(connection, work.signal, async (client) => {
        await dropLeftSlot(client, task, work);
        try {
          const lsn = await beginInSnapshot(connection, client, task, work, (made) => {
            position = { slot: task.slot, table: table.oid, lsn: made };
          });
          await assertSame(client, table, task);
          return await feedPipe(pipe, client.query(copyTo(copyOf(table.from, columns, lsn), { highWaterMark: 1 << 20 })), start());
        } catch (error) {
          // One that another run made in the same moment is not ours.
          if (position !== undefined) await dropAfterwards(connection, task);
          throw error;
        }
      }),
  };
}

/** Makes the slot, and begins the client's transaction in its snapshot, which is there until the session that made the slot does anything else. */
async function beginInSnapshot(
  connection: ConnectionSettings,
  client: pg.Client,
  task: ChangesTask,
  work: Work,
  made: (lsn: string) => void,
): Promise<string> {
  const url = new URL(connection.url);
  url.searchParams.set('replication', 'database');
  return guarded(task, () =>
    withClient({ ...connection, url: url.href }, work.signal, async (sender) => {
      work.log.info(`making slot "${task.slot}": the server waits for the transactions that are open now`, { slot: task.slot });
      const { rows } = await sender.query<{ consistent_point: string; snapshot_name: string }>(
        `CREATE_REPLICATION_SLOT ${quote(task.slot)} LOGICAL pgoutput EXPORT_SNAPSHOT`,
      );
      const [slot] = rows;
      if (slot === undefined) throw new TypeError('The server made a slot and said nothing of it');
      made(slot.consistent_point);
      await client.query('begin isolation level repeatable read read only');
      await client.query(`set transaction snapshot '${slot.snapshot_name.replaceAll("'", "''")}'`);
      return slot.consistent_point;
    }),
  );
}

/** Between the look at the catalog and the snapshot the table may have been altered. */
async function assertSame(client: pg.Client, table: PublishedTable, { where }: ChangesTask): Promise<void> {
  const names = table.columns.map(({ name }) => quote(name));
  const now = await describe(client, `select ${names.join(', ')} from ${table.from}`, undefined, where);
  if (JSON.stringify(now) === JSON.stringify(table.columns)) return;
  throw new DataError('HR_CDC_TABLE_CHANGED', `${where}: the table was altered when the first read began. Try again`, { retryable: true });
}

/** Values as the log has them: by the types' own output, not by a cast, which would cut `char(n)`. */
function copyOf(from: string, columns: readonly Column[], lsn: string): string {
  const values = columns.map((column) => (elementType(column.type) ? listAsJson(column) : quote(column.name)));
  const own = [`'${orderOf(commitOf(parseLsn(lsn)), 0)}'`, `'insert'`, '(extract(epoch from now()) * 1000000)::int8'];
  return `copy (select ${[...own, ...values].join(', ')} from ${from}) to stdout (format csv, null '')`;
}

/** With a client of its own: that of the read may be cut. */
async function dropAfterwards(connection: ConnectionSettings, { slot }: ChangesTask): Promise<void> {
  const drop = (client: pg.Client) =>
    client.query('select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = $1 and not active', [slot]);
  await withClient(connection, AbortSignal.timeout(10_000), drop).catch(() => {});
}
