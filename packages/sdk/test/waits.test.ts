/** Sensors, waits, forms and triggers: their canonical form, and what their functions ask the task process for. */
import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import {
  approval,
  asset,
  type DagDefinition,
  dag,
  input,
  sensor,
  type TaskContext,
  task,
  text,
  triggerDag,
  waitForAsset,
  waitForRun,
  waitUntil,
} from '../src/index.ts';

const noop = () => 1;
/** For what the compiler refuses anyway. */
const wrong = (value: unknown): never => value as never;
const HOUR = 3_600_000;
const LOGICAL = new Date('2026-03-01T00:00:00Z');
const INTERVAL = { start: LOGICAL, end: new Date('2026-03-02T00:00:00Z'), day: '2026-03-01', hour: '2026-03-01T00' };

/** Runs a task's function. Every wait is written down, and answered with `answer`. */
async function run({ tasks }: DagDefinition, taskId: string, context: Readonly<Record<string, unknown>> = {}, answer: unknown = undefined) {
  const waits: unknown[][] = [];
  const noted =
    (kind: string) =>
    async (...given: unknown[]) => {
      waits.push([kind, ...given]);
      return answer;
    };
  const wait = { until: noted('until'), run: noted('run'), asset: noted('asset'), input: noted('input') };
  const all = { params: {}, interval: INTERVAL, dagId: 'd', runId: 'r', logicalDate: LOGICAL, wait, ...context };
  const result = await tasks.get(taskId)?.run?.(all as unknown as TaskContext & Record<string, unknown>);
  return { waits, result };
}

describe('a sensor', () => {
  test('says how it looks, how often and how long', () => {
    const { tasks } = dag('d', { defaults: { executionTimeout: '5 minutes' } }, () => {
      sensor('usual', {}, () => true);
      sensor('poke', { mode: 'poke', every: '5s', timeout: '2 hours', softFail: true }, () => true);
      sensor('own', { mode: 'poke', executionTimeout: '10 minutes' }, () => true);
    }).toSpec();
    expect(tasks).toMatchObject([
      { taskId: 'own', executionTimeoutMs: 600_000 },
      { taskId: 'poke', executionTimeoutMs: 2 * HOUR, sensor: { mode: 'poke', everyMs: 5_000, timeoutMs: 2 * HOUR, softFail: true } },
      {
        taskId: 'usual',
        executionTimeoutMs: 300_000,
        sensor: { mode: 'reschedule', everyMs: 60_000, timeoutMs: 7 * 24 * HOUR, softFail: false },
      },
    ]);
  });
});

describe('ready-made waits', () => {
  const made = dag('d', { params: z.object({ id: z.string().default('x') }) }, ({ interval, params, run }) => {
    waitForRun('same', { dag: 'other' });
    waitForRun('yesterday', {
      dag: 'other',
      task: 'load',
      before: '1 day',
      states: ['success', 'skipped'],
      timeout: '2 hours',
      softFail: true,
    });
    waitForRun('by_id', { dag: dag('third', {}, () => task('t', noop)), runId: params.id });
    waitForRun('by_date', { dag: 'other', logicalDate: interval.end });
    waitForAsset('orders', asset('orders'), { partition: interval.day, since: interval.start, timeout: '1 hour' });
    waitUntil('six', { at: interval.end, plus: '6 hours' });
    waitUntil('fixed', { at: '2026-05-01' });
    waitUntil('logical', { at: run.logicalDate });
  });
  const { tasks } = made.toSpec();

  test('look once, and hold no slot', () => {
    expect(tasks.find(({ taskId }) => taskId === 'yesterday')).toMatchObject({
      sensor: { mode: 'deferred', timeoutMs: 2 * HOUR, softFail: true },
    });
    expect(tasks.find(({ taskId }) => taskId === 'orders')).toMatchObject({ sensor: { mode: 'deferred' }, inlets: ['orders'] });
    expect(tasks.find(({ taskId }) => taskId === 'six')).not.toHaveProperty('sensor');
  });

  const usual = { key: 'run', states: ['success'], timeout: 7 * 24 * HOUR };
  test.each([
    ['same', ['run', { dagId: 'other', logicalDate: LOGICAL }, { ...usual, failOn: ['failed'] }]],
    [
      'yesterday',
      [
        'run',
        { dagId: 'other', taskId: 'load', logicalDate: new Date('2026-02-28T00:00:00Z') },
        { key: 'run', states: ['success', 'skipped'], failOn: ['failed', 'upstream_failed'], timeout: 2 * HOUR, onTimeout: 'skip' },
      ],
    ],
    ['by_id', ['run', { dagId: 'third', runId: 'run-7' }, { ...usual, failOn: ['failed'] }]],
    ['by_date', ['run', { dagId: 'other', logicalDate: INTERVAL.end }, { ...usual, failOn: ['failed'] }]],
    ['orders', ['asset', 'orders', { key: 'asset', timeout: HOUR, partition: '2026-03-01', since: LOGICAL }]],
    ['six', ['until', new Date('2026-03-02T06:00:00Z'), { key: 'until' }]],
    ['fixed', ['until', new Date('2026-05-01T00:00:00Z'), { key: 'until' }]],
    ['logical', ['until', LOGICAL, { key: 'until' }]],
  ])('%s waits for what it says', async (taskId, wait) => {
    expect((await run(made, taskId, { params: { id: 'run-7' } })).waits).toEqual([wait]);
  });

  test.each(['same', 'logical'])('%s fails at once in a run without a logical date', async (taskId) => {
    await expect(run(made, taskId, { logicalDate: undefined })).rejects.toMatchObject({ name: 'FailTask' });
  });
});

describe('people', () => {
  const made = dag('d', {}, ({ interval }) => {
    const report = task('report', () => 'all well');
    approval('ok', {
      subject: text`Publish ${interval.day}?`,
      body: 'See below',
      assignees: ['ada'],
      in: { report },
      timeout: '1 day',
      onTimeout: 'skip',
    });
    approval('strict', { subject: 'Sure?', onReject: 'fail' });
    input('discount', { subject: 'How much?', schema: z.object({ percent: z.number() }), default: { percent: 5 } });
  });

  test('are asked with the form, and their answer is the result', async () => {
    const asked = await run(made, 'ok', { report: 'x' }, { approved: true, comment: 'fine' });
    expect(asked.result).toEqual({ approved: true, comment: 'fine' });
    expect(asked.waits).toMatchObject([
      [
        'input',
        { subject: 'Publish 2026-03-01?', body: 'See below', assignees: ['ada'] },
        { key: 'input', timeout: 24 * HOUR, onTimeout: 'skip' },
      ],
    ]);
    expect((await run(made, 'discount', {}, { percent: 7 })).result).toEqual({ percent: 7 });
  });

  test('who refuse skip the task, or fail it', async () => {
    await expect(run(made, 'ok', {}, { approved: false, comment: 'no' })).rejects.toMatchObject({
      name: 'SkipTask',
      message: 'It was rejected: no',
    });
    await expect(run(made, 'strict', {}, { approved: false })).rejects.toMatchObject({ name: 'FailTask' });
  });

  test('are asked by a form that says what it takes', async () => {
    const [[, form] = []] = (await run(made, 'strict', {}, { approved: true })).waits;
    const { schema } = form as { schema: { '~standard': { validate(value: unknown): unknown }; toJSONSchema(): unknown } };
    expect(schema.toJSONSchema()).toMatchObject({ required: ['approved'] });
    const { validate } = schema['~standard'];
    expect(validate({ approved: true, more: 1 })).toEqual({ value: { approved: true } });
    expect([validate({}), validate(null), validate({ approved: 1 }), validate({ approved: true, comment: 5 })]).toEqual([
      { issues: [{ path: ['approved'], message: expect.any(String) }] },
      { issues: [{ path: ['approved'], message: expect.any(String) }] },
      { issues: [{ path: ['approved'], message: expect.any(String) }] },
      { issues: [{ path: ['comment'], message: expect.any(String) }] },
    ]);
  });
});

describe('a trigger', () => {
  const report = dag('report', { params: z.object({ day: z.string(), limit: z.number().default(5) }) }, () => task('t', noop));
  const made = dag('d', {}, ({ interval, run }) => {
    const rows = task('rows', () => 5);
    triggerDag('values', {
      dag: report,
      params: { day: interval.day },
      logicalDate: interval.end,
      runId: text`for-${run.id}`,
      partition: interval.day,
    });
    triggerDag('made', { dag: report, in: { rows }, params: async ({ rows }) => ({ day: 'x', limit: rows }), wait: true });
    triggerDag('other', {
      dag: 'elsewhere',
      wait: { timeout: '1 hour', onTimeout: 'continue', states: ['success', 'failed'], failOn: [] },
    });
  });

  test.each([
    [
      'values',
      { dagId: 'report', params: { day: '2026-03-01' }, logicalDate: INTERVAL.end.getTime(), runId: 'for-r', partition: '2026-03-01' },
    ],
    ['made', { dagId: 'report', params: { day: 'x', limit: 5 }, wait: { states: ['success'], failOn: ['failed'] } }],
    [
      'other',
      { dagId: 'elsewhere', params: {}, wait: { timeoutMs: HOUR, onTimeout: 'continue', states: ['success', 'failed'], failOn: [] } },
    ],
  ])('(%s) asks for a run', async (taskId, trigger) => {
    const { result } = await run(made, taskId, { rows: 5 });
    expect((result as { trigger: unknown }).trigger).toEqual(trigger);
  });
});

describe('what cannot be is refused, where it is written', () => {
  const cases: readonly (readonly [string, string, () => unknown])[] = [
    ['an unknown mode', 'HR_BAD_OPTION', () => sensor('s', { mode: wrong('sleep') }, () => true)],
    ['looking all the time', 'HR_BAD_DURATION', () => sensor('s', { every: '0s' }, () => true)],
    ['no patience', 'HR_BAD_DURATION', () => sensor('s', { timeout: '0s' }, () => true)],
    ['a DAG that is none', 'HR_BAD_ID', () => waitForRun('w', { dag: wrong(5) })],
    ['a run by id and by date', 'HR_BAD_OPTION', () => waitForRun('w', { dag: 'd', runId: 'x', before: '1 day' })],
    ['an asset that is text', 'HR_BAD_ASSET', () => waitForAsset('w', wrong('orders'))],
    ['a time that is none', 'HR_BAD_DATE', () => waitUntil('w', { at: 'tomorrow' })],
    ['a question without a subject', 'HR_BAD_OPTION', () => approval('a', { subject: ' ' })],
    ['a form without a schema', 'HR_BAD_OPTION', () => input('a', { subject: 'x', schema: wrong({}) })],
    ['a logical date that is none', 'HR_BAD_DATE', () => triggerDag('t', { dag: 'd', logicalDate: 'soon' })],
  ];

  test.each(cases)('%s is %s', (_what, code, define) => {
    expect(() => dag('d', {}, () => void define())).toThrow(expect.objectContaining({ name: 'DagDefinitionError', code }));
  });
});
