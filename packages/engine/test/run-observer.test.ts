import { noMetrics, silentLog, systemClock } from '@headrace/ports';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { allObservers, type RunChange, type RunObserver, Scheduler } from '../src/index.ts';
import { dagOf, MemoryQueue, MemoryStore } from './memory-store.ts';

let store: MemoryStore;
let queue: MemoryQueue;
let scheduler: Scheduler;
let told: { readonly started: string[]; readonly asked: RunChange[]; readonly ended: RunChange[] };

beforeEach(async () => {
  store = new MemoryStore();
  queue = new MemoryQueue();
  told = { started: [], asked: [], ended: [] };
  const observer: RunObserver = {
    started: (runs) => told.started.push(...runs.map(({ run, dag }) => `${dag.dagId} ${run.runKey}`)),
    notices: (change) => {
      told.asked.push(change);
      return [];
    },
    ended: (change) => told.ended.push(change),
  };
  scheduler = new Scheduler({
    schedulerId: 'test',
    store,
    events: store.events,
    queue,
    clock: systemClock,
    dice: () => 0,
    log: silentLog,
    metrics: noMetrics,
    observer: allObservers([observer, {}]),
    intervals: { heartbeat: 20, sweep: 20, unclaimedAfter: 0, verifyAfter: 100, verifyAtMost: 200 },
  });
  await scheduler.start();
});

afterEach(() => scheduler.stop());

async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 2_000 && !condition(); turn++) await new Promise((resolve) => setTimeout(resolve, 1));
  expect(condition()).toBe(true);
}

describe('who observes runs', () => {
  test('is told of their beginning and, once it is saved, of their end', async () => {
    store.addDag(dagOf('chain', { a: [], b: ['a'] }));
    const run = store.addRun('chain');
    await until(() => {
      for (const { attemptId } of queue.take()) if (store.claim(attemptId)) store.finish(attemptId, { outcome: 'success' });
      return told.ended.length > 0;
    });
    expect(run.status).toBe('success');
    expect(told.started).toEqual([`chain ${run.key}`]);
    expect(told.ended).toMatchObject([{ status: 'success', attempts: [], run: { dagId: 'chain', runKey: run.key } }]);
    expect(told.asked).toEqual(told.ended);
  });

  test('is told of an attempt whose worker will never tell of it', async () => {
    store.addDag(dagOf('single', { a: [] }, 1));
    const run = store.addRun('single');
    await until(() => queue.sent.length === 1);
    const [first] = queue.take();
    store.claim(first?.attemptId ?? '');
    store.lose(first?.attemptId ?? '');
    await until(() => told.ended.length > 0);
    expect(told.ended[0]).toMatchObject({
      attempts: [{ taskInstanceId: run.tasks[0]?.id, taskId: 'a', mapIndex: -1, attempt: 1, lost: true }],
    });
    expect(told.ended[0]).not.toHaveProperty('status');
  });
});
