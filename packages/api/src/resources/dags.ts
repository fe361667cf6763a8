import { Dag, DagCollection, DagDetails, DagListQuery, DagPatch, DagPatchQuery } from '@headrace/api-contract';
import { presentDag, presentDagDetails } from '../answers/dag.ts';
import { answers, path, permit } from '../http/route-schema.ts';
import type { Routes } from './context.ts';
import { pageOf } from './page.ts';

const tags = ['DAG'];

export const dagRoutes: Routes = async (app, { deps: { queries, commands }, lookup, versions }) => {
  app.get(
    '/dags',
    {
      ...permit('read', 'dag'),
      schema: { operationId: 'get_dags', tags, querystring: DagListQuery, response: answers(DagCollection, 'HR_UNKNOWN_ORDER') },
    },
    async ({ query }) => {
      const pattern = query.dag_id_pattern ?? query.dag_display_name_pattern;
      const { items, total } = await queries.dags(
        {
          ...(pattern === undefined ? {} : { dagIdPattern: pattern }),
          ...(query.tags === undefined ? {} : { tags: query.tags }),
          ...(query.paused === undefined ? {} : { paused: query.paused }),
          includeRemoved: !query.exclude_stale,
        },
        pageOf(query),
      );
      return { dags: items.map(presentDag), total_entries: total };
    },
  );

  app.get(
    '/dags/:dag_id',
    {
      ...permit('read', 'dag'),
      schema: { operationId: 'get_dag', tags, params: path('dag_id'), response: answers(Dag, 'HR_DAG_NOT_FOUND') },
    },
    async ({ params }) => presentDag(await lookup.dag(params.dag_id)),
  );

  app.get(
    '/dags/:dag_id/details',
    {
      ...permit('read', 'dag'),
      schema: { operationId: 'get_dag_details', tags, params: path('dag_id'), response: answers(DagDetails, 'HR_DAG_NOT_FOUND') },
    },
    async ({ params }) => {
      const dag = await lookup.dag(params.dag_id);
      const version = await versions.get(dag.dagId, dag.versionNumber);
      return presentDagDetails(dag, version?.answer ?? null);
    },
  );

  app.patch(
    '/dags/:dag_id',
    {
      ...permit('operate', 'dag'),
      schema: {
        operationId: 'patch_dag',
        tags,
        params: path('dag_id'),
        querystring: DagPatchQuery,
        body: DagPatch,
        response: answers(Dag, 'HR_DAG_NOT_FOUND'),
      },
    },
    async ({ params, body }) => {
      await lookup.dag(params.dag_id);
      await commands.setPaused(params.dag_id, body.is_paused);
      return presentDag(await lookup.dag(params.dag_id));
    },
  );
};
