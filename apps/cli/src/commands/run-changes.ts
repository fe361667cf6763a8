/** `headrace runs clear|mark|note|delete`: what people do with a run as a whole. */
import { Argument, type Command } from 'commander';
import { openSession, resolveRunId } from '../api-connection.ts';
import { UsageError } from '../failures.ts';
import { show } from '../output/show.ts';
import { taskTable } from '../output/task-table.ts';
import type { Terminal } from '../terminal.ts';

interface ClearOptions {
  readonly onlyFailed?: boolean;
  readonly latest?: boolean;
  readonly dryRun?: boolean;
}

export function addRunChangeCommands(runs: Command, terminal: Terminal): void {
  const ofRun = (name: string, description: string): Command =>
    runs.command(name).description(description).argument('<dag>').argument('<run>', 'its id, or "latest"');

  ofRun('clear', 'run all of a run anew, or what failed of it')
    .option('--only-failed', 'only what failed, and what waits for it')
    .option('--latest', "with the DAG's newest version, not the one that the run began with")
    .option('--dry-run', 'only tell what would be run')
    .action(async (dagId: string, given: string, options: ClearOptions, command: Command) => {
      const session = await openSession(command, terminal);
      const runId = await resolveRunId(session.client, dagId, given);
      const answer = await session.client.clearRun(dagId, runId, {
        dry_run: options.dryRun ?? false,
        only_failed: options.onlyFailed ?? false,
        run_on_latest_version: options.latest ?? false,
      });
      show(session, answer, () =>
        'task_instances' in answer
          ? `Would be run anew:\n${taskTable(answer.task_instances)}`
          : `${answer.dag_id} ${answer.dag_run_id} is ${answer.state}. Watch it: headrace runs watch ${dagId} '${runId}'\n`,
      );
    });

  ofRun('mark', 'say what a run came to, without running the rest of it')
    .addArgument(new Argument('<state>').choices(['success', 'failed']))
    .action(async (dagId: string, given: string, state: 'success' | 'failed', _, command: Command) => {
      const session = await openSession(command, terminal);
      const run = await session.client.patchRun(dagId, await resolveRunId(session.client, dagId, given), { state });
      show(session, run, () => `${run.dag_id} ${run.dag_run_id} is ${run.state}\n`);
    });

  ofRun('note', 'write a note that is shown with a run; an empty one takes it away')
    .argument('<text>')
    .action(async (dagId: string, given: string, text: string, _, command: Command) => {
      const session = await openSession(command, terminal);
      const runId = await resolveRunId(session.client, dagId, given);
      const run = await session.client.patchRun(dagId, runId, { note: text === '' ? null : text });
      show(session, run, () => `${run.dag_id} ${run.dag_run_id}: ${run.note ?? 'no note'}\n`);
    });

  ofRun('delete', 'delete a run with its tasks, results and history')
    .option('--yes', 'it is not asked whether you are sure')
    .action(async (dagId: string, runId: string, options: { yes?: boolean }, command: Command) => {
      if (options.yes !== true) throw new UsageError(`This deletes run ${runId} of ${dagId} with all its history: say --yes`);
      const session = await openSession(command, terminal);
      await session.client.deleteRun(dagId, runId);
      show(session, { deleted: runId }, () => `${dagId} ${runId} is deleted\n`);
    });
}
