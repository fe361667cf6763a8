import { cron, dag, manual, task } from '@headrace/sdk';
import { describe, expect, test } from '@jest/globals';
import { type SimulateOptions, simulate } from '../src/index.ts';
import { DAILY, dagSpec, retries, taskSpec } from './support/specs.ts';

const etl = dag('etl', { schedule: cron('@daily'), start: '2026-01-01', retries: { max: 2, delay: '5 minutes' } }, () => {
  const rows = task('extract', async ({ attempt }) => ({ rows: 10 * attempt }));
  const loaded = task('load', { in: { rows } }, async ({ rows: given, interval }) => `${interval.day}: ${given.rows} rows`);
  task('report', { in: { loaded } }, async ({ loaded: text }) => text.toUpperCase());
});

const WEEK: SimulateOptions = { from: '2026-01-01', to: '2026-01-08' };

describe('simulate', () => {
  test('makes the runs of a schedule and runs their tasks in order', async () => {
    const result = await simulate(etl, WEEK);
    expect(result.runs.map((run) => run.runId)).toEqual([1, 2, 3, 4, 5, 6, 7].map((day) => `scheduled__2026-01-0${day}T00:00:00.000Z`));
    expect(result.runs.every((run) => run.status === 'success')).toBe(true);
    const { tasks, startedAt, endedAt } = result.run('2026-01-03');
    expect(startedAt).toEqual(new Date('2026-01-04'));
    expect(endedAt).toEqual(new Date('2026-01-04T00:00:03Z'));
    expect(tasks.map((one) => [one.taskId, one.startedAt?.toISOString().slice(11, 19)])).toEqual([
      ['extract', '00:00:00'],
      ['load', '00:00:01'],
      ['report', '00:00:02'],
    ]);
  });

  test('gives attempts the outcomes that the test says, by task, try and interval', async () => {
    const result = await simulate(etl, {
      ...WEEK,
      outcomes: {
        extract: ({ attempt }) => (attempt < 3 ? 'failed' : { status: 'success', duration: '10 minutes' }),
        load: ({ interval }) => (interval.start.getUTCDate() === 2 ? { status: 'failed', error: { retryable: false } } : 'success'),
        'etl/report': 'skipped',
      },
    });
    expect(result.run('2026-01-01').statuses).toEqual({ extract: 'success', load: 'success', report: 'skipped' });
    expect(result.run('2026-01-02').statuses).toEqual({ extract: 'success', load: 'failed', report: 'upstream_failed' });
    expect(result.run('2026-01-02').status).toBe('failed');
    const { tries, startedAt, endedAt } = result.run('2026-01-01').task('extract');
    expect(tries.map((one) => one.status)).toEqual(['failed', 'failed', 'success']);
    expect(startedAt).toEqual(new Date('2026-01-02T00:10:02Z'));
    expect(endedAt).toEqual(new Date('2026-01-02T00:20:02Z'));
  });

  test('calls the real functions of tasks when asked to, with their inputs', async () => {
    const { runs } = await simulate(etl, { from: '2026-01-01', to: '2026-01-02', run: true });
    expect(runs.map((run) => run.task('report').result)).toEqual(['2026-01-01: 10 ROWS']);
  });

  test('carries runs that were made to their end, and makes no more after `to`', async () => {
    const { runs } = await simulate(etl, { from: '2026-01-01', to: '2026-01-03', duration: '50 minutes' });
    expect(runs[1]?.endedAt).toEqual(new Date('2026-01-03T02:30:00Z'));
    expect(runs.map((run) => [run.logicalDate?.toISOString().slice(0, 10), run.status])).toEqual([
      ['2026-01-01', 'success'],
      ['2026-01-02', 'success'],
    ]);
  });

  test('an attempt that takes longer than its task allows is timed out', async () => {
    const slow = dagSpec('slow', [taskSpec('a', [], { executionTimeoutMs: 60_000 })], { schedule: DAILY, startAt: Date.UTC(2026, 0, 1) });
    const { runs } = await simulate(slow, { from: '2026-01-01', to: '2026-01-02', duration: '1 hour' });
    expect(runs[0]?.task('a')).toMatchObject({
      status: 'failed',
      error: { name: 'ExecutionTimeout' },
      endedAt: new Date('2026-01-02T00:01:00Z'),
    });
  });

  test('pools and limits hold back what does not fit', async () => {
    const wide = dagSpec(
      'wide',
      ['a', 'b', 'c', 'd'].map((id) => taskSpec(id, [], { pool: 'narrow' })),
    );
    const { runs } = await simulate(wide, {
      from: '2026-01-01',
      to: '2026-01-02',
      pools: { narrow: 2 },
      actions: [{ at: '2026-01-01T06:00:00Z', do: ({ trigger }) => trigger('wide', { runId: 'mine' }) }],
    });
    expect(runs[0]?.tasks.map((one) => one.startedAt?.toISOString().slice(11, 19))).toEqual([
      '06:00:00',
      '06:00:00',
      '06:00:01',
      '06:00:01',
    ]);
  });

  test('people may cancel and clear runs while they go on', async () => {
    const chained = dagSpec('chained', [taskSpec('a'), taskSpec('b', ['a']), taskSpec('c', ['b'])]);
    const { runs, events } = await simulate(chained, {
      from: '2026-01-01',
      to: '2026-01-02',
      duration: '1 minute',
      actions: [
        { at: '2026-01-01T01:00:00Z', do: ({ trigger }) => trigger('chained', { runId: 'mine' }) },
        { at: '2026-01-01T01:01:30Z', do: ({ runs: commands }) => commands.cancelRun('chained', 'mine') },
        {
          at: '2026-01-01T02:00:00Z',
          do: ({ runs: commands }) => commands.clear('chained', { runId: 'mine' }, { taskIds: ['b'], includeDownstream: true }),
        },
      ],
    });
    expect(runs[0]?.statuses).toEqual({ a: 'success', b: 'success', c: 'success' });
    expect(events.filter((event) => event.taskId === undefined).map((event) => event.to)).toEqual([
      'queued',
      'running',
      'failed',
      'queued',
      'running',
      'success',
    ]);
    expect(runs[0]?.task('b').tries.map((one) => one.status)).toEqual(['failed', 'success']);
  });

  test('the same arguments give the same result, another seed another jitter', async () => {
    const jittery = dagSpec('jittery', [taskSpec('a', [], { retries: { ...retries(3, 600_000), jitter: 1 } })], {
      schedule: DAILY,
      startAt: Date.UTC(2026, 0, 1),
    });
    const outcomes = { a: ({ attempt }: { attempt: number }) => (attempt < 4 ? 'failed' : 'success') } as const;
    const once = async (seed: number) => JSON.stringify((await simulate(jittery, { ...WEEK, outcomes, seed })).events);
    expect(await once(1)).toBe(await once(1));
    expect(await once(1)).not.toBe(await once(2));
  });

  test('a test that throws fails the simulation, with its own error', async () => {
    const failing = simulate(etl, {
      ...WEEK,
      outcomes: {
        load: () => {
          throw new TypeError('a slip in the test');
        },
      },
    });
    await expect(failing).rejects.toMatchObject({ code: 'HR_SIMULATION', cause: { message: 'a slip in the test' } });
  });

  test('asking for what is not there says what is', async () => {
    const result = await simulate(etl, { from: '2026-01-01', to: '2026-01-02' });
    expect(() => result.run('2026-02')).toThrow(/There is no run "2026-02": there are etl\/scheduled__2026-01-01T00:00:00.000Z/);
    expect(() => result.run('2026-01-01').task('lood')).toThrow(/there are extract, load, report/);
  });

  test('an extract is not called in process: it needs an outcome', async () => {
    const specOnly = dagSpec('specOnly', [taskSpec('a')]);
    const actions = [{ at: '2026-01-01', do: ({ trigger }: { trigger: (dagId: string) => unknown }) => trigger('specOnly') }];
    await expect(simulate(specOnly, { ...WEEK, run: true, actions })).rejects.toThrow(/give it an outcome/);
  });

  test('a manual DAG runs when it is triggered, with its params', async () => {
    const greet = dag('greet', { schedule: manual() }, () => {
      task('hello', async ({ params }) => `hello ${String(params.name)}`);
    });
    const { runs } = await simulate(greet, {
      from: '2026-01-01',
      to: '2026-01-02',
      run: true,
      actions: [{ at: '2026-01-01T12:00:00Z', do: ({ trigger }) => trigger('greet', { params: { name: 'you' } }) }],
    });
    expect(runs.map((run) => run.task('hello').result)).toEqual(['hello you']);
  });
});
