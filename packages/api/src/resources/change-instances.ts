/** Deletes task instances, and changes several at once. */
import { BulkResponse, type BulkTaskInstance, BulkTaskInstances, MapIndexQuery } from '@headrace/api-contract';
import { Type } from 'typebox';
import { ApiProblem, invalid, unsupported } from '../http/api-problem.ts';
import { answers, path, permit } from '../http/route-schema.ts';
import { type BulkAction, type BulkKind, carryOut } from './bulk.ts';
import type { ResourceContext, Routes } from './context.ts';
import { ANY } from './lookup.ts';
import { patchInstance } from './mark.ts';

const tags = ['Task Instance'];
const list = '/dags/:dag_id/dagRuns/:dag_run_id/taskInstances';

export const changeInstanceRoutes: Routes = async (app, context) => {
  app.delete(
    `${list}/:task_id`,
    {
      ...permit('edit', 'run'),
      schema: {
        operationId: 'delete_task_instance',
        tags,
        description: 'Only of a task that is `removed`: that the version of the DAG that the run goes by no longer has.',
        params: path('dag_id', 'dag_run_id', 'task_id'),
        querystring: MapIndexQuery,
        response: answers(Type.Null(), 'HR_DAG_NOT_FOUND', 'HR_RUN_NOT_FOUND', 'HR_TASK_INSTANCE_NOT_FOUND', 'HR_TASK_NEEDED'),
      },
    },
    async ({ params, query }) => {
      await deleteInstance(params.dag_id, params.dag_run_id, params.task_id, query.map_index, context);
      return null;
    },
  );

  app.patch(
    list,
    {
      // What each of several runs and DAGs is changed by is only known from the entities.
      ...permit('operate', 'run', { every: true }),
      schema: {
        operationId: 'bulk_task_instances',
        tags,
        params: path('dag_id', 'dag_run_id'),
        body: BulkTaskInstances,
        response: answers(BulkResponse, 'HR_DAG_NOT_FOUND', 'HR_RUN_NOT_FOUND'),
      },
    },
    async ({ params, body, principal }) => {
      if (params.dag_id !== ANY && params.dag_run_id !== ANY) await context.lookup.run(params.dag_id, params.dag_run_id);
      return carryOut(body.actions as BulkAction<BulkTaskInstance>[], bulkOf(params, principal?.name, context));
    },
  );
};

interface Place {
  readonly dag_id: string;
  readonly dag_run_id: string;
}

function bulkOf(place: Place, user: string | undefined, context: ResourceContext): BulkKind<BulkTaskInstance> {
  const partsOf = (entity: BulkTaskInstance | string) => {
    const given: Partial<BulkTaskInstance> = typeof entity === 'string' ? { task_id: entity } : entity;
    return {
      dagId: addressed('dag_id', place.dag_id, given.dag_id),
      runId: addressed('dag_run_id', place.dag_run_id, given.dag_run_id),
      taskId: given.task_id ?? '',
      mapIndex: given.map_index ?? undefined,
    };
  };
  return {
    keyOf: (entity) => {
      if (typeof entity === 'string') return entity;
      const { task_id, map_index, dag_id, dag_run_id } = entity;
      const index = map_index == null || map_index < 0 ? '' : `[${map_index}]`;
      return `${dag_id ?? place.dag_id}.${dag_run_id ?? place.dag_run_id}.${task_id}${index}`;
    },
    create: async () => {
      throw unsupported('body.actions', 'Task instances are made by the scheduler: trigger a run');
    },
    update: (entity, mask) => {
      const { dagId: dag_id, runId: dag_run_id, taskId: task_id, mapIndex: map_index } = partsOf(entity);
      return patchInstance({ dag_id, dag_run_id, task_id, map_index }, mask, changesOf(entity), false, user, context);
    },
    delete: (entity) => {
      const { dagId, runId, taskId, mapIndex = -1 } = partsOf(entity);
      return deleteInstance(dagId, runId, taskId, mapIndex, context);
    },
    exists: undefined,
    absent: 'HR_TASK_INSTANCE_NOT_FOUND',
  };
}

/** What is sent counts, and nothing but what is sent. */
function changesOf(entity: BulkTaskInstance) {
  const { task_id: _, dag_id: __, dag_run_id: ___, map_index: ____, ...changes } = entity;
  return changes;
}

/** What the address says, or, where that is `~`, the entity. */
function addressed(field: 'dag_id' | 'dag_run_id', address: string, given: string | null | undefined): string {
  if (given != null && address !== ANY && given !== address)
    throw invalid({ field: `body.actions.entities.${field}`, message: `is another than "${address}" of the address` });
  const found = given ?? (address === ANY ? undefined : address);
  if (found === undefined || found === ANY)
    throw invalid({ field: `body.actions.entities.${field}`, message: 'is missing: the address says ~' });
  return found;
}

async function deleteInstance(
  dagId: string,
  runId: string,
  taskId: string,
  mapIndex: number,
  { deps, lookup }: ResourceContext,
): Promise<void> {
  const record = await lookup.taskInstance(dagId, runId, taskId, mapIndex);
  if ((await deps.commands.deleteTaskInstance(record.taskInstanceId)) === 'needed')
    throw new ApiProblem('HR_TASK_NEEDED', `Task "${taskId}" is ${record.status} and a part of its run: clear it, or delete the run`);
}
