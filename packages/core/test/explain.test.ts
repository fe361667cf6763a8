import { beforeEach, describe, expect, test } from '@jest/globals';
import {
  compileDag,
  type Dag,
  type ExplainFacts,
  explain,
  explainRun,
  type RunState,
  type RunStatus,
  restoreRun,
  type SlotStanding,
  type TaskState,
  type WaitCondition,
  whyRun,
} from '../src/index.ts';
import { dagSpec, taskSpec } from './support/specs.ts';

const many = Array.from({ length: 7 }, (_, index) => `source${index}`);
let dag: Dag;

beforeEach(() => {
  dag = compileDag(dagSpec([...many.map((id) => taskSpec(id)), taskSpec('join', many)]));
});

const JOIN = 7;
const success: TaskState = { status: 'success', attempt: 1 };

function runWith(states: readonly TaskState[], status: RunStatus = 'running'): RunState {
  return restoreRun(dag, { status, nodes: states.map((state, task) => ({ task, mapIndex: -1, state })) });
}

function lines(explanations: ReturnType<typeof explain>): readonly string[] {
  return explanations.map(({ rule, passed, reason }) => `${passed ? '+' : '-'} ${rule}: ${reason}`);
}

/** What is said of `join`, one line each: `-` before what blocks it, `+` before what does not. */
function why(join: TaskState, sources: TaskState = success, status: RunStatus = 'running', facts: ExplainFacts = {}): readonly string[] {
  return lines(explain(dag, runWith([...many.map(() => sources), join], status), JOIN, 100, facts));
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
    const run = runWith([
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
    const TURN = '- slot: It waits for its turn: the scheduler gives slots in the order of priority, and fairly among DAGs';
    expect(why({ status: 'scheduled', attempt: 0 })[0]).toBe(TURN);
    const refusals = [{ taskInstanceId: '7', reason: 'pool_full', detail: 'The pool is full' }] as const;
    expect(why({ status: 'scheduled', attempt: 0 }, success, 'running', { refusals })[0]).toBe('- slot: The pool is full');
    expect(why({ status: 'scheduled', attempt: 0 }, success, 'running', { refusals: [] })[0]).toBe(TURN);
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
    [{ status: 'deferred', attempt: 1 }, '- wait: It waits without a slot'],
    [{ status: 'awaiting_input', attempt: 1 }, '- wait: It waits for a person to answer'],
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
    expect(() => explain(dag, runWith([...many.map(() => success), success]), 8, 0)).toThrow(
      new RangeError('The run of DAG "shop" has no node 8'),
    );
  });

  test('every limit that is used up is said, not only the first', () => {
    const slot: SlotStanding = {
      pool: 'gpu',
      poolSlots: 2,
      poolSize: 4,
      poolUsed: 3,
      dagActive: 16,
      maxActiveTasks: 16,
      keys: [
        { key: 'task:shop/join', limit: 2, held: 2 },
        { key: 'run:9/join', limit: 1, held: 0 },
        { key: 'key:api', limit: 3, held: 3 },
      ],
      rates: [{ key: 'api', tokens: 1, perMs: 60_000, burst: 1, fullAt: 45_100 }],
    };
    const said = why({ status: 'scheduled', attempt: 0 }, success, 'running', { slot });
    expect(said.slice(0, 5)).toEqual([
      '- pool: The task needs 2 slots at once of pool "gpu": 1 of 4 are free',
      '- dag_limit: 16 tasks of the DAG are active; its maxActiveTasks is 16',
      '- task_limit: 2 instances of the task are active over all runs; its maxActive is 2',
      '- concurrency: 3 tasks hold the concurrency key "api"; the limit is 3',
      '- rate: The next token for "api" comes in 45 s (1 per 60 s)',
    ]);
    expect(said).toContain('+ run_task_limit: 0 instances of the task are active in this run; its maxActivePerRun is 1');
    const { poolSize: _, ...unknown } = slot;
    expect(why({ status: 'scheduled', attempt: 0 }, success, 'running', { slot: unknown })[0]).toContain('There is no pool "gpu"');
    expect(why({ status: 'scheduled', attempt: 0 }, success, 'running', { slot: { ...slot, poolSlots: 5 } })[0]).toContain('has 4 in all');
  });

  test('no worker serves its queue, or its worker is silent', () => {
    const worker = { id: 'w1', queues: ['default'], alive: true, heartbeatAt: 0 };
    const queued = (facts: ExplainFacts): string | undefined => why({ status: 'queued', attempt: 1 }, success, 'running', facts)[0];
    expect(queued({ queue: 'gpu', workers: [worker] })).toBe(
      '- worker: No worker serves queue "gpu": start one with `headrace worker --queues gpu`',
    );
    expect(queued({ queue: 'default', workers: [{ ...worker, alive: false }] })).toContain('No worker serves');
    expect(queued({ queue: 'default', queuedAt: 60, workers: [worker] })).toBe(
      '- worker: It is in queue "default", for 40 ms: the worker that serves it is busy, or about to take it',
    );
    const running = (facts: ExplainFacts): string | undefined => why({ status: 'running', attempt: 1 }, success, 'running', facts)[0];
    expect(running({ workerId: 'w1', workers: [{ ...worker, alive: false }] })).toContain(
      '- worker: Its worker "w1" is silent since 100 ms',
    );
    expect(running({ workerId: 'w1', workers: [worker] })).toBe(RUNS);
  });

  test('what it waits for, since when, and until when', () => {
    const wait = { key: '1', onTimeout: 'skip', enteredAt: 0, timeoutAt: 3_600_000 } as const;
    const waits = (condition: WaitCondition) =>
      why({ status: 'deferred', attempt: 1 }, success, 'running', { wait: { ...wait, condition } })[0];
    const end = ', since 100 ms; at 1970-01-01T01:00:00.000Z it is skipped';
    expect(waits({ kind: 'asset', name: 'sales', partition: '2026-01-01' })).toBe(
      `- wait: It waits for an event of asset "sales" of partition "2026-01-01"${end}`,
    );
    expect(waits({ kind: 'time', at: 86_400_000 })).toBe(`- wait: It waits until 1970-01-02T00:00:00.000Z${end}`);
    expect(waits({ kind: 'run', dagId: 'mill', run: { runId: 'r1' }, taskId: 'grind', states: ['success'], failOn: [] })).toBe(
      `- wait: It waits for task "grind" of run "r1" of DAG "mill" to be success${end}`,
    );
    expect(waits({ kind: 'webhook' })).toBe(`- wait: It waits for a call of its webhook${end}`);
    expect(waits({ kind: 'poll', everyMs: 60_000 })).toBe(`- wait: It waits for its condition, which is looked at every 60 s${end}`);
    expect(waits({ kind: 'input', form: { subject: 'Load?', schema: {}, assignees: ['ada'] } })).toBe(
      `- wait: It waits for ada to answer "Load?"${end}`,
    );
  });

  test('a branch went elsewhere, or has not decided; the run before is not done', () => {
    const branching = compileDag(
      dagSpec([
        taskSpec('choose', [], { decides: { kind: 'branch' } }),
        taskSpec('left', ['choose'], { dependsOnPast: true }),
        taskSpec('right', ['choose']),
      ]),
    );
    const none: TaskState = { status: 'none', attempt: 0 };
    const said = (choose: TaskState, node: number, pastUnmet: readonly number[] = []): readonly string[] => {
      const nodes = [choose, none, none].map((state, task) => ({ task, mapIndex: -1, state }));
      return lines(explain(branching, restoreRun(branching, { status: 'running', nodes, pastUnmet }), node, 0));
    };
    expect(said({ status: 'running', attempt: 1 }, 2)).toContain('- decision: "choose" has not decided yet');
    const chosen: TaskState = { status: 'success', attempt: 1, decision: { follow: ['left'] } };
    expect(said(chosen, 2)[0]).toBe('- decision: "choose" decided against it');
    expect(said(chosen, 1, [1])[0]).toBe('- depends_on_past: the run before is not done with this task');
    expect(said(chosen, 1).every((line) => line.startsWith('+'))).toBe(true);
  });
});

describe('why a run is not running', () => {
  const queued = { status: 'queued', runAfter: 0 } as const;

  test('blockers come in the order in which they have to go', () => {
    const all = explainRun(
      {
        ...queued,
        runAfter: 7_200_000,
        paused: true,
        heldFor: ['sales'],
        overlap: 'buffer_one',
        activeRunIds: ['r1'],
        activeRuns: 2,
        maxActiveRuns: 2,
        queuedBefore: 1,
      },
      0,
    );
    expect(lines(all)).toEqual([
      '- dag_paused: The DAG is paused: un-pause it to let its runs start',
      '- run_after: It is due at 1970-01-01T02:00:00.000Z, in 2 h',
      '- assets: It is held until the condition on its assets is met: "sales"',
      '- overlap: It waits for the end of run "r1" (overlap: buffer_one)',
      '- max_active_runs: 2 of at most 2 runs of the DAG are running, and 1 queued before it',
      '- run_status: The run is queued',
    ]);
  });

  test('nothing keeps it, it runs, it has ended', () => {
    expect(explainRun({ ...queued, paused: false, activeRuns: 0, maxActiveRuns: 1 }, 0)[0]).toEqual({
      rule: 'run_status',
      passed: false,
      reason: 'The run is queued and nothing keeps it: the scheduler starts it next',
    });
    expect(lines(explainRun({ ...queued, status: 'running' }, 0))).toEqual(['+ run_status: The run is running']);
    expect(lines(explainRun({ ...queued, status: 'failed' }, 0))[0]).toContain('The run has ended (failed)');
    expect(lines(explainRun({ ...queued, paused: true, pausedReason: '3 runs failed' }, 0))[0]).toBe('- dag_paused: 3 runs failed');
    expect(lines(explainRun({ ...queued, activeRuns: 1, maxActiveRuns: 3, queuedBefore: 2 }, 0))[0]).toContain('max_active_runs');
  });
});

describe('why a run came to be', () => {
  const at = Date.UTC(2026, 0, 2);

  test.each([
    [
      { runType: 'scheduled', triggeredBy: 'timetable', intervalStart: at - 86_400_000, intervalEnd: at },
      'Its schedule was due at 2026-01-02T00:00:00.000Z, for the interval from 2026-01-01T00:00:00.000Z to 2026-01-02T00:00:00.000Z',
    ],
    [{ runType: 'manual', triggeredBy: 'cli', user: 'ada' }, '"ada" asked for it on the command line'],
    [{ runType: 'manual', triggeredBy: 'rest_api' }, 'Somebody asked for it over the API'],
    [
      { runType: 'backfill', triggeredBy: 'backfill', backfill: { id: '7', user: 'ada' } },
      'It is part of backfill 7, which "ada" asked for',
    ],
    [
      { runType: 'manual', triggeredBy: 'operator', parent: { dagId: 'mill', runId: 'r1', taskId: 'go' } },
      'Task "go" of run "r1" of DAG "mill" asked for it',
    ],
    [
      {
        runType: 'asset_triggered',
        triggeredBy: 'asset',
        assetEvents: [{ asset: 'sales', at, source: { dagId: 'mill', runId: 'r1', taskId: 'load' } }],
      },
      'Asset "sales" had an event at 2026-01-02T00:00:00.000Z, by task "load" of run "r1" of DAG "mill"',
    ],
  ] as const)('%j', (origin, reason) => {
    expect(whyRun({ runAfter: at, ...origin })[0]?.reason).toBe(reason);
  });

  test('there is always a reason, and many events are cut short', () => {
    expect(whyRun({ runType: 'asset_triggered', triggeredBy: 'asset', runAfter: at })).toHaveLength(1);
    const assetEvents = Array.from({ length: 12 }, () => ({ asset: 'sales', at }));
    const reasons = whyRun({ runType: 'asset_triggered', triggeredBy: 'asset', runAfter: at, assetEvents, partitionKey: '2026-01' });
    expect(reasons.map((one) => one.reason)).toContain('… and 2 more events of assets');
    expect(reasons.at(-1)).toEqual({ cause: 'partition', reason: 'It is of partition "2026-01"' });
  });
});
