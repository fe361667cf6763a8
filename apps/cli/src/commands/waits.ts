import type { Wait } from '@headrace/api-contract';
import type { Command } from 'commander';
import { openSession } from '../api-connection.ts';
import { show } from '../output/show.ts';
import { formatTable } from '../output/table.ts';
import type { Terminal } from '../terminal.ts';

interface ListOptions {
  readonly dag?: string;
  readonly run?: string;
  readonly kind?: string;
  readonly all?: boolean;
}

const LONGEST_LIST = 100;

export function addWaitCommands(program: Command, terminal: Terminal): void {
  program
    .command('waits')
    .description('see what tasks wait for')
    .command('list')
    .description('what waits now, oldest first')
    .option('--dag <id>', 'of this DAG')
    .option('--run <id>', 'of this run')
    .option('--kind <kind>', 'time, asset, run, webhook, input or poll')
    .option('--all', 'also what has ended')
    .action(async (options: ListOptions, command: Command) => {
      const session = await openSession(command, terminal);
      const found = await session.client.waits({
        limit: LONGEST_LIST,
        open: options.all !== true,
        ...(options.dag === undefined ? {} : { dag_id: options.dag }),
        ...(options.run === undefined ? {} : { dag_run_id: options.run }),
        ...(options.kind === undefined ? {} : { kind: options.kind }),
      });
      show(session, found, () => waitTable(found.waits, found.total_entries));
    });
}

function waitTable(waits: readonly Wait[], total: number): string {
  const rows = waits.map((wait) => [
    wait.dag_id,
    wait.dag_run_id,
    wait.map_index < 0 ? wait.task_id : `${wait.task_id}[${wait.map_index}]`,
    wait.waits_for,
    wait.entered_at,
    wait.timeout_at,
    wait.outcome === null ? '' : wait.ended_by === null ? wait.outcome : `${wait.outcome} by ${wait.ended_by}`,
  ]);
  const more = total > waits.length ? `… and ${total - waits.length} more\n` : '';
  return `${formatTable(['dag', 'run', 'task', 'waits for', 'since', 'until', 'ended'], rows)}${more}`;
}
