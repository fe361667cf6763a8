import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compileDag, type DagSpec, expandTasks, InvalidDagError, type TaskSpec, validateDag } from '../src/index.ts';
import { findCycles } from '../src/model/find-cycles.ts';
import { findUnreachable } from '../src/model/find-unreachable.ts';
import { oracleVerdict, type Upstream } from './support/oracle.ts';
import { propertyRuns } from './support/property-runs.ts';
import { allLists, shapes } from './support/shapes.ts';
import { at, compileShape, dagSpec, NO_RETRIES, taskSpec } from './support/specs.ts';

const messages = (spec: DagSpec): readonly string[] => validateDag(spec).map(({ code, message }) => `${code}: ${message}`);
const withTask = (more: Partial<TaskSpec>): DagSpec => dagSpec([taskSpec('a', [], more)]);

describe('a valid DAG', () => {
  test('compiles to indexes, edges, leaves and an order', () => {
    const dag = compileDag(dagSpec([taskSpec('c', ['a', 'b', 'a']), taskSpec('a'), taskSpec('b', ['a']), taskSpec('d')]));
    expect(dag.upstream).toEqual([[1, 2], [], [1], []]);
    expect(dag.downstream).toEqual([[], [0, 2], [0], []]);
    expect(dag.leaves).toEqual([0, 3]);
    expect(dag.order).toEqual([1, 3, 2, 0]);
    expect([dag.indexOf('b'), dag.indexOf('x'), dag.indexOf('__proto__')]).toEqual([2, undefined, undefined]);
    expect(dag.tasks).toBe(dag.spec.tasks);
  });

  test('may be empty, wide, and deep', () => {
    expect(validateDag(dagSpec([]))).toEqual([]);
    const wide = dagSpec([
      taskSpec('root'),
      ...Array.from({ length: 10_000 }, (_, index) => taskSpec(`leaf-${index}`, ['root'], { triggerRule: 'one_failed' })),
    ]);
    expect(compileDag(wide).leaves).toHaveLength(10_000);
    const deep = dagSpec(
      Array.from({ length: 10_000 }, (_, index) =>
        taskSpec(`t${index}`, index === 0 ? [] : [`t${index - 1}`], { triggerRule: 'all_failed' }),
      ),
    );
    expect(compileDag(deep).order).toHaveLength(10_000);
  });

  test('has an order in which no task comes before its upstream tasks', () => {
    fc.assert(
      fc.property(shapes(9), (shape) => {
        const dag = compileShape(shape);
        const rank = new Map(dag.order.map((task, position) => [task, position]));
        expect(rank.size).toBe(shape.upstream.length);
        for (const [task, sources] of shape.upstream.entries()) {
          for (const source of sources) expect(rank.get(source)).toBeLessThan(rank.get(task) ?? -1);
        }
      }),
      { numRuns: propertyRuns(100) },
    );
  });
});

describe('expandTasks', () => {
  const dag = compileDag(dagSpec([taskSpec('a'), taskSpec('b', ['a']), taskSpec('c', ['b']), taskSpec('d', ['b']), taskSpec('e')]));

  test('adds what is upstream, downstream, both or neither, at any distance', () => {
    expect(expandTasks(dag, [2, 1], {})).toEqual([1, 2]);
    expect(expandTasks(dag, [1], { downstream: true })).toEqual([1, 2, 3]);
    expect(expandTasks(dag, [3], { upstream: true })).toEqual([0, 1, 3]);
    expect(expandTasks(dag, [3], { upstream: true, downstream: false })).toEqual([0, 1, 3]);
    // Not the siblings: only what is upstream or downstream of the tasks that were named.
    expect(expandTasks(dag, [2], { upstream: true, downstream: true })).toEqual([0, 1, 2]);
  });
});

describe('an invalid DAG', () => {
  test('is refused with all its problems at once, each with its place', () => {
    const source = { file: 'dags/shop.ts', line: 12, column: 3 };
    const spec = dagSpec(
      [taskSpec('load', ['extrac'], { source, poolSlots: 0 }), taskSpec('extract', ['extract']), taskSpec('load'), taskSpec('bad id')],
      { dagId: '', maxActiveRuns: 0 },
    );
    expect(() => compileDag(spec)).toThrow(InvalidDagError);
    try {
      compileDag(spec);
    } catch (error) {
      expect(error).toMatchObject({ code: 'HR_INVALID_DAG', name: 'InvalidDagError' });
      expect((error as Error).message.split('\n')).toEqual([
        'DAG "" has 7 problems:',
        '- DAG id "" must be 1 to 250 of the letters A-Z and a-z, digits, "_", "." and "-"',
        '- maxActiveRuns must be a whole number from 1, but is 0',
        '- There are two tasks "load", first at dags/shop.ts:12:3: task ids must be unique within a DAG',
        '- Task id "bad id" must be 1 to 250 of the letters A-Z and a-z, digits, "_", "." and "-"',
        '- dags/shop.ts:12:3: Task "load" comes after "extrac", which is not in the DAG; did you mean "extract"?',
        '- dags/shop.ts:12:3: Task "load": poolSlots must be a whole number from 1, but is 0',
        '- Task "extract" comes after itself',
      ]);
      expect((error as InvalidDagError).problems[4]).toEqual({
        code: 'unknown_upstream',
        message: 'dags/shop.ts:12:3: Task "load" comes after "extrac", which is not in the DAG; did you mean "extract"?',
        taskId: 'load',
        source,
      });
      expect((error as InvalidDagError).problems[0]).toEqual({ code: 'bad_id', message: expect.any(String) });
    }
    expect(() => compileDag(dagSpec([], { dagId: '' }))).toThrow(/^DAG "" has a problem:\n- DAG id/);
  });

  test.each(['__proto__', 'prototype', 'constructor', '.', '..'])('may not use the id %s', (id) => {
    expect(messages(dagSpec([taskSpec(id)], { dagId: id }))).toEqual([
      `bad_id: DAG id "${id}" is reserved; take another name`,
      `bad_id: Task id "${id}" is reserved; take another name`,
    ]);
  });

  test.each(['ü', 'a b', 'a/b', 'a\n', '', 'x'.repeat(251), undefined])('may not use the id %j', (id) => {
    expect(validateDag(dagSpec([taskSpec(id as string)])).map(({ code }) => code)).toEqual(['bad_id']);
  });

  test.each(['a', 'A.b-c_9', 'x'.repeat(250), '...'])('may use the id %s', (id) => {
    expect(validateDag(dagSpec([taskSpec(id)], { dagId: id }))).toEqual([]);
  });

  test('names the tasks that wait for each other in order', () => {
    expect(
      messages(
        dagSpec([taskSpec('a', ['c']), taskSpec('b', ['a']), taskSpec('c', ['b']), taskSpec('d', ['c', 'e']), taskSpec('e', ['d'])]),
      ),
    ).toEqual(['cycle: The tasks wait for each other: "a" → "b" → "c" → "a"', 'cycle: The tasks wait for each other: "d" → "e" → "d"']);
  });

  test('says where a second task of the same name is, when that is known', () => {
    expect(messages(dagSpec([taskSpec('a'), taskSpec('a')]))).toEqual([
      'duplicate_task: There are two tasks "a": task ids must be unique within a DAG',
    ]);
  });

  test('names inputs that come from nowhere, or from a task that need not be done', () => {
    const inputs = JSON.parse('{"__proto__":"a","x":"elsewhere","y":"b"}') as Record<string, string>;
    expect(messages(dagSpec([taskSpec('a'), taskSpec('b'), taskSpec('c', ['a'], { inputs })]))).toEqual([
      'bad_id: Input name "__proto__" of task "c" is reserved; take another name',
      'unknown_input: Task "c" takes "x" from "elsewhere", which is not in the DAG',
      'input_not_upstream: Task "c" takes "y" from "b", but does not come after it: add it to upstream',
    ]);
    expect(messages(dagSpec([taskSpec('sales'), taskSpec('c', [], { inputs: { x: 'Salse' } })]))).toEqual([
      'unknown_input: Task "c" takes "x" from "Salse", which is not in the DAG; did you mean "sales"?',
    ]);
  });

  test.each<[Partial<TaskSpec>, string]>([
    [
      { triggerRule: 'none_failed_or_skipped' as never },
      'triggerRule must be one of all_success, all_failed, all_done, all_done_min_one_success, all_skipped, one_failed, one_success, one_done, none_failed, none_failed_min_one_success, none_skipped, always, but is none_failed_or_skipped',
    ],
    [{ queue: 'a:b' }, 'the queue must be named with letters, digits, "_", "." and "-", but is a:b'],
    [{ pool: '' }, 'the pool must have a name, but is '],
    [{ pool: undefined as never }, 'the pool must have a name, but is undefined'],
    [{ poolSlots: 0 }, 'poolSlots must be a whole number from 1, but is 0'],
    [{ poolSlots: 1.5 }, 'poolSlots must be a whole number from 1, but is 1.5'],
    [{ executionTimeoutMs: 0 }, 'the execution timeout must be whole milliseconds, more than 0, but is 0'],
    [{ executionTimeoutMs: Number.NaN }, 'the execution timeout must be whole milliseconds, more than 0, but is NaN'],
    [{ priorityWeight: 0.5 }, 'priorityWeight must be a whole number, but is 0.5'],
    [{ retries: { ...NO_RETRIES, max: -1 } }, 'retries.max must be a whole number from 0, but is -1'],
    [{ retries: { ...NO_RETRIES, delayMs: -1 } }, 'the retry delay must be whole milliseconds, not negative, but is -1'],
    [
      { retries: { ...NO_RETRIES, maxDelayMs: Infinity } },
      'the maximal retry delay must be whole milliseconds, not negative, but is Infinity',
    ],
    [{ retries: { ...NO_RETRIES, jitter: 1.01 } }, 'the jitter must be between 0 and 1, but is 1.01'],
    [{ retries: { ...NO_RETRIES, jitter: -0.01 } }, 'the jitter must be between 0 and 1, but is -0.01'],
    [{ retries: { ...NO_RETRIES, jitter: Number.NaN } }, 'the jitter must be between 0 and 1, but is NaN'],
    [{ retries: { ...NO_RETRIES, backoff: 'linear' as never } }, 'backoff must be fixed or exponential, but is linear'],
    [
      {
        retries: {
          ...NO_RETRIES,
          rules: [
            { error: 'E', action: 'retry' },
            { error: 'F', action: 'retry', delayMs: -2 },
          ],
        },
      },
      'the delay of the retry rule for "F" must be whole milliseconds, not negative, but is -2',
    ],
  ])('has no such value as %j', (more, what) => {
    expect(messages(withTask(more))).toEqual([`bad_value: Task "a": ${what}`]);
  });

  test.each<Partial<TaskSpec>>([
    { priorityWeight: -3 },
    { poolSlots: 1, executionTimeoutMs: 1 },
    {
      retries: {
        max: 0,
        delayMs: 0,
        backoff: 'exponential',
        maxDelayMs: 0,
        jitter: 1,
        rules: [{ error: 'E', action: 'retry', delayMs: 0 }],
      },
    },
    { retries: { ...NO_RETRIES, jitter: 0 } },
  ])('may have %j', (more) => {
    expect(messages(withTask(more))).toEqual([]);
  });

  test.each<[Partial<DagSpec>, string]>([
    [{ maxActiveRuns: 0 }, 'bad_value: maxActiveRuns must be a whole number from 1, but is 0'],
    [{ maxActiveTasks: 2.5 }, 'bad_value: maxActiveTasks must be a whole number from 1, but is 2.5'],
    [{ startAt: Number.NaN }, 'bad_value: startAt must be an instant, but is NaN'],
    [{ endAt: Infinity }, 'bad_value: endAt must be an instant, but is Infinity'],
    [{ startAt: 2, endAt: 1 }, 'end_before_start: The DAG ends before it starts: endAt is earlier than startAt'],
    [{ catchup: { kind: 'window', windowMs: 0 } }, 'bad_value: The catchup window must be longer than 0 ms, but is 0'],
    [
      { schedule: { kind: 'cron', expression: '0 25 * * *', timezone: 'UTC', interval: 'cron' } },
      'bad_cron: Cron expression "0 25 * * *", at character 3: hour 25 is not within 0-23',
    ],
    [
      { schedule: { kind: 'cron', expression: '@daily', timezone: 'Mars/Olympus', interval: 'cron' } },
      'bad_timezone: "Mars/Olympus" is not a time zone: use an IANA name such as "Europe/Berlin" or "UTC"',
    ],
    [
      { schedule: { kind: 'cron', expression: '@daily', timezone: 'UTC', interval: { lengthMs: 0 } } },
      'bad_value: The data interval must be longer than 0 ms, but is 0',
    ],
  ])('may not have %j', (more, what) => {
    expect(messages(dagSpec([taskSpec('a')], more))).toEqual([what]);
  });

  test.each<Partial<DagSpec>>([
    { startAt: 1, endAt: 1 },
    { catchup: { kind: 'window', windowMs: 1 } },
    { schedule: { kind: 'cron', expression: '@daily', timezone: 'Europe/Berlin', interval: { lengthMs: 1 } } },
    { schedule: { kind: 'cron', expression: '@daily', timezone: 'UTC', interval: 'trigger' } },
  ])('may have %j in its schedule', (more) => {
    expect(messages(dagSpec([taskSpec('a')], more))).toEqual([]);
  });

  test('names a task that can never run, whatever happens upstream', () => {
    const spec = dagSpec([
      taskSpec('a'),
      taskSpec('rescue', ['a'], { triggerRule: 'all_failed' }),
      taskSpec('both', ['a', 'rescue']),
      taskSpec('after', ['both'], { triggerRule: 'all_done' }),
    ]);
    expect(messages(spec)).toEqual([
      'unreachable: Task "both" can never run: however "a", "rescue" may end, its trigger rule all_success is not met',
    ]);
  });

  test('is not searched for such tasks while its graph is unsound', () => {
    const rescue = taskSpec('rescue', ['a'], { triggerRule: 'all_failed' });
    const codes = (tasks: readonly TaskSpec[]): readonly string[] => validateDag(dagSpec(tasks)).map(({ code }) => code);
    expect(codes([taskSpec('a'), rescue, taskSpec('both', ['a', 'rescue', 'gone'])])).toEqual(['unknown_upstream']);
    expect(codes([taskSpec('a', [], { triggerRule: 'x' as never }), rescue, taskSpec('both', ['a', 'rescue'])])).toEqual(['bad_value']);
    expect(codes([taskSpec('a'), taskSpec('a'), rescue, taskSpec('both', ['a', 'rescue'])])).toEqual(['duplicate_task']);
    expect(codes([taskSpec('a'), rescue, taskSpec('both', ['a', 'rescue', 'c']), taskSpec('c', ['c'])])).toEqual(['cycle']);
  });
});

describe('the search for tasks that can never run', () => {
  test('finds exactly those that run under no combination of outcomes', () => {
    fc.assert(
      fc.property(shapes(5), ({ upstream, rules }) => {
        const ever = new Set<number>();
        for (const plan of allLists(['success', 'failed', 'skipped'] as const, upstream.length)) {
          const finals: Upstream[] = upstream.map(() => undefined);
          for (let round = 0; round < upstream.length; round += 1) {
            for (const [task, sources] of upstream.entries()) {
              const states = sources.map((source) => finals[source]);
              if (states.includes(undefined)) continue;
              const verdict = oracleVerdict(at(rules, task), states);
              if (verdict === 'run') ever.add(task);
              finals[task] = verdict === 'run' ? plan[task] : verdict === 'skip' ? 'skipped' : 'upstream_failed';
            }
          }
        }
        expect(findUnreachable(upstream, rules)).toEqual([...upstream.keys()].filter((task) => !ever.has(task)));
      }),
      { numRuns: propertyRuns(200) },
    );
  });

  test('follows failures and skips through ancestors, in whatever order they stand', () => {
    const chain = [[], [0], [0, 1]];
    // The first fails, the second is then upstream_failed: both are bad. The first skips itself, the second is then skipped.
    expect(findUnreachable(chain, ['all_success', 'all_success', 'all_failed'])).toEqual([]);
    expect(findUnreachable(chain, ['all_success', 'all_success', 'all_skipped'])).toEqual([]);
    expect(findUnreachable(chain, ['all_success', 'all_failed', 'all_success'])).toEqual([2]);
    expect(findUnreachable([[1, 2], [2], []], ['all_failed', 'all_success', 'all_success'])).toEqual([]);
    expect(findUnreachable([[1, 2], [2], []], ['all_success', 'all_failed', 'all_success'])).toEqual([0]);
  });

  test('gives the benefit of the doubt where too many ancestors matter', () => {
    const never = (others: number): readonly number[] => {
      // a, rescue (if a failed), `others` more, and one task that needs them all.
      const upstream = [[], [0], ...Array.from({ length: others }, () => []), Array.from({ length: others + 2 }, (_, task) => task)];
      const rules = upstream.map((_, task) => (task === 1 ? ('all_failed' as const) : ('all_success' as const)));
      return findUnreachable(upstream, rules);
    };
    expect(never(0)).toEqual([2]);
    expect(never(6)).toEqual([8]);
    expect(never(7)).toEqual([]);
  });

  test('ends soon also in a DAG made to be hard', () => {
    // 2,000 tasks, each of which can never run and has eight ancestors: only some are looked at.
    const upstream = [[], [0], [], [], [], [], [], [], ...Array.from({ length: 2_000 }, () => [0, 1, 2, 3, 4, 5, 6, 7])];
    const rules = upstream.map((_, task) => (task === 1 ? ('all_failed' as const) : ('all_success' as const)));
    const found = findUnreachable(upstream, rules);
    expect(found.slice(0, 2)).toEqual([8, 9]);
    expect(found.length).toBeLessThan(100);
  });
});

describe('the search for cycles', () => {
  test('finds one in every graph that has one, and each found is one', () => {
    fc.assert(
      fc.property(
        fc
          .integer({ min: 1, max: 7 })
          .chain((size) => fc.array(fc.uniqueArray(fc.nat(size - 1), { maxLength: 3 }), { minLength: size, maxLength: size })),
        (upstream) => {
          const reaches = (from: number, to: number): boolean => {
            const seen = new Set(upstream[from]);
            for (const task of seen) for (const next of upstream[task] ?? []) seen.add(next);
            return seen.has(to);
          };
          const knotted = [...upstream.keys()].filter((task) => reaches(task, task));
          const cycles = findCycles(upstream);
          expect(cycles.length > 0).toBe(knotted.length > 0);
          // Each knot (tasks that reach each other) has one.
          for (const task of knotted)
            expect(
              cycles.some((cycle) => cycle.some((member) => member === task || (reaches(task, member) && reaches(member, task)))),
            ).toBe(true);
          for (const cycle of cycles) {
            expect(new Set(cycle).size).toBe(cycle.length);
            expect(cycle[0]).toBe(Math.min(...cycle));
            for (const [position, task] of cycle.entries()) {
              expect(upstream[cycle[(position + 1) % cycle.length] ?? -1]).toContain(task);
            }
          }
          expect(new Set(cycles.flat()).size).toBe(cycles.flat().length);
        },
      ),
      { numRuns: propertyRuns(300) },
    );
  });
});
