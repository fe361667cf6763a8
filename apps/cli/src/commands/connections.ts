import type { ConnectionPatch, ConnectionResponse } from '@headrace/api-contract';
import type { Command } from 'commander';
import { openSession, type Session } from '../api-connection.ts';
import { FailedError, UsageError } from '../failures.ts';
import { show } from '../output/show.ts';
import { formatFacts, formatTable } from '../output/table.ts';
import { askSecret, secretFromStdin } from '../read-secret.ts';
import type { Terminal } from '../terminal.ts';
import { addConnectionFileCommands } from './connection-files.ts';

const PAGE = 100;

interface FieldOptions {
  readonly type?: string;
  readonly host?: string;
  readonly port?: string;
  readonly login?: string;
  readonly schema?: string;
  readonly description?: string;
  readonly set?: readonly string[];
  readonly passwordStdin?: boolean;
  readonly password?: boolean;
  readonly urlStdin?: boolean;
}

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

export function addConnectionCommands(program: Command, terminal: Terminal): void {
  const connections = program.command('connections').description('keep the addresses and secrets of databases, buckets and servers');

  connections
    .command('list')
    .description('all connections that are kept in Headrace')
    .action(async (_, command: Command) => {
      const session = await openSession(command, terminal);
      const found = await allConnections(session);
      show(session, { connections: found, total_entries: found.length }, () => connectionTable(found));
    });

  connections
    .command('show')
    .description('one connection, without its secrets')
    .argument('<id>')
    .action(async (id: string, _, command: Command) => {
      const session = await openSession(command, terminal);
      const found = await session.client.connection(id);
      show(session, found, () => describeConnection(found));
    });

  connections
    .command('types')
    .description('what connections there can be, and what each is asked for')
    .action(async (_, command: Command) => {
      const session = await openSession(command, terminal);
      const found = await session.client.connectionTypes();
      show(session, found, () =>
        formatTable(
          ['type', 'what', 'fields', 'settings', 'as a URL'],
          found.connection_types.map((type) => [
            type.conn_type,
            type.title,
            type.fields.map(({ name, required }) => (required ? name : `[${name}]`)).join(' '),
            type.extra.map(({ name }) => name).join(' '),
            type.example,
          ]),
        ),
      );
    });

  withFields(
    connections
      .command('add')
      .description('keep a connection: its URL, or a type and fields. The password is asked for, or read from standard input')
      .argument('<id>')
      .argument('[url]', 'without the password: postgres://reader@tills:5432/pos'),
  ).action(async (id: string, url: string | undefined, options: FieldOptions, command: Command) => {
    const session = await openSession(command, terminal);
    const { client } = session;
    if (await exists(session, id))
      throw new UsageError(`There is a connection "${id}" already: change it with \`headrace connections edit\``);
    const whole = await urlOf(url, options, terminal);
    const added =
      whole === undefined
        ? await client.createConnection(bodyOf(id, options, await passwordOf(options, terminal)))
        : await putUrl(session, id, whole, options);
    show(session, added, () => `${describeConnection(added)}\nTest it: headrace connections test ${id}\n`);
  });

  withFields(
    connections
      .command('edit')
      .description('change fields of a connection, or all of it with a URL; what is not given stays')
      .argument('<id>')
      .argument('[url]'),
  ).action(async (id: string, url: string | undefined, options: FieldOptions, command: Command) => {
    const session = await openSession(command, terminal);
    const before = await session.client.connection(id);
    const whole = await urlOf(url, options, terminal);
    const password = whole === undefined ? await passwordOf({ ...options, password: options.password ?? false }, terminal) : undefined;
    const changed =
      whole === undefined
        ? await session.client.patchConnection(id, patchOf(options, password, before))
        : await putUrl(session, id, whole, options);
    show(session, changed, () => describeConnection(changed));
  });

  connections
    .command('delete')
    .description('forget a connection; tasks that declare it fail until there is one again')
    .argument('<id>')
    .action(async (id: string, _, command: Command) => {
      const session = await openSession(command, terminal);
      await session.client.deleteConnection(id);
      show(session, { deleted: id }, () => `Connection ${id} is deleted\n`);
    });

  connections
    .command('test')
    .description('connect really, from where the API runs, and say what is wrong')
    .argument('<id>')
    .action(async (id: string, _, command: Command) => {
      const session = await openSession(command, terminal);
      const answer = await session.client.testConnection(id);
      show(session, answer, () => (answer.status ? `ok (${answer.ms} ms): ${answer.message}\n` : ''));
      if (!answer.status && !session.json) throw new FailedError(answer.message);
    });

  connections
    .command('rotate')
    .description('encrypt all secrets under the current HEADRACE_SECRET_KEY')
    .action(async (_, command: Command) => {
      const session = await openSession(command, terminal);
      const answer = await session.client.rotateConnections();
      show(session, answer, () => `${answer.rotated} encrypted anew, ${answer.unchanged} left as they were\n`);
    });

  addConnectionFileCommands(connections, terminal, allConnections);
}

function withFields(command: Command): Command {
  return command
    .option('--type <type>', 'postgres, mysql, s3 …: see `headrace connections types`')
    .option('--host <host>')
    .option('--port <number>')
    .option('--login <user>')
    .option('--schema <name>', 'the database, the folder, the prefix')
    .option('--set <name=value>', 'a further setting, as in the query of the URL; may be repeated', collect)
    .option('--description <text>', 'what it is for')
    .option('--password-stdin', 'read the password from standard input')
    .option('--password', 'ask for the password')
    .option('--no-password', 'do not ask for one')
    .option('--url-stdin', 'read the whole URL, with its secrets, from standard input');
}

async function allConnections({ client }: Session): Promise<readonly ConnectionResponse[]> {
  const found: ConnectionResponse[] = [];
  for (let total = 1; found.length < total; ) {
    const page = await client.connections({ limit: PAGE, offset: found.length, order_by: 'connection_id' });
    found.push(...page.connections);
    total = page.connections.length === 0 ? 0 : page.total_entries;
  }
  return found;
}

async function exists(session: Session, id: string): Promise<boolean> {
  return (await session.client.connections({ limit: PAGE, connection_id_pattern: id })).connections.some((one) => one.connection_id === id);
}

/** The whole URL, with its password: undefined where fields are given. A secret in the arguments would stand in the shell's history. */
async function urlOf(url: string | undefined, options: FieldOptions, terminal: Terminal): Promise<string | undefined> {
  if (options.urlStdin === true) {
    if (url !== undefined || options.passwordStdin === true)
      throw new UsageError('--url-stdin reads all of it: give no URL and no --password-stdin');
    return (await secretFromStdin(terminal)).trim();
  }
  if (url === undefined) return undefined;
  const fields = (['type', 'host', 'port', 'login', 'schema', 'set'] as const).filter((name) => options[name] !== undefined);
  if (fields.length > 0) throw new UsageError(`With a URL --${fields[0]} is not understood: write it into the URL`);
  const [, scheme, user, rest = ''] = /^([a-z][a-z0-9+.-]*:\/\/)(?:([^@/?#]*)@)?(.*)$/i.exec(url) ?? [];
  if (scheme === undefined) throw new UsageError('<url> must be a URL such as postgres://reader@tills:5432/pos');
  if (user?.includes(':') === true || /[?&][^=&]*(password|passphrase|secret|token|apikey|privatekey)[^=&]*=/i.test(rest))
    throw new UsageError(
      'The URL holds a secret, which would stay in the history of your shell: leave the password out and it is asked for, or give the URL with --url-stdin',
    );
  const password = await passwordOf({ ...options, password: options.password ?? user !== undefined }, terminal);
  return password === undefined ? url : `${scheme}${user ?? ''}:${encodeURIComponent(password)}@${rest}`;
}

/** Asked for where a login stands beside it, unless it is given or not wanted. */
async function passwordOf(options: FieldOptions, terminal: Terminal): Promise<string | undefined> {
  if (options.passwordStdin === true) return secretFromStdin(terminal);
  if (options.password ?? options.login !== undefined) {
    const typed = await askSecret(terminal, 'Password (none: just Enter): ');
    if (typed === undefined && options.password === true && options.login === undefined && options.type !== undefined)
      throw new UsageError('There is no terminal to ask on: use --password-stdin');
    return typed === '' ? undefined : typed;
  }
  return undefined;
}

function putUrl({ client }: Session, id: string, url: string, { description }: FieldOptions): Promise<ConnectionResponse> {
  return client.putConnection(id, { url, ...(description === undefined ? {} : { description }) });
}

function bodyOf(id: string, options: FieldOptions, password: string | undefined) {
  if (options.type === undefined) throw new UsageError('Give the URL of the connection, or --type and its fields');
  const { conn_type = options.type, ...fields } = patchOf(options, password, undefined);
  return { ...fields, connection_id: id, conn_type };
}

function patchOf(options: FieldOptions, password: string | undefined, before: ConnectionResponse | undefined): ConnectionPatch {
  const { type, host, port, login, schema, description, set } = options;
  if (port !== undefined && !/^\d{1,5}$/.test(port)) throw new UsageError(`--port must be a number, not "${port}"`);
  return {
    ...(type === undefined ? {} : { conn_type: type }),
    ...(host === undefined ? {} : { host }),
    ...(port === undefined ? {} : { port: Number(port) }),
    ...(login === undefined ? {} : { login }),
    ...(schema === undefined ? {} : { schema }),
    ...(description === undefined ? {} : { description }),
    ...(password === undefined ? {} : { password }),
    ...(set === undefined ? {} : { extra: JSON.stringify({ ...JSON.parse(before?.extra ?? '{}'), ...settingsOf(set) }) }),
  };
}

/** An empty value takes a setting away. */
function settingsOf(given: readonly string[]): Readonly<Record<string, string | null>> {
  return Object.fromEntries(
    given.map((each) => {
      const at = each.indexOf('=');
      if (at < 1) throw new UsageError(`--set must be name=value, not "${each.slice(0, 40)}"`);
      return [each.slice(0, at), each.slice(at + 1) === '' ? null : each.slice(at + 1)];
    }),
  );
}

function connectionTable(found: readonly ConnectionResponse[]): string {
  if (found.length === 0) return 'No connections are kept in Headrace: add one with `headrace connections add`\n';
  return formatTable(
    ['connection', 'type', 'host', 'port', 'login', 'schema', 'password', 'description'],
    found.map((one) => [one.connection_id, one.conn_type, one.host, one.port, one.login, one.schema, one.password, one.description]),
  );
}

function describeConnection(one: ConnectionResponse): string {
  return formatFacts([
    ['connection', one.connection_id],
    ['type', one.conn_type],
    ['protocol', one.protocol],
    ['host', one.host],
    ['port', one.port],
    ['login', one.login],
    ['password', one.password],
    ['schema', one.schema],
    ['settings', one.extra],
    ['description', one.description],
  ]);
}
