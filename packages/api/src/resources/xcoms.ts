import { buffer } from 'node:stream/consumers';
import { RESULT_KEY, XComEntry, XComQuery } from '@headrace/api-contract';
import { dateTime, dateTimeOrNull } from '../answers/date-times.ts';
import { ApiProblem } from '../http/api-problem.ts';
import { answers, path, permit } from '../http/route-schema.ts';
import type { Routes } from './context.ts';

/** The result of a task, as stored: what JSON does not have (bigint, dates, decimals) is shown in its stored form. */
export const xcomRoutes: Routes = async (app, { deps: { queries, objects }, lookup }) => {
  app.get(
    '/dags/:dag_id/dagRuns/:dag_run_id/taskInstances/:task_id/xcomEntries/:xcom_key',
    {
      ...permit('read', 'run'),
      schema: {
        operationId: 'get_xcom_entry',
        tags: ['XCom'],
        params: path('dag_id', 'dag_run_id', 'task_id', 'xcom_key'),
        querystring: XComQuery,
        response: answers(XComEntry, 'HR_TASK_INSTANCE_NOT_FOUND', 'HR_RESULT_NOT_FOUND'),
      },
    },
    async ({ params, query }) => {
      const record = await lookup.taskInstance(params.dag_id, params.dag_run_id, params.task_id, query.map_index);
      const stored = params.xcom_key === RESULT_KEY ? await queries.result(record.taskInstanceId) : undefined;
      if (stored === undefined) {
        const why = params.xcom_key === RESULT_KEY ? `it is ${record.status}` : `the only key is "${RESULT_KEY}"`;
        throw new ApiProblem('HR_RESULT_NOT_FOUND', `Task "${record.taskId}" has no result "${params.xcom_key}": ${why}`);
      }
      const json = stored.kind === 'inline' ? stored.json : (await buffer(await objects.get(stored.key))).toString('utf8');
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
        value: query.stringify ? json : JSON.parse(json),
      };
    },
  );
};
