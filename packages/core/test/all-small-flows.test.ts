/** Every small DAG with a branch, a short circuit, a setup and its teardown, or a mapping: all rules, all outcomes. */
import { describe, expect, test } from '@jest/globals';
import { type Dag, newRun, type RunEvent, type RunState, step, TRIGGER_RULES } from '../src/index.ts';
import { compareFinals } from './support/compare-finals.ts';
import { type OracleDag, type OracleEnd, type OracleEnds, type OracleTask, oracleRun } from './support/flow-oracle.ts';
import { compileFlow } from './support/flow-shapes.ts';
import { propertyRuns } from './support/property-runs.ts';
import { allGraphs, allLists } from './support/shapes.ts';
import { at } from './support/specs.ts';

const SUCCESS: OracleEnd = { end: 'success' };
const ENDS: readonly OracleEnd[] = [SUCCESS, { end: 'failed' }, { end: 'skipped' }];
const RULES: readonly string[] = TRIGGER_RULES;

/** Runs to the end; of the nodes that may go on, `choose` takes one at a time. */
function runToEnd(dag: Dag, ends: OracleEnds, choose: (ready: readonly number[]) => number): RunState {
  let run = newRun(dag);
  const tell = (event: RunEvent): void => {
    const answer = step(dag, run, event, 0);
    if (answer.kind !== 'applied') throw new Error(`${JSON.stringify(event)} was ${answer.kind}`);
    run = answer.run;
  };
  tell({ type: 'run.started' });
  while (run.status === 'running') {
    const node = choose(run.tasks.flatMap(({ status }, index) => (status === 'scheduled' ? [index] : [])));
    const { task, mapIndex } = at(run.nodes, node);
    const { end, ...decision } = ends(task, mapIndex, 0);
    const last = end === 'success' ? { status: end, attempt: 1, decision } : { status: end, attempt: 1 };
    tell({
      type: 'tasks.moved',
      moves: [{ status: 'queued', attempt: 1 } as const, { status: 'running', attempt: 1 } as const, last].map((to) => ({
        task: node,
        to,
      })),
    });
  }
  return run;
}

/** Tries a share of all cases: every n-th, and all of them when `HEADRACE_PROPERTY_RUNS` is that high. */
class Share {
  readonly #every: number;
  #turn = 0;
  tried = 0;

  constructor(every: number) {
    this.#every = Math.max(1, Math.round(every / propertyRuns(1)));
  }

  check(flow: OracleDag, dag: Dag, ends: readonly OracleEnd[], instances: readonly OracleEnd[] = []): void {
    this.#turn += 1;
    if (this.#turn % this.#every !== 0) return;
    this.tried += 1;
    const mapped = flow.tasks.findIndex(({ expand }) => expand !== undefined);
    const say: OracleEnds = (task, mapIndex) => (task === mapped ? at(instances, mapIndex) : at(ends, task));
    const expected = oracleRun(flow, say);
    const run = runToEnd(dag, say, (ready) => at(ready, this.#turn % 2 === 0 ? 0 : ready.length - 1));
    const differs = compareFinals(dag, run, expected);
    if (differs !== undefined) throw new Error(`${JSON.stringify({ flow, ends, instances })}: ${differs}`);
  }
}

function flowOf(
  upstream: readonly (readonly number[])[],
  rules: readonly string[],
  more: Readonly<Record<number, Partial<OracleTask>>>,
): OracleDag {
  const tasks = upstream.map((sources, task) => ({ id: `t${task}`, upstream: sources, rule: at(rules, task), ...more[task] }));
  return { tasks, groups: [] };
}

/** All rules of the tasks that have something upstream; the others have no say. */
function rulesOf(upstream: readonly (readonly number[])[]): readonly (readonly string[])[] {
  return upstream.reduce<readonly (readonly string[])[]>(
    (lists, sources) => lists.flatMap((list) => (sources.length === 0 ? ['all_success'] : RULES).map((rule) => [...list, rule])),
    [[]],
  );
}

describe('every small DAG ends as the oracle says', () => {
  test.each(['branch', 'short_circuit', 'short_circuit_direct'] as const)('with a %s before two tasks', (decides) => {
    const share = new Share(4);
    for (const upstream of allGraphs(3)) {
      const targets = [1, 2].filter((task) => at(upstream, task).includes(0));
      if (targets.length === 0) continue;
      const choices =
        decides === 'branch' ? allLists([true, false], targets.length).map((taken) => targets.filter((_, index) => taken[index])) : [[]];
      const says = choices.map((follow): OracleEnd => ({ end: 'success', follow: follow.map((task) => `t${task}`) }));
      for (const rules of rulesOf(upstream)) {
        const flow = flowOf(upstream, rules, { 0: { decides } });
        const dag = compileFlow(flow);
        for (const first of [...ENDS, ...says]) for (const rest of allLists(ENDS, 2)) share.check(flow, dag, [first, ...rest]);
      }
    }
    expect(share.tried).toBeGreaterThan(1_000);
  });

  test('with a setup, work, its teardown, and a task that may come after any of them', () => {
    const share = new Share(40);
    for (const graph of allGraphs(4)) {
      if (!at(graph, 2).includes(0)) continue;
      for (const rules of rulesOf(graph)) {
        if (rules[2] !== 'all_success') continue;
        const flow = flowOf(graph, rules, { 0: { role: 'setup' }, 2: { role: 'teardown', setups: [0] } });
        const dag = compileFlow(flow);
        for (const ends of allLists(ENDS, 4)) share.check(flow, dag, ends);
      }
    }
    expect(share.tried).toBeGreaterThan(1_000);
  });

  test('with a mapping over nothing, one or two items, something else before it, and a task after it', () => {
    const share = new Share(3);
    const sources: readonly OracleEnd[] = [
      ...[0, 1, 2].map((items): OracleEnd => ({ end: 'success', items })),
      { end: 'success' },
      { end: 'failed' },
      { end: 'skipped' },
    ];
    const upstream = [[], [], [0, 1], [2]];
    for (const rules of rulesOf(upstream)) {
      if (rules[2] === 'always') continue;
      const flow = flowOf(upstream, rules, { 2: { expand: { combine: 'product', over: [{ task: 0 }] } } });
      const dag = compileFlow(flow);
      for (const source of sources) {
        for (const beside of ENDS)
          for (const instances of allLists(ENDS, 2)) share.check(flow, dag, [source, beside, SUCCESS, SUCCESS], instances);
      }
    }
    expect(share.tried).toBeGreaterThan(1_000);
  });
});
