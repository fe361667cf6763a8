import { randomUUID } from 'node:crypto';
import pg from 'pg';

export interface TestDatabase {
  readonly url: string;
  /** Runs as administrator, in another database of the same server. */
  administer(sql: string): Promise<void>;
  /** Runs in the test's database. */
  run(sql: string, values?: readonly unknown[]): Promise<void>;
  readonly name: string;
  drop(): Promise<void>;
}

/** A database of the test's own on the server that HEADRACE_TEST_POSTGRES_URL names. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const admin = process.env.HEADRACE_TEST_POSTGRES_URL;
  if (admin === undefined) throw new Error('HEADRACE_TEST_POSTGRES_URL is not set: run the tests with `npm test`');
  const name = `headrace_queue_test_${randomUUID().replaceAll('-', '')}`;
  const url = new URL(admin);
  url.pathname = `/${name}`;
  const run = async (at: string, sql: string, values: readonly unknown[] = []): Promise<void> => {
    const client = new pg.Client({ connectionString: at });
    await client.connect();
    try {
      await client.query(sql, [...values]);
    } finally {
      await client.end();
    }
  };
  await run(admin, `create database ${name}`);
  return {
    url: url.href,
    name,
    administer: (sql) => run(admin, sql),
    run: (sql, values) => run(url.href, sql, values),
    drop: () => run(admin, `drop database ${name} with (force)`),
  };
}
