/** Whether a run ended as the oracle says. */
import type { Dag, RunState } from '../../src/index.ts';
import type { OracleFinals } from './flow-oracle.ts';
import { at } from './specs.ts';

/** What differs, in words; undefined: nothing. */
export function compareFinals(
  dag: Dag,
  run: RunState,
  expected: { readonly finals: OracleFinals; readonly outcome: 'success' | 'failed' },
): string | undefined {
  const found = finalsOf(dag, run, expected.finals);
  const wanted = expected.finals.map(
    (instances, task) => `${at(dag.tasks, task).taskId}: ${[...instances].map(([index, state]) => `${index} ${state}`).join(', ')}`,
  );
  const lines = wanted.flatMap((line, task) => (line === found[task] ? [] : [`wanted ${line}\n found ${found[task]}`]));
  if (run.status !== expected.outcome) lines.push(`wanted the run to be ${expected.outcome}, found ${run.status}`);
  return lines.length === 0 ? undefined : lines.join('\n');
}

/** Per task what is left of its instances; those of a task that shares one fate are told as one. */
function finalsOf(dag: Dag, run: RunState, expected: OracleFinals): readonly string[] {
  return dag.tasks.map(({ taskId }, task) => {
    const nodes = run.nodes.flatMap((node, index) => (node.task === task ? [{ ...node, status: at(run.tasks, index).status }] : []));
    const there = nodes.filter(({ status }) => status !== 'removed').sort((a, b) => a.mapIndex - b.mapIndex);
    const whole = at(expected, task).get(-1);
    if (whole !== undefined && there.every(({ status }) => status === whole)) return `${taskId}: -1 ${whole}`;
    return `${taskId}: ${there.map(({ mapIndex, status }) => `${mapIndex} ${status}`).join(', ')}`;
  });
}
