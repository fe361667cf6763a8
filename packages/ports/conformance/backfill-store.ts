/** What every BackfillStore must do, and what whoever starts runs must make of its runs. */
import { advanceBackfill, type BackfillEntry, type DagSpec, type RunStatus } from '@headrace/core';
import type { BackfillStore, CommandStore, NewBackfill, SchedulerStore } from '@headrace/ports';

type TestFunctions = Pick<typeof import('@jest/globals'), 'describe' | 'test' | 'expect' | 'beforeAll' | 'afterAll' | 'beforeEach'>;

export interface BackfillStoreHarness {
  readonly backfills: BackfillStore;
  readonly scheduler: SchedulerStore;
  readonly commands: CommandStore;
  /** Empties the store and registers the DAG. */
  begin(spec: DagSpec): Promise<void>;
  /** Registers a newer version of the DAG, or another DAG. */
  saveDag(spec: DagSpec): Promise<void>;
  /** Ends the run. */
  end(runKey: string, status: 'success' | 'failed'): Promise<void>;
  /** What a command does: the run is queued again, at a higher revision. */
  clear(runKey: string): Promise<void>;
  close(): Promise<void>;
}

const ALL = { limit: 100, offset: 0 };
const SHARDS = Array.from({ length: 32 }, (_, shard) => shard);
const DAY = 86_400_000;
const FIRST = Date.UTC(2020, 0, 1);

const SPEC: DagSpec = {
  formatVersion: 1,
  dagId: 'shop',
  tags: [],
  owners: [],
  schedule: { kind: 'cron', expression: '@daily', timezone: 'UTC', interval: 'cron' },
  catchup: { kind: 'off' },
  maxActiveRuns: 1,
  maxActiveTasks: 10,
  pausedUponCreation: false,
  paramsDefault: { day: 'today' },
  tasks: [],
};

function entries(count: number): readonly BackfillEntry[] {
  return Array.from({ length: count }, (_, position) => ({
    position,
    logicalDate: FIRST + position * DAY,
    intervalStart: FIRST + position * DAY,
    intervalEnd: FIRST + (position + 1) * DAY,
    partitionKey: `day ${position}`,
    action: { kind: 'create' },
  }));
}

function asked(count: number, more: Partial<NewBackfill> = {}): NewBackfill {
  return {
    dagId: 'shop',
    from: FIRST,
    to: FIRST + count * DAY,
    params: { day: 'then' },
    reprocess: 'none',
    backwards: false,
    maxActiveRuns: 2,
    priorityClass: -1,
    entries: entries(count),
    ...more,
  };
}

export function backfillStoreConformance(
  jest: TestFunctions,
  { name, open }: { readonly name: string; readonly open: () => Promise<BackfillStoreHarness> },
): void {
  const { describe, test, expect, beforeAll, beforeEach, afterAll } = jest;

  describe(`${name} keeps backfills`, () => {
    let harness: BackfillStoreHarness;
    let backfills: BackfillStore;
    beforeAll(async () => {
      harness = await open();
      backfills = harness.backfills;
    }, 60_000);
    beforeEach(() => harness.begin(SPEC));
    afterAll(() => harness?.close());

    const step = () => backfills.advance(100, advanceBackfill);
    const start = () => harness.scheduler.startRuns(SHARDS, 100, async () => []);
    const states = async (backfillId: string): Promise<readonly string[]> =>
      (await backfills.runs(backfillId, ALL)).items.map((run) => (run.reason === undefined ? run.state : `${run.state}: ${run.reason}`));
    /** A run of the DAG at the date of this position, in this state. */
    async function runAt(position: number, status: RunStatus): Promise<{ readonly runKey: string; readonly runId: string }> {
      const logicalDate = FIRST + position * DAY;
      const made = await harness.commands.trigger({
        dagId: 'shop',
        runId: `at_${position}`,
        logicalDate,
        runAfter: status === 'queued' ? Date.UTC(2100, 0, 1) : logicalDate,
        params: {},
        runType: 'manual',
        triggeredBy: 'test',
      });
      if (status !== 'queued') await start();
      if (status === 'success' || status === 'failed') await harness.end(made.runKey, status);
      return made;
    }

    test('as they were asked for, and lists them', async () => {
      const made = await backfills.create(asked(3, { user: 'ada', backwards: true }));
      expect(made).toMatchObject({
        dagId: 'shop',
        from: FIRST,
        to: FIRST + 3 * DAY,
        params: { day: 'then' },
        reprocess: 'none',
        backwards: true,
      });
      expect(made).toMatchObject({ maxActiveRuns: 2, priorityClass: -1, user: 'ada', paused: false });
      for (const absent of ['versionId', 'completedAt', 'cancelledAt', 'entries']) expect(made).not.toHaveProperty(absent);
      expect(await backfills.get(made.backfillId)).toEqual(made);
      expect(await backfills.get('999999')).toBeUndefined();
      await backfills.cancel(made.backfillId);
      const second = await backfills.create(asked(1));
      expect((await backfills.list('shop', { ...ALL, orderBy: ['-id'] })).items.map((one) => one.backfillId)).toEqual([
        second.backfillId,
        made.backfillId,
      ]);
      expect(await backfills.list('shop', { limit: 1, offset: 1 })).toMatchObject({ total: 2, items: [{ backfillId: second.backfillId }] });
      expect(await backfills.list('other', ALL)).toEqual({ items: [], total: 0 });
      await expect(backfills.list('shop', { ...ALL, orderBy: ['colour'] })).rejects.toMatchObject({ code: 'HR_UNKNOWN_ORDER' });
      expect(await backfills.runs(made.backfillId, { limit: 2, offset: 1 })).toMatchObject({
        total: 3,
        items: [{ position: 1, logicalDate: FIRST + DAY, partitionKey: 'day 1' }, { position: 2 }],
      });
    });

    test('one at a time for a DAG', async () => {
      const { backfillId } = await backfills.create(asked(1));
      await expect(backfills.create(asked(1))).rejects.toMatchObject({
        code: 'HR_BACKFILL_RUNNING',
        message: expect.stringContaining(backfillId),
      });
      await expect(backfills.create(asked(1, { dagId: 'nope' }))).rejects.toMatchObject({ code: 'HR_DAG_NOT_FOUND' });
      await harness.saveDag({ ...SPEC, dagId: 'other' });
      await backfills.create(asked(1, { dagId: 'other' }));
    });

    test('and makes runs a few ahead, of which no more run than its own limit says, whatever the DAG’s', async () => {
      const { backfillId } = await backfills.create(asked(7, { maxActiveRuns: 3 }));
      const first = await step();
      expect(first.created).toHaveLength(6);
      expect((await step()).created).toEqual([]);
      const started = await start();
      expect(started.map((run) => run.runId)).toEqual([0, 1, 2].map((day) => `backfill__${new Date(FIRST + day * DAY).toISOString()}`));
      expect(await start()).toEqual([]);
      await harness.end(started[0]?.runKey ?? '', 'failed');
      expect(await start()).toHaveLength(1);
      expect((await step()).created).toHaveLength(1);
      expect(await states(backfillId)).toEqual(Array.from({ length: 7 }, () => 'made'));
      // The place of the DAG itself is still free.
      const { runKey } = await harness.commands.trigger({ dagId: 'shop', params: {}, runType: 'manual', triggeredBy: 'test' });
      expect((await start()).map((run) => run.runKey)).toEqual([runKey]);
    });

    test('and completes when all of its runs have ended', async () => {
      const { backfillId } = await backfills.create(asked(2));
      await step();
      const runs = await start();
      expect((await step()).completed).toEqual([]);
      for (const run of runs) await harness.end(run.runKey, 'success');
      expect((await step()).completed).toEqual([backfillId]);
      expect(await backfills.get(backfillId)).toMatchObject({ completedAt: expect.any(Number) });
      expect(await step()).toMatchObject({ open: 0, completed: [] });
      await expect(backfills.setPaused(backfillId, true)).rejects.toMatchObject({ code: 'HR_BACKFILL_ENDED' });
      await expect(backfills.cancel('999999')).rejects.toMatchObject({ code: 'HR_BACKFILL_NOT_FOUND' });
    });

    test('never makes a run twice, nor takes one that is under way', async () => {
      await runAt(0, 'success');
      await runAt(1, 'failed');
      const running = await runAt(2, 'running');
      await runAt(3, 'queued');
      const { backfillId } = await backfills.create(asked(5));
      expect((await step()).created).toHaveLength(1);
      expect(await states(backfillId)).toEqual([
        'skipped: already exists',
        'skipped: already exists',
        'skipped: in flight',
        'skipped: in flight',
        'made',
      ]);
      expect((await backfills.runs(backfillId, ALL)).items[2]).toMatchObject({ runId: running.runId });
      expect(
        (
          await backfills.existing(
            'shop',
            [0, 1, 9].map((day) => FIRST + day * DAY),
          )
        ).map(({ runId, status }) => [runId, status]),
      ).toEqual([
        ['at_0', 'success'],
        ['at_1', 'failed'],
      ]);
    });

    test('claims runs that are to be run anew, and knows when that was done', async () => {
      const failed = await runAt(1, 'failed');
      await runAt(0, 'success');
      const { backfillId } = await backfills.create(asked(3, { reprocess: 'failed' }));
      const { toClear, created } = await step();
      expect(created).toHaveLength(1);
      expect(toClear).toEqual([{ backfillId, position: 1, dagId: 'shop', runId: 'at_1', onLatestVersion: true }]);
      // Nobody lived to clear it: it is asked for again.
      expect((await step()).toClear).toEqual(toClear);
      await harness.clear(failed.runKey);
      // … or to say that it was cleared.
      expect((await step()).toClear).toEqual([]);
      expect(await states(backfillId)).toEqual(['skipped: already exists', 'made', 'made']);
      expect((await start()).map((run) => run.runId).sort()).toEqual(['at_1', expect.stringContaining('backfill__')]);
    });

    test('notes what was cleared and what cannot be', async () => {
      await runAt(0, 'success');
      await runAt(1, 'success');
      const { backfillId } = await backfills.create(asked(2, { reprocess: 'completed' }));
      expect((await step()).toClear).toHaveLength(2);
      await backfills.noteCleared(backfillId, 0, 'nothing to clear');
      await backfills.noteCleared(backfillId, 1);
      expect(await states(backfillId)).toEqual(['skipped: nothing to clear', 'made']);
      expect((await step()).completed).toEqual([backfillId]);
    });

    test('makes runs of the newest version, or of the one it is pinned to', async () => {
      const old = await harness.commands.latestVersion('shop');
      const { backfillId } = await backfills.create(asked(1, old === undefined ? {} : { versionId: old }));
      await harness.saveDag({ ...SPEC, description: 'newer' });
      await step();
      expect((await start()).map((run) => run.versionId)).toEqual([old]);
      await backfills.cancel(backfillId);
      await backfills.create({ ...asked(1), entries: entries(2).slice(1) });
      await step();
      const [latest] = await start();
      expect(latest?.versionId).toBe(await harness.commands.latestVersion('shop'));
      expect(latest?.versionId).not.toBe(old);
    });

    test('paused makes and starts nothing; nor does one whose DAG is paused', async () => {
      const { backfillId } = await backfills.create(asked(3, { maxActiveRuns: 1 }));
      await step();
      await backfills.setPaused(backfillId, true);
      expect(await start()).toEqual([]);
      expect(await step()).toMatchObject({ open: 0, created: [] });
      expect(await harness.scheduler.nextDue(SHARDS)).not.toBe(FIRST + DAY);
      await backfills.setPaused(backfillId, false);
      await harness.commands.setPaused('shop', true);
      expect(await start()).toEqual([]);
      expect(await step()).toMatchObject({ open: 0, created: [] });
      await harness.commands.setPaused('shop', false);
      expect(await harness.scheduler.nextDue(SHARDS)).toBe(FIRST + DAY);
      expect(await start()).toHaveLength(1);
    });

    test('cancelled makes nothing more, starts nothing more, and names what waits', async () => {
      const { backfillId } = await backfills.create(asked(6, { maxActiveRuns: 1 }));
      await step();
      const [running] = await start();
      const cancelled = await backfills.cancel(backfillId);
      expect(cancelled).toMatchObject({ paused: true, completedAt: expect.any(Number), cancelledAt: expect.any(Number) });
      expect(await states(backfillId)).toEqual(['made', 'made', ...Array.from({ length: 4 }, () => 'skipped: cancelled')]);
      expect(await start()).toEqual([]);
      const waiting = await backfills.cancelledRuns(10);
      expect(waiting).toEqual([{ dagId: 'shop', runId: `backfill__${new Date(FIRST + DAY).toISOString()}` }]);
      expect(running?.status).toBe('running');
    });

    test('makes a run even where somebody gave its name to a run of another date', async () => {
      const runId = `backfill__${new Date(FIRST).toISOString()}`;
      await harness.commands.trigger({ dagId: 'shop', runId, logicalDate: 5, params: {}, runType: 'manual', triggeredBy: 'test' });
      const { backfillId } = await backfills.create(asked(1));
      expect((await step()).created).toHaveLength(1);
      expect((await backfills.runs(backfillId, ALL)).items[0]?.runId).toBe(`${runId}_${backfillId}`);
    });
  });
}
