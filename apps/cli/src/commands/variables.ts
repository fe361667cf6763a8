/** `headrace variables`: small values that DAGs read when they run. */
import type { Variable, VariableBody } from '@headrace/client';
import { ApiError } from '@headrace/client';
import { type Command, Option } from 'commander';
import { openSession, type Session } from '../api-connection.ts';
import { UsageError } from '../failures.ts';
import { show } from '../output/show.ts';
import { formatTable } from '../output/table.ts';
import { secretFromStdin } from '../read-secret.ts';
import type { Terminal } from '../terminal.ts';
import { formatOf, isRecord, readEntries, writeEntries } from '../transfer/exchange-file.ts';
import { importEntries, ON_EXISTING, type OnExisting } from '../transfer/import-entries.ts';

const PAGE = 100;
const FORMATS = ['json', 'yaml'] as const;
const MASKED = /^\*{3,}$/;

interface SetOptions {
  readonly description?: string;
  readonly valueStdin?: boolean;
}

interface FileOptions {
  readonly format?: string;
  readonly onExisting: OnExisting;
}

export function addVariableCommands(program: Command, terminal: Terminal): void {
  const variables = program.command('variables').description('keep small values that DAGs read when they run');

  variables
    .command('list')
    .description('all variables; the values of secret ones are masked')
    .action(async (_, command: Command) => {
      const session = await openSession(command, terminal);
      const found = await allVariables(session);
      show(session, { variables: found, total_entries: found.length }, () => variableTable(found));
    });

  variables
    .command('get')
    .description('the value of a variable, and nothing else')
    .argument('<key>')
    .action(async (key: string, _, command: Command) => {
      const session = await openSession(command, terminal);
      const found = await session.client.variable(key);
      show(session, found, () => `${found.value}\n`);
    });

  variables
    .command('set')
    .description('create or change a variable; the value may be JSON, or is read from standard input')
    .argument('<key>')
    .argument('[value]')
    .option('--value-stdin', 'read the value from standard input: what stands in the arguments stays in the history of the shell')
    .option('--description <text>', 'what it is for')
    .action(async (key: string, given: string | undefined, options: SetOptions, command: Command) => {
      if ((given === undefined) === (options.valueStdin !== true)) throw new UsageError('Give the value, or --value-stdin');
      const value = given ?? (await secretFromStdin(terminal));
      const session = await openSession(command, terminal);
      const saved = await setVariable(session, {
        key,
        value,
        ...(options.description === undefined ? {} : { description: options.description }),
      });
      show(session, saved, () => variableTable([saved]));
    });

  variables
    .command('delete')
    .description('delete a variable; tasks that read it fail, or take their default')
    .argument('<key>')
    .action(async (key: string, _, command: Command) => {
      const session = await openSession(command, terminal);
      await session.client.deleteVariable(key);
      show(session, { deleted: key }, () => `Variable ${key} is deleted\n`);
    });

  variables
    .command('export')
    .description('all variables but secret ones, as a file that `variables import` and Airflow read')
    .argument('[file]', 'standard output if not given; .json or .yaml')
    .addOption(new Option('--format <format>', 'by the name of the file if not given').choices(FORMATS))
    .action(async (file: string | undefined, options: FileOptions, command: Command) => {
      const format = formatOf(options.format, file, FORMATS);
      const found = await allVariables(await openSession(command, terminal));
      const [hidden, shown] = [found.filter(({ value }) => MASKED.test(value)), found.filter(({ value }) => !MASKED.test(value))];
      const entries = shown.map(({ key, value, description }) => [key, description === null ? value : { value, description }] as const);
      writeEntries(Object.fromEntries(entries), { file, format, terminal, secret: true });
      if (hidden.length > 0) terminal.stderr.write(`Left out, because no API gives secrets: ${hidden.map(({ key }) => key).join(', ')}\n`);
    });

  variables
    .command('import')
    .description('create or change variables as a file says, which may be an export of Airflow')
    .argument('<file>', '- for standard input')
    .addOption(new Option('--format <format>', 'by the name of the file if not given').choices(FORMATS))
    .addOption(new Option('--on-existing <what>', 'what becomes of variables that are there').choices(ON_EXISTING).default('fail'))
    .action(async (file: string, options: FileOptions, command: Command) => {
      const format = formatOf(options.format, file, FORMATS);
      const entries = await readEntries(file, { format, list: 'variables', idOf: 'key', terminal });
      const session = await openSession(command, terminal);
      const { client } = session;
      await importEntries(
        {
          what: 'variable',
          entries,
          existing: new Set((await allVariables(session)).map(({ key }) => key)),
          onExisting: options.onExisting,
          write: async (key, value, exists) => {
            const body = variableOf(key, value);
            return exists ? client.patchVariable(key, body) : client.createVariable(body);
          },
        },
        session,
      );
    });
}

/** Airflow writes the value itself, or, with a description, an object of both. */
function variableOf(key: string, value: unknown): VariableBody {
  const described =
    isRecord(value) &&
    'value' in value &&
    Object.keys(value).every((name) => ['value', 'description', 'key', 'is_encrypted', 'team_name'].includes(name));
  if (!described) return { key, value };
  const { description } = value;
  return { key, value: value.value, ...(typeof description === 'string' ? { description } : {}) };
}

async function setVariable({ client }: Session, body: VariableBody): Promise<Variable> {
  try {
    return await client.patchVariable(body.key, body);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error;
    return client.createVariable(body);
  }
}

async function allVariables({ client }: Session): Promise<readonly Variable[]> {
  const found: Variable[] = [];
  for (let total = 1; found.length < total; ) {
    const page = await client.variables({ limit: PAGE, offset: found.length, order_by: 'key' });
    found.push(...page.variables);
    total = page.variables.length === 0 ? 0 : page.total_entries;
  }
  return found;
}

function variableTable(found: readonly Variable[]): string {
  if (found.length === 0) return 'There are no variables: make one with `headrace variables set`\n';
  return formatTable(
    ['variable', 'value', 'encrypted', 'description'],
    found.map(({ key, value, is_encrypted, description }) => [key, value, is_encrypted ? 'yes' : 'no', description]),
  );
}
