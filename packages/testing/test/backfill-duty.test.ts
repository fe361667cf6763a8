/** The duty of production that takes backfills forward, with the commands of production, over the store in memory. */
import { type BackfillEntry, planBackfill } from '@headrace/core';
import { createBackfillDuty, createOverlapDuty, createRunCommands, DagVersions } from '@headrace/engine';
import { noMetrics, silentLog } from '@headrace/ports';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { createMemoryStore, type MemoryStore } from '../src/index.ts';
import { DAILY, dagSpec, taskSpec } from './support/specs.ts';

const SPEC = dagSpec('shop', [taskSpec('a'), taskSpec('b', ['a'])], { schedule: DAILY });
const SHARDS = Array.from({ length: 32 }, (_, shard) => shard);
const FROM = Date.UTC(2026, 0, 1);
const DAY = 86_400_000;

let now: number;
let store: MemoryStore;
let duty: ReturnType<typeof createBackfillDuty>;

beforeEach(async () => {
  now = Date.UTC(2026, 1, 1);
  store = createMemoryStore({ now: () => ++now });
  await store.catalog.saveFile({ file: 'shop.ts', dags: [{ spec: SPEC, graphHash: 'h' }], bundle: { hash: 'h', code: '' } });
  const clock = { now: () => now, monotonic: () => now };
  const commands = createRunCommands({ store: store.commands, versions: new DagVersions(store.scheduler), clock });
  duty = createBackfillDuty({ store: store.backfills, commands, log: silentLog, metrics: noMetrics });
});

async function perform(): Promise<void> {
  for (let more = true; more; ) more = (await duty.perform(now)).more === true;
}

/** A run at this date whose tasks ended so. */
async function endedRun(day: number, status: 'success' | 'failed'): Promise<string> {
  const { runKey } = await store.commands.trigger({
    dagId: 'shop',
    runId: `old_${day}`,
    logicalDate: FROM + day * DAY,
    params: {},
    runType: 'manual',
    triggeredBy: 'test',
  });
  const row = { queue: 'default', pool: 'default_pool', poolSlots: 1, priorityWeight: 1, maxTries: 1 };
  await store.scheduler.startRuns(SHARDS, 10, async () => ['a', 'b'].map((taskId) => ({ ...row, taskId, state: { status, attempt: 1 } })));
  store.db.transaction(() => store.db.runs.change(runKey, { status, endedAt: now }));
  return runKey;
}

async function create(days: number, reprocess: 'none' | 'failed' | 'completed', maxActiveRuns = 2): Promise<string> {
  const request = { from: FROM, to: FROM + (days - 1) * DAY, reprocess, backwards: false };
  const entries: readonly BackfillEntry[] = planBackfill(SPEC, request, [], now, { firstSeenAt: FROM });
  const { backfillId } = await store.backfills.create({
    dagId: 'shop',
    ...request,
    params: { x: 1 },
    maxActiveRuns,
    priorityClass: -1,
    entries,
  });
  return backfillId;
}

const start = () =>
  store.scheduler.startRuns(SHARDS, 10, async () => [
    {
      taskId: 'a',
      state: { status: 'scheduled', attempt: 0 },
      queue: 'default',
      pool: 'default_pool',
      poolSlots: 1,
      priorityWeight: 1,
      maxTries: 1,
    },
  ]);
const end = (runKey: string): void => store.db.transaction(() => void store.db.runs.change(runKey, { status: 'success', endedAt: now }));

describe('the backfill duty', () => {
  test('makes runs of a lower class until all dates are done, and then says so', async () => {
    const backfillId = await create(10, 'none');
    const names: string[] = [];
    for (let turn = 0; turn < 20 && (await store.backfills.get(backfillId))?.completedAt === undefined; turn += 1) {
      await perform();
      const runs = await start();
      expect(runs.length).toBeLessThanOrEqual(2);
      for (const run of runs) {
        names.push(run.runId);
        expect(store.db.runs.require(run.runKey)).toMatchObject({ priorityClass: -1, runType: 'backfill', params: { x: 1 }, backfillId });
        expect(store.db.tasks.require(run.tasks[0]?.taskInstanceId ?? '')).toMatchObject({ priorityClass: -1 });
        end(run.runKey);
      }
    }
    expect(names).toEqual(Array.from({ length: 10 }, (_, day) => `backfill__${new Date(FROM + day * DAY).toISOString()}`));
    expect((await store.backfills.get(backfillId))?.completedAt).toBeDefined();
  });

  test('clears what is to be run anew as a person would, and takes it over', async () => {
    const failed = await endedRun(0, 'failed');
    const good = await endedRun(1, 'success');
    const backfillId = await create(2, 'failed');
    await perform();
    expect(store.db.runs.require(failed)).toMatchObject({
      status: 'queued',
      backfillId,
      runType: 'backfill',
      revision: 1,
      params: { x: 1 },
    });
    expect([...store.db.tasksOfRun.get(failed)].map((row) => row.state.status)).toEqual(['none', 'none']);
    expect(store.db.runs.require(good)).toMatchObject({ status: 'success', runType: 'manual' });
    expect((await store.backfills.runs(backfillId, { limit: 9, offset: 0 })).items.map((run) => run.state)).toEqual(['made', 'skipped']);
    // Done again, it does no more.
    await perform();
    expect(store.db.runs.require(failed).revision).toBe(1);
  });

  test('cancels what waits of a cancelled backfill, and lets go on what runs', async () => {
    const backfillId = await create(5, 'none', 1);
    await perform();
    const [running] = await start();
    await store.backfills.cancel(backfillId);
    await perform();
    const statuses = [...store.db.runs.rows()].map((run) => run.status);
    expect(statuses).toEqual(['running', 'failed']);
    expect(store.db.runs.require(running?.runKey ?? '').status).toBe('running');
    expect(await store.backfills.cancelledRuns(10)).toEqual([]);
  });

  test('is concerned by ends of runs only while there is a backfill', async () => {
    const ended = { type: 'run', runKey: '1' } as const;
    await perform();
    expect(duty.concerns?.(ended)).toBe(false);
    await create(3, 'none');
    await perform();
    expect(duty.concerns?.(ended)).toBe(true);
    expect(duty.concerns?.({ type: 'dag', dagId: 'shop' })).toBe(false);
  });
});

test('the overlap duty ends what must make room, as it says', async () => {
  const asked: unknown[] = [];
  const overlap = createOverlapDuty({
    store: {
      overtakenRuns: async () => [
        { dagId: 'shop', runId: 'a', how: 'cancel' },
        { dagId: 'shop', runId: 'b', how: 'terminate' },
      ],
    },
    commands: {
      async cancelRun(dagId, runId, _, options) {
        asked.push([dagId, runId, options]);
        return 'ok';
      },
    },
    log: silentLog,
  });
  expect(await overlap.perform(now)).toEqual({ more: false });
  expect(asked).toEqual([
    ['shop', 'a', { terminate: false }],
    ['shop', 'b', { terminate: true }],
  ]);
});
