/** Random DAGs with every construct: whatever the order of events, the run ends as the oracle says. */
import { describe, expect, test } from '@jest/globals';
import {
  type AttemptReport,
  type Dag,
  type RunNode,
  type RunState,
  TASK_STATUSES,
  TASK_TRANSITIONS,
  type TaskStatus,
} from '../src/index.ts';
import { type OracleDag, type OracleEnd, oracleRun } from './support/flow-oracle.ts';
import { compileFlow, randomEnds, randomFlow } from './support/flow-shapes.ts';
import { LawfulDriver } from './support/lawful-driver.ts';
import { propertyRuns } from './support/property-runs.ts';
import { dice } from './support/shapes.ts';
import { at } from './support/specs.ts';

/** As a worker reports it. A failure that was planned is not tried again: what is lost on the way is. */
function reportOf({ end, ...decision }: OracleEnd, retryable = false): AttemptReport {
  if (end === 'skipped') return { outcome: 'skipped' };
  if (end === 'failed') return { outcome: 'failed', error: { name: 'Error', message: 'planned', retryable } };
  return { outcome: 'success', decision };
}

/** Per task what is left of its instances; those of a task that shares one fate are told as one. */
function finalsOf(dag: Dag, run: RunState, expected: readonly ReadonlyMap<number, string>[]): readonly string[] {
  return dag.tasks.map(({ taskId }, task) => {
    const nodes = run.nodes.flatMap((node, index) => (node.task === task ? [{ ...node, status: at(run.tasks, index).status }] : []));
    const there = nodes.filter(({ status }) => status !== 'removed').sort((a, b) => a.mapIndex - b.mapIndex);
    const whole = at(expected, task).get(-1);
    if (whole !== undefined && there.every(({ status }) => status === whole)) return `${taskId}: -1 ${whole}`;
    return `${taskId}: ${there.map(({ mapIndex, status }) => `${mapIndex} ${status}`).join(', ')}`;
  });
}

/** Plays the DAG in one order of events; answers with what differs from the oracle. */
function differences(flow: OracleDag, dag: Dag, seed: number, order: number, mischief: number): string | undefined {
  const ends = randomEnds(flow, seed);
  const expected = oracleRun(flow, ends);
  const driver = new LawfulDriver(dag, {
    ends: ({ task, mapIndex }: RunNode, time: number) => reportOf(ends(task, mapIndex, time)),
    dice: dice(order),
    mischief,
  });
  const run = driver.drive();
  const wanted = expected.finals.map(
    (instances, task) => `${at(flow.tasks, task).id}: ${[...instances].map(([index, state]) => `${index} ${state}`).join(', ')}`,
  );
  const found = finalsOf(dag, run, expected.finals);
  const lines = wanted.flatMap((line, task) => (line === found[task] ? [] : [`wanted ${line}\n found ${found[task]}`]));
  if (run.status !== expected.outcome) lines.push(`wanted the run to be ${expected.outcome}, found ${run.status}`);
  return lines.length === 0 ? undefined : lines.join('\n');
}

function withRetries(dag: Dag, max = 200): Dag {
  const tasks = dag.tasks.map((task) => ({ ...task, retries: { ...task.retries, max } }));
  return { ...dag, tasks, spec: { ...dag.spec, tasks } };
}

function runSeed(seed: number, most: number): void {
  const flow = randomFlow(seed, most);
  try {
    const dag = withRetries(compileFlow(flow));
    for (const [order, mischief] of [
      [seed + 1, 0],
      [seed + 2, 25],
    ] as const) {
      const differs = differences(flow, dag, seed, order, mischief);
      if (differs !== undefined) throw new Error(differs);
    }
  } catch (error) {
    throw new Error(`Seed ${seed}: ${String(error)}\n${JSON.stringify(flow)}`, { cause: error });
  }
}

describe('a random DAG with every construct', () => {
  test.each([
    ['few', 5, 1_500],
    ['some', 9, 700],
    ['up to thirty', 30, 150],
  ] as const)('of %s tasks ends as the oracle says, in every order of events', (_, most, usual) => {
    const runs = propertyRuns(usual);
    for (let seed = 0; seed < runs; seed += 1) runSeed(seed * 7 + most, most);
    expect(runs).toBeGreaterThan(0);
  });
});

describe('a random DAG that people interfere with', () => {
  test('ends, with every legal move of the table made on the way, and no other', () => {
    const seen = new Set<string>();
    const onMove = (from: TaskStatus, to: TaskStatus): void => void seen.add(`${from} → ${to}`);
    const runs = Math.max(2_000, propertyRuns(2_000));
    for (let seed = 0; seed < runs; seed += 1) {
      const flow = randomFlow(seed, 6);
      const ends = randomEnds(flow, seed);
      const options = { mischief: 60, cancels: true, clears: true, marks: true, onMove };
      try {
        const driver = new LawfulDriver(withRetries(compileFlow(flow), seed % 3), {
          ...options,
          dice: dice(seed),
          ends: ({ task, mapIndex }: RunNode, time: number) => reportOf(ends(task, mapIndex, time), seed % 2 === 0),
        });
        driver.drive();
      } catch (error) {
        throw new Error(`Seed ${seed}: ${String(error)}\n${JSON.stringify(flow)}`, { cause: error });
      }
    }
    const legal = TASK_STATUSES.flatMap((from) => Object.keys(TASK_TRANSITIONS[from]).map((to) => `${from} → ${to}`));
    expect([...seen].sort()).toEqual([...legal].sort());
  });
});
