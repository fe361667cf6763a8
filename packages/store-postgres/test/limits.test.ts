/** Who gets a slot under limits of its own, beside the limits of pools, DAGs and queues that `decide.test.ts` shows. */
import { setTimeout as delay } from 'node:timers/promises';
import { admit, type TaskSpec } from '@headrace/core';
import { type LoadedRun, type QueuedTask, silentLog } from '@headrace/ports';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type TestDatabase, testDatabase } from '../../../tests/support/test-database.ts';
import { createStore, type PostgresStore } from '../src/index.ts';
import { explainingConnection, planOf, recorded } from './support/recorded-statements.ts';
import { ALL_SHARDS, claimed, dagSpec, decide, instancesOf, saveDag, startedRun, taskSpec, WORKER } from './support/scenario.ts';

let db: TestDatabase;

beforeAll(async () => {
  db = await testDatabase();
});

beforeEach(() => db.clean());

afterAll(() => db.drop());

function tasks(count: number, more: Partial<TaskSpec> = {}): readonly TaskSpec[] {
  return Array.from({ length: count }, (_, index) => taskSpec(`t${String(index).padStart(5, '0')}`, more));
}

/** The DAG is registered, and a run of it has all its tasks ready. */
async function ready(dagId: string, specs: readonly TaskSpec[], more: Parameters<typeof dagSpec>[2] = {}): Promise<LoadedRun> {
  const spec = dagSpec(dagId, specs, more);
  await saveDag(db.store, spec);
  return startedRun(db.store, spec);
}

async function finished(task: QueuedTask): Promise<void> {
  await claimed(db.store, task);
  await db.store.attempts.finish({ ...task, to: { status: 'success', attempt: task.attempt } }, WORKER);
}

function countBy(run: LoadedRun, queued: readonly QueuedTask[]): number {
  return queued.filter((task) => task.runKey === run.runKey).length;
}

describe('a limit of a task', () => {
  test('over all runs holds over all runs, and in a run in each', async () => {
    const spec = dagSpec('capped', [taskSpec('all', { limits: { maxActive: 2 } }), taskSpec('each', { limits: { maxActivePerRun: 1 } })]);
    await saveDag(db.store, spec);
    for (let index = 0; index < 4; index++) await startedRun(db.store, spec);
    const { queued, backlog } = await decide(db.store);
    const { rows } = await db.sql.query(
      "select task_id, count(*)::int as n from task_instance where state = 'queued' group by task_id order by 1",
    );
    expect(rows).toEqual([
      { task_id: 'all', n: 2 },
      { task_id: 'each', n: 4 },
    ]);
    expect(backlog).toBe(true);
    expect((await decide(db.store)).queued).toEqual([]);
    for (const task of queued) await finished(task);
    expect((await decide(db.store)).queued).toHaveLength(2);
  });

  test('counts a mapped task that grows while its run goes on, in each run for itself', async () => {
    const mapped = taskSpec('mapped', { limits: { maxActivePerRun: 3 } });
    const one = await ready('one', [mapped]);
    const two = await ready('two', [mapped]);
    const [instance] = instancesOf(dagSpec('one', [mapped]));
    if (instance === undefined) throw new Error('no instance');
    const created = Array.from({ length: 9 }, (_, mapIndex) => ({ ...instance, mapIndex, reason: 'mapped' }));
    await decide(db.store, { runKey: one.runKey, revision: 0, changes: [], created });
    const { queued } = await decide(db.store);
    expect(countBy(two, queued)).toBe(0);
    const { rows } = await db.sql.query(
      "select dag_id, count(*)::int as n from task_instance where state = 'queued' group by 1 order by 1",
    );
    expect(rows).toEqual([
      { dag_id: 'one', n: 3 },
      { dag_id: 'two', n: 1 },
    ]);
  });

  test('by key is shared by DAGs, with the params of each run filled in, and the smallest of those that hold it counts', async () => {
    const limit = (most: number) => ({ limits: { concurrency: [{ key: 'crm/{params.day}', limit: most }] } });
    const generous = await ready('generous', tasks(5, { ...limit(3), priorityWeight: 9 }));
    const strict = await ready('strict', tasks(5, limit(1)));
    const first = await decide(db.store);
    expect([countBy(generous, first.queued), countBy(strict, first.queued)]).toEqual([3, 0]);
    const { rows } = await db.sql.query("select distinct limits from task_instance where dag_id = 'strict'");
    expect(rows).toEqual([{ limits: { slots: [{ key: 'key:crm/1', limit: 1 }], rates: [] } }]);
    for (const task of first.queued) await finished(task);
    for (const task of (await decide(db.store)).queued) await finished(task);
    const last = await decide(db.store);
    expect([countBy(generous, last.queued), countBy(strict, last.queued)]).toEqual([0, 1]);
    expect((await decide(db.store)).queued).toEqual([]);
  });

  test('counts retries, and is given back with the slot', async () => {
    const run = await ready('again', tasks(2, { limits: { maxActivePerRun: 1, concurrency: [{ key: 'k', limit: 1 }] } }));
    const [first] = (await decide(db.store)).queued;
    if (first === undefined) throw new Error('no slot');
    await claimed(db.store, first);
    await db.store.attempts.finish({ ...first, to: { status: 'up_for_retry', attempt: 1, dueAt: 1_000 } }, WORKER);
    const [second] = (await decide(db.store)).queued;
    expect(second?.taskInstanceId).not.toBe(first.taskInstanceId);
    const due = {
      taskInstanceId: first.taskInstanceId,
      from: 'up_for_retry',
      fromAttempt: 1,
      to: { status: 'scheduled', attempt: 1 },
      reason: 'due',
    } as const;
    const refused = await decide(db.store, { runKey: run.runKey, revision: 0, changes: [due] });
    expect(refused).toMatchObject({ queued: [], backlog: true });
    if (second === undefined) throw new Error('no second slot');
    await finished(second);
    expect((await decide(db.store)).queued.map((task) => [task.taskInstanceId, task.attempt])).toEqual([[first.taskInstanceId, 2]]);
  });
});

describe('a rate', () => {
  test('gives what its bucket holds, and tells when the next token is there', async () => {
    const rate = [{ key: 'api', tokens: 1, perMs: 400, burst: 2 }];
    await ready('one', tasks(3, { limits: { rate } }));
    await ready('two', tasks(3, { limits: { rate } }));
    const began = await db.store.scheduler.now();
    const first = await decide(db.store);
    expect(first.queued).toHaveLength(2);
    expect(first.nextAdmissionAt).toBeGreaterThan(began + 390);
    expect(first.backlog).toBe(true);
    expect((await decide(db.store)).queued).toEqual([]);
    const got: number[] = [];
    for (let given = 2; given < 5; ) {
      const { queued, nextAdmissionAt = 0 } = await decide(db.store);
      if (queued.length > 0) got.push(await db.store.scheduler.now());
      given += queued.length;
      await delay(Math.max(0, nextAdmissionAt - (await db.store.scheduler.now())));
    }
    // Two at once, then one for each 400 ms at the most, however long the looks took.
    for (const [index, at] of got.entries()) expect(at - began).toBeGreaterThanOrEqual((index + 1) * 400 - 1);
  });

  test('has its bucket kept only until it is full again', async () => {
    await ready('one', tasks(1, { limits: { rate: [{ key: 'api', tokens: 1, perMs: 1, burst: 1 }] } }));
    await db.sql.query("insert into rate_bucket select 'old ' || n, 1000 + n from generate_series(1, 30) n");
    expect((await decide(db.store)).queued).toHaveLength(1);
    const { rows } = await db.sql.query('select key from rate_bucket');
    expect(rows).toEqual([{ key: 'api' }]);
  });
});

describe('a pool', () => {
  test('that includes deferred tasks counts their slots until they go on', async () => {
    await db.sql.query('update pool set slots = 2, include_deferred = true');
    const run = await ready('waits', tasks(4));
    const first = await decide(db.store);
    expect(first.queued).toHaveLength(2);
    const [deferred, other] = first.queued as [QueuedTask, QueuedTask];
    await db.sql.query("update task_instance set state = 'deferred' where id = $1", [deferred.taskInstanceId]);
    expect((await decide(db.store)).queued).toEqual([]);
    await finished(other);
    expect((await decide(db.store)).queued).toHaveLength(1);
    // What it held itself is there for it, or for whoever is more urgent, when it goes on.
    const back = {
      taskInstanceId: deferred.taskInstanceId,
      from: 'deferred',
      fromAttempt: 1,
      to: { status: 'scheduled', attempt: 1 },
      reason: 'event',
    } as const;
    expect((await decide(db.store, { runKey: run.runKey, revision: 0, changes: [back] })).queued).toHaveLength(1);
    expect((await decide(db.store)).queued).toEqual([]);
  });

  test('that does not include them gives their slots to others', async () => {
    await db.sql.query('update pool set slots = 1');
    await ready('waits', tasks(2));
    const [deferred] = (await decide(db.store)).queued;
    await db.sql.query("update task_instance set state = 'deferred' where id = $1", [deferred?.taskInstanceId]);
    expect((await decide(db.store)).queued).toHaveLength(1);
  });
});

describe('slots go', () => {
  test('to the higher class first, over all DAGs and whatever the weight', async () => {
    await db.sql.query('update pool set slots = 3');
    const low = await ready('low', tasks(4, { priorityWeight: 50 }));
    await db.sql.query('update task_instance set priority_class = -1');
    const high = await ready('high', tasks(2));
    const { queued } = await decide(db.store);
    expect([countBy(high, queued), countBy(low, queued)]).toEqual([2, 1]);
  });

  test('to the greater weight first, even among thousands in many lanes', async () => {
    await db.sql.query('update pool set slots = 700');
    const weighed = tasks(3_000).map((task, index) => ({ ...task, priorityWeight: index % 97 }));
    await ready('weighed', weighed, { maxActiveTasks: 5_000 });
    for (const dagId of ['a', 'b', 'c']) await ready(dagId, tasks(400, { priorityWeight: 90 }));
    const { queued } = await decide(db.store);
    expect(queued).toHaveLength(512);
    const { rows } = await db.sql.query("select min(priority_weight) as least from task_instance where state = 'queued'");
    const { rows: left } = await db.sql.query("select max(priority_weight) as most from task_instance where state = 'scheduled'");
    expect(rows[0].least).toBeGreaterThanOrEqual(left[0].most);
  });

  test('in the order of priority over hundreds of lanes, of which one has all that is urgent', async () => {
    await db.sql.query('update pool set slots = 40');
    const lanes = dagSpec(
      'lanes',
      tasks(300).map((task, index) => ({ ...task, limits: { maxActive: 1_000 + index } })),
      { maxActiveTasks: 5_000 },
    );
    await saveDag(db.store, lanes);
    for (let run = 0; run < 60; run++) await startedRun(db.store, lanes);
    await db.sql.query(
      "update task_instance set priority_weight = case when task_id = 't00007' then 50 else 1 + id % 40 end, priority_class = id % 2",
    );
    for (let look = 0; look < 6; look++) {
      const { queued } = await decide(db.store);
      expect(queued).toHaveLength(40);
      const { rows } = await db.sql.query<{ order_kept: boolean }>(
        `select (select min(array[priority_class, priority_weight]) from task_instance where id = any($1))
           >= (select max(array[priority_class, priority_weight]) from task_instance where state = 'scheduled') as order_kept`,
        [queued.map((task) => task.taskInstanceId)],
      );
      expect(rows).toEqual([{ order_kept: true }]);
      await db.sql.query("update task_instance set state = 'success' where state = 'queued'");
    }
  });

  test('to DAGs in turn, so that a task does not wait for all that another DAG has ready', async () => {
    await db.sql.query('update pool set slots = 10');
    const big = await ready('big', tasks(10_000), { maxActiveTasks: 20_000 });
    const first = await decide(db.store);
    expect(countBy(big, first.queued)).toBe(10);
    const late = await ready('late', tasks(3));
    for (const task of first.queued.slice(0, 4)) await finished(task);
    const { queued } = await decide(db.store);
    expect([countBy(late, queued), countBy(big, queued)]).toEqual([3, 1]);
  });

  test('in the end to all, where more lanes wait than one look takes in', async () => {
    await db.sql.query('update pool set slots = 5000');
    await db.store.attempts.register({ workerId: 'w', hostname: 'h', pid: 1, queues: ['default'], slots: 2_000 }, 60_000);
    await ready(
      'lanes',
      tasks(1_500).map((task) => ({ ...task, limits: { maxActive: 1 } })),
      { maxActiveTasks: 5_000 },
    );
    const first = await decide(db.store);
    expect(first.queued).toHaveLength(1_000);
    expect(first.nextAdmissionAt).toBeLessThanOrEqual(await db.store.scheduler.now());
    const second = await decide(db.store);
    expect(second.queued).toHaveLength(500);
    expect(second.nextAdmissionAt).toBeUndefined();
    expect((await decide(db.store)).backlog).toBe(false);
  });
});

describe('ten thousand tasks that a limit holds back', () => {
  const MANY = 10_000;
  const blocks: readonly [what: string, specs: readonly TaskSpec[], maxActiveTasks: number][] = [
    ['its DAG', tasks(MANY, { priorityWeight: 5 }), 1],
    ['its pool', tasks(MANY, { priorityWeight: 5, pool: 'narrow' }), 50_000],
    ['a concurrency key', tasks(MANY, { priorityWeight: 5, limits: { concurrency: [{ key: 'k', limit: 1 }] } }), 50_000],
    ['a rate', tasks(MANY, { priorityWeight: 5, limits: { rate: [{ key: 'k', tokens: 1, perMs: 3_600_000, burst: 1 }] } }), 50_000],
    ['different limits of each, under a full DAG', tasks(MANY, { priorityWeight: 5, limits: { maxActive: 9 } }), 1],
  ];

  test.each(blocks)('by %s keep no other DAG waiting, and are not read', async (_, specs, maxActiveTasks) => {
    await db.sql.query("insert into pool (name, slots) values ('narrow', 1)");
    const blocked = await ready('blocked', specs, { maxActiveTasks });
    expect(countBy(blocked, (await decide(db.store)).queued)).toBe(1);
    const free = await ready('free', tasks(2));
    const read = await rowsRead(async (store) => {
      const { queued, backlog } = await decide(store);
      expect([countBy(free, queued), countBy(blocked, queued), backlog]).toEqual([2, 0, true]);
    });
    expect(read).toBeGreaterThan(1);
    expect(read).toBeLessThan(60);
  });
});

/** Rows of task instances that the store's statements read, counted by explaining each once more when all were carried out. */
async function rowsRead(work: (store: PostgresStore) => Promise<void>): Promise<number> {
  // A store of its own, because a connection prepares what it counts only once.
  const store = createStore({ url: db.url, log: silentLog });
  const client = await explainingConnection(db.url);
  try {
    let rows = 0;
    for (const statement of await recorded(() => work(store))) {
      for (const node of await planOf(client, statement)) {
        if (node['Relation Name'] !== 'task_instance') continue;
        rows += ((node['Actual Rows'] ?? 0) + (node['Rows Removed by Filter'] ?? 0)) * (node['Actual Loops'] ?? 0);
      }
    }
    return rows;
  } finally {
    await client.end();
    await store.close();
  }
}

test('no limit is ever exceeded while four schedulers give slots and workers come and go', async () => {
  const shared = { concurrency: [{ key: 'shared', limit: 4 }] };
  await ready('a', [...tasks(40, { limits: { ...shared, maxActivePerRun: 1 } }), taskSpec('z', { limits: { maxActive: 1 } })]);
  await ready('b', tasks(40, { limits: shared, poolSlots: 2 }));
  await ready('c', tasks(40), { maxActiveTasks: 3 });
  await db.sql.query('update pool set slots = 9');
  const stores = Array.from({ length: 4 }, () => createStore({ url: db.url, log: silentLog, poolSize: 3 }));
  const most = { slots: 0, shared: 0, c: 0 };
  let ended = 0;
  try {
    await Promise.all(
      stores.map(async (store, index) => {
        while (ended < 121) {
          const { queued } = await store.scheduler.decide({ schedulerId: `s${index}`, runs: [] }, admit);
          const usage = await measure();
          for (const name of ['slots', 'shared', 'c'] as const) most[name] = Math.max(most[name], usage[name]);
          for (const task of queued) {
            await claimed(store, task, `w${index}`);
            await store.attempts.finish({ ...task, to: { status: 'success', attempt: task.attempt } }, `w${index}`);
            ended += 1;
          }
        }
      }),
    );
  } finally {
    await Promise.all(stores.map((store) => store.close()));
  }
  expect(most.slots).toBeLessThanOrEqual(9);
  expect(most.shared).toBeLessThanOrEqual(4);
  expect(most.c).toBeLessThanOrEqual(3);
  expect(await db.store.scheduler.activeRuns(ALL_SHARDS)).toHaveLength(3);
}, 60_000);

async function measure(): Promise<{ slots: number; shared: number; c: number }> {
  const { rows } = await db.sql.query<{ slots: number; shared: number; c: number }>(
    `select coalesce(sum(pool_slots), 0)::int as slots, count(*) filter (where dag_id in ('a', 'b') and task_id <> 'z')::int as shared,
       count(*) filter (where dag_id = 'c')::int as c
     from task_instance where state in ('queued', 'running', 'restarting')`,
  );
  return rows[0] ?? { slots: 0, shared: 0, c: 0 };
}
