/** `headrace xcoms`: what tasks have given to those after them. */
import type { Command } from 'commander';
import { openSession, resolveRunId } from '../api-connection.ts';
import { show } from '../output/show.ts';
import { formatTable } from '../output/table.ts';
import { formatInstant } from '../output/times.ts';
import { mapIndexOption } from '../params-option.ts';
import type { Terminal } from '../terminal.ts';

const LONGEST_LIST = 100;

export function addXComCommands(program: Command, terminal: Terminal): void {
  const xcoms = program.command('xcoms').description('see the results of tasks');

  xcoms
    .command('list')
    .description('what a task has left, by key')
    .argument('<dag>')
    .argument('<run>', 'its id, or "latest"')
    .argument('<task>')
    .action(async (dagId: string, given: string, taskId: string, _, command: Command) => {
      const session = await openSession(command, terminal);
      const found = await session.client.xcoms(dagId, await resolveRunId(session.client, dagId, given), taskId, { limit: LONGEST_LIST });
      show(session, found, () =>
        found.xcom_entries.length === 0
          ? 'The task has left nothing\n'
          : formatTable(
              ['key', 'map index', 'at'],
              found.xcom_entries.map((one) => [one.key, one.map_index, formatInstant(one.timestamp)]),
            ),
      );
    });

  xcoms
    .command('get')
    .description('the result of a task as JSON, or another of its keys')
    .argument('<dag>')
    .argument('<run>', 'its id, or "latest"')
    .argument('<task>')
    .argument('[key]', '', 'return_value')
    .option('--map-index <number>', 'which instance of a mapped task')
    .action(async (dagId: string, given: string, taskId: string, key: string, options: { mapIndex?: string }, command: Command) => {
      const mapIndex = mapIndexOption(options.mapIndex);
      const session = await openSession(command, terminal);
      const runId = await resolveRunId(session.client, dagId, given);
      const entry = await session.client.xcom(dagId, runId, taskId, key, mapIndex === undefined ? {} : { map_index: mapIndex });
      show(session, entry, () => `${JSON.stringify(entry.value, null, 2)}\n`);
    });
}
