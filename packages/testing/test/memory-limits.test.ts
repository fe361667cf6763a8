/** Limits in the store in memory: as in Postgres, so that a simulation shows what they lead to. */
import { admit, type DagSpec, type TaskLimits } from '@headrace/core';
import type { QueuedTask } from '@headrace/ports';
import { beforeEach, expect, test } from '@jest/globals';
import { createMemoryStore, type MemoryStore } from '../src/index.ts';

const ALL_SHARDS = Array.from({ length: 32 }, (_, shard) => shard);

let now: number;
let store: MemoryStore;

beforeEach(() => {
  now = 1_000_000;
  store = createMemoryStore({ now: () => now });
});

/** A run of the DAG in which so many tasks are ready. */
async function ready(
  dagId: string,
  count: number,
  limits: TaskLimits,
  params: Record<string, unknown> = {},
  pool = 'default_pool',
): Promise<void> {
  const spec: DagSpec = {
    formatVersion: 1,
    dagId,
    tags: [],
    owners: [],
    schedule: { kind: 'manual' },
    catchup: { kind: 'off' },
    maxActiveRuns: 99,
    maxActiveTasks: 99,
    pausedUponCreation: false,
    paramsDefault: {},
    tasks: [],
  };
  await store.catalog.saveFile({
    file: `${dagId}.ts`,
    dags: [{ spec, graphHash: dagId }],
    bundle: { hash: dagId, code: 'export default 1' },
  });
  await store.commands.trigger({ dagId, params, runType: 'manual', triggeredBy: 'test' });
  const task = {
    state: { status: 'scheduled', attempt: 0 },
    queue: 'default',
    pool,
    poolSlots: 1,
    priorityWeight: 1,
    maxTries: 1,
  } as const;
  const tasks = Array.from({ length: count }, (_, mapIndex) => ({ ...task, taskId: 't', mapIndex, limits }));
  await store.scheduler.startRuns(ALL_SHARDS, 10, async () => tasks);
}

const decide = () => store.scheduler.decide({ schedulerId: 's', runs: [] }, admit);

async function finish(task: QueuedTask): Promise<void> {
  await store.attempts.claim(task, 'w', 60_000);
  await store.attempts.finish({ ...task, to: { status: 'success', attempt: task.attempt } }, 'w');
}

test('limits of a task hold over all runs and in each', async () => {
  for (let run = 0; run < 3; run++) await ready('capped', 4, { maxActive: 5, maxActivePerRun: 2 });
  const { queued, backlog } = await decide();
  expect([queued.length, backlog]).toEqual([5, true]);
  expect(Math.max(...[...Map.groupBy(queued, (task) => task.runKey).values()].map((tasks) => tasks.length))).toBe(2);
  expect((await decide()).queued).toEqual([]);
  for (const task of queued) await finish(task);
  expect((await decide()).queued).toHaveLength(5);
});

test('keys are shared by DAGs, with the params of each run', async () => {
  const limits = { concurrency: [{ key: 'crm/{params.shop}', limit: 2 }] };
  await ready('a', 3, limits, { shop: 'north' });
  await ready('b', 3, limits, { shop: 'north' });
  await ready('c', 3, limits, { shop: 'south' });
  expect((await decide()).queued).toHaveLength(4);
});

test('rates give tokens by the virtual clock, and say when the next one is there', async () => {
  await ready('a', 4, { rate: [{ key: 'api', tokens: 1, perMs: 1_000, burst: 2 }] });
  const first = await decide();
  expect([first.queued.length, first.nextAdmissionAt]).toEqual([2, 1_001_000]);
  now += 999;
  expect((await decide()).queued).toEqual([]);
  now += 1;
  const second = await decide();
  expect([second.queued.length, second.nextAdmissionAt]).toEqual([1, 1_002_000]);
});

test('a pool counts deferred tasks where it says so', async () => {
  await store.pools.create({ name: 'narrow', slots: 1, includeDeferred: true });
  await ready('a', 2, {}, {}, 'narrow');
  const [first] = (await decide()).queued as [QueuedTask];
  store.db.transaction(() => store.db.tasks.change(first.taskInstanceId, { state: { status: 'deferred', attempt: 1 } }));
  expect((await decide()).queued).toEqual([]);
  await store.pools.change('narrow', { includeDeferred: false });
  expect((await decide()).queued).toHaveLength(1);
  await store.pools.change('narrow', { slots: -1, includeDeferred: true });
  expect((await decide()).backlog).toBe(false);
});
