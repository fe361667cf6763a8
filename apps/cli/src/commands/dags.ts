import type { Dag, DagRun, TaskInstance } from '@headrace/api-contract';
import type { Command } from 'commander';
import { openSession, type Session } from '../api-connection.ts';
import { FailedError, UsageError } from '../failures.ts';
import { followRun } from '../follow-run.ts';
import { show } from '../output/show.ts';
import { formatFacts, formatTable } from '../output/table.ts';
import { formatInstant } from '../output/times.ts';
import { collectParam, instantOption, mergeParams } from '../params-option.ts';
import type { Terminal } from '../terminal.ts';
import { addVersionCommands } from './dag-versions.ts';
import { addDagCheckCommand } from './dags-check.ts';
import { addDagTestCommand } from './dags-test.ts';
import { describeRun } from './runs.ts';

const PAGE = 100;

interface TriggerOptions {
  readonly param?: Readonly<Record<string, unknown>>;
  readonly params?: string;
  readonly runId?: string;
  readonly logicalDate?: string;
  readonly intervalStart?: string;
  readonly intervalEnd?: string;
  readonly note?: string;
  readonly idempotencyKey?: string;
  readonly wait?: boolean;
}

export function addDagCommands(program: Command, terminal: Terminal): void {
  const dags = program.command('dags').description('see, run, pause and test DAGs');

  dags
    .command('list')
    .description('all DAGs')
    .option('--paused', 'only those that are paused')
    .action(async (options: { paused?: boolean }, command: Command) => list(await openSession(command, terminal), options.paused));

  dags
    .command('show')
    .description('one DAG: its schedule, params and tasks')
    .argument('<dag>')
    .action(async (dagId: string, _, command: Command) => showDag(await openSession(command, terminal), dagId));

  dags
    .command('trigger')
    .description('start a run; with --wait, show its tasks until it ends and exit 1 if it fails')
    .argument('<dag>')
    .option('-p, --param <name=value>', 'a param of the run; repeatable; the value may be JSON', collectParam)
    .option('--params <json>', 'params as a JSON object')
    .option('--run-id <id>', 'an id of your own for the run')
    .option('--logical-date <date>', 'which date the run stands for')
    .option('--interval-start <date>', 'start of its data interval')
    .option('--interval-end <date>', 'end of its data interval')
    .option('--note <text>', 'a note that is shown with the run')
    .option('--idempotency-key <key>', 'sent again with the same key, the command gives the run that it made, and makes no other')
    .option('-w, --wait', 'wait until it ends')
    .action(async (dagId: string, options: TriggerOptions, command: Command) => {
      const body = triggerBody(options);
      await trigger(await openSession(command, terminal), dagId, body, options);
    });

  for (const [name, paused, description] of [
    ['pause', true, 'start no scheduled runs any more; runs that are queued wait'],
    ['unpause', false, 'let it run again'],
  ] as const) {
    dags
      .command(name)
      .description(description)
      .argument('<dag>')
      .action(async (dagId: string, _, command: Command) => {
        const session = await openSession(command, terminal);
        const dag = await session.client.patchDag(dagId, { is_paused: paused });
        show(session, dag, () => `${dag.dag_id} is ${dag.is_paused ? 'paused' : 'not paused'}\n`);
      });
  }

  addDagTestCommand(dags, terminal);
  addVersionCommands(dags, terminal);

  dags
    .command('next-execution')
    .aliases(['next', 'upcoming'])
    .description('when the schedule makes its next runs, and for which data')
    .argument('<dag>')
    .option('-n, --num-executions <number>', 'how many', '1')
    .action(async (dagId: string, options: { numExecutions: string }, command: Command) => {
      const limit = Number(options.numExecutions);
      if (!Number.isInteger(limit) || limit < 1 || limit > 100)
        throw new UsageError(`--num-executions must be a number from 1 to 100, not "${options.numExecutions}"`);
      await nextExecutions(await openSession(command, terminal), dagId, limit);
    });

  dags
    .command('source')
    .description('the file that defines a DAG, as it was when the version was made')
    .argument('<dag>')
    .option('--version <number>', 'the newest if not given')
    .action(async (dagId: string, options: { version?: string }, command: Command) => {
      const session = await openSession(command, terminal);
      const found = await session.client.dagSource(dagId, options.version === undefined ? {} : { version_number: options.version });
      show(session, found, () => `${(found.content ?? '').trimEnd()}\n`);
    });

  dags
    .command('delete')
    .description('forget a DAG with its runs and history; its file must be gone, else it comes back')
    .argument('<dag>')
    .option('--yes', 'it is not asked whether you are sure')
    .action(async (dagId: string, options: { yes?: boolean }, command: Command) => {
      if (options.yes !== true) throw new UsageError(`This deletes ${dagId} with all its runs: say --yes`);
      const session = await openSession(command, terminal);
      await session.client.deleteDag(dagId);
      show(session, { deleted: dagId }, () => `${dagId} is deleted\n`);
    });

  addDagCheckCommand(dags, terminal);

  dags
    .command('errors')
    .alias('import-errors')
    .description('DAG files that could not be loaded, and why')
    .action(async (_, command: Command) => showErrors(await openSession(command, terminal)));
}

async function list(session: Session, paused: boolean | undefined): Promise<void> {
  const found: Dag[] = [];
  for (let total = 1; found.length < total; ) {
    const page = await session.client.dags({ limit: PAGE, offset: found.length, ...(paused === undefined ? {} : { paused }) });
    found.push(...page.dags);
    total = page.dags.length === 0 ? 0 : page.total_entries;
  }
  show(session, { dags: found, total_entries: found.length }, () => {
    if (found.length === 0) return 'There are no DAGs. Files that could not be loaded: headrace dags errors\n';
    const rows = found.map((dag) => [
      dag.dag_id,
      dag.timetable_summary ?? 'manual',
      dag.is_paused ? 'paused' : formatInstant(dag.next_dagrun_run_after),
      dag.has_import_errors ? 'broken file' : '',
      dag.relative_fileloc,
      dag.tags.map((tag) => tag.name).join(','),
    ]);
    return formatTable(['dag', 'schedule', 'next run', 'errors', 'file', 'tags'], rows);
  });
}

async function showDag(session: Session, dagId: string): Promise<void> {
  const [dag, { tasks }] = await Promise.all([session.client.dagDetails(dagId), session.client.tasks(dagId)]);
  show(session, { ...dag, tasks }, () => {
    const params = Object.entries(dag.params).map(([name, param]) => `${name}=${JSON.stringify((param as { value: unknown }).value)}`);
    const facts = formatFacts([
      ['dag', dag.dag_id],
      ['description', dag.description],
      ['file', dag.relative_fileloc],
      ['version', dag.latest_dag_version?.version_number],
      ['schedule', dag.timetable_description],
      ['state', dag.is_paused ? 'paused' : 'active'],
      ['paused because', dag.paused_reason],
      ['next run', formatInstant(dag.next_dagrun_run_after)],
      ['params', params.join(' ')],
    ]);
    const rows = tasks.map((task) => [
      task.task_id,
      task.operator_name,
      task.downstream_task_ids.join(', '),
      task.trigger_rule,
      task.retries,
      task.queue,
    ]);
    return `${facts}\n${formatTable(['task', 'kind', 'then', 'rule', 'retries', 'queue'], rows)}`;
  });
}

async function nextExecutions(session: Session, dagId: string, limit: number): Promise<void> {
  const answer = await session.client.upcomingRuns(dagId, { limit });
  show(session, answer, () => {
    if (answer.upcoming_runs.length === 0) return `${dagId} has no next run: it is paused, or its schedule does not tell\n`;
    const rows = answer.upcoming_runs.map((run) => [
      formatInstant(run.run_after),
      formatInstant(run.logical_date),
      `${formatInstant(run.data_interval_start)} to ${formatInstant(run.data_interval_end)}`,
    ]);
    return formatTable(['runs after', 'logical date', 'interval'], rows);
  });
}

function triggerBody(options: TriggerOptions): Parameters<Session['client']['trigger']>[1] {
  return {
    conf: mergeParams(options.params, options.param),
    dag_run_id: options.runId ?? null,
    logical_date: instantOption('--logical-date', options.logicalDate) ?? null,
    data_interval_start: instantOption('--interval-start', options.intervalStart) ?? null,
    data_interval_end: instantOption('--interval-end', options.intervalEnd) ?? null,
    note: options.note ?? null,
  };
}

async function trigger(session: Session, dagId: string, body: ReturnType<typeof triggerBody>, options: TriggerOptions): Promise<void> {
  const { client, json, terminal } = session;
  const run = await client.trigger(dagId, body, options.idempotencyKey);
  if (options.wait !== true) return show(session, run, () => describeTriggered(run));
  if (!json) terminal.stdout.write(`${run.dag_id} ${run.dag_run_id}\n`);
  const ended = await followRun(client, run, (line) => json || terminal.stdout.write(line));
  show(session, { ...ended.run, task_instances: ended.tasks }, () => describeRun(ended.run, []));
  if (ended.run.state !== 'success') throw new FailedError(failedTasks(ended.run, ended.tasks));
}

function describeTriggered({ dag_id, dag_run_id, state }: DagRun): string {
  return `${dag_id} ${dag_run_id} is ${state}. Watch it: headrace runs show ${dag_id} '${dag_run_id}'\n`;
}

function failedTasks({ dag_id, dag_run_id }: DagRun, tasks: readonly TaskInstance[]): string {
  const failed = tasks.filter((task) => task.state === 'failed');
  const lines = failed.map((task) => `  ${task.task_id}: ${task.error === null ? 'failed' : `${task.error.name}: ${task.error.message}`}`);
  const [first] = failed;
  const hint = first === undefined ? '' : `\nIts log: headrace tasks logs ${dag_id} '${dag_run_id}' ${first.task_id}`;
  return `The run failed${lines.length === 0 ? '' : `:\n${lines.join('\n')}`}${hint}`;
}

async function showErrors(session: Session): Promise<void> {
  const answer = await session.client.importErrors({ limit: PAGE, order_by: 'filename' });
  show(session, answer, () => {
    if (answer.import_errors.length === 0) return 'All DAG files are loaded\n';
    return answer.import_errors
      .map((error) => `${error.stack_trace.split('\n', 1)[0]}\n  (${error.code}, ${formatInstant(error.timestamp)})\n`)
      .join('');
  });
}
