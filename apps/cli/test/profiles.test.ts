import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { runHere } from './support/run-program.ts';

/** Says which token it was sent. */
let server: Server;
let url: string;
const tokens: (string | undefined)[] = [];
let home: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    tokens.push(request.headers.authorization);
    const missing = request.url?.includes('gone') === true;
    response.writeHead(missing ? 404 : 200, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify(missing ? { code: 'HR_DAG_NOT_FOUND', detail: 'no', title: 'no', status: 404 } : { dags: [], total_entries: 0 }),
    );
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => new Promise((closed) => server.close(closed)));

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'headrace-profiles-'));
  tokens.length = 0;
});

afterEach(() => rmSync(home, { recursive: true, force: true }));

const run = (args: readonly string[], env: Record<string, string> = {}, input?: string) =>
  runHere(args, { XDG_CONFIG_HOME: home, HEADRACE_HOME: join(home, 'none'), ...env }, input);

async function sent(args: readonly string[], env: Record<string, string> = {}): Promise<string | undefined> {
  const { code, stderr } = await run(args, env);
  expect([code, stderr]).toEqual([0, '']);
  return tokens.at(-1);
}

describe('profiles', () => {
  test('are kept where only their owner can read them, and never show a token', async () => {
    const added = await run(['profile', 'add', 'one', url, '--token-stdin'], {}, 'secret-of-one\n');
    expect(added).toMatchObject({ code: 0, stdout: 'Profile one is kept and used from now on\n' });
    await run(['profile', 'add', 'two', `${url}/`, '--token-stdin'], {}, 'secret-of-two');
    expect(statSync(join(home, 'headrace/profiles.json')).mode & 0o777).toBe(0o600);
    expect(statSync(join(home, 'headrace')).mode & 0o777).toBe(0o700);
    for (const output of ['table', 'json', 'yaml', 'csv']) {
      const { stdout } = await run(['profile', 'list', '-o', output]);
      expect(stdout).toContain('two');
      expect(stdout).not.toContain('secret');
    }
    expect((await run(['profile', 'list'])).stdout).toMatch(/^\* +one .*kept\n +two .*kept\n$/m);
  });

  test('are used in order: option, environment, profile in use', async () => {
    await run(['profile', 'add', 'one', url, '--token-stdin'], {}, 'first');
    await run(['profile', 'add', 'two', url, '--token-stdin'], {}, 'second');
    expect(await sent(['dags', 'list'])).toBe('Bearer first');
    expect(await sent(['dags', 'list', '--profile', 'two'])).toBe('Bearer second');
    expect(await sent(['dags', 'list'], { HEADRACE_PROFILE: 'two' })).toBe('Bearer second');
    expect(await sent(['dags', 'list'], { HEADRACE_TOKEN: 'third' })).toBe('Bearer third');
    expect(await sent(['dags', 'list', '--token', 'fourth'], { HEADRACE_TOKEN: 'third' })).toBe('Bearer fourth');
    await run(['profile', 'use', 'two']);
    expect(await sent(['dags', 'list'])).toBe('Bearer second');
    await run(['profile', 'remove', 'two']);
    expect(JSON.parse((await run(['profile', 'list', '-o', 'json'])).stdout).profiles).toMatchObject([{ name: 'one', current: false }]);
  });

  test('send a token to no other server than their own', async () => {
    await run(['profile', 'add', 'one', 'http://127.0.0.2:1', '--token-stdin'], {}, 'first');
    expect(await sent(['dags', 'list', '--url', url])).toBeUndefined();
    expect(await sent(['dags', 'list'], { HEADRACE_URL: url })).toBeUndefined();
    expect(await sent(['dags', 'list'], { HEADRACE_URL: url, HEADRACE_PROFILE: 'one' })).toBeUndefined();
  });

  test('that are not there, or wrong, are said', async () => {
    expect(await run(['dags', 'list', '--profile', 'nine'])).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('no profile "nine"'),
    });
    expect((await run(['profile', 'add', 'a b', url])).code).toBe(2);
    expect((await run(['profile', 'add', 'a', 'ftp://x'])).code).toBe(2);
    expect((await run(['profile', 'add', 'a', 'http://me:pw@host'])).stderr).toContain('must hold no user');
  });
});

describe('any route', () => {
  test('can be asked, and its answer is a document', async () => {
    const { code, stdout } = await run(['api', 'get', '/dags', '-q', 'limit=1', '--url', url]);
    expect([code, JSON.parse(stdout)]).toEqual([0, { dags: [], total_entries: 0 }]);
    expect((await run(['api', 'GET', '/dags/gone', '--url', url])).code).toBe(3);
    expect(await run(['api', 'FLY', '/dags', '--url', url])).toMatchObject({ code: 2, stderr: expect.stringContaining('is no method') });
    expect((await run(['api', 'POST', '/dags', '--body', 'x', '--url', url])).stderr).toContain('--body must be a JSON object');
  });
});
