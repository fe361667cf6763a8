import { noMetrics, silentLog, systemClock } from '@headrace/ports';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Scheduler } from '../src/scheduler.ts';
import { dagOf, MemoryQueue, MemoryStore } from './memory-store.ts';

let store: MemoryStore;
let scheduler: Scheduler;

beforeEach(async () => {
  store = new MemoryStore();
  store.addDag(dagOf('single', { a: [] }));
  scheduler = new Scheduler({
    schedulerId: 'test',
    store,
    events: store.events,
    queue: new MemoryQueue(),
    clock: systemClock,
    dice: () => 0,
    log: silentLog,
    metrics: noMetrics,
    intervals: { heartbeat: 20, sweep: 20, unclaimedAfter: 1_000_000, verifyAfter: 1_000_000, verifyAtMost: 1_000_000 },
  });
  await scheduler.start();
});

afterEach(() => scheduler.stop());

async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 2_000 && !condition(); turn++) await new Promise((resolve) => setTimeout(resolve, 1));
  expect(condition()).toBe(true);
}

/** Resolves when the scheduler knows that these are its shards. */
async function own(shards: readonly number[]): Promise<void> {
  store.shards = shards;
  await until(() => scheduler.status().shards === shards.length);
}

describe('as shards come and go', () => {
  test('a run whose shard goes to another is let go, and taken in hand again when it comes back', async () => {
    store.poolSlots = 0;
    store.addRun('single');
    await until(() => scheduler.status().activeRuns === 1);
    await own([]);
    await until(() => scheduler.status().activeRuns === 0);
    await own([0, 1, 2, 3]);
    await until(() => scheduler.status().activeRuns === 1);
  });

  test('a run that is being started, or read, as its shard goes to another is let go', async () => {
    store.poolSlots = 0;
    let isAnswered = false;
    const loseAll = async (): Promise<void> => {
      await own([]);
      isAnswered = true;
    };
    store.duringNextRead(loseAll);
    const run = store.addRun('single');
    await until(() => isAnswered && scheduler.status().activeRuns === 0);
    expect(run.status).toBe('running');

    await own([0, 1, 2, 3]);
    await until(() => scheduler.status().activeRuns === 1);
    isAnswered = false;
    store.duringNextRead(loseAll);
    store.tell([{ type: 'run', runKey: run.key }]);
    await until(() => isAnswered && scheduler.status().activeRuns === 0);
  });

  test('a run that was in hand all along is read when its shard comes back: what another decided was not told here', async () => {
    store.poolSlots = 0;
    const run = store.addRun('single');
    await until(() => scheduler.status().activeRuns === 1);
    // While a step takes long, shards go and come back.
    store.duringNextRead(async () => {
      await own([]);
      for (const task of run.tasks) store.finishSilently(store.beginElsewhere(task));
      await own([0, 1, 2, 3]);
    });
    store.addRun('single');
    await until(() => run.status === 'success');
  });
});
