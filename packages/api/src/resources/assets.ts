/** Assets and their events. */
import {
  Asset,
  AssetAlias,
  AssetAliasCollection,
  AssetAliasListQuery,
  AssetCollection,
  AssetEvent,
  AssetEventCollection,
  AssetEventListQuery,
  AssetListQuery,
  CreateAssetEvent,
  DagRun,
  MaterializeAsset,
} from '@headrace/api-contract';
import { checkAssetEvent } from '@headrace/core';
import type { AssetEventFilter, AssetEventRecord, Listed, Range } from '@headrace/ports';
import { presentAsset, presentAssetEvent } from '../answers/asset.ts';
import { presentDagRun } from '../answers/dag-run.ts';
import { toInstant } from '../answers/date-times.ts';
import { ApiProblem } from '../http/api-problem.ts';
import { answers, path, permit } from '../http/route-schema.ts';
import type { Routes } from './context.ts';
import { findAsset } from './find-asset.ts';
import { toMaterialization } from './materialize.ts';
import { pageOf } from './page.ts';
import { callerOf } from './trigger.ts';

const tags = ['Asset'];

export const assetRoutes: Routes = async (app, { deps, lookup, versions }) => {
  const { assets, commands } = deps;

  async function withRuns({ items, total }: Listed<AssetEventRecord>): Promise<AssetEventCollection> {
    const runs = await assets.runsOfEvents(items.map((event) => event.eventId));
    return { asset_events: items.map((event) => presentAssetEvent(event, runs)), total_entries: total };
  }

  app.get(
    '/assets',
    {
      ...permit('read', 'asset'),
      schema: {
        operationId: 'get_assets',
        tags,
        querystring: AssetListQuery,
        response: answers(AssetCollection, 'HR_UNKNOWN_ORDER'),
      },
    },
    async ({ query }) => {
      const { items, total } = await assets.assets(
        {
          onlyActive: query.only_active,
          ...(query.name_pattern === undefined ? {} : { namePattern: query.name_pattern }),
          ...(query.uri_pattern === undefined ? {} : { uriPattern: query.uri_pattern }),
          ...(query.dag_ids === undefined ? {} : { dagIds: query.dag_ids }),
        },
        pageOf(query),
      );
      return { assets: items.map(presentAsset), total_entries: total };
    },
  );

  app.get(
    '/assets/aliases',
    {
      ...permit('read', 'asset'),
      schema: { operationId: 'get_asset_aliases', tags, querystring: AssetAliasListQuery, response: answers(AssetAliasCollection) },
    },
    async () => ({ asset_aliases: [], total_entries: 0 }),
  );

  app.get(
    '/assets/aliases/:asset_alias_id',
    {
      ...permit('read', 'asset'),
      schema: {
        operationId: 'get_asset_alias',
        tags,
        params: path('asset_alias_id'),
        response: answers(AssetAlias, 'HR_ASSET_ALIAS_NOT_FOUND'),
      },
    },
    async ({ params }) => {
      throw new ApiProblem('HR_ASSET_ALIAS_NOT_FOUND', `There is no asset alias ${params.asset_alias_id}: Headrace has none`);
    },
  );

  app.get(
    '/assets/events',
    {
      ...permit('read', 'asset'),
      schema: {
        operationId: 'get_asset_events',
        tags,
        querystring: AssetEventListQuery,
        response: answers(AssetEventCollection, 'HR_UNKNOWN_ORDER'),
      },
    },
    async ({ query }) => withRuns(await assets.events(filterOf(query), pageOf(query))),
  );

  app.post(
    '/assets/events',
    {
      ...permit('operate', 'asset'),
      schema: {
        operationId: 'create_asset_event',
        tags,
        body: CreateAssetEvent,
        response: answers(AssetEvent, 'HR_ASSET_NOT_FOUND', 'HR_INVALID_ASSET_EVENT'),
      },
    },
    async ({ body, principal }) => {
      const { spec } = await findAsset(assets, { assetId: String(body.asset_id) });
      const event = { extra: body.extra ?? {}, ...(body.partition_key == null ? {} : { partition: body.partition_key }) };
      checkAssetEvent(spec, event);
      return presentAssetEvent(await assets.addEvent({ asset: spec.name, ...event }, principal?.name), []);
    },
  );

  app.get(
    '/assets/:asset_id',
    {
      ...permit('read', 'asset'),
      schema: { operationId: 'get_asset', tags, params: path('asset_id'), response: answers(Asset, 'HR_ASSET_NOT_FOUND') },
    },
    async ({ params }) => presentAsset(await findAsset(assets, { assetId: String(params.asset_id) })),
  );

  app.post(
    '/assets/:asset_id/materialize',
    {
      ...permit('operate', 'asset'),
      schema: {
        operationId: 'materialize_asset',
        tags,
        params: path('asset_id'),
        body: MaterializeAsset,
        response: answers(
          DagRun,
          'HR_ASSET_NOT_FOUND',
          'HR_ASSET_NOT_PRODUCED',
          'HR_ASSET_PRODUCED_TWICE',
          'HR_INVALID_ASSET_EVENT',
          'HR_RUN_EXISTS',
          'HR_INVALID_PARAMS',
          'HR_RUN_TYPE_NOT_ALLOWED',
        ),
      },
    },
    async (request) => {
      const asset = await findAsset(assets, { assetId: String(request.params.asset_id) });
      const asked = await toMaterialization(asset, request.body, callerOf(request), lookup, deps.validateParams);
      const { runId, run } = await commands.trigger(asked);
      return presentDagRun(run ?? (await lookup.run(asked.dagId, runId)), versions);
    },
  );

  app.get(
    '/dags/:dag_id/dagRuns/:dag_run_id/upstreamAssetEvents',
    {
      ...permit('read', 'asset'),
      schema: {
        operationId: 'get_upstream_asset_events',
        tags: ['DagRun'],
        params: path('dag_id', 'dag_run_id'),
        response: answers(AssetEventCollection, 'HR_DAG_NOT_FOUND', 'HR_RUN_NOT_FOUND'),
      },
    },
    async ({ params }) => {
      const { runKey } = await lookup.run(params.dag_id, params.dag_run_id);
      const items = await assets.triggeringEvents(runKey);
      return withRuns({ items, total: items.length });
    },
  );
};

function filterOf(query: AssetEventListQuery): AssetEventFilter {
  const bounds = (['gte', 'gt', 'lte', 'lt'] as const).flatMap((bound) => {
    const instant = toInstant(query[`timestamp_${bound}`]);
    return instant === undefined ? [] : [[bound, instant] as const];
  });
  const at: Range | undefined = bounds.length === 0 ? undefined : Object.fromEntries(bounds);
  const entries: [keyof AssetEventFilter, unknown][] = [
    ['assetId', query.asset_id === undefined ? undefined : String(query.asset_id)],
    ['namePattern', query.name_pattern],
    ['dagId', query.source_dag_id],
    ['taskId', query.source_task_id],
    ['runId', query.source_run_id],
    ['mapIndex', query.source_map_index],
    ['at', at],
  ];
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}
