import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { silentLog } from '@headrace/ports';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { emptyDatabase } from '../../../tests/support/empty-database.ts';
import { describeSchema } from '../scripts/describe-schema.ts';
import { createStore, MigrationChangedError, migrate, SchemaTooNewError, SchemaTooOldError } from '../src/index.ts';

const MIGRATIONS = fileURLToPath(new URL('../../../migrations', import.meta.url));

let url: string;
let drop: () => Promise<void>;
let folder: string;

beforeEach(async () => {
  ({ url, drop } = await emptyDatabase());
  folder = await mkdtemp(join(tmpdir(), 'headrace-migrations-'));
  await cp(MIGRATIONS, folder, { recursive: true });
});

afterEach(async () => {
  await drop();
  await rm(folder, { recursive: true, force: true });
});

const run = () => migrate(url, { log: silentLog, folder });

async function query<Row extends pg.QueryResultRow>(sql: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function check(): Promise<void> {
  const store = createStore({ url, log: silentLog });
  try {
    await store.checkSchema();
  } finally {
    await store.close();
  }
}

describe('migrating', () => {
  test('applies what is missing, once, and keeps to its own schema', async () => {
    await expect(check()).rejects.toThrow(SchemaTooOldError);
    await expect(check()).rejects.toThrow(/headrace db migrate/);
    const { applied } = await run();
    expect(applied[0]).toBe('0001_orchestration.sql');
    expect(await run()).toEqual({ applied: [] });
    await check();
    expect(await query("select relname from pg_class where relnamespace = 'public'::regnamespace")).toEqual([]);
  });

  test('by several processes at once applies each migration once', async () => {
    const done = await Promise.all([run(), run(), run(), run()]);
    expect(done.filter(({ applied }) => applied.length > 0)).toHaveLength(1);
  });

  test('that fails leaves nothing of the migration, and those before it', async () => {
    const next = nextName(await run());
    await writeFile(join(folder, next), 'create table half (id integer); select 1 / 0;');
    await expect(run()).rejects.toThrow(/division by zero/);
    expect(await query("select to_regclass('headrace.half') as half")).toEqual([{ half: null }]);
    await writeFile(join(folder, next), 'create table whole (id integer);');
    expect(await run()).toEqual({ applied: [next] });
    expect(await query("select to_regclass('headrace.whole') is not null as whole")).toEqual([{ whole: true }]);
  });

  test('refuses a migration that was changed after it was applied', async () => {
    await run();
    const first = join(folder, '0001_orchestration.sql');
    await writeFile(first, `${await readFile(first, 'utf8')}\n-- a word more`);
    await expect(run()).rejects.toThrow(MigrationChangedError);
  });

  test('refuses numbers with a gap', async () => {
    await writeFile(join(folder, '0099_far.sql'), 'select 1;');
    await expect(run()).rejects.toThrow(/must have the number/);
  });

  test('refuses a database that a newer Headrace has migrated', async () => {
    const next = nextName(await run());
    await writeFile(join(folder, next), 'create table later (id integer);');
    await run();
    await rm(join(folder, next));
    await expect(run()).rejects.toThrow(SchemaTooNewError);
    await expect(check()).rejects.toThrow(/upgrade Headrace/);
  });
});

test('schema.sql is what the migrations lead to', async () => {
  await run();
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    expect(await describeSchema(client)).toBe(await readFile(join(MIGRATIONS, 'schema.sql'), 'utf8'));
  } finally {
    await client.end();
  }
});

function nextName({ applied }: { applied: readonly string[] }): string {
  return `${String(applied.length + 1).padStart(4, '0')}_next.sql`;
}
