import {
  BulkPools,
  BulkResponse,
  PoolBody,
  PoolCollection,
  PoolListQuery,
  PoolPatch,
  PoolPatchQuery,
  PoolResponse,
} from '@headrace/api-contract';
import { type Pool, type PoolChange, PoolNotFoundError, type PoolRecord, type PoolStore } from '@headrace/ports';
import { Type } from 'typebox';
import { presentPool } from '../answers/pool.ts';
import { invalid } from '../http/api-problem.ts';
import { answers, answersAs, path, permit } from '../http/route-schema.ts';
import { type BulkAction, type BulkKind, carryOut } from './bulk.ts';
import type { Routes } from './context.ts';
import { pageOf } from './page.ts';

const tags = ['Pool'];

export const poolRoutes: Routes = async (app, { deps: { pools } }) => {
  const known = async (name: string): Promise<PoolRecord> => {
    const pool = await pools.pool(name);
    if (pool === undefined) throw new PoolNotFoundError(name);
    return pool;
  };

  app.get(
    '/pools',
    {
      ...permit('read', 'pool'),
      schema: { operationId: 'get_pools', tags, querystring: PoolListQuery, response: answers(PoolCollection, 'HR_UNKNOWN_ORDER') },
    },
    async ({ query }) => {
      const filter = query.pool_name_pattern === undefined ? {} : { namePattern: query.pool_name_pattern };
      const { items, total } = await pools.pools(filter, pageOf(query));
      return { pools: items.map(presentPool), total_entries: total };
    },
  );

  app.get(
    '/pools/:pool_name',
    {
      ...permit('read', 'pool'),
      schema: { operationId: 'get_pool', tags, params: path('pool_name'), response: answers(PoolResponse, 'HR_POOL_NOT_FOUND') },
    },
    async ({ params }) => presentPool(await known(params.pool_name)),
  );

  app.post(
    '/pools',
    {
      ...permit('edit', 'pool'),
      schema: { operationId: 'post_pool', tags, body: PoolBody, response: answersAs(201, PoolResponse, 'HR_POOL_EXISTS') },
    },
    async ({ body }, reply) => {
      await pools.create(newPool(body));
      return reply.code(201).send(presentPool(await known(body.name)));
    },
  );

  app.patch(
    '/pools',
    {
      ...permit('edit', 'pool'),
      schema: { operationId: 'bulk_pools', tags, body: BulkPools, response: answers(BulkResponse) },
    },
    ({ body }) => carryOut(body.actions as BulkAction<PoolBody>[], bulkOf(pools)),
  );

  app.patch(
    '/pools/:pool_name',
    {
      ...permit('edit', 'pool'),
      schema: {
        operationId: 'patch_pool',
        tags,
        params: path('pool_name'),
        querystring: PoolPatchQuery,
        body: PoolPatch,
        response: answers(PoolResponse, 'HR_POOL_NOT_FOUND'),
      },
    },
    async ({ params, query, body }) => {
      const { pool_name: name } = params;
      if (body.pool !== undefined && body.pool !== null && body.pool !== name) {
        throw invalid({ field: 'body.pool', message: `is another name than "${name}": a pool is not renamed, create one of the new name` });
      }
      await pools.change(name, changeOf(body, query.update_mask));
      return presentPool(await known(name));
    },
  );

  app.delete(
    '/pools/:pool_name',
    {
      ...permit('edit', 'pool'),
      schema: {
        operationId: 'delete_pool',
        tags,
        params: path('pool_name'),
        response: answersAs(204, Type.Null(), 'HR_POOL_NOT_FOUND', 'HR_DEFAULT_POOL'),
      },
    },
    async ({ params }, reply) => {
      await pools.delete(params.pool_name);
      return reply.code(204).send(null);
    },
  );
};

function bulkOf(pools: PoolStore): BulkKind<PoolBody> {
  const keyOf = (entity: PoolBody | string): string => (typeof entity === 'string' ? entity : entity.name);
  return {
    keyOf,
    create: (body) => pools.create(newPool(body)),
    update: (body, mask) => pools.change(body.name, changeOf(body, mask)),
    delete: (entity) => pools.delete(keyOf(entity)),
    exists: 'HR_POOL_EXISTS',
    absent: 'HR_POOL_NOT_FOUND',
  };
}

function newPool({ name, slots, description, include_deferred: includeDeferred = false }: PoolBody): Pool {
  return { name, slots, includeDeferred, ...(description == null ? {} : { description }) };
}

function changeOf({ slots, description, include_deferred }: PoolPatch, mask: readonly string[] | undefined): PoolChange {
  const wanted = (field: string): boolean => mask?.includes(field) ?? true;
  return {
    ...(slots != null && wanted('slots') ? { slots } : {}),
    ...(description !== undefined && wanted('description') ? { description } : {}),
    ...(include_deferred != null && wanted('include_deferred') ? { includeDeferred: include_deferred } : {}),
  };
}
