import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isTerminal, step, TASK_STATUSES } from '../src/index.ts';
import { LawfulDriver, type Plan } from './support/lawful-driver.ts';
import { oracleFinals, oracleOutcome } from './support/oracle.ts';
import { propertyRuns } from './support/property-runs.ts';
import { dice, shapes } from './support/shapes.ts';
import { at, compileShape, type Shape } from './support/specs.ts';

const plans = fc.array(
  fc.record({ failures: fc.integer({ min: 0, max: 4 }), end: fc.constantFrom('success' as const, 'failed' as const, 'skipped' as const) }),
  { minLength: 8, maxLength: 8 },
);
const seeds = fc.integer();

/** What a planned task comes to if it runs undisturbed. */
function plannedEnd(shape: Shape, plan: readonly Plan[], task: number): 'success' | 'failed' | 'skipped' {
  const { failures, end } = at(plan, task);
  return failures > (shape.retries?.[task] ?? 0) ? 'failed' : end;
}

describe('a run, driven lawfully', () => {
  test('ends as the manual says, in the same way whatever the order of events', () => {
    fc.assert(
      fc.property(shapes(8), plans, seeds, seeds, (shape, plan, one, other) => {
        const dag = compileShape(shape);
        const first = new LawfulDriver(dag, { plan, dice: dice(one), mischief: 0 });
        const second = new LawfulDriver(dag, { plan, dice: dice(other), mischief: 0 });
        first.drive();
        second.drive();
        const expected = oracleFinals(
          shape.upstream,
          shape.rules,
          shape.upstream.map((_, task) => plannedEnd(shape, plan, task)),
        );
        expect(first.finals()).toEqual(expected);
        expect(second.run.tasks).toEqual(first.run.tasks);
        expect(second.run.status).toBe(oracleOutcome(shape.upstream, expected));
        expect(first.run.status).toBe(second.run.status);
      }),
      { numRuns: propertyRuns(400) },
    );
  });

  test('tries a failing task exactly as often as its retries allow', () => {
    fc.assert(
      fc.property(shapes(5), seeds, (shape, seed) => {
        const plan = shape.upstream.map(() => ({ failures: 9, end: 'failed' as const }));
        const driver = new LawfulDriver(compileShape(shape), { plan, dice: dice(seed), mischief: 0 });
        for (const [task, { status, attempt }] of driver.drive().tasks.entries()) {
          if (status === 'failed') expect(attempt).toBe((shape.retries?.[task] ?? 0) + 1);
          else expect(attempt).toBe(0);
        }
      }),
      { numRuns: propertyRuns(100) },
    );
  });

  test('ends whatever is lost, doubled, released, interrupted or left out, and what never ran is as the manual says', () => {
    fc.assert(
      fc.property(shapes(7), plans, seeds, (shape, plan, seed) => {
        const driver = new LawfulDriver(compileShape(shape), { plan, dice: dice(seed), mischief: 40 });
        driver.drive();
        const finals = driver.finals();
        const ran = finals.map((state, task) => (at(driver.run.tasks, task).attempt > 0 ? state : 'success'));
        expect(oracleFinals(shape.upstream, shape.rules, ran)).toEqual(finals);
        expect(driver.run.status).toBe(oracleOutcome(shape.upstream, finals));
      }),
      { numRuns: propertyRuns(400) },
    );
  });

  test('ends also when people cancel and clear in the middle, and nothing but a clear wakes it again', () => {
    fc.assert(
      fc.property(shapes(7), plans, seeds, (shape, plan, seed) => {
        const driver = new LawfulDriver(compileShape(shape), { plan, dice: dice(seed), mischief: 40, cancels: true, clears: true });
        const run = driver.drive();
        for (const [task, { attempt }] of run.tasks.entries()) {
          for (const event of [
            { type: 'run.started' },
            { type: 'tick' },
            { type: 'run.cancelled' },
            { type: 'past.told', unmet: [] },
            { type: 'task.lost', task, attempt, dice: 0 },
            { type: 'task.moved', task, to: { status: 'running', attempt: attempt + 1 } },
          ] as const) {
            expect(step(driver.dag, run, event, driver.now)).toEqual({ kind: 'ignored', why: 'run_finished' });
          }
        }
      }),
      { numRuns: propertyRuns(300) },
    );
  });

  test('that is cleared when it has ended runs those tasks again, with all their tries, and ends', () => {
    fc.assert(
      fc.property(shapes(6), plans, seeds, (shape, plan, seed) => {
        const driver = new LawfulDriver(compileShape(shape), { plan, dice: dice(seed), mischief: 0 });
        const before = driver.drive();
        const cleared = before.tasks.flatMap((_, task) => (driver.chance(0.5) ? [task] : []));
        driver.clear(cleared);
        expect(driver.run.status).toBe(cleared.length > 0 ? 'queued' : before.status);
        for (const task of cleared) expect(driver.run.tasks[task]).toEqual({ status: 'none', attempt: at(before.tasks, task).attempt });
        const after = driver.finished ? driver.run : driver.drive();
        for (const [task, state] of after.tasks.entries()) {
          if (!cleared.includes(task)) expect(state).toBe(before.tasks[task]);
          else if (state.attempt > at(before.tasks, task).attempt) expect(state.status).toBe(plannedEnd(shape, plan, task));
        }
      }),
      { numRuns: propertyRuns(200) },
    );
  });
});

describe('a finished task', () => {
  test('stays as it is whatever is reported of its attempt', () => {
    fc.assert(
      fc.property(shapes(5), plans, seeds, fc.constantFrom(...TASK_STATUSES), (shape, plan, seed, status) => {
        const driver = new LawfulDriver(compileShape(shape), { plan, dice: dice(seed), mischief: 0 });
        driver.tell({ type: 'run.started' });
        const task = driver.run.tasks.findIndex((state) => state.status === 'scheduled');
        driver.report(task, { status: 'queued', attempt: 1 });
        driver.report(task, { status: 'running', attempt: 1 });
        driver.report(task, { status: 'success', attempt: 1 });
        const to = { status, attempt: 1, ...(status === 'up_for_retry' || status === 'up_for_reschedule' ? { dueAt: 0 } : {}) } as never;
        const answer = step(driver.dag, driver.run, { type: 'task.moved', task, to }, driver.now);
        expect(answer.kind).not.toBe('applied');
        expect(isTerminal(at(driver.run.tasks, task).status)).toBe(true);
      }),
      { numRuns: propertyRuns(100) },
    );
  });
});
