/** `headrace connections import|export`. */
import type { ConnectionBody, ConnectionResponse } from '@headrace/api-contract';
import { type Command, Option } from 'commander';
import { openSession, type Session } from '../api-connection.ts';
import { UsageError } from '../failures.ts';
import type { Terminal } from '../terminal.ts';
import { type Entries, type ExchangeFormat, formatOf, isRecord, readEntries, writeEntries } from '../transfer/exchange-file.ts';
import { importEntries, ON_EXISTING, type OnExisting } from '../transfer/import-entries.ts';

interface FileOptions {
  readonly format?: string;
  readonly withSecrets?: boolean;
  readonly onExisting: OnExisting;
}

const FORMATS = ['json', 'yaml', 'env'] as const;
const MASK = '***';

export function addConnectionFileCommands(
  connections: Command,
  terminal: Terminal,
  all: (session: Session) => Promise<readonly ConnectionResponse[]>,
): void {
  connections
    .command('export')
    .description('all connections, as a file that `connections import` and Airflow read; without secrets unless asked for')
    .argument('[file]', 'standard output if not given; .json, .yaml or .env')
    .addOption(new Option('--format <format>', 'by the name of the file if not given').choices(FORMATS))
    .option(
      '--with-secrets',
      'with passwords: reads the database itself, so it needs DATABASE_URL and HEADRACE_SECRET_KEY; no API gives them',
    )
    .action(async (file: string | undefined, options: FileOptions, command: Command) => {
      const format = formatOf(options.format, file, FORMATS);
      const secret = options.withSecrets === true;
      if (format === 'env' && !secret)
        throw new UsageError('A connection as a URL has its password in it: say --with-secrets, or --format json');
      const entries = secret ? await withSecrets(format, terminal) : withoutSecrets(await all(await openSession(command, terminal)));
      writeEntries(entries, { file, format, terminal, secret });
      if (!secret) terminal.stderr.write('Passwords and secret settings are left out: --with-secrets exports them\n');
    });

  connections
    .command('import')
    .description('create or change connections as a file says, which may be an export of Airflow')
    .argument('<file>', '.json, .yaml or .env; - for standard input')
    .addOption(new Option('--format <format>', 'by the name of the file if not given').choices(FORMATS))
    .addOption(new Option('--on-existing <what>', 'what becomes of connections that are there').choices(ON_EXISTING).default('fail'))
    .action(async (file: string, options: FileOptions, command: Command) => {
      const format = formatOf(options.format, file, FORMATS);
      const entries = await readEntries(file, { format, list: 'connections', idOf: 'connection_id', terminal });
      const bodies = new Map(Object.entries(entries).map(([id, value]) => [id, typeof value === 'string' ? value : bodyOf(id, value)]));
      const session = await openSession(command, terminal);
      const { client } = session;
      await importEntries(
        {
          what: 'connection',
          entries,
          existing: new Set((await all(session)).map(({ connection_id }) => connection_id)),
          onExisting: options.onExisting,
          write: async (id, _, exists) => {
            const body = bodies.get(id);
            if (typeof body === 'string') return client.putConnection(id, { url: body });
            return exists ? client.patchConnection(id, body ?? {}) : client.createConnection(body as ConnectionBody);
          },
        },
        session,
      );
    });
}

/** Values that are masked are not there: an import leaves what it finds in their place. */
function withoutSecrets(found: readonly ConnectionResponse[]): Entries {
  return Object.fromEntries(
    found.map(({ connection_id, conn_type, description, host, login, schema, port, extra }) => [
      connection_id,
      { conn_type, description: description ?? '', host, login, schema, port, extra: extra === null ? null : unmasked(extra) },
    ]),
  );
}

function unmasked(extra: string): string {
  const settings = JSON.parse(extra) as Readonly<Record<string, unknown>>;
  return JSON.stringify(Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== MASK)));
}

async function withSecrets(format: ExchangeFormat, terminal: Terminal): Promise<Entries> {
  const { storedConnections } = await import('../transfer/stored-connections.ts');
  const found = await storedConnections(terminal);
  return format === 'env'
    ? Object.fromEntries(found.map(({ id, url }) => [id, url]))
    : Object.fromEntries(found.map(({ id, fields }) => [id, fields]));
}

function bodyOf(id: string, value: unknown): ConnectionBody {
  if (!isRecord(value)) throw new UsageError(`Connection "${id}" must be a URL or an object`);
  const { conn_type, extra, port, ...others } = value;
  if (typeof conn_type !== 'string' || conn_type === '') throw new UsageError(`Connection "${id}" must have "conn_type"`);
  const texts = ['description', 'host', 'login', 'password', 'schema'] as const;
  const kept = texts.flatMap((name) => (typeof others[name] === 'string' && others[name] !== '' ? [[name, others[name]] as const] : []));
  const settings =
    extra === undefined || extra === null || extra === '' ? undefined : typeof extra === 'string' ? extra : JSON.stringify(extra);
  return {
    connection_id: id,
    conn_type,
    ...Object.fromEntries(kept),
    ...(port === undefined || port === null || port === '' ? {} : { port: Number(port) }),
    ...(settings === undefined ? {} : { extra: settings }),
  };
}
