import {
  MapIndexQuery,
  TaskInstance,
  TaskInstanceCollection,
  TaskInstanceListQuery,
  TaskInstanceTry,
  TaskInstanceTryCollection,
} from '@headrace/api-contract';
import type { TaskInstanceFilter } from '@headrace/ports';
import { presentTaskInstance, presentTaskInstances, presentTry } from '../answers/task-instance.ts';
import { invalid } from '../http/api-problem.ts';
import { answers, path, permit } from '../http/route-schema.ts';
import type { Routes } from './context.ts';
import { ANY } from './lookup.ts';
import { pageOf } from './page.ts';

const tags = ['Task Instance'];
const missing = ['HR_DAG_NOT_FOUND', 'HR_RUN_NOT_FOUND', 'HR_TASK_INSTANCE_NOT_FOUND'] as const;
const list = '/dags/:dag_id/dagRuns/:dag_run_id/taskInstances';

export const taskInstanceRoutes: Routes = async (app, { deps: { queries }, lookup, versions }) => {
  app.get(
    list,
    {
      ...permit('read', 'run'),
      schema: {
        operationId: 'get_task_instances',
        tags,
        params: path('dag_id', 'dag_run_id'),
        querystring: TaskInstanceListQuery,
        response: answers(TaskInstanceCollection, 'HR_UNKNOWN_ORDER', 'HR_DAG_NOT_FOUND', 'HR_RUN_NOT_FOUND'),
      },
    },
    async ({ params: { dag_id, dag_run_id }, query }) => {
      const of = dag_id === ANY ? undefined : await (dag_run_id === ANY ? lookup.dag(dag_id) : lookup.run(dag_id, dag_run_id));
      const { task_group_id } = query;
      if (task_group_id !== undefined && of === undefined)
        throw invalid({ field: 'query.task_group_id', message: 'needs a DAG: a group is one of its parts' });
      const group = task_group_id === undefined || of === undefined ? undefined : await tasksOfGroup(of, task_group_id);
      const filter: TaskInstanceFilter = {
        ...(dag_id === ANY ? {} : { dagId: dag_id }),
        ...(dag_run_id === ANY ? {} : { runId: dag_run_id }),
        ...(query.task_id === undefined ? {} : { taskId: query.task_id }),
        ...(group === undefined ? {} : { taskIds: group }),
        ...(query.state === undefined ? {} : { statuses: query.state.map((state) => (state === 'no_status' ? 'none' : state)) }),
        ...(query.pool === undefined ? {} : { pools: query.pool }),
        ...(query.queue === undefined ? {} : { queues: query.queue }),
      };
      const { items, total } = await queries.taskInstances(filter, pageOf(query));
      return { task_instances: await presentTaskInstances(items, versions), total_entries: total };
    },
  );

  app.get(
    `${list}/:task_id`,
    {
      ...permit('read', 'run'),
      schema: {
        operationId: 'get_task_instance',
        tags,
        params: path('dag_id', 'dag_run_id', 'task_id'),
        response: answers(TaskInstance, ...missing),
      },
    },
    async ({ params }) => presentTaskInstance(await lookup.taskInstance(params.dag_id, params.dag_run_id, params.task_id), versions),
  );

  app.get(
    `${list}/:task_id/:map_index`,
    {
      ...permit('read', 'run'),
      schema: {
        operationId: 'get_mapped_task_instance',
        tags,
        params: path('dag_id', 'dag_run_id', 'task_id', 'map_index'),
        response: answers(TaskInstance, ...missing),
      },
    },
    async ({ params: { dag_id, dag_run_id, task_id, map_index } }) =>
      presentTaskInstance(await lookup.taskInstance(dag_id, dag_run_id, task_id, map_index), versions),
  );

  app.get(
    `${list}/:task_id/tries`,
    {
      ...permit('read', 'run'),
      schema: {
        operationId: 'get_task_instance_tries',
        tags,
        params: path('dag_id', 'dag_run_id', 'task_id'),
        querystring: MapIndexQuery,
        response: answers(TaskInstanceTryCollection, ...missing),
      },
    },
    async ({ params, query }) => {
      const record = await lookup.taskInstance(params.dag_id, params.dag_run_id, params.task_id, query.map_index);
      const tries = await queries.tries(record.taskInstanceId);
      return { task_instances: await Promise.all(tries.map((one) => presentTry(one, versions))), total_entries: tries.length };
    },
  );

  app.get(
    `${list}/:task_id/tries/:task_try_number`,
    {
      ...permit('read', 'run'),
      schema: {
        operationId: 'get_task_instance_try_details',
        tags,
        params: path('dag_id', 'dag_run_id', 'task_id', 'task_try_number'),
        querystring: MapIndexQuery,
        response: answers(TaskInstanceTry, ...missing, 'HR_TRY_NOT_FOUND'),
      },
    },
    async ({ params, query }) => {
      const record = await lookup.taskInstance(params.dag_id, params.dag_run_id, params.task_id, query.map_index);
      return presentTry(await lookup.try(record, params.task_try_number), versions);
    },
  );

  /** None, if the version has no such group: a filter that nothing fits. */
  async function tasksOfGroup(of: { readonly dagId: string; readonly versionNumber: number }, groupId: string): Promise<readonly string[]> {
    return (await versions.get(of.dagId, of.versionNumber))?.tasksOfGroup(groupId) ?? [];
  }
};
