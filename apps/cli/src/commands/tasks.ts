import { setTimeout as delay } from 'node:timers/promises';
import type { LogMessage, TaskInstanceCollection } from '@headrace/api-contract';
import { Argument, type Command } from 'commander';
import { openSession, resolveRunId, type Session } from '../api-connection.ts';
import { UsageError } from '../failures.ts';
import { formatLogLine } from '../output/log-line.ts';
import { show } from '../output/show.ts';
import { taskTable } from '../output/task-table.ts';
import { allTaskInstances } from '../task-instances.ts';
import type { Terminal } from '../terminal.ts';
import { progressLines } from '../watch-run.ts';
import { explainTask } from './explain.ts';
import { addTaskAnswerCommand } from './tasks-answer.ts';
import { addTaskRenderCommand } from './tasks-render.ts';

const FOLLOW_MS = 500;

interface ClearOptions {
  readonly upstream?: boolean;
  readonly downstream?: boolean;
  readonly onlyFailed?: boolean;
  readonly latest?: boolean;
  readonly dryRun?: boolean;
  readonly past?: boolean;
  readonly future?: boolean;
  readonly onlyRunning?: boolean;
  readonly preventRunning?: boolean;
  readonly mapIndex?: string;
  readonly laterIterations?: boolean;
}

type MarkOptions = Pick<ClearOptions, 'upstream' | 'downstream' | 'past' | 'future' | 'dryRun' | 'mapIndex'>;

export function addTaskCommands(program: Command, terminal: Terminal): void {
  const tasks = program.command('tasks').description('see tasks of a run, read their logs, run them anew');

  tasks
    .command('list')
    .alias('states')
    .description('the tasks of a run and their states')
    .argument('<dag>')
    .argument('<run>', 'its id, or "latest"')
    .option('--group <id>', 'only those of this group and of the groups in it')
    .action(async (dagId: string, given: string, { group }: { group?: string }, command: Command) => {
      const session = await openSession(command, terminal);
      const filter = group === undefined ? {} : { task_group_id: group };
      const found = await allTaskInstances(session.client, dagId, await resolveRunId(session.client, dagId, given), filter);
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
    .command('progress')
    .description('how far the running tasks of a run are: rows, bytes, speed, and what is left')
    .argument('<dag>')
    .argument('<run>', 'its id, or "latest"')
    .argument('[task]')
    .action(async (dagId: string, given: string, taskId: string | undefined, _, command: Command) => {
      const session = await openSession(command, terminal);
      const runId = await resolveRunId(session.client, dagId, given);
      const all = (await session.client.progress(dagId, runId)).progress;
      const progress = all.filter(({ task_id }) => taskId === undefined || task_id === taskId);
      show(session, { progress }, () =>
        progress.length === 0 ? 'No running task says how far it is\n' : progressLines(progress).join(''),
      );
    });

  addTaskRenderCommand(tasks, terminal);
  addTaskAnswerCommand(tasks, terminal);

  tasks
    .command('retry')
    .description('run what failed anew, with everything that waits for it')
    .argument('<dag>')
    .argument('<run>', 'its id, or "latest"')
    .argument('[tasks...]', 'tasks or groups; all that failed, if not given')
    .option('--latest', "with the DAG's newest version, not the one that the run began with")
    .action(async (dagId: string, given: string, taskIds: string[], { latest }: Pick<ClearOptions, 'latest'>, command: Command) =>
      clear(await openSession(command, terminal), dagId, given, taskIds, { onlyFailed: true, downstream: true, latest: latest ?? false }),
    );

  tasks
    .command('clear')
    .description('run tasks anew, whatever became of them')
    .argument('<dag>')
    .argument('<run>', 'its id, or "latest"')
    .argument('[tasks...]', 'tasks or groups; all of the run, if not given')
    .option('--map-index <number>', 'only this instance of mapped tasks, or this iteration of loops')
    .option('--later-iterations', 'with the iterations of their loops that came after them')
    .option('--upstream', 'with everything before them')
    .option('--downstream', 'with everything after them')
    .option('--past', "the same tasks of the DAG's earlier runs, too")
    .option('--future', '… and of its later ones')
    .option('--only-failed', 'of these, only what failed')
    .option('--only-running', 'of these, only what runs')
    .option('--prevent-running', 'change nothing if any of them runs')
    .option('--latest', "with the DAG's newest version, not the one that the run began with")
    .option('--dry-run', 'only tell what would be run')
    .action(async (dagId: string, given: string, taskIds: string[], options: ClearOptions, command: Command) =>
      clear(await openSession(command, terminal), dagId, given, taskIds, options),
    );

  tasks
    .command('mark')
    .description('say what tasks came to, without running them; what comes after them goes on from there')
    .argument('<dag>')
    .argument('<run>', 'its id, or "latest"')
    .argument('<task>', 'or a group')
    .addArgument(new Argument('<state>').choices(['success', 'failed']))
    .option('--map-index <number>', 'only this instance of a mapped task')
    .option('--upstream', 'with everything before it')
    .option('--downstream', 'with everything after it')
    .option('--past', "the same task of the DAG's earlier runs, too")
    .option('--future', '… and of its later ones')
    .option('--dry-run', 'only tell what would be marked')
    .action(async (dagId: string, given: string, taskId: string, state: 'success' | 'failed', options: MarkOptions, command: Command) =>
      mark(await openSession(command, terminal), dagId, given, taskId, state, options),
    );

  tasks
    .command('explain')
    .description('why a task is not running')
    .argument('<dag>')
    .argument('<run>', 'its id, or "latest"')
    .argument('<task>')
    .option('--map-index <number>', 'which instance of a mapped task; the first if not given')
    .action(explainTask(terminal));
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
  const index = indexIn(options);
  if (index !== undefined && taskIds.length === 0) throw new UsageError('--map-index needs the tasks it is about');
  const runId = await resolveRunId(session.client, dagId, given);
  const named = index === undefined ? [...taskIds] : taskIds.map((taskId): [string, number] => [taskId, index]);
  const answer = await session.client.clearTaskInstances(dagId, {
    dag_run_id: runId,
    ...(named.length === 0 ? {} : { task_ids: named }),
    only_failed: options.onlyFailed ?? false,
    include_upstream: options.upstream ?? false,
    include_downstream: options.downstream ?? false,
    include_past: options.past ?? false,
    include_future: options.future ?? false,
    include_later_loop_iterations: options.laterIterations ?? false,
    only_running: options.onlyRunning ?? false,
    prevent_running_task: options.preventRunning ?? false,
    run_on_latest_version: options.latest ?? false,
    dry_run: options.dryRun ?? false,
  });
  show(session, answer, () => {
    if (answer.total_entries === 0) return 'There is nothing to run anew\n';
    const names = namesOf(answer, runId);
    return options.dryRun === true
      ? `Would be run anew: ${names}\n`
      : `Run anew: ${names}\nWatch it: headrace runs show ${dagId} '${runId}'\n`;
  });
}

async function mark(
  session: Session,
  dagId: string,
  given: string,
  taskId: string,
  state: 'success' | 'failed',
  { dryRun = false, ...options }: MarkOptions,
): Promise<void> {
  const index = indexIn(options);
  const runId = await resolveRunId(session.client, dagId, given);
  const body = {
    new_state: state,
    include_upstream: options.upstream ?? false,
    include_downstream: options.downstream ?? false,
    include_past: options.past ?? false,
    include_future: options.future ?? false,
  };
  const answer = await session.client.markTaskInstance(dagId, runId, taskId, body, {
    dryRun,
    ...(index === undefined ? {} : { mapIndex: index }),
  });
  show(session, answer, () => {
    if (answer.total_entries === 0) return `There is nothing to mark: it is ${state} already\n`;
    return `${dryRun ? `Would be marked ${state}` : `Marked ${state}`}: ${namesOf(answer, runId)}\n`;
  });
}

function indexIn({ mapIndex }: Pick<ClearOptions, 'mapIndex'>): number | undefined {
  const index = mapIndex === undefined ? undefined : Number(mapIndex);
  if (index !== undefined && (!Number.isInteger(index) || index < 0))
    throw new UsageError(`--map-index must be a number from 0, not "${mapIndex}"`);
  return index;
}

/** Instances of mapped tasks with their index, those of other runs with their run. */
function namesOf({ task_instances }: TaskInstanceCollection, runId: string): string {
  return task_instances
    .map(
      ({ task_id, map_index, dag_run_id }) =>
        `${task_id}${map_index < 0 ? '' : `[${map_index}]`}${dag_run_id === runId ? '' : ` of ${dag_run_id}`}`,
    )
    .join(', ');
}
