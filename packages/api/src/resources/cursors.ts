/** Cursors of incremental loads: they are kept with the data, so every question opens the connection. Ours. */
import { CursorCollection, CursorPatch, CursorPlaceQuery, CursorResponse } from '@headrace/api-contract';
import { ConnectionNotFoundError, type CursorRecord } from '@headrace/ports';
import { Type } from 'typebox';
import { dateTime } from '../answers/date-times.ts';
import { ApiProblem, isProblemCode } from '../http/api-problem.ts';
import { answers, answersAs, path, permit } from '../http/route-schema.ts';
import type { Routes } from './context.ts';

const tags = ['Cursor'];
const OF_CONNECTION = { names: [{ kind: 'connection', at: 'query.connection_id' }] } as const;
const ofPlace = ['HR_CONNECTION_NOT_FOUND', 'HR_CURSOR_UNSUPPORTED', 'HR_CONNECTION_UNUSABLE', 'HR_SECRET_UNREADABLE'] as const;
const ofCursor = ['HR_CURSOR_NOT_FOUND', 'HR_CURSOR_AMBIGUOUS', ...ofPlace] as const;

export const cursorRoutes: Routes = async (app, { deps: { dataAdmin, connectionUrl } }) => {
  const reach = async <T>(id: string, ask: (connection: { readonly id: string; readonly url: string }) => Promise<T>): Promise<T> => {
    const url = await connectionUrl(id);
    if (url === undefined) throw new ConnectionNotFoundError(id);
    return ask({ id, url }).catch((error: unknown) => {
      throw explained(error);
    });
  };

  app.get(
    '/cursors',
    {
      ...permit('read', 'data', OF_CONNECTION),
      schema: { operationId: 'get_cursors', tags, querystring: CursorPlaceQuery, response: answers(CursorCollection, ...ofPlace) },
    },
    async ({ query: { connection_id: id, table } }) => {
      const found = await reach(id, (connection) => dataAdmin.listCursors(connection, table));
      return { cursors: found.map((cursor) => present(id, cursor)), total_entries: found.length };
    },
  );

  app.patch(
    '/cursors/:cursor_name',
    {
      ...permit('edit', 'data', OF_CONNECTION),
      schema: {
        operationId: 'patch_cursor',
        tags,
        params: path('cursor_name'),
        querystring: CursorPlaceQuery,
        body: CursorPatch,
        response: answers(CursorResponse, ...ofCursor),
      },
    },
    async ({ params: { cursor_name: name }, query: { connection_id: id, table }, body }) =>
      present(id, await reach(id, (connection) => dataAdmin.rewindCursor(connection, name, body.value, table))),
  );

  app.delete(
    '/cursors/:cursor_name',
    {
      ...permit('edit', 'data', OF_CONNECTION),
      schema: {
        operationId: 'delete_cursor',
        tags,
        params: path('cursor_name'),
        querystring: CursorPlaceQuery,
        response: answersAs(204, Type.Null(), ...ofCursor),
      },
    },
    async ({ params: { cursor_name: name }, query: { connection_id: id, table } }, reply) => {
      await reach(id, (connection) => dataAdmin.resetCursor(connection, name, table));
      return reply.code(204).send(null);
    },
  );
};

function present(connectionId: string, { name, table, state, updatedAt, loadId }: CursorRecord): CursorResponse {
  return {
    name,
    connection_id: connectionId,
    table,
    value: state.value ?? null,
    remembered_from: state.boundaryFrom ?? null,
    remembered_rows: state.boundary?.length ?? 0,
    position: state.position ?? null,
    updated_at: dateTime(updatedAt.getTime()),
    load_id: loadId ?? null,
  };
}

/** What is wrong with the connection's system is no fault of ours, and its words say what to do. */
function explained(error: unknown): unknown {
  const { code, message } = error as { readonly code?: unknown; readonly message?: string };
  if (isProblemCode(code) || typeof code !== 'string') return error;
  return new ApiProblem('HR_CONNECTION_UNUSABLE', message ?? code);
}
