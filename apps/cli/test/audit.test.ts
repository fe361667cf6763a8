/** `headrace audit` against an API and a database of its own, which then somebody tampers with. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type HeadraceProcess, startHeadrace } from '../../../tests/support/headrace-process.ts';
import { type TestDatabase, testDatabase } from '../../../tests/support/test-database.ts';
import { runHere } from './support/run-program.ts';

let database: TestDatabase;
let api: HeadraceProcess;
let home: string;
let env: Record<string, string>;

beforeAll(async () => {
  database = await testDatabase();
  home = mkdtempSync(join(tmpdir(), 'headrace-audit-'));
  env = { DATABASE_URL: database.url, HEADRACE_HOME: home, HEADRACE_PORT: '0', HEADRACE_TOKEN: 'the-token', HEADRACE_PASSWORD_COST: '14' };
  api = await startHeadrace('api', env);
  env.HEADRACE_URL = api.address;
}, 60_000);

afterAll(async () => {
  await api?.stop();
  await database?.drop();
  if (home !== undefined) rmSync(home, { recursive: true, force: true });
}, 60_000);

/** An API key of an administrator. */
async function keyFor(action: string, object: string): Promise<string> {
  const asked = async (path: string, token: string, body: object) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const answer = await fetch(`${env.HEADRACE_URL}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    return { status: answer.status, json: (await answer.json()) as Record<string, string> };
  };
  const password = 'a-long-enough-password';
  await asked('/headrace/v1/users', 'the-token', { username: 'ada', password, roles: ['admin'] });
  const { json: login } = await asked('/auth/token', '', { username: 'ada', password });
  const scopes = [{ action, object, pattern: '*' }];
  const { status, json } = await asked('/headrace/v1/tokens', login.access_token ?? '', { name: `${action}-${object}`, scopes });
  expect(status).toBe(201);
  return json.key ?? '';
}

const run = (...args: string[]) => runHere(args, env);

test('what was done by the API and by commands on the database is listed, exported and verified, and tampering is found', async () => {
  expect((await run('users', 'create', 'root', '--role', 'admin', '--no-password', '--database')).code).toBe(0);
  expect((await run('db', 'clean')).code).toBe(0);
  expect((await run('pools', 'set', 'small', '2')).code).toBe(0);
  const listed = await run('audit', 'list');
  expect([listed.code, listed.stderr]).toEqual([0, '']);
  expect(listed.stdout).toMatch(/HEADRACE_TOKEN +127\.0\.0\.1 +\w+_pool/);
  expect(listed.stdout).toMatch(/@\S+ +\S* *create_user +root +allowed/);
  expect((await run('audit', 'list', '--action', 'db_clean', '-o', 'json')).stdout).toContain('"actor_kind": "command"');
  expect((await run('audit', 'list', '--outcome', 'refused')).stdout).toBe('There are no such entries\n');

  const file = join(home, 'audit.ndjson');
  writeFileSync(file, (await run('audit', 'export')).stdout);
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  expect(lines.map((line) => JSON.parse(line).entry.action).slice(0, 3)).toEqual(['make_first_link', 'create_user', 'db_clean']);
  const verified = await run('audit', 'verify', '-o', 'json');
  const { ok, entries, head } = JSON.parse(verified.stdout);
  expect([verified.code, ok, entries]).toEqual([0, true, lines.length]);
  expect((await run('audit', 'verify', '--known', head)).code).toBe(0);
  expect((await run('audit', 'verify', '--file', file)).stdout).toContain(head);

  // A collector of logs has a key that may nothing else: what it exports verifies. A key for DAGs gets nothing to export.
  const collector = await keyFor('read', 'audit');
  const collected = join(home, 'collected.ndjson');
  const exported = await runHere(['audit', 'export'], { ...env, HEADRACE_TOKEN: collector });
  expect([exported.code, exported.stderr]).toEqual([0, '']);
  writeFileSync(collected, exported.stdout);
  const whole = await run('audit', 'verify', '--file', collected, '-o', 'json');
  expect([whole.code, JSON.parse(whole.stdout).entries]).toEqual([0, exported.stdout.trim().split('\n').length]);
  const refused = await runHere(['audit', 'export'], { ...env, HEADRACE_TOKEN: await keyFor('read', 'dag') });
  expect([refused.code === 0, refused.stdout, refused.stderr]).toEqual([false, '', expect.stringContaining('may not read')]);

  writeFileSync(file, lines.join('\n').replace('"root"', '"toor"'));
  const forged = await run('audit', 'verify', '--file', file);
  expect([forged.code, forged.stderr]).toEqual([1, expect.stringContaining('Entry 2 does not fit its hash')]);

  await database.sql.query(
    "alter table audit_event disable trigger user; update audit_event set entry = replace(entry, 'root', 'toor') where id = 2",
  );
  const tampered = await run('audit', 'verify');
  expect([tampered.code, tampered.stderr]).toEqual([1, expect.stringContaining('Entry 2 does not fit its hash')]);
}, 60_000);
