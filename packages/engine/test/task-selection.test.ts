import { compileDag, type DagSpec, type GroupSpec, type TaskSpec } from '@headrace/core';
import type { TaskSelection } from '@headrace/ports';
import { describe, expect, test } from '@jest/globals';
import { ActiveRun } from '../src/active-run.ts';
import { selectNodes } from '../src/task-selection.ts';
import { dagOf } from './memory-store.ts';

const EDGES = { 'l.body': [], 'l.gate': ['l.body'], 'm.inner.a': [], 'm.b': ['m.inner.a'], after: ['l.gate', 'm.b'] };
const GROUPS: readonly GroupSpec[] = [
  { groupId: 'l', loop: { gate: 'l.gate', maxIterations: 5 } },
  { groupId: 'm' },
  { groupId: 'm.inner', parent: 'm', expand: { combine: 'product', over: [{ argument: 'x', source: { kind: 'literal', length: 3 } }] } },
];
/** How many iterations the loop has made, and how many items the mapped group has. */
const INSTANCES: Readonly<Record<string, number>> = { 'l.body': 4, 'l.gate': 4, 'm.inner.a': 3 };

function select(selection: TaskSelection & { readonly includeLaterIterations?: boolean }): readonly string[] {
  const plain: DagSpec = dagOf('looping', EDGES);
  const tasks = plain.tasks.map((task): TaskSpec => {
    const group = task.taskId.split('.').slice(0, -1).join('.');
    return group === '' ? task : { ...task, group };
  });
  const dag = compileDag({ ...plain, tasks, groups: GROUPS });
  const rows = tasks.flatMap(({ taskId }) => {
    const count = INSTANCES[taskId];
    return count === undefined ? [{ taskId, mapIndex: -1 }] : Array.from({ length: count }, (_, mapIndex) => ({ taskId, mapIndex }));
  });
  const run = new ActiveRun(
    {
      runKey: '1',
      dagId: 'looping',
      runId: 'r',
      versionId: '1',
      status: 'success',
      revision: 0,
      progress: {},
      tasks: rows.map((row, index) => ({ ...row, taskInstanceId: String(index), state: { status: 'success', attempt: 1 } })),
    },
    dag,
  );
  return selectNodes(run, selection, { withSetupsAndTeardowns: true }).map((node) => {
    const { task = -1, mapIndex = -1 } = run.state.nodes[node] ?? {};
    return `${dag.tasks[task]?.taskId}${mapIndex < 0 ? '' : `[${mapIndex}]`}`;
  });
}

describe('what a command is about', () => {
  test('an iteration of a loop is one alone', () => {
    expect(select({ taskIds: [['l.body', 1]] })).toEqual(['l.body[1]']);
    expect(select({ taskIds: [['l.body', 1]], includeDownstream: true })).toEqual(['after', 'l.body[1]', 'l.gate[1]']);
  });

  test('with the later iterations it is these with all their tasks, but nothing of the earlier ones', () => {
    const later = ['l.body[2]', 'l.body[3]', 'l.gate[2]', 'l.gate[3]'];
    expect(select({ taskIds: [['l.body', 1]], includeLaterIterations: true })).toEqual(['l.body[1]', ...later].sort());
    expect(select({ taskIds: [['l.gate', 3]], includeLaterIterations: true })).toEqual(['l.gate[3]']);
    expect(select({ taskIds: ['l.gate'], includeLaterIterations: true })).toEqual([
      ...['l.body[1]', 'l.body[2]', 'l.body[3]'],
      ...['l.gate[0]', 'l.gate[1]', 'l.gate[2]', 'l.gate[3]'],
    ]);
  });

  test('the earliest of several iterations of a loop counts', () => {
    const selection = { taskIds: [['l.body', 2] as const, ['l.gate', 1] as const], includeLaterIterations: true };
    expect(select(selection)).toEqual(['l.body[2]', 'l.body[3]', 'l.gate[1]', 'l.gate[2]', 'l.gate[3]']);
  });

  test('items of a mapping are no iterations: none is later than another', () => {
    expect(select({ taskIds: [['m.inner.a', 0]], includeLaterIterations: true })).toEqual(['m.inner.a[0]']);
    expect(select({ taskIds: ['after'], includeLaterIterations: true })).toEqual(['after']);
  });

  test('a group is its tasks and those of the groups in it, with a map index one instance of each', () => {
    expect(select({ taskIds: ['m'] })).toEqual(['m.b', 'm.inner.a[0]', 'm.inner.a[1]', 'm.inner.a[2]']);
    expect(select({ taskIds: [['l', 2]] })).toEqual(['l.body[2]', 'l.gate[2]']);
    expect(select({ taskIds: ['nothing', ['nothing', 1]] })).toEqual([]);
  });
});
