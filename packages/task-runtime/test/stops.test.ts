import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { NotStartedError } from '../src/index.ts';
import { eventually, isAlive, PoolFixture } from './support/pool-fixture.ts';

let fixture: PoolFixture;

beforeAll(async () => {
  fixture = await PoolFixture.start({ limits: { graceMs: 300, memoryMb: 64, residentMb: 400 } });
});

afterAll(() => fixture.stop());

/** Starts a task that writes its process id to a file, and hands the id over once it is there. */
async function startedPid(
  name: string,
  body: (file: string) => string,
  signal: AbortSignal,
): Promise<{ pid: number; ended: ReturnType<PoolFixture['run']> }> {
  const file = join(fixture.dir, name);
  const ended = fixture.run(body(JSON.stringify(file)), { signal });
  await eventually(`${name} is written`, () => existsSync(file) && readFileSync(file, 'utf8') !== '');
  return { pid: Number(readFileSync(file, 'utf8')), ended };
}

const blocked = (file: string) =>
  `task('t', async () => { (await import('node:fs')).writeFileSync(${file}, String(process.pid)); for (;;) {} });`;

describe('an attempt that must end', () => {
  test('hears of its timeout and may clean up', async () => {
    const ended = await fixture.run(
      `task('t', async ({ signal, log }) => { await new Promise((resolve) => signal.addEventListener('abort', resolve)); log.info('cleaning up after ' + signal.reason.name); });`,
      { timeoutMs: 100 },
    );
    expect(ended.report).toMatchObject({
      outcome: 'failed',
      error: { name: 'ExecutionTimeout', code: 'HR_EXECUTION_TIMEOUT', message: expect.stringContaining('100 ms') },
    });
    expect(ended.stopped).toBe('timeout');
    expect(fixture.messagesOf(ended)).toContain('cleaning up after TimeoutError');
  });

  test('and blocks its event loop is killed', async () => {
    const file = join(fixture.dir, 'blocked');
    const { report } = await fixture.run(blocked(JSON.stringify(file)), { timeoutMs: 500 });
    expect(report).toMatchObject({ outcome: 'failed', error: { name: 'ExecutionTimeout' } });
    expect(await isAlive(Number(readFileSync(file, 'utf8')))).toBe(false);
  });

  test('takes its grandchildren with it, also those that ignore SIGTERM', async () => {
    const stop = new AbortController();
    const { pid, ended } = await startedPid(
      'grandchild',
      (file) => `task('t', async () => { const { spawn } = await import('node:child_process');
        const child = spawn('sh', ['-c', 'trap "" TERM; echo $$ > "$0"; while true; do sleep 1; done', ${file}], { stdio: 'ignore' });
        child.unref(); await new Promise(() => {}); });`,
      stop.signal,
    );
    expect(await isAlive(pid)).toBe(true);
    stop.abort('cancelled');
    expect((await ended).report).toMatchObject({ outcome: 'failed', error: { name: 'Cancelled', retryable: false } });
    await eventually('the grandchild is gone', async () => !(await isAlive(pid)));
  });

  test('leaves no program behind when it ends by itself', async () => {
    const { report, result } = await fixture.run(
      `task('t', async () => { const { spawn } = await import('node:child_process'); const child = spawn('sleep', ['600'], { stdio: 'ignore' }); child.unref(); return child.pid; });`,
    );
    expect(report).toEqual({ outcome: 'success' });
    const pid = Number(result?.kind === 'inline' ? result.json : 0);
    await eventually('the program is gone', async () => !(await isAlive(pid)));
  });

  test('whose lease is lost is killed without grace', async () => {
    const stop = new AbortController();
    const { pid, ended } = await startedPid('fenced', blocked, stop.signal);
    stop.abort('lease_lost');
    expect(await ended).toMatchObject({ report: { outcome: 'interrupted' }, stopped: 'lease_lost' });
    expect(await isAlive(pid)).toBe(false);
  });

  test('and is interrupted reports so, unless it still succeeds', async () => {
    const stop = new AbortController();
    const { ended } = await startedPid('interrupted', blocked, stop.signal);
    stop.abort('interrupted');
    expect((await ended).report).toEqual({ outcome: 'interrupted' });
    const later = new AbortController();
    const finishing = await startedPid(
      'finishing',
      (file) =>
        `task('t', async ({ signal }) => { (await import('node:fs')).writeFileSync(${file}, '1'); await new Promise((resolve) => signal.addEventListener('abort', resolve)); return 7; });`,
      later.signal,
    );
    later.abort('interrupted');
    expect(await finishing.ended).toMatchObject({ report: { outcome: 'success' }, result: { json: '7' } });
  });

  test('before it began was not started', async () => {
    const stop = new AbortController();
    const { ended } = await startedPid('holding', blocked, stop.signal);
    await expect(fixture.run(`task('t', () => 1);`, { startWithinMs: 20 })).rejects.toThrow(NotStartedError);
    const waiting = new AbortController();
    const rejected = expect(fixture.run(`task('t', () => 2);`, { signal: waiting.signal })).rejects.toThrow(NotStartedError);
    waiting.abort('cancelled');
    await rejected;
    stop.abort('cancelled');
    await ended;
  });
});

describe('a task process that ends by itself', () => {
  test.each([
    ['process.exit(0)', { name: 'ProcessExit', code: 'HR_PROCESS_EXIT', message: expect.stringContaining('Do not call process.exit()') }],
    ['process.exit(3)', { name: 'ProcessExit', message: expect.stringContaining('exit code 3') }],
    [`process.kill(process.pid, 'SIGSEGV')`, { name: 'ProcessExit', message: expect.stringContaining('SIGSEGV') }],
    [`process.kill(process.pid, 'SIGKILL')`, { name: 'OutOfMemory', message: expect.stringContaining('SIGKILL') }],
    [
      `const all = []; for (;;) all.push(new Array(1000).fill(Math.random()))`,
      { name: 'OutOfMemory', code: 'HR_OUT_OF_MEMORY', message: expect.stringContaining('64 MiB') },
    ],
    [
      `const all = []; for (;;) { all.push(Buffer.alloc(16_000_000, 1)); await new Promise((resolve) => setTimeout(resolve, 20)); }`,
      { name: 'OutOfMemory', message: expect.stringContaining('400 MiB') },
    ],
    [
      `(await import('node:fs')).writeSync(4, 'garbage\\n'); await new Promise(() => {})`,
      { name: 'ProcessExit', code: 'HR_TASK_PROTOCOL' },
    ],
    [
      `(await import('node:fs')).writeSync(4, 'x'.repeat(3_000_000)); await new Promise(() => {})`,
      { name: 'ProcessExit', code: 'HR_TASK_PROTOCOL' },
    ],
    [
      `(await import('node:fs')).writeSync(4, '{"type":"end","run":9999,"ending":{"outcome":"success"},"bundles":0}\\n'); process.exit(9)`,
      { message: expect.stringContaining('exit code 9') },
    ],
    [`(await import('node:fs')).closeSync(4); console.log('unheard')`, { name: 'ProcessExit' }],
    [`const { execSync } = await import('node:child_process'); execSync('kill -9 ' + process.pid)`, { name: 'OutOfMemory' }],
  ])('by %s fails its attempt and is replaced', async (statement, error) => {
    const { report } = await fixture.run(`task('t', async () => { ${statement} });`);
    expect(report).toMatchObject({ outcome: 'failed', error });
    expect((await fixture.run(`task('t', () => 'next');`)).result).toEqual({ kind: 'inline', json: '"next"' });
  });
});
