/** `headrace audit` against an API and a database of its own, which then somebody tampers with. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '@headrace/ports';
import { migrate } from '@headrace/store-postgres';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { type HeadraceProcess, startHeadrace } from '../../../tests/support/headrace-process.ts';
import { runHere } from './support/run-program.ts';

const name = `headrace_cli_audit_${crypto.randomUUID().replaceAll('-', '').slice(0, 12)}`;
let admin: pg.Client;
let sql: pg.Client;
let api: HeadraceProcess;
let home: string;
let env: Record<string, string>;

beforeAll(async () => {
  const server = process.env.HEADRACE_TEST_POSTGRES_URL;
  if (!server) throw new Error('HEADRACE_TEST_POSTGRES_URL must name a PostgreSQL server on which databases may be created');
  admin = new pg.Client({ connectionString: server });
  await admin.connect();
  await admin.query(`create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  await migrate(url.href, { log: silentLog });
  sql = new pg.Client({ connectionString: url.href, options: '-c search_path=headrace' });
  await sql.connect();
  home = mkdtempSync(join(tmpdir(), 'headrace-audit-'));
  env = { DATABASE_URL: url.href, HEADRACE_HOME: home, HEADRACE_PORT: '0', HEADRACE_TOKEN: 'the-token', HEADRACE_PASSWORD_COST: '14' };
  api = await startHeadrace('api', env);
  env.HEADRACE_URL = api.address;
}, 60_000);

afterAll(async () => {
  await api?.stop();
  await sql?.end();
  await admin?.query(`drop database if exists ${name} with (force)`);
  await admin?.end();
  if (home !== undefined) rmSync(home, { recursive: true, force: true });
}, 60_000);

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
  expect(lines.map((line) => JSON.parse(line).entry.action).slice(0, 2)).toEqual(['create_user', 'db_clean']);
  const verified = await run('audit', 'verify', '-o', 'json');
  const { ok, entries, head } = JSON.parse(verified.stdout);
  expect([verified.code, ok, entries]).toEqual([0, true, lines.length]);
  expect((await run('audit', 'verify', '--known', head)).code).toBe(0);
  expect((await run('audit', 'verify', '--file', file)).stdout).toContain(head);

  writeFileSync(file, lines.join('\n').replace('"root"', '"toor"'));
  const forged = await run('audit', 'verify', '--file', file);
  expect([forged.code, forged.stderr]).toEqual([1, expect.stringContaining('Entry 1 does not fit its hash')]);

  await sql.query(
    "alter table audit_event disable trigger user; update audit_event set entry = replace(entry, 'root', 'toor') where id = 1",
  );
  const tampered = await run('audit', 'verify');
  expect([tampered.code, tampered.stderr]).toEqual([1, expect.stringContaining('Entry 1 does not fit its hash')]);
}, 60_000);
