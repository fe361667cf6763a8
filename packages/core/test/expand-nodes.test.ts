/** What a command on some task instances is about besides them. */
import { describe, expect, test } from '@jest/globals';
import { compileDag, expandNodes, type NodeExpansion, restoreRun, type TaskSpec, type TaskState } from '../src/index.ts';
import { Play } from './support/play.ts';
import { at, dagSpec, taskSpec } from './support/specs.ts';

const over = (...sources: readonly (number | string)[]): NonNullable<TaskSpec['expand']> => ({
  combine: 'product',
  over: sources.map((source, index) => ({
    argument: `x${index}`,
    source: typeof source === 'number' ? { kind: 'literal', length: source } : { kind: 'result', taskId: source },
  })),
});

function names(run: Play, from: readonly string[], expansion: NodeExpansion): readonly string[] {
  const nodes = expandNodes(run.dag, run.run, run.nodes(...from), expansion);
  return nodes
    .map((node) => {
      const { task, mapIndex } = at(run.run.nodes, node);
      return `${at(run.dag.tasks, task).taskId}${mapIndex < 0 ? '' : `[${mapIndex}]`}`;
    })
    .sort();
}

describe('expandNodes', () => {
  const group = (): Play =>
    new Play(
      compileDag(
        dagSpec(
          [taskSpec('list'), taskSpec('g.a', [], { group: 'g' }), taskSpec('g.b', ['g.a'], { group: 'g' }), taskSpec('sum', ['g.b'])],
          {
            groups: [{ groupId: 'g', expand: over('list') }],
          },
        ),
      ),
    ).end('list', { items: 2 });

  test('stays within the index inside a mapped group, and takes all instances outside of it', () => {
    expect(names(group(), ['g.a[1]'], { downstream: true })).toEqual(['g.a[1]', 'g.b[1]', 'sum']);
    expect(names(group(), ['sum'], { upstream: true })).toEqual(['g.a[0]', 'g.a[1]', 'g.b[0]', 'g.b[1]', 'list', 'sum']);
    expect(names(group(), ['g.b[0]'], {})).toEqual(['g.b[0]']);
  });

  test('knows that what gives the items comes before all of a mapped group', () => {
    expect(names(group(), ['list'], { downstream: true })).toEqual(['g.a[0]', 'g.a[1]', 'g.b[0]', 'g.b[1]', 'list', 'sum']);
    expect(names(group(), ['g.b[1]'], { upstream: true })).toEqual(['g.a[1]', 'g.b[1]', 'list']);
  });

  test('takes one iteration of a loop, and not the later ones', () => {
    const run = new Play(
      compileDag(
        dagSpec([taskSpec('after', ['l.gate']), taskSpec('l.body', [], { group: 'l' }), taskSpec('l.gate', ['l.body'], { group: 'l' })], {
          groups: [{ groupId: 'l', loop: { gate: 'l.gate', maxIterations: 3 } }],
        }),
      ),
    );
    run.end('l.body[0]', 'success').end('l.gate[0]', { again: true });
    expect(names(run, ['l.body[0]'], { downstream: true })).toEqual(['after', 'l.body[0]', 'l.gate[0]']);
  });

  test('adds the setups that a task needs and their teardowns, and the teardowns of a setup', () => {
    const run = new Play(
      compileDag(
        dagSpec([
          taskSpec('other', [], { role: 'setup' }),
          taskSpec('set', [], { role: 'setup' }),
          taskSpec('take', ['set', 'work'], { role: 'teardown', setups: ['set'] }),
          taskSpec('take_other', ['other'], { role: 'teardown', setups: ['other'] }),
          taskSpec('work', ['set']),
        ]),
      ),
    );
    expect(names(run, ['work'], { withSetupsAndTeardowns: true })).toEqual(['set', 'take', 'work']);
    expect(names(run, ['set'], { withSetupsAndTeardowns: true })).toEqual(['set', 'take']);
    expect(names(run, ['take'], { withSetupsAndTeardowns: true })).toEqual(['take']);
    expect(names(run, ['other'], { downstream: true, withSetupsAndTeardowns: true })).toEqual(['other', 'take_other']);
  });

  test('costs the nodes, not the pairs, where many are upstream of many', () => {
    const dag = compileDag(dagSpec([taskSpec('a', [], { expand: over(20_000) }), taskSpec('b', ['a'], { expand: over(20_000) })]));
    const state: TaskState = { status: 'success', attempt: 1 };
    const nodes = [0, 1].flatMap((task) => Array.from({ length: 20_000 }, (_, mapIndex) => ({ task, mapIndex, state })));
    const run = restoreRun(dag, { status: 'success', nodes });
    // 400 million pairs would take minutes.
    expect(expandNodes(dag, run, [0, 1, 2], { downstream: true })).toHaveLength(20_003);
  });
});

describe('a run that is restored', () => {
  const dag = compileDag(
    dagSpec([taskSpec('a'), taskSpec('l.body', [], { group: 'l' }), taskSpec('l.gate', ['l.body'], { group: 'l' })], {
      groups: [{ groupId: 'l', loop: { gate: 'l.gate', maxIterations: 3 } }],
    }),
  );

  test('keeps its nodes in the order given, and gets those that its tasks lack at the end: of a loop the first iteration', () => {
    const run = restoreRun(dag, { status: 'running', nodes: [{ task: 2, mapIndex: 0, state: { status: 'none', attempt: 0 } }] });
    expect(run.nodes).toEqual([
      { task: 2, mapIndex: 0 },
      { task: 0, mapIndex: -1 },
      { task: 1, mapIndex: 0 },
    ]);
    expect(run).toMatchObject({ status: 'running', open: 3, progress: {}, pastUnmet: undefined });
  });

  test('has no nodes of tasks that the DAG does not have', () => {
    const nodes = [{ task: 7, mapIndex: -1, state: { status: 'none', attempt: 0 } as const }];
    expect(() => restoreRun(dag, { status: 'running', nodes })).toThrow(new RangeError('DAG "shop" has 3 tasks and none with index 7'));
  });
});
