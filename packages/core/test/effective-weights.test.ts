import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compileDag, effectiveWeights, type TaskSpec, type WeightRule } from '../src/index.ts';
import { propertyRuns } from './support/property-runs.ts';
import { dagSpec, taskSpec } from './support/specs.ts';

function weights(tasks: readonly TaskSpec[]): Readonly<Record<string, number>> {
  const dag = compileDag(dagSpec(tasks));
  const found = effectiveWeights(dag);
  return Object.fromEntries(dag.tasks.map(({ taskId }, index) => [taskId, found[index] ?? Number.NaN]));
}

const diamond = (weightRule?: WeightRule): readonly TaskSpec[] => {
  const more = weightRule === undefined ? {} : { weightRule };
  return [
    taskSpec('a', [], { ...more, priorityWeight: 1 }),
    taskSpec('b', ['a'], { ...more, priorityWeight: 10 }),
    taskSpec('c', ['a'], { ...more, priorityWeight: 100 }),
    taskSpec('d', ['b', 'c'], { ...more, priorityWeight: 1_000 }),
  ];
};

/** https://airflow.apache.org/docs/apache-airflow/stable/administration-and-deployment/priority-weight.html */
describe('the weight of a task', () => {
  test('is by default its own and those of all that follow, each once', () => {
    expect(weights(diamond())).toEqual({ a: 1_111, b: 1_010, c: 1_100, d: 1_000 });
    expect(weights(diamond('downstream'))).toEqual(weights(diamond()));
  });

  test('upstream is its own and those of all that precede, each once', () => {
    expect(weights(diamond('upstream'))).toEqual({ a: 1, b: 11, c: 101, d: 1_111 });
  });

  test('absolute is its own', () => {
    expect(weights(diamond('absolute'))).toEqual({ a: 1, b: 10, c: 100, d: 1_000 });
  });

  test('is ruled task by task', () => {
    const [a, b, c, d] = diamond() as [TaskSpec, TaskSpec, TaskSpec, TaskSpec];
    expect(weights([a, { ...b, weightRule: 'absolute' }, { ...c, weightRule: 'upstream' }, d])).toEqual({
      a: 1_111,
      b: 10,
      c: 101,
      d: 1_000,
    });
  });

  test('stays within 32 bits with a sign, so that its negative does too', () => {
    const heavy = (priorityWeight: number): readonly TaskSpec[] => [
      taskSpec('a', [], { priorityWeight }),
      taskSpec('b', ['a'], { priorityWeight }),
    ];
    expect(weights(heavy(2_000_000_000))).toEqual({ a: 2_147_483_647, b: 2_000_000_000 });
    expect(weights(heavy(-2_000_000_000))).toEqual({ a: -2_147_483_647, b: -2_000_000_000 });
  });

  test('of any DAG is what a walk from each task finds', () => {
    const someDags = fc.integer({ min: 1, max: 120 }).chain((size) =>
      fc.array(
        fc.record({
          upstream: fc.array(fc.nat(size), { maxLength: 3 }),
          priorityWeight: fc.integer({ min: -5, max: 50 }),
          weightRule: fc.constantFrom<WeightRule>('downstream', 'upstream', 'absolute'),
        }),
        { minLength: size, maxLength: size },
      ),
    );
    const name = (index: number): string => `t${String(index).padStart(3, '0')}`;
    fc.assert(
      fc.property(someDags, (shape) => {
        const tasks = shape.map(({ upstream, ...more }, index) =>
          taskSpec(name(index), [...new Set(upstream.filter((one) => one < index))].map(name).sort(), more),
        );
        const dag = compileDag(dagSpec(tasks));
        const walk = (from: number, edges: readonly (readonly number[])[]): number => {
          const found = new Set([from]);
          for (const task of found) for (const next of edges[task] ?? []) found.add(next);
          return [...found].reduce((sum, task) => sum + (tasks[task]?.priorityWeight ?? 0), 0);
        };
        const expected = tasks.map(({ weightRule, priorityWeight }, task) =>
          weightRule === 'absolute' ? priorityWeight : walk(task, weightRule === 'upstream' ? dag.upstream : dag.downstream),
        );
        expect(effectiveWeights(dag)).toEqual(expected);
      }),
      { numRuns: propertyRuns(60) },
    );
  });

  test('is found for ten thousand tasks, wide or deep', () => {
    const name = (index: number): string => `t${String(index).padStart(5, '0')}`;
    const deep = Array.from({ length: 10_000 }, (_, index) => taskSpec(name(index), index === 0 ? [] : [name(index - 1)]));
    expect(effectiveWeights(compileDag(dagSpec(deep)))).toEqual(Array.from({ length: 10_000 }, (_, index) => 10_000 - index));
    const wide = [
      taskSpec('a'),
      ...Array.from({ length: 10_000 }, (_, index) => taskSpec(name(index), ['a'])),
      taskSpec(
        'z',
        Array.from({ length: 10_000 }, (_, index) => name(index)),
      ),
    ];
    const found = effectiveWeights(compileDag(dagSpec(wide)));
    expect([found[0], found[1], found[10_000], found[10_001]]).toEqual([10_002, 2, 2, 1]);
  });
});
