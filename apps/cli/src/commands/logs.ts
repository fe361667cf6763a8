/** Logs: of one task, as they are written, and searched through for a whole run. */
import type { LogMatch, LogMessage } from '@headrace/api-contract';
import { Argument, type Command, Option } from 'commander';
import { openSession, resolveRunId, type Session } from '../api-connection.ts';
import { UsageError } from '../failures.ts';
import { formatLogLine } from '../output/log-line.ts';
import { show } from '../output/show.ts';
import type { Terminal } from '../terminal.ts';

interface ShowOptions {
  readonly try?: string;
  readonly mapIndex?: string;
  readonly follow?: boolean;
}

interface SearchOptions {
  readonly level?: string;
  readonly task?: string;
  readonly mapIndex?: string;
  readonly try?: string;
  readonly since?: string;
  readonly until?: string;
  readonly limit?: string;
}

export function addLogCommands(program: Command, terminal: Terminal): void {
  const logs = program.command('logs').description('read the log of a task, also while it runs, and search the logs of a run');

  logs
    .command('show', { isDefault: true })
    .description('the log of a task; with --follow as it is written')
    .argument('<dag>')
    .argument('<run>', 'its id, or "latest"')
    .argument('<task>')
    .option('--try <number>', 'which try; the newest if not given')
    .option('--map-index <number>', 'which instance of a mapped task')
    .option('-f, --follow', 'go on until the try has ended')
    .action(async (dagId: string, given: string, taskId: string, options: ShowOptions, command: Command) => {
      const mapIndex = wholeNumber(options.mapIndex, '--map-index', 0) ?? -1;
      const wanted = wholeNumber(options.try, '--try', 1);
      const session = await openSession(command, terminal);
      const runId = await resolveRunId(session.client, dagId, given);
      const tryNumber = wanted ?? (await newestTry(session, dagId, runId, taskId, mapIndex));
      if (options.follow === true) await follow(session, dagId, runId, taskId, mapIndex, tryNumber);
      else await print(session, dagId, runId, taskId, mapIndex, tryNumber);
    });

  logs
    .command('search')
    .description('lines of the logs of a run, of all tries of its tasks')
    .argument('<dag>')
    .argument('<run>', 'its id, or "latest"')
    .addArgument(new Argument('[text]', 'in the message or its fields, in any case'))
    .addOption(new Option('--level <level>', 'this level and those above it').choices(['debug', 'info', 'warn', 'error']))
    .option('--task <id>', 'only of this task')
    .option('--map-index <number>', 'only of this instance of a mapped task')
    .option('--try <number>', 'only of this try')
    .option('--since <time>', 'from then on, e.g. 2024-01-02T03:04:05Z')
    .option('--until <time>', 'up to then')
    .option('--limit <number>', 'lines to show, 100 if not given')
    .action(async (dagId: string, given: string, text: string | undefined, options: SearchOptions, command: Command) => {
      const session = await openSession(command, terminal);
      await search(session, dagId, await resolveRunId(session.client, dagId, given), text, options);
    });
}

async function newestTry({ client }: Session, dagId: string, runId: string, taskId: string, mapIndex: number): Promise<number> {
  if (mapIndex < 0) return Math.max(1, (await client.taskInstance(dagId, runId, taskId)).try_number);
  return Math.max(1, (await client.mappedTaskInstance(dagId, runId, taskId, mapIndex)).try_number);
}

async function follow(session: Session, dagId: string, runId: string, taskId: string, mapIndex: number, tryNumber: number): Promise<void> {
  const { client, json, terminal } = session;
  const lines = client.followLog(dagId, runId, taskId, mapIndex, tryNumber);
  for (;;) {
    const { done, value } = await lines.next();
    // A stream of documents: who follows does not wait for the last.
    if (json) terminal.stdout.write(`${JSON.stringify(value)}\n`);
    else if (done !== true) terminal.stdout.write(formatLogLine(value));
    else terminal.stderr.write(`Try ${tryNumber} of ${taskId}: ${value.state}\n`);
    if (done === true) return;
  }
}

async function print(session: Session, dagId: string, runId: string, taskId: string, mapIndex: number, tryNumber: number): Promise<void> {
  const { client, json, terminal } = session;
  const all: LogMessage[] = [];
  let token: string | null = null;
  do {
    const before: string | null = token;
    const query = { map_index: mapIndex, ...(token === null ? {} : { token }) };
    const chunk = await client.log(dagId, runId, taskId, tryNumber, query);
    if (json) all.push(...chunk.content);
    else for (const line of chunk.content) terminal.stdout.write(formatLogLine(line));
    token = chunk.continuation_token;
    // It is being written, and there is no more of it yet.
    if (token === before || chunk.content.length === 0) break;
  } while (token !== null);
  if (json) show(session, { content: all, continuation_token: token }, () => '');
}

async function search(session: Session, dagId: string, runId: string, text: string | undefined, options: SearchOptions): Promise<void> {
  const { client, terminal } = session;
  const limit = wholeNumber(options.limit, '--limit', 1) ?? 100;
  const asked = {
    text,
    level: options.level,
    task_id: options.task,
    map_index: wholeNumber(options.mapIndex, '--map-index', 0),
    try_number: wholeNumber(options.try, '--try', 1),
    timestamp_gte: options.since,
    timestamp_lte: options.until,
  };
  const matches: LogMatch[] = [];
  let scanned = 0;
  let cursor: string | null | undefined;
  do {
    const query = { ...asked, limit: Math.min(1_000, limit - matches.length), ...(cursor == null ? {} : { cursor }) };
    const found = await client.searchLogs(dagId, runId, query);
    if (!session.json) {
      for (const { task_id, map_index, try_number, ...message } of found.matches)
        terminal.stdout.write(`${task_id}${map_index < 0 ? '' : `[${map_index}]`} #${try_number}  ${formatLogLine(message)}`);
    }
    matches.push(...found.matches);
    scanned += found.scanned_bytes;
    cursor = found.next_cursor;
  } while (cursor !== null && matches.length < limit);
  if (session.json) show(session, { matches, next_cursor: cursor, scanned_bytes: scanned }, () => '');
  else if (cursor !== null) terminal.stderr.write(`There may be more than these ${matches.length} lines: --limit shows more\n`);
  else if (matches.length === 0) terminal.stderr.write('No line says so\n');
}

function wholeNumber(given: string | undefined, option: string, least: number): number | undefined {
  const number = given === undefined ? undefined : Number(given);
  if (number !== undefined && (!Number.isInteger(number) || number < least))
    throw new UsageError(`${option} must be a number from ${least}, not "${given}"`);
  return number;
}
