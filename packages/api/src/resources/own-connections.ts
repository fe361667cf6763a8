/** What Airflow lacks of connections: their types, all of one in a URL, the test of a stored one, another key. */
import { ConnectionByUrl, ConnectionResponse, ConnectionTestResponse, ConnectionTypes, RotatedConnections } from '@headrace/api-contract';
import { ConnectionNotFoundError } from '@headrace/ports';
import { presentConnection } from '../answers/connection.ts';
import { answers, path, permit } from '../http/route-schema.ts';
import type { Routes } from './context.ts';
import { tested } from './tested-connection.ts';

const tags = ['Connection'];

export const ownConnectionRoutes: Routes = async (app, { deps: { connections, variables, dataAdmin } }) => {
  app.get(
    '/connectionTypes',
    { ...permit('read', 'connection'), schema: { operationId: 'get_connection_types', tags, response: answers(ConnectionTypes) } },
    async () => ({
      connection_types: connections.types.map(({ name, title, fields, extra, example }) => ({
        conn_type: name,
        title,
        fields: fields.map((field) => ({ ...field })),
        extra: extra.map((field) => ({ ...field })),
        example,
      })),
    }),
  );

  app.put(
    '/connections/:connection_id',
    {
      ...permit('edit', 'connection', { creates: true }),
      schema: {
        operationId: 'put_connection',
        tags,
        params: path('connection_id'),
        body: ConnectionByUrl,
        response: answers(ConnectionResponse, 'HR_INVALID_CONNECTION', 'HR_SECRET_KEY_MISSING'),
      },
    },
    async ({ params, body }) => presentConnection(await connections.put(params.connection_id, body.url, body.description)),
  );

  app.post(
    '/connections/:connection_id/test',
    {
      ...permit('edit', 'connection'),
      schema: {
        operationId: 'test_stored_connection',
        tags,
        params: path('connection_id'),
        response: answers(ConnectionTestResponse, 'HR_CONNECTION_NOT_FOUND', 'HR_SECRET_KEY_MISSING', 'HR_SECRET_UNREADABLE'),
      },
    },
    async ({ params: { connection_id: id } }) => {
      const url = await connections.url(id);
      if (url === undefined) throw new ConnectionNotFoundError(id);
      return tested(await dataAdmin.testConnection({ id, url }));
    },
  );

  app.post(
    '/connections/rotate',
    {
      ...permit('edit', 'connection', { every: true }),
      schema: {
        operationId: 'rotate_connections',
        tags,
        description: 'Encrypts the secrets of all connections, and all variables, under the current key.',
        response: answers(RotatedConnections, 'HR_SECRET_KEY_MISSING', 'HR_SECRET_UNREADABLE'),
      },
    },
    async () => {
      const done = [await connections.rotate(), await variables.rotate()];
      return {
        rotated: done.reduce((sum, { rotated }) => sum + rotated, 0),
        unchanged: done.reduce((sum, { unchanged }) => sum + unchanged, 0),
      };
    },
  );
};
