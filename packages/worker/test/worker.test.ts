import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { eventually, WorkerFixture } from './support/worker-fixture.ts';

let fixture: WorkerFixture;

afterEach(() => fixture.stop());

const endless = `task('endless', async ({ params }) => { (await import('node:fs')).writeFileSync(params.file, String(process.pid)); for (;;) {} });`;

/** Sends the endless task and waits until it runs. */
async function startEndless(name = 'pid'): Promise<{ row: ReturnType<WorkerFixture['send']>; alive: () => boolean }> {
  const file = join(fixture.dir, name);
  const row = fixture.send('endless', { params: { file } });
  await eventually('the task runs', () => existsSync(file) && readFileSync(file, 'utf8') !== '');
  const pid = Number(readFileSync(file, 'utf8'));
  return { row, alive: () => existsSync(`/proc/${pid}`) };
}

describe('a worker', () => {
  test('runs what it claims, hands results on with their types, and records outcomes', async () => {
    fixture = await WorkerFixture.start();
    fixture.dag(
      '1',
      `const a = task('a', () => ({ at: new Date(7), n: 5n })); task('b', { in: { a } }, ({ a }) => [a.at.getTime(), a.n + 1n]);`,
      {
        a: {},
        b: { inputs: { a: 'a' }, upstream: ['a'] },
      },
    );
    const a = fixture.send('a');
    await fixture.queue.idle();
    const b = fixture.send('b');
    await fixture.queue.idle();
    expect(a.outcome).toMatchObject({ to: { status: 'success', attempt: 1 }, result: { kind: 'inline' } });
    expect(b.outcome?.result).toEqual({ kind: 'inline', json: '[7,{"$bigint":"6"}]' });
    expect(fixture.store.calls.filter((call) => call === 'bundle')).toHaveLength(1);
  });

  test('asks the core what a failure leads to', async () => {
    fixture = await WorkerFixture.start({ clock: { now: () => 1_000_000, monotonic: () => performance.now() } });
    fixture.dag('1', `task('bad', () => { throw new TypeError('no'); });`, {
      bad: { retries: { max: 1, delayMs: 500, backoff: 'fixed', maxDelayMs: 500, jitter: 0, rules: [] } },
    });
    const first = fixture.send('bad', { claimedAt: 1_000_000 });
    const last = fixture.send('bad', { attempt: 4, triesBefore: 2 });
    await fixture.queue.idle();
    expect(first.outcome).toMatchObject({ to: { status: 'up_for_retry', attempt: 1 }, error: { name: 'TypeError' } });
    // By the store's clock: what passed since the claim, whatever the time here.
    const dueAt = first.outcome?.to.status === 'up_for_retry' ? first.outcome.to.dueAt : 0;
    expect(dueAt).toBeGreaterThanOrEqual(1_000_500);
    expect(dueAt).toBeLessThan(1_060_500);
    expect(last.outcome?.to).toEqual({ status: 'failed', attempt: 4 });
    expect(first.outcome?.logKey).toBe('logs/d/manual__1/bad/-1/1.jsonl');
  });

  test('runs an attempt once, however often its message comes', async () => {
    fixture = await WorkerFixture.start({ slots: 2, maxAhead: 10 });
    fixture.dag('1', `task('count', async ({ params }) => (await import('node:fs')).appendFileSync(params.file, 'x'));`, { count: {} });
    const file = join(fixture.dir, 'count');
    const { row, message } = fixture.attempt('count', { params: { file } });
    fixture.queue.send(message, { ...message, sequence: 2 }, message);
    await fixture.queue.idle();
    fixture.queue.send({ ...message, sequence: 3 });
    await fixture.queue.idle();
    expect(readFileSync(file, 'utf8')).toBe('x');
    expect(row.outcome?.to.status).toBe('success');
  });

  test('drops an outcome that the store refuses, and counts it', async () => {
    fixture = await WorkerFixture.start();
    fixture.dag('1', `task('slow', async () => { await new Promise((resolve) => setTimeout(resolve, 100)); });`, { slow: {} });
    const row = fixture.send('slow');
    await eventually('it is claimed', () => row.claims === 1);
    fixture.store.replace(row.claimed.attemptId);
    await fixture.queue.idle();
    expect(row.outcome).toBeUndefined();
    expect(fixture.counted.get('headrace_attempts_fenced_total')).toBe(1);
  });

  test('kills an attempt before its lease ends when it cannot renew it', async () => {
    fixture = await WorkerFixture.start({ leaseMs: 2_000 });
    fixture.dag('1', endless, { endless: {} });
    fixture.store.before = (call) => {
      if (call === 'renew') throw new Error('cut off');
    };
    const { row, alive } = await startEndless();
    await eventually('the task is gone', () => !alive());
    expect(performance.now()).toBeLessThan(row.leaseUntil);
    await fixture.queue.idle();
    expect(row.outcome).toBeUndefined();
    expect(fixture.counted.get('headrace_attempts_lost_total')).toBe(1);
    expect(fixture.counted.get('headrace_lease_renewal_failures_total')).toBeGreaterThan(0);
  });

  test('also when the renewal neither succeeds nor fails', async () => {
    fixture = await WorkerFixture.start({ leaseMs: 2_000 });
    fixture.dag('1', endless, { endless: {} });
    let letGo: () => void = () => {};
    const hanging = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    fixture.store.before = (call) => (call === 'renew' ? hanging : undefined);
    const { row, alive } = await startEndless();
    await eventually('the task is gone', () => !alive());
    expect(performance.now()).toBeLessThan(row.leaseUntil);
    letGo();
  });

  test('keeps the lease of an attempt that blocks its own event loop', async () => {
    fixture = await WorkerFixture.start({ leaseMs: 1_500 });
    fixture.dag('1', endless, { endless: { executionTimeoutMs: 4_000 } });
    const { row } = await startEndless();
    await fixture.queue.idle();
    expect(fixture.store.calls.filter((call) => call === 'renew').length).toBeGreaterThanOrEqual(2);
    expect(row.outcome).toMatchObject({ to: { status: 'failed' }, error: { name: 'ExecutionTimeout' } });
  });

  test('kills what a renewal does not confirm', async () => {
    fixture = await WorkerFixture.start({ leaseMs: 900 });
    fixture.dag('1', endless, { endless: {} });
    const { row, alive } = await startEndless();
    fixture.store.replace(row.claimed.attemptId);
    await eventually('the task is gone', () => !alive());
    await fixture.queue.idle();
    expect(fixture.counted.get('headrace_attempts_fenced_total')).toBeUndefined();
  });

  test('kills what is revoked, and reports it, so that a restart may follow', async () => {
    fixture = await WorkerFixture.start();
    fixture.dag('1', endless, { endless: {} });
    const { row, alive } = await startEndless();
    fixture.store.revoke('somebody-elses', row.claimed.attemptId);
    await fixture.queue.idle();
    expect(alive()).toBe(false);
    expect(row.outcome).toMatchObject({ to: { status: 'failed' }, error: { name: 'Cancelled' } });
  });

  test('survives tasks that kill their own process, and goes on', async () => {
    fixture = await WorkerFixture.start({ slots: 2 });
    fixture.dag(
      '1',
      `task('poison', () => { process.kill(process.pid, 'SIGKILL'); return new Promise(() => {}); }); task('good', () => 1);`,
      { poison: {}, good: {} },
    );
    const rows = Array.from({ length: 6 }, (_, index) => fixture.send(index % 2 === 0 ? 'poison' : 'good'));
    await fixture.queue.idle();
    expect(rows.map(({ outcome }) => outcome?.to.status)).toEqual(['failed', 'success', 'failed', 'success', 'failed', 'success']);
  });

  test('writes an outcome again until the store takes it', async () => {
    fixture = await WorkerFixture.start();
    fixture.dag('1', `task('a', () => 1);`, { a: {} });
    let failures = 3;
    fixture.store.before = (call) => {
      if (call === 'finish' && failures-- > 0) throw new Error('the connection was lost');
    };
    const row = fixture.send('a');
    await fixture.queue.idle();
    expect(row.outcome?.to.status).toBe('success');
    expect(fixture.queue.errors).toEqual([]);
  });

  test('fails an attempt whose connection nobody configured, and says how to', async () => {
    fixture = await WorkerFixture.start({ connections: (id) => (id === 'pos' ? { id, url: 'postgres://pos' } : undefined) });
    fixture.dag('1', `task('a', ({ connection }) => connection('pos').url); task('b', () => 1);`, {
      a: { connections: ['pos'] },
      b: { connections: ['lake'] },
    });
    const [a, b] = [fixture.send('a'), fixture.send('b')];
    await fixture.queue.idle();
    expect(a.outcome?.result).toEqual({ kind: 'inline', json: '"postgres://pos"' });
    expect(b.outcome).toMatchObject({
      to: { status: 'failed' },
      error: { code: 'HR_CONNECTION_UNKNOWN', message: expect.stringContaining('HEADRACE_CONN_LAKE') },
    });
  });

  test('fetches the code again when that failed once', async () => {
    fixture = await WorkerFixture.start();
    fixture.dag('1', `task('a', () => 1);`, { a: {} });
    let failures = 1;
    fixture.store.before = (call) => {
      if (call === 'bundle' && failures-- > 0) throw new Error('the connection was lost');
    };
    const row = fixture.send('a');
    await fixture.queue.idle();
    expect(row.outcome?.to.status).toBe('success');
  });
});

describe('claims', () => {
  test('run ahead while attempts are short, as far as round trips take', async () => {
    fixture = await WorkerFixture.start({ slots: 2, maxAhead: 20 });
    fixture.dag('1', `task('noop', () => {});`, { noop: {} });
    fixture.store.before = () => new Promise((resolve) => setTimeout(resolve, 40));
    const rows = Array.from({ length: 200 }, () => fixture.send('noop'));
    await fixture.queue.idle();
    expect(rows.every(({ outcome }) => outcome?.to.status === 'success')).toBe(true);
    expect(fixture.worker.status().ahead).toBeGreaterThan(5);
    expect(fixture.queue.peak).toBeGreaterThan(10);
  });

  test('that fail for long leave the message to whoever can claim it, this worker too', async () => {
    fixture = await WorkerFixture.start({ leaseMs: 2_000 });
    fixture.dag('1', `task('a', () => 1);`, { a: {} });
    let isAway = true;
    fixture.store.before = (call) => {
      if (call === 'claim' && isAway) throw new Error('the connection was lost');
    };
    const row = fixture.send('a');
    await eventually('it was passed on', () => fixture.queue.passedOn > 0);
    isAway = false;
    await fixture.queue.idle();
    expect(row.outcome?.to.status).toBe('success');
    expect(fixture.queue.errors).toEqual([]);
  });

  test('are given back when a long attempt holds the process, and none runs ahead of it', async () => {
    fixture = await WorkerFixture.start({ maxAhead: 20 });
    fixture.dag('1', `task('noop', () => {}); ${endless}`, { noop: {}, endless: {} });
    fixture.store.before = () => new Promise((resolve) => setTimeout(resolve, 5));
    for (let count = 0; count < 50; count++) fixture.send('noop');
    await fixture.queue.idle();
    expect(fixture.worker.status().ahead).toBeGreaterThan(0);
    const { row } = await startEndless();
    const behind = Array.from({ length: 3 }, () => fixture.send('noop'));
    await eventually(
      'all behind it are unclaimed',
      () => behind.every(({ state }) => state === 'queued') && behind.some(({ releases }) => releases > 0),
    );
    expect(fixture.worker.status()).toMatchObject({ attempts: 1, ahead: 0 });
    // Their messages are not kept here: another worker could run them.
    await eventually('their messages wait in the queue', () => fixture.queue.waiting.length === 3);
    fixture.store.revoke(row.claimed.attemptId);
    await fixture.queue.idle();
    expect(behind.map(({ outcome }) => outcome?.to.status)).toEqual(['success', 'success', 'success']);
  });
});

describe('a drain', () => {
  const nap = `task('nap', async ({ signal }) => { await new Promise((resolve) => setTimeout(resolve, 300)); return 'rested'; });`;

  test('lets what runs end, and takes nothing new', async () => {
    fixture = await WorkerFixture.start();
    fixture.dag('1', nap, { nap: {} });
    const [first, second] = [fixture.send('nap'), fixture.send('nap')];
    await eventually('the first is claimed', () => first.claims === 1);
    await fixture.worker.drain(20_000);
    expect(first.outcome?.to.status).toBe('success');
    expect(second).toMatchObject({ state: 'queued', claims: 0 });
    fixture.send('nap');
    expect(fixture.worker.status()).toMatchObject({ draining: true, attempts: 0 });
  });

  test('interrupts what takes too long, which does not count as a try', async () => {
    fixture = await WorkerFixture.start();
    fixture.dag('1', endless, { endless: {} });
    const { row, alive } = await startEndless();
    await fixture.worker.drain(50);
    expect(alive()).toBe(false);
    expect(row.outcome).toMatchObject({ to: { status: 'scheduled', attempt: 1 } });
    await fixture.worker.close();
    expect(fixture.store.registered.size).toBe(0);
  });
});
