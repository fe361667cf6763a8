/** Fifty thousand items: what a step answers follows what changed, not the size of the run. */
import { describe, expect, test } from '@jest/globals';
import { compileDag, type Dag, type RunEvent, type TaskSpec, type TaskStatus } from '../src/index.ts';
import { Play } from './support/play.ts';
import { dagSpec, taskSpec } from './support/specs.ts';

const MANY = 50_000;
const expand: NonNullable<TaskSpec['expand']> = {
  combine: 'product',
  over: [{ argument: 'x', source: { kind: 'result', taskId: 'list' } }],
};

function life(nodes: readonly number[], end: TaskStatus): RunEvent {
  const states = ['queued', 'running', end] as const;
  return { type: 'tasks.moved', moves: nodes.flatMap((task) => states.map((status) => ({ task, to: { status, attempt: 1 } as never }))) };
}

function nodesOfTask(run: Play, taskId: string): readonly number[] {
  const task = run.dag.indexOf(taskId);
  return run.run.nodes.flatMap((node, index) => (node.task === task ? [index] : []));
}

describe('a task mapped over fifty thousand items', () => {
  const dag: Dag = compileDag(
    dagSpec([taskSpec('list'), taskSpec('map', ['list'], { expand }), taskSpec('sum', ['map'], { triggerRule: 'all_done' })]),
  );

  test('gets its instances in one step, all of them scheduled', () => {
    const run = new Play(dag).end('list', { items: MANY });
    expect(run.last?.created.length).toBe(MANY - 1);
    expect(run.last?.created.every(({ state }) => state.status === 'scheduled')).toBe(true);
    expect(run.run.open).toBe(MANY + 1);
  });

  test('one that ends changes nothing else until the last one has ended', () => {
    const run = new Play(dag).end('list', { items: MANY });
    const nodes = nodesOfTask(run, 'map');
    const edges = run.run.nodes;
    expect(run.tell(life(nodes.slice(0, 1), 'success')).changes).toEqual([]);
    expect(run.tell(life(nodes.slice(1, 2), 'failed')).changes).toEqual([]);
    expect(run.run.nodes).toBe(edges);
    const { changes } = run.tell(life(nodes.slice(2), 'success'));
    expect(changes.map(({ task, to }) => [task, to.status])).toEqual([[run.node('sum'), 'scheduled']]);
  });

  test('fails its successors once, however many of its instances fail', () => {
    const twice = compileDag(
      dagSpec([taskSpec('list'), taskSpec('map', ['list'], { expand }), taskSpec('next', ['map', 'list'], { expand })]),
    );
    const run = new Play(twice).end('list', { items: MANY });
    const { changes } = run.tell(life(nodesOfTask(run, 'map'), 'failed'));
    expect(changes.length).toBe(MANY);
    expect(new Set(changes.map(({ to }) => to.status))).toEqual(new Set(['upstream_failed']));
    expect(run.run.status).toBe('failed');
  });
});
