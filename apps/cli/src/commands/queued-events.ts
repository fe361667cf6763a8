/** `headrace assets queued|drop-queued`: events that DAGs wait to use. */
import type { QueuedEventCollection } from '@headrace/api-contract';
import type { Command } from 'commander';
import { openSession, type Session } from '../api-connection.ts';
import { UsageError } from '../failures.ts';
import { show } from '../output/show.ts';
import { formatTable } from '../output/table.ts';
import { formatInstant } from '../output/times.ts';
import type { Terminal } from '../terminal.ts';

interface OfOptions {
  readonly dag?: string;
  readonly asset?: string;
}

export function addQueuedEventCommands(
  assets: Command,
  terminal: Terminal,
  idOf: (session: Session, name: string) => Promise<number>,
): void {
  const command = (name: string, description: string): Command =>
    assets.command(name).description(description).option('--dag <id>', 'of a DAG that waits').option('--asset <name>', 'of an asset');

  command('queued', 'events that came in and that a DAG has not used yet, because it waits for others').action(
    async (options: OfOptions, own: Command) => {
      const { dag, asset } = one(options);
      const session = await openSession(own, terminal);
      const found = await (dag === undefined
        ? session.client.queuedEventsOfAsset(await idOf(session, asset ?? ''))
        : session.client.queuedEvents(dag));
      show(session, found, () => queuedTable(found));
    },
  );

  command('drop-queued', 'forget such events: the DAG waits for new ones').action(async (options: OfOptions, own: Command) => {
    const { dag, asset } = one(options);
    const session = await openSession(own, terminal);
    await (dag === undefined
      ? session.client.dropQueuedEventsOfAsset(await idOf(session, asset ?? ''))
      : session.client.dropQueuedEvents(dag));
    show(session, { dropped: dag ?? asset }, () => `The queued events of ${dag ?? asset} are dropped\n`);
  });
}

function one({ dag, asset }: OfOptions): OfOptions {
  if ((dag === undefined) === (asset === undefined)) throw new UsageError('Give --dag or --asset');
  return { ...(dag === undefined ? {} : { dag }), ...(asset === undefined ? {} : { asset }) };
}

function queuedTable({ queued_events }: QueuedEventCollection): string {
  if (queued_events.length === 0) return 'No events are queued\n';
  return formatTable(
    ['dag', 'asset', 'since'],
    queued_events.map((one) => [one.dag_id, one.asset_id, formatInstant(one.created_at)]),
  );
}
