import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import {
  chain,
  connection,
  cron,
  type DagDefinition,
  dag,
  defineOperation,
  durationMs,
  RetryTask,
  resolveReferences,
  SkipTask,
  skip,
  type TaskContext,
  task,
  text,
} from '../src/index.ts';

const noop = () => 1;
/** For what the compiler refuses anyway. */
const wrong = (value: unknown): never => value as never;

describe('a DAG has one canonical form', () => {
  test('order of definition leaves no trace', () => {
    const one = dag('d', { tags: ['y', 'x', 'y'] }, () => {
      const b = task('b', noop);
      const a = task('a', noop);
      task('c', { in: { b, a }, after: [a], connections: ['pos', connection('lake'), 'pos'] }, noop);
    });
    const other = dag('d', { tags: ['x', 'y'] }, () => {
      const a = task('a', noop);
      const b = task('b', noop);
      const c = task('c', { in: { a, b }, connections: ['lake', 'pos'] }, noop);
      chain(b, c);
    });
    expect(JSON.stringify(other.toSpec())).toBe(JSON.stringify(one.toSpec()));
    expect(one.toSpec()).toMatchObject({
      tags: ['x', 'y'],
      tasks: [
        { taskId: 'a' },
        { taskId: 'b' },
        { taskId: 'c', upstream: ['a', 'b'], inputs: { a: 'a', b: 'b' }, connections: ['lake', 'pos'] },
      ],
    });
  });

  test("the task's options win over the DAG's, field by field for retries", () => {
    const { tasks } = dag(
      'd',
      {
        retries: { max: 3, delay: '30s', backoff: 'exponential', jitter: true },
        defaults: { queue: 'slow', executionTimeout: '2 hours', pool: 'p' },
      },
      () => {
        task('plain', noop);
        task('own', { retries: 1, queue: 'fast', executionTimeout: '90s', priority: 5, poolSlots: 2 }, noop);
        task(
          'rules',
          {
            retries: {
              on: [
                { error: TypeError, action: 'fail' },
                { error: 'E1', action: 'retry', delay: '1m' },
              ],
            },
          },
          noop,
        );
        defineOperation('extract', { taskId: 'extract', operation: {}, options: { pool: 'q' } });
      },
    ).toSpec();
    const policy = { max: 3, delayMs: 30_000, backoff: 'exponential', maxDelayMs: 3_600_000, jitter: 0.5, rules: [] };
    expect(tasks).toMatchObject([
      { taskId: 'extract', kind: 'extract', queue: 'slow', pool: 'q' },
      { taskId: 'own', retries: { ...policy, max: 1 }, queue: 'fast', executionTimeoutMs: 90_000, priorityWeight: 5, poolSlots: 2 },
      { taskId: 'plain', retries: policy, queue: 'slow', executionTimeoutMs: 7_200_000, pool: 'p', poolSlots: 1, priorityWeight: 1 },
      {
        taskId: 'rules',
        retries: {
          ...policy,
          rules: [
            { error: 'TypeError', action: 'fail' },
            { error: 'E1', action: 'retry', delayMs: 60_000 },
          ],
        },
      },
    ]);
  });

  test('each kind has a queue of its name', () => {
    const spec = dag('d', {}, () => {
      task('t', noop);
      for (const kind of ['extract', 'load', 'transform', 'export'] as const) defineOperation(kind, { taskId: kind, operation: {} });
    }).toSpec();
    expect(spec.tasks.map((each) => each.queue)).toEqual(['export', 'extract', 'load', 'default', 'transform']);
  });

  test('params give a JSON Schema and a default', () => {
    const params = z.object({ min: z.number().default(3), name: z.string().optional() });
    expect(dag('d', { params }, noop).toSpec()).toMatchObject({
      paramsDefault: { min: 3 },
      paramsSchema: { properties: { min: { default: 3, type: 'number' } } },
    });
    const required = z.object({ min: z.number().default(3), name: z.string() });
    expect(dag('d', { params: required }, noop).toSpec().paramsDefault).toEqual({ min: 3 });
  });

  test('connections inside an operation are declared for the task', () => {
    const spec = dag('d', {}, ({ interval }) => {
      defineOperation('load', {
        taskId: 'l',
        operation: { into: { at: [connection('lake')] }, from: connection('pos'), day: interval.day },
      });
    }).toSpec();
    expect(spec.tasks[0]?.connections).toEqual(['lake', 'pos']);
  });
});

describe('dates without an offset are local to the schedule', () => {
  const startOf = (start: string, timezone: string) =>
    new Date(dag('d', { schedule: cron('@daily', { timezone }), start }, noop).toSpec().startAt ?? 0).toISOString();

  test.each([
    ['2017-01-01', 'UTC', '2017-01-01T00:00:00.000Z'],
    ['2017-01-01', 'Europe/Berlin', '2016-12-31T23:00:00.000Z'],
    ['2017-07-01', 'Europe/Berlin', '2017-06-30T22:00:00.000Z'],
    ['2017-07-01T06:30', 'America/New_York', '2017-07-01T10:30:00.000Z'],
    ['2017-07-01T06:30Z', 'America/New_York', '2017-07-01T06:30:00.000Z'],
    ['2017-07-01T06:30:15.5+02:00', 'America/New_York', '2017-07-01T04:30:15.500Z'],
    // Midnight did not exist: clocks went from 23:59 to 01:00.
    ['2017-10-15', 'America/Sao_Paulo', '2017-10-15T03:00:00.000Z'],
    // 02:30 came twice: the first of them.
    ['2017-10-29T02:30', 'Europe/Berlin', '2017-10-29T00:30:00.000Z'],
    // A day that Samoa never had.
    ['2011-12-30', 'Pacific/Apia', '2011-12-30T10:00:00.000Z'],
  ])('%s in %s is %s', (start, timezone, instant) => {
    expect(startOf(start, timezone)).toBe(instant);
  });
});

describe('what cannot be is refused, where it is written', () => {
  const cases: readonly (readonly [string, string, () => unknown])[] = [
    ['a bad DAG id', 'HR_BAD_ID', () => dag('no spaces', {}, noop)],
    ['a reserved task id', 'HR_BAD_ID', () => dag('d', {}, () => task('__proto__', noop))],
    ['an id that is no text', 'HR_BAD_ID', () => dag('d', {}, () => task(wrong(7), noop))],
    ['a duplicate task', 'HR_DUPLICATE_TASK', () => dag('d', {}, () => [task('a', noop), task('a', noop)])],
    ['a task outside of a DAG', 'HR_OUTSIDE_DAG', () => task('a', noop)],
    ['a task made after the DAG is built', 'HR_OUTSIDE_DAG', () => dag('d', {}, noop) && task('late', noop)],
    ["another DAG's task as input", 'HR_FOREIGN_TASK', () => dag('d', {}, () => task('b', { in: { foreign: foreignTask() } }, noop))],
    ["another DAG's task in after", 'HR_FOREIGN_TASK', () => dag('d', {}, () => task('b', { after: foreignTask() }, noop))],
    ["another DAG's task in a chain", 'HR_FOREIGN_TASK', () => dag('d', {}, () => chain(foreignTask(), task('b', noop)))],
    ['an input that is no task', 'HR_BAD_INPUT', () => dag('d', {}, () => task('b', { in: wrong({ a: 5 }) }, noop))],
    [
      "an input with a name of the context's",
      'HR_BAD_INPUT',
      () => dag('d', {}, ({ run }) => task('b', { in: wrong({ log: run.id }) }, noop)),
    ],
    ['a task without function', 'HR_BAD_INPUT', () => dag('d', {}, () => task('b', wrong({})))],
    ['an async build', 'HR_ASYNC_BUILD', () => dag('d', {}, async () => undefined)],
    ['a number as duration', 'HR_BAD_DURATION', () => dag('d', {}, () => task('a', { executionTimeout: wrong(5) }, noop))],
    ['an unknown unit', 'HR_BAD_DURATION', () => dag('d', { catchup: { window: wrong('2 moons') } }, noop)],
    ['a timeout of nothing', 'HR_BAD_DURATION', () => dag('d', {}, () => task('a', { executionTimeout: '0s' }, noop))],
    ['a cron of four fields', 'HR_BAD_SCHEDULE', () => cron('* * * *')],
    ['an unknown time zone', 'HR_BAD_SCHEDULE', () => cron('@daily', { timezone: 'Europe/Atlantis' })],
    ['a schedule without start', 'HR_BAD_SCHEDULE', () => dag('d', { schedule: cron('@daily') }, noop)],
    ['a day that does not exist', 'HR_BAD_DATE', () => dag('d', { start: '2017-02-30' }, noop)],
    ['an end before the start', 'HR_BAD_DATE', () => dag('d', { start: '2017-02-02', end: '2017-02-01' }, noop)],
    ['an unknown trigger rule', 'HR_BAD_OPTION', () => dag('d', {}, () => task('a', { triggerRule: wrong('maybe') }, noop))],
    ['a jitter over 1', 'HR_BAD_OPTION', () => dag('d', { retries: { jitter: 2 } }, () => task('a', noop))],
    ['a cap below the delay', 'HR_BAD_OPTION', () => dag('d', { retries: { delay: '2m', maxDelay: '1m' } }, () => task('a', noop))],
    ['half a retry', 'HR_BAD_OPTION', () => dag('d', { retries: 1.5 }, () => task('a', noop))],
    ['no active run', 'HR_BAD_OPTION', () => dag('d', { maxActiveRuns: 0 }, noop)],
    [
      'a required param of a scheduled DAG',
      'HR_BAD_PARAMS',
      () => dag('d', { schedule: cron('@daily'), start: '2017-01-01', params: z.object({ x: z.string() }) }, noop),
    ],
    ['a default that is no JSON', 'HR_BAD_PARAMS', () => dag('d', { params: z.object({ x: z.date().default(new Date(0)) }) }, noop)],
    ['params that are no schema', 'HR_BAD_PARAMS', () => dag('d', { params: wrong({ x: 1 }) }, noop)],
    ['a reference in a string', 'HR_BAD_REFERENCE', () => dag('d', {}, ({ interval }) => `raw/${String(interval.day)}`)],
  ];

  test.each(cases)('%s is %s', (_what, code, define) => {
    expect(define).toThrow(expect.objectContaining({ name: 'DagDefinitionError', code }));
  });

  test('after a failed build the next DAG starts afresh', () => {
    expect(() => dag('d', {}, () => task('a', wrong(undefined)))).toThrow();
    expect(() => task('b', noop)).toThrow(expect.objectContaining({ code: 'HR_OUTSIDE_DAG' }));
  });
});

function foreignTask() {
  const other: DagDefinition = dag('other', {}, () => task('foreign', noop));
  const found = other.tasks.get('foreign');
  if (found === undefined) throw new Error('The other DAG has no task');
  return found;
}

describe('durations', () => {
  test.each([
    ['30s', 30_000],
    ['2 hours', 7_200_000],
    ['1 day', 86_400_000],
    ['1.5 minutes', 90_000],
    ['0.1 hours', 360_000],
    ['1 week', 604_800_000],
    ['250ms', 250],
    [{ ms: 1500 }, 1500],
  ])('%j is %d ms', (duration, ms) => expect(durationMs('x', duration)).toBe(ms));

  test.each([[30], ['30'], ['-5s'], ['0.3ms'], [{ ms: 1.5 }], ['5 S'], [null], [Number.NaN], ['9e9 weeks']])('%j is refused', (duration) =>
    expect(() => durationMs('x', duration)).toThrow(expect.objectContaining({ code: 'HR_BAD_DURATION' })),
  );
});

describe('references become values in the task process', () => {
  const interval = { start: new Date(0), end: new Date(86_400_000), day: '1970-01-01', hour: '1970-01-01T00' };
  const values = {
    params: { min: 5, path: 'a/b', deep: { name: 'x' }, none: undefined },
    interval,
    run: { dagId: 'd', id: 'r1', logicalDate: undefined },
  };
  // biome-ignore lint/suspicious/noExplicitAny: each test reaches for other members.
  const referring = (make: (scope: any) => unknown): unknown => {
    let made: unknown;
    dag('d', { params: z.object({ min: z.number().default(1) }) }, (scope) => {
      made = make(scope);
    });
    return resolveReferences(made, values);
  };

  test('at any depth, also under names that objects have', () => {
    const fn = () => 1;
    const date = new Date(5);
    const resolved = referring(({ params, interval, run }) => ({
      min: params.min,
      path: params.path,
      list: [interval.day, { id: run.id }],
      name: params.deep.name,
      none: params.none,
      inherited: params.toString,
      fn,
      date,
      set: params,
    }));
    expect(resolved).toEqual({
      min: 5,
      path: 'a/b',
      list: ['1970-01-01', { id: 'r1' }],
      name: 'x',
      none: undefined,
      inherited: undefined,
      fn,
      date,
      set: values.params,
    });
    expect((resolved as { fn: unknown }).fn).toBe(fn);
  });

  test('in text', () => {
    expect(referring(({ params, interval }) => text`raw/${interval.day}/${params.min}-${'x'}`)).toBe('raw/1970-01-01/5-x');
    expect(referring(({ interval }) => [text`${interval.start}`])).toEqual(['1970-01-01T00:00:00.000Z']);
    expect(() => referring(({ params }) => text`${params.none}`)).toThrow(expect.objectContaining({ code: 'HR_BAD_REFERENCE' }));
  });

  test('a value without references stays the same object, a cycle ends', () => {
    const cyclic: Record<string, unknown> = { x: [1] };
    cyclic.self = cyclic;
    expect(referring(() => cyclic)).toBe(cyclic);
  });

  test('a path into nothing is an error that names it', () => {
    expect(() => referring(({ params }) => params.none.deeper)).toThrow('params.none.deeper');
  });

  test("a task's function gets them as arguments", () => {
    const made = dag('d', { params: z.object({ min: z.number().default(1) }) }, ({ params, interval }) => {
      task('t', { in: { least: params.min, day: interval.day } }, ({ least, day }) => `${least} ${day}`);
    });
    const context = { params: { min: 7 }, interval, dagId: 'd', runId: 'r', logicalDate: undefined } as unknown as TaskContext &
      Record<string, unknown>;
    expect(made.tasks.get('t')?.run?.(context)).toBe('7 1970-01-01');
  });
});

test('skip, and retry after a while', () => {
  expect(() => skip('no rows')).toThrow(SkipTask);
  expect(new RetryTask({ after: '5 min' })).toMatchObject({ name: 'RetryTask', retryAfterMs: 300_000 });
});
