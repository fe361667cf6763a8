/**
 * What every AssetStore must do, wherever it keeps the assets. Golden cases cite Airflow 3, authoring-and-scheduling/asset-scheduling
 * (https://airflow.apache.org/docs/apache-airflow/stable/authoring-and-scheduling/asset-scheduling.html).
 */
import {
  type AssetCondition,
  type AssetSpec,
  admit,
  consume,
  type DagSpec,
  type Instant,
  type PartitionSpec,
  type TaskSpec,
  type TaskState,
  type TimePartitions,
  triggeredInterval,
} from '@headrace/core';
import type {
  AssetEventRecord,
  AssetStore,
  AttemptStore,
  CatalogStore,
  CommandStore,
  ConsumerPlan,
  NewAssetEvent,
  SchedulerStore,
  TriggeredRuns,
  WaitingConsumer,
} from '@headrace/ports';

type TestFunctions = Pick<typeof import('@jest/globals'), 'describe' | 'test' | 'expect' | 'beforeAll' | 'afterAll'>;

/** Ports over one and the same rows. */
export interface AssetStores {
  readonly assets: AssetStore;
  readonly catalog: CatalogStore;
  readonly commands: CommandStore;
  readonly scheduler: SchedulerStore;
  readonly attempts: AttemptStore;
}

export interface RunFacts {
  readonly dagId: string;
  readonly runId: string;
  readonly runType: string;
  readonly status: string;
  readonly triggeredBy: string;
  readonly partition: string | undefined;
  readonly intervalStart: Instant | undefined;
  readonly intervalEnd: Instant | undefined;
  readonly params: unknown;
}

export interface AssetStoreHarness {
  /** Empty stores. */
  empty(): Promise<AssetStores>;
  run(runKey: string): Promise<RunFacts>;
  close(): Promise<void>;
}

const PAGE = { limit: 100, offset: 0 };
const WORKER = 'worker-1';
const ALL_SHARDS = Array.from({ length: 32 }, (_, shard) => shard);
const DAYS: TimePartitions = { kind: 'time', every: 'day', timezone: 'UTC' };

const asset = (name: string): AssetCondition => ({ kind: 'asset', name });
const all = (...names: string[]): AssetCondition => ({ kind: 'all', of: names.map(asset) });
const any = (...names: string[]): AssetCondition => ({ kind: 'any', of: names.map(asset) });

/** As the engine's duty plans. */
export function planByCore({ dag, assets, queued, held }: WaitingConsumer): ConsumerPlan {
  const { runs, ignored } = consume(dag, assets, queued, held);
  return {
    ignored: ignored.map((event) => event.eventId),
    runs: runs.map(({ events, partition, heldRun }) => ({
      eventIds: events.map((event) => event.eventId),
      interval: triggeredInterval(events, dag.partitions, partition),
      ...(partition === undefined ? {} : { partition }),
      ...(heldRun === undefined ? {} : { heldRun }),
    })),
  };
}

export function taskSpec(taskId: string, more: Partial<TaskSpec> = {}): TaskSpec {
  return {
    taskId,
    kind: 'task',
    upstream: [],
    triggerRule: 'all_success',
    retries: { max: 0, delayMs: 0, backoff: 'fixed', maxDelayMs: 0, jitter: 0, rules: [] },
    executionTimeoutMs: 60_000,
    queue: 'default',
    pool: 'default_pool',
    poolSlots: 1,
    priorityWeight: 1,
    inputs: {},
    connections: [],
    ...more,
  };
}

export function dagSpec(dagId: string, more: Partial<DagSpec> = {}): DagSpec {
  return {
    formatVersion: 1,
    dagId,
    tags: [],
    owners: [],
    schedule: { kind: 'manual' },
    catchup: { kind: 'off' },
    maxActiveRuns: 1_000,
    maxActiveTasks: 1_000,
    pausedUponCreation: false,
    paramsDefault: {},
    tasks: [taskSpec('use')],
    ...more,
  };
}

/** A DAG with one task, which makes these assets. */
export function producer(dagId: string, ...assets: readonly (string | AssetSpec)[]): DagSpec {
  const specs = assets.map((one) => (typeof one === 'string' ? { name: one } : one));
  return dagSpec(dagId, { assets: specs, tasks: [taskSpec('make', { outlets: specs.map((one) => one.name) })] });
}

export function consumer(dagId: string, when: AssetCondition, more: Partial<DagSpec> = {}): DagSpec {
  return dagSpec(dagId, { schedule: { kind: 'assets', when }, ...more });
}

export async function saveDag({ catalog }: Pick<AssetStores, 'catalog'>, spec: DagSpec): Promise<void> {
  const text = JSON.stringify(spec);
  await catalog.saveFile({ file: `${spec.dagId}.ts`, dags: [{ spec, graphHash: text }], bundle: { hash: 'code', code: '' } });
}

/** Runs the DAG's only task to this end, with these events. Answers with the key of the run. */
export async function finishTask(
  { commands, scheduler, attempts }: Pick<AssetStores, 'commands' | 'scheduler' | 'attempts'>,
  dagId: string,
  assetEvents: readonly NewAssetEvent[],
  {
    status = 'success',
    worker = WORKER,
    interval,
  }: { status?: 'success' | 'failed' | 'skipped' | 'up_for_retry'; worker?: string; interval?: readonly [Instant, Instant] } = {},
): Promise<{ readonly runKey: string; readonly recorded: boolean }> {
  const { runKey } = await commands.trigger({
    dagId,
    params: {},
    runType: 'manual',
    triggeredBy: 'test',
    ...(interval === undefined ? {} : { intervalStart: interval[0], intervalEnd: interval[1] }),
  });
  const versions = new Map<string, DagSpec>();
  await scheduler.startRuns(ALL_SHARDS, 1_000, async ({ versionId }) => {
    const spec = versions.get(versionId) ?? (await scheduler.loadVersion(versionId));
    versions.set(versionId, spec);
    return spec.tasks.map(({ taskId, queue, pool, poolSlots, priorityWeight }) => ({
      taskId,
      state: { status: 'scheduled', attempt: 0 },
      queue,
      pool,
      poolSlots,
      priorityWeight,
      maxTries: 1,
    }));
  });
  const { queued } = await scheduler.decide({ schedulerId: 'scheduler-1', runs: [] }, admit);
  const task = queued.find((one) => one.runKey === runKey);
  const claimed = task === undefined ? undefined : await attempts.claim(task, WORKER, 60_000);
  if (claimed === undefined) throw new Error(`the task of run ${runKey} could not be claimed`);
  const { attempt } = claimed;
  const to: TaskState = status === 'up_for_retry' ? { status, attempt, dueAt: claimed.runAfter } : { status, attempt };
  return { runKey, recorded: await attempts.finish({ ...claimed, to, assetEvents }, worker) };
}

export function assetStoreConformance(
  jest: TestFunctions,
  { name, open }: { readonly name: string; readonly open: () => Promise<AssetStoreHarness> },
): void {
  const { describe, test, expect, beforeAll, afterAll } = jest;

  describe(`${name} keeps assets, their events and what waits for them`, () => {
    let harness: AssetStoreHarness;
    beforeAll(async () => {
      harness = await open();
    }, 60_000);
    afterAll(() => harness?.close());

    const trigger = ({ assets }: AssetStores): Promise<TriggeredRuns> => assets.triggerConsumers(100, planByCore);
    const eventNames = async ({ assets }: AssetStores, runKey: string): Promise<readonly string[]> =>
      (await assets.triggeringEvents(runKey)).map((event) => event.asset);
    const push = ({ assets }: AssetStores, event: string, more: Omit<NewAssetEvent, 'asset'> = {}): Promise<AssetEventRecord> =>
      assets.addEvent({ asset: event, ...more });
    const assetId = async ({ assets }: AssetStores, assetName: string): Promise<string> => {
      const found = await assets.asset({ name: assetName });
      if (found === undefined) throw new Error(`there is no asset ${assetName}`);
      return found.assetId;
    };
    const queueOf = async ({ assets }: AssetStores, dagId: string): Promise<number> => (await assets.queuedEvents({ dagId })).length;

    describe('an event', () => {
      test('of a task that succeeds is recorded with where it comes from', async () => {
        const stores = await harness.empty();
        await saveDag(stores, producer('shop', { name: 'sales', uri: 's3://lake/sales', group: 'lake' }));
        const { runKey } = await finishTask(stores, 'shop', [{ asset: 'sales', extra: { rowCount: 12 }, partition: 'p' }]);
        const { items, total } = await stores.assets.events({}, PAGE);
        expect(total).toBe(1);
        expect(items[0]).toMatchObject({
          asset: 'sales',
          uri: 's3://lake/sales',
          group: 'lake',
          partition: 'p',
          extra: { rowCount: 12 },
          source: { runKey, dagId: 'shop', taskId: 'make', mapIndex: -1 },
        });
        expect((await stores.assets.asset({ name: 'sales' }))?.lastEvent).toEqual({ eventId: items[0]?.eventId, at: items[0]?.at });
      });

      test.each(['failed', 'skipped', 'up_for_retry'] as const)('is not made by a task that ends as %s', async (status) => {
        const stores = await harness.empty();
        await saveDag(stores, producer('shop', 'sales'));
        await saveDag(stores, consumer('report', asset('sales')));
        await finishTask(stores, 'shop', [{ asset: 'sales' }], { status });
        expect((await stores.assets.events({}, PAGE)).total).toBe(0);
        expect(await trigger(stores)).toMatchObject({ created: [], looked: 0 });
      });

      test("is not made by an attempt that is not the worker's any more", async () => {
        const stores = await harness.empty();
        await saveDag(stores, producer('shop', 'sales'));
        expect(await finishTask(stores, 'shop', [{ asset: 'sales' }], { worker: 'another' })).toMatchObject({ recorded: false });
        expect((await stores.assets.events({}, PAGE)).total).toBe(0);
      });

      test('from outside is recorded with who pushed it, of an asset that some DAG names', async () => {
        const stores = await harness.empty();
        await saveDag(stores, consumer('report', asset('sales')));
        const event = await stores.assets.addEvent({ asset: 'sales', extra: { file: 'a\u0000b' } }, 'anna');
        expect(event).toMatchObject({ asset: 'sales', user: 'anna' });
        expect(event.source).toBeUndefined();
        await expect(push(stores, 'nothing')).rejects.toMatchObject({ code: 'HR_ASSET_NOT_FOUND' });
      });

      test('of an asset that no DAG names any more is kept all the same', async () => {
        const stores = await harness.empty();
        await saveDag(stores, producer('shop', 'sales'));
        await finishTask(stores, 'shop', [{ asset: 'sales' }, { asset: 'older' }]);
        expect((await stores.assets.events({}, PAGE)).items.map((event) => event.asset)).toEqual(['sales', 'older']);
        expect(await stores.assets.asset({ name: 'older' })).toMatchObject({ spec: { name: 'older' }, producing: [] });
      });

      test('is found by asset, source, partition and time', async () => {
        const stores = await harness.empty();
        await saveDag(stores, producer('shop', 'sales', 'stock'));
        await finishTask(stores, 'shop', [{ asset: 'sales', partition: 'a' }, { asset: 'stock' }]);
        const outside = await push(stores, 'sales');
        const found = async (filter: Parameters<AssetStore['events']>[0]): Promise<number> =>
          (await stores.assets.events(filter, PAGE)).total;
        expect(await found({ assetId: await assetId(stores, 'sales') })).toBe(2);
        expect(await found({ namePattern: 'sto%' })).toBe(1);
        expect(await found({ partition: 'a' })).toBe(1);
        expect(await found({ dagId: 'shop', taskId: 'make', mapIndex: -1 })).toBe(2);
        expect(await found({ runId: 'none' })).toBe(0);
        expect(await found({ at: { gt: outside.at } })).toBe(0);
        const { items } = await stores.assets.events({}, { limit: 1, offset: 0, orderBy: ['-id'] });
        expect(items[0]?.eventId).toBe(outside.eventId);
      });
    });

    describe('a run', () => {
      test('is made when all assets were updated, with all their events ("Multiple assets")', async () => {
        const stores = await harness.empty();
        await saveDag(stores, producer('shop', 'a', 'b'));
        await saveDag(stores, consumer('report', all('a', 'b'), { paramsDefault: { limit: 3 } }));
        await finishTask(stores, 'shop', [{ asset: 'a' }], { interval: [1_000, 5_000] });
        expect(await trigger(stores)).toMatchObject({ created: [], looked: 1 });
        await finishTask(stores, 'shop', [{ asset: 'a' }], { interval: [5_000, 9_000] });
        expect((await trigger(stores)).created).toEqual([]);
        await finishTask(stores, 'shop', [{ asset: 'b' }], { interval: [2_000, 3_000] });
        const { created } = await trigger(stores);
        expect(created).toHaveLength(1);
        const runKey = created[0] ?? '';
        expect(await eventNames(stores, runKey)).toEqual(['a', 'a', 'b']);
        const facts = await harness.run(runKey);
        expect(facts).toMatchObject({
          dagId: 'report',
          runType: 'asset_triggered',
          status: 'queued',
          triggeredBy: 'asset',
          intervalStart: 1_000,
          intervalEnd: 9_000,
          params: { limit: 3 },
        });
        expect(facts.runId).toMatch(/^asset_triggered__\d{4}-\d\d-\d\dT/);
        expect(await queueOf(stores, 'report')).toBe(0);
        expect(await trigger(stores)).toMatchObject({ created: [], looked: 0 });
      });

      test('is made once for each update when it comes alone, with a name of its own', async () => {
        const stores = await harness.empty();
        await saveDag(stores, consumer('report', any('a', 'b')));
        const keys: string[] = [];
        for (let times = 0; times < 3; times++) {
          await push(stores, 'a');
          keys.push(...(await trigger(stores)).created);
        }
        expect(keys).toHaveLength(3);
        const names = await Promise.all(keys.map(async (key) => (await harness.run(key)).runId));
        expect(new Set(names).size).toBe(3);
      });

      test('is made for every consumer, and events know which runs they made', async () => {
        const stores = await harness.empty();
        await saveDag(stores, consumer('first', asset('a')));
        await saveDag(stores, consumer('second', asset('a')));
        const event = await push(stores, 'a');
        expect((await trigger(stores)).created).toHaveLength(2);
        const runs = await stores.assets.runsOfEvents([event.eventId]);
        expect(runs.map((run) => [run.dagId, run.status, run.eventId]).sort()).toEqual([
          ['first', 'queued', event.eventId],
          ['second', 'queued', event.eventId],
        ]);
      });

      test('is made by one of many that look at once', async () => {
        const stores = await harness.empty();
        const dagIds = Array.from({ length: 10 }, (_, index) => `report_${index}`);
        for (const dagId of dagIds) await saveDag(stores, consumer(dagId, all('a', 'b')));
        await push(stores, 'a');
        await push(stores, 'b');
        const results = await Promise.all(Array.from({ length: 4 }, () => trigger(stores)));
        // Whoever passed over something comes again.
        const again = await trigger(stores);
        const created = [...results, again].flatMap((result) => result.created);
        expect(created).toHaveLength(10);
        const facts = await Promise.all(created.map((key) => harness.run(key)));
        expect(facts.map((run) => run.dagId).sort()).toEqual(dagIds);
      });

      test('is not made of events that came before the DAG waited for the asset', async () => {
        const stores = await harness.empty();
        await saveDag(stores, producer('shop', 'a'));
        await push(stores, 'a');
        await saveDag(stores, consumer('report', asset('a')));
        expect(await trigger(stores)).toMatchObject({ created: [], looked: 0 });
      });

      test('is made of what waits when a new version asks for less', async () => {
        const stores = await harness.empty();
        await saveDag(stores, consumer('report', all('a', 'b')));
        await push(stores, 'a');
        expect((await trigger(stores)).created).toEqual([]);
        await saveDag(stores, consumer('report', any('a', 'b')));
        expect((await trigger(stores)).created).toHaveLength(1);
      });

      test('is not made of events of an asset that the DAG does not wait for any more', async () => {
        const stores = await harness.empty();
        await saveDag(stores, consumer('report', all('a', 'b')));
        await push(stores, 'a');
        await saveDag(stores, consumer('report', any('b', 'c')));
        expect(await queueOf(stores, 'report')).toBe(0);
        await push(stores, 'b');
        const { created } = await trigger(stores);
        expect(await eventNames(stores, created[0] ?? '')).toEqual(['b']);
        await saveDag(stores, dagSpec('report'));
        await push(stores, 'b');
        expect(await trigger(stores)).toMatchObject({ created: [], looked: 0 });
      });

      test('is not made of a DAG that is in no file', async () => {
        const stores = await harness.empty();
        await saveDag(stores, consumer('report', asset('a')));
        await stores.catalog.removeFile('report.ts');
        await push(stores, 'a');
        expect(await trigger(stores)).toMatchObject({ created: [], looked: 0 });
        expect((await stores.assets.assets({ onlyActive: true }, PAGE)).total).toBe(0);
      });

      test('leaves the others alone when only so many are taken in hand', async () => {
        const stores = await harness.empty();
        for (const dagId of ['r1', 'r2', 'r3']) await saveDag(stores, consumer(dagId, asset('a')));
        await push(stores, 'a');
        const looked: number[] = [];
        for (let round = 0; round < 3; round++) looked.push((await stores.assets.triggerConsumers(2, planByCore)).looked);
        expect(looked).toEqual([2, 1, 0]);
      });
    });

    describe('a paused consumer', () => {
      test('gets no run for what came while it was paused; the next run takes it along', async () => {
        const stores = await harness.empty();
        await saveDag(stores, consumer('report', asset('a')));
        await stores.commands.setPaused('report', true);
        await push(stores, 'a');
        expect(await queueOf(stores, 'report')).toBe(0);
        expect((await trigger(stores)).created).toEqual([]);
        await stores.commands.setPaused('report', false);
        expect((await trigger(stores)).created).toEqual([]);
        await push(stores, 'a');
        const { created } = await trigger(stores);
        expect(created).toHaveLength(1);
        expect(await eventNames(stores, created[0] ?? '')).toEqual(['a', 'a']);
      });

      test('gets its run when it goes on, for what came before', async () => {
        const stores = await harness.empty();
        await saveDag(stores, consumer('report', asset('a')));
        await push(stores, 'a');
        await stores.commands.setPaused('report', true);
        expect((await trigger(stores)).created).toEqual([]);
        expect(await queueOf(stores, 'report')).toBe(1);
        await stores.commands.setPaused('report', false);
        expect((await trigger(stores)).created).toHaveLength(1);
      });
    });

    describe('queued events ("queuedEvent API endpoints")', () => {
      test('are those of consumers that wait for more', async () => {
        const stores = await harness.empty();
        await saveDag(stores, consumer('waiting_for_asset_1_and_2', all('asset-1', 'asset-2')));
        const first = await push(stores, 'asset-1');
        await trigger(stores);
        expect(await stores.assets.queuedEvents({ dagId: 'waiting_for_asset_1_and_2' })).toEqual([
          { dagId: 'waiting_for_asset_1_and_2', assetId: first.assetId, eventId: first.eventId, at: first.at },
        ]);
        expect(await stores.assets.queuedEvents({ assetId: await assetId(stores, 'asset-2') })).toEqual([]);
        expect(await stores.assets.queuedEvents({ assetId: first.assetId, before: first.at })).toEqual([]);
      });

      test('that are dropped make no run', async () => {
        const stores = await harness.empty();
        await saveDag(stores, consumer('report', all('a', 'b')));
        await saveDag(stores, consumer('other', all('a', 'b')));
        const { assetId: of } = await push(stores, 'a');
        expect(await stores.assets.dropQueuedEvents({ dagId: 'report', assetId: of })).toBe(1);
        expect(await stores.assets.dropQueuedEvents({ dagId: 'report', assetId: of })).toBe(0);
        await push(stores, 'b');
        const { created } = await trigger(stores);
        expect(await Promise.all(created.map(async (key) => (await harness.run(key)).dagId))).toEqual(['other']);
        expect(await queueOf(stores, 'report')).toBe(1);
      });
    });

    describe('runs that wait for assets', () => {
      test('go on when the condition is met, oldest first, also by what came before them', async () => {
        const stores = await harness.empty();
        const time = { kind: 'cron', expression: '@daily', timezone: 'UTC', interval: 'trigger' } as const;
        await saveDag(stores, dagSpec('report', { schedule: { kind: 'assets_and_time', when: all('a', 'b'), time } }));
        await push(stores, 'a');
        await push(stores, 'b');
        expect((await trigger(stores)).released).toEqual([]);
        let position = 0;
        const hold = async (): Promise<string> => {
          const logicalDate = Date.UTC(2026, 0, ++position);
          const { created } = await stores.scheduler.planDueDags(10, (dag) => ({
            dagId: dag.dagId,
            nextDueAt: 0,
            runs: [
              {
                dagId: dag.dagId,
                versionId: dag.versionId,
                runId: `scheduled__${position}`,
                runType: 'scheduled',
                logicalDate,
                intervalStart: logicalDate,
                intervalEnd: logicalDate,
                runAfter: logicalDate,
                heldFor: 'assets',
              },
            ],
          }));
          return created[0] ?? '';
        };
        const first = await hold();
        expect(await stores.scheduler.startRuns(ALL_SHARDS, 10, async () => [])).toEqual([]);
        expect(await trigger(stores)).toMatchObject({ created: [], released: [first] });
        expect(await eventNames(stores, first)).toEqual(['a', 'b']);
        const second = await hold();
        const third = await hold();
        await push(stores, 'a');
        expect((await trigger(stores)).released).toEqual([]);
        await push(stores, 'b');
        expect((await trigger(stores)).released).toEqual([second]);
        const started = await stores.scheduler.startRuns(ALL_SHARDS, 10, async () => []);
        expect(started.map((run) => run.runKey).sort()).toEqual([first, second].sort());
        await push(stores, 'b');
        await push(stores, 'a');
        expect((await trigger(stores)).released).toEqual([third]);
      });
    });

    describe('partitions', () => {
      const sales: AssetSpec = { name: 'sales', partitions: DAYS };

      test('of a consumer have queues of their own, and runs of their own', async () => {
        const stores = await harness.empty();
        await saveDag(stores, producer('shop', sales, { name: 'stock', partitions: DAYS }));
        await saveDag(stores, consumer('report', all('sales', 'stock'), { partitions: DAYS }));
        await push(stores, 'sales', { partition: '2026-11-20' });
        await push(stores, 'stock', { partition: '2026-11-21' });
        await push(stores, 'sales');
        expect((await trigger(stores)).created).toEqual([]);
        await push(stores, 'sales', { partition: '2026-11-21' });
        await push(stores, 'stock', { partition: '2026-11-20' });
        const { created } = await trigger(stores);
        const facts = await Promise.all(created.map((key) => harness.run(key)));
        expect(facts.map((run) => [run.partition, run.intervalStart, run.intervalEnd])).toEqual([
          ['2026-11-20', Date.UTC(2026, 10, 20), Date.UTC(2026, 10, 21)],
          ['2026-11-21', Date.UTC(2026, 10, 21), Date.UTC(2026, 10, 22)],
        ]);
        expect(new Set(facts.map((run) => run.runId)).size).toBe(2);
        expect(await queueOf(stores, 'report')).toBe(0);
      });

      test('that are dynamic are added by whoever asks, and by events', async () => {
        const stores = await harness.empty();
        const partitions: PartitionSpec = { kind: 'product', dimensions: { customer: { kind: 'dynamic' }, day: DAYS } };
        await saveDag(stores, producer('shop', { name: 'orders', partitions }, { name: 'plain', partitions: { kind: 'dynamic' } }));
        await push(stores, 'orders', { partition: 'acme|2026-11-20' });
        await push(stores, 'orders', { partition: 'acme|2026-11-21' });
        await push(stores, 'plain', { partition: 'x' });
        const orders = await assetId(stores, 'orders');
        expect(await stores.assets.addedPartitions(orders)).toEqual([{ dimension: 'customer', key: 'acme' }]);
        expect(await stores.assets.addedPartitions(await assetId(stores, 'plain'))).toEqual([{ dimension: '', key: 'x' }]);
        await stores.assets.addPartitions(orders, [
          { dimension: 'customer', key: 'zeta' },
          { dimension: 'customer', key: 'acme' },
        ]);
        expect((await stores.assets.addedPartitions(orders)).map((one) => one.key)).toEqual(['acme', 'zeta']);
        expect(await stores.assets.removePartitions(orders, [{ dimension: 'customer', key: 'acme' }])).toBe(1);
        expect(await stores.assets.removePartitions(orders, [{ dimension: 'customer', key: 'acme' }])).toBe(0);
        expect((await stores.assets.addedPartitions(orders)).map((one) => one.key)).toEqual(['zeta']);
      });

      test('are known by their newest event and the newest run that makes them', async () => {
        const stores = await harness.empty();
        await saveDag(stores, producer('shop', sales));
        await saveDag(stores, consumer('report', asset('sales'), { partitions: DAYS, tasks: [taskSpec('make', { outlets: ['totals'] })] }));
        await push(stores, 'sales', { partition: '2026-11-20', extra: { n: 1 } });
        const newest = await push(stores, 'sales', { partition: '2026-11-20', extra: { n: 2 } });
        const { created } = await trigger(stores);
        expect(await stores.assets.partitions(await assetId(stores, 'sales'), ['2026-11-19', '2026-11-20'])).toEqual([
          { key: '2026-11-19' },
          { key: '2026-11-20', lastEvent: newest },
        ]);
        const [totals] = await stores.assets.partitions(await assetId(stores, 'totals'), ['2026-11-20']);
        expect(totals).toMatchObject({ key: '2026-11-20', newestRun: { runKey: created[0], dagId: 'report', status: 'queued' } });
        expect(totals?.lastEvent).toBeUndefined();
      });
    });

    describe('the newest', () => {
      test('event and that of the newest partition are told for each asset', async () => {
        const stores = await harness.empty();
        await saveDag(stores, producer('shop', { name: 'sales', partitions: DAYS }, 'plain'));
        await push(stores, 'sales', { partition: '2026-11-21' });
        const again = await push(stores, 'sales', { partition: '2026-11-21' });
        const late = await push(stores, 'sales', { partition: '2026-11-20' });
        const found = await stores.assets.newestEvents(['sales', 'plain', 'unknown', 'sales']);
        expect(found.toSorted((a, b) => (a.asset < b.asset ? -1 : 1))).toEqual([
          { asset: 'plain' },
          { asset: 'sales', newest: late, newestPartition: again },
        ]);
      });

      test('first event since an instant is found, of a partition if one is asked for', async () => {
        const stores = await harness.empty();
        await saveDag(stores, producer('shop', 'sales'));
        const first = await push(stores, 'sales', { partition: 'a' });
        const second = await push(stores, 'sales', { partition: 'b' });
        const since = (partition: string | undefined, instant: Instant) => stores.assets.eventsSince('sales', partition, instant);
        expect(await since(undefined, first.at - 60_000)).toEqual(first);
        expect(await since('b', first.at - 60_000)).toEqual(second);
        expect(await since('c', first.at - 60_000)).toBeUndefined();
        expect(await since(undefined, second.at + 60_000)).toBeUndefined();
        expect(await stores.assets.eventsSince('nothing', undefined, 0)).toBeUndefined();
      });
    });

    describe('an asset', () => {
      test('is what the DAG says that makes it, whoever is saved first', async () => {
        const stores = await harness.empty();
        await saveDag(stores, consumer('a_report', asset('sales'), { assets: [{ name: 'sales', group: 'mine' }] }));
        expect((await stores.assets.asset({ name: 'sales' }))?.spec).toEqual({ name: 'sales', group: 'mine' });
        await saveDag(stores, producer('shop', { name: 'sales', uri: 's3://sales' }));
        await saveDag(stores, consumer('another', asset('sales')));
        const record = await stores.assets.asset({ name: 'sales' });
        expect(record).toMatchObject({
          spec: { name: 'sales', uri: 's3://sales' },
          scheduled: [{ dagId: 'a_report' }, { dagId: 'another' }],
          producing: [{ dagId: 'shop', taskId: 'make' }],
          consuming: [],
        });
        expect(await stores.assets.asset({ assetId: record?.assetId ?? '' })).toEqual(record);
        await saveDag(stores, dagSpec('shop', { tasks: [taskSpec('read', { inlets: ['sales'] })] }));
        expect(await stores.assets.asset({ name: 'sales' })).toMatchObject({
          spec: { name: 'sales', group: 'mine' },
          producing: [],
          consuming: [{ dagId: 'shop', taskId: 'read' }],
        });
      });

      test('is listed by name, uri and DAG', async () => {
        const stores = await harness.empty();
        await saveDag(stores, producer('shop', { name: 'sales', uri: 's3://lake/sales' }, { name: 'stock' }));
        await saveDag(stores, consumer('report', asset('sales')));
        const names = async (filter: Parameters<AssetStore['assets']>[0]): Promise<readonly string[]> =>
          (await stores.assets.assets(filter, { ...PAGE, orderBy: ['name'] })).items.map((record) => record.spec.name);
        expect(await names({})).toEqual(['sales', 'stock']);
        expect(await names({ namePattern: 'sto%' })).toEqual(['stock']);
        expect(await names({ uriPattern: 'lake' })).toEqual(['sales']);
        expect(await names({ dagIds: ['report'] })).toEqual(['sales']);
        expect(await names({ onlyActive: true })).toEqual(['sales', 'stock']);
        await expect(stores.assets.assets({}, { ...PAGE, orderBy: ['nonsense'] })).rejects.toMatchObject({ code: 'HR_UNKNOWN_ORDER' });
        expect(await stores.assets.asset({ name: 'nothing' })).toBeUndefined();
      });
    });
  });
}
