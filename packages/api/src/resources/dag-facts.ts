/** How the runs of DAGs ended, which tags there are, and what is wrong with DAGs. */
import {
  DagStatsCollection,
  DagStatsQuery,
  DagTagCollection,
  DagTagListQuery,
  DagWarningCollection,
  DagWarningListQuery,
} from '@headrace/api-contract';
import { dateTime } from '../answers/date-times.ts';
import { answers, permit } from '../http/route-schema.ts';
import type { Routes } from './context.ts';
import { given } from './filters.ts';
import { pageOf } from './page.ts';

const STATES = ['queued', 'running', 'success', 'failed'] as const;

export const dagFactRoutes: Routes = async (app, { deps: { queries } }) => {
  app.get(
    '/dagStats',
    {
      ...permit('read', 'dag'),
      schema: { operationId: 'get_dag_stats', tags: ['DagStats'], querystring: DagStatsQuery, response: answers(DagStatsCollection) },
    },
    async ({ query }) => {
      const found = await queries.runCounts(given({ dagIds: query.dag_ids }));
      const dags = found.map(({ dagId, counts }) => ({
        dag_id: dagId,
        dag_display_name: dagId,
        stats: STATES.map((state) => ({ state, count: counts[state] ?? 0 })),
      }));
      return { dags, total_entries: dags.length };
    },
  );

  app.get(
    '/dagTags',
    {
      ...permit('read', 'dag'),
      schema: {
        operationId: 'get_dag_tags',
        tags: ['DAG'],
        querystring: DagTagListQuery,
        response: answers(DagTagCollection, 'HR_UNKNOWN_ORDER'),
      },
    },
    async ({ query }) => {
      const { items, total } = await queries.tags(given({ pattern: query.tag_name_pattern }), pageOf(query));
      return { tags: [...items], total_entries: total };
    },
  );

  app.get(
    '/dagWarnings',
    {
      ...permit('read', 'dag', { names: [{ kind: 'dag', at: 'query.dag_id' }] }),
      schema: {
        operationId: 'list_dag_warnings',
        tags: ['DagWarning'],
        querystring: DagWarningListQuery,
        response: answers(DagWarningCollection, 'HR_UNKNOWN_ORDER'),
      },
    },
    async ({ query }) => {
      // The others cannot be: an asset conflict is an import error, and what differs at each load is refused by the loader.
      if (query.warning_type !== undefined && query.warning_type !== 'non-existent pool') return { dag_warnings: [], total_entries: 0 };
      const filter = query.dag_id === undefined ? {} : { dagIds: [query.dag_id] };
      const { items, total } = await queries.warnings(filter, pageOf(query));
      const warnings = items.map(({ dagId, kind, message, at }) => ({
        dag_id: dagId,
        dag_display_name: dagId,
        warning_type: kind,
        message,
        timestamp: dateTime(at),
      }));
      return { dag_warnings: warnings, total_entries: total };
    },
  );
};
