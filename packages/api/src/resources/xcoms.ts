/** Results of tasks as Airflow's XComs: a task has one, under the key `return_value`. */
import {
  type XComListQuery as ListQuery,
  RESULT_KEY,
  XComCollection,
  XComCreate,
  XComEntry,
  XComListQuery,
  XComQuery,
  XComUpdate,
} from '@headrace/api-contract';
import type { CommandStore, ResultFilter, TaskInstanceRecord } from '@headrace/ports';
import { Type } from 'typebox';
import { dateTime, dateTimeOrNull } from '../answers/date-times.ts';
import { ApiProblem, invalid, unsupported } from '../http/api-problem.ts';
import { answers, answersAs, path, permit } from '../http/route-schema.ts';
import type { ResourceContext, Routes } from './context.ts';
import { given, named, timesIn } from './filters.ts';
import { ANY } from './lookup.ts';
import { pageOf } from './page.ts';
import { valueOfResult } from './xcom-value.ts';

const tags = ['XCom'];
const list = '/dags/:dag_id/dagRuns/:dag_run_id/taskInstances/:task_id/xcomEntries';
const missing = ['HR_DAG_NOT_FOUND', 'HR_RUN_NOT_FOUND', 'HR_TASK_INSTANCE_NOT_FOUND', 'HR_RESULT_NOT_FOUND'] as const;

type Address = Readonly<Record<'dag_id' | 'dag_run_id' | 'task_id', string>>;

export const xcomRoutes: Routes = async (app, context) => {
  const { deps, lookup } = context;

  app.get(
    list,
    {
      ...permit('read', 'run'),
      schema: {
        operationId: 'get_xcom_entries',
        tags,
        description: '`~` for a DAG, a run or a task stands for any.',
        params: path('dag_id', 'dag_run_id', 'task_id'),
        querystring: XComListQuery,
        response: answers(XComCollection, 'HR_DAG_NOT_FOUND', 'HR_RUN_NOT_FOUND'),
      },
    },
    async ({ params, query }) => {
      if (params.dag_id !== ANY)
        await (params.dag_run_id === ANY ? lookup.dag(params.dag_id) : lookup.run(params.dag_id, params.dag_run_id));
      const filter = filterOf(params, query);
      if (filter === undefined) return { xcom_entries: [], total_entries: 0 };
      const { items, total } = await deps.queries.results(filter, pageOf({ ...query, order_by: ['id'] }));
      return { xcom_entries: items.map(present), total_entries: total };
    },
  );

  app.get(
    `${list}/:xcom_key`,
    {
      ...permit('read', 'run'),
      schema: {
        operationId: 'get_xcom_entry',
        tags,
        params: path('dag_id', 'dag_run_id', 'task_id', 'xcom_key'),
        querystring: XComQuery,
        response: answers(XComEntry, ...missing),
      },
    },
    async ({ params, query }) => {
      const record = await lookup.taskInstance(params.dag_id, params.dag_run_id, params.task_id, query.map_index);
      return entry(record, params.xcom_key, query.stringify);
    },
  );

  app.post(
    list,
    {
      ...permit('edit', 'run'),
      schema: {
        operationId: 'create_xcom_entry',
        tags,
        description: 'Gives a task that has succeeded without a result one: after it was marked a success, for example.',
        params: path('dag_id', 'dag_run_id', 'task_id'),
        body: XComCreate,
        response: answersAs(201, XComEntry, ...missing, 'HR_RESULT_EXISTS', 'HR_UNSUPPORTED'),
      },
    },
    async ({ params, body }, reply) => {
      if (body.key !== RESULT_KEY) throw unsupported('body.key', `A task has one result, under the key "${RESULT_KEY}"`);
      const json = jsonOf(body.value);
      const record = await change(params, body.map_index, { how: 'add', json }, context);
      return reply.code(201).send(await entry(record, RESULT_KEY, false));
    },
  );

  app.patch(
    `${list}/:xcom_key`,
    {
      ...permit('edit', 'run'),
      schema: {
        operationId: 'update_xcom_entry',
        tags,
        description: 'Gives a task another result. Tasks that begin later read it; those that have read the old one do not run again.',
        params: path('dag_id', 'dag_run_id', 'task_id', 'xcom_key'),
        body: XComUpdate,
        response: answers(XComEntry, ...missing),
      },
    },
    async ({ params, body }) => {
      refuseOtherKeys(params.xcom_key);
      const record = await change(params, body.map_index, { how: 'replace', json: jsonOf(body.value) }, context);
      return entry(record, RESULT_KEY, false);
    },
  );

  app.delete(
    `${list}/:xcom_key`,
    {
      ...permit('edit', 'run'),
      schema: {
        operationId: 'delete_xcom_entry',
        tags,
        description: 'Takes the result of a task away: tasks that begin later get `undefined` for it.',
        params: path('dag_id', 'dag_run_id', 'task_id', 'xcom_key'),
        querystring: Type.Object({ map_index: XComQuery.properties.map_index }, { additionalProperties: false }),
        response: answersAs(204, Type.Null(), ...missing),
      },
    },
    async ({ params, query }, reply) => {
      refuseOtherKeys(params.xcom_key);
      await change(params, query.map_index, { how: 'remove' }, context);
      return reply.code(204).send(null);
    },
  );

  async function entry(record: TaskInstanceRecord, key: string, stringify: boolean) {
    refuseOtherKeys(key);
    const json = await valueOfResult(record.taskInstanceId, deps);
    if (json === undefined) throw noResult(record, `it is ${record.status}`);
    return { ...present(record), value: (stringify ? json : JSON.parse(json)) as unknown };
  }
};

async function change(
  { dag_id, dag_run_id, task_id }: Address,
  mapIndex: number,
  change: Parameters<CommandStore['setResult']>[1],
  { deps, lookup }: ResourceContext,
): Promise<TaskInstanceRecord> {
  const record = await lookup.taskInstance(dag_id, dag_run_id, task_id, mapIndex);
  switch (await deps.commands.setResult(record.taskInstanceId, change)) {
    case 'not_succeeded':
      throw noResult(record, `it is ${record.status}, and only what has succeeded has one`);
    case 'no_result':
      throw noResult(record, 'there is none');
    case 'has_result':
      throw new ApiProblem('HR_RESULT_EXISTS', `Task "${record.taskId}" has a result already: change it instead`);
    case 'ok':
      return record;
  }
}

function noResult({ taskId }: TaskInstanceRecord, why: string): ApiProblem {
  return new ApiProblem('HR_RESULT_NOT_FOUND', `Task "${taskId}" has no result "${RESULT_KEY}": ${why}`);
}

function refuseOtherKeys(key: string): void {
  if (key !== RESULT_KEY) throw new ApiProblem('HR_RESULT_NOT_FOUND', `A task has no result "${key}": the only key is "${RESULT_KEY}"`);
}

function jsonOf(value: unknown): string {
  if (value === undefined) throw invalid({ field: 'body.value', message: 'is missing' });
  return JSON.stringify(value);
}

/** Undefined: nothing can fit. */
function filterOf({ dag_id, dag_run_id, task_id }: Address, query: ListQuery): ResultFilter | undefined {
  const { xcom_key, xcom_key_pattern, map_index, map_index_filter } = query;
  if (xcom_key !== undefined && xcom_key !== RESULT_KEY) return undefined;
  if (xcom_key_pattern !== undefined && !fitsKey(xcom_key_pattern)) return undefined;
  if (map_index !== undefined && map_index_filter !== undefined && map_index !== map_index_filter) return undefined;
  const index = map_index ?? map_index_filter;
  return given({
    dagId: named(dag_id),
    runId: named(dag_run_id),
    taskId: named(task_id),
    mapIndexes: index === undefined ? undefined : [index],
    dagIdPattern: query.dag_display_name_pattern,
    runIdPattern: query.run_id_pattern,
    taskIdPattern: query.task_id_pattern,
    logicalDate: timesIn(query, 'logical_date'),
    runAfter: timesIn(query, 'run_after'),
  });
}

/** As the store reads patterns, of the one key that there is: by its parts in their order, without a regular expression of the caller's. */
function fitsKey(pattern: string): boolean {
  return pattern.split('|').some((one) => {
    let rest = RESULT_KEY;
    return one
      .trim()
      .split('%')
      .every((part) => {
        const at = [...rest].findIndex((_, start) => matchesAt(rest, start, part.toLowerCase()));
        if (part !== '') rest = at < 0 ? '' : rest.slice(at + part.length);
        return part === '' || at >= 0;
      });
  });
}

function matchesAt(text: string, start: number, part: string): boolean {
  return part.length <= text.length - start && [...part].every((char, index) => char === '_' || char === text[start + index]);
}

function present(record: TaskInstanceRecord) {
  return {
    key: RESULT_KEY,
    timestamp: dateTime(record.endedAt ?? record.runAfter),
    logical_date: dateTimeOrNull(record.logicalDate),
    map_index: record.mapIndex,
    task_id: record.taskId,
    dag_id: record.dagId,
    run_id: record.runId,
    dag_display_name: record.dagId,
    task_display_name: record.taskId,
    run_after: dateTime(record.runAfter),
  };
}
