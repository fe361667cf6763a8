/** Ours: which runs the schedule will make next. */
import { UpcomingRuns, UpcomingRunsQuery } from '@headrace/api-contract';
import { runsFromDue } from '@headrace/core';
import { dateTime } from '../answers/date-times.ts';
import { answers, path, permit } from '../http/route-schema.ts';
import type { Routes } from './context.ts';

export const upcomingRunRoutes: Routes = async (app, { lookup }) => {
  app.get(
    '/dags/:dag_id/upcomingRuns',
    {
      ...permit('read', 'dag'),
      schema: {
        operationId: 'get_upcoming_runs',
        tags: ['DAG'],
        params: path('dag_id'),
        querystring: UpcomingRunsQuery,
        response: answers(UpcomingRuns, 'HR_DAG_NOT_FOUND'),
      },
    },
    async ({ params, query }) => {
      const { spec, paused, removed, nextDueAt, firstSeenAt } = await lookup.dag(params.dag_id);
      const runs = paused || removed || nextDueAt === undefined ? [] : runsFromDue(spec, firstSeenAt, nextDueAt, query.limit);
      return {
        upcoming_runs: runs.map((run) => ({
          logical_date: dateTime(run.logicalDate),
          data_interval_start: dateTime(run.intervalStart),
          data_interval_end: dateTime(run.intervalEnd),
          run_after: dateTime(run.runAfter),
        })),
      };
    },
  );
};
