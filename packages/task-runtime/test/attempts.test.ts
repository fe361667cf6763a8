import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { decodeValue, encodeValue } from '../src/index.ts';
import { executorsFixture, PoolFixture, writeDag, writeDefinedDag } from './support/pool-fixture.ts';

let fixture: PoolFixture;
const environment = {
  DATABASE_URL: 'postgres://u:hidden@h/d',
  REDIS_URL: 'redis://h',
  HEADRACE_SECRET_KEY: 'hidden',
  NODE_EXTRA_CA_CERTS: '/x',
  SHOWN: 'yes',
  UNNAMED: 'no',
};

beforeAll(async () => {
  Object.assign(process.env, environment);
  fixture = await PoolFixture.start({
    executorsModule: pathToFileURL(executorsFixture).href,
    environmentAllow: ['SHOWN', 'DATABASE_URL', 'HEADRACE_SECRET_KEY'],
    limits: { resultBytes: 8 * 1_048_576 },
  });
});

afterAll(async () => {
  for (const name of Object.keys(environment)) delete process.env[name];
  await fixture.stop();
});

const resultOf = (result: { result?: { kind: string; json?: string } }): unknown => decodeValue(result.result?.json);

describe('an attempt', () => {
  test('gets the results of upstream tasks with their types', async () => {
    const upstream = {
      at: new Date(5),
      big: 2n ** 70n,
      bytes: new Uint8Array([1, 2]),
      none: undefined,
      nan: Number.NaN,
      many: new Map([[1, new Set(['a'])]]),
    };
    const big = 'x'.repeat(200_000);
    const body = `
      const up = task('up', () => 1); const large = task('large', () => 1); const absent = task('absent', () => 1);
      task('t', { in: { up, large, absent }, triggerRule: 'all_done' }, ({ up, large, absent }) => ({ up, length: large.length, absent, isDate: up.at instanceof Date }));`;
    await fixture.objects.put('results/large.json', Buffer.from(encodeValue(big) ?? ''));
    const results = new Map([
      ['up', { kind: 'inline' as const, json: encodeValue(upstream) ?? '' }],
      ['large', { kind: 'object' as const, key: 'results/large.json', size: 200_002 }],
    ]);
    const ended = await fixture.run(body, { results });
    expect(ended.report).toEqual({ outcome: 'success' });
    expect(resultOf(ended)).toStrictEqual({ up: upstream, length: 200_000, absent: undefined, isDate: true });
    expect(await fixture.scratchLeft()).toEqual([]);
  });

  test('sees its run: params by their schema, try number, interval on the clocks of its zone', async () => {
    const body = `task('t', ({ dagId, runId, taskId, attempt, maxTries, params, interval, logicalDate }) =>
      ({ dagId, runId, taskId, attempt, maxTries, params, logicalDate, start: interval.start, day: interval.day, hour: interval.hour }));`;
    const start = Date.UTC(2026, 5, 30, 22, 30);
    const ended = await fixture.run(body, {
      attempt: {
        runId: 'r',
        attempt: 5,
        triesBefore: 3,
        maxTries: 4,
        params: { a: 1 },
        intervalStart: start,
        intervalEnd: start + 1,
        logicalDate: start,
      },
    });
    expect(resultOf(ended)).toEqual({
      dagId: 'd',
      runId: 'r',
      taskId: 't',
      attempt: 2,
      maxTries: 4,
      params: { a: 1 },
      logicalDate: new Date(start),
      start: new Date(start),
      day: '2026-06-30',
      hour: '2026-06-30T22',
    });
  });

  test('has no credentials in its environment, whatever the list says, and no way to the worker over process.send', async () => {
    const ended = await fixture.run(
      `task('t', () => ({ env: { ...process.env }, argv: process.argv.slice(2), send: typeof process.send }));`,
    );
    const { env, argv, send } = resultOf(ended) as { env: Record<string, string>; argv: string[]; send: string };
    expect(env.SHOWN).toBe('yes');
    expect(env.PATH).toBe(process.env.PATH);
    for (const name of ['DATABASE_URL', 'REDIS_URL', 'HEADRACE_SECRET_KEY', 'NODE_EXTRA_CA_CERTS', 'UNNAMED', 'NODE_COMPILE_CACHE'])
      expect(env).not.toHaveProperty(name);
    expect(argv).toEqual([]);
    expect(send).toBe('undefined');
  });

  test('is given the connections it declared and refused any other', async () => {
    const connections = [{ id: 'pos', url: 'postgres://reader:s3cret-pw@tills/pos' }];
    const given = await fixture.run(`task('t', ({ connection }) => connection('pos'));`, { connections });
    expect(resultOf(given)).toEqual(connections[0]);
    const refused = await fixture.run(`task('t', ({ connection }) => connection('billing'));`, { connections });
    expect(refused.report).toMatchObject({
      outcome: 'failed',
      error: { name: 'UndeclaredConnectionError', code: 'HR_CONNECTION_UNDECLARED', retryable: false },
    });
  });

  test('is given the variables that it names, as its schema makes of them, and no other', async () => {
    const connections = [{ id: 'variable:limit', url: '7' }];
    const given = await fixture.run(`task('t', { in: { limit: variable('limit') } }, ({ limit }) => limit + '!');`, { connections });
    expect(resultOf(given)).toBe('7!');
    const refused = await fixture.run(`task('t', { in: { other: variable('other') } }, ({ other }) => other);`, { connections });
    expect(refused.report).toMatchObject({ outcome: 'failed', error: { code: 'HR_CONNECTION_UNDECLARED' } });
  });

  test('of an operation runs in its executor, with references resolved and the fence', async () => {
    const body = `defineOperation('extract', { taskId: 't', operation: { path: ['raw', scope.interval.day], n: scope.params.n } });`;
    const ended = await fixture.run(body, { attempt: { params: { n: 3 }, attempt: 2, taskInstanceId: '77', attemptId: 'abc' } });
    expect(resultOf(ended)).toEqual({
      operation: { path: ['raw', '2026-01-02'], n: 3 },
      inputs: {},
      fence: { taskInstanceId: '77', attempt: 2, attemptId: 'abc' },
      day: '2026-01-02',
    });
    expect(await fixture.scratchLeft()).toEqual([]);
  });

  test('that returns nothing has no result and no log', async () => {
    expect(await fixture.run(`task('t', () => {});`)).toEqual({ report: { outcome: 'success' } });
  });

  test('with a large result leaves an object, with a too large one an error that names the limit', async () => {
    const large = await fixture.run(`task('t', () => 'x'.repeat(1_000_000));`);
    expect(large.result).toMatchObject({ kind: 'object', size: 1_000_002 });
    const key = large.result?.kind === 'object' ? large.result.key : '';
    expect(decodeValue(fixture.objects.objects.get(key)?.toString())).toBe('x'.repeat(1_000_000));
    const tooLarge = await fixture.run(`task('t', () => 'x'.repeat(100_000_000));`);
    expect(tooLarge.report).toMatchObject({
      outcome: 'failed',
      error: { code: 'HR_RESULT_TOO_LARGE', retryable: false, message: expect.stringContaining('8 MiB') },
    });
    expect(await fixture.scratchLeft()).toEqual([]);
  });

  test('with a result that cannot be stored says where', async () => {
    const { report } = await fixture.run(`task('t', () => ({ items: [{ callback() {} }] }));`);
    expect(report).toMatchObject({
      outcome: 'failed',
      error: { code: 'HR_RESULT_NOT_STORABLE', message: expect.stringContaining('result.items[0].callback is a function') },
    });
  });

  test.each([
    [`throw new SkipTask('nothing to do')`, { outcome: 'skipped', reason: 'nothing to do' }],
    [`skip('no')`, { outcome: 'skipped', reason: 'no' }],
    [`throw new FailTask('broken')`, { outcome: 'failed', error: { name: 'FailTask', retryable: false, message: 'broken' } }],
    [`throw new RetryTask({ after: '5s' })`, { outcome: 'failed', error: { name: 'RetryTask', retryAfterMs: 5_000 } }],
    [
      `throw Object.assign(new TypeError('bad'), { code: 'E_X' })`,
      { outcome: 'failed', error: { name: 'TypeError', code: 'E_X', message: 'bad' } },
    ],
    [`class Own extends Error {} throw new Own('mine')`, { outcome: 'failed', error: { name: 'Own' } }],
    [`throw 'text'`, { outcome: 'failed', error: { name: 'NonErrorThrown', message: expect.stringContaining("'text'") } }],
    [`throw new Proxy({}, { get() { throw 1 }, getPrototypeOf() { throw 2 } })`, { outcome: 'failed' }],
    [
      `setTimeout(() => { throw new RangeError('later') }); await new Promise(() => {})`,
      { outcome: 'failed', error: { name: 'RangeError', message: 'later' } },
    ],
    [
      `Promise.reject(new RangeError('unheard')); await new Promise(() => {})`,
      { outcome: 'failed', error: { name: 'RangeError', message: 'unheard' } },
    ],
  ])('that ends by %s is reported so', async (statement, expected) => {
    const { report } = await fixture.run(`task('t', async () => { ${statement} });`);
    expect(report).toMatchObject(expected);
  });

  test('that fails has a stack without our own frames, with its cause, and a log that ends with it', async () => {
    const ended = await fixture.run(
      `function deep() { throw new Error('outer', { cause: new Error('inner') }); } task('t', () => deep());`,
    );
    const error = ended.report.outcome === 'failed' ? ended.report.error : undefined;
    expect(error?.stack).toMatch(/at deep \([0-9a-f]{64}\.mjs:3:\d+\)/);
    expect(error?.stack).toContain('Caused by: Error: inner');
    expect(error?.stack).not.toContain('task-runtime');
    expect(fixture.logOf(ended).at(-1)).toMatchObject({ level: 'error', stream: 'headrace', message: 'Task "t" failed: Error: outer' });
  });

  test('that fails shows positions in the DAG file, by the source map of its bundle', async () => {
    // Everything on the third line of the bundle comes from the first line of sales.ts.
    const map = JSON.stringify({ version: 3, sources: ['sales.ts'], names: [], mappings: ';;AAAA' });
    const bundle = await writeDag(`task('t', () => { throw new Error('mapped'); });`, '{}', map);
    const { report } = await fixture.pool.run({
      attempt: fixture.attempt(),
      bundle,
      results: new Map(),
      connections: [],
      timeoutMs: 60_000,
    });
    expect(report).toMatchObject({ outcome: 'failed', error: { stack: expect.stringMatching(/^ {4}at .*sales\.ts:1:1\)?$/m) } });
  });

  test('of a version without that task says so', async () => {
    const { report } = await fixture.run(`task('other', () => 1);`);
    expect(report).toMatchObject({
      outcome: 'failed',
      error: { code: 'HR_CODE_UNAVAILABLE', message: expect.stringContaining('has no task "t"') },
    });
  });
});

describe('a hook', () => {
  const call = async (hooks: string, hook = 'onFailure', tryNumber = 1) =>
    fixture.pool.runHook({
      bundle: await writeDefinedDag('run: () => 1', `hooks: new Map(Object.entries({ ${hooks} }))`),
      dagId: 'd',
      hook,
      notice: { event: 'task.failure', taskId: 't' },
      noticeId: '17',
      tryNumber,
      timeoutMs: 10_000,
    });

  test('is called with its notice in a task process, and what it writes is kept', async () => {
    const result = await call(`onFailure: (notice) => { console.log(JSON.stringify(notice)); }`);
    expect(result).toEqual({ logKey: expect.stringContaining('onFailure') });
    expect(fixture.messagesOf({ report: { outcome: 'success' }, ...result })).toEqual(['{"event":"task.failure","taskId":"t"}']);
  });

  test('that throws, or is not there, is told as an error', async () => {
    expect(await call(`onFailure: async () => { throw new TypeError('no mail') }`)).toMatchObject({
      error: { name: 'TypeError', message: 'no mail' },
    });
    expect(await call('', 'gone')).toMatchObject({ error: { code: 'HR_CODE_UNAVAILABLE', message: expect.stringContaining('"gone"') } });
  });
});
