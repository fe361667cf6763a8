/** A database of a test file's own, on the server that HEADRACE_TEST_POSTGRES_URL names. */
import { randomBytes } from 'node:crypto';
import { silentLog } from '@headrace/ports';
import pg from 'pg';
import { createStore, migrate, type PostgresStore } from '../../src/index.ts';

export interface TestDatabase {
  readonly url: string;
  readonly store: PostgresStore;
  /** Plain SQL beside the store. */
  readonly sql: pg.Pool;
  /** Empties all that runs and DAGs leave behind. */
  clean(): Promise<void>;
  drop(): Promise<void>;
}

/** What migrations put in. */
const KEPT = ['audit_chain', 'audit_event', 'pool', 'scheduler_shard', 'schema_migration'];

function serverUrl(): string {
  const url = process.env.HEADRACE_TEST_POSTGRES_URL;
  if (!url) throw new Error('HEADRACE_TEST_POSTGRES_URL must name a PostgreSQL server on which databases may be created');
  return url;
}

export async function emptyDatabase(): Promise<{ readonly url: string; drop(): Promise<void> }> {
  const name = `headrace_test_${randomBytes(6).toString('hex')}`;
  await onServer(`create database ${name}`);
  const url = new URL(serverUrl());
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => onServer(`drop database if exists ${name} with (force)`) };
}

export async function testDatabase(): Promise<TestDatabase> {
  const { url, drop } = await emptyDatabase();
  await migrate(url, { log: silentLog });
  const store = createStore({ url, log: silentLog });
  const sql = new pg.Pool({ connectionString: url, max: 4, options: '-c search_path=headrace' });
  sql.on('error', () => {});
  return {
    url,
    store,
    sql,
    async clean() {
      const { rows } = await sql.query<{ names: string }>(
        "select string_agg(quote_ident(tablename), ', ') as names from pg_tables where schemaname = 'headrace' and tablename <> all($1)",
        [KEPT],
      );
      await sql.query(`truncate ${rows[0]?.names}`);
      await sql.query(
        "update scheduler_shard set scheduler_id = null; delete from pool where name <> 'default_pool'; update pool set slots = 128, include_deferred = false",
      );
    },
    async drop() {
      await store.close();
      await sql.end();
      await drop();
    },
  };
}

async function onServer(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl() });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
