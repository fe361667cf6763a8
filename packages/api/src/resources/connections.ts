/** Connections that are kept in Headrace. What is secret of them goes in, and never out. */
import {
  BulkConnections,
  BulkResponse,
  ConnectionBody,
  ConnectionCollection,
  ConnectionListQuery,
  ConnectionPatch,
  ConnectionPatchQuery,
  ConnectionResponse,
  ConnectionTestResponse,
} from '@headrace/api-contract';
import { type ConnectionBook, ConnectionNotFoundError } from '@headrace/ports';
import { Type } from 'typebox';
import { connectionChange, presentConnection } from '../answers/connection.ts';
import { invalid, unsupported } from '../http/api-problem.ts';
import { answers, answersAs, path, permit } from '../http/route-schema.ts';
import { type BulkAction, type BulkKind, carryOut } from './bulk.ts';
import type { Routes } from './context.ts';
import { pageOf } from './page.ts';
import { tested } from './tested-connection.ts';

const tags = ['Connection'];
/** Who may not edit a connection of this id is told so, whether there is one or not. */
const OF_BODY = { names: [{ kind: 'connection', at: 'body.connection_id' }], creates: true } as const;

export const connectionRoutes: Routes = async (app, { deps: { connections, dataAdmin } }) => {
  app.get(
    '/connections',
    {
      ...permit('read', 'connection'),
      schema: {
        operationId: 'get_connections',
        tags,
        querystring: ConnectionListQuery,
        response: answers(ConnectionCollection, 'HR_UNKNOWN_ORDER'),
      },
    },
    async ({ query }) => {
      const filter = query.connection_id_pattern === undefined ? {} : { idPattern: query.connection_id_pattern };
      const { items, total } = await connections.list(filter, pageOf(query));
      return { connections: items.map(presentConnection), total_entries: total };
    },
  );

  app.get(
    '/connections/:connection_id',
    {
      ...permit('read', 'connection'),
      schema: {
        operationId: 'get_connection',
        tags,
        params: path('connection_id'),
        response: answers(ConnectionResponse, 'HR_CONNECTION_NOT_FOUND'),
      },
    },
    async ({ params: { connection_id: connId } }) => {
      const found = await connections.get(connId);
      if (found === undefined) throw new ConnectionNotFoundError(connId);
      return presentConnection(found);
    },
  );

  app.post(
    '/connections',
    {
      ...permit('edit', 'connection', OF_BODY),
      schema: {
        operationId: 'post_connection',
        tags,
        body: ConnectionBody,
        response: answersAs(201, ConnectionResponse, 'HR_CONNECTION_EXISTS', 'HR_INVALID_CONNECTION', 'HR_SECRET_KEY_MISSING'),
      },
    },
    async ({ body }, reply) => {
      const { connection_id: connId, conn_type: connType } = body;
      const created = await connections.create({ ...connectionChange(body), connId, connType });
      return reply.code(201).send(presentConnection(created));
    },
  );

  app.patch(
    '/connections',
    {
      ...permit('edit', 'connection', { every: true }),
      schema: { operationId: 'bulk_connections', tags, body: BulkConnections, response: answers(BulkResponse) },
    },
    ({ body }) => carryOut(body.actions as BulkAction<ConnectionBody>[], bulkOf(connections)),
  );

  app.post(
    '/connections/defaults',
    {
      ...permit('edit', 'connection', { every: true }),
      schema: { operationId: 'create_default_connections', tags, response: answersAs(204, Type.Null(), 'HR_UNSUPPORTED') },
    },
    async () => {
      throw unsupported('path', 'There are no default connections: those of Airflow lead to demonstration systems that are not here');
    },
  );

  app.patch(
    '/connections/:connection_id',
    {
      ...permit('edit', 'connection'),
      schema: {
        operationId: 'patch_connection',
        tags,
        params: path('connection_id'),
        querystring: ConnectionPatchQuery,
        body: ConnectionPatch,
        response: answers(
          ConnectionResponse,
          'HR_CONNECTION_NOT_FOUND',
          'HR_INVALID_CONNECTION',
          'HR_SECRET_KEY_MISSING',
          'HR_SECRET_UNREADABLE',
        ),
      },
    },
    async ({ params: { connection_id: connId }, query, body }) => {
      if (body.connection_id !== undefined && body.connection_id !== connId)
        throw invalid({ field: 'body.connection_id', message: `is another id than "${connId}": create a connection of the new id` });
      return presentConnection(await connections.change(connId, connectionChange(body, query.update_mask)));
    },
  );

  app.delete(
    '/connections/:connection_id',
    {
      ...permit('edit', 'connection'),
      schema: {
        operationId: 'delete_connection',
        tags,
        params: path('connection_id'),
        response: answersAs(204, Type.Null(), 'HR_CONNECTION_NOT_FOUND'),
      },
    },
    async ({ params }, reply) => {
      await connections.delete(params.connection_id);
      return reply.code(204).send(null);
    },
  );

  app.post(
    '/connections/test',
    {
      // It sends a stored secret to an address that the caller names.
      ...permit('edit', 'connection', OF_BODY),
      schema: {
        operationId: 'test_connection',
        tags,
        body: ConnectionBody,
        response: answers(ConnectionTestResponse, 'HR_INVALID_CONNECTION', 'HR_SECRET_KEY_MISSING', 'HR_SECRET_UNREADABLE'),
      },
    },
    async ({ body }) => {
      const { connection_id: id, conn_type: connType } = body;
      const url = await connections.urlOf({ ...connectionChange(body), connId: id, connType });
      return tested(await dataAdmin.testConnection({ id, url }));
    },
  );
};

function bulkOf(connections: ConnectionBook): BulkKind<ConnectionBody> {
  const keyOf = (entity: ConnectionBody | string): string => (typeof entity === 'string' ? entity : entity.connection_id);
  return {
    keyOf,
    create: (body) => connections.create({ ...connectionChange(body), connId: body.connection_id, connType: body.conn_type }),
    update: (body, mask) => connections.change(body.connection_id, connectionChange(body, mask)),
    delete: (entity) => connections.delete(keyOf(entity)),
    exists: 'HR_CONNECTION_EXISTS',
    absent: 'HR_CONNECTION_NOT_FOUND',
  };
}
