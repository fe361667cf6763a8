/** Facts that are told together lead to the same decisions as told one by one. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compileDag, type Dag, newRun, type RunEvent, type RunState, step, type TaskState } from '../src/index.ts';
import { propertyRuns } from './support/property-runs.ts';
import { dagSpec, taskSpec } from './support/specs.ts';

const FINALS = ['success', 'failed', 'skipped'] as const;

/** `width` tasks at once, and one after them all. */
function fan(width: number): Dag {
  const first = Array.from({ length: width }, (_, index) => `t${index}`);
  return compileDag(dagSpec([taskSpec('z', first, { triggerRule: 'all_done' }), ...first.map((taskId) => taskSpec(taskId))]));
}

function started(dag: Dag): RunState {
  return applied(dag, newRun(dag), { type: 'run.started' });
}

function applied(dag: Dag, run: RunState, event: RunEvent): RunState {
  const result = step(dag, run, event, 0);
  if (result.kind !== 'applied') throw new Error(JSON.stringify(result));
  return result.run;
}

function lifeOf(dag: Dag, taskId: string, end: TaskState['status']): { task: number; to: TaskState }[] {
  const task = dag.indexOf(taskId) ?? -1;
  return ['queued', 'running', end].map((status) => ({ task, to: { status, attempt: 1 } as TaskState }));
}

describe('moves told at once', () => {
  test('lead where they lead one by one', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...FINALS), { minLength: 1, maxLength: 12 }), (ends) => {
        const dag = fan(ends.length);
        const moves = ends.flatMap((end, index) => lifeOf(dag, `t${index}`, end));
        const oneByOne = moves.reduce((run, move) => applied(dag, run, { type: 'task.moved', ...move }), started(dag));
        expect(applied(dag, started(dag), { type: 'tasks.moved', moves })).toEqual(oneByOne);
      }),
      { numRuns: propertyRuns(200) },
    );
  });

  test('are settled once: the task that waits for all is scheduled in the same step', () => {
    const dag = fan(3);
    const moves = [0, 1, 2].flatMap((index) => lifeOf(dag, `t${index}`, 'success'));
    const result = step(dag, started(dag), { type: 'tasks.moved', moves }, 0);
    expect(result).toMatchObject({ kind: 'applied', changes: [{ task: dag.indexOf('z'), to: { status: 'scheduled' } }] });
  });

  test('pass over what is old news, and are ignored when all of it is', () => {
    const dag = fan(2);
    const life = lifeOf(dag, 't0', 'success');
    const run = applied(dag, started(dag), { type: 'tasks.moved', moves: life });
    expect(step(dag, run, { type: 'tasks.moved', moves: life }, 0)).toMatchObject({ kind: 'ignored' });
    const both = applied(dag, run, { type: 'tasks.moved', moves: [...life, ...lifeOf(dag, 't1', 'success')] });
    expect(both.tasks[dag.indexOf('t1') ?? -1]).toEqual({ status: 'success', attempt: 1 });
  });

  test('keep the wake of a retry', () => {
    const dag = fan(1);
    const task = dag.indexOf('t0') ?? -1;
    const moves = [...lifeOf(dag, 't0', 'running').slice(0, 2), { task, to: { status: 'up_for_retry', attempt: 1, dueAt: 77 } as const }];
    expect(step(dag, started(dag), { type: 'tasks.moved', moves }, 0)).toMatchObject({
      kind: 'applied',
      effects: [{ type: 'wake', at: 77 }],
    });
  });

  test('are rejected as a whole when one of them cannot be, or is of no task', () => {
    const dag = fan(2);
    const good = lifeOf(dag, 't0', 'success');
    const impossible = { task: dag.indexOf('t1') ?? -1, to: { status: 'success', attempt: 9 } as const };
    expect(step(dag, started(dag), { type: 'tasks.moved', moves: [...good, impossible] }, 0)).toMatchObject({
      kind: 'rejected',
      why: 'illegal_transition',
    });
    expect(
      step(dag, started(dag), { type: 'tasks.moved', moves: [{ task: 99, to: good[0]?.to ?? { status: 'none', attempt: 0 } }] }, 0),
    ).toMatchObject({
      kind: 'rejected',
      why: 'unknown_task',
    });
  });
});
