/** Runs that are ended before their time: cancelled, marked, timed out; their teardowns. */
import { describe, expect, test } from '@jest/globals';
import { compileDag, type DagSpec, step, type TaskSpec } from '../src/index.ts';
import { Play } from './support/play.ts';
import { dagSpec, NO_RETRIES, reloaded, taskSpec } from './support/specs.ts';

const play = (tasks: readonly TaskSpec[], more: Partial<DagSpec> = {}, begin = true): Play =>
  new Play(compileDag(dagSpec(tasks, more)), begin);

/** Two clusters, the second not yet made; `work` is running. */
function clusters(more: Partial<DagSpec> = {}): Play {
  const run = play(
    [
      taskSpec('make_a', [], { role: 'setup' }),
      taskSpec('make_b', ['work'], { role: 'setup' }),
      taskSpec('take_a', ['make_a', 'work'], { role: 'teardown', setups: ['make_a'] }),
      taskSpec('take_b', ['make_b'], { role: 'teardown', setups: ['make_b'] }),
      taskSpec('work', ['make_a']),
    ],
    more,
  ).end('make_a', 'success');
  const task = run.node('work');
  run.tell({
    type: 'tasks.moved',
    moves: [
      { task, to: { status: 'queued', attempt: 1 } },
      { task, to: { status: 'running', attempt: 1 } },
    ],
  });
  return run;
}

describe('a run that is cancelled', () => {
  test('revokes what lives, skips what has not begun, and tears down what was set up; then it fails', () => {
    const run = clusters();
    const work = run.node('work');
    const { effects } = run.tell({ type: 'run.cancelled' });
    expect(effects).toEqual([{ type: 'revoke', task: work, attempt: 1 }]);
    expect(run.states).toEqual(['make_a: success', 'make_b: skipped', 'take_a: scheduled', 'take_b: skipped', 'work: failed']);
    expect(run.run.progress.ending).toEqual({ why: 'cancelled', status: 'failed' });
    expect(step(run.dag, run.run, { type: 'run.cancelled' }, run.now)).toEqual({ kind: 'ignored', why: 'no_change' });
    expect(run.end('take_a', 'success').run.status).toBe('failed');
  });

  test('goes on with its teardowns after a restart of the scheduler', () => {
    const run = clusters();
    run.tell({ type: 'run.cancelled' });
    run.run = reloaded(run.dag, run.run);
    expect(run.end('take_a', 'success').run.status).toBe('failed');
  });

  test('without teardowns is over at once, also when it was being cancelled with them', () => {
    const run = clusters();
    run.tell({ type: 'run.cancelled' });
    run.tell({ type: 'run.cancelled', teardowns: false });
    expect(run.states).toContain('take_a: skipped');
    expect(run.run).toMatchObject({ status: 'failed', open: 0 });
  });

  test('lets a teardown that lives go on', () => {
    const run = clusters();
    run.tell({ type: 'task.moved', task: run.node('work'), to: { status: 'failed', attempt: 1 } });
    const task = run.node('take_a');
    run.tell({
      type: 'tasks.moved',
      moves: [
        { task, to: { status: 'queued', attempt: 1 } },
        { task, to: { status: 'running', attempt: 1 } },
      ],
    });
    expect(run.run.status).toBe('running');
    expect(step(run.dag, run.run, { type: 'run.cancelled' }, run.now)).toMatchObject({ kind: 'applied', changes: [], effects: [] });
  });

  test('forgets that it was when it is cleared', () => {
    const run = clusters();
    run.tell({ type: 'run.cancelled', teardowns: false });
    run.clear(['work'], { downstream: true });
    expect(run.run.progress).toEqual({});
    expect(run.states).toEqual(['make_a: success', 'make_b: none', 'take_a: none', 'take_b: none', 'work: scheduled']);
  });

  test('while it is queued again still tears down, when it is started', () => {
    const run = clusters();
    run.tell({ type: 'run.cancelled', teardowns: false });
    run.tell({ type: 'tasks.cleared', tasks: run.nodes('work', 'take_a') });
    run.tell({ type: 'run.cancelled' });
    expect(run.run.status).toBe('queued');
    run.tell({ type: 'run.started' });
    expect(run.states).toContain('take_a: scheduled');
    expect(run.end('take_a', 'failed').run.status).toBe('failed');
  });
});

describe('a run that is marked', () => {
  test('takes its status when its teardowns have ended, or at once when it has finished', () => {
    const run = clusters();
    run.tell({ type: 'run.marked', status: 'success' });
    expect(run.run.status).toBe('running');
    expect(run.end('take_a', 'failed').run.status).toBe('success');
    run.tell({ type: 'run.marked', status: 'failed' });
    expect(run.run.status).toBe('failed');
    expect(step(run.dag, run.run, { type: 'run.marked', status: 'failed' }, 0)).toEqual({ kind: 'ignored', why: 'no_change' });
  });
});

describe('a run that takes too long', () => {
  test('is ended like a cancelled one, counted from its start', () => {
    const run = clusters({ runTimeoutMs: 5_000 });
    expect(run.run.progress.startedAt).toBe(1_000);
    run.now = 5_999;
    expect(run.tell({ type: 'tick' }).effects).toEqual([{ type: 'wake', at: 6_000 }]);
    run.pass(1);
    expect(run.states).toEqual(['make_a: success', 'make_b: skipped', 'take_a: scheduled', 'take_b: skipped', 'work: failed']);
    expect(run.end('take_a', 'success').run.status).toBe('failed');
    expect(run.run.progress.ending?.why).toBe('timed_out');
  });

  test('does not begin a retry that is due at that very moment, but that of a teardown', () => {
    const retries = { ...NO_RETRIES, max: 3, delayMs: 0 };
    const run = play(
      [
        taskSpec('set', [], { role: 'setup' }),
        taskSpec('take', ['set'], { role: 'teardown', setups: ['set'], retries }),
        taskSpec('work', ['set'], { retries }),
      ],
      { runTimeoutMs: 10 },
    );
    run.end('set', 'success').end('take', 'failed').end('work', 'failed').pass(10);
    expect(run.states).toEqual(['set: success', 'take: scheduled', 'work: skipped']);
  });

  test('counts anew when it is cleared and started again', () => {
    const run = play([taskSpec('a')], { runTimeoutMs: 100 });
    run.pass(100);
    expect(run.run.status).toBe('failed');
    run.now = 5_000;
    run.clear(['a']);
    expect(run.run.progress).toEqual({ startedAt: 5_000 });
    expect(run.end('a', 'success').run.status).toBe('success');
  });

  test('without a timeout remembers nothing', () => {
    expect(play([taskSpec('a')]).run.progress).toEqual({});
  });
});
