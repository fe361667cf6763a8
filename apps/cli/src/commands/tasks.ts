import { setTimeout as delay } from 'node:timers/promises';
import type { LogMessage } from '@headrace/api-contract';
import type { Command } from 'commander';
import { openSession, resolveRunId, type Session } from '../api-connection.ts';
import { UsageError } from '../failures.ts';
import { formatLogLine } from '../output/log-line.ts';
import { show } from '../output/show.ts';
import { formatTable } from '../output/table.ts';
import type { Terminal } from '../terminal.ts';
import { allTaskInstances, taskTable } from './runs.ts';

const FOLLOW_MS = 500;

interface ClearOptions {
  readonly upstream?: boolean;
  readonly downstream?: boolean;
  readonly onlyFailed?: boolean;
  readonly latest?: boolean;
  readonly dryRun?: boolean;
}

export function addTaskCommands(program: Command, terminal: Terminal): void {
  const tasks = program.command('tasks').description('see tasks of a run, read their logs, run them anew');

  tasks
    .command('list')
    .description('the tasks of a run and their states')
    .argument('<dag>')
    .argument('<run>', 'its id, or "latest"')
    .action(async (dagId: string, given: string, _, command: Command) => {
      const session = await openSession(command, terminal);
      const found = await allTaskInstances(session.client, dagId, await resolveRunId(session.client, dagId, given));
      show(session, { task_instances: found, total_entries: found.length }, () => taskTable(found));
    });

  tasks
    .command('logs')
    .description('the log of a task')
    .argument('<dag>')
    .argument('<run>', 'its id, or "latest"')
    .argument('<task>')
    .option('--try <number>', 'which try; the newest if not given')
    .option('-f, --follow', 'go on until the try has ended')
    .action(async (dagId: string, given: string, taskId: string, options: { try?: string; follow?: boolean }, command: Command) => {
      const wanted = options.try === undefined ? undefined : Number(options.try);
      if (wanted !== undefined && !(Number.isInteger(wanted) && wanted >= 1))
        throw new UsageError(`--try must be a number from 1, not "${options.try}"`);
      const session = await openSession(command, terminal);
      await showLog(session, dagId, await resolveRunId(session.client, dagId, given), taskId, wanted, options.follow ?? false);
    });

  tasks
    .command('retry')
    .description('run what failed anew, with everything that waits for it')
    .argument('<dag>')
    .argument('<run>', 'its id, or "latest"')
    .argument('[tasks...]', 'all that failed, if not given')
    .option('--latest', "with the DAG's newest version, not the one that the run began with")
    .action(async (dagId: string, given: string, taskIds: string[], { latest }: Pick<ClearOptions, 'latest'>, command: Command) =>
      clear(await openSession(command, terminal), dagId, given, taskIds, { onlyFailed: true, downstream: true, latest: latest ?? false }),
    );

  tasks
    .command('clear')
    .description('run tasks anew, whatever became of them')
    .argument('<dag>')
    .argument('<run>', 'its id, or "latest"')
    .argument('[tasks...]', 'all of the run, if not given')
    .option('--upstream', 'with everything before them')
    .option('--downstream', 'with everything after them')
    .option('--only-failed', 'of these, only what failed')
    .option('--latest', "with the DAG's newest version, not the one that the run began with")
    .option('--dry-run', 'only tell what would be run')
    .action(async (dagId: string, given: string, taskIds: string[], options: ClearOptions, command: Command) =>
      clear(await openSession(command, terminal), dagId, given, taskIds, options),
    );

  tasks
    .command('explain')
    .description('why a task is not running')
    .argument('<dag>')
    .argument('<run>', 'its id, or "latest"')
    .argument('<task>')
    .action(async (dagId: string, given: string, taskId: string, _, command: Command) => {
      const session = await openSession(command, terminal);
      const answer = await session.client.explain(dagId, await resolveRunId(session.client, dagId, given), taskId);
      show(session, answer, () => {
        const rows = answer.conditions.map(({ rule, passed, reason }) => [passed ? 'ok' : 'waits', rule, reason]);
        return `${answer.task_id} is ${answer.state ?? 'none'}\n${formatTable(['', 'condition', 'why'], rows)}`;
      });
    });
}

async function showLog(
  session: Session,
  dagId: string,
  runId: string,
  taskId: string,
  wanted: number | undefined,
  follow: boolean,
): Promise<void> {
  const { client, json, terminal } = session;
  const tryNumber = wanted ?? Math.max(1, (await client.taskInstance(dagId, runId, taskId)).try_number);
  const all: LogMessage[] = [];
  let token: string | null = null;
  for (let ended = false; !ended; ) {
    const before: string | null = token;
    const chunk = await client.log(dagId, runId, taskId, tryNumber, token === null ? {} : { token });
    if (json) all.push(...chunk.content);
    else for (const line of chunk.content) terminal.stdout.write(formatLogLine(line));
    token = chunk.continuation_token;
    // Without an end and without news, a log is still being written.
    const waiting = token !== null && (token === before || chunk.content.length === 0);
    ended = token === null || (waiting && !follow);
    if (waiting && follow) await delay(FOLLOW_MS);
  }
  if (json) show(session, { content: all, continuation_token: token }, () => '');
}

async function clear(session: Session, dagId: string, given: string, taskIds: readonly string[], options: ClearOptions): Promise<void> {
  const runId = await resolveRunId(session.client, dagId, given);
  const answer = await session.client.clearTaskInstances(dagId, {
    dag_run_id: runId,
    ...(taskIds.length === 0 ? {} : { task_ids: [...taskIds] }),
    only_failed: options.onlyFailed ?? false,
    include_upstream: options.upstream ?? false,
    include_downstream: options.downstream ?? false,
    run_on_latest_version: options.latest ?? false,
    dry_run: options.dryRun ?? false,
  });
  show(session, answer, () => {
    if (answer.total_entries === 0) return 'There is nothing to run anew\n';
    const names = answer.task_instances.map((task) => task.task_id).join(', ');
    return options.dryRun === true
      ? `Would be run anew: ${names}\n`
      : `Run anew: ${names}\nWatch it: headrace runs show ${dagId} '${runId}'\n`;
  });
}
