/** What `headrace doctor` asks a database. Changes nothing. */
import type { Instant } from '@headrace/core';
import pg from 'pg';
import { connectionConfig } from '../database.ts';
import { sqlStateOf } from '../transaction.ts';
import { pendingOf, readApplied } from './migrate.ts';
import { readMigrations } from './migrations.ts';

export interface DatabaseInspection {
  /** `18.1` */
  readonly serverVersion: string;
  readonly standby: boolean;
  /** The server's clock, and ours half-way between the question and the answer. */
  readonly clock: { readonly server: Instant; readonly here: Instant };
  readonly connections: { readonly used: number; readonly most: number };
  /** Names of migrations that are not applied. */
  readonly pending: readonly string[];
}

const PATIENCE_MS = 5_000;
const UNDEFINED_TABLE = '42P01';

/** Throws what the connection says, SchemaTooNewError, MigrationChangedError. */
export async function inspectDatabase(url: string): Promise<DatabaseInspection> {
  const client = new pg.Client({
    ...connectionConfig(url),
    application_name: 'headrace doctor',
    connectionTimeoutMillis: PATIENCE_MS,
    query_timeout: PATIENCE_MS,
  });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const asked = Date.now();
    const { rows } = await client.query<{ version: string; standby: boolean; now: number; used: number; most: number }>(
      `select current_setting('server_version') as version, pg_is_in_recovery() as standby, clock_timestamp() as now,
         (select count(*)::integer from pg_stat_activity where backend_type = 'client backend') as used,
         current_setting('max_connections')::integer as most`,
    );
    const here = (asked + Date.now()) / 2;
    const [row] = rows;
    if (row === undefined) throw new Error('The database has answered nothing');
    const applied = await readApplied(client).catch((error: unknown) => {
      if (sqlStateOf(error) === UNDEFINED_TABLE) return [];
      throw error;
    });
    return {
      serverVersion: row.version,
      standby: row.standby,
      clock: { server: row.now, here },
      connections: { used: row.used, most: row.most },
      pending: pendingOf(await readMigrations(), applied).map(({ name }) => name),
    };
  } finally {
    await client.end();
  }
}
