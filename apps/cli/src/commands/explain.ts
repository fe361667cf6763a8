/** `headrace explain`: why a run or a task is not running, and why a run came to be. */
import type { RunExplanation, TaskExplanation } from '@headrace/api-contract';
import type { Command } from 'commander';
import { openSession, resolveRunId, type Session } from '../api-connection.ts';
import { UsageError } from '../failures.ts';
import { show } from '../output/show.ts';
import { formatTable } from '../output/table.ts';
import type { Terminal } from '../terminal.ts';

interface ExplainOptions {
  readonly mapIndex?: string;
}

export function addExplainCommand(program: Command, terminal: Terminal): void {
  program
    .command('explain')
    .description('why a run came to be and what keeps it, or what keeps one of its tasks')
    .argument('<dag>')
    .argument('<run>', 'its id, or "latest"')
    .argument('[task]')
    .option('--map-index <number>', 'which instance of a mapped task; the first if not given')
    .action(async (dagId: string, given: string, taskId: string | undefined, options: ExplainOptions, command: Command) => {
      if (taskId !== undefined) return explainTask(terminal)(dagId, given, taskId, options, command);
      const session = await openSession(command, terminal);
      const answer = await session.client.explainRun(dagId, await resolveRunId(session.client, dagId, given));
      show(session, answer, () => describeRun(answer));
    });
}

/** The action of `headrace explain <dag> <run> <task>` and of `headrace tasks explain`. */
export function explainTask(terminal: Terminal) {
  return async (dagId: string, given: string, taskId: string, options: ExplainOptions, command: Command): Promise<void> => {
    const mapIndex = options.mapIndex === undefined ? undefined : Number(options.mapIndex);
    if (mapIndex !== undefined && !(Number.isInteger(mapIndex) && mapIndex >= -1))
      throw new UsageError(`--map-index must be a number from 0, not "${options.mapIndex}"`);
    const session: Session = await openSession(command, terminal);
    const runId = await resolveRunId(session.client, dagId, given);
    const answer = await session.client.explain(dagId, runId, taskId, mapIndex === undefined ? {} : { map_index: mapIndex });
    show(session, answer, () => `${nameOf(answer)} is ${answer.state ?? 'none'}\n${conditionTable(answer.conditions)}`);
  };
}

function nameOf({ task_id, map_index }: TaskExplanation): string {
  return map_index === -1 ? task_id : `${task_id}[${map_index}]`;
}

function describeRun({ dag_run_id, state, causes, conditions }: RunExplanation): string {
  const why = causes.map(({ reason }) => `  ${reason}\n`).join('');
  return `${dag_run_id} is ${state}\n\nWhy it came to be:\n${why}\n${conditionTable(conditions)}`;
}

function conditionTable(conditions: TaskExplanation['conditions']): string {
  const rows = conditions.map(({ rule, passed, reason }) => [passed ? 'ok' : 'waits', rule, reason]);
  return formatTable(['', 'condition', 'why'], rows);
}
