import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { freePort } from '../../../tests/support/free-port.ts';
import { localToken, readLocalToken } from '../src/local-token.ts';
import { formatFacts, formatTable } from '../src/output/table.ts';
import { formatSeconds } from '../src/output/times.ts';
import { collectParam, mergeParams } from '../src/params-option.ts';
import { runCli } from './support/run-cli.ts';
import { runHere } from './support/run-program.ts';

const run = (args: readonly string[], env: Record<string, string> = {}) => runHere(args, env);

describe('a command line that is wrong ends with 2 and says why', () => {
  test.each<[string[], RegExp]>([
    [['fly'], /unknown command 'fly'/],
    [['dags', 'lst'], /Did you mean list/],
    [['dags', 'show'], /missing required argument 'dag'/],
    [['dags', 'list', '--output', 'xml'], /Allowed choices are table, json, yaml, csv/],
    [['dags', 'trigger', 'd', '--param', 'nothing'], /--param takes name=value/],
    [['dags', 'trigger', 'd', '--params', '[1]'], /--params must be a JSON object/],
    [['dags', 'trigger', 'd', '--params', '{'], /--params is no JSON/],
    [['dags', 'trigger', 'd', '--logical-date', 'soon'], /--logical-date must be a date/],
    [['dags', 'test', 'no/such/file.ts'], /There is no file .*no\/such\/file\.ts/],
    [['runs', 'list', '--limit', 'all'], /--limit must be a number/],
    [['runs', 'list', '--state', 'done'], /Allowed choices are queued/],
    [['tasks', 'logs', 'd', 'r', 't', '--try', '0'], /--try must be a number from 1/],
    [['tasks', 'answer', 'd', 'r', 't', '--map-index', 'x'], /--map-index must be a number/],
    [['worker', '--slots', 'many'], /--slots must be an integer/],
    [['dags', 'list', '--url', 'localhost'], /--url must be an http/],
    [['api'], /DATABASE_URL is not set/],
  ])('%j', async (args, message) => {
    const { code, stdout, stderr } = await run(args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
  });

  test('an unknown setting stops it', async () => {
    const { code, stderr } = await run(['runs', 'list'], { HEADRACE_PRT: '1' });
    expect([code, stderr]).toEqual([2, expect.stringContaining('HEADRACE_PRT is no setting; did you mean HEADRACE_PORT?')]);
  });
});

test('help goes to stdout and is no failure', async () => {
  const { code, stdout } = await run(['tasks', 'clear', '--help']);
  expect([code, stdout]).toEqual([0, expect.stringMatching(/--downstream[\s\S]*--output/)]);
});

test('a server that is not there is a failure that says what to start', async () => {
  const { code, stdout, stderr } = await runCli(['dags', 'list', '-o', 'json'], { HEADRACE_PORT: String(await freePort()) });
  expect([code, stdout]).toEqual([5, '']);
  expect(stderr).toMatch(/No Headrace API answers at http:\/\/127\.0\.0\.1:\d+ \(ECONNREFUSED\)\.\nStart it with `headrace standalone`/);
});

test('version is one JSON document when asked for', async () => {
  const { code, stdout } = await runCli(['version', '--output', 'json']);
  expect([code, JSON.parse(stdout)]).toEqual([0, { version: expect.any(String), node: process.version }]);
});

describe('the admin token of a home', () => {
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'headrace-home-'));
  });
  afterEach(() => rmSync(home, { recursive: true }));

  test('is made once, readable by its owner alone', () => {
    expect(readLocalToken(home)).toBeUndefined();
    const token = localToken(home);
    expect(token).toMatch(/^[\w-]{43}$/);
    expect([localToken(home), readLocalToken(home)]).toEqual([token, token]);
    expect(statSync(join(home, 'admin-token')).mode & 0o777).toBe(0o600);
  });

  test('is closed to others again when somebody opened it', () => {
    writeFileSync(join(home, 'admin-token'), 'mine\n', { mode: 0o644 });
    expect(localToken(home)).toBe('mine');
    expect(statSync(join(home, 'admin-token')).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(home, 'admin-token'), 'utf8')).toBe('mine\n');
  });
});

test('params are JSON where they look like it, and single ones go before those given together', () => {
  const single = ['n=3', 'list=[1,2]', 'text=a=b', 'empty='].reduce<Readonly<Record<string, unknown>> | undefined>(
    (before, text) => collectParam(text, before),
    undefined,
  );
  expect(mergeParams('{"n": 1, "other": true}', single)).toEqual({ n: 3, other: true, list: [1, 2], text: 'a=b', empty: '' });
});

test('tables align, and a name cannot move the cursor', () => {
  expect(
    formatTable(
      ['dag', 'state'],
      [
        ['a\u001b[2J\nb', null],
        ['longer name', 'ok'],
      ],
    ),
  ).toBe('DAG          STATE\na [2J b\nlonger name  ok\n');
  expect(
    formatFacts([
      ['dag', 'a'],
      ['note', null],
      ['state', 'ok'],
    ]),
  ).toBe('dag    a\nstate  ok\n');
});

test('durations are short', () => {
  expect([0.254, 42.13, 187, 7500, null].map(formatSeconds)).toEqual(['0.25s', '42.1s', '3m 07s', '2h 05m', '']);
});
