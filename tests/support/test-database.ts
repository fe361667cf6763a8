/**
 * A database of a test's own with Headrace's tables, and two ways into it: a store, and plain SQL.
 *
 * `npm test` migrates one database before all tests and names it in HEADRACE_TEST_MIGRATED; each of these is a copy of it. Where the
 * variable is not set the migrations run for each.
 */
import { silentLog } from '@headrace/ports';
import { createStore, migrate, type PostgresStore } from '@headrace/store-postgres';
import pg from 'pg';
import { type EmptyDatabase, emptyDatabase } from './empty-database.ts';

export interface TestDatabase extends EmptyDatabase {
  readonly store: PostgresStore;
  /** Plain SQL beside the store, in the schema `headrace`. */
  readonly sql: pg.Pool;
  /** Empties all that runs and DAGs leave behind. */
  clean(): Promise<void>;
  /** Closes the store and the pool, too. */
  drop(): Promise<void>;
}

/** Bytes of a table in which deleted rows, and what statistics say of them, would be in the way of the next test. */
const LARGE = 512 * 1024;

/** What migrations put in. */
const KEPT = ['audit_chain', 'audit_event', 'pool', 'scheduler_shard', 'schema_migration'];

export async function testDatabase(): Promise<TestDatabase> {
  const template = process.env.HEADRACE_TEST_MIGRATED;
  const empty = await emptyDatabase({ template });
  if (!template) await migrate(empty.url, { log: silentLog });
  const store = createStore({ url: empty.url, log: silentLog });
  const sql = new pg.Pool({ connectionString: empty.url, max: 4, options: '-c search_path=headrace' });
  sql.on('error', () => {});
  return {
    ...empty,
    store,
    sql,
    async clean() {
      const { rows } = await sql.query<{ name: string; large: boolean }>(
        `select quote_ident(tablename) as name, pg_relation_size(quote_ident(tablename)::regclass) > $2 as large
         from pg_tables where schemaname = 'headrace' and tablename <> all($1)`,
        [KEPT, LARGE],
      );
      // `truncate` makes new files for each table and index: a hundred times slower than `delete` where there is next to nothing in them.
      const emptied = rows.some(({ large }) => large)
        ? `truncate ${rows.map(({ name }) => name).join(', ')}`
        : rows.map(({ name }) => `delete from ${name}`).join('; ');
      await sql.query(
        `begin; set local session_replication_role = replica; ${emptied};
         update scheduler_shard set scheduler_id = null; delete from pool where name <> 'default_pool'; update pool set slots = 128, include_deferred = false;
         commit`,
      );
    },
    async drop() {
      await store.close();
      await sql.end();
      await empty.drop();
    },
  };
}
