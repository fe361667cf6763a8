/**
 * Which runs asset events make. Golden cases: Airflow 3, authoring-and-scheduling/asset-scheduling
 * (https://airflow.apache.org/docs/apache-airflow/stable/authoring-and-scheduling/asset-scheduling.html).
 */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  type AssetCondition,
  type AssetSpec,
  assetProblems,
  type Consumption,
  checkAssetEvent,
  conditionMet,
  consume,
  consumedAssets,
  type DagSpec,
  InvalidAssetEventError,
  listKeys,
  MOST_EXTRA_BYTES,
  type PartitionMapping,
  type PartitionSpec,
  partitionKeyProblem,
  partitionStatus,
  type QueuedEvent,
  sourcePartitions,
  targetPartition,
  triggeredInterval,
  validateDag,
} from '../src/index.ts';
import { propertyRuns } from './support/property-runs.ts';
import { dagSpec, taskSpec } from './support/specs.ts';

const utc = (text: string): number => Date.parse(text);
const asset = (name: string, mapping?: PartitionMapping): AssetCondition => ({
  kind: 'asset',
  name,
  ...(mapping === undefined ? {} : { mapping }),
});
const all = (...of: AssetCondition[]): AssetCondition => ({ kind: 'all', of });
const any = (...of: AssetCondition[]): AssetCondition => ({ kind: 'any', of });
const consumer = (when: AssetCondition, partitions?: PartitionSpec): DagSpec =>
  dagSpec([taskSpec('use')], {
    schedule: { kind: 'assets', when },
    ...(partitions === undefined ? {} : { partitions }),
  });

const DAYS: PartitionSpec = {
  kind: 'time',
  every: 'day',
  timezone: 'Europe/Berlin',
};
const HOURS: PartitionSpec = {
  kind: 'time',
  every: 'hour',
  timezone: 'Europe/Berlin',
};

let nextId = 0;
const event = (name: string, partition?: string, triggers = true): QueuedEvent => ({
  eventId: String(++nextId),
  asset: name,
  triggers,
  ...(partition === undefined ? {} : { partition }),
});

/** Events one after the other, each looked at as it comes. Answers with the number of events of each run. */
function feed(dag: DagSpec, events: readonly QueuedEvent[], assets: readonly AssetSpec[] = []): readonly Consumption[] {
  let queue: readonly QueuedEvent[] = [];
  const runs: Consumption[] = [];
  for (const one of events) {
    queue = [...queue, one];
    const plan = consume(dag, assets, queue, []);
    runs.push(...plan.runs);
    const gone = new Set([...plan.runs.flatMap((run) => run.events), ...plan.ignored]);
    queue = queue.filter((queued) => !gone.has(queued));
  }
  return runs;
}

describe('asset-scheduling, "Multiple assets"', () => {
  test('the drawing: a run after all assets were updated since the last one, however often each was', () => {
    //  example_asset_1   x----x---x---x----------------------x-
    //  example_asset_2   -------x---x-------x------x----x------
    //  example_asset_3   ---------------x-----x------x---------
    //  DAG runs created                   *                    *
    const columns = [
      'x----x---x---x----------------------x-',
      '-------x---x-------x------x----x------',
      '---------------x-----x------x---------',
    ];
    const events: QueuedEvent[] = [];
    const at: number[] = [];
    for (let column = 0; column < 38; column++) {
      columns.forEach((line, index) => {
        if (line[column] !== 'x') return;
        events.push(event(`example_asset_${index + 1}`));
        at.push(column);
      });
    }
    const runs = feed(consumer(all(asset('example_asset_1'), asset('example_asset_2'), asset('example_asset_3'))), events);
    const lastEvents = runs.map((run) => at[events.indexOf(run.events.at(-1) as QueuedEvent)]);
    expect(lastEvents).toEqual([15, 36]);
    expect(runs.map((run) => run.events.length)).toEqual([7, 6]);
    expect(runs.flatMap((run) => run.events)).toEqual(events);
  });

  test('several updates before the others: one run, to which all of them belong', () => {
    const events = [event('a'), event('a'), event('a'), event('b')];
    expect(feed(consumer(all(asset('a'), asset('b'))), events)).toEqual([{ events }]);
  });
});

describe('asset-scheduling, "Advanced asset scheduling with conditional expressions"', () => {
  test('AND: only after both were updated', () => {
    const when = all(asset('a'), asset('b'));
    expect(feed(consumer(when), [event('a'), event('a')])).toEqual([]);
    expect(feed(consumer(when), [event('a'), event('b'), event('b'), event('a')])).toHaveLength(2);
  });

  test('OR: after either', () => {
    expect(feed(consumer(any(asset('a'), asset('b'))), [event('a'), event('b')])).toHaveLength(2);
  });

  test('one asset, or both of two others', () => {
    const dag = consumer(any(asset('1'), all(asset('2'), asset('3'))));
    expect(feed(dag, [event('2')])).toHaveLength(0);
    expect(feed(dag, [event('1')])).toHaveLength(1);
    expect(feed(dag, [event('3'), event('2')])).toHaveLength(1);
    // What waited in the other branch goes along.
    expect(feed(dag, [event('2'), event('1')]).map((run) => run.events.map((one) => one.asset))).toEqual([['2', '1']]);
    expect(feed(dag, [event('2'), event('1'), event('3')])).toHaveLength(1);
  });

  test('nothing is met by nothing', () => {
    expect(conditionMet(all(), () => true)).toBe(false);
    expect(conditionMet(any(), () => true)).toBe(false);
  });
});

test('what came while the DAG was paused makes no run, and goes along with the next', () => {
  const paused = event('a', undefined, false);
  const dag = consumer(asset('a'));
  expect(consume(dag, [], [paused], [])).toEqual({ runs: [], ignored: [] });
  const later = event('a');
  expect(consume(dag, [], [paused, later], []).runs).toEqual([{ events: [paused, later] }]);
});

test('events of assets that the schedule does not name are taken off', () => {
  const other = event('other');
  expect(consume(consumer(asset('a')), [], [other], [])).toEqual({
    runs: [],
    ignored: [other],
  });
  expect(consume(dagSpec([]), [], [other], [])).toEqual({
    runs: [],
    ignored: [other],
  });
});

test('a DAG that does not allow runs made by assets consumes none', () => {
  const dag = consumer(all(asset('b'), asset('a'), asset('b')));
  expect(consumedAssets(dag)).toEqual(['a', 'b']);
  expect(consumedAssets({ ...dag, allowedRunTypes: ['manual'] })).toEqual([]);
  expect(consumedAssets({ ...dag, allowedRunTypes: ['manual', 'asset_triggered'] })).toEqual(['a', 'b']);
  expect(consumedAssets(dagSpec([]))).toEqual([]);
});

describe('assets and time', () => {
  const time = {
    kind: 'cron',
    expression: '@daily',
    timezone: 'UTC',
    interval: 'trigger',
  } as const;
  const dag = dagSpec([taskSpec('use')], {
    schedule: {
      kind: 'assets_and_time',
      when: all(asset('a'), asset('b')),
      time,
    },
  });

  test('the oldest run that waits goes on when the condition is met, and only then', () => {
    const events = [event('a'), event('b')];
    const held = [{ runKey: '7' }, { runKey: '9' }];
    expect(consume(dag, [], events.slice(0, 1), held).runs).toEqual([]);
    expect(consume(dag, [], events, held).runs).toEqual([{ events, heldRun: '7' }]);
  });

  test('events wait for a run', () => {
    expect(consume(dag, [], [event('a'), event('b')], [])).toEqual({
      runs: [],
      ignored: [],
    });
  });

  test('a run of a partition waits for events of its partition', () => {
    const partitioned = { ...dag, partitions: DAYS };
    const events = [event('a', '2026-11-20'), event('b', '2026-11-20'), event('a', '2026-11-21')];
    const held = [
      { runKey: '1', partition: '2026-11-21' },
      { runKey: '2', partition: '2026-11-20' },
    ];
    expect(consume(partitioned, [], events, held).runs).toEqual([{ events: events.slice(0, 2), heldRun: '2', partition: '2026-11-20' }]);
  });
});

describe('partitioned consumers', () => {
  const sales: AssetSpec = { name: 'sales', partitions: HOURS };
  const stock: AssetSpec = { name: 'stock', partitions: DAYS };

  test('each partition has a queue of its own', () => {
    const dag = consumer(all(asset('stock'), asset('prices')), DAYS);
    const events = [
      event('stock', '2026-11-20'),
      event('prices', '2026-11-21'),
      event('stock', '2026-11-21'),
      event('prices', '2026-11-20'),
    ];
    expect(feed(dag, events, [stock]).map((run) => [run.partition, run.events.length])).toEqual([
      ['2026-11-21', 2],
      ['2026-11-20', 2],
    ]);
  });

  test('an event without a partition, or of no partition of the consumer, never counts', () => {
    const dag = consumer(asset('stock'), DAYS);
    const events = [event('stock'), event('stock', 'today'), event('stock', '2026-11-20')];
    expect(consume(dag, [stock], events, [])).toEqual({
      runs: [{ partition: '2026-11-20', events: [events[2]] }],
      ignored: events.slice(0, 2),
    });
  });

  test('a consumer without partitions takes events of all of them', () => {
    const events = [event('stock', '2026-11-20'), event('stock', '2026-11-21')];
    expect(consume(consumer(asset('stock')), [stock], events, []).runs).toEqual([{ events }]);
  });

  test('to_unit: a run of the day for each event of an hour', () => {
    const dag = consumer(asset('sales', { kind: 'to_unit', unit: 'day' }), DAYS);
    const runs = feed(dag, [event('sales', '2026-11-20T01'), event('sales', '2026-11-20T02'), event('sales', '2026-11-21T00')], [sales]);
    expect(runs.map((run) => run.partition)).toEqual(['2026-11-20', '2026-11-20', '2026-11-21']);
  });

  test('rollup: one run a day when every hour has an event, of 25 hours in autumn', () => {
    const dag = consumer(asset('sales', { kind: 'rollup', unit: 'day' }), DAYS);
    const hours = sourcePartitions({ kind: 'rollup', unit: 'day' }, '2026-10-25', { from: HOURS, to: DAYS });
    expect(hours).toHaveLength(25);
    const shuffled = [...hours.slice(12), ...hours.slice(0, 12)];
    expect(
      feed(
        dag,
        shuffled.slice(1).map((hour) => event('sales', hour)),
        [sales],
      ),
    ).toEqual([]);
    const twice = [...shuffled.slice(1), ...shuffled.slice(1)].map((hour) => event('sales', hour));
    const last = event('sales', shuffled[0]);
    const runs = feed(dag, [...twice, last], [sales]);
    expect(runs.map((run) => [run.partition, run.events.length])).toEqual([['2026-10-25', 49]]);
  });

  test('rollup with another asset: the day of the stock and all hours of the sales', () => {
    const dag = consumer(all(asset('sales', { kind: 'rollup', unit: 'day' }), asset('stock')), DAYS);
    const hours = sourcePartitions({ kind: 'rollup', unit: 'day' }, '2026-11-20', { from: HOURS, to: DAYS }).map((hour) =>
      event('sales', hour),
    );
    expect(feed(dag, hours, [sales, stock])).toEqual([]);
    expect(feed(dag, [...hours, event('stock', '2026-11-20')], [sales, stock])).toHaveLength(1);
  });

  test("offset: yesterday's event leads to today's run", () => {
    const mapping: PartitionMapping = { kind: 'offset', by: -1 };
    expect(targetPartition(mapping, '2026-10-25', { from: DAYS, to: DAYS })).toBe('2026-10-26');
    expect(
      targetPartition({ kind: 'offset', by: 2 }, '2026-10-25', {
        from: DAYS,
        to: DAYS,
      }),
    ).toBe('2026-10-23');
    expect(
      targetPartition({ kind: 'offset', by: 0 }, '2026-10-25', {
        from: DAYS,
        to: DAYS,
      }),
    ).toBe('2026-10-25');
  });

  test('allowed: other keys do not count', () => {
    const mapping: PartitionMapping = { kind: 'allowed', keys: ['de', 'fr'] };
    expect(targetPartition(mapping, 'de', { from: undefined, to: undefined })).toBe('de');
    expect(targetPartition(mapping, 'us', { from: undefined, to: undefined })).toBeUndefined();
  });

  test("a window is that of the consumer's clock", () => {
    const toronto: PartitionSpec = {
      kind: 'time',
      every: 'day',
      timezone: 'America/Toronto',
    };
    const kinds = { from: HOURS, to: toronto };
    expect(targetPartition({ kind: 'to_unit', unit: 'day' }, '2026-11-21T05', kinds)).toBe('2026-11-20');
    expect(targetPartition({ kind: 'to_unit', unit: 'day' }, '2026-11-21T06', kinds)).toBe('2026-11-21');
    const sources = sourcePartitions({ kind: 'rollup', unit: 'day' }, '2026-11-21', kinds);
    expect([sources[0], sources.at(-1), sources.length]).toEqual(['2026-11-21T06', '2026-11-22T05', 24]);
  });

  test('of several dimensions the time is mapped and the rest stays', () => {
    const from: PartitionSpec = {
      kind: 'product',
      dimensions: { shop: { kind: 'static', keys: ['a', 'b'] }, hour: HOURS },
    };
    const to: PartitionSpec = {
      kind: 'product',
      dimensions: { shop: { kind: 'static', keys: ['a', 'b'] }, hour: DAYS },
    };
    expect(
      targetPartition({ kind: 'rollup', unit: 'day' }, '2026-11-21T05|b', {
        from,
        to,
      }),
    ).toBe('2026-11-21|b');
    const sources = sourcePartitions({ kind: 'rollup', unit: 'day' }, '2026-11-21|b', { from, to });
    expect(sources).toHaveLength(24);
    expect(sources.every((key) => key.endsWith('|b'))).toBe(true);
    expect(
      targetPartition({ kind: 'rollup', unit: 'day' }, '2026-11-21T05|z', {
        from,
        to,
      }),
    ).toBeUndefined();
    expect(
      targetPartition({ kind: 'rollup', unit: 'day' }, '2026-11-21T05', {
        from,
        to,
      }),
    ).toBeUndefined();
  });

  test('every partition is among the sources of its window, and of no other', () => {
    const units = ['hour', 'day', 'week', 'month', 'quarter', 'year'] as const;
    fc.assert(
      fc.property(
        fc.constantFrom('UTC', 'Europe/Berlin', 'America/St_Johns', 'Australia/Lord_Howe', 'Pacific/Apia'),
        fc.constantFrom('UTC', 'America/New_York', 'Asia/Kathmandu'),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({
          min: utc('1990-01-01T00:00Z'),
          max: utc('2037-01-01T00:00Z'),
        }),
        (here, there, index, instant) => {
          const unit = units[index] as (typeof units)[number];
          const from = {
            kind: 'time',
            every: units[index - 1] as (typeof units)[number],
            timezone: here,
          } as const;
          const to = { kind: 'time', every: unit, timezone: there } as const;
          const key =
            listKeys(from, {
              from: instant,
              until: instant + 62 * 86_400_000,
              added: () => [],
              limit: 1,
            })[0] ?? '';
          const mapping: PartitionMapping = { kind: 'rollup', unit };
          const target = targetPartition(mapping, key, { from, to }) ?? '';
          const sources = sourcePartitions(mapping, target, { from, to });
          expect(sources).toContain(key);
          for (const source of sources) expect(targetPartition(mapping, source, { from, to })).toBe(target);
        },
      ),
      { numRuns: propertyRuns(300) },
    );
  });
});

describe('any events, looked at whenever', () => {
  const names = ['a', 'b', 'c', 'd'];
  const condition: fc.Arbitrary<AssetCondition> = fc.letrec<{
    node: AssetCondition;
  }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom(...names).map((name) => asset(name)),
      fc.array(tie('node'), { minLength: 1, maxLength: 3 }).map((of) => all(...of)),
      fc.array(tie('node'), { minLength: 1, maxLength: 3 }).map((of) => any(...of)),
    ),
  })).node;
  /** Undefined: somebody looks. */
  const steps = fc.array(fc.option(fc.record({ asset: fc.constantFrom(...names), paused: fc.boolean() }), { nil: undefined }), {
    maxLength: 40,
  });

  /** As simple as can be: truth by substitution into the text of the condition. */
  function oracle(when: AssetCondition, updated: ReadonlySet<string>): boolean {
    if (when.kind === 'asset') return updated.has(when.name);
    let met = when.kind === 'all';
    for (const part of when.of) met = when.kind === 'all' ? met && oracle(part, updated) : met || oracle(part, updated);
    return met;
  }
  const namesIn = (when: AssetCondition): readonly string[] => (when.kind === 'asset' ? [when.name] : when.of.flatMap(namesIn));

  test('give the runs of a naive oracle; none is lost or used twice', () => {
    fc.assert(
      fc.property(condition, steps, (when, script) => {
        const dag = consumer(when);
        const named = new Set(namesIn(when));
        let queue: readonly QueuedEvent[] = [];
        const used: string[] = [];
        const expected: string[][] = [];
        const found: string[][] = [];
        for (const step of [...script, undefined]) {
          if (step !== undefined) {
            queue = [...queue, event(step.asset, undefined, !step.paused)];
            continue;
          }
          const relevant = queue.filter((one) => named.has(one.asset));
          const met = oracle(when, new Set(relevant.filter((one) => one.triggers).map((one) => one.asset)));
          if (met) expected.push(relevant.map((one) => one.eventId));
          const plan = consume(dag, [], queue, []);
          for (const run of plan.runs) {
            found.push(run.events.map((one) => one.eventId));
            used.push(...run.events.map((one) => one.eventId));
          }
          const gone = new Set([...plan.runs.flatMap((run) => run.events), ...plan.ignored]);
          queue = queue.filter((one) => !gone.has(one));
        }
        expect(found).toEqual(expected);
        expect(new Set(used).size).toBe(used.length);
      }),
      { numRuns: propertyRuns(2_000) },
    );
  });
});

describe('keys', () => {
  const shops: PartitionSpec = { kind: 'static', keys: ['a', 'b'] };
  const both: PartitionSpec = {
    kind: 'product',
    dimensions: { shop: shops, day: DAYS },
  };

  test('of several dimensions stand in the order of the names', () => {
    const range = {
      from: utc('2026-11-20T00:00Z'),
      until: utc('2026-11-22T00:00Z'),
      added: () => [],
      limit: 100,
    };
    expect(listKeys(both, range)).toEqual(['2026-11-21|a', '2026-11-21|b', '2026-11-22|a', '2026-11-22|b']);
    expect(listKeys(both, { ...range, limit: 3 })).toHaveLength(3);
    expect(partitionKeyProblem(both, '2026-11-21|a')).toBeUndefined();
    expect(partitionKeyProblem(both, 'a|2026-11-21')).toMatch(/^day must be a key/);
    expect(partitionKeyProblem(both, '2026-11-21|c')).toBe('shop must be one of "a", "b", but is "c"');
    expect(partitionKeyProblem(both, '2026-11-21')).toBe('must have 2 parts joined with "|" (day|shop), but is "2026-11-21"');
  });

  test('of a dynamic kind are those that were added, and may be any name', () => {
    const range = { from: 0, until: 1, limit: 100 };
    expect(listKeys({ kind: 'dynamic' }, { ...range, added: () => ['x', 'y'] })).toEqual(['x', 'y']);
    expect(partitionKeyProblem({ kind: 'dynamic' }, 'anything at all')).toBeUndefined();
    for (const key of ['', 'a|b', 'line\nbreak', 'x'.repeat(251)]) expect(partitionKeyProblem({ kind: 'dynamic' }, key)).toMatch(/^must/);
  });
});

describe('an event', () => {
  const shop: AssetSpec = { name: 'shop', partitions: DAYS };

  test('may carry 64 kB of JSON, and is refused with what to do when it carries more', () => {
    const room = MOST_EXTRA_BYTES - '{"text":""}'.length;
    expect(() => checkAssetEvent(shop, { extra: { text: 'x'.repeat(room) } })).not.toThrow();
    expect(() => checkAssetEvent(shop, { extra: { text: 'x'.repeat(room + 1) } })).toThrow(/has 65537 bytes of JSON, but may have 65536/);
    expect(() => checkAssetEvent(shop, { extra: { text: 'ä'.repeat(room / 2 + 1) } })).toThrow(InvalidAssetEventError);
    expect(() => checkAssetEvent(shop, { extra: { text: '😀'.repeat(room / 4 + 1) } })).toThrow(InvalidAssetEventError);
    expect(() => checkAssetEvent(shop, { extra: { text: '€'.repeat(room / 3 + 1) } })).toThrow(InvalidAssetEventError);
  });

  test('carries an object of JSON, of a partition that the asset has', () => {
    expect(() => checkAssetEvent(shop, { extra: [1] })).toThrow(/must be an object/);
    expect(() => checkAssetEvent(shop, { extra: null })).toThrow(/must be an object/);
    expect(() => checkAssetEvent(shop, { extra: { n: 1n } })).toThrow(/must be JSON/);
    expect(() => checkAssetEvent(shop, { partition: '2026-11-31' })).toThrow(
      'The event of asset "shop" cannot be recorded: its partition must be a key of a partition for each day in Europe/Berlin such as "2026-11-21", but is "2026-11-31"',
    );
    expect(() => checkAssetEvent({ name: 'plain' }, { partition: 'a|b' })).toThrow(/must hold no "\|"/);
    expect(() => checkAssetEvent({ name: 'plain' }, { partition: 'a' })).not.toThrow();
  });
});

describe('the run that events make', () => {
  test("reaches from the earliest to the latest of their runs' intervals", () => {
    const events = [{ at: 50, interval: { start: 10, end: 20 } }, { at: 60, interval: { start: 5, end: 12 } }, { at: 15 }];
    expect(triggeredInterval(events, undefined, undefined)).toEqual({
      start: 5,
      end: 20,
    });
    expect(triggeredInterval([{ at: 7 }], undefined, undefined)).toEqual({
      start: 7,
      end: 7,
    });
  });

  test('of a partition of time has the interval of the partition', () => {
    expect(triggeredInterval([{ at: 7 }], DAYS, '2026-10-25')).toEqual({
      start: utc('2026-10-24T22:00Z'),
      end: utc('2026-10-25T23:00Z'),
    });
    expect(triggeredInterval([{ at: 7 }], { kind: 'static', keys: ['a'] }, 'a')).toEqual({ start: 7, end: 7 });
  });
});

describe('a partition', () => {
  const run = (status: 'queued' | 'running' | 'success' | 'failed') => ({
    runKey: '1',
    status,
    queuedAt: 100,
  });
  test.each([
    ['missing', {}],
    ['missing', { newestRun: run('success') }],
    ['fresh', { lastEvent: { at: 1 } }],
    ['fresh', { lastEvent: { at: 1 }, newestRun: run('success') }],
    ['running', { newestRun: run('queued') }],
    ['running', { lastEvent: { at: 1 }, newestRun: run('running') }],
    ['failed', { newestRun: run('failed') }],
    ['failed', { lastEvent: { at: 99, runKey: '0' }, newestRun: run('failed') }],
    ['fresh', { lastEvent: { at: 99, runKey: '1' }, newestRun: run('failed') }],
    ['fresh', { lastEvent: { at: 100 }, newestRun: run('failed') }],
  ] as const)('is %s: %j', (status, facts) => {
    expect(partitionStatus(facts)).toBe(status);
  });
});

describe('a spec', () => {
  const dag = (when: AssetCondition, assets: readonly AssetSpec[], more: Partial<DagSpec> = {}): DagSpec => ({
    ...consumer(when),
    assets,
    ...more,
  });

  test('without a fault has no problem', () => {
    const spec = dag(all(asset('a', { kind: 'rollup', unit: 'day' }), any(asset('b'))), [{ name: 'a', partitions: HOURS }, { name: 'b' }]);
    expect(assetProblems(spec)).toEqual([]);
    expect(validateDag(spec)).toEqual([]);
  });

  test.each<[string, DagSpec]>([
    ['never be met', dag(all(), [])],
    ['never be met', dag(all(asset('a'), any()), [{ name: 'a' }])],
    ['did you mean "sales"', dag(asset('sale'), [{ name: 'sales' }])],
    ['defined twice', dag(asset('a'), [{ name: 'a' }, { name: 'a', uri: 'x' }])],
    ['must have a name', dag(asset(''), [{ name: '' }])],
    [
      'is not a time zone',
      dag(asset('a'), [
        {
          name: 'a',
          partitions: { kind: 'time', every: 'day', timezone: 'Mars' },
        },
      ]),
    ],
    ['need at least one key', dag(asset('a'), [{ name: 'a', partitions: { kind: 'static', keys: [] } }])],
    ['must differ', dag(asset('a'), [{ name: 'a', partitions: { kind: 'static', keys: ['x', 'x'] } }])],
    [
      'must hold no "|"',
      dag(asset('a'), [{ name: 'a' }], {
        partitions: { kind: 'static', keys: ['x|y'] },
      }),
    ],
    ['need at least two', dag(asset('a'), [{ name: 'a', partitions: { kind: 'product', dimensions: { x: DAYS } } }])],
    ['a day does not fit into a hour', dag(asset('a', { kind: 'rollup', unit: 'hour' }), [{ name: 'a', partitions: DAYS }])],
    ['the asset has none', dag(asset('a', { kind: 'offset', by: 1 }), [{ name: 'a', partitions: { kind: 'static', keys: ['x'] } }])],
    ['by a whole number', dag(asset('a', { kind: 'offset', by: 0.5 }), [{ name: 'a', partitions: DAYS }])],
    ['allows no key', dag(asset('a', { kind: 'allowed', keys: [] }), [{ name: 'a' }])],
    ['two different mappings', dag(all(asset('a'), asset('a', { kind: 'offset', by: 1 })), [{ name: 'a', partitions: DAYS }])],
  ])('says what is wrong: %s', (words, spec) => {
    expect(assetProblems(spec).join('\n')).toContain(words);
    expect(
      validateDag(spec)
        .map((problem) => problem.message)
        .join('\n'),
    ).toContain(words);
  });

  test('that is nested endlessly is refused, not followed', () => {
    let deep: AssetCondition = asset('a');
    for (let depth = 0; depth < 30; depth++) deep = all(deep);
    expect(assetProblems(dag(deep, [{ name: 'a' }]))).toEqual(["The schedule's asset condition is nested more than 20 deep"]);
  });
});
