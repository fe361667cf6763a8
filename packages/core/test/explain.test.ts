import { beforeEach, describe, expect, test } from '@jest/globals';
import { compileDag, type Dag, explain, type Refusal, type RunStatus, restoreRun, type TaskState } from '../src/index.ts';
import { dagSpec, taskSpec } from './support/specs.ts';

const many = Array.from({ length: 7 }, (_, index) => `source${index}`);
let dag: Dag;

beforeEach(() => {
  dag = compileDag(dagSpec([...many.map((id) => taskSpec(id)), taskSpec('join', many)]));
});

const JOIN = 7;
const success: TaskState = { status: 'success', attempt: 1 };

/** What is said of `join`, one line each: `-` before what blocks it, `+` before what does not. */
function why(
  join: TaskState,
  sources: TaskState = success,
  status: RunStatus = 'running',
  refusals?: readonly Refusal[],
): readonly string[] {
  const run = restoreRun(dag, status, [...many.map(() => sources), join]);
  const lines = refusals === undefined ? explain(dag, run, JOIN, 100) : explain(dag, run, JOIN, 100, { refusals });
  return lines.map(({ rule, passed, reason }) => `${passed ? '+' : '-'} ${rule}: ${reason}`);
}

const MET = '+ trigger_rule: all_success: 7 upstream tasks: 7 success';
const RUNS = '+ run_status: The run is running';

describe('why a task is not running', () => {
  test('its upstream tasks are not done: some are named', () => {
    expect(why({ status: 'none', attempt: 0 }, { status: 'running', attempt: 1 })).toEqual([
      '- trigger_rule: all_success: 7 upstream tasks: 7 not finished; not finished: "source0" (running), "source1" (running), "source2" (running), "source3" (running), "source4" (running) and 2 more',
      RUNS,
      '+ task_status: The task is none',
      '+ due: It waits for no time',
      '+ slot: It does not need a slot yet',
      '+ worker: It does not need a worker yet',
    ]);
  });

  test('few that are not done are all named', () => {
    const run = restoreRun(dag, 'running', [
      ...many.map((_, index): TaskState => (index < 5 ? { status: 'queued', attempt: 1 } : success)),
      { status: 'none', attempt: 0 },
    ]);
    expect(explain(dag, run, JOIN, 0)[0]?.reason).toBe(
      'all_success: 7 upstream tasks: 2 success, 5 not finished; not finished: "source0" (queued), "source1" (queued), "source2" (queued), "source3" (queued), "source4" (queued)',
    );
  });

  test('it was cleared and no tick has come yet', () => {
    expect(why({ status: 'none', attempt: 1 })[0]).toBe(RUNS);
    expect(why({ status: 'none', attempt: 1 }, { status: 'failed', attempt: 1 })[0]).toBe(
      '- trigger_rule: all_success: 7 upstream tasks: 7 failed',
    );
  });

  test('its run is queued', () => {
    expect(why({ status: 'none', attempt: 0 }, { status: 'none', attempt: 0 }, 'queued').map((line) => line.split(':')[0])).toEqual([
      '- run_status',
      '- trigger_rule',
      '+ task_status',
      '+ due',
      '+ slot',
      '+ worker',
    ]);
    expect(why({ status: 'none', attempt: 0 }, success, 'queued')[0]).toBe(
      '- run_status: The run is queued: it waits for its time, for the DAG to be un-paused, or for maxActiveRuns',
    );
  });

  test.each(['success', 'failed'] as const)('its run has ended in %s', (status) => {
    expect(why({ status: 'none', attempt: 0 }, success, status)[0]).toBe('- run_status: The run has ended');
  });

  test('it is finished', () => {
    expect(why({ status: 'upstream_failed', attempt: 0 })).toEqual([
      '- task_status: The task is upstream_failed; clear it to run it again',
    ]);
  });

  test('it waits for its next try, or was due just now', () => {
    expect(why({ status: 'up_for_retry', attempt: 1, dueAt: 350 })).toEqual([
      '- due: The next try is due in 250 ms',
      RUNS,
      '+ task_status: The task is up_for_retry',
      MET,
      '+ slot: It does not need a slot yet',
      '+ worker: It does not need a worker yet',
    ]);
    expect(why({ status: 'up_for_retry', attempt: 1, dueAt: 100 })).toContain('+ due: The next try is due');
    expect(why({ status: 'up_for_reschedule', attempt: 1, dueAt: 101 })[0]).toBe('- due: The next look is due in 1 ms');
  });

  test('it waits for a slot, and why', () => {
    expect(why({ status: 'scheduled', attempt: 0 })[0]).toBe('- slot: It waits for the scheduler to give it a slot');
    const refusal: Refusal = { taskInstanceId: '7', reason: 'pool_full', detail: 'The pool is full' };
    expect(why({ status: 'scheduled', attempt: 0 }, success, 'running', [refusal])[0]).toBe('- slot: The pool is full');
    expect(why({ status: 'scheduled', attempt: 0 }, success, 'running', [])[0]).toBe(
      '- slot: It waits for the scheduler to give it a slot',
    );
    // Once its rule was met it does not matter that an upstream task was cleared since.
    expect(why({ status: 'scheduled', attempt: 0 }, { status: 'none', attempt: 1 })).toContain(
      '+ trigger_rule: all_success: 7 upstream tasks: 7 not finished',
    );
  });

  test('it waits for a worker', () => {
    expect(why({ status: 'queued', attempt: 1 })).toEqual([
      '- worker: It is in its queue: no worker has taken it yet',
      RUNS,
      '+ task_status: The task is queued',
      MET,
      '+ due: It waits for no time',
      '+ slot: It has its slots',
    ]);
  });

  test.each<[TaskState, string]>([
    [{ status: 'restarting', attempt: 1 }, '- task_status: The attempt before it is being stopped'],
    [{ status: 'deferred', attempt: 1 }, '- task_status: It waits for its trigger'],
    [{ status: 'awaiting_input', attempt: 1 }, '- task_status: It waits for a person to answer'],
  ])('it is %j', (state, line) => {
    expect(why(state)[0]).toBe(line);
  });

  test('nothing: it runs', () => {
    expect(why({ status: 'running', attempt: 1 })).toEqual([
      RUNS,
      '+ task_status: The task is running',
      MET,
      '+ due: It waits for no time',
      '+ slot: It has its slots',
      '+ worker: A worker runs it',
    ]);
    expect(why({ status: 'restarting', attempt: 1 })).toContain('+ slot: It has its slots');
  });

  test('there is no such task', () => {
    expect(() => explain(dag, restoreRun(dag, 'running', [...many.map(() => success), success]), 8, 0)).toThrow(
      new RangeError('DAG "shop" has no task with index 8'),
    );
  });
});
