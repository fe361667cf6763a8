import { beforeEach, describe, expect, test } from '@jest/globals';
import { compileDag, type Dag, newRun, type RunEvent, type RunState, type Step, step, type TaskState } from '../src/index.ts';
import { dagSpec, NO_RETRIES, stateRun, taskSpec } from './support/specs.ts';

const retrying = { retries: { ...NO_RETRIES, max: 2 } };
/** extract → load → report, and notify when something failed. */
let dag: Dag;

beforeEach(() => {
  dag = compileDag(
    dagSpec([
      taskSpec('extract', [], retrying),
      taskSpec('load', ['extract']),
      taskSpec('notify', ['extract', 'load'], { triggerRule: 'one_failed' }),
      taskSpec('report', ['load']),
    ]),
  );
});

const [EXTRACT, LOAD, NOTIFY, REPORT] = [0, 1, 2, 3];

function applied(answer: Step): Extract<Step, { kind: 'applied' }> {
  if (answer.kind !== 'applied') throw new Error(JSON.stringify(answer));
  return answer;
}

function running(...states: readonly TaskState[]): RunState {
  return stateRun(dag, 'running', states);
}

const none: TaskState = { status: 'none', attempt: 0 };
const moved = (task: number, to: TaskState): RunEvent => ({ type: 'task.moved', task, to });

describe('a run that starts', () => {
  test('schedules what has no upstream tasks, and says so', () => {
    const answer = applied(step(dag, newRun(dag), { type: 'run.started' }, 0));
    expect(answer.run.status).toBe('running');
    expect(answer.run.open).toBe(4);
    expect(answer.changes).toEqual([
      { task: EXTRACT, from: none, to: { status: 'scheduled', attempt: 0 }, reason: 'all_success: no upstream tasks' },
    ]);
    expect(answer.effects).toEqual([{ type: 'announce', status: 'running' }]);
  });

  test('that the shell moved to running itself is decided all the same, once', () => {
    const answer = applied(step(dag, running(none, none, none, none), { type: 'run.started' }, 0));
    expect(answer.changes.map(({ task }) => task)).toEqual([EXTRACT]);
    expect(answer.effects).toEqual([]);
    expect(step(dag, answer.run, { type: 'run.started' }, 0)).toEqual({ kind: 'ignored', why: 'no_change' });
  });

  test('again after a clear wakes for the retry that is still waiting', () => {
    const run = stateRun(dag, 'queued', [{ status: 'up_for_retry', attempt: 1, dueAt: 900 }, none, none, none]);
    expect(applied(step(dag, run, { type: 'run.started' }, 100)).effects).toEqual([
      { type: 'announce', status: 'running' },
      { type: 'wake', at: 900 },
    ]);
  });

  test('decides nothing while it is queued', () => {
    expect(step(dag, newRun(dag), { type: 'tick' }, 0)).toEqual({ kind: 'ignored', why: 'no_change' });
    const waiting = stateRun(dag, 'queued', [{ status: 'up_for_retry', attempt: 1, dueAt: 5 }, none, none, none]);
    expect(step(dag, waiting, { type: 'tick' }, 9)).toEqual({ kind: 'ignored', why: 'no_change' });
    const run = stateRun(dag, 'queued', [{ status: 'running', attempt: 1 }, none, none, none]);
    const answer = applied(step(dag, run, moved(EXTRACT, { status: 'success', attempt: 1 }), 0));
    expect(answer.changes).toEqual([]);
    expect(answer.run.open).toBe(3);
  });
});

describe('a task that ends', () => {
  test('well, schedules its successor at once', () => {
    const answer = applied(
      step(dag, running({ status: 'running', attempt: 1 }, none, none, none), moved(EXTRACT, { status: 'success', attempt: 1 }), 0),
    );
    expect(answer.changes).toEqual([
      { task: LOAD, from: none, to: { status: 'scheduled', attempt: 0 }, reason: 'all_success: 1 upstream task: 1 success' },
    ]);
    expect(answer.effects).toEqual([]);
  });

  test('in failure, fails what is downstream, starts what waits for a failure, and the leaves decide the run', () => {
    const failed = applied(
      step(dag, running({ status: 'running', attempt: 3 }, none, none, none), moved(EXTRACT, { status: 'failed', attempt: 3 }), 0),
    );
    expect(failed.run.tasks.map(({ status }) => status)).toEqual(['failed', 'upstream_failed', 'scheduled', 'upstream_failed']);
    const notified = applied(step(dag, failed.run, moved(NOTIFY, { status: 'success', attempt: 1 }), 0));
    expect(notified.run.status).toBe('failed');
    expect(notified.effects).toEqual([{ type: 'announce', status: 'failed' }]);
  });

  test('skipped, skips what needs it', () => {
    const answer = applied(
      step(dag, running({ status: 'running', attempt: 1 }, none, none, none), moved(EXTRACT, { status: 'skipped', attempt: 1 }), 0),
    );
    expect(answer.run.tasks.map(({ status }) => status)).toEqual(['skipped', 'skipped', 'skipped', 'skipped']);
    expect(answer.run.status).toBe('success');
  });

  test('to be tried again, waits until it is due', () => {
    const waiting = applied(
      step(
        dag,
        running({ status: 'running', attempt: 1 }, none, none, none),
        moved(EXTRACT, { status: 'up_for_retry', attempt: 1, dueAt: 500 }),
        0,
      ),
    );
    expect(waiting.changes).toEqual([]);
    expect(waiting.effects).toEqual([{ type: 'wake', at: 500 }]);
    const early = applied(step(dag, waiting.run, { type: 'tick' }, 499));
    expect(early).toEqual({ kind: 'applied', run: waiting.run, changes: [], created: [], effects: [{ type: 'wake', at: 500 }] });
    expect(early.run).toBe(waiting.run);
    const due = applied(step(dag, waiting.run, { type: 'tick' }, 500));
    expect(due.changes).toEqual([
      {
        task: EXTRACT,
        from: { status: 'up_for_retry', attempt: 1, dueAt: 500 },
        to: { status: 'scheduled', attempt: 1 },
        reason: 'retry due',
      },
    ]);
    expect(due.effects).toEqual([]);
    expect(step(dag, due.run, { type: 'tick' }, 500)).toEqual({ kind: 'ignored', why: 'no_change' });
  });
});

describe('a tick', () => {
  test('wakes for the earliest of what remains and takes what is due', () => {
    const wide = compileDag(dagSpec(['a', 'b', 'c', 'd'].map((id) => taskSpec(id))));
    const run = stateRun(wide, 'running', [
      { status: 'up_for_retry', attempt: 1, dueAt: 700 },
      { status: 'up_for_reschedule', attempt: 1, dueAt: 600 },
      { status: 'up_for_reschedule', attempt: 2, dueAt: 100 },
      { status: 'running', attempt: 1 },
    ]);
    const answer = applied(step(wide, run, { type: 'tick' }, 100));
    expect(answer.changes).toEqual([
      {
        task: 2,
        from: { status: 'up_for_reschedule', attempt: 2, dueAt: 100 },
        to: { status: 'scheduled', attempt: 2 },
        reason: 'reschedule due',
      },
    ]);
    expect(answer.effects).toEqual([{ type: 'wake', at: 600 }]);
  });

  test('after a restart ends a run of which nothing is open', () => {
    const run = running(
      { status: 'success', attempt: 1 },
      { status: 'success', attempt: 1 },
      { status: 'skipped', attempt: 0 },
      { status: 'failed', attempt: 1 },
    );
    const answer = applied(step(dag, run, { type: 'tick' }, 0));
    expect(answer.run.status).toBe('failed');
    expect(answer.run.tasks).toBe(run.tasks);
    expect(answer.effects).toEqual([{ type: 'announce', status: 'failed' }]);
  });
});

describe('a report', () => {
  const live = (): RunState => running({ status: 'running', attempt: 2 }, none, none, none);

  test.each<[string, TaskState, TaskState]>([
    ['of an earlier attempt', { status: 'running', attempt: 2 }, { status: 'success', attempt: 1 }],
    ['of an attempt that has ended', { status: 'success', attempt: 2 }, { status: 'running', attempt: 2 }],
    ['of an attempt whose retry waits', { status: 'up_for_retry', attempt: 2, dueAt: 9 }, { status: 'running', attempt: 2 }],
    ['of an attempt whose retry is scheduled', { status: 'scheduled', attempt: 2 }, { status: 'up_for_retry', attempt: 2, dueAt: 9 }],
    ['of an attempt that was cleared', { status: 'none', attempt: 2 }, { status: 'success', attempt: 2 }],
    ['of an attempt that is being stopped', { status: 'restarting', attempt: 2 }, { status: 'running', attempt: 2 }],
    ['of a finished task that was cleared elsewhere', { status: 'success', attempt: 2 }, { status: 'none', attempt: 2 }],
    ['of an attempt before the task was cleared and skipped', { status: 'skipped', attempt: 2 }, { status: 'success', attempt: 2 }],
    [
      'of an attempt before the task was cleared and failed upstream',
      { status: 'upstream_failed', attempt: 2 },
      { status: 'failed', attempt: 2 },
    ],
    ['of an attempt before the task was cleared and removed', { status: 'removed', attempt: 2 }, { status: 'success', attempt: 2 }],
    ['of a claim before the task was deferred', { status: 'deferred', attempt: 2 }, { status: 'running', attempt: 2 }],
  ])('%s is stale', (_, known, to) => {
    expect(step(dag, running(known, none, none, none), moved(EXTRACT, to), 0)).toEqual({ kind: 'ignored', why: 'stale_attempt' });
  });

  test('of what is known already is no change', () => {
    expect(step(dag, live(), moved(EXTRACT, { status: 'running', attempt: 2 }), 0)).toEqual({ kind: 'ignored', why: 'no_change' });
    expect(step(dag, live(), moved(LOAD, none), 0)).toEqual({ kind: 'ignored', why: 'no_change' });
    expect(step(dag, live(), { type: 'tasks.moved', moves: [] }, 0)).toEqual({ kind: 'ignored', why: 'no_change' });
  });

  test.each<[string, TaskState, TaskState]>([
    ['a claim whose dispatch was not heard of', { status: 'scheduled', attempt: 1 }, { status: 'running', attempt: 2 }],
    ['an end whose claim was not heard of', { status: 'queued', attempt: 2 }, { status: 'success', attempt: 2 }],
    ['a release', { status: 'running', attempt: 2 }, { status: 'queued', attempt: 2 }],
    ['an interruption', { status: 'running', attempt: 2 }, { status: 'scheduled', attempt: 2 }],
    ['an answer to a waiting task', { status: 'awaiting_input', attempt: 2 }, { status: 'scheduled', attempt: 2 }],
    ['a skip by command', { status: 'up_for_retry', attempt: 2, dueAt: 9 }, { status: 'skipped', attempt: 2 }],
    ['a clear of a retry', { status: 'up_for_retry', attempt: 2, dueAt: 9 }, { status: 'removed', attempt: 2 }],
  ])('of %s is taken', (_, known, to) => {
    const run = running(known, none, none, none);
    const answer = applied(step(dag, run, moved(EXTRACT, to), 0));
    expect(answer.run.tasks[EXTRACT]).toBe(to);
    expect(run.tasks[EXTRACT]).toBe(known);
    expect(answer.changes.some(({ task }) => task === EXTRACT)).toBe(false);
  });

  test('that a stopped attempt is gone leads to the next one at once', () => {
    const answer = applied(
      step(dag, running({ status: 'restarting', attempt: 1 }, none, none, none), moved(EXTRACT, { status: 'none', attempt: 1 }), 0),
    );
    expect(answer.changes).toEqual([
      {
        task: EXTRACT,
        from: { status: 'none', attempt: 1 },
        to: { status: 'scheduled', attempt: 1 },
        reason: 'all_success: no upstream tasks',
      },
    ]);
  });

  test.each<[string, TaskState, TaskState, string]>([
    ['that contradicts the end', { status: 'success', attempt: 1 }, { status: 'failed', attempt: 1 }, 'no move leads there'],
    [
      'of a task that was not yet scheduled',
      none,
      { status: 'running', attempt: 1 },
      'decisions in between are not known here; load the run anew',
    ],
    [
      'that is attempts ahead',
      { status: 'scheduled', attempt: 0 },
      { status: 'queued', attempt: 2 },
      'decisions in between are not known here; load the run anew',
    ],
    [
      'of the next attempt of a running one',
      { status: 'running', attempt: 1 },
      { status: 'running', attempt: 2 },
      'decisions in between are not known here; load the run anew',
    ],
    [
      'of a running attempt without a number',
      { status: 'scheduled', attempt: 0 },
      { status: 'queued', attempt: 0 },
      'a state of an attempt needs an attempt number',
    ],
    [
      'of an upstream failure of a running task',
      { status: 'running', attempt: 1 },
      { status: 'upstream_failed', attempt: 1 },
      'no move leads there',
    ],
  ])('%s is rejected', (_, known, to, because) => {
    expect(step(dag, running(known, none, none, none), moved(EXTRACT, to), 0)).toEqual({
      kind: 'rejected',
      why: 'illegal_transition',
      detail: `Task "extract" is ${known.status} (attempt ${known.attempt}) and was reported ${to.status} (attempt ${to.attempt}): ${because}`,
    });
  });

  test.each<RunEvent>([
    moved(9, { status: 'running', attempt: 1 }),
    { type: 'task.lost', task: 9, attempt: 1, dice: 0 },
    { type: 'tasks.cleared', tasks: [0, 9] },
  ])('$type of a task that is not there is rejected', (event) => {
    expect(step(dag, live(), event, 0)).toEqual({
      kind: 'rejected',
      why: 'unknown_task',
      detail: 'The run of DAG "shop" has 4 task instances and none with index 9',
    });
  });
});

describe('a lost attempt', () => {
  test.each(['queued', 'running'] as const)('that was %s is tried again while it may', (status) => {
    const answer = applied(
      step(dag, running({ status, attempt: 2 }, none, none, none), { type: 'task.lost', task: EXTRACT, attempt: 2, dice: 0 }, 10),
    );
    expect(answer.changes).toEqual([
      {
        task: EXTRACT,
        from: { status, attempt: 2 },
        to: { status: 'up_for_retry', attempt: 2, dueAt: 1_010 },
        reason: 'attempt lost, will be tried again',
        lost: true,
      },
    ]);
    expect(answer.effects).toEqual([{ type: 'wake', at: 1_010 }]);
  });

  test.each(['queued', 'running'] as const)('that was seen with a worker is taken from there, also when it is known as %s', (status) => {
    const event: RunEvent = { type: 'task.lost', task: EXTRACT, attempt: 2, dice: 0, claimed: true };
    const answer = applied(step(dag, running({ status, attempt: 2 }, none, none, none), event, 10));
    expect(answer.changes).toMatchObject([
      { from: { status: 'running', attempt: 2 }, to: { status: 'up_for_retry', attempt: 2 }, lost: true },
    ]);
  });

  test.each<TaskState>([
    { status: 'scheduled', attempt: 1 },
    { status: 'running', attempt: 1 },
    { status: 'failed', attempt: 1 },
  ])('that began unheard of, after %o, is rejected: what is known here is outdated', (known) => {
    const event: RunEvent = { type: 'task.lost', task: EXTRACT, attempt: 2, dice: 0, claimed: true };
    expect(step(dag, running(known, none, none, none), event, 10)).toMatchObject({ kind: 'rejected', why: 'illegal_transition' });
  });

  test('fails on the last try, and the rest follows', () => {
    const answer = applied(
      step(
        dag,
        running({ status: 'running', attempt: 3 }, none, none, none),
        { type: 'task.lost', task: EXTRACT, attempt: 3, dice: 0 },
        10,
      ),
    );
    expect(answer.changes[0]).toEqual({
      task: EXTRACT,
      from: { status: 'running', attempt: 3 },
      to: { status: 'failed', attempt: 3 },
      reason: 'attempt lost, no tries left',
      lost: true,
    });
    expect(answer.run.tasks.map(({ status }) => status)).toEqual(['failed', 'upstream_failed', 'scheduled', 'upstream_failed']);
    expect(answer.effects).toEqual([]);
  });

  test('has all its tries again after a clear', () => {
    const event: RunEvent = { type: 'task.lost', task: EXTRACT, attempt: 5, dice: 0, triesBefore: 3 };
    expect(applied(step(dag, running({ status: 'running', attempt: 5 }, none, none, none), event, 0)).run.tasks[EXTRACT]?.status).toBe(
      'up_for_retry',
    );
  });

  test('that was being stopped makes room for the next one, at the next tick', () => {
    const lost = applied(
      step(
        dag,
        running({ status: 'restarting', attempt: 1 }, none, none, none),
        { type: 'task.lost', task: EXTRACT, attempt: 1, dice: 0 },
        10,
      ),
    );
    expect(lost.changes).toEqual([
      {
        task: EXTRACT,
        from: { status: 'restarting', attempt: 1 },
        to: { status: 'none', attempt: 1 },
        reason: 'attempt lost while it was being stopped',
        lost: true,
      },
    ]);
    expect(lost.effects).toEqual([{ type: 'wake', at: 10 }]);
    expect(applied(step(dag, lost.run, { type: 'tick' }, 10)).run.tasks[EXTRACT]).toEqual({ status: 'scheduled', attempt: 1 });
  });

  test.each<TaskState>([
    { status: 'running', attempt: 3 },
    { status: 'scheduled', attempt: 2 },
    { status: 'success', attempt: 2 },
    { status: 'deferred', attempt: 2 },
  ])('is old news when the task is %j', (known) => {
    expect(step(dag, running(known, none, none, none), { type: 'task.lost', task: EXTRACT, attempt: 2, dice: 0 }, 0)).toEqual({
      kind: 'ignored',
      why: 'stale_attempt',
    });
  });
});

describe('a cancelled run', () => {
  test('fails at once: what is live is revoked and failed, the rest is skipped, what has ended stays', () => {
    const wide = compileDag(dagSpec(Array.from({ length: 10 }, (_, index) => taskSpec(`t${index}`))));
    const run = stateRun(wide, 'running', [
      { status: 'none', attempt: 0 },
      { status: 'scheduled', attempt: 1 },
      { status: 'queued', attempt: 1 },
      { status: 'running', attempt: 2 },
      { status: 'restarting', attempt: 3 },
      { status: 'up_for_retry', attempt: 1, dueAt: 5 },
      { status: 'up_for_reschedule', attempt: 1, dueAt: 5 },
      { status: 'deferred', attempt: 1 },
      { status: 'awaiting_input', attempt: 1 },
      { status: 'success', attempt: 1 },
    ]);
    const answer = applied(step(wide, run, { type: 'run.cancelled' }, 0));
    expect(answer.run.tasks.map(({ status, attempt }) => `${status} ${attempt}`)).toEqual([
      'skipped 0',
      'skipped 1',
      'failed 1',
      'failed 2',
      'failed 3',
      'skipped 1',
      'skipped 1',
      'skipped 1',
      'skipped 1',
      'success 1',
    ]);
    expect(answer.run).toMatchObject({ status: 'failed', open: 0 });
    expect(answer.effects).toEqual([
      { type: 'revoke', task: 2, attempt: 1 },
      { type: 'revoke', task: 3, attempt: 2 },
      { type: 'revoke', task: 4, attempt: 3 },
      { type: 'announce', status: 'failed' },
    ]);
    expect(new Set(answer.changes.map(({ reason }) => reason))).toEqual(new Set(['run cancelled']));
    expect(answer.changes).toHaveLength(9);
  });

  test('may be one that has not begun', () => {
    const answer = applied(step(dag, newRun(dag), { type: 'run.cancelled' }, 0));
    expect(answer.run.status).toBe('failed');
    expect(answer.run.tasks.every(({ status }) => status === 'skipped')).toBe(true);
  });
});

describe('a clear', () => {
  const ended = (): RunState =>
    stateRun(dag, 'failed', [
      { status: 'success', attempt: 1 },
      { status: 'failed', attempt: 2 },
      { status: 'success', attempt: 1 },
      { status: 'upstream_failed', attempt: 0 },
    ]);

  test('of a finished run queues it again, keeps the attempts, and leaves alone what was not named', () => {
    const cleared = applied(step(dag, ended(), { type: 'tasks.cleared', tasks: [LOAD, LOAD] }, 0));
    expect(cleared.run).toMatchObject({ status: 'queued', open: 1 });
    expect(cleared.changes).toEqual([
      { task: LOAD, from: { status: 'failed', attempt: 2 }, to: { status: 'none', attempt: 2 }, reason: 'cleared' },
    ]);
    expect(cleared.effects).toEqual([{ type: 'announce', status: 'queued' }]);
    const started = applied(step(dag, cleared.run, { type: 'run.started' }, 0));
    expect(started.changes.map(({ task, to }) => [task, to])).toEqual([[LOAD, { status: 'scheduled', attempt: 2 }]]);
    const done = applied(step(dag, started.run, moved(LOAD, { status: 'success', attempt: 3 }), 0));
    expect(done.run.tasks[REPORT]).toEqual({ status: 'upstream_failed', attempt: 0 });
    expect(done.run.status).toBe('failed');
  });

  test('of a queued run lets it be queued', () => {
    const run = stateRun(dag, 'queued', [{ status: 'success', attempt: 1 }, none, none, none]);
    const cleared = applied(step(dag, run, { type: 'tasks.cleared', tasks: [EXTRACT] }, 0));
    expect(cleared.run.status).toBe('queued');
    expect(cleared.effects).toEqual([]);
  });

  test('of nothing changes nothing', () => {
    expect(step(dag, ended(), { type: 'tasks.cleared', tasks: [] }, 0)).toEqual({ kind: 'ignored', why: 'no_change' });
    const run = running(none, { status: 'restarting', attempt: 1 }, none, none);
    expect(step(dag, run, { type: 'tasks.cleared', tasks: [EXTRACT, LOAD] }, 0)).toEqual({ kind: 'ignored', why: 'no_change' });
  });

  test('in a running run stops what runs, takes back what waits, and leaves the next decision to a tick', () => {
    const run = running({ status: 'success', attempt: 1 }, { status: 'running', attempt: 1 }, none, none);
    const cleared = applied(step(dag, run, { type: 'tasks.cleared', tasks: [EXTRACT, LOAD] }, 70));
    expect(cleared.changes).toEqual([
      { task: EXTRACT, from: { status: 'success', attempt: 1 }, to: { status: 'none', attempt: 1 }, reason: 'cleared' },
      { task: LOAD, from: { status: 'running', attempt: 1 }, to: { status: 'restarting', attempt: 1 }, reason: 'cleared while running' },
    ]);
    expect(cleared.effects).toEqual([
      { type: 'revoke', task: LOAD, attempt: 1 },
      { type: 'wake', at: 70 },
    ]);
    expect(cleared.run).toMatchObject({ status: 'running', open: 4 });
    expect(applied(step(dag, cleared.run, { type: 'tick' }, 70)).changes.map(({ task }) => task)).toEqual([EXTRACT]);
    // The stopped task waits for its upstream task to succeed anew.
    const stopped = applied(step(dag, cleared.run, moved(LOAD, { status: 'none', attempt: 1 }), 70));
    expect(stopped.run.tasks[LOAD]?.status).toBe('none');
  });

  test.each<TaskState>([
    { status: 'scheduled', attempt: 1 },
    { status: 'queued', attempt: 1 },
    { status: 'up_for_retry', attempt: 1, dueAt: 5 },
    { status: 'up_for_reschedule', attempt: 1, dueAt: 5 },
    { status: 'deferred', attempt: 1 },
    { status: 'awaiting_input', attempt: 1 },
    { status: 'removed', attempt: 1 },
  ])('takes back a task that is $status', (known) => {
    const answer = applied(step(dag, running(known, none, none, none), { type: 'tasks.cleared', tasks: [EXTRACT] }, 0));
    expect(answer.run.tasks[EXTRACT]).toEqual({ status: 'none', attempt: 1 });
    expect(answer.effects).toEqual([{ type: 'wake', at: 0 }]);
  });
});

describe('removed tasks', () => {
  test('leave the outcome to the teardowns when nothing else is left', () => {
    const set = compileDag(
      dagSpec([taskSpec('set', [], { role: 'setup' }), taskSpec('take', ['set'], { role: 'teardown', setups: ['set'] })]),
    );
    const states = (end: 'success' | 'failed'): readonly TaskState[] => [
      { status: 'removed', attempt: 0 },
      { status: end, attempt: 1 },
    ];
    expect(applied(step(set, stateRun(set, 'running', states('failed')), { type: 'tick' }, 0)).run.status).toBe('failed');
    expect(applied(step(set, stateRun(set, 'running', states('success')), { type: 'tick' }, 0)).run.status).toBe('success');
  });

  const gone: TaskState = { status: 'removed', attempt: 0 };

  test('do not hold up what is downstream of them', () => {
    const answer = applied(
      step(dag, running({ status: 'running', attempt: 1 }, none, none, none), moved(EXTRACT, { status: 'removed', attempt: 1 }), 0),
    );
    expect(answer.run.tasks.map(({ status }) => status)).toEqual(['removed', 'scheduled', 'none', 'none']);
  });

  test('leave a run that succeeds when all are removed', () => {
    expect(applied(step(dag, running(gone, gone, gone, gone), { type: 'tick' }, 0)).run.status).toBe('success');
  });

  test('hand their say in the outcome to their upstream tasks', () => {
    const failedBehind = running({ status: 'success', attempt: 1 }, { status: 'failed', attempt: 1 }, gone, gone);
    expect(applied(step(dag, failedBehind, { type: 'tick' }, 0)).run.status).toBe('failed');
    const leafStands = running({ status: 'failed', attempt: 1 }, gone, { status: 'success', attempt: 1 }, gone);
    expect(applied(step(dag, leafStands, { type: 'tick' }, 0)).run.status).toBe('success');
  });
});
