/** Saying what task instances came to, and notes on them. */
import {
  MarkTaskInstance,
  type TaskInstanceCollection,
  TaskInstancePatchQuery,
  TaskInstanceCollection as TaskInstances,
} from '@headrace/api-contract';
import type { MarkRequest } from '@headrace/ports';
import type { Static } from 'typebox';
import { ApiProblem, invalid, unsupported } from '../http/api-problem.ts';
import { answers, path, permit } from '../http/route-schema.ts';
import { affectedInstances, changed } from './affected.ts';
import type { ResourceContext, Routes } from './context.ts';

const one = '/dags/:dag_id/dagRuns/:dag_run_id/taskInstances/:task_id';
const missing = ['HR_DAG_NOT_FOUND', 'HR_RUN_NOT_FOUND', 'HR_TASK_INSTANCE_NOT_FOUND', 'HR_RUN_BUSY', 'HR_UNSUPPORTED'] as const;

export const markRoutes: Routes = async (app, context) => {
  for (const dryRun of [false, true]) {
    const suffix = dryRun ? '/dry_run' : '';
    app.patch(
      `${one}${suffix}`,
      {
        ...permit('operate', 'run'),
        schema: {
          operationId: `patch_task_instance${dryRun ? '_dry_run' : ''}`,
          tags: ['Task Instance'],
          params: path('dag_id', 'dag_run_id', 'task_id'),
          querystring: TaskInstancePatchQuery,
          body: MarkTaskInstance,
          response: answers(TaskInstances, ...missing),
        },
      },
      ({ params, query, body, principal }) =>
        patchInstance({ ...params, map_index: query.map_index }, query.update_mask, body, dryRun, principal?.name, context),
    );
    app.patch(
      `${one}/:map_index${suffix}`,
      {
        ...permit('operate', 'run'),
        schema: {
          operationId: `patch_task_instance${dryRun ? '_dry_run' : ''}_by_map_index`,
          tags: ['Task Instance'],
          params: path('dag_id', 'dag_run_id', 'task_id', 'map_index'),
          querystring: TaskInstancePatchQuery,
          body: MarkTaskInstance,
          response: answers(TaskInstances, ...missing),
        },
      },
      ({ params, query, body, principal }) => patchInstance(params, query.update_mask, body, dryRun, principal?.name, context),
    );
  }
};

export interface InstanceAddress {
  readonly dag_id: string;
  readonly dag_run_id: string;
  readonly task_id: string;
  /** Absent: all instances of the task. */
  readonly map_index: number | undefined;
}

/** Throws what the patch of one task instance is refused with. */
export async function patchInstance(
  { dag_id, dag_run_id, task_id, map_index }: InstanceAddress,
  mask: readonly string[] | undefined,
  body: Static<typeof MarkTaskInstance>,
  dryRun: boolean,
  user: string | undefined,
  context: ResourceContext,
): Promise<TaskInstanceCollection> {
  const { deps, lookup } = context;
  const run = await lookup.run(dag_id, dag_run_id);
  const asked = (field: 'new_state' | 'note'): boolean => mask?.includes(field) ?? true;
  const state = asked('new_state') ? (body.new_state ?? undefined) : undefined;
  const note = asked('note') ? body.note : undefined;
  if (state === undefined && note === undefined)
    throw invalid({ field: 'body', message: 'says nothing to change: give new_state or note' });
  if (state !== undefined && state !== 'success' && state !== 'failed')
    throw unsupported('body.new_state', 'A task instance can be marked "success" or "failed"; to run it anew, clear it');
  if (note !== undefined && !dryRun)
    await deps.commands.setTaskNote((await lookup.taskInstance(dag_id, dag_run_id, task_id, map_index ?? -1)).taskInstanceId, note);
  if (state === undefined) {
    const noted = { affected: [{ runId: dag_run_id, taskId: task_id, mapIndex: map_index ?? -1 }] };
    return affectedInstances(dag_id, noted, context);
  }
  const version = await context.versions.get(dag_id, run.versionNumber);
  if (version !== undefined && version.task(task_id) === undefined && version.tasksOfGroup(task_id) === undefined)
    throw new ApiProblem('HR_TASK_INSTANCE_NOT_FOUND', `Run "${dag_run_id}" of DAG "${dag_id}" has no task or group "${task_id}"`);
  const request: MarkRequest = {
    status: state,
    taskIds: [map_index === undefined ? task_id : [task_id, map_index]],
    includeUpstream: body.include_upstream,
    includeDownstream: body.include_downstream,
    includePast: body.include_past,
    includeFuture: body.include_future,
    dryRun,
  };
  const result = changed(run, await deps.runCommands.markTasks(dag_id, { runId: dag_run_id }, request, user));
  return affectedInstances(dag_id, result, context);
}
