/** Clear: have task instances run anew. It is also how a failed task is retried. */
import {
  ClearDagRun,
  ClearTaskInstances,
  DagRun,
  type TaskInstanceCollection,
  TaskInstanceCollection as TaskInstances,
} from '@headrace/api-contract';
import type { ClearRequest, ClearResult, RunRecord, TaskInstanceRecord } from '@headrace/ports';
import { Type } from 'typebox';
import { presentDagRun } from '../answers/dag-run.ts';
import { presentTaskInstances } from '../answers/task-instance.ts';
import { ApiProblem, invalid, unsupported } from '../http/api-problem.ts';
import { answers, operate, path } from '../http/route-schema.ts';
import type { ResourceContext, Routes } from './context.ts';

const READ_AT_ONCE = 1000;

export const clearRoutes: Routes = async (app, context) => {
  const { deps, lookup, versions } = context;

  app.post(
    '/dags/:dag_id/dagRuns/:dag_run_id/clear',
    {
      ...operate,
      schema: {
        operationId: 'clear_dag_run',
        tags: ['DagRun'],
        params: path('dag_id', 'dag_run_id'),
        body: ClearDagRun,
        response: answers(Type.Union([TaskInstances, DagRun]), 'HR_DAG_NOT_FOUND', 'HR_RUN_NOT_FOUND', 'HR_RUN_BUSY', 'HR_UNSUPPORTED'),
      },
    },
    async ({ params, body, principal }) => {
      const run = await lookup.run(params.dag_id, params.dag_run_id);
      const request: ClearRequest = { onlyFailed: body.only_failed, onLatestVersion: body.run_on_latest_version, dryRun: body.dry_run };
      const result = found(run, await deps.runCommands.clear(run.dagId, run.runId, request, principal?.name));
      if (body.dry_run) return affectedOf(run, result, context);
      return presentDagRun(await lookup.run(run.dagId, run.runId), versions);
    },
  );

  app.post(
    '/dags/:dag_id/clearTaskInstances',
    {
      ...operate,
      schema: {
        operationId: 'post_clear_task_instances',
        tags: ['Task Instance'],
        params: path('dag_id'),
        body: ClearTaskInstances,
        response: answers(TaskInstances, 'HR_DAG_NOT_FOUND', 'HR_RUN_NOT_FOUND', 'HR_TASK_RUNNING', 'HR_RUN_BUSY', 'HR_UNSUPPORTED'),
      },
    },
    async ({ params, body, principal }) => {
      refuseUnsupported(body);
      if (body.dag_run_id == null) throw invalid({ field: 'body.dag_run_id', message: 'is missing: say which run to clear' });
      const run = await lookup.run(params.dag_id, body.dag_run_id);
      const request: ClearRequest = {
        ...(body.task_ids == null ? {} : { taskIds: body.task_ids }),
        onlyFailed: body.only_failed,
        includeUpstream: body.include_upstream,
        includeDownstream: body.include_downstream,
        onLatestVersion: body.run_on_latest_version,
      };
      await refuseUnknownTasks(run, request, context);
      if (body.prevent_running_task) await refuseRunning(run, request, context);
      const result = found(run, await deps.runCommands.clear(run.dagId, run.runId, { ...request, dryRun: body.dry_run }, principal?.name));
      return affectedOf(run, result, context);
    },
  );
};

type ClearBody = Parameters<typeof refuseUnsupported>[0];

function refuseUnsupported(
  body: {
    readonly [Flag in 'only_running' | 'include_future' | 'include_past' | 'reset_dag_runs']: boolean;
  },
): void {
  const flags: readonly [keyof ClearBody, boolean, string][] = [
    ['only_running', true, 'Cancel the run, or clear the tasks by id'],
    ['include_future', true, 'Clear the runs one by one'],
    ['include_past', true, 'Clear the runs one by one'],
    ['reset_dag_runs', false, 'A cleared run always goes on: its tasks would never run otherwise'],
  ];
  for (const [flag, refused, instead] of flags) if (body[flag] === refused) throw unsupported(`body.${flag}`, instead);
}

/** A misspelt task must not look like one that needed no clearing. */
async function refuseUnknownTasks(
  run: RunRecord,
  { taskIds = [], onLatestVersion }: ClearRequest,
  { deps, versions }: ResourceContext,
): Promise<void> {
  const newest = onLatestVersion === true ? (await deps.queries.dag(run.dagId))?.versionNumber : undefined;
  const version = await versions.get(run.dagId, newest ?? run.versionNumber);
  const unknown = taskIds
    .map((entry) => (typeof entry === 'string' ? entry : entry[0]))
    .filter((taskId) => version !== undefined && version.task(taskId) === undefined);
  if (unknown.length > 0)
    throw invalid({ field: 'body.task_ids', message: `DAG "${run.dagId}" has no task ${unknown.map((id) => `"${id}"`).join(', ')}` });
}

async function refuseRunning(run: RunRecord, request: ClearRequest, { deps }: ResourceContext): Promise<void> {
  const affected = found(run, await deps.runCommands.clear(run.dagId, run.runId, { ...request, dryRun: true }));
  const running = (await recordsOf(run, affected, deps.queries)).filter((record) => record.status === 'running');
  if (running.length === 0) return;
  throw new ApiProblem('HR_TASK_RUNNING', `Running: ${running.map((record) => record.taskId).join(', ')}. Nothing was cleared`);
}

function found(run: RunRecord, result: ClearResult | 'not_found'): ClearResult {
  if (result === 'not_found') throw new ApiProblem('HR_RUN_NOT_FOUND', `DAG "${run.dagId}" has no run "${run.runId}"`);
  return result;
}

async function affectedOf(run: RunRecord, result: ClearResult, { deps, versions }: ResourceContext): Promise<TaskInstanceCollection> {
  const records = await recordsOf(run, result, deps.queries);
  return { task_instances: await presentTaskInstances(records, versions), total_entries: records.length };
}

async function recordsOf(
  { dagId, runId }: RunRecord,
  { affected }: ClearResult,
  queries: ResourceContext['deps']['queries'],
): Promise<TaskInstanceRecord[]> {
  const keyOf = (taskId: string, mapIndex: number): string => `${mapIndex} ${taskId}`;
  const wanted = new Set(affected.map(({ taskId, mapIndex }) => keyOf(taskId, mapIndex)));
  const records: TaskInstanceRecord[] = [];
  for (let offset = 0, total = wanted.size; wanted.size > 0 && offset < total; offset += READ_AT_ONCE) {
    const page = await queries.taskInstances({ dagId, runId }, { limit: READ_AT_ONCE, offset, orderBy: ['id'] });
    records.push(...page.items.filter((record) => wanted.has(keyOf(record.taskId, record.mapIndex))));
    total = page.total;
  }
  return records;
}
