/** A rig on a PostgreSQL of its own whose log has the changes of rows, with two loads of changes: one by merge, one that appends them all. */
import { type Disposition, load, type MergeDisposition, type Source, type TaskDefinition } from '@headrace/sdk';
import pg from 'pg';
import { type PostgresServer, startPostgres, WITHOUT_SYNC } from '../../../../tests/support/postgres-server.ts';
import { type ChangesOptions, postgres } from '../../src/index.ts';
import { createRig, only, type Rig, type RunOptions } from './rig.ts';

export interface CdcRig {
  readonly rig: Rig;
  readonly server: PostgresServer;
  /** Of the database that is read. */
  readonly shop: pg.Client;
  /** Of the database that is written. */
  readonly warehouse: pg.Client;
  /** Another client of the database that is read, closed with the rig. */
  client(): Promise<pg.Client>;
  /** Rows of a query as the server writes them, one text a row, sorted. */
  texts(client: pg.Client, select: string): Promise<readonly string[]>;
  close(): Promise<void>;
}

export const HARD: MergeDisposition = { merge: ['id'], deletes: { column: '_deleted', mode: 'hard' } };

/** A load of the last change of each key, into a table of the same name. */
export function following(table: string, options: ChangesOptions = {}, disposition: Disposition = HARD): TaskDefinition {
  return loading(`follow_${table}`, postgres('shop').changes(table, { give: 'last', ...options }), table, disposition);
}

export function loading(taskId: string, from: Source, into: string, disposition: Disposition): TaskDefinition {
  return only(() => load(taskId, { from, into: postgres('warehouse').table(into), disposition }));
}

export async function createCdcRig(settings: Readonly<Record<string, string>> = {}): Promise<CdcRig> {
  const server = await startPostgres({
    settings: {
      wal_level: 'logical',
      max_wal_senders: '20',
      max_replication_slots: '50',
      max_connections: '60',
      ...WITHOUT_SYNC,
      ...settings,
    },
  });
  const rig = await createRig();
  const clients: pg.Client[] = [];
  const connect = async (database: string): Promise<pg.Client> => {
    const client = new pg.Client(Object.assign(new URL(server.url), { pathname: `/${database}` }).href);
    client.on('error', () => {});
    await client.connect();
    await client.query(`set timezone to 'UTC'`);
    clients.push(client);
    return client;
  };
  const admin = await connect('postgres');
  for (const name of ['shop', 'warehouse']) {
    await admin.query(`create database ${name}`);
    rig.connections[name] = Object.assign(new URL(server.url), { pathname: `/${name}` }).href;
  }
  return {
    rig,
    server,
    shop: await connect('shop'),
    warehouse: await connect('warehouse'),
    client: () => connect('shop'),
    async texts(client, select) {
      const { rows } = await client.query<{ row: string }>(`select t::text as row from (${select}) t order by 1`);
      return rows.map(({ row }) => row);
    },
    async close() {
      for (const client of clients) await client.end().catch(() => {});
      await rig.close();
      await server.stop();
    },
  };
}

/** Runs a load of changes once more. */
export function again(rig: Rig, task: TaskDefinition, attempt: number, options: RunOptions = {}): Promise<unknown> {
  const at = new Date(0);
  return rig.run(task, { interval: { start: at, end: at, day: '1970-01-01', hour: '1970-01-01T00' }, runId: `run_${attempt}`, ...options });
}
