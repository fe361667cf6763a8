import {
  ExtraLinkCollection,
  MapIndexQuery,
  MappedInstanceListQuery,
  TaskInstance,
  TaskInstanceListQuery,
  TaskInstancePage,
  TaskInstancesBatch,
  TaskInstanceTry,
  TaskInstanceTryCollection,
} from '@headrace/api-contract';
import type { Listed, TaskInstanceFilter, TaskInstanceRecord } from '@headrace/ports';
import { Type } from 'typebox';
import { presentTaskInstance, presentTaskInstances, presentTries, presentTry } from '../answers/task-instance.ts';
import { ApiProblem, invalid } from '../http/api-problem.ts';
import { answers, path, permit } from '../http/route-schema.ts';
import type { Routes } from './context.ts';
import { given, instanceBatchFilter, instanceFilter, named } from './filters.ts';
import { batchPageOf, listFacts, pageOf } from './page.ts';

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
        response: answers(TaskInstancePage, 'HR_UNKNOWN_ORDER', 'HR_INVALID_CURSOR', 'HR_DAG_NOT_FOUND', 'HR_RUN_NOT_FOUND'),
      },
    },
    async ({ params: { dag_id, dag_run_id }, query }) => {
      const group = query.task_group_id === undefined ? undefined : await tasksOfGroup(dag_id, dag_run_id, query.task_group_id);
      const common = instanceFilter(query);
      const filter: TaskInstanceFilter = {
        ...common,
        ...given({
          dagId: named(dag_id),
          runId: named(dag_run_id),
          taskId: query.task_id,
          taskIdPattern: query.task_display_name_pattern,
          dagIdPattern: query.dag_id_pattern,
          runIdPattern: query.run_id_pattern,
          taskIds: common.taskIds ?? group,
        }),
      };
      return present(dag_id, dag_run_id, await queries.taskInstances(filter, pageOf(query)));
    },
  );

  app.post(
    `${list}/list`,
    {
      ...permit('read', 'run'),
      schema: {
        operationId: 'get_task_instances_batch',
        tags,
        params: path('dag_id', 'dag_run_id'),
        body: TaskInstancesBatch,
        response: answers(TaskInstancePage, 'HR_UNKNOWN_ORDER', 'HR_INVALID_CURSOR', 'HR_DAG_NOT_FOUND', 'HR_RUN_NOT_FOUND'),
      },
    },
    async ({ params: { dag_id, dag_run_id }, body }) => {
      return present(dag_id, dag_run_id, await queries.taskInstances(instanceBatchFilter(dag_id, dag_run_id, body), batchPageOf(body)));
    },
  );

  app.get(
    `${list}/:task_id/listMapped`,
    {
      ...permit('read', 'run'),
      schema: {
        operationId: 'get_mapped_task_instances',
        tags,
        params: path('dag_id', 'dag_run_id', 'task_id'),
        querystring: MappedInstanceListQuery,
        response: answers(TaskInstancePage, 'HR_UNKNOWN_ORDER', 'HR_INVALID_CURSOR', ...missing),
      },
    },
    async ({ params: { dag_id, dag_run_id, task_id }, query }) => {
      const run = await lookup.run(dag_id, dag_run_id);
      const version = await versions.get(run.dagId, run.versionNumber);
      if (version !== undefined && version.task(task_id) === undefined)
        throw new ApiProblem('HR_TASK_INSTANCE_NOT_FOUND', `Run "${dag_run_id}" of DAG "${dag_id}" has no task "${task_id}"`);
      const filter = { ...instanceFilter(query), dagId: dag_id, runId: dag_run_id, taskId: task_id, mapped: true };
      return present(dag_id, dag_run_id, await queries.taskInstances(filter, pageOf(query)));
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
      return { task_instances: await presentTries(tries, versions), total_entries: tries.length };
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

  app.get(
    `${list}/:task_id/:map_index/tries`,
    {
      ...permit('read', 'run'),
      schema: {
        operationId: 'get_mapped_task_instance_tries',
        tags,
        params: path('dag_id', 'dag_run_id', 'task_id', 'map_index'),
        response: answers(TaskInstanceTryCollection, ...missing),
      },
    },
    async ({ params }) => {
      const record = await lookup.taskInstance(params.dag_id, params.dag_run_id, params.task_id, params.map_index);
      const tries = await queries.tries(record.taskInstanceId);
      return { task_instances: await presentTries(tries, versions), total_entries: tries.length };
    },
  );

  app.get(
    `${list}/:task_id/:map_index/tries/:task_try_number`,
    {
      ...permit('read', 'run'),
      schema: {
        operationId: 'get_mapped_task_instance_try_details',
        tags,
        params: path('dag_id', 'dag_run_id', 'task_id', 'map_index', 'task_try_number'),
        response: answers(TaskInstanceTry, ...missing, 'HR_TRY_NOT_FOUND'),
      },
    },
    async ({ params }) => {
      const record = await lookup.taskInstance(params.dag_id, params.dag_run_id, params.task_id, params.map_index);
      return presentTry(await lookup.try(record, params.task_try_number), versions);
    },
  );

  app.get(
    `${list}/:task_id/links`,
    {
      ...permit('read', 'run'),
      schema: {
        operationId: 'get_extra_links',
        tags: ['Extra Links'],
        params: path('dag_id', 'dag_run_id', 'task_id'),
        querystring: MapIndexQuery,
        response: answers(ExtraLinkCollection, ...missing),
      },
    },
    async ({ params, query }) => {
      await lookup.taskInstance(params.dag_id, params.dag_run_id, params.task_id, query.map_index);
      return { extra_links: {}, total_entries: 0 };
    },
  );

  app.get(
    `${list}/:task_id/externalLogUrl/:try_number`,
    {
      ...permit('read', 'run'),
      schema: {
        operationId: 'get_external_log_url',
        tags,
        params: path('dag_id', 'dag_run_id', 'task_id', 'try_number'),
        querystring: MapIndexQuery,
        response: answers(Type.Object({ url: Type.String() }), ...missing, 'HR_NO_EXTERNAL_LOGS'),
      },
    },
    async ({ params, query }) => {
      await lookup.taskInstance(params.dag_id, params.dag_run_id, params.task_id, query.map_index);
      throw new ApiProblem(
        'HR_NO_EXTERNAL_LOGS',
        `Logs are kept here: ask for …/taskInstances/${params.task_id}/logs/${params.try_number}`,
      );
    },
  );

  /** What is listed shows that its DAG and its run are there; only where nothing is, they are looked up. */
  async function present(dagId: string, runId: string, listed: Listed<TaskInstanceRecord>) {
    if (listed.items.length === 0) await lookup.parent(dagId, runId);
    return { task_instances: await presentTaskInstances(listed.items, versions), ...listFacts(listed) };
  }

  /** None, if the version has no such group: a filter that nothing fits. */
  async function tasksOfGroup(dagId: string, runId: string, groupId: string): Promise<readonly string[]> {
    const of = await lookup.parent(dagId, runId);
    if (of === undefined) throw invalid({ field: 'query.task_group_id', message: 'needs a DAG: a group is one of its parts' });
    return (await versions.get(of.dagId, of.versionNumber))?.tasksOfGroup(groupId) ?? [];
  }
};
