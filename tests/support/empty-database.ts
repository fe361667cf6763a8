/** A database of a test's own, on the server that HEADRACE_TEST_POSTGRES_URL names. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';

export interface EmptyDatabase {
  readonly name: string;
  /** Of a superuser. */
  readonly url: string;
  /** Runs a statement on the server, beside the database: what changes the database itself, or a role. */
  onServer(statement: string): Promise<void>;
  /** Ends who is still connected. May be called twice. */
  drop(): Promise<void>;
}

/** @throws Error when the variable is not set. */
function testServerUrl(): string {
  const url = process.env.HEADRACE_TEST_POSTGRES_URL;
  if (!url) throw new Error('HEADRACE_TEST_POSTGRES_URL must name a PostgreSQL server on which databases may be created');
  return url;
}

export interface Origin {
  /** Default: the one that the variable names. */
  readonly server?: string;
  /** The database that it is a copy of, if it is not to be empty. */
  readonly template?: string | undefined;
}

export async function emptyDatabase({ server = testServerUrl(), template }: Origin = {}): Promise<EmptyDatabase> {
  const name = `headrace_test_${randomBytes(6).toString('hex')}`;
  const onServer = (statement: string): Promise<void> => runOn(server, statement);
  await onServer(`create database ${name}${template === undefined ? '' : ` template ${template}`}`);
  const url = Object.assign(new URL(server), { pathname: `/${name}` }).href;
  return { name, url, onServer, drop: () => onServer(`drop database if exists ${name} with (force)`) };
}

async function runOn(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
