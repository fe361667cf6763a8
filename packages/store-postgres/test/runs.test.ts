import { DagNotFoundError, InvalidRunIdError, RunExistsError, type SchedulePlan } from '@headrace/ports';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type TestDatabase, testDatabase } from '../../../tests/support/test-database.ts';
import { ALL_SHARDS, dagSpec, instancesOf, loaded, saveDag, states, taskSpec } from './support/scenario.ts';

const SPEC = dagSpec('one', [taskSpec('a'), taskSpec('b', { upstream: ['a'] })], { paramsDefault: { min: 3 } });
const HOUR = 3_600_000;
const REQUEST = { dagId: 'one', params: {}, runType: 'manual', triggeredBy: 'test' } as const;

let db: TestDatabase;

beforeAll(async () => {
  db = await testDatabase();
});

beforeEach(async () => {
  await db.clean();
  await saveDag(db.store, SPEC);
});

afterAll(() => db.drop());

const start = (shards: readonly number[] = ALL_SHARDS, limit = 100) =>
  db.store.scheduler.startRuns(shards, limit, async () => instancesOf(SPEC));

describe('a triggered run', () => {
  test('is queued, named after its time, and pinned to the newest version', async () => {
    const { runKey, runId } = await db.store.commands.trigger({ ...REQUEST, runAfter: 1_500_000_000_123, user: 'ada', note: 'again' });
    expect(runId).toBe('manual__2017-07-14T02:40:00.123Z');
    expect(await db.store.queries.run('one', runId)).toMatchObject({
      runKey,
      status: 'queued',
      runType: 'manual',
      triggeredBy: 'test',
      user: 'ada',
      note: 'again',
      runAfter: 1_500_000_000_123,
      versionNumber: 1,
    });
  });

  test('without a name of its own is never refused for it', async () => {
    const ids = await Promise.all(Array.from({ length: 10 }, () => db.store.commands.trigger({ ...REQUEST, runAfter: 5 })));
    expect(new Set(ids.map((id) => id.runId)).size).toBe(10);
  });

  test('is refused when its run id, its logical date or its DAG is not to be had', async () => {
    await db.store.commands.trigger({ ...REQUEST, runId: 'mine', logicalDate: 1_000 });
    await expect(db.store.commands.trigger({ ...REQUEST, runId: 'mine' })).rejects.toThrow(RunExistsError);
    await expect(db.store.commands.trigger({ ...REQUEST, runId: 'other', logicalDate: 1_000 })).rejects.toThrow(
      /logical date 1970-01-01T00:00:01/,
    );
    await expect(db.store.commands.trigger({ ...REQUEST, dagId: 'nope' })).rejects.toThrow(DagNotFoundError);
    await expect(db.store.commands.trigger({ ...REQUEST, runId: 'a/../b' })).rejects.toThrow(InvalidRunIdError);
    await db.store.catalog.removeFile('one.ts');
    await expect(db.store.commands.trigger(REQUEST)).rejects.toThrow(DagNotFoundError);
  });
});

describe('starting', () => {
  test('gives a run its task instances once', async () => {
    const { runKey } = await db.store.commands.trigger(REQUEST);
    const [run, ...others] = await start();
    expect(others).toEqual([]);
    expect(run).toMatchObject({ runKey, status: 'running', revision: 0, dagId: 'one' });
    expect(run?.tasks.map((task) => [task.taskId, task.state])).toEqual([
      ['a', { status: 'scheduled', attempt: 0 }],
      ['b', { status: 'scheduled', attempt: 0 }],
    ]);
    expect(await start()).toEqual([]);
    expect(await db.store.scheduler.activeRuns([Number(runKey) % 32])).toEqual([runKey]);
    expect(await db.store.scheduler.activeRuns([(Number(runKey) + 1) % 32])).toEqual([]);
  });

  test('waits for the time, the shard, the pause and the limit of active runs', async () => {
    await saveDag(db.store, { ...SPEC, maxActiveRuns: 2 });
    const keys: string[] = [];
    for (let index = 0; index < 3; index++) keys.push((await db.store.commands.trigger({ ...REQUEST, runAfter: 10 - index })).runKey);
    await db.store.commands.trigger({ ...REQUEST, runAfter: Date.now() + HOUR });
    expect(await start([])).toEqual([]);
    await db.store.commands.setPaused('one', true);
    expect(await start()).toEqual([]);
    await db.store.commands.setPaused('one', false);
    // The oldest come first, whatever their ids are.
    expect((await start()).map((run) => run.runKey).sort()).toEqual([keys[1], keys[2]].sort());
    expect(await start()).toEqual([]);
    await db.sql.query("update dag_run set state = 'success' where id = $1", [keys[2]]);
    expect((await start()).map((run) => run.runKey)).toEqual([keys[0]]);
  });

  test('by two schedulers at once never exceeds the limit', async () => {
    await saveDag(db.store, { ...SPEC, maxActiveRuns: 5 });
    for (let index = 0; index < 40; index++) await db.store.commands.trigger({ ...REQUEST, runAfter: index });
    const even = ALL_SHARDS.filter((shard) => shard % 2 === 0);
    const odd = ALL_SHARDS.filter((shard) => shard % 2 === 1);
    const started = await Promise.all([start(even), start(odd), start(even), start(odd)]);
    expect(started.flat()).toHaveLength(5);
  });

  test('a run of ten thousand tasks takes one statement for them all', async () => {
    const wide = dagSpec(
      'wide',
      Array.from({ length: 10_000 }, (_, index) => taskSpec(`task_${index}`)),
    );
    await saveDag(db.store, wide);
    await db.store.commands.trigger({ ...REQUEST, dagId: 'wide' });
    const [run] = await db.store.scheduler.startRuns(ALL_SHARDS, 10, async () => instancesOf(wide));
    expect(run?.tasks).toHaveLength(10_000);
    expect(new Set(run?.tasks.map((task) => task.taskId)).size).toBe(10_000);
  });

  test('a run that was cleared keeps its task instances', async () => {
    await db.store.commands.trigger(REQUEST);
    const [run] = await start();
    if (run === undefined) throw new Error('not started');
    await db.sql.query("update task_instance set state = 'success', attempt = 1");
    await db.sql.query("update dag_run set state = 'queued'");
    const [again] = await start();
    expect(again?.tasks.map((task) => task.taskInstanceId)).toEqual(run.tasks.map((task) => task.taskInstanceId));
    expect(await states(db.store, run.runKey)).toEqual({ a: 'success 1', b: 'success 1' });
  });
});

describe('schedules', () => {
  const plan =
    (runs: number, more: Partial<SchedulePlan> = {}) =>
    (dag: { dagId: string; versionId: string }): SchedulePlan => ({
      dagId: dag.dagId,
      runs: Array.from({ length: runs }, (_, index) => ({
        dagId: dag.dagId,
        versionId: dag.versionId,
        runId: `scheduled__${index}`,
        runType: 'scheduled',
        logicalDate: index * HOUR,
        intervalStart: index * HOUR,
        intervalEnd: (index + 1) * HOUR,
        runAfter: (index + 1) * HOUR,
      })),
      ...more,
    });

  test('are planned when a DAG is new, un-paused or due, and at no other time', async () => {
    const nextDueAt = Date.now() + HOUR;
    const first = await db.store.scheduler.planDueDags(10, plan(2, { scheduledUpTo: 2 * HOUR, nextDueAt }));
    expect(first).toMatchObject({ looked: 1, created: [expect.any(String), expect.any(String)] });
    expect(await db.store.scheduler.planDueDags(10, plan(2))).toEqual({ looked: 0, created: [] });
    expect(await db.store.scheduler.nextDue(ALL_SHARDS)).toBe(HOUR);
    await db.sql.query("update dag_run set state = 'success'");
    expect(await db.store.scheduler.nextDue(ALL_SHARDS)).toBe(nextDueAt);
    await db.store.commands.setPaused('one', true);
    expect(await db.store.scheduler.nextDue(ALL_SHARDS)).toBeUndefined();
    await db.store.commands.setPaused('one', false);
    const seen: unknown[] = [];
    const again = await db.store.scheduler.planDueDags(10, (dag, now) => {
      seen.push(dag.scheduledUpTo);
      expect(dag.spec).toEqual(SPEC);
      expect(dag.activeSince).toBeGreaterThan(dag.firstSeenAt);
      expect(now).toBeGreaterThanOrEqual(dag.activeSince);
      return plan(3)(dag);
    });
    // Two of the three runs exist already and are left alone.
    expect(again.created).toHaveLength(1);
    expect(seen).toEqual([2 * HOUR]);
    const runs = await db.store.queries.runs({ dagId: 'one' }, { limit: 10, offset: 0, orderBy: ['logical_date'] });
    expect(runs.items.map((run) => [run.runId, run.triggeredBy, run.params])).toEqual(
      [0, 1, 2].map((index) => [`scheduled__${index}`, 'timetable', { min: 3 }]),
    );
  });

  test('are planned by one scheduler at a time', async () => {
    const [one, two] = await Promise.all([db.store.scheduler.planDueDags(10, plan(5)), db.store.scheduler.planDueDags(10, plan(5))]);
    expect([one.created.length, two.created.length].sort()).toEqual([0, 5]);
  });
});

describe('the next thing that is due', () => {
  test('is a queued run only while its DAG may start it', async () => {
    await db.sql.query('update dag set next_due_at = null');
    await saveDag(db.store, { ...SPEC, maxActiveRuns: 1 });
    await db.sql.query('update dag set next_due_at = null');
    await db.store.commands.trigger({ ...REQUEST, runAfter: 1_000 });
    await db.store.commands.trigger({ ...REQUEST, runAfter: 2_000 });
    expect(await db.store.scheduler.nextDue(ALL_SHARDS)).toBe(1_000);
    await start();
    expect(await db.store.scheduler.nextDue(ALL_SHARDS)).toBeUndefined();
  });

  test('is a retry that lies ahead', async () => {
    await db.sql.query('update dag set next_due_at = null');
    await db.store.commands.trigger(REQUEST);
    const [run] = await start();
    const dueAt = Date.now() + HOUR;
    await db.sql.query("update task_instance set state = 'up_for_retry', attempt = 1, due_at = $1 where task_id = 'a'", [new Date(dueAt)]);
    expect(await db.store.scheduler.nextDue(ALL_SHARDS)).toBe(dueAt);
    expect((await loaded(db.store, run?.runKey ?? '')).tasks[0]?.state).toEqual({ status: 'up_for_retry', attempt: 1, dueAt });
  });
});
