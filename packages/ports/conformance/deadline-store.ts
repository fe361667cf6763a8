/** What every DeadlineStore must do, wherever it keeps the deadlines. */
import type { DagSpec, DeadlineSpec, TaskSpec } from '@headrace/core';
import type { DeadlineStore, DeadlineVerdict, NoticeStore, WatchedDeadline } from '@headrace/ports';

type TestFunctions = Pick<typeof import('@jest/globals'), 'describe' | 'test' | 'expect' | 'beforeAll' | 'afterAll'>;

export interface DeadlineStoreHarness {
  readonly deadlines: DeadlineStore;
  readonly notices: NoticeStore;
  /** The store's time. */
  now(): Promise<number>;
  saveDag(spec: DagSpec): Promise<void>;
  /** A queued run of the DAG: its key. */
  trigger(dagId: string): Promise<string>;
  /** Starts the queued runs. */
  start(): Promise<void>;
  /** Ends all tasks of a running run, each having lasted so long, and the run. */
  end(runKey: string, status: 'success' | 'failed', taskMs: number): Promise<void>;
  close(): Promise<void>;
}

const HOUR = 3_600_000;

export function deadlineStoreConformance(
  jest: TestFunctions,
  { name, open }: { readonly name: string; readonly open: () => Promise<DeadlineStoreHarness> },
): void {
  const { describe, test, expect, beforeAll, afterAll } = jest;
  let dags = 0;

  describe(`${name} keeps deadlines`, () => {
    let harness: DeadlineStoreHarness;
    beforeAll(async () => {
      harness = await open();
    }, 60_000);
    afterAll(() => harness?.close());

    async function watchedRun(dueIn: number): Promise<{ readonly dagId: string; readonly runKey: string; readonly now: number }> {
      const dagId = `dag_${++dags}`;
      await harness.saveDag(dagSpec(dagId, [deadline('noon')]));
      const runKey = await harness.trigger(dagId);
      const now = await harness.now();
      await harness.deadlines.watch([{ runKey, name: 'noon', dueAt: now + dueIn, checkAt: now + Math.min(dueIn, 0) }]);
      return { dagId, runKey, now };
    }

    /** What is due of one run; everything else that is due is left as it is. */
    async function judgeOne(runKey: string, judge: (due: WatchedDeadline) => Omit<DeadlineVerdict, 'runKey' | 'name'>): Promise<boolean> {
      let seen = false;
      await harness.deadlines.judge(1_000, async (due) =>
        due.flatMap((one) => {
          if (one.runKey !== runKey) return [];
          seen = true;
          return [{ runKey, name: one.name, ...judge(one) }];
        }),
      );
      return seen;
    }

    test('runs of DAGs with deadlines are unwatched until their deadlines are stored; others never are', async () => {
      const dagId = `dag_${++dags}`;
      await harness.saveDag(dagSpec(dagId, [deadline('noon')]));
      await harness.saveDag(dagSpec(`${dagId}_without`, undefined));
      const runKey = await harness.trigger(dagId);
      await harness.trigger(`${dagId}_without`);
      const unwatched = (await harness.deadlines.unwatched(100)).filter((run) => run.dagId.startsWith(dagId));
      expect(unwatched).toMatchObject([{ runKey, dagId, spec: { dagId } }]);
      await harness.deadlines.watch([{ runKey, name: 'noon' }]);
      expect((await harness.deadlines.unwatched(100)).filter((run) => run.dagId === dagId)).toEqual([]);
    });

    test('a deadline that cannot be said is never looked at', async () => {
      const dagId = `dag_${++dags}`;
      await harness.saveDag(dagSpec(dagId, [deadline('noon')]));
      const runKey = await harness.trigger(dagId);
      await harness.deadlines.watch([{ runKey, name: 'noon' }]);
      expect(await judgeOne(runKey, () => ({ state: 'met', notices: [] }))).toBe(false);
    });

    test('a deadline is looked at when its time has come, and not before', async () => {
      const { runKey, now } = await watchedRun(-1_000);
      const later = await watchedRun(HOUR);
      await harness.deadlines.judge(1_000, async (due) => due.map(({ runKey: run, name: which }) => pending(run, which, now + HOUR)));
      expect(await judgeOne(later.runKey, () => ({ state: 'met', notices: [] }))).toBe(false);
      expect(await judgeOne(runKey, () => ({ state: 'met', notices: [] }))).toBe(false);
      expect(await harness.deadlines.nextCheck()).toBeGreaterThan(now);
    });

    test('what is judged, and what it tells, is saved together, once', async () => {
      const { runKey } = await watchedRun(-1_000);
      const told = {
        key: `missed ${runKey}`,
        target: { kind: 'webhook', connection: 'pager' },
        payload: { event: 'deadline.missed' },
      } as const;
      const judged = await judgeOne(runKey, ({ status }) => {
        expect(status).toBe('queued');
        return { state: 'missed', notices: [told] };
      });
      expect(judged).toBe(true);
      expect(await judgeOne(runKey, () => ({ state: 'missed', notices: [told] }))).toBe(false);
      const { items } = await harness.notices.list({ event: 'deadline.missed' }, { limit: 100, offset: 0 });
      expect(items.filter((one) => one.key === told.key)).toHaveLength(1);
    });

    test('a judgement that throws changes nothing', async () => {
      const { runKey } = await watchedRun(-1_000);
      await expect(harness.deadlines.judge(1_000, () => Promise.reject(new Error('no history')))).rejects.toThrow('no history');
      expect(await judgeOne(runKey, () => ({ state: 'met', notices: [] }))).toBe(true);
    });

    test('two that judge at once never judge the same deadline', async () => {
      const runs = await Promise.all(Array.from({ length: 6 }, () => watchedRun(-1_000)));
      const seen: string[] = [];
      const judge = async (due: readonly WatchedDeadline[]): Promise<readonly DeadlineVerdict[]> => {
        seen.push(...due.map((one) => one.runKey));
        return due.map((one) => ({ runKey: one.runKey, name: one.name, state: 'met', notices: [] }));
      };
      await Promise.all([harness.deadlines.judge(3, judge), harness.deadlines.judge(3, judge), harness.deadlines.judge(3, judge)]);
      await harness.deadlines.judge(100, judge);
      const mine = seen.filter((runKey) => runs.some((run) => run.runKey === runKey));
      expect(mine).toHaveLength(new Set(mine).size);
      expect(mine).toHaveLength(6);
    });

    test('a running run shows its tasks, and a prediction is remembered', async () => {
      const { runKey, now } = await watchedRun(-1_000);
      await harness.start();
      const verdict = { state: 'pending', checkAt: now - 1, expectedAt: now + 2 * HOUR, notices: [] } as const;
      expect(
        await judgeOne(runKey, (due) => {
          expect(due).toMatchObject({ status: 'running', predicted: false });
          expect(due.tasks.map((task) => task.taskId).sort()).toEqual(['extract', 'report']);
          return verdict;
        }),
      ).toBe(true);
      const judged = await judgeOne(runKey, ({ predicted }) => {
        expect(predicted).toBe(true);
        return { state: 'missed', notices: [] };
      });
      expect(judged).toBe(true);
    });

    test('durations are those of the newest successful runs', async () => {
      const dagId = `dag_${++dags}`;
      await harness.saveDag(dagSpec(dagId, undefined));
      for (const [status, taskMs] of [
        ['success', 90_000],
        ['failed', 700_000],
        ['success', 10_000],
        ['success', 20_000],
      ] as const) {
        const runKey = await harness.trigger(dagId);
        await harness.start();
        await harness.end(runKey, status, taskMs);
      }
      expect(await harness.deadlines.runDurations(dagId, 2)).toHaveLength(2);
      expect(await harness.deadlines.runDurations(dagId, 10)).toHaveLength(3);
      const durations = await harness.deadlines.taskDurations(dagId, 2);
      expect(durations.toSorted((a, b) => (a.taskId < b.taskId ? -1 : 1))).toEqual(
        ['extract', 'report'].map((taskId) => ({ taskId, runs: 2, meanMs: 15_000, p90Ms: 20_000 })),
      );
      expect(await harness.deadlines.taskDurations(`${dagId}_unknown`, 2)).toEqual([]);
    });
  });
}

function pending(runKey: string, name: string, checkAt: number): DeadlineVerdict {
  return { runKey, name, state: 'pending', checkAt, notices: [] };
}

function deadline(name: string): DeadlineSpec {
  return { name, from: { kind: 'run_queued' }, withinMs: HOUR, predict: true, notify: [{ kind: 'webhook', connection: 'pager' }] };
}

function taskSpec(taskId: string, upstream: readonly string[]): TaskSpec {
  return {
    taskId,
    kind: 'task',
    upstream,
    triggerRule: 'all_success',
    retries: { max: 0, delayMs: 0, backoff: 'fixed', maxDelayMs: 0, jitter: 0, rules: [] },
    executionTimeoutMs: HOUR,
    queue: 'default',
    pool: 'default_pool',
    poolSlots: 1,
    priorityWeight: 1,
    inputs: {},
    connections: [],
  };
}

function dagSpec(dagId: string, deadlines: readonly DeadlineSpec[] | undefined): DagSpec {
  return {
    formatVersion: 1,
    dagId,
    tags: [],
    owners: [],
    schedule: { kind: 'manual' },
    catchup: { kind: 'off' },
    maxActiveRuns: 100,
    maxActiveTasks: 100,
    pausedUponCreation: false,
    paramsDefault: {},
    tasks: [taskSpec('extract', []), taskSpec('report', ['extract'])],
    ...(deadlines === undefined ? {} : { deadlines }),
  };
}
