/** Golden cases: Airflow 3, howto/deadline-alerts (airflow.apache.org/docs/apache-airflow/stable/howto/deadline-alerts.html). */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  compileDag,
  type DeadlineSpec,
  deadlineDue,
  deadlineNotices,
  type Forecast,
  forecast,
  judgeDeadline,
  type TaskDurations,
  type TaskProgress,
} from '../src/index.ts';
import { propertyRuns } from './support/property-runs.ts';
import { dagSpec, taskSpec } from './support/specs.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const at = (time: string): number => Date.parse(`2025-06-26T${time}:00Z`);

function due(from: DeadlineSpec['from'], withinMs: number, run: Partial<Parameters<typeof deadlineDue>[1]>): string | undefined {
  const instant = deadlineDue({ name: 'd', from, withinMs, predict: true, notify: [] }, { queuedAt: at('09:00'), ...run });
  return instant === undefined ? undefined : new Date(instant).toISOString().slice(11, 16);
}

describe('when a deadline is, by the examples of Airflow’s page', () => {
  test('"If the Dag has not finished 15 minutes after it was queued"', () => {
    expect(due({ kind: 'run_queued' }, 15 * MINUTE, {})).toBe('09:15');
  });

  test('FIXED_DATETIME with a negative interval: reference 10:00, interval −30 minutes, deadline 09:30', () => {
    expect(due({ kind: 'fixed', at: at('10:00') }, -30 * MINUTE, { queuedAt: at('09:15') })).toBe('09:30');
  });

  test('FIXED_DATETIME: "This will trigger the alert 2 hours before the next meeting starts" at 09:30', () => {
    expect(due({ kind: 'fixed', at: at('09:30') }, -2 * HOUR, {})).toBe('07:30');
  });

  test('DAGRUN_LOGICAL_DATE: daily at midnight, one hour: "if the Dag hasn’t completed by 1:00 AM"', () => {
    expect(due({ kind: 'logical_date' }, HOUR, { logicalDate: at('00:00') })).toBe('01:00');
  });

  test('AVERAGE_RUNTIME: an average of 30 minutes and an interval of 30 minutes. Ours counts from when the run was queued', () => {
    const runDurations = [20, 30, 40, 30, 30].map((minutes) => minutes * MINUTE);
    expect(due({ kind: 'average_runtime', maxRuns: 15, minRuns: 5 }, 30 * MINUTE, { runDurations })).toBe('10:00');
  });

  test('AVERAGE_RUNTIME: "If insufficient historical data exists, no deadline is created"', () => {
    const from = { kind: 'average_runtime', maxRuns: 20, minRuns: 5 } as const;
    expect(due(from, 0, { runDurations: [MINUTE, MINUTE, MINUTE, MINUTE] })).toBeUndefined();
    expect(due(from, 0, {})).toBeUndefined();
  });

  test('AVERAGE_RUNTIME takes the newest `limit` runs', () => {
    const runDurations = [10, 20, 600, 600].map((minutes) => minutes * MINUTE);
    expect(due({ kind: 'average_runtime', maxRuns: 2, minRuns: 2 }, 0, { runDurations })).toBe('09:15');
  });

  test('ours: from the end of the data interval; a run that has not what is counted from has no deadline', () => {
    expect(due({ kind: 'interval_end' }, HOUR, { intervalEnd: at('08:30') })).toBe('09:30');
    expect(due({ kind: 'interval_end' }, HOUR, {})).toBeUndefined();
    expect(due({ kind: 'logical_date' }, HOUR, {})).toBeUndefined();
  });
});

const soon: Forecast = { at: 900, criticalPath: [], finishes: [], leapsAt: Infinity };

describe('how a deadline stands', () => {
  const active = { dueAt: 100_000, predicted: false, status: 'running' } as const;

  test('met at the last moment, missed just after it', () => {
    expect(judgeDeadline({ ...active, status: 'success', endedAt: 100_000 }, undefined, 200_000)).toEqual({ state: 'met' });
    expect(judgeDeadline({ ...active, status: 'success', endedAt: 100_001 }, undefined, 200_000)).toEqual({ state: 'missed' });
    expect(judgeDeadline(active, undefined, 99_999)).toEqual({ state: 'pending', checkAt: 100_000 });
    expect(judgeDeadline(active, undefined, 100_000)).toEqual({ state: 'missed' });
  });

  test('a failed run has until the deadline to be run anew', () => {
    const failed = { ...active, status: 'failed', endedAt: 5 } as const;
    expect(judgeDeadline(failed, soon, 10)).toEqual({ state: 'pending', checkAt: 100_000 });
    expect(judgeDeadline(failed, undefined, 100_000)).toEqual({ state: 'missed' });
  });

  test('foreseen once', () => {
    const late = { ...soon, at: 100_001 };
    expect(judgeDeadline(active, late, 10)).toEqual({ state: 'pending', checkAt: 100_000, expectedAt: 100_001 });
    expect(judgeDeadline({ ...active, predicted: true }, late, 10)).toEqual({ state: 'pending', checkAt: 100_000 });
    expect(judgeDeadline(active, { ...soon, at: 100_000 }, 10).expectedAt).toBeUndefined();
  });

  test('it is looked at again when the slack is used up, or the forecast leaps', () => {
    expect(judgeDeadline(active, { ...soon, at: 60_000 }, 10_000).checkAt).toBe(50_000);
    expect(judgeDeadline(active, { ...soon, at: 60_000, leapsAt: 30_000 }, 10_000).checkAt).toBe(30_000);
    expect(judgeDeadline(active, { ...soon, at: 100_000 }, 10_000).checkAt).toBe(11_000);
    expect(judgeDeadline(active, { ...soon, at: 100_000 }, 99_999).checkAt).toBe(100_000);
  });

  test('what is told, and to whom', () => {
    const notify = [{ kind: 'webhook', connection: 'pager' }] as const;
    const dag = { deadlines: [{ name: 'noon', from: { kind: 'run_queued' }, withinMs: 0, predict: true, notify }] } as const;
    const run = { runKey: '7', dagId: 'shop', runId: 'r1', status: 'running' } as const;
    const deadline = { name: 'noon', dueAt: at('12:00') };
    const tasks: TaskProgress[] = [
      { taskId: 'a', mapIndex: -1, status: 'success' },
      { taskId: 'b', mapIndex: 0, status: 'running' },
      { taskId: 'b', mapIndex: 1, status: 'queued' },
      { taskId: 'c', mapIndex: -1, status: 'none' },
    ];
    expect(deadlineNotices(dag, run, deadline, { state: 'missed' }, { tasks })).toMatchObject([
      {
        key: 'deadline.missed "noon" of run 7 to webhook:pager',
        payload: { event: 'deadline.missed', deadline: 'noon', dueAt: '2025-06-26T12:00:00.000Z', state: 'running', openTasks: ['b'] },
      },
    ]);
    const judgement = { state: 'pending', expectedAt: at('12:30') } as const;
    expect(deadlineNotices(dag, run, deadline, judgement, { criticalPath: ['b', 'c'] })[0]?.payload).toMatchObject({
      event: 'deadline.predicted',
      expectedAt: '2025-06-26T12:30:00.000Z',
      criticalPath: ['b', 'c'],
    });
    expect(deadlineNotices(dag, run, deadline, { state: 'met' })).toEqual([]);
    expect(deadlineNotices(dag, run, { ...deadline, name: 'gone' }, { state: 'missed' })).toEqual([]);
  });
});

describe('when a run is expected to end', () => {
  const dag = compileDag(
    dagSpec([taskSpec('extract'), taskSpec('load', ['extract']), taskSpec('check', ['extract']), taskSpec('report', ['load', 'check'])]),
  );
  const usual = (lengths: Readonly<Record<string, number>>): ReadonlyMap<string, TaskDurations> =>
    new Map(Object.entries(lengths).map(([taskId, meanMs]) => [taskId, { taskId, runs: 5, meanMs, p90Ms: meanMs * 2 }]));
  const history = usual({ extract: 100, load: 50, check: 200, report: 10 });
  const task = (taskId: string, status: TaskProgress['status'], more: Partial<TaskProgress> = {}): TaskProgress => ({
    taskId,
    mapIndex: -1,
    status,
    ...more,
  });

  test('along the longest way', () => {
    expect(forecast(dag, [], history, 1_000)).toMatchObject({ at: 1_310, criticalPath: ['extract', 'check', 'report'] });
    expect(forecast(dag, [], history, 1_000, 5_000)?.at).toBe(5_310);
  });

  test('what has ended takes no more time', () => {
    const tasks = [task('extract', 'success'), task('check', 'skipped'), task('load', 'none'), task('report', 'none')];
    expect(forecast(dag, tasks, history, 1_000)).toMatchObject({ at: 1_060, criticalPath: ['load', 'report'] });
    expect(
      forecast(
        dag,
        tasks.map((one) => ({ ...one, status: 'success' as const })),
        history,
        1_000,
      ),
    ).toBeUndefined();
  });

  test('a task that runs lasts as long as usual, then as long as seldom, then it ends at any moment', () => {
    const running = (now: number) => forecast(dag, [task('extract', 'running', { startedAt: 0 })], usual({ extract: 100 }), now);
    expect(running(60)).toMatchObject({ at: 100, leapsAt: 100 });
    expect(running(150)).toMatchObject({ at: 200, leapsAt: 200 });
    expect(running(300)).toMatchObject({ at: 300, leapsAt: Infinity });
  });

  test('a task that waits for its next try begins then', () => {
    const tasks = [task('extract', 'up_for_retry', { startedAt: 0, dueAt: 5_000 })];
    expect(forecast(dag, tasks, usual({ extract: 100 }), 1_000)?.at).toBe(5_100);
  });

  test('of a mapped task the first beginning counts', () => {
    const tasks = [
      task('extract', 'success', { mapIndex: 0, startedAt: 0 }),
      task('extract', 'running', { mapIndex: 1, startedAt: 40 }),
      task('extract', 'scheduled', { mapIndex: 2 }),
    ];
    expect(forecast(dag, tasks, usual({ extract: 100 }), 60)?.at).toBe(140);
  });

  test('nothing is known, nothing is said', () => {
    expect(forecast(dag, [], new Map(), 1_000)).toBeUndefined();
  });

  /** The forecast by trying all ways through the open tasks. */
  function longestWay(upstream: readonly (readonly number[])[], lengths: readonly number[], task: number): number {
    return (lengths[task] ?? 0) + Math.max(0, ...(upstream[task] ?? []).map((source) => longestWay(upstream, lengths, source)));
  }

  const graphs = fc.array(fc.tuple(fc.array(fc.nat(8), { maxLength: 3 }), fc.nat(500)), { minLength: 1, maxLength: 9 }).map((rows) => ({
    upstream: rows.map(([sources], index) => (index === 0 ? [] : [...new Set(sources.map((source) => source % index))])),
    lengths: rows.map(([, length]) => length),
  }));

  test('it is the longest way, for any graph; it moves on with time and never back', () => {
    fc.assert(
      fc.property(graphs, fc.nat(1_000), ({ upstream, lengths }, later) => {
        const any = compileDag(
          dagSpec(
            upstream.map((sources, index) =>
              taskSpec(
                `t${index}`,
                sources.map((source) => `t${source}`),
              ),
            ),
          ),
        );
        const known = usual(Object.fromEntries(lengths.map((length, index) => [`t${index}`, length])));
        const expected = Math.max(...lengths.map((_, index) => longestWay(upstream, lengths, index)));
        const first = forecast(any, [], known, 0);
        expect(first?.at).toBe(expected);
        expect(first?.criticalPath.reduce((sum, taskId) => sum + (known.get(taskId)?.meanMs ?? 0), 0)).toBe(expected);
        const tasks = [task('t0', 'running', { startedAt: 0 })];
        const [soonAt, laterAt] = [forecast(any, tasks, known, 0)?.at ?? 0, forecast(any, tasks, known, later)?.at ?? 0];
        expect(laterAt).toBeGreaterThanOrEqual(soonAt);
      }),
      { numRuns: propertyRuns(300) },
    );
  });
});
