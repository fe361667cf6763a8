import type { ClaimedAttempt } from '@headrace/ports';
import { asset, dag, SkipTask, task } from '@headrace/sdk';
import { describe, expect, test } from '@jest/globals';
import { type AttemptRequest, createInProcessPool, type FlowInputs } from '../src/index.ts';

const rows = asset('rows');

const shop = dag('shop', {}, () => {
  task('count', { outlets: [rows] }, ({ emit, attempt }) => {
    emit(rows, { extra: { found: 3 } });
    return { attempt, when: new Date(0) };
  });
  task('fail', () => {
    throw new TypeError('no luck');
  });
  task('skip', () => {
    throw new SkipTask('not today');
  });
  task('wait', async ({ wait }) => {
    await wait.for('10 minutes');
    return 'waited';
  });
  task('nap', async ({ wait }) => {
    await wait.for('800 ms');
    return 'napped';
  });
  task('hang', ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))));
  const parts = task('parts', { each: [1, 2] }, ({ item }) => item);
  task('sum', { in: { parts } }, async ({ parts: all }) => (await all.toArray()).reduce((sum, each) => sum + each, 0));
});

/** Time that passes as soon as somebody waits for it. */
class HurriedTime {
  #now = 1_000_000;
  readonly waited: number[] = [];

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  after(milliseconds: number, ring: () => void): () => void {
    // Those of attempts that must not take too long do not come about.
    if (milliseconds >= 60_000) return () => {};
    this.waited.push(milliseconds);
    this.#now += milliseconds;
    queueMicrotask(ring);
    return () => {};
  }
}

function request(taskId: string, more: Partial<AttemptRequest> = {}, claimed: Partial<ClaimedAttempt> = {}): AttemptRequest {
  const attempt: ClaimedAttempt = {
    taskInstanceId: '1',
    attemptId: 'a',
    runKey: '1',
    dagId: 'shop',
    runId: 'mine',
    taskId,
    mapIndex: -1,
    attempt: 2,
    triesBefore: 1,
    maxTries: 3,
    claimedAt: 1_000_000,
    versionId: '1',
    runType: 'manual',
    runAfter: 1_000_000,
    params: {},
    ...claimed,
  };
  return { attempt, bundle: { hash: '', path: '' }, results: new Map(), connections: [], timeoutMs: 3_600_000, ...more };
}

function pool(time = new HurriedTime()) {
  return createInProcessPool({ dags: new Map([['shop', shop]]), clock: time, timers: time });
}

describe('the pool in this process', () => {
  test('runs functions as a task process does, with result and events', async () => {
    const result = await pool().run(request('count'));
    expect(result).toEqual({
      report: { outcome: 'success' },
      result: { kind: 'inline', json: '{"attempt":1,"when":{"$date":"1970-01-01T00:00:00.000Z"}}' },
      assetEvents: [{ asset: 'rows', extra: { found: 3 } }],
    });
  });

  test('tells failures and skips apart', async () => {
    expect((await pool().run(request('fail'))).report).toMatchObject({
      outcome: 'failed',
      error: { name: 'TypeError', message: 'no luck' },
    });
    expect((await pool().run(request('skip'))).report).toEqual({ outcome: 'skipped', reason: 'not today' });
    expect((await pool().run(request('none'))).report).toMatchObject({ outcome: 'failed', error: { code: 'HR_CODE_UNAVAILABLE' } });
  });

  test('a long wait ends the attempt, by the clock that it was given; a short one is slept through', async () => {
    const time = new HurriedTime();
    const { report } = await pool(time).run(request('wait'));
    expect(report).toMatchObject({ outcome: 'deferred', wait: { condition: { kind: 'time', at: 1_600_000 } } });
    const condition = { kind: 'time', at: 1_600_000 } as const;
    const again = await pool(time).run(request('wait', {}, { waits: [{ key: '1', condition, outcome: 'met' }] }));
    expect(again.result).toEqual({ kind: 'inline', json: '"waited"' });
    expect((await pool(time).run(request('nap'))).result).toEqual({ kind: 'inline', json: '"napped"' });
    expect(time.waited).toEqual([800]);
  });

  test('instances get their items, and who is downstream all results', async () => {
    const parts = await pool().run(request('parts', { flow: { items: [{ index: 1 }] } }, { mapIndex: 1 }));
    expect(parts.result).toEqual({ kind: 'inline', json: '2' });
    const all = ['1', '2'].map((json) => ({ kind: 'inline', json }) as const);
    const flow: FlowInputs = { mapped: new Map([['parts', { length: 2, page: async (from, count) => all.slice(from, from + count) }]]) };
    expect((await pool().run(request('sum', { flow }))).result).toEqual({ kind: 'inline', json: '3' });
  });

  test('an attempt that is stopped, or takes too long, is over', async () => {
    const stop = new AbortController();
    const stopped = pool().run(request('hang'), { signal: stop.signal });
    stop.abort('cancelled');
    expect(await stopped).toMatchObject({ stopped: 'cancelled', report: { outcome: 'failed', error: { code: 'HR_CANCELLED' } } });
    const late = await pool().run(request('hang', { timeoutMs: 5_000 }));
    expect(late).toMatchObject({ stopped: 'timeout', report: { outcome: 'failed', error: { code: 'HR_EXECUTION_TIMEOUT' } } });
    const closing = pool();
    const interrupted = closing.run(request('hang'));
    await closing.close();
    expect((await interrupted).report).toEqual({ outcome: 'interrupted' });
  });
});
