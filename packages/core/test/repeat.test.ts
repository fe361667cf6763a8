/** Groups and runs that are run anew, and what people change in finished runs. */
import { describe, expect, test } from '@jest/globals';
import { compileDag, type DagSpec, step, type TaskSpec } from '../src/index.ts';
import { Play } from './support/play.ts';
import { dagSpec, reloaded, taskSpec } from './support/specs.ts';

const play = (tasks: readonly TaskSpec[], more: Partial<DagSpec> = {}): Play => new Play(compileDag(dagSpec(tasks, more)));
const grouped = (max: number): Play =>
  play(
    [taskSpec('after', ['g.b'], { triggerRule: 'all_done' }), taskSpec('g.a', [], { group: 'g' }), taskSpec('g.b', [], { group: 'g' })],
    {
      groups: [{ groupId: 'g', retries: { max, delayMs: 500 } }],
    },
  );

describe('a group with retries', () => {
  test('is run anew as a whole when all of it has ended and something failed; what is after it waits', () => {
    const run = grouped(1).end('g.b', 'failed');
    expect(run.states).toEqual(['after: none', 'g.a: scheduled', 'g.b: failed']);
    run.end('g.a', 'success');
    expect(run.run.progress.groups).toEqual({ g: { retries: 0, retryAt: 1_500 } });
    expect(run.last?.effects).toEqual([{ type: 'wake', at: 1_500 }]);
    run.run = reloaded(run.dag, run.run);
    run.now = 1_499;
    expect(run.tell({ type: 'tick' })).toMatchObject({ changes: [], effects: [{ type: 'wake', at: 1_500 }] });
    run.pass(1);
    expect(run.states).toEqual(['after: none', 'g.a: none', 'g.b: none']);
    expect(run.last?.effects).toEqual([{ type: 'wake', at: 1_500 }]);
    run.pass(0);
    expect(run.states).toEqual(['after: none', 'g.a: scheduled', 'g.b: scheduled']);
    run.end('g.a', 'success').end('g.b', 'failed');
    expect(run.states).toEqual(['after: scheduled', 'g.a: success', 'g.b: failed']);
    expect(run.run.progress.groups).toEqual({ g: { retries: 1 } });
  });

  test('is not waited for when all of it went well', () => {
    const run = grouped(1).end('g.b', 'success');
    expect(run.states).toContain('after: none');
    expect(run.end('g.a', 'success').states).toContain('after: scheduled');
  });

  test('is not run anew when a person has marked what failed, nor when the run is ended', () => {
    const run = grouped(1).end('g.b', 'failed').end('g.a', 'success');
    run.tell({ type: 'tasks.marked', tasks: run.nodes('g.b'), status: 'success' });
    run.pass(0);
    expect(run.states).toContain('after: scheduled');
    expect(run.run.progress.groups).toEqual({ g: { retries: 0 } });
    const ended = grouped(1).end('g.b', 'failed').end('g.a', 'success');
    ended.tell({ type: 'run.cancelled' });
    expect(ended.run.status).toBe('failed');
  });

  test('has all its retries again when a person clears some of it', () => {
    const run = grouped(1).end('g.b', 'failed').end('g.a', 'success').pass(500).pass(0);
    run.end('g.a', 'success').end('g.b', 'failed').end('after', 'success');
    expect(run.run.progress.groups).toEqual({ g: { retries: 1 } });
    run.tell({ type: 'tasks.cleared', tasks: run.nodes('after') });
    expect(run.run.progress.groups).toEqual({ g: { retries: 1 } });
    run.tell({ type: 'tasks.cleared', tasks: run.nodes('g.b') });
    expect(run.run.progress).toEqual({});
  });

  test('holds up also what needs a setup in it and would have enough with another task', () => {
    const run = play(
      [
        taskSpec('far', ['g.work', 'x'], { triggerRule: 'one_success' }),
        taskSpec('g.set', [], { group: 'g', role: 'setup' }),
        taskSpec('g.work', ['g.set'], { group: 'g' }),
        taskSpec('x'),
      ],
      { groups: [{ groupId: 'g', retries: { max: 1, delayMs: 0 } }] },
    );
    run.end('x', 'success').end('g.set', 'success').end('g.work', 'failed');
    expect(run.states).toContain('far: none');
    run.pass(0).pass(0).end('g.set', 'failed');
    expect(run.states).toContain('far: upstream_failed');
  });
});

describe('a run with retries', () => {
  const retried = (from: 'failed' | 'start'): Play =>
    play([taskSpec('a'), taskSpec('b', ['a']), taskSpec('c', ['b'])], { runRetries: { max: 1, delayMs: 200, from } })
      .end('a', 'success')
      .end('b', 'failed');

  test('waits as a running run, and is then run anew from what failed, or from the start', () => {
    for (const from of ['failed', 'start'] as const) {
      const run = retried(from);
      expect(run.run).toMatchObject({ status: 'running', open: 0, progress: { retryAt: 1_200 } });
      run.pass(200).pass(0);
      expect(run.states[0]).toBe(from === 'failed' ? 'a: success' : 'a: scheduled');
      expect(run.run.progress).toEqual({ retries: 1 });
      if (from === 'start') run.end('a', 'success');
      run.end('b', 'failed');
      expect(run.run.status).toBe('failed');
    }
  });

  test('succeeds when the second time goes well, and has its retries again after a clear', () => {
    const run = retried('failed').pass(200).pass(0);
    run.end('b', 'success').end('c', 'success');
    expect(run.run.status).toBe('success');
    run.clear(['c']);
    expect(run.run.progress).toEqual({});
  });

  test('is run anew also when its time came while something was open again', () => {
    const run = retried('failed');
    run.tell({ type: 'tasks.marked', tasks: run.nodes('b'), status: 'success' });
    run.pass(900);
    expect(run.end('c', 'failed').last?.effects).toEqual([{ type: 'wake', at: 1_200 }]);
    expect(run.pass(0).states).toEqual(['a: success', 'b: success', 'c: none']);
  });

  test('can be cancelled while it waits', () => {
    const run = retried('failed');
    run.tell({ type: 'run.cancelled' });
    expect(run.run.status).toBe('failed');
  });
});

describe('runOutcome any_failed', () => {
  test('fails a run whose leaf hid a failure', () => {
    const tasks = [taskSpec('a'), taskSpec('z', ['a'], { triggerRule: 'all_done' })];
    expect(play(tasks).end('a', 'failed').end('z', 'success').run.status).toBe('success');
    expect(play(tasks, { runOutcome: 'any_failed' }).end('a', 'failed').end('z', 'success').run.status).toBe('failed');
  });
});

describe('nodes that are marked', () => {
  const chain = (): Play => play([taskSpec('a'), taskSpec('b', ['a']), taskSpec('c', ['b'])]);

  test('success: what had failed after them is cleared and goes on, in a run that is queued again', () => {
    const run = chain().end('a', 'failed');
    expect(run.run.status).toBe('failed');
    const { changes, effects } = run.tell({ type: 'tasks.marked', tasks: run.nodes('a'), status: 'success' });
    expect(changes.map(({ task, to }) => [task, to.status])).toEqual([
      [0, 'success'],
      [1, 'none'],
      [2, 'none'],
    ]);
    expect(effects).toEqual([{ type: 'announce', status: 'queued' }]);
    run.tell({ type: 'run.started' });
    expect(run.states).toEqual(['a: success', 'b: scheduled', 'c: none']);
  });

  test('in a finished run in which nothing is open then, only its outcome is found anew', () => {
    const run = chain().end('a', 'success').end('b', 'success').end('c', 'failed');
    run.tell({ type: 'tasks.marked', tasks: run.nodes('c'), status: 'success' });
    expect(run.run.status).toBe('success');
    run.tell({ type: 'tasks.marked', tasks: run.nodes('c'), status: 'failed' });
    expect(run.run.status).toBe('failed');
    expect(step(run.dag, run.run, { type: 'tasks.marked', tasks: run.nodes('c'), status: 'failed' }, 0)).toEqual({
      kind: 'ignored',
      why: 'no_change',
    });
    expect(step(run.dag, run.run, { type: 'tasks.marked', tasks: [9], status: 'failed' }, 0)).toMatchObject({
      kind: 'rejected',
      why: 'unknown_task',
    });
  });

  test('while they run: the attempt is revoked, successors are decided at the next tick', () => {
    const run = chain();
    run.tell({
      type: 'tasks.moved',
      moves: [
        { task: 0, to: { status: 'queued', attempt: 1 } },
        { task: 0, to: { status: 'running', attempt: 1 } },
      ],
    });
    expect(run.tell({ type: 'tasks.marked', tasks: [0], status: 'failed' }).effects).toEqual([
      { type: 'revoke', task: 0, attempt: 1 },
      { type: 'wake', at: 1_000 },
    ]);
    expect(run.pass(0).states).toEqual(['a: failed', 'b: upstream_failed', 'c: upstream_failed']);
  });
});

describe('tasks that wait for the run before', () => {
  test('wait until it is told, and then for as long as they are among the unmet', () => {
    const run = play([taskSpec('a', [], { dependsOnPast: true }), taskSpec('b', [], { waitForDownstream: true })]);
    expect(run.states).toEqual(['a: none', 'b: none']);
    run.tell({ type: 'past.told', unmet: [1] });
    expect(run.states).toEqual(['a: scheduled', 'b: none']);
    expect(step(run.dag, run.run, { type: 'past.told', unmet: [1] }, 0)).toEqual({ kind: 'ignored', why: 'no_change' });
    run.run = reloaded(run.dag, run.run);
    expect(run.run.pastUnmet).toEqual(new Set([1]));
    run.tell({ type: 'past.told', unmet: [] });
    expect(run.states).toEqual(['a: scheduled', 'b: scheduled']);
  });

  test('pass it on to the instances that they get', () => {
    const over = [{ argument: 'x', source: { kind: 'result' as const, taskId: 'list' } }];
    const run = play([taskSpec('list'), taskSpec('map', ['list'], { dependsOnPast: true, expand: { combine: 'product', over } })]);
    run.tell({ type: 'past.told', unmet: run.nodes('map') });
    expect(run.end('list', { items: 2 }).states).toEqual(['list: success', 'map[0]: none', 'map[1]: none']);
    run.tell({ type: 'past.told', unmet: [] });
    expect(run.states).toEqual(['list: success', 'map[0]: scheduled', 'map[1]: scheduled']);
  });
});

describe('instances of a mapped task that is cleared with its source', () => {
  test('are taken away, made and brought back as the new length asks; those that lived are revoked', () => {
    const over = [{ argument: 'x', source: { kind: 'result' as const, taskId: 'list' } }];
    const run = play([taskSpec('list'), taskSpec('map', ['list'], { expand: { combine: 'product', over } })]);
    run.end('list', { items: 3 }).end('map[0]', 'success').end('map[1]', 'failed').end('map[2]', 'success');
    run.clear(['list'], { downstream: true }).end('list', { items: 1 });
    expect(run.states).toEqual(['list: success', 'map[0]: scheduled', 'map[1]: removed', 'map[2]: removed']);
    expect(run.end('map[0]', 'success').run.status).toBe('success');
    run.clear(['list'], { downstream: true }).end('list', { items: 4 });
    expect(run.states).toEqual(['list: success', 'map[0]: scheduled', 'map[1]: scheduled', 'map[2]: scheduled', 'map[3]: scheduled']);
  });

  test('stay as they ended when only the source, or only one of them, is cleared', () => {
    const over = [{ argument: 'x', source: { kind: 'result' as const, taskId: 'list' } }];
    const run = play([taskSpec('list'), taskSpec('map', ['list'], { expand: { combine: 'product', over } })]);
    run.end('list', { items: 2 }).end('map[0]', 'success').end('map[1]', 'failed');
    run.clear(['map[1]']);
    expect(run.states).toEqual(['list: success', 'map[0]: success', 'map[1]: scheduled']);
    run.end('map[1]', 'success').clear(['list']).end('list', { items: 1 });
    expect(run.states).toEqual(['list: success', 'map[0]: success', 'map[1]: success']);
  });
});
