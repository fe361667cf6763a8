/**
 * What a shell offers for the word that is being typed.
 *
 * L1. The commands, options and choices are those of the program itself; nothing is written down twice.
 * L2. Names that only a server knows are asked for, and left out when it does not answer quickly.
 */
import type { Command } from 'commander';
import { findServer } from './api-connection.ts';
import type { Terminal } from './terminal.ts';

const PATIENCE_MS = 800;
const MOST = 100;

/** `words`: all after `headrace`, the last one as far as it is typed. */
export async function complete(program: Command, words: readonly string[], terminal: Terminal): Promise<readonly string[]> {
  const typed = words.at(-1) ?? '';
  const { command, given, pending } = walk(program, words.slice(0, -1));
  const offered = pending ?? (typed.startsWith('-') ? optionsOf(command) : await wordsOf(command, given, program, terminal));
  return [...new Set(offered)].filter((word) => word.startsWith(typed)).sort();
}

interface Place {
  readonly command: Command;
  /** Arguments before the word. */
  readonly given: readonly string[];
  /** The word is the value of an option: its choices. */
  readonly pending?: readonly string[];
}

function walk(program: Command, words: readonly string[]): Place {
  let command = program;
  let given: string[] = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index] as string;
    if (word.startsWith('-')) {
      const option = [...command.options, ...program.options].find(({ short, long }) => word === short || word === long);
      const takesValue = option !== undefined && (option.required || option.optional);
      if (!takesValue) continue;
      if (index === words.length - 1) return { command, given, pending: option.argChoices ?? [] };
      index += 1;
      continue;
    }
    const next = given.length === 0 ? command.commands.find((one) => one.name() === word || one.aliases().includes(word)) : undefined;
    if (next === undefined) given = [...given, word];
    else command = next;
  }
  return { command, given };
}

function optionsOf(command: Command): readonly string[] {
  const options: string[] = ['--help'];
  for (let place: Command | null = command; place !== null; place = place.parent) {
    for (const { long, hidden } of place.options) if (long !== undefined && !hidden) options.push(long);
  }
  return options;
}

async function wordsOf(command: Command, given: readonly string[], program: Command, terminal: Terminal): Promise<readonly string[]> {
  if (command.commands.length > 0 && given.length === 0)
    return command.commands.map((one) => one.name()).filter((name) => !name.startsWith('_'));
  const argument = command.registeredArguments[given.length];
  if (argument === undefined) return [];
  if (argument.argChoices !== undefined) return argument.argChoices;
  return askNames(argument.name(), given, program, terminal).catch(() => []);
}

async function askNames(name: string, given: readonly string[], program: Command, terminal: Terminal): Promise<readonly string[]> {
  if (!['dag', 'run', 'task'].includes(name)) return [];
  const { createClient } = await import('@headrace/client');
  const { url, token } = await findServer(program.opts(), terminal);
  const client = createClient({ url, client: 'cli', signal: AbortSignal.timeout(PATIENCE_MS), ...(token === undefined ? {} : { token }) });
  const [dagId = ''] = given;
  switch (name) {
    case 'dag':
      return (await client.dags({ limit: MOST, order_by: 'dag_id' })).dags.map(({ dag_id }) => dag_id);
    case 'run':
      return [
        'latest',
        ...(await client.runs(dagId, { limit: MOST, order_by: '-run_after' })).dag_runs.map(({ dag_run_id }) => dag_run_id),
      ];
    default:
      return (await client.tasks(dagId)).tasks.map(({ task_id }) => task_id).filter((id) => id !== null);
  }
}
