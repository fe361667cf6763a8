/** What tasks read and wrote: loads, and checks of rows. Ours. */
import {
  DataCheckPage,
  DataCheckQuery,
  DataLoadPage,
  DataLoadQuery,
  DEFAULT_PAGE,
  LARGEST_PAGE,
  NewestLoadQuery,
} from '@headrace/api-contract';
import { type DataFilter, partitionText, type Range } from '@headrace/ports';
import { presentCheck, presentLoad } from '../answers/data-report.ts';
import { toInstant } from '../answers/date-times.ts';
import { answers, permit } from '../http/route-schema.ts';
import type { Routes } from './context.ts';

const tags = ['Data'];

interface FilterQuery {
  readonly limit: number;
  readonly cursor?: string;
  readonly dag_id?: string;
  readonly dag_run_id?: string;
  readonly task_id?: string;
  readonly map_index?: number;
  readonly connection_id?: string;
  readonly table?: string;
  readonly partition?: string;
}

export const dataReportRoutes: Routes = async (app, { deps: { dataReports } }) => {
  app.get(
    '/loads',
    { ...permit('read', 'data'), schema: { operationId: 'get_loads', tags, querystring: DataLoadQuery, response: answers(DataLoadPage) } },
    async ({ query }) => {
      const { load_id: loadId, quarantined, drifted } = query;
      const filter = {
        ...filterOf(query, query.committed_at_gte, query.committed_at_lte),
        ...(loadId === undefined ? {} : { loadId }),
        ...(quarantined === undefined ? {} : { quarantined }),
        ...(drifted === undefined ? {} : { drifted }),
      };
      const { items, next } = await page(query, (newest) => dataReports.loads(filter, newest));
      return { loads: items.map(presentLoad), next_cursor: next };
    },
  );

  app.get(
    '/loads/latest',
    {
      ...permit('read', 'data'),
      schema: { operationId: 'get_latest_loads', tags, querystring: NewestLoadQuery, response: answers(DataLoadPage) },
    },
    async ({ query }) => {
      const limit = limitOf(query.limit);
      const place = { connection: query.connection_id, place: query.table };
      const found = await dataReports.newestLoads(place, {
        limit: limit + 1,
        ...(query.cursor === undefined ? {} : { after: query.cursor }),
      });
      const items = found.slice(0, limit);
      const last = items.at(-1);
      return {
        loads: items.map(presentLoad),
        next_cursor: found.length <= limit || last === undefined ? null : partitionText(last.partition),
      };
    },
  );

  app.get(
    '/checks',
    {
      ...permit('read', 'data'),
      schema: { operationId: 'get_checks', tags, querystring: DataCheckQuery, response: answers(DataCheckPage) },
    },
    async ({ query }) => {
      const filter = {
        ...filterOf(query, query.checked_at_gte, query.checked_at_lte),
        ...(query.ok === undefined ? {} : { ok: query.ok }),
        ...(query.name === undefined ? {} : { name: query.name }),
      };
      const { items, next } = await page(query, (newest) => dataReports.checks(filter, newest));
      return { checks: items.map(presentCheck), next_cursor: next };
    },
  );
};

function limitOf(limit: number): number {
  return Math.min(limit === 0 ? DEFAULT_PAGE : limit, LARGEST_PAGE);
}

/** One more than is given shows whether there is another page. */
async function page<Item extends { readonly id: string }>(
  query: FilterQuery,
  ask: (newest: { readonly limit: number; readonly before?: string }) => Promise<readonly Item[]>,
): Promise<{ readonly items: readonly Item[]; readonly next: string | null }> {
  const limit = limitOf(query.limit);
  const found = await ask({ limit: limit + 1, ...(query.cursor === undefined ? {} : { before: query.cursor }) });
  const items = found.slice(0, limit);
  return { items, next: found.length <= limit ? null : (items.at(-1)?.id ?? null) };
}

function filterOf(query: FilterQuery, gte: string | undefined, lte: string | undefined): DataFilter {
  const at: Range = {
    ...(gte === undefined ? {} : { gte: toInstant(gte) as number }),
    ...(lte === undefined ? {} : { lte: toInstant(lte) as number }),
  };
  return {
    ...(query.dag_id === undefined ? {} : { dagId: query.dag_id }),
    ...(query.dag_run_id === undefined ? {} : { runId: query.dag_run_id }),
    ...(query.task_id === undefined ? {} : { taskId: query.task_id }),
    ...(query.map_index === undefined ? {} : { mapIndex: query.map_index }),
    ...(query.connection_id === undefined ? {} : { connection: query.connection_id }),
    ...(query.table === undefined ? {} : { place: query.table }),
    ...(query.partition === undefined ? {} : { partition: query.partition }),
    ...(Object.keys(at).length === 0 ? {} : { at }),
  };
}
