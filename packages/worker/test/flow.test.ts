import type { DagSpec, GroupSpec } from '@headrace/core';
import { decodeValue } from '@headrace/task-runtime';
import { afterEach, describe, expect, test } from '@jest/globals';
import { placesInProduct } from '../src/flow-inputs.ts';
import { JointLoads } from '../src/joint-loads.ts';
import { itemsOf } from '../src/result-items.ts';
import type { Row } from './support/memory-attempts.ts';
import { WorkerFixture } from './support/worker-fixture.ts';

let fixture: WorkerFixture | undefined;

afterEach(async () => {
  await fixture?.stop();
  fixture = undefined;
});

const resultOf = ({ outcome }: Row): unknown =>
  outcome?.result?.kind === 'inline' ? decodeValue(outcome.result.json) : (outcome?.error ?? outcome?.to.status);

/** A DAG of definitions as a bundle holds them: members of each task, and what their specs say. */
function define(
  tasks: Readonly<Record<string, string>>,
  specs: Parameters<WorkerFixture['dag']>[2],
  more: Partial<DagSpec> = {},
  before = '',
): WorkerFixture {
  if (fixture === undefined) throw new Error('no fixture');
  fixture.definedDag('1', before, tasks, specs, more);
  return fixture;
}

const over = (argument: string, taskId: string) => ({ argument, source: { kind: 'result' as const, taskId } });
const literal = (argument: string, length: number) => ({ argument, source: { kind: 'literal' as const, length } });

describe('an instance of a mapped task', () => {
  test('is given its item of literals and of a result, the last argument changing fastest', async () => {
    fixture = await WorkerFixture.start({ slots: 2 });
    define(
      {
        up: `run: () => ['x', 'y', new Date(5)]`,
        t: `mapped: { combine: 'product', over: [{ argument: 'n', items: [1, 2] }, { argument: 'of', items: t.up }], label: ({ n }) => 'n' + n }, run: ({ args }) => [args.n, args.of]`,
      },
      { up: {}, t: { upstream: ['up'], expand: { combine: 'product', over: [literal('n', 2), over('of', 'up')] } } },
    );
    const up = fixture.send('up');
    await fixture.queue.idle();
    expect(up.outcome?.to).toMatchObject({ status: 'success', decision: { items: 3 } });
    const rows = [0, 1, 2, 3, 4, 5].map((mapIndex) => fixture?.send('t', { mapIndex }) as Row);
    await fixture.queue.idle();
    const at = new Date(5);
    expect(rows.map(resultOf)).toEqual([
      [1, 'x'],
      [1, 'y'],
      [1, at],
      [2, 'x'],
      [2, 'y'],
      [2, at],
    ]);
    expect(rows.map(({ outcome }) => outcome?.mapLabel)).toEqual(['n1', 'n1', 'n1', 'n2', 'n2', 'n2']);
    expect(fixture.store.calls.filter((call) => call === 'resultsOf')).toHaveLength(1);
  });

  test('over an object is given its entries, over two in step those in the same place', async () => {
    fixture = await WorkerFixture.start();
    define(
      {
        up: `run: () => ({ a: 1n, b: 2n })`,
        t: `mapped: { combine: 'zip', over: [{ argument: 'e', items: t.up }, { argument: 'n', items: ['p', 'q'] }] }, run: ({ args }) => args`,
      },
      { up: {}, t: { upstream: ['up'], expand: { combine: 'zip', over: [over('e', 'up'), literal('n', 2)] } } },
    );
    fixture.send('up');
    await fixture.queue.idle();
    const row = fixture.send('t', { mapIndex: 1 });
    await fixture.queue.idle();
    expect(resultOf(row)).toEqual({ e: ['b', 2n], n: 'q' });
  });

  test('over a mapped task is given the results of the instances that succeeded, in their order', async () => {
    fixture = await WorkerFixture.start();
    const mapped = { combine: 'zip' as const, over: [literal('n', 3)] };
    define(
      {
        up: `mapped: { combine: 'zip', over: [{ argument: 'n', items: [0, 1, 2] }] }, run: ({ args, params }) => { if (args.n === params.bad) throw new Error('no'); return args.n * 10; }`,
        t: `mapped: { combine: 'zip', over: [{ argument: 'n', items: t.up }] }, run: ({ args }) => args.n`,
        all: `inputs: { ups: t.up }, run: async ({ ups }) => ({ length: ups.length, last: await ups.at(-1), none: await ups.at(5), all: await ups.toArray() })`,
      },
      {
        up: { expand: mapped },
        t: { upstream: ['up'], expand: { combine: 'zip', over: [over('n', 'up')] } },
        all: { upstream: ['up'], inputs: { ups: 'up' } },
      },
    );
    for (const mapIndex of [2, 0, 1]) fixture.send('up', { mapIndex, params: { bad: 0 } });
    await fixture.queue.idle();
    const all = fixture.send('all');
    const [first, second] = [0, 1].map((mapIndex) => fixture?.send('t', { mapIndex }) as Row);
    await fixture.queue.idle();
    expect(resultOf(all)).toEqual({ length: 2, last: 20, none: undefined, all: [10, 20] });
    expect([first, second].map((row) => row && resultOf(row))).toEqual([10, 20]);
    // The same run again, none failing: nobody needs to count.
    for (const mapIndex of [0, 1, 2]) fixture.send('up', { runKey: '2', mapIndex, params: {} });
    await fixture.queue.idle();
    fixture.store.calls.length = 0;
    const rows = [0, 1, 2].map((mapIndex) => fixture?.attempt('t', { runKey: '2', mapIndex }));
    for (const row of rows) if (row !== undefined) fixture.queue.send(row.message);
    await fixture.queue.idle();
    expect(rows.map((row) => row && resultOf(row.row))).toEqual([0, 10, 20]);
    expect(fixture.store.calls).not.toContain('mappedRefs');
  });

  test('of a mapped group is given what the same instance of the tasks in it gave, and the group’s item', async () => {
    fixture = await WorkerFixture.start();
    const groups: GroupSpec[] = [{ groupId: 'g', expand: { combine: 'zip', over: [literal('shop', 2)] } }];
    define(
      {
        'g.a': `group: g, run: ({ args }) => args.shop + '!'`,
        'g.b': `group: g, inputs: { a: t['g.a'] }, run: ({ a, args }) => a + args.shop`,
        after: `inputs: { b: t['g.b'] }, run: async ({ b }) => b.toArray()`,
      },
      {
        'g.a': { group: 'g' },
        'g.b': { group: 'g', upstream: ['g.a'], inputs: { a: 'g.a' } },
        after: { upstream: ['g.b'], inputs: { b: 'g.b' } },
      },
      { groups },
      `const g = { spec: { groupId: 'g' }, mapped: { combine: 'zip', over: [{ argument: 'shop', items: ['n', 's'] }] } };`,
    );
    for (const mapIndex of [0, 1]) fixture.send('g.a', { mapIndex });
    await fixture.queue.idle();
    for (const mapIndex of [0, 1]) fixture.send('g.b', { mapIndex });
    await fixture.queue.idle();
    const after = fixture.send('after');
    await fixture.queue.idle();
    expect(resultOf(after)).toEqual(['n!n', 's!s']);
  });

  test('reads a thousand results of a mapped task in pages', async () => {
    fixture = await WorkerFixture.start({ slots: 2 });
    define(
      {
        up: `mapped: { combine: 'zip', over: [{ argument: 'n', items: Array.from({ length: 1000 }, (_, n) => n) }] }, run: ({ args }) => args.n`,
        sum: `inputs: { ups: t.up }, run: async ({ ups }) => { let sum = 0; for await (const n of ups) sum += n; return sum; }`,
      },
      { up: { expand: { combine: 'zip', over: [literal('n', 1000)] } }, sum: { upstream: ['up'], inputs: { ups: 'up' } } },
    );
    for (let mapIndex = 0; mapIndex < 1000; mapIndex++) fixture.send('up', { mapIndex });
    await fixture.queue.idle();
    fixture.store.calls.length = 0;
    const sum = fixture.send('sum');
    await fixture.queue.idle();
    expect(resultOf(sum)).toBe(499_500);
    expect(fixture.store.calls.filter((call) => call === 'resultsOf').length).toBeLessThan(15);
  });

  test('whose source has no items, or is no list, fails where the result is made', async () => {
    fixture = await WorkerFixture.start();
    define(
      { up: `run: () => new Map()`, t: `mapped: { combine: 'zip', over: [{ argument: 'n', items: t.up }] }, run: () => 1` },
      { up: {}, t: { upstream: ['up'], expand: { combine: 'zip', over: [over('n', 'up')] } } },
    );
    const up = fixture.send('up');
    await fixture.queue.idle();
    expect(up.outcome?.error).toMatchObject({ code: 'HR_NOT_MAPPABLE', message: expect.stringContaining('a Map') });
  });
});

describe('an iteration of a loop', () => {
  test('finds what the gate gave before, and what is after the loop finds the last', async () => {
    fixture = await WorkerFixture.start();
    const groups: GroupSpec[] = [{ groupId: 'l', loop: { gate: 'l.gate', maxIterations: 5 } }];
    define(
      {
        'l.work': `group: l, run: ({ args }) => args.state.n + 1`,
        'l.gate': `group: l, inputs: { n: t['l.work'] }, run: ({ n, args }) => ({ [OUTCOME_BRAND]: true, result: { n, iteration: args.iteration }, decision: { again: n < 3 } })`,
        after: `inputs: { n: t['l.work'] }, run: ({ n }) => n`,
      },
      {
        'l.work': { group: 'l' },
        'l.gate': { group: 'l', upstream: ['l.work'], inputs: { n: 'l.work' } },
        after: { upstream: ['l.work'], inputs: { n: 'l.work' } },
      },
      { groups },
      `const l = { spec: { groupId: 'l' }, loop: { argument: 'state', initial: { n: 0 }, gate: () => t['l.gate'] } };`,
    );
    const gates: unknown[] = [];
    for (let mapIndex = 0; mapIndex < 3; mapIndex++) {
      fixture.send('l.work', { mapIndex });
      await fixture.queue.idle();
      const gate = fixture.send('l.gate', { mapIndex });
      await fixture.queue.idle();
      gates.push(gate.outcome?.to, resultOf(gate));
    }
    expect(gates).toEqual([
      { status: 'success', attempt: 1, decision: { again: true } },
      { n: 1, iteration: 0 },
      { status: 'success', attempt: 1, decision: { again: true } },
      { n: 2, iteration: 1 },
      { status: 'success', attempt: 1, decision: { again: false } },
      { n: 3, iteration: 2 },
    ]);
    const after = fixture.send('after');
    await fixture.queue.idle();
    expect(resultOf(after)).toBe(3);
  });
});

describe('a task that decides', () => {
  test('follows what is directly downstream of it, and nothing else', async () => {
    fixture = await WorkerFixture.start();
    define(
      {
        b: `run: ({ params, latest }) => ({ [OUTCOME_BRAND]: true, result: latest, decision: { follow: params.follow } })`,
        x: `run: () => 1`,
      },
      { b: { decides: { kind: 'branch' } }, x: { upstream: ['b'] } },
    );
    const good = fixture.send('b', { params: { follow: ['x'] } });
    const bad = fixture.send('b', { params: { follow: ['y'] } });
    await fixture.queue.idle();
    expect(good.outcome?.to).toEqual({ status: 'success', attempt: 1, decision: { follow: ['x'] } });
    expect(resultOf(good)).toBe(true);
    expect(bad.outcome?.error).toMatchObject({ code: 'HR_UNKNOWN_BRANCH', message: expect.stringContaining('"y"') });
  });

  test('knows whether a later run of its schedule is due', async () => {
    const now = Date.UTC(2026, 0, 3, 12);
    fixture = await WorkerFixture.start({ clock: { now: () => now, monotonic: () => performance.now() } });
    const schedule = { kind: 'cron', expression: '0 0 * * *', timezone: 'UTC', interval: 'trigger' } as const;
    define({ b: `run: ({ latest }) => latest` }, { b: { decides: { kind: 'short_circuit', reach: 'direct' } } }, { schedule });
    const days = [1, 2, 3].map((day) => Date.UTC(2026, 0, day));
    const rows = days.map((at) => fixture?.send('b', { runType: 'scheduled', intervalStart: at, intervalEnd: at }) as Row);
    await fixture.queue.idle();
    expect(rows.map(resultOf)).toEqual([false, false, true]);
  });
});

describe('a task with outlets', () => {
  test('tells of each when it succeeds, with what it said, and of none when it fails', async () => {
    fixture = await WorkerFixture.start();
    define(
      {
        t: `flow: { outlets: [{ name: 'sales' }, { name: 'daily', partitions: { kind: 'dynamic' } }, { name: 'parts' }] },
          run: ({ emit, params }) => { emit('sales', { extra: { rows: 1 } }); emit({ name: 'sales' }, { extra: { ok: true } });
            emit('parts', { partition: 'a' }); emit('parts', { partition: 'b', extra: { n: 1 } }); if (params.fail) throw new Error('no'); }`,
        other: `flow: { outlets: [] }, run: ({ emit }) => emit('sales')`,
      },
      { t: { outlets: ['sales', 'daily', 'parts'] }, other: {} },
    );
    const good = fixture.send('t', { partitionKey: '2026-01-01' });
    const bad = fixture.send('t', { params: { fail: true } });
    const other = fixture.send('other');
    await fixture.queue.idle();
    expect(good.outcome?.assetEvents).toEqual([
      { asset: 'sales', extra: { rows: 1, ok: true } },
      { asset: 'parts', partition: 'a' },
      { asset: 'parts', partition: 'b', extra: { n: 1 } },
      { asset: 'daily', partition: '2026-01-01' },
    ]);
    expect(bad.outcome).not.toHaveProperty('assetEvents');
    expect(other.outcome?.error).toMatchObject({ code: 'HR_NOT_AN_OUTLET' });
  });
});

describe('a plain task', () => {
  test('costs no call more than before there were flows', async () => {
    fixture = await WorkerFixture.start();
    define({ a: 'run: () => 1', b: 'inputs: { a: t.a }, run: ({ a }) => a' }, { a: {}, b: { upstream: ['a'], inputs: { a: 'a' } } });
    fixture.send('a');
    await fixture.queue.idle();
    const b = fixture.send('b');
    await fixture.queue.idle();
    expect(b.outcome).toEqual({
      taskInstanceId: '2',
      attemptId: 'attempt-2',
      to: { status: 'success', attempt: 1 },
      result: { kind: 'inline', json: '1' },
    });
    expect(fixture.store.calls.filter((call) => call !== 'register')).toEqual(['claim', 'bundle', 'finish', 'claim', 'results', 'finish']);
  });
});

describe('items', () => {
  test('are taken apart without looking at what they are', () => {
    expect(itemsOf('[1,{"$bigint":"5"},"x"]')).toEqual(['1', '{"$bigint":"5"}', '"x"']);
    expect(itemsOf('{"a":1,"b":{"$date":"d"}}')).toEqual(['["a",1]', '["b",{"$date":"d"}]']);
    expect(itemsOf('{"$object":{"$date":1}}')).toEqual(['["$date",1]']);
    expect(itemsOf('5')).toEqual([]);
  });

  test('have their places in a product', () => {
    const lists = [{ length: 2 }, { length: 3 }];
    expect([0, 1, 2, 3, 4, 5].map((index) => placesInProduct(lists, index))).toEqual([
      [0, 0],
      [0, 1],
      [0, 2],
      [1, 0],
      [1, 1],
      [1, 2],
    ]);
  });

  test('asked for while they are read are read once more, for all who asked', async () => {
    let loads = 0;
    const gates: (() => void)[] = [];
    const shared = new JointLoads<number>();
    const get = () => shared.get('k', () => new Promise((resolve) => gates.push(() => resolve(++loads))));
    const first = get();
    const second = get();
    const third = get();
    gates.shift()?.();
    expect(await first).toBe(1);
    await new Promise((resolve) => setImmediate(resolve));
    gates.shift()?.();
    expect(await Promise.all([second, third])).toEqual([2, 2]);
  });
});
