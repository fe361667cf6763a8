import type { DagRun, TaskInstance } from '@headrace/api-contract';
import type { HeadraceClient } from '@headrace/client';
import { type Command, Option } from 'commander';
import { openSession, resolveRunId } from '../api-connection.ts';
import { FailedError, UsageError } from '../failures.ts';
import { show } from '../output/show.ts';
import { formatFacts, formatTable } from '../output/table.ts';
import { taskTable } from '../output/task-table.ts';
import { formatInstant, formatSeconds } from '../output/times.ts';
import { allTaskInstances } from '../task-instances.ts';
import type { Terminal } from '../terminal.ts';
import { watchRun } from '../watch-run.ts';
import { addRunChangeCommands } from './run-changes.ts';

const PAGE = 100;

export function addRunCommands(program: Command, terminal: Terminal): void {
  const runs = program.command('runs').description('see and cancel runs');

  runs
    .command('list')
    .description('the newest runs, of one DAG or of all')
    .argument('[dag]')
    .addOption(new Option('--state <state>', 'only runs in this state').choices(['queued', 'running', 'success', 'failed']))
    .option('-n, --limit <number>', 'how many', '25')
    .action(async (dagId: string | undefined, options: { state?: string; limit: string }, command: Command) => {
      const limit = Number(options.limit);
      if (!Number.isInteger(limit) || limit < 1) throw new UsageError(`--limit must be a number from 1, not "${options.limit}"`);
      const session = await openSession(command, terminal);
      const found = await newestRuns(session.client, dagId ?? '~', options.state, limit);
      show(session, found, () => {
        if (found.dag_runs.length === 0) return 'There are no such runs\n';
        const rows = found.dag_runs.map((run) => [
          run.dag_id,
          run.dag_run_id,
          run.state,
          run.run_type,
          formatInstant(run.start_date),
          formatSeconds(run.duration),
        ]);
        return formatTable(['dag', 'run', 'state', 'type', 'started', 'took'], rows);
      });
    });

  runs
    .command('show')
    .description('one run with its tasks')
    .argument('<dag>')
    .argument('<run>', 'its id, or "latest"')
    .action(async (dagId: string, given: string, _, command: Command) => {
      const session = await openSession(command, terminal);
      const runId = await resolveRunId(session.client, dagId, given);
      const [run, tasks] = await Promise.all([session.client.run(dagId, runId), allTaskInstances(session.client, dagId, runId)]);
      show(session, { ...run, task_instances: tasks }, () => describeRun(run, tasks));
    });

  runs
    .command('watch')
    .alias('wait')
    .description('follow a run until it ends: its tasks, and how far those are that move rows')
    .argument('<dag>')
    .argument('<run>', 'its id, or "latest"')
    .action(async (dagId: string, given: string, _, command: Command) => {
      const session = await openSession(command, terminal);
      const runId = await resolveRunId(session.client, dagId, given);
      // A document for programs holds nothing else.
      const ended = await watchRun(session.client, dagId, runId, session.json ? terminal.stderr : terminal.stdout);
      show(session, { ...ended.run, task_instances: ended.tasks }, () => `${ended.run.state}\n`);
      if (ended.run.state === 'failed') throw new FailedError(`Run ${runId} failed`);
    });

  addRunChangeCommands(runs, terminal);

  runs
    .command('cancel')
    .description('end a run: nothing more of it starts, what runs is stopped')
    .argument('<dag>')
    .argument('<run>', 'its id, or "latest"')
    .action(async (dagId: string, given: string, _, command: Command) => {
      const session = await openSession(command, terminal);
      const run = await session.client.patchRun(dagId, await resolveRunId(session.client, dagId, given), { state: 'failed' });
      show(session, run, () => `${run.dag_id} ${run.dag_run_id} is cancelled\n`);
    });
}

async function newestRuns(
  client: HeadraceClient,
  dagId: string,
  state: string | undefined,
  limit: number,
): Promise<{ dag_runs: DagRun[]; total_entries: number }> {
  const runs: DagRun[] = [];
  for (let total = limit; runs.length < Math.min(limit, total); ) {
    const page = await client.runs(dagId, {
      limit: Math.min(PAGE, limit - runs.length),
      offset: runs.length,
      order_by: '-run_after',
      ...(state === undefined ? {} : { state }),
    });
    runs.push(...page.dag_runs);
    total = page.dag_runs.length === 0 ? 0 : page.total_entries;
    if (total <= runs.length || runs.length >= limit) return { dag_runs: runs, total_entries: page.total_entries };
  }
  return { dag_runs: runs, total_entries: runs.length };
}

export function describeRun(run: DagRun, tasks: readonly TaskInstance[]): string {
  const facts = formatFacts([
    ['dag', run.dag_id],
    ['run', run.dag_run_id],
    ['state', run.state],
    ['type', run.run_type],
    [
      'interval',
      run.data_interval_start === null ? '' : `${formatInstant(run.data_interval_start)} to ${formatInstant(run.data_interval_end)}`,
    ],
    ['params', run.conf === null || Object.keys(run.conf).length === 0 ? '' : JSON.stringify(run.conf)],
    ['started', formatInstant(run.start_date)],
    ['took', formatSeconds(run.duration)],
    ['version', run.dag_versions[0]?.version_number],
    ['note', run.note],
  ]);
  return tasks.length === 0 ? facts : `${facts}\n${taskTable(tasks)}`;
}
