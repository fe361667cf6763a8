/** Clear: have task instances run anew. It is also how a failed task is retried. */
import { ClearDagRun, ClearTaskInstances, DagRun, TaskInstanceCollection as TaskInstances } from '@headrace/api-contract';
import type { ClearRequest, RunRecord, RunSelection } from '@headrace/ports';
import { Type } from 'typebox';
import { presentDagRun } from '../answers/dag-run.ts';
import { toInstant } from '../answers/date-times.ts';
import { invalid, unsupported } from '../http/api-problem.ts';
import { answers, path, permit } from '../http/route-schema.ts';
import { affectedInstances, changed } from './affected.ts';
import type { ResourceContext, Routes } from './context.ts';

export const clearRoutes: Routes = async (app, context) => {
  const { deps, lookup, versions } = context;

  app.post(
    '/dags/:dag_id/dagRuns/:dag_run_id/clear',
    {
      ...permit('operate', 'run'),
      schema: {
        operationId: 'clear_dag_run',
        tags: ['DagRun'],
        params: path('dag_id', 'dag_run_id'),
        body: ClearDagRun,
        response: answers(Type.Union([TaskInstances, DagRun]), 'HR_DAG_NOT_FOUND', 'HR_RUN_NOT_FOUND', 'HR_RUN_BUSY', 'HR_UNSUPPORTED'),
      },
    },
    async ({ params, body, principal }) => {
      if (body.only_new) throw unsupported('body.only_new', 'A run that goes on with run_on_latest_version gets the new tasks in any case');
      const run = await lookup.run(params.dag_id, params.dag_run_id);
      const request: ClearRequest = { onlyFailed: body.only_failed, onLatestVersion: body.run_on_latest_version, dryRun: body.dry_run };
      const result = changed(run, await deps.runCommands.clear(run.dagId, { runId: run.runId }, request, principal?.name));
      if (body.dry_run) return affectedInstances(run.dagId, result, context);
      if (body.note !== undefined) await deps.commands.setNote(run.runKey, body.note);
      return presentDagRun(await lookup.run(run.dagId, run.runId), versions);
    },
  );

  app.post(
    '/dags/:dag_id/clearTaskInstances',
    {
      ...permit('operate', 'run'),
      schema: {
        operationId: 'post_clear_task_instances',
        tags: ['Task Instance'],
        params: path('dag_id'),
        body: ClearTaskInstances,
        response: answers(TaskInstances, 'HR_DAG_NOT_FOUND', 'HR_RUN_NOT_FOUND', 'HR_TASK_RUNNING', 'HR_RUN_BUSY', 'HR_UNSUPPORTED'),
      },
    },
    async ({ params, body, principal }) => {
      if (!body.reset_dag_runs)
        throw unsupported('body.reset_dag_runs', 'A cleared run always goes on: its tasks would never run otherwise');
      const run = body.dag_run_id == null ? undefined : await lookup.run(params.dag_id, body.dag_run_id);
      const dag = await lookup.dag(params.dag_id);
      const request: ClearRequest = {
        ...(body.task_ids == null ? {} : { taskIds: body.task_ids }),
        onlyFailed: body.only_failed,
        onlyRunning: body.only_running,
        includeUpstream: body.include_upstream,
        includeDownstream: body.include_downstream,
        includePast: body.include_past,
        includeFuture: body.include_future,
        includeLaterIterations: body.include_later_loop_iterations,
        onLatestVersion: body.run_on_latest_version,
        preventRunning: body.prevent_running_task,
        dryRun: body.dry_run,
      };
      await refuseUnknownTasks(dag.dagId, run?.versionNumber ?? dag.versionNumber, request, context);
      const result = changed(dag, await deps.runCommands.clear(dag.dagId, runsOf(run, body), request, principal?.name));
      return affectedInstances(dag.dagId, result, context);
    },
  );
};

/** One run, or those in a range of logical dates. */
function runsOf(
  run: RunRecord | undefined,
  { start_date, end_date }: { readonly start_date?: string | null; readonly end_date?: string | null },
): RunSelection {
  if (run !== undefined) return { runId: run.runId };
  const from = toInstant(start_date ?? undefined);
  const to = toInstant(end_date ?? undefined);
  if (from === undefined && to === undefined)
    throw invalid({ field: 'body.dag_run_id', message: 'is missing: say which run to clear, or give start_date and end_date' });
  return { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
}

/** A misspelt task must not look like one that needed no clearing. A group's id stands for its tasks. */
async function refuseUnknownTasks(
  dagId: string,
  versionNumber: number,
  { taskIds = [], onLatestVersion }: ClearRequest,
  { deps, versions }: ResourceContext,
): Promise<void> {
  const newest = onLatestVersion === true ? (await deps.queries.dag(dagId))?.versionNumber : undefined;
  const version = await versions.get(dagId, newest ?? versionNumber);
  if (version === undefined) return;
  const unknown = taskIds
    .map((entry) => (typeof entry === 'string' ? entry : entry[0]))
    .filter((id) => version.task(id) === undefined && version.tasksOfGroup(id) === undefined);
  if (unknown.length > 0)
    throw invalid({ field: 'body.task_ids', message: `DAG "${dagId}" has no task or group ${unknown.map((id) => `"${id}"`).join(', ')}` });
}
