/** What groups, mapping, branches, loops, setups and their like become: the canonical form, and what their functions answer with. */
import type { DagSpec, TaskSpec } from '@headrace/core';
import { describe, expect, test } from '@jest/globals';
import {
  again,
  branch,
  chain,
  cross,
  type DagDefinition,
  type DagOptions,
  dag,
  defineOperation,
  done,
  group,
  latestOnly,
  loop,
  product,
  resolveReferences,
  runValues,
  setup,
  shortCircuit,
  switchOn,
  type TaskContext,
  task,
  teardown,
  using,
  zip,
} from '../src/index.ts';

const noop = () => 1;
/** For what the compiler refuses anyway. */
const wrong = (value: unknown): never => value as never;

function built(build: () => unknown, options: DagOptions<undefined> = {}): { readonly dag: DagDefinition; readonly spec: DagSpec } {
  const made = dag('d', options, build);
  return { dag: made, spec: made.toSpec() };
}

function taskOf({ tasks }: DagSpec, taskId: string): TaskSpec {
  const found = tasks.find((each) => each.taskId === taskId);
  if (found === undefined) throw new Error(`There is no task ${taskId}, only ${tasks.map((each) => each.taskId).join(', ')}`);
  return found;
}

/** Task id → what it comes after. */
function edges(spec: DagSpec): Record<string, readonly string[]> {
  return Object.fromEntries(spec.tasks.map((each) => [each.taskId, each.upstream]));
}

/** Runs a task's function as the task process does. */
function run({ tasks }: DagDefinition, taskId: string, context: Partial<TaskContext> & Record<string, unknown> = {}): unknown {
  return tasks
    .get(taskId)
    ?.run?.({ params: {}, interval: {}, dagId: 'd', runId: 'r', ...context } as unknown as TaskContext & Record<string, unknown>);
}

describe('groups', () => {
  test('prefix the ids of what is in them, nested, and give defaults', () => {
    const { spec } = built(
      () => {
        const before = task('before', noop);
        group(
          'outer',
          { doc: 'All of it', defaults: { queue: 'slow', retries: 2 }, retries: { max: 1, delay: '1m' }, after: before },
          () => {
            const a = task('a', noop);
            group('inner', { defaults: { retries: { delay: '5s' } } }, () => task('b', { in: { a } }, noop));
          },
        );
      },
      { defaults: { queue: 'usual', pool: 'p' } },
    );
    expect(spec.groups).toEqual([
      { groupId: 'outer', doc: 'All of it', retries: { max: 1, delayMs: 60_000 } },
      { groupId: 'outer.inner', parent: 'outer' },
    ]);
    expect(taskOf(spec, 'outer.a')).toMatchObject({ group: 'outer', queue: 'slow', pool: 'p', upstream: ['before'], retries: { max: 2 } });
    expect(taskOf(spec, 'outer.inner.b')).toMatchObject({
      group: 'outer.inner',
      retries: { max: 2, delayMs: 5_000 },
      upstream: ['outer.a'],
    });
    expect(taskOf(spec, 'before').group).toBeUndefined();
  });

  test('stand for their first and last tasks, not for what tidies up after them', () => {
    const { spec } = built(() => {
      const start = task('start', noop);
      const g = group('g', () => {
        const create = setup('create', noop);
        const [a, b] = [task('a', { after: create }, noop), task('b', { after: create }, noop)];
        teardown('drop', { of: create, after: [a, b] }, noop);
        return { a };
      });
      chain(start, g, task('end', noop));
      task('uses', { in: { a: g.a } }, noop);
    });
    expect(edges(spec)).toEqual({
      start: [],
      'g.create': ['start'],
      'g.a': ['g.create'],
      'g.b': ['g.create'],
      'g.drop': ['g.a', 'g.b', 'g.create'],
      end: ['g.a', 'g.b'],
      uses: ['g.a'],
    });
  });

  test('are an input when they return a task', () => {
    const { spec } = built(() => {
      const g = group('g', () => task('a', noop));
      task('b', { in: { g } }, noop);
    });
    expect(taskOf(spec, 'b').inputs).toEqual({ g: 'g.a' });
  });
});

describe('chain and cross', () => {
  test('join lists in pairs, or each with each', () => {
    const { spec } = built(() => {
      const [a, b, c, d, e, f] = ['a', 'b', 'c', 'd', 'e', 'f'].map((id) => task(id, noop)) as [never, never, never, never, never, never];
      chain(a, [b, c], [d, e], f);
      cross([a, f], task('g', noop));
    });
    expect(edges(spec)).toEqual({ a: [], b: ['a'], c: ['a'], d: ['b'], e: ['c'], f: ['d', 'e'], g: ['a', 'f'] });
  });
});

describe('mapping', () => {
  test('over items, a result, combinations, and again', () => {
    const { spec, dag: made } = built(() => {
      const days = task('days', () => ['x']);
      const one = task('one', { each: days, label: '{item}' }, ({ item }) => [item]);
      task('all', { each: product({ day: days, n: [1, 2, 3] }) }, noop);
      task('pairs', { each: zip({ n: [1, 2], day: days }) }, noop);
      task('again', { each: one }, noop);
      task('literal', { each: ['a', 'b'], label: ({ item }) => item.toUpperCase() }, noop);
      task('after', { in: { one } }, noop);
    });
    const result = (taskId: string) => ({ kind: 'result', taskId });
    expect(taskOf(spec, 'one')).toMatchObject({
      upstream: ['days'],
      inputs: {},
      expand: { combine: 'product', over: [{ argument: 'item', source: result('days') }] },
      mapIndexTemplate: '{item}',
    });
    expect(taskOf(spec, 'all').expand).toEqual({
      combine: 'product',
      over: [
        { argument: 'day', source: result('days') },
        { argument: 'n', source: { kind: 'literal', length: 3 } },
      ],
    });
    expect(taskOf(spec, 'pairs').expand).toMatchObject({ combine: 'zip', over: [{ argument: 'n' }, { argument: 'day' }] });
    expect(taskOf(spec, 'again').expand?.over[0]?.source).toEqual(result('one'));
    expect(taskOf(spec, 'literal')).not.toHaveProperty('mapIndexTemplate');
    expect(taskOf(spec, 'after').inputs).toEqual({ one: 'one' });
    const labelled = (taskId: string) => made.tasks.get(taskId)?.mapped?.label?.({ item: 'ulm' });
    expect([labelled('one'), labelled('literal')]).toEqual(['ulm', 'ULM']);
  });

  test('gives the function its items by name', () => {
    const { dag: made } = built(() => {
      task('one', { each: ['a'] }, ({ item }) => item);
      task('two', { each: product({ a: [1], b: [2] }) }, ({ a, b }) => a + b);
    });
    expect(run(made, 'one', { args: { item: 'a' } })).toBe('a');
    expect(run(made, 'two', { args: { a: 1, b: 2 } })).toBe(3);
  });

  test('of a group: its first tasks wait for the items, all of them know theirs', () => {
    const { spec, dag: made } = built(() => {
      const shops = task('shops', () => [{ name: 'x', id: 1 }]);
      const g = group('g', { each: shops, label: '{item.name}' }, ({ item }) => {
        const a = task('a', { in: { name: item.name } }, ({ name }) => name.length);
        defineOperation('extract', { taskId: 'e', operation: { where: item.id }, inputs: { a } });
        return task('b', { in: { a, shop: item } }, ({ a, shop }) => a + shop.id);
      });
      task('sum', { in: { g } }, noop);
      task('next', { each: g }, noop);
    });
    expect(spec.groups).toEqual([
      { groupId: 'g', expand: { combine: 'product', over: [{ argument: 'item', source: { kind: 'result', taskId: 'shops' } }] } },
    ]);
    expect(edges(spec)).toMatchObject({ 'g.a': ['shops'], 'g.b': ['g.a'], 'g.e': ['g.a'], sum: ['g.b'], next: ['g.b'] });
    const args = { item: { name: 'Ulm', id: 7 } };
    expect(run(made, 'g.a', { args })).toBe(3);
    expect(run(made, 'g.b', { args, a: 1 })).toBe(8);
    const context = { params: {}, interval: {}, dagId: 'd', runId: 'r', logicalDate: undefined, partitionKey: undefined, args };
    expect(resolveReferences(made.tasks.get('g.e')?.operation, runValues(context as unknown as TaskContext))).toEqual({ where: 7 });
    expect(made.tasks.get('g.a')?.group?.mapped?.label?.(args)).toBe('Ulm');
  });
});

describe('a branch', () => {
  const branching = () =>
    built(() => {
      const rows = task('rows', () => 5);
      const [small, both] = [task('small', noop), task('both', noop)];
      const big = group('big', () => [task('x', noop), task('y', noop)]);
      const chosen = branch('pick', { to: { small: [small, both], big, none: both }, in: { rows } }, ({ rows }) =>
        rows > 9 ? 'big' : rows > 5 ? ['small', 'big'] : rows > 0 ? 'small' : rows < 0 ? wrong('wild') : undefined,
      );
      task('beside', { after: chosen }, noop);
      switchOn('sign', { in: { rows }, on: async ({ rows }) => rows > 0, cases: { true: small, false: big } });
    });

  test('comes before its targets and decides among them', () => {
    const { spec } = branching();
    expect(taskOf(spec, 'pick')).toMatchObject({ decides: { kind: 'branch' }, upstream: ['rows'] });
    expect(edges(spec)).toMatchObject({
      small: ['pick', 'sign'],
      both: ['pick'],
      'big.x': ['pick', 'sign'],
      'big.y': ['pick', 'sign'],
      beside: ['pick'],
    });
  });

  test.each([
    [20, ['big'], ['beside', 'big.x', 'big.y']],
    [7, ['small', 'big'], ['beside', 'big.x', 'big.y', 'both', 'small']],
    [3, ['small'], ['beside', 'both', 'small']],
    [0, [], ['beside']],
  ])('with %d goes on to %j, and to what is no target', async (rows, names, follow) => {
    expect(await run(branching().dag, 'pick', { rows })).toMatchObject({ result: names, decision: { follow } });
  });

  test('fails at once when it names no target', async () => {
    await expect(run(branching().dag, 'pick', { rows: -1 })).rejects.toMatchObject({
      name: 'FailTask',
      message: expect.stringContaining('"wild"'),
    });
  });

  test('that is a switch has its answer as its result', async () => {
    expect(await run(branching().dag, 'sign', { rows: 1 })).toMatchObject({ result: true, decision: { follow: ['small'] } });
    expect(await run(branching().dag, 'sign', { rows: -1 })).toMatchObject({ result: false, decision: { follow: ['big.x', 'big.y'] } });
  });
});

describe('short circuits', () => {
  test('go on with a true answer, and with nothing otherwise', async () => {
    const { spec, dag: made } = built(() => {
      shortCircuit('all', {}, ({ attempt }) => attempt > 1 && 'file.csv');
      shortCircuit('direct', { skips: 'direct' }, noop);
      latestOnly('latest');
    });
    expect(taskOf(spec, 'all').decides).toEqual({ kind: 'short_circuit', reach: 'all' });
    expect(taskOf(spec, 'direct').decides).toEqual({ kind: 'short_circuit', reach: 'direct' });
    expect(taskOf(spec, 'latest').decides).toEqual({ kind: 'short_circuit', reach: 'direct' });
    expect(await run(made, 'all', { attempt: 2 })).toBe('file.csv');
    expect(await run(made, 'all', { attempt: 1 })).toMatchObject({ result: false, decision: { follow: [] } });
    expect([run(made, 'latest'), run(made, 'latest', { latest: true })]).toEqual([true, true]);
    expect(run(made, 'latest', { latest: false })).toMatchObject({ result: false, decision: { follow: [] } });
  });
});

describe('setups and teardowns', () => {
  test('know each other, and stand around what is between them', () => {
    const { spec } = built(() => {
      const before = task('before', noop);
      const [cluster, disk] = [setup('cluster', () => 'c1'), setup('disk', { after: before }, () => 'd1')];
      const drop = teardown('drop', { in: { cluster }, of: disk, failsRun: true }, noop);
      const last = using([cluster, disk], drop, () => {
        const [a, b] = [task('a', noop), task('b', noop)];
        const c = task('c', { in: { a } }, noop);
        return { b, c };
      });
      task('after', { after: [last.b, last.c] }, noop);
    });
    expect(taskOf(spec, 'cluster').role).toBe('setup');
    expect(taskOf(spec, 'drop')).toMatchObject({ role: 'teardown', setups: ['cluster', 'disk'], failsRun: true, triggerRule: 'all_done' });
    expect(edges(spec)).toEqual({
      before: [],
      cluster: [],
      disk: ['before'],
      a: ['cluster', 'disk'],
      b: ['cluster', 'disk'],
      c: ['a'],
      drop: ['b', 'c', 'cluster', 'disk'],
      after: ['b', 'c'],
    });
  });
});

describe('a loop', () => {
  test('is a group whose gate comes last, and whose result is the gate', () => {
    const { spec, dag: made } = built(() => {
      const first = task('first', noop);
      const total = loop('pages', { initial: { cursor: 0 }, max: 50, after: first }, ({ state, iteration }) => {
        const page = task('page', { in: { cursor: state.cursor, iteration } }, ({ cursor, iteration }) => cursor + iteration);
        task('store', { in: { page } }, noop);
        return task('more', { in: { page, state } }, ({ page, state }) => (page > 9 ? done(state.cursor) : again({ cursor: page })));
      });
      task('use', { in: { total } }, noop);
    });
    expect(spec.groups).toEqual([{ groupId: 'pages', loop: { gate: 'pages.more', maxIterations: 50 } }]);
    expect(edges(spec)).toMatchObject({ 'pages.page': ['first'], 'pages.more': ['pages.page', 'pages.store'], use: ['pages.more'] });
    const definition = made.tasks.get('pages.page')?.group?.loop;
    expect(definition).toMatchObject({ argument: 'state', initial: { cursor: 0 } });
    expect(definition?.gate().taskId).toBe('pages.more');
    expect(run(made, 'pages.page', { args: { state: { cursor: 3 }, iteration: 2 } })).toBe(5);
    const gate = (page: number) => run(made, 'pages.more', { args: { state: { cursor: 3 }, iteration: 2 }, page });
    expect(gate(5)).toMatchObject({ result: { cursor: 5 }, decision: { again: true } });
    expect(gate(10)).toMatchObject({ result: 3, decision: { again: false } });
  });
});

describe('what cannot be is refused, where it is written', () => {
  const cases: readonly (readonly [string, string, () => unknown])[] = [
    ['a group without tasks', 'HR_BAD_INPUT', () => group('g', () => undefined)],
    ['two groups of one name', 'HR_DUPLICATE_GROUP', () => [group('g', () => task('a', noop)), group('g', () => task('a', noop))]],
    ['a group named as a task', 'HR_DUPLICATE_GROUP', () => [task('g', noop), group('g', () => task('a', noop))]],
    ['a task named as a group', 'HR_DUPLICATE_TASK', () => [group('g', () => task('a', noop)), task('g', noop)]],
    ['an async group', 'HR_ASYNC_BUILD', () => group('g', async () => task('a', noop))],
    ['a group member named result', 'HR_BAD_INPUT', () => group('g', () => ({ result: task('a', noop) }))],
    [
      'a group that returns no task as an input',
      'HR_BAD_INPUT',
      () => task('b', { in: { g: wrong(group('g', () => ({ a: task('a', noop) }))) } }, noop),
    ],
    [
      'lists that cannot be paired',
      'HR_BAD_INPUT',
      () => chain([task('a', noop), task('b', noop)], [task('c', noop), task('d', noop), task('e', noop)]),
    ],
    ['text in a chain', 'HR_BAD_INPUT', () => chain(task('a', noop), wrong('b'))],
    ['items that are none', 'HR_BAD_MAPPING', () => task('a', { each: wrong(5) }, noop)],
    ['nothing to map over', 'HR_BAD_MAPPING', () => task('a', { each: product({}) }, noop)],
    ['an unknown name in a label', 'HR_BAD_MAPPING', () => task('a', { each: ['x'], label: '{shop}' }, noop)],
    ['a label without items', 'HR_BAD_MAPPING', () => task('a', wrong({ label: '{item}' }), wrong(noop))],
    ['an item and an input of one name', 'HR_BAD_INPUT', () => task('a', { each: ['x'], in: { item: task('b', noop) } }, noop)],
    ['always, with items of a task', 'HR_BAD_MAPPING', () => task('a', { each: task('b', () => [1]), triggerRule: 'always' }, noop)],
    ['a mapped task in a mapped group', 'HR_BAD_MAPPING', () => group('g', { each: [1] }, () => task('a', { each: [1] }, noop))],
    [
      'a mapped group in a loop',
      'HR_BAD_MAPPING',
      () => loop('l', { initial: 0, max: 1 }, () => wrong(group('g', { each: [1] }, () => task('a', noop)))),
    ],
    [
      'a task of a mapped group that was not returned',
      'HR_BAD_INPUT',
      () => {
        let inner: ReturnType<typeof task<number>> | undefined;
        group('g', { each: [1] }, () => {
          inner = task('a', noop);
        });
        task('b', { in: { a: wrong(inner) } }, noop);
      },
    ],
    ['a branch without targets', 'HR_BAD_INPUT', () => branch('b', { to: {} }, () => undefined)],
    ['a target that is text', 'HR_BAD_INPUT', () => branch('b', { to: { a: wrong('a') } }, () => 'a')],
    ['a teardown of a plain task', 'HR_BAD_INPUT', () => teardown('t', { of: wrong(task('a', noop)) }, noop)],
    ['using something else than a setup', 'HR_BAD_INPUT', () => using(wrong(task('a', noop)), teardown('t', {}, noop), noop)],
    ['a loop without a gate', 'HR_BAD_INPUT', () => loop('l', { initial: 0, max: 3 }, () => wrong(task('a', noop) && undefined))],
    [
      'a gate from outside',
      'HR_BAD_INPUT',
      () => [task('a', noop)].map((gate) => loop('l', { initial: 0, max: 3 }, () => wrong(task('b', noop) && gate))),
    ],
    [
      'a task after the gate',
      'HR_BAD_INPUT',
      () =>
        loop('l', { initial: 0, max: 3 }, () => {
          const gate = task('gate', () => done());
          task('late', { after: gate }, noop);
          return gate;
        }),
    ],
    ['a loop of no iteration', 'HR_BAD_OPTION', () => loop('l', { initial: 0, max: 0 }, () => task('a', () => done()))],
    ['skipping some', 'HR_BAD_OPTION', () => shortCircuit('s', { skips: wrong('some') }, noop)],
  ];

  test.each(cases)('%s is %s', (_what, code, define) => {
    expect(() => dag('d', {}, () => void define())).toThrow(expect.objectContaining({ name: 'DagDefinitionError', code }));
  });
});
