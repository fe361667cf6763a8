import { describe, expect, test } from '@jest/globals';
import { isTerminal, newRun, type RunState, step, TRIGGER_RULES } from '../src/index.ts';
import { type Final, oracleFinals, oracleOutcome } from './support/oracle.ts';
import { propertyRuns } from './support/property-runs.ts';
import { allGraphs, allLists } from './support/shapes.ts';
import { at, compileShape } from './support/specs.ts';

const ENDS = ['success', 'failed', 'skipped'] as const;

/** Runs to the end; of the tasks that may go on, `choose` takes one at a time. */
function runToEnd(
  dag: ReturnType<typeof compileShape>,
  plan: readonly (typeof ENDS)[number][],
  choose: (ready: readonly number[]) => number,
): RunState {
  let run = newRun(dag);
  const tell = (event: Parameters<typeof step>[2]): void => {
    const answer = step(dag, run, event, 0);
    if (answer.kind !== 'applied') throw new Error(`${JSON.stringify(event)} was ${answer.kind}`);
    run = answer.run;
  };
  tell({ type: 'run.started' });
  while (run.status === 'running') {
    const task = choose(run.tasks.flatMap(({ status }, index) => (status === 'scheduled' ? [index] : [])));
    const life = ['queued', 'running', at(plan, task)] as const;
    tell({ type: 'tasks.moved', moves: life.map((status) => ({ task, to: { status, attempt: 1 } })) });
  }
  return run;
}

describe('every DAG of up to three tasks, with every rule and every outcome', () => {
  test.each([1, 2, 3])('of %d tasks ends as the manual says, whichever task goes first', (size) => {
    let cases = 0;
    for (const upstream of allGraphs(size)) {
      // The rule of a task without upstream tasks has no say (see the trigger rules' own tests).
      const rulesOf = upstream.map((sources) => (sources.length === 0 ? (['all_success'] as const) : TRIGGER_RULES));
      for (const rules of combine(rulesOf)) {
        const dag = compileShape({ upstream, rules });
        for (const plan of allLists(ENDS, size)) {
          const expected = oracleFinals(upstream, rules, plan);
          for (const choose of [(ready: readonly number[]) => at(ready, 0), (ready: readonly number[]) => at(ready, ready.length - 1)]) {
            const run = runToEnd(dag, plan, choose);
            const finals = run.tasks.map(({ status }): Final => (isTerminal(status) ? status : 'removed'));
            if (finals.join() !== expected.join() || run.status !== oracleOutcome(upstream, expected)) {
              throw new Error(`${JSON.stringify({ upstream, rules, plan })}: ${finals} and ${run.status}, but by the manual ${expected}`);
            }
            cases += 1;
          }
        }
      }
    }
    expect(cases).toBe({ 1: 6, 2: 2 * 9 * 13, 3: 2 * 27 * (1 + 3 * 12 + 2 * 144 + 12 + 144) }[size]);
  });

  test('of four tasks too; usually every fifteenth of them, all with HEADRACE_PROPERTY_RUNS=15', () => {
    const every = Math.max(1, Math.round(15 / propertyRuns(1)));
    let turn = 0;
    let cases = 0;
    for (const upstream of allGraphs(4)) {
      const rulesOf = upstream.map((sources) => (sources.length === 0 ? (['all_success'] as const) : TRIGGER_RULES));
      for (const rules of combine(rulesOf)) {
        const dag = compileShape({ upstream, rules });
        for (const plan of allLists(ENDS, 4)) {
          turn += 1;
          if (turn % every !== 0) continue;
          const expected = oracleFinals(upstream, rules, plan);
          // Which task goes first alternates: that it does not matter is shown with three tasks, and at random with many.
          const run = runToEnd(dag, plan, (ready) => at(ready, turn % 2 === 0 ? 0 : ready.length - 1));
          const finals = run.tasks.map(({ status }): Final => (isTerminal(status) ? status : 'removed'));
          if (finals.join() !== expected.join() || run.status !== oracleOutcome(upstream, expected)) {
            throw new Error(`${JSON.stringify({ upstream, rules, plan })}: ${finals} and ${run.status}, but by the manual ${expected}`);
          }
          cases += 1;
        }
      }
    }
    expect(turn).toBe(81 * 13 * 37 * 85);
    expect(cases).toBe(Math.floor(turn / every));
  });

  test('without tasks succeeds at once', () => {
    const dag = compileShape({ upstream: [], rules: [] });
    const answer = step(dag, newRun(dag), { type: 'run.started' }, 0);
    expect(answer).toMatchObject({
      kind: 'applied',
      run: { status: 'success', open: 0 },
      changes: [],
      effects: [
        { type: 'announce', status: 'running' },
        { type: 'announce', status: 'success' },
      ],
    });
  });
});

function combine<T>(choices: readonly (readonly T[])[]): readonly (readonly T[])[] {
  return choices.reduce<readonly (readonly T[])[]>(
    (lists, values) => lists.flatMap((list) => values.map((value) => [...list, value])),
    [[]],
  );
}
