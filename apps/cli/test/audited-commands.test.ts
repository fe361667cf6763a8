/** What happens to a database outside of any API: each leaves an entry, and the chain is whole. */
import { mkdtempSync, rmSync } from 'node:fs';
import { hostname, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { type EmptyDatabase, emptyDatabase } from '../../../tests/support/empty-database.ts';
import { startHeadrace } from '../../../tests/support/headrace-process.ts';
import { runHere } from './support/run-program.ts';

let database: EmptyDatabase;
let home: string;
let env: Record<string, string>;
beforeAll(async () => {
  database = await emptyDatabase();
  home = mkdtempSync(join(tmpdir(), 'headrace-audited-'));
  env = { DATABASE_URL: database.url, HEADRACE_HOME: home, HEADRACE_DAGS: home, HEADRACE_PORT: '0', HEADRACE_PASSWORD_COST: '14' };
}, 60_000);
afterAll(async () => {
  await database?.drop();
  if (home !== undefined) rmSync(home, { recursive: true, force: true });
});

interface Written {
  readonly action: string;
  readonly actor_kind: string;
  readonly actor: string;
  readonly outcome: string;
  readonly object_id?: string;
  readonly parameters?: Readonly<Record<string, unknown>>;
}

async function written(): Promise<readonly Written[]> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    const { rows } = await client.query<{ entry: string }>('select entry from headrace.audit_event order by id');
    return rows.map(({ entry }) => JSON.parse(entry));
  } finally {
    await client.end();
  }
}

test('commands on the database and the first start of standalone leave entries with the user of the operating system', async () => {
  expect((await runHere(['db', 'migrate'], env)).code).toBe(0);
  // Nothing to do: nothing to tell.
  expect((await runHere(['db', 'migrate'], env)).code).toBe(0);
  expect((await written()).map(({ action }) => action)).toEqual(['db_migrate']);
  expect((await written())[0]?.parameters).toEqual({ migrations: expect.any(Number), last: expect.stringMatching(/^\d{4}_.*\.sql$/) });
  expect((await runHere(['db', 'export', join(home, 'out'), '--tables', 'pool', '--with-secrets'], env)).code).toBe(0);
  expect((await runHere(['db', 'export', join(home, 'other'), '--tables', 'nonsense'], env)).code).not.toBe(0);
  expect((await runHere(['db', 'clean', '--dry-run'], env)).code).toBe(0);
  expect((await runHere(['db', 'clean'], env)).code).toBe(0);

  const standalone = await startHeadrace('standalone', env);
  try {
    const link = /token=(\S+)/.exec(standalone.output)?.[1] ?? '';
    expect(link).not.toBe('');
    expect(JSON.stringify(await written())).not.toContain(link);
    expect((await runHere(['users', 'create', 'root', '--role', 'admin', '--no-password', '--database'], env)).code).toBe(0);
    expect((await runHere(['users', 'create', 'root', '--no-password', '--database'], env)).code).not.toBe(0);
    const verified = await runHere(['audit', 'verify', '-o', 'json'], { ...env, HEADRACE_URL: standalone.address });
    expect([verified.code, JSON.parse(verified.stdout).ok]).toEqual([0, true]);
  } finally {
    await standalone.stop();
  }

  const entries = await written();
  expect(entries.map(({ action, outcome, object_id: of }) => [action, outcome, ...(of === undefined ? [] : [of])])).toEqual([
    ['db_migrate', 'allowed'],
    ['db_export', 'allowed'],
    ['db_export', 'allowed'],
    ['db_clean', 'allowed'],
    ['make_admin_token', 'allowed', 'admin'],
    ['make_first_link', 'allowed'],
    ['create_user', 'allowed', 'root'],
    ['create_user', 'failed', 'root'],
  ]);
  expect(entries[1]?.parameters).toEqual({ tables: ['pool'], with_secrets: true });
  const here = `${userInfo().username}@${hostname()}`;
  expect(entries.every((one) => one.actor_kind === 'command' && one.actor === here)).toBe(true);
}, 120_000);
