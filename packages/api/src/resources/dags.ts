import {
  Dag,
  DagCollection,
  DagDetails,
  DagListQuery,
  DagPatch,
  DagPatchQuery,
  DagsPatchQuery,
  type DagListQuery as ListQuery,
} from '@headrace/api-contract';
import type { DagFilter } from '@headrace/ports';
import { Type } from 'typebox';
import { presentDag, presentDagDetails } from '../answers/dag.ts';
import { BUNDLE_NAME } from '../answers/version-book.ts';
import { ApiProblem } from '../http/api-problem.ts';
import { answers, answersAs, path, permit } from '../http/route-schema.ts';
import type { Routes } from './context.ts';
import { given, timesIn } from './filters.ts';
import { pageOf } from './page.ts';

const tags = ['DAG'];

export const dagRoutes: Routes = async (app, { deps: { queries, commands }, lookup, versions }) => {
  app.get(
    '/dags',
    {
      ...permit('read', 'dag'),
      schema: { operationId: 'get_dags', tags, querystring: DagListQuery, response: answers(DagCollection, 'HR_UNKNOWN_ORDER') },
    },
    async ({ query, principal }) => {
      const { items, total } = await queries.dags(filterOf(query, principal?.name ?? ''), pageOf(query));
      return { dags: items.map(presentDag), total_entries: total };
    },
  );

  app.patch(
    '/dags',
    {
      ...permit('operate', 'dag', { every: true }),
      schema: {
        operationId: 'patch_dags',
        tags,
        description: 'Pauses, or lets go on, the DAGs of one page of the list with these filters.',
        querystring: DagsPatchQuery,
        body: DagPatch,
        response: answers(DagCollection, 'HR_UNKNOWN_ORDER'),
      },
    },
    async ({ query, body, principal }) => {
      const filter = filterOf(query, principal?.name ?? '');
      const { items, total } = await queries.dags(filter, pageOf({ ...query, order_by: ['dag_id'] }));
      for (const { dagId, paused } of items) if (paused !== body.is_paused) await commands.setPaused(dagId, body.is_paused);
      const after = await queries.dags(
        { dagIds: items.map(({ dagId }) => dagId), includeRemoved: true },
        { limit: items.length, offset: 0, orderBy: ['dag_id'] },
      );
      return { dags: after.items.map(presentDag), total_entries: total };
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
    async ({ params, principal }) => {
      const dag = await lookup.dag(params.dag_id);
      const [version, favorites, running] = await Promise.all([
        versions.get(dag.dagId, dag.versionNumber),
        queries.favorites(principal?.name ?? ''),
        queries.runs({ dagId: dag.dagId, statuses: ['running'] }, { limit: 0, offset: 0 }),
      ]);
      return presentDagDetails(dag, version?.answer ?? null, { isFavorite: favorites.includes(dag.dagId), activeRuns: running.total });
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

  app.delete(
    '/dags/:dag_id',
    {
      ...permit('edit', 'dag'),
      schema: {
        operationId: 'delete_dag',
        tags,
        description:
          'Deletes the DAG and its history. A file that still holds it brings it back, without its history, when it is loaded next.',
        params: path('dag_id'),
        response: answers(Type.Object({ message: Type.String() }), 'HR_DAG_NOT_FOUND', 'HR_RUN_LIVE'),
      },
    },
    async ({ params: { dag_id: dagId } }) => {
      const { file } = await lookup.dag(dagId);
      const answer = await commands.deleteDag(dagId);
      if (answer === 'live')
        throw new ApiProblem('HR_RUN_LIVE', `DAG "${dagId}" has runs that have not ended: cancel them, or wait for them, first`);
      if (answer === 'not_found') throw new ApiProblem('HR_DAG_NOT_FOUND', `There is no DAG "${dagId}"`);
      return { message: `DAG "${dagId}" and its history were deleted. As long as ${file} holds it, it comes back when the file changes` };
    },
  );

  for (const favorite of [true, false]) {
    app.post(
      `/dags/:dag_id/${favorite ? '' : 'un'}favorite`,
      {
        // It changes nothing but what the caller sees.
        ...permit('read', 'dag'),
        schema: {
          operationId: `${favorite ? '' : 'un'}favorite_dag`,
          tags,
          params: path('dag_id'),
          response: answersAs(204, Type.Null(), 'HR_DAG_NOT_FOUND', 'HR_NO_FAVORITE'),
        },
      },
      async ({ params: { dag_id: dagId }, principal }, reply) => {
        await lookup.dag(dagId);
        const changed = await commands.setFavorite(principal?.name ?? '', dagId, favorite);
        if (!changed && !favorite) throw new ApiProblem('HR_NO_FAVORITE', `DAG "${dagId}" is none of your favourites`);
        return reply.code(204).send(null);
      },
    );
  }
};

function filterOf(query: Partial<ListQuery>, user: string): DagFilter {
  const run = given({
    statuses: query.dag_run_state,
    startedAt: timesIn(query, 'dag_run_start_date'),
    endedAt: timesIn(query, 'dag_run_end_date'),
  });
  const { dag_id_pattern, dag_display_name_pattern } = query;
  return given({
    dagIdPattern: dag_id_pattern ?? dag_display_name_pattern,
    [query.tags_match_mode === 'all' ? 'tags' : 'anyTags']: query.tags,
    owners: query.owners,
    paused: query.paused,
    includeRemoved: query.exclude_stale === false,
    hasImportErrors: query.has_import_errors,
    lastRunStatus: query.last_dag_run_state,
    bundleHash: query.bundle_version,
    // All DAGs come from one folder: it is the only bundle name there is.
    dagIds: query.bundle_name === undefined || query.bundle_name === BUNDLE_NAME ? undefined : [],
    hasAssetSchedule: query.has_asset_schedule,
    assetDependency: query.asset_dependency,
    run: Object.keys(run).length === 0 ? undefined : run,
    favorite: query.is_favorite === undefined ? undefined : { user, is: query.is_favorite },
    scheduleKinds: query.timetable_type,
  });
}
