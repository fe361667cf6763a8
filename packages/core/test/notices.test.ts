import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  compileDag,
  type DagSpec,
  decisionNotices,
  type NoticeTarget,
  newRun,
  pausedNotices,
  pausedReason,
  runNotices,
  step,
  streakAfter,
  type TaskChange,
  type TaskState,
  taskNotices,
} from '../src/index.ts';
import { isoInstant } from '../src/notices/iso-instant.ts';
import { propertyRuns } from './support/property-runs.ts';
import { dagSpec, taskSpec } from './support/specs.ts';

const pager: NoticeTarget = { kind: 'webhook', connection: 'pager' };
const mail: NoticeTarget = { kind: 'email', connection: 'smtp', to: ['ada@example.com'] };
const subject = { runKey: '7', dagId: 'shop', runId: 'r1', versionId: '3', taskId: 'load', mapIndex: -1, logicalDate: 0 };
const running: TaskState = { status: 'running', attempt: 2 };
const everything = { notices: [{ on: ['success', 'failure', 'retry', 'skipped'], via: pager }] } as const;

describe('what a task tells', () => {
  test.each<[TaskState, string | undefined]>([
    [{ status: 'success', attempt: 2 }, 'task.success'],
    [{ status: 'failed', attempt: 2 }, 'task.failure'],
    [{ status: 'up_for_retry', attempt: 2, dueAt: 60_000 }, 'task.retry'],
    [{ status: 'skipped', attempt: 2 }, 'task.skipped'],
    // One failure at the root of a wide DAG is one notice.
    [{ status: 'upstream_failed', attempt: 0 }, undefined],
    [{ status: 'up_for_reschedule', attempt: 2, dueAt: 1 }, undefined],
    [{ status: 'deferred', attempt: 2 }, undefined],
    [{ status: 'scheduled', attempt: 2 }, undefined],
    [{ status: 'removed', attempt: 2 }, undefined],
  ])('%j', (to, event) => {
    const told = taskNotices(everything, subject, running, to);
    expect(told.map((one) => (one.payload as { event: string }).event)).toEqual(event === undefined ? [] : [event]);
  });

  test('the whole payload, and nothing that is not known', () => {
    const error = { name: 'TypeError', message: 'x is not a function', code: 'E1', stack: 'secret paths' };
    const [told] = taskNotices(everything, { ...subject, error }, running, { status: 'up_for_retry', attempt: 2, dueAt: 60_000 });
    expect(told).toEqual({
      key: 'task.retry of run 7, load[-1], attempt 2 to webhook:pager',
      target: pager,
      versionId: '3',
      payload: {
        event: 'task.retry',
        dagId: 'shop',
        runId: 'r1',
        logicalDate: '1970-01-01T00:00:00.000Z',
        taskId: 'load',
        mapIndex: -1,
        attempt: 2,
        state: 'up_for_retry',
        dueAt: '1970-01-01T00:01:00.000Z',
        error: { name: 'TypeError', message: 'x is not a function', code: 'E1' },
      },
    });
  });

  test('only what is asked for, to whom it is asked for, each once', () => {
    const task = {
      notices: [
        { on: ['failure'], via: pager },
        { on: ['failure', 'success'], via: mail },
        { on: ['failure'], via: { ...pager } },
      ],
    } as const;
    const targets = (to: TaskState) => taskNotices(task, subject, running, to).map((one) => one.target.kind);
    expect(targets({ status: 'failed', attempt: 2 })).toEqual(['webhook', 'email']);
    expect(targets({ status: 'success', attempt: 2 })).toEqual(['email']);
    expect(targets({ status: 'skipped', attempt: 2 })).toEqual([]);
    expect(taskNotices({}, subject, running, { status: 'failed', attempt: 2 })).toEqual([]);
  });

  test('keys are the same for the same occasion and different for any other', () => {
    const states: fc.Arbitrary<TaskState> = fc
      .tuple(fc.constantFrom('success', 'failed', 'skipped'), fc.integer({ min: 1, max: 4 }))
      .map(([status, attempt]) => ({ status, attempt }) as TaskState);
    const occasions = fc.record({
      to: states,
      runKey: fc.constantFrom('1', '11'),
      taskId: fc.constantFrom('a', 'b'),
      mapIndex: fc.constantFrom(-1, 1, 11),
      target: fc.constantFrom(pager, mail, { kind: 'code', hook: 'tell' } as const),
    });
    fc.assert(
      fc.property(occasions, occasions, (one, other) => {
        const keyOf = ({ to, target, ...ids }: typeof one) =>
          taskNotices({ notices: [{ on: ['success', 'failure', 'skipped'], via: target }] }, { ...subject, ...ids }, running, to)[0]?.key;
        const fromNowhere = one.to.status === other.to.status && one.to.attempt === other.to.attempt;
        const same = fromNowhere && JSON.stringify({ ...one, to: 0 }) === JSON.stringify({ ...other, to: 0 });
        expect(keyOf(one) === keyOf(other)).toBe(same);
      }),
      { numRuns: propertyRuns(500) },
    );
  });
});

describe('what a run tells', () => {
  const dag: Pick<DagSpec, 'notices'> = {
    notices: [
      { on: ['failure'], via: mail },
      { on: ['success', 'failure'], via: pager },
    ],
  };

  test('success and failure, to whom it is asked for', () => {
    expect(runNotices(dag, subject, 'success').map((one) => [one.target.kind, one.payload.event])).toEqual([['webhook', 'run.success']]);
    const failed = runNotices(dag, subject, 'failed', ['load', 'report']);
    expect(failed.map((one) => one.target.kind)).toEqual(['email', 'webhook']);
    expect(failed[0]?.payload).toMatchObject({ event: 'run.failure', state: 'failed', failedTasks: ['load', 'report'] });
    expect(runNotices(dag, subject, 'running')).toEqual([]);
    expect(runNotices({}, subject, 'failed')).toEqual([]);
  });

  test('a run that fails again after it was cleared is told again', () => {
    const keys = [0, 1].map((revision) => runNotices(dag, { ...subject, revision }, 'failed')[0]?.key);
    expect(new Set(keys).size).toBe(2);
  });

  test('at most twenty tasks are named', () => {
    const [told] = runNotices(
      dag,
      subject,
      'failed',
      Array.from({ length: 50 }, (_, index) => `task${index}`),
    );
    expect(told?.payload).toMatchObject({ failedTasks: { length: 20 } });
  });
});

describe('what a decision tells', () => {
  const dag = compileDag(
    dagSpec([taskSpec('extract', [], everything), taskSpec('load', ['extract'], everything)], {
      notices: [{ on: ['failure'], via: pager }],
    }),
  );
  const identity = { runKey: '7', dagId: 'shop', runId: 'r1', revision: 4 };

  test('a lost attempt that is tried again, with the error', () => {
    const change: TaskChange = {
      task: 0,
      from: { status: 'running', attempt: 1 },
      to: { status: 'up_for_retry', attempt: 1, dueAt: 0 },
      reason: 'attempt lost, will be tried again',
      lost: true,
    };
    const told = decisionNotices(dag, { ...identity, state: newRun(dag) }, [change], undefined);
    expect(told).toHaveLength(1);
    expect(told[0]?.payload).toMatchObject({ event: 'task.retry', taskId: 'extract', error: { name: 'AttemptLost' } });
    expect(told[0]?.key).toContain('by revision 4');
  });

  test('a failed run names its failed tasks; what never ran is silent', () => {
    const begun = step(dag, newRun(dag), { type: 'run.started' }, 0);
    if (begun.kind !== 'applied') throw new Error('the run did not start');
    let run = begun.run;
    const changes: TaskChange[] = [];
    for (const to of [
      { status: 'queued', attempt: 1 },
      { status: 'running', attempt: 1 },
      { status: 'failed', attempt: 1 },
    ] as const) {
      const moved = step(dag, run, { type: 'task.moved', task: 0, to }, 0);
      if (moved.kind !== 'applied') throw new Error(`the task did not move to ${to.status}`);
      run = moved.run;
      changes.push(...moved.changes);
    }
    expect(run.status).toBe('failed');
    const told = decisionNotices(dag, { ...identity, state: run }, changes, run.status);
    expect(told.map((one) => one.payload)).toEqual([
      { event: 'run.failure', dagId: 'shop', runId: 'r1', state: 'failed', failedTasks: ['extract'] },
    ]);
  });
});

describe('failed runs in a row', () => {
  test('so many pause the DAG; a success begins anew', () => {
    let failedRuns = 0;
    const pauses = (['failed', 'failed', 'success', 'failed', 'failed', 'failed'] as const).map((status) => {
      const after = streakAfter(failedRuns, status, 3);
      failedRuns = after.failedRuns;
      return after.pause;
    });
    expect(pauses).toEqual([false, false, false, false, false, true]);
  });

  test('it is told to whoever hears of failed runs, and says why', () => {
    const dag = {
      notices: [
        { on: ['failure'], via: pager },
        { on: ['success'], via: mail },
      ],
      maxConsecutiveFailedRuns: 3,
    } as const;
    expect(pausedNotices(dag, subject).map((one) => [one.target.kind, one.payload])).toEqual([
      ['webhook', { event: 'dag.paused', dagId: 'shop', reason: pausedReason(3, 'r1'), failedRuns: 3, lastRunId: 'r1' }],
    ]);
    expect(pausedReason(3, 'r1')).toContain('3 runs in a row failed, "r1" last');
    expect(pausedNotices({ notices: dag.notices }, subject)).toEqual([]);
  });
});

test('instants are written as Date writes them', () => {
  fc.assert(
    fc.property(fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 }), (instant) => {
      expect(isoInstant(instant)).toBe(new Date(instant).toISOString());
    }),
    { numRuns: propertyRuns(500) },
  );
});
