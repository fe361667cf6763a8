/** Kills whoever delivers a notice: whenever it dies, the notice gets there, and the target can tell that it is the same one. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { PostgresStore } from '@headrace/store-postgres';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type pg from 'pg';
import { until } from '../support/poll.ts';
import { type TestDatabase, testDatabase } from '../support/test-database.ts';

const MAIN = fileURLToPath(new URL('deliver-main.ts', import.meta.url));

let database: TestDatabase;
let sql: pg.Pool;
let store: PostgresStore;
let target: Server;
let targetUrl: string;
/** Calls that wait for an answer, with the idempotency key that they came with. */
let calls: { readonly key: string; readonly response: ServerResponse }[];
let children: ChildProcess[];

beforeEach(async () => {
  database = await testDatabase();
  ({ store, sql } = database);
  calls = [];
  children = [];
  target = createServer((request, response) => {
    request.resume();
    calls.push({ key: String(request.headers['idempotency-key']), response });
  });
  await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
  targetUrl = `http://127.0.0.1:${(target.address() as AddressInfo).port}`;
}, 60_000);

afterEach(async () => {
  await Promise.all(children.map(kill));
  target.closeAllConnections();
  await new Promise((resolve) => target.close(resolve));
  await database.drop();
}, 60_000);

async function deliverer(): Promise<ChildProcess> {
  const child = spawn(process.execPath, [MAIN, database.url, targetUrl], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  expect(said.toString()).toBe('ready\n');
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

async function tell(): Promise<void> {
  await sql.query(
    `insert into notice (key, idempotency_key, event, target, payload)
     values ('k', 'the-key', 'run.failure', '{"kind":"webhook","connection":"pager"}', '{"event":"run.failure"}')`,
  );
  await sql.query(`select pg_notify('headrace_notices', '')`);
}

/** As if the lease of what is in hand had ended. */
const leasesEnd = () => sql.query("update notice set next_at = now() where state = 'pending'");
/** Asks until it is so. */
const soon = (what: string, holds: () => Promise<boolean> | boolean) => until(what, async () => ((await holds()) ? true : undefined), 20);
const waitingForLocks = async (): Promise<number> => {
  const waiting = "select count(*)::int as n from pg_stat_activity where datname = $1 and wait_event_type = 'Lock'";
  return (await sql.query<{ n: number }>(waiting, [database.name])).rows[0]?.n ?? 0;
};
const state = async () => (await store.notices.list({}, { limit: 1, offset: 0 })).items[0]?.state;

describe('a deliverer that is killed', () => {
  test('before the target has answered: another one delivers it, under the same key', async () => {
    const first = await deliverer();
    await tell();
    await soon('the target is called', () => calls.length === 1);
    await kill(first);
    expect(await state()).toBe('pending');
    await deliverer();
    await leasesEnd();
    await sql.query(`select pg_notify('headrace_notices', '')`);
    await soon('the target is called again', () => calls.length === 2);
    calls[1]?.response.writeHead(204).end();
    await soon('the delivery is recorded', async () => (await state()) === 'delivered');
    expect(calls.map((call) => call.key)).toEqual(['the-key', 'the-key']);
  }, 60_000);

  test('after the target took it and before that is recorded: it is delivered again, never lost', async () => {
    const lock = await sql.connect();
    try {
      const first = await deliverer();
      await tell();
      await soon('the target is called', () => calls.length === 1);
      // Recording waits for this lock.
      await lock.query('begin; select from notice for update');
      calls[0]?.response.writeHead(204).end();
      await soon('the delivery waits to be recorded', async () => (await waitingForLocks()) > 0);
      await kill(first);
      // A statement outlives the process that sent it: this one dies with it.
      await sql.query("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and wait_event_type = 'Lock'", [
        database.name,
      ]);
      await soon('its statement is gone', async () => (await waitingForLocks()) === 0);
      await lock.query('rollback');
    } finally {
      lock.release();
    }
    expect(await state()).toBe('pending');
    await deliverer();
    await leasesEnd();
    await sql.query(`select pg_notify('headrace_notices', '')`);
    await soon('the target is called again', () => calls.length === 2);
    calls[1]?.response.writeHead(204).end();
    await soon('the delivery is recorded', async () => (await state()) === 'delivered');
    expect(new Set(calls.map((call) => call.key))).toEqual(new Set(['the-key']));
  }, 60_000);
});
