/** `headrace notices`: what was told to whom, and having it told again. */
import type { Notice } from '@headrace/api-contract';
import type { Command } from 'commander';
import { openSession, type Session } from '../api-connection.ts';
import { UsageError } from '../failures.ts';
import { show } from '../output/show.ts';
import { formatTable } from '../output/table.ts';
import { formatInstant } from '../output/times.ts';
import type { Terminal } from '../terminal.ts';

interface ListOptions {
  readonly state?: string;
  readonly dag?: string;
  readonly event?: string;
  readonly limit: string;
}

export function addNoticeCommands(program: Command, terminal: Terminal): void {
  const notices = program.command('notices').description('see notices to people and other systems, and have them delivered again');

  notices
    .command('list')
    .description('notices, the newest first')
    .option('--state <state>', 'pending, delivered or dead (given up)')
    .option('--dag <dag>', 'only those about this DAG')
    .option('--event <event>', 'only these, such as run.failure')
    .option('--limit <number>', 'at most so many', '50')
    .action(async (options: ListOptions, command: Command) => list(await openSession(command, terminal), options));

  notices
    .command('redeliver')
    .description('have notices delivered (again) now')
    .argument('<ids...>')
    .action(async (ids: string[], _, command: Command) => redeliver(await openSession(command, terminal), ids));
}

async function list(session: Session, { state, dag, event, limit }: ListOptions): Promise<void> {
  const answer = await session.client.notices({ state, dag_id: dag, event, limit });
  show(session, answer, () => {
    if (answer.notices.length === 0) return 'There are no such notices\n';
    const rows = answer.notices.map((one) => [
      one.id,
      one.state,
      one.event,
      one.dag_id,
      one.dag_run_id,
      targetOf(one),
      one.attempts,
      formatInstant(one.delivered_at ?? one.next_at ?? one.created_at),
      one.last_error,
    ]);
    return formatTable(['id', 'state', 'event', 'dag', 'run', 'to', 'tries', 'delivered or next', 'error'], rows);
  });
}

async function redeliver({ client, ...session }: Session, given: readonly string[]): Promise<void> {
  const ids = given.map(Number);
  const wrong = given.find((_, index) => !Number.isInteger(ids[index]));
  if (wrong !== undefined) throw new UsageError(`"${wrong}" is no id of a notice: headrace notices list shows them`);
  const notices: Notice[] = [];
  for (const id of ids) notices.push(await client.redeliverNotice(id));
  show(session, { notices }, () => notices.map((one) => `Notice ${one.id} (${one.event}) is delivered to ${targetOf(one)} now\n`).join(''));
}

function targetOf({ target }: Notice): string {
  const { kind, connection, to, hook } = target as { kind: string; connection?: string; to?: readonly string[]; hook?: string };
  return `${kind} ${to?.join(',') ?? connection ?? hook ?? ''}`;
}
