import { noMetrics, silentLog, systemClock } from '@headrace/ports';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Scheduler } from '../src/scheduler.ts';
import { dagOf, MemoryQueue, MemoryStore } from './memory-store.ts';

let store: MemoryStore;
let queue: MemoryQueue;
let scheduler: Scheduler;

beforeEach(() => {
  store = new MemoryStore();
  queue = new MemoryQueue();
  scheduler = newScheduler();
});

afterEach(() => scheduler.stop());

function newScheduler(): Scheduler {
  return new Scheduler({
    schedulerId: 'test',
    store,
    events: store.events,
    queue,
    clock: systemClock,
    dice: () => 0,
    log: silentLog,
    metrics: noMetrics,
    intervals: { heartbeat: 20, sweep: 20, unclaimedAfter: 0, verifyAfter: 100, verifyAtMost: 200 },
  });
}

/** The loop settles in a few turns of the event loop; a test waits for what it expects, not for a time. */
async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 2_000 && !condition(); turn++) await new Promise((resolve) => setTimeout(resolve, 1));
  expect(condition()).toBe(true);
}

/** Plays a worker that does everything it is asked for, until the run has ended. */
async function work(run: { status: string }): Promise<void> {
  await until(() => {
    for (const { attemptId } of queue.take()) if (store.claim(attemptId)) store.finish(attemptId, { outcome: 'success' });
    return run.status === 'success' || run.status === 'failed';
  });
}

describe('the scheduler', () => {
  test('runs a diamond to its end, each task once', async () => {
    store.addDag(dagOf('diamond', { a: [], b: ['a'], c: ['a'], d: ['b', 'c'] }));
    await scheduler.start();
    const run = store.addRun('diamond');
    await work(run);
    expect(run.status).toBe('success');
    expect(store.statuses(run)).toEqual({ a: 'success', b: 'success', c: 'success', d: 'success' });
    expect(run.tasks.map((task) => task.state.attempt)).toEqual([1, 1, 1, 1]);
  });

  test('a failed task is tried again, and what follows a final failure is upstream_failed', async () => {
    store.addDag(dagOf('failing', { a: [], b: ['a'] }, 1));
    await scheduler.start();
    const run = store.addRun('failing');
    await until(() => {
      for (const { attemptId } of queue.take())
        if (store.claim(attemptId)) store.finish(attemptId, { outcome: 'failed', error: { name: 'Error', message: 'no' } });
      return run.status === 'failed';
    });
    expect(run.tasks[0]?.state).toEqual({ status: 'failed', attempt: 2 });
    expect(store.statuses(run)).toEqual({ a: 'failed', b: 'upstream_failed' });
  });

  test('a run that was under way when the scheduler started is settled from its rows', async () => {
    store.addDag(dagOf('chain', { a: [], b: ['a'] }));
    await scheduler.start();
    const run = store.addRun('chain');
    await until(() => queue.sent.length === 1);
    await scheduler.stop();
    const [first] = queue.take();
    store.claim(first?.attemptId ?? '');
    store.finishSilently(first?.attemptId ?? '');
    scheduler = newScheduler();
    await scheduler.start();
    await work(run);
    expect(run.status).toBe('success');
  });

  test('a gap in the events loses nothing', async () => {
    store.addDag(dagOf('chain', { a: [], b: ['a'] }));
    await scheduler.start();
    const run = store.addRun('chain');
    await until(() => queue.sent.length === 1);
    const [first] = queue.take();
    store.claim(first?.attemptId ?? '');
    store.finishSilently(first?.attemptId ?? '');
    store.gap();
    await work(run);
    expect(run.status).toBe('success');
  });

  test('an event that was never sent is found by the verification of quiet runs', async () => {
    store.addDag(dagOf('chain', { a: [], b: ['a'] }));
    await scheduler.start();
    const run = store.addRun('chain');
    await until(() => queue.sent.length === 1);
    const [first] = queue.take();
    store.claim(first?.attemptId ?? '');
    store.finishSilently(first?.attemptId ?? '');
    await until(() => {
      store.time += 10;
      return queue.sent.length === 1;
    });
    await work(run);
    expect(run.status).toBe('success');
  });

  test('an event that overtakes the answer of the read it belongs to is not lost', async () => {
    store.addDag(dagOf('chain', { a: [], b: ['a'] }));
    await scheduler.start();
    const run = store.addRun('chain');
    await until(() => queue.sent.length === 1);
    const [first] = queue.take();
    store.claim(first?.attemptId ?? '');
    store.duringNextRead(() => store.finish(first?.attemptId ?? '', { outcome: 'success' }));
    store.tell([{ type: 'run', runKey: run.key }]);
    await work(run);
    expect(run.status).toBe('success');
  });

  test('a message that the queue lost is sent again under a new sequence', async () => {
    store.addDag(dagOf('single', { a: [] }));
    await scheduler.start();
    const run = store.addRun('single');
    await until(() => queue.sent.length === 1);
    queue.take();
    await until(() => queue.sent.length === 1);
    expect(queue.sent[0]?.sequence).toBe(2);
    await work(run);
    expect(run.status).toBe('success');
  });

  test('a queue that is away delays a run and does not end the scheduler', async () => {
    store.addDag(dagOf('single', { a: [] }));
    queue.away = true;
    await scheduler.start();
    const run = store.addRun('single');
    await until(() => run.tasks[0]?.state.status === 'queued');
    queue.away = false;
    await work(run);
    expect(run.status).toBe('success');
  });

  test('a queue that does not answer holds up nothing that the store alone can repair', async () => {
    store.addDag(dagOf('pair', { a: [], b: [], c: ['a'] }));
    let answer: () => void = () => {};
    queue.answers = new Promise((resolve) => {
      answer = resolve;
    });
    await scheduler.start();
    const run = store.addRun('pair');
    await until(() => queue.sent.length === 2);
    const [a] = queue.take();
    store.claim(a?.attemptId ?? '');
    store.finishSilently(a?.attemptId ?? '');
    try {
      await until(() => {
        store.time += 10;
        return queue.sent.length === 1;
      });
    } finally {
      answer();
    }
    await work(run);
    expect(run.status).toBe('success');
  });

  test('an attempt whose lease has ended is lost and tried again', async () => {
    store.addDag(dagOf('single', { a: [] }, 1));
    await scheduler.start();
    const run = store.addRun('single');
    await until(() => queue.sent.length === 1);
    const [first] = queue.take();
    store.claim(first?.attemptId ?? '');
    store.lose(first?.attemptId ?? '');
    await work(run);
    expect(run.status).toBe('success');
    expect(run.tasks[0]?.state.attempt).toBe(2);
  });

  test('an attempt that was given back after its lease was looked at keeps its try', async () => {
    store.addDag(dagOf('single', { a: [] }, 1));
    await scheduler.start();
    const run = store.addRun('single');
    await until(() => queue.sent.length === 1);
    const [{ attemptId } = { attemptId: '' }] = queue.take();
    store.claim(attemptId);
    let isGivenBack = false;
    store.onceLeasesAreSeen(() => {
      isGivenBack = store.giveBack(attemptId);
    });
    store.lose(attemptId);
    await work(run);
    expect(isGivenBack).toBe(true);
    expect(run.tasks[0]?.state).toEqual({ status: 'success', attempt: 1 });
  });

  test('an attempt that was begun unheard of is lost and tried again all the same', async () => {
    store.addDag(dagOf('single', { a: [] }, 1));
    store.poolSlots = 0;
    await scheduler.start();
    const run = store.addRun('single');
    await until(() => scheduler.status().activeRuns === 1);
    for (const task of run.tasks) store.lose(store.beginElsewhere(task));
    store.poolSlots = 1;
    await work(run);
    expect(run.tasks[0]?.state).toEqual({ status: 'success', attempt: 2 });
  });

  test('a decision that the store refuses as outdated is taken again', async () => {
    store.addDag(dagOf('chain', { a: [], b: ['a'] }));
    await scheduler.start();
    const run = store.addRun('chain');
    await until(() => queue.sent.length === 1);
    run.revision++;
    await work(run);
    expect(run.status).toBe('success');
  });

  test('a store that fails once costs a pause, not a run', async () => {
    store.addDag(dagOf('chain', { a: [], b: ['a'] }));
    await scheduler.start();
    const run = store.addRun('chain');
    store.failNext = new Error('connection terminated');
    await work(run);
    expect(run.status).toBe('success');
  });

  test('tasks beyond the pool wait, and each freed slot goes to the next', async () => {
    store.addDag(dagOf('wide', Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`t${index}`, []]))));
    store.poolSlots = 3;
    await scheduler.start();
    const run = store.addRun('wide');
    await until(() => queue.sent.length === 3);
    expect(Object.values(store.statuses(run)).filter((status) => status === 'scheduled')).toHaveLength(9);
    await work(run);
    expect(run.status).toBe('success');
  });

  test('runs beyond the limit of active runs start as others end', async () => {
    store.addDag({ ...dagOf('limited', { a: [] }), maxActiveRuns: 1 });
    await scheduler.start();
    const runs = [store.addRun('limited'), store.addRun('limited'), store.addRun('limited')];
    await until(() => queue.sent.length === 1);
    expect(runs.map((run) => run.status)).toEqual(['running', 'queued', 'queued']);
    for (const run of runs) await work(run);
  });

  test('a run that is not due waits', async () => {
    store.addDag(dagOf('single', { a: [] }));
    await scheduler.start();
    const run = store.addRun('single', store.time + 60_000);
    const other = store.addRun('single');
    await work(other);
    expect(run.status).toBe('queued');
  });

  test('an empty DAG succeeds at once', async () => {
    store.addDag(dagOf('empty', {}));
    await scheduler.start();
    const run = store.addRun('empty');
    await until(() => run.status === 'success');
  });

  test('a schedule makes runs with the intervals of its timetable', async () => {
    const spec = {
      ...dagOf('daily', { a: [] }),
      schedule: { kind: 'cron' as const, expression: '@daily', timezone: 'UTC', interval: 'cron' as const },
    };
    const day = 86_400_000;
    store.addDag({ ...spec, startAt: 0, catchup: { kind: 'all' } });
    store.time = 2 * day + 1;
    store.due.push({
      dagId: 'daily',
      versionId: 'daily',
      spec: { ...spec, startAt: 0, catchup: { kind: 'all' } },
      firstSeenAt: 0,
      activeSince: 0,
    });
    await scheduler.start();
    await until(() => store.planned.length === 2);
    expect(store.planned.map((run) => [run.runId, run.intervalStart, run.intervalEnd])).toEqual([
      ['scheduled__1970-01-01T00:00:00.000Z', 0, day],
      ['scheduled__1970-01-02T00:00:00.000Z', day, 2 * day],
    ]);
  });

  test('a DAG whose schedule cannot be planned does not hold up the others', async () => {
    const spec = dagOf('good', { a: [] });
    store.addDag(spec);
    const schedule = { kind: 'cron' as const, timezone: 'UTC', interval: 'cron' as const };
    const due = { firstSeenAt: 0, activeSince: 0 };
    store.time = 86_400_001;
    store.due.push(
      { ...due, dagId: 'bad', versionId: 'bad', spec: { ...spec, schedule: { ...schedule, expression: 'not a cron' } } },
      {
        ...due,
        dagId: 'good',
        versionId: 'good',
        spec: { ...spec, startAt: 0, catchup: { kind: 'all' }, schedule: { ...schedule, expression: '@daily' } },
      },
    );
    await scheduler.start();
    await until(() => store.planned.length === 1);
  });
});
