import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '@headrace/embedded-postgres';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type EmptyDatabase, emptyDatabase } from '../../../tests/support/empty-database.ts';
import { queueLine } from '../src/doctor/servers.ts';
import { diagnoseNode } from '../src/doctor/this-machine.ts';
import { diagnoseWorkers, secretLine } from '../src/doctor/work.ts';
import { runHere } from './support/run-program.ts';

const redis = process.env.HEADRACE_TEST_REDIS_URL ?? '';

let database: EmptyDatabase;
let home: string;
let env: Record<string, string>;

beforeAll(async () => {
  expect(redis).not.toBe('');
  database = await emptyDatabase();
  home = mkdtempSync(join(tmpdir(), 'headrace-doctor-'));
  mkdirSync(join(home, 'dags'));
  writeFileSync(
    join(home, 'dags/one.ts'),
    "import { dag, task } from '@headrace/sdk';\nexport default dag('one', {}, () => void task('a', { queue: 'gpu' }, async () => 1));\n",
  );
  env = {
    DATABASE_URL: database.url,
    REDIS_URL: redis,
    HEADRACE_HOME: home,
    HEADRACE_DAGS: join(home, 'dags'),
    HEADRACE_SECRET_KEY: 'a key of sixteen letters or more',
    HEADRACE_URL: 'http://127.0.0.1:1',
  };
});

afterAll(async () => {
  await database?.drop();
  rmSync(home, { recursive: true, force: true });
});

async function doctor(more: Record<string, string> = {}) {
  const { code, stdout } = await runHere(['doctor', '-o', 'json'], { ...env, ...more });
  const { checks } = JSON.parse(stdout) as { checks: { check: string; status: string; found: string; advice: string | null }[] };
  return { code, of: (check: string) => checks.filter((one) => one.check === check) };
}

describe('the doctor', () => {
  test('says that a schema is missing, and what to run', async () => {
    const { code, of } = await doctor();
    expect(code).toBe(1);
    expect(of('database')).toMatchObject([{ status: expect.stringMatching(/ok|warn/), found: expect.stringContaining('PostgreSQL') }]);
    expect(of('schema')).toMatchObject([{ status: 'fail', advice: 'run `headrace db migrate`' }]);
    expect(of('workers')).toEqual([]);
  });

  test('looks at clocks, queue, objects, DAG files, workers and secrets', async () => {
    expect((await runHere(['db', 'migrate'], env)).code).toBe(0);
    const { code, of } = await doctor();
    expect(code).toBe(1);
    for (const check of ['node', 'configuration', 'schema', 'clock', 'objects', 'dags', 'secret key'])
      expect(of(check)).toMatchObject([{ status: 'ok' }]);
    expect(of('queue')).toMatchObject([{ found: expect.stringContaining('Redis') }]);
    expect(of('workers')).toMatchObject([{ status: 'fail', found: 'none is alive' }]);
    expect(of('queues')).toMatchObject([{ status: 'fail', advice: 'start a worker for it: headrace worker --queues gpu' }]);
    expect(of('api')).toMatchObject([{ status: 'warn', found: expect.stringContaining('No Headrace API answers') }]);
  });

  test('tells all problems of the configuration, and repeats no password', async () => {
    const wrong = await doctor({ HEADRACE_PORT: 'x', HEADRACE_PRT: '1' });
    expect(wrong.of('configuration')).toHaveLength(2);
    const away = await doctor({ DATABASE_URL: 'postgres://me:hush@127.0.0.1:1/none', REDIS_URL: 'redis://:hush@127.0.0.1:1' });
    expect([away.of('database'), away.of('queue')]).toMatchObject([[{ status: 'fail' }], [{ status: 'fail' }]]);
    expect(JSON.stringify([away.of('database'), away.of('queue')])).not.toContain('hush');
    expect((await runHere(['doctor'], env)).stdout).toMatch(/What to do:\n[\s\S]*workers: start one/);
  });
});

describe('the doctor of a standalone', () => {
  test('looks at its PostgreSQL while that runs, and says when it does not', async () => {
    const own = mkdtempSync(join(tmpdir(), 'headrace-doctor-standalone-'));
    // PostgreSQL does not run as root.
    chmodSync(own, 0o755);
    const { DATABASE_URL: _, REDIS_URL: __, ...rest } = env;
    const look = async () => {
      const { stdout } = await runHere(['doctor', '-o', 'json'], { ...rest, HEADRACE_HOME: own });
      const { checks } = JSON.parse(stdout) as { checks: { check: string; status: string; found: string }[] };
      return { stdout, of: (check: string) => checks.filter((one) => one.check === check) };
    };
    const before = await look();
    expect(before.of('standalone')).toMatchObject([{ status: 'skip', found: expect.stringContaining('none has made its database') }]);
    expect([before.of('database'), before.of('queue')]).toMatchObject([[{ status: 'skip' }], [{ status: 'skip' }]]);

    const postgres = await startEmbeddedPostgres(join(own, 'postgres'));
    // As `standalone` leaves its name: a process of that name, which a jest worker is not.
    const holder = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', 'standalone'], { stdio: 'ignore' });
    try {
      const url = await postgres.database('headrace');
      const empty = await look();
      expect(empty.of('standalone')).toMatchObject([{ status: 'warn', found: expect.stringContaining('it is not running') }]);
      expect(empty.of('schema')).toMatchObject([{ status: 'fail' }]);
      expect((await runHere(['db', 'migrate'], { ...rest, HEADRACE_HOME: own, DATABASE_URL: url })).code).toBe(0);
      writeFileSync(join(own, 'standalone.pid'), `${holder.pid}\n`);
      const { of, stdout } = await look();
      expect(of('standalone')).toMatchObject([{ status: 'ok', found: `process ${holder.pid} uses ${own}` }]);
      for (const check of ['database', 'schema', 'clock', 'queue']) expect(of(check)).toMatchObject([{ status: 'ok' }]);
      expect(of('workers')).toMatchObject([{ status: 'fail', found: 'none is alive' }]);
      expect(stdout).not.toContain(new URL(url).password);
    } finally {
      holder.kill();
      await postgres.stop();
    }
    await new Promise((resolve) =>
      holder.exitCode === null && holder.signalCode === null ? holder.once('exit', resolve) : resolve(undefined),
    );
    const after = await look();
    expect(after.of('standalone')).toMatchObject([{ status: 'warn', found: `it is not running in ${own}` }]);
    expect(after.of('database')).toMatchObject([{ status: 'skip', found: expect.stringContaining('only while standalone does') }]);
    rmSync(own, { recursive: true, force: true });
  }, 60_000);
});

describe('a verdict', () => {
  test('on Node: too old fails, an odd one is a warning', () => {
    expect(['v20.19.0', 'v22.17.9', 'v22.18.0', 'v23.5.0', 'v24.0.0'].map((version) => diagnoseNode(version).status)).toEqual([
      'fail',
      'fail',
      'ok',
      'warn',
      'ok',
    ]);
  });

  test('on Redis: it must not evict, and should write down what it holds', () => {
    const at = { kind: 'redis', serverVersion: '8.0', memory: { usedBytes: 1, mostBytes: 0 } } as const;
    expect(queueLine({ ...at, evictionPolicy: 'allkeys-lru', persistence: ['aof'] }).status).toBe('fail');
    expect(queueLine({ ...at, evictionPolicy: 'noeviction', persistence: [] }).status).toBe('warn');
    expect(queueLine({ ...at, evictionPolicy: 'noeviction', persistence: ['aof'] }).status).toBe('ok');
    expect(queueLine({ ...at, evictionPolicy: 'noeviction', persistence: ['aof'], memory: { usedBytes: 95, mostBytes: 100 } }).status).toBe(
      'warn',
    );
    expect(queueLine({ kind: 'postgres' }).status).toBe('ok');
  });

  test('on workers counts those alone that are alive', () => {
    const worker = { id: 'w', hostname: 'h', heartbeatAt: 0, alive: true, slots: 4, queues: ['default'] };
    const scheduler = { id: 's', heartbeatAt: 0, alive: true };
    const needed = new Map([['default', 'a.b']]);
    const statuses = (...lists: Parameters<typeof diagnoseWorkers>) =>
      diagnoseWorkers(...lists).map(({ check, status }) => `${check} ${status}`);
    expect(statuses({ schedulers: [scheduler], workers: [worker] }, needed)).toEqual(['schedulers ok', 'workers ok', 'queues ok']);
    expect(statuses({ schedulers: [], workers: [{ ...worker, alive: false }] }, needed)).toEqual([
      'schedulers fail',
      'workers fail',
      'queues fail',
    ]);
  });

  test('on the secret key: another one than that of the connections fails', () => {
    expect([secretLine(true, 2, ['a']), secretLine(false, 0, []), secretLine(true, 2, [])].map(({ status }) => status)).toEqual([
      'fail',
      'warn',
      'ok',
    ]);
  });
});
