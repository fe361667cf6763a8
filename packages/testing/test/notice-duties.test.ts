/** The duties that look after deadlines, freshness and notices, over the store in memory. */
import type { DagSpec, TaskSpec } from '@headrace/core';
import { createDeadlineDuty, createFreshnessDuty, DagVersions } from '@headrace/engine';
import type { NewTaskInstance } from '@headrace/ports';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { createMemoryStore, type MemoryStore } from '../src/index.ts';

const MINUTE = 60_000;
const T0 = Date.UTC(2026, 0, 5, 12);
const SHARDS = Array.from({ length: 32 }, (_, shard) => shard);
const notify = [{ kind: 'webhook', connection: 'pager' }] as const;

let now: number;
let store: MemoryStore;
beforeEach(() => {
  now = T0;
  store = createMemoryStore({ now: () => now });
});

function task(taskId: string, upstream: readonly string[], more: Partial<TaskSpec> = {}): TaskSpec {
  return {
    taskId,
    kind: 'task',
    upstream,
    triggerRule: 'all_success',
    retries: { max: 0, delayMs: 0, backoff: 'fixed', maxDelayMs: 0, jitter: 0, rules: [] },
    executionTimeoutMs: MINUTE,
    queue: 'default',
    pool: 'default_pool',
    poolSlots: 1,
    priorityWeight: 1,
    inputs: {},
    connections: [],
    ...more,
  };
}

async function saveDag(more: Partial<DagSpec>): Promise<void> {
  const spec: DagSpec = {
    formatVersion: 1,
    dagId: 'shop',
    tags: [],
    owners: [],
    schedule: { kind: 'manual' },
    catchup: { kind: 'off' },
    maxActiveRuns: 10,
    maxActiveTasks: 10,
    pausedUponCreation: false,
    paramsDefault: {},
    tasks: [task('extract', []), task('load', ['extract'], { outlets: ['sales'] })],
    ...more,
  };
  await store.catalog.saveFile({
    file: 'shop.ts',
    dags: [{ spec, graphHash: 'g' }],
    bundle: { hash: 'b', code: '' },
  });
}

/** A run that has started: its key. */
async function startedRun(): Promise<string> {
  const { runKey } = await store.commands.trigger({ dagId: 'shop', params: {}, runType: 'manual', triggeredBy: 'test' });
  await store.scheduler.startRuns(SHARDS, 10, async ({ versionId }) =>
    store.db.versions.require(versionId).spec.tasks.map(
      (one): NewTaskInstance => ({
        taskId: one.taskId,
        state: { status: 'none', attempt: 0 },
        queue: one.queue,
        pool: one.pool,
        poolSlots: one.poolSlots,
        priorityWeight: one.priorityWeight,
        maxTries: 1,
      }),
    ),
  );
  return runKey;
}

/** Ends a run of which each task took so long. */
function end(runKey: string, taskMs: number): void {
  store.db.transaction(() => {
    for (const { taskInstanceId } of store.db.tasksOfRun.get(runKey)) {
      store.db.tasks.change(taskInstanceId, { state: { status: 'success', attempt: 1 }, startedAt: now - taskMs, endedAt: now });
    }
    store.db.runs.change(runKey, { status: 'success', endedAt: now });
  });
}

async function told(): Promise<readonly unknown[]> {
  const { items } = await store.notices.list({}, { limit: 100, offset: 0, orderBy: ['id'] });
  return items.map((one) => [one.event, one.payload.expectedAt ?? one.payload.dueAt]);
}

const iso = (minutes: number): string => new Date(T0 + minutes * MINUTE).toISOString();

describe('deadlines', () => {
  const deadlines = [{ name: 'quick', from: { kind: 'run_queued' }, withinMs: 30 * MINUTE, predict: true, notify }] as const;
  const duty = () => createDeadlineDuty({ store: store.deadlines, versions: new DagVersions(store.scheduler) });

  test('a miss is told once, at the very time that the duty named', async () => {
    await saveDag({ deadlines });
    await startedRun();
    const { perform } = duty();
    // Nothing is known of how long it takes, so there is nothing to foresee.
    expect(await perform(now)).toEqual({ nextAt: T0 + 30 * MINUTE });
    now = T0 + 30 * MINUTE - 1;
    await perform(now);
    expect(await told()).toEqual([]);
    now += 1;
    await perform(now);
    await perform(now + 1);
    expect(await told()).toEqual([['deadline.missed', iso(30)]]);
  });

  test('a run that ends in time misses nothing', async () => {
    await saveDag({ deadlines });
    const runKey = await startedRun();
    const { perform } = duty();
    await perform(now);
    now = T0 + 20 * MINUTE;
    end(runKey, MINUTE);
    now = T0 + 40 * MINUTE;
    await perform(now);
    expect(await told()).toEqual([]);
    expect(store.db.deadlines.get(`${runKey} quick`)?.state).toBe('met');
  });

  test('a miss is foreseen when the run can no longer be in time, and told before it', async () => {
    await saveDag({ deadlines });
    const earlier = await startedRun();
    end(earlier, 10 * MINUTE);
    const runKey = await startedRun();
    const { perform } = duty();
    // Two tasks of ten minutes each leave ten minutes of slack.
    expect(await perform(now)).toEqual({ nextAt: T0 + 10 * MINUTE });
    now = T0 + 10 * MINUTE;
    const { nextAt = 0 } = await perform(now);
    expect(await told()).toEqual([]);
    expect(nextAt).toBeLessThanOrEqual(now + MINUTE);
    now = nextAt;
    await perform(now);
    expect(await told()).toEqual([['deadline.predicted', new Date(nextAt + 20 * MINUTE).toISOString()]]);
    now = T0 + 30 * MINUTE;
    await perform(now);
    expect((await told()).map((one) => (one as string[])[0])).toEqual(['deadline.predicted', 'deadline.missed']);
    expect(store.db.deadlines.get(`${runKey} quick`)?.state).toBe('missed');
  });

  test('of averages there is no deadline before there were runs enough', async () => {
    const from = { kind: 'average_runtime', maxRuns: 5, minRuns: 1 } as const;
    await saveDag({ deadlines: [{ name: 'usual', from, withinMs: 5 * MINUTE, predict: false, notify }] });
    const first = await startedRun();
    const { perform } = duty();
    expect(await perform(now)).toEqual({});
    now = T0 + 10 * MINUTE;
    end(first, 10 * MINUTE);
    await startedRun();
    expect(await perform(now)).toEqual({ nextAt: T0 + 25 * MINUTE });
  });
});

describe('freshness', () => {
  const assets = [{ name: 'sales', freshness: { withinMs: 60 * MINUTE, notify } }] as const;

  function duty(newestAt?: number) {
    return createFreshnessDuty({
      deadlines: store.deadlines,
      notices: store.notices,
      versions: new DagVersions(store.scheduler),
      assets: {
        newestEvents: async (names) =>
          newestAt === undefined
            ? []
            : names.map((asset) => ({ asset, newest: { eventId: '1', assetId: '1', asset, extra: {}, at: newestAt } })),
      },
    });
  }

  test('what was not updated in time is told once', async () => {
    await saveDag({ assets });
    const { perform } = duty(T0);
    await perform(now);
    now = T0 + 60 * MINUTE;
    await perform(now);
    now += 10 * MINUTE;
    await perform(now);
    expect(await told()).toEqual([['freshness.missed', iso(60)]]);
  });

  test('it is foreseen by the run that makes it', async () => {
    await saveDag({ assets });
    end(await startedRun(), 40 * MINUTE);
    await startedRun();
    // Two tasks of 40 minutes each end after 80; due is after 60.
    await duty().perform(now);
    expect(await told()).toEqual([['freshness.predicted', iso(80)]]);
  });

  test('nothing is asked of a paused DAG', async () => {
    await saveDag({ assets });
    await store.commands.setPaused('shop', true);
    now = T0 + 600 * MINUTE;
    await duty(T0).perform(now);
    expect(await told()).toEqual([]);
  });
});
