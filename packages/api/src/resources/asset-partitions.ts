/** Ours: which partitions an asset has, what each is in, and keys that are added while it runs. */
import {
  AddedPartitions,
  AddPartitions,
  type PartitionListQuery as ListQuery,
  PartitionCollection,
  PartitionListQuery,
  RemovePartitionQuery,
} from '@headrace/api-contract';
import { dimensionsOf, type Instant, listKeys, type PartitionSpec, partitionKeyProblem, partitionsBetween } from '@headrace/core';
import type { AddedPartition, AssetRecord } from '@headrace/ports';
import { Type } from 'typebox';
import { presentPartition } from '../answers/asset.ts';
import { toInstant } from '../answers/date-times.ts';
import { ApiProblem, invalid } from '../http/api-problem.ts';
import { answers, path, permit } from '../http/route-schema.ts';
import type { Routes } from './context.ts';
import { findAsset } from './find-asset.ts';

const tags = ['Asset'];
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** The most that one can last, with hours put on the clock. */
const LONGEST: Readonly<Record<Extract<PartitionSpec, { kind: 'time' }>['every'], number>> = {
  hour: 2 * HOUR_MS,
  day: 2 * DAY_MS,
  week: 8 * DAY_MS,
  month: 32 * DAY_MS,
  quarter: 93 * DAY_MS,
  year: 367 * DAY_MS,
};

export const assetPartitionRoutes: Routes = async (app, { deps: { assets } }) => {
  const byName = path('asset_name');

  async function partitioned(name: string): Promise<{ readonly asset: AssetRecord; readonly partitions: PartitionSpec }> {
    const asset = await findAsset(assets, { name });
    const { partitions } = asset.spec;
    if (partitions === undefined) throw new ApiProblem('HR_ASSET_NOT_PARTITIONED', `Asset "${name}" has no partitions`);
    return { asset, partitions };
  }

  app.get(
    '/assets/:asset_name/partitions',
    {
      ...permit('read', 'asset'),
      schema: {
        operationId: 'get_asset_partitions',
        tags,
        params: byName,
        querystring: PartitionListQuery,
        response: answers(PartitionCollection, 'HR_ASSET_NOT_FOUND', 'HR_ASSET_NOT_PARTITIONED'),
      },
    },
    async ({ params, query }) => {
      const { asset, partitions } = await partitioned(params.asset_name);
      const keys = query.partition_key ?? keysOf(partitions, query, await assets.addedPartitions(asset.assetId), Date.now());
      for (const key of query.partition_key ?? []) {
        const problem = partitionKeyProblem(partitions, key);
        if (problem !== undefined) throw invalid({ field: 'query.partition_key', message: problem });
      }
      const records = await assets.partitions(asset.assetId, keys);
      return {
        asset_id: Number(asset.assetId),
        asset_name: asset.spec.name,
        partitions: records.map((record) => presentPartition(asset.spec, record)),
        total_entries: records.length,
      };
    },
  );

  app.post(
    '/assets/:asset_name/partitions',
    {
      ...permit('edit', 'asset'),
      schema: {
        operationId: 'add_asset_partitions',
        tags,
        params: byName,
        body: AddPartitions,
        response: answers(AddedPartitions, 'HR_ASSET_NOT_FOUND', 'HR_ASSET_NOT_PARTITIONED'),
      },
    },
    async ({ params, body }) => {
      const { asset, partitions } = await partitioned(params.asset_name);
      const dimension = dynamicDimension(partitions, body.dimension, 'body.dimension');
      for (const [index, key] of body.keys.entries()) {
        const problem = partitionKeyProblem({ kind: 'dynamic' }, key);
        if (problem !== undefined) throw invalid({ field: `body.keys.${index}`, message: problem });
      }
      await assets.addPartitions(
        asset.assetId,
        body.keys.map((key) => ({ dimension, key })),
      );
      const keys = (await assets.addedPartitions(asset.assetId)).flatMap((one) => (one.dimension === dimension ? [one.key] : []));
      return { dimension, keys, total_entries: keys.length };
    },
  );

  app.delete(
    '/assets/:asset_name/partitions/:partition_key',
    {
      ...permit('edit', 'asset'),
      schema: {
        operationId: 'remove_asset_partition',
        tags,
        params: path('asset_name', 'partition_key'),
        querystring: RemovePartitionQuery,
        response: { ...answers(Type.Null(), 'HR_ASSET_NOT_FOUND', 'HR_ASSET_NOT_PARTITIONED', 'HR_PARTITION_NOT_FOUND'), 204: Type.Null() },
      },
    },
    async ({ params, query }, reply) => {
      const { asset, partitions } = await partitioned(params.asset_name);
      const dimension = dynamicDimension(partitions, query.dimension, 'query.dimension');
      const removed = await assets.removePartitions(asset.assetId, [{ dimension, key: params.partition_key }]);
      if (removed === 0)
        throw new ApiProblem('HR_PARTITION_NOT_FOUND', `Key "${params.partition_key}" has not been added to asset "${params.asset_name}"`);
      return reply.code(204).send(null);
    },
  );
};

/** The dimension to which keys may be added: the one that is asked for, or the only dynamic one. */
function dynamicDimension(partitions: PartitionSpec, asked: string | undefined, field: string): string {
  const dynamic = dimensionsOf(partitions).flatMap(([name, spec]) => (spec.kind === 'dynamic' ? [name] : []));
  if (asked !== undefined) {
    if (dynamic.includes(asked)) return asked;
    throw invalid({ field, message: `is no dimension to which keys can be added: ${dynamic.join(', ') || 'there is none'}` });
  }
  const [only] = dynamic;
  if (only !== undefined && dynamic.length === 1) return only;
  throw invalid({
    field,
    message: dynamic.length === 0 ? 'names nothing: the asset has no dynamic partitions' : `must be one of ${dynamic.join(', ')}`,
  });
}

function keysOf(partitions: PartitionSpec, query: ListQuery, added: readonly AddedPartition[], now: Instant): readonly string[] {
  const until = toInstant(query.until) ?? now;
  const from = toInstant(query.from) ?? newestFrom(partitions, until, query.limit);
  return listKeys(partitions, {
    from,
    until,
    limit: query.limit,
    added: (dimension) => added.flatMap((one) => (one.dimension === dimension ? [one.key] : [])),
  });
}

/** From when on there are `limit` partitions of each dimension of time, at most. */
function newestFrom(partitions: PartitionSpec, until: Instant, limit: number): Instant {
  const starts = dimensionsOf(partitions).flatMap(([, spec]) => {
    if (spec.kind !== 'time') return [];
    const newest = partitionsBetween(spec, until - limit * LONGEST[spec.every], until).slice(-limit);
    return newest[0] === undefined ? [] : [newest[0].start];
  });
  return starts.length === 0 ? until : Math.max(...starts);
}
