/** What a DAG may not ask of groups, mapping, loops, branches, teardowns and retries, and that it is told so clearly. */
import { describe, expect, test } from '@jest/globals';
import { type DagSpec, type GroupSpec, type TaskSpec, validateDag } from '../src/index.ts';
import { dagSpec, taskSpec } from './support/specs.ts';

const problems = (tasks: readonly TaskSpec[], more: Partial<DagSpec> = {}): readonly string[] =>
  validateDag(dagSpec(tasks, more)).map(({ code, message }) => `${code}: ${message}`);
const over = (...sources: readonly (number | string)[]): NonNullable<TaskSpec['expand']> => ({
  combine: 'product',
  over: sources.map((source, index) => ({
    argument: `x${index}`,
    source: typeof source === 'number' ? { kind: 'literal', length: source } : { kind: 'result', taskId: source },
  })),
});
const branch = { decides: { kind: 'branch' } } as const;
const g = (more: Partial<GroupSpec> = {}): { groups: readonly GroupSpec[] } => ({ groups: [{ groupId: 'g', ...more }] });

describe('a DAG with every construct, put together rightly', () => {
  test('has no problems', () => {
    const tasks = [
      taskSpec('list'),
      taskSpec('m.a', [], { group: 'm' }),
      taskSpec('m.b', ['m.a'], { group: 'm.inner' }),
      taskSpec('map', ['list'], { expand: over('list', 3) }),
      taskSpec('refine.gate', ['refine.step'], { group: 'refine' }),
      taskSpec('refine.step', ['list'], { group: 'refine' }),
      taskSpec('set', [], { role: 'setup' }),
      taskSpec('take', ['set', 'map'], { role: 'teardown', setups: ['set'], failsRun: true }),
      taskSpec('choose', ['refine.gate'], branch),
      taskSpec('one', ['choose']),
      taskSpec('two', ['choose', 'm.b']),
    ];
    const groups: readonly GroupSpec[] = [
      { groupId: 'm', expand: over('list') },
      { groupId: 'm.inner', parent: 'm', retries: { max: 1, delayMs: 0 } },
      { groupId: 'refine', loop: { gate: 'refine.gate', maxIterations: 3 }, retries: { max: 2, delayMs: 5 } },
    ];
    expect(
      problems(tasks, { groups, runTimeoutMs: 1, runRetries: { max: 1, delayMs: 0, from: 'start' }, runOutcome: 'any_failed' }),
    ).toEqual([]);
  });
});

describe('a DAG is refused', () => {
  test.each<[string, readonly TaskSpec[], Partial<DagSpec>, readonly string[]]>([
    [
      'a task in an unknown group',
      [taskSpec('a', [], { group: 'h' })],
      g(),
      ['unknown_group: Task "a" is in group "h", which is not in the DAG; did you mean "g"?'],
    ],
    [
      'a group in an unknown group',
      [taskSpec('a')],
      g({ parent: 'outer' }),
      ['unknown_group: Group "g" is in group "outer", which is not in the DAG'],
    ],
    ['a group in itself', [taskSpec('a')], g({ parent: 'g' }), ['cycle: Group "g" is inside itself']],
    ['a group named like a task', [taskSpec('g')], g(), ['duplicate_group: There are two groups, or a group and a task, named "g"']],
    [
      'a mapped loop',
      [taskSpec('a', [], { group: 'g' })],
      g({ expand: over(2), loop: { gate: 'a', maxIterations: 1 } }),
      ['nested_mapping: Group "g" is both mapped and a loop: put one group into the other task by task'],
    ],
    [
      'a mapped group in a mapped group',
      [taskSpec('a')],
      {
        groups: [
          { groupId: 'g', expand: over(2) },
          { groupId: 'g.h', parent: 'g', expand: over(2) },
        ],
      },
      ['nested_mapping: Group "g.h" is repeated, and so is group "g" around it: only one of them can be'],
    ],
    [
      'a mapped task in a mapped group',
      [taskSpec('a', [], { group: 'g', expand: over(2) })],
      g({ expand: over(2) }),
      ['nested_mapping: Task "a" is mapped, and group "g" around it is repeated: only one of them can be'],
    ],
    [
      'retries within a loop',
      [taskSpec('a', [], { group: 'g.h' })],
      {
        groups: [
          { groupId: 'g', loop: { gate: 'a', maxIterations: 2 } },
          { groupId: 'g.h', parent: 'g', retries: { max: 1, delayMs: 0 } },
        ],
      },
      ['bad_group: Group "g.h" has retries, but is in the loop "g": give them to the loop, or to its tasks'],
    ],
    [
      'values that are no numbers',
      [taskSpec('a', [], { group: 'g' })],
      {
        ...g({ retries: { max: -1, delayMs: 0.5 } }),
        runTimeoutMs: 0,
        runRetries: { max: Number.NaN, delayMs: -1, from: 'middle' as never },
        runOutcome: 'best' as never,
      },
      [
        'bad_value: runTimeoutMs must be whole milliseconds, more than 0, but is 0',
        'bad_value: runOutcome must be leaves or any_failed, but is best',
        'bad_value: runRetries: max must be a whole number from 0, but is NaN',
        'bad_value: runRetries: the delay must be whole milliseconds, not negative, but is -1',
        'bad_value: runRetries.from must be failed or start, but is middle',
        'bad_value: Group "g": max must be a whole number from 0, but is -1',
        'bad_value: Group "g": the delay must be whole milliseconds, not negative, but is 0.5',
      ],
    ],
    [
      'a mapping over nothing',
      [taskSpec('a', [], { expand: over() })],
      {},
      ['bad_mapping: Task "a" is mapped over nothing: name at least one argument'],
    ],
    ['a mapping over itself', [taskSpec('a', [], { expand: over('a') })], {}, ['bad_mapping: Task "a" is mapped over itself']],
    [
      'a mapping over an unknown task',
      [taskSpec('ab', [], { expand: over('ac') })],
      {},
      ['bad_mapping: Task "ab" is mapped over "ac", which is not in the DAG; did you mean "ab"?'],
    ],
    [
      'a mapping over a task that need not be done',
      [taskSpec('a'), taskSpec('b', [], { expand: over('a') })],
      {},
      ['input_not_upstream: Task "b" is mapped over "a", but does not come after it: add it to upstream'],
    ],
    [
      'a group that is mapped over its own task',
      [taskSpec('a', [], { group: 'g' })],
      g({ expand: over('a') }),
      ['bad_mapping: Group "g" is mapped over its own task "a"'],
    ],
    [
      'too many combinations',
      [taskSpec('a', [], { expand: over(1_000, 1_000) })],
      {},
      ['bad_mapping: Task "a" has 1000000 combinations of items: at most 100000 can be run'],
    ],
    ['half an item', [taskSpec('a', [], { expand: over(0.5) })], {}, ['bad_mapping: Task "a" is mapped over 0.5 items']],
    [
      'an argument that is named twice, and another way to combine',
      [taskSpec('a', [], { expand: { combine: 'sum' as never, over: [...over(1).over, ...over(1).over] } })],
      {},
      [
        'bad_mapping: Task "a" combines its items by sum: take product or zip',
        'bad_mapping: Task "a" is mapped twice over the argument "x0"',
      ],
    ],
    [
      'always for a task whose items another gives',
      [taskSpec('a'), taskSpec('b', ['a'], { expand: over('a'), triggerRule: 'always' })],
      {},
      ['always_mapped: Task "b" has the trigger rule always, but waits for a task that gives its items: take all_done'],
    ],
    [
      'a loop whose gate is elsewhere',
      [taskSpec('a', [], { group: 'g' }), taskSpec('b')],
      g({ loop: { gate: 'b', maxIterations: 0 } }),
      [
        'bad_value: Group "g": maxIterations must be a whole number from 1, but is 0',
        'bad_loop: Group "g": the gate "b" is not a task of the group; did you mean "a"?',
      ],
    ],
    [
      'a loop whose gate does not wait for all of it',
      [taskSpec('a', [], { group: 'g' }), taskSpec('b', [], { group: 'g' }), taskSpec('c', ['b'], { group: 'g' })],
      g({ loop: { gate: 'c', maxIterations: 2 } }),
      ['bad_loop: Group "g": the gate "c" must come after every other task of the loop, but not after "a"'],
    ],
    [
      'a branch with nothing after it',
      [taskSpec('a', [], branch)],
      {},
      ['bad_branch: Task "a" decides what comes after it, but nothing does'],
    ],
    [
      'a mapped branch',
      [taskSpec('a', [], { ...branch, expand: over(2) }), taskSpec('b', ['a'])],
      {},
      ['bad_branch: Task "a" is mapped, so it cannot decide what comes after it: put both into a mapped group'],
    ],
    [
      'a branch that leads out of its mapped group',
      [taskSpec('a', [], { ...branch, group: 'g' }), taskSpec('b', ['a'])],
      g({ expand: over(2) }),
      ['bad_branch: Task "a" chooses within group "g" for each instance, but "b" after it is outside'],
    ],
    [
      'a teardown without a setup',
      [taskSpec('a', [], { role: 'teardown' })],
      {},
      ['bad_teardown: Task "a" is a teardown without a setup: name what it takes away'],
    ],
    [
      'a teardown of what is no setup, is unknown, or is not before it',
      [taskSpec('s', [], { role: 'setup' }), taskSpec('t', [], { role: 'teardown', setups: ['s', 'w', 'x'] }), taskSpec('w')],
      {},
      [
        'bad_teardown: Task "t" is the teardown of "s", but does not come after it: add it to upstream',
        'bad_teardown: Task "t" is the teardown of "w", which is no setup',
        'bad_teardown: Task "t" is the teardown of "x", which is not in the DAG; did you mean "s"?',
      ],
    ],
    [
      'the options of a teardown elsewhere',
      [taskSpec('a', [], { setups: [], failsRun: true })],
      {},
      ['bad_teardown: Task "a" has setups, but is no teardown', 'bad_teardown: Task "a" says whether it fails the run, but is no teardown'],
    ],
    [
      'a task that is both after and before a group that is run anew as a whole',
      [taskSpec('a', [], { group: 'g' }), taskSpec('b', ['a']), taskSpec('c', ['b'], { group: 'g' })],
      g({ retries: { max: 1, delayMs: 0 } }),
      ['cycle: The tasks wait for each other: "b" → "c" → the end of group "g" → "b"'],
    ],
    [
      'a mapped group whose items come from what is after it',
      [taskSpec('a', [], { group: 'g' }), taskSpec('b', ['a'])],
      g({ expand: over('b') }),
      ['cycle: The tasks wait for each other: "a" → "b" → "a"'],
    ],
  ])('for %s', (_, tasks, more, expected) => {
    expect(problems(tasks, more)).toEqual(expected);
  });
});

describe('a task that seems unreachable', () => {
  const never = (more: Partial<TaskSpec> = {}, first: Partial<TaskSpec> = {}): readonly string[] =>
    problems([
      taskSpec('a', [], first),
      taskSpec('rescue', ['a'], { triggerRule: 'all_failed' }),
      taskSpec('z', ['a', 'rescue'], more),
    ]).map((line) => line.split(':')[0] ?? '');

  test('is reported when nothing but trigger rules is at work', () => {
    expect(never()).toEqual(['unreachable']);
    expect(never({ group: 'g' })).toContain('unreachable');
  });

  test('is given the benefit of the doubt when more decides about it or about what is before it', () => {
    expect(never({ expand: over(2) })).toEqual([]);
    expect(never({}, { expand: over(2) })).toEqual([]);
    expect(never({}, branch)).toEqual([]);
    expect(never({}, { role: 'setup' })).toEqual([]);
  });
});
