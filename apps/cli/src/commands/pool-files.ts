/** `headrace pools import|export`. */
import type { PoolResponse } from '@headrace/api-contract';
import { type Command, Option } from 'commander';
import { openSession, type Session } from '../api-connection.ts';
import { UsageError } from '../failures.ts';
import type { Terminal } from '../terminal.ts';
import { formatOf, isRecord, readEntries, writeEntries } from '../transfer/exchange-file.ts';
import { importEntries, ON_EXISTING, type OnExisting } from '../transfer/import-entries.ts';

interface FileOptions {
  readonly format?: string;
  readonly onExisting: OnExisting;
}

const FORMATS = ['json', 'yaml'] as const;

export function addPoolFileCommands(pools: Command, terminal: Terminal, all: (session: Session) => Promise<readonly PoolResponse[]>): void {
  pools
    .command('export')
    .description('all pools, as a file that `pools import` and Airflow read')
    .argument('[file]', 'standard output if not given; .json or .yaml')
    .addOption(new Option('--format <format>', 'by the name of the file if not given').choices(FORMATS))
    .action(async (file: string | undefined, options: FileOptions, command: Command) => {
      const format = formatOf(options.format, file, FORMATS);
      const found = await all(await openSession(command, terminal));
      const entries = Object.fromEntries(
        found.map(({ name, slots, description, include_deferred }) => [name, { slots, description: description ?? '', include_deferred }]),
      );
      writeEntries(entries, { file, format, terminal, secret: false });
    });

  pools
    .command('import')
    .description('create or change pools as a file says, which may be an export of Airflow')
    .argument('<file>', '- for standard input')
    .addOption(new Option('--format <format>', 'by the name of the file if not given').choices(FORMATS))
    .addOption(new Option('--on-existing <what>', 'what becomes of pools that are there').choices(ON_EXISTING).default('fail'))
    .action(async (file: string, options: FileOptions, command: Command) => {
      const format = formatOf(options.format, file, FORMATS);
      const entries = await readEntries(file, { format, list: 'pools', idOf: 'name', terminal });
      const bodies = new Map(Object.entries(entries).map(([name, value]) => [name, poolOf(name, value)]));
      const session = await openSession(command, terminal);
      const { client } = session;
      await importEntries(
        {
          what: 'pool',
          entries,
          existing: new Set((await all(session)).map(({ name }) => name)),
          onExisting: options.onExisting,
          write: async (name, _, exists) => {
            const body = bodies.get(name) as Pool;
            return exists ? client.patchPool(name, body) : client.createPool({ name, ...body });
          },
        },
        session,
      );
    });
}

type Pool = ReturnType<typeof poolOf>;

function poolOf(name: string, value: unknown) {
  if (!isRecord(value) || typeof value.slots !== 'number' || !Number.isInteger(value.slots))
    throw new UsageError(`Pool "${name}" must have "slots", an integer`);
  const { slots, description, include_deferred } = value;
  return {
    slots,
    ...(typeof description === 'string' ? { description } : {}),
    ...(typeof include_deferred === 'boolean' ? { include_deferred } : {}),
  };
}
