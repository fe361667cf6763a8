/** Connections as the caller may see and change them. */
import type { ConnectionBook } from '@headrace/ports';
import { mayRead, requireOn, requireOnAll, visibleTo } from './may.ts';

export function readableConnections(book: ConnectionBook): ConnectionBook {
  return {
    types: book.types,
    async list(filter, page) {
      const visible = visibleTo('read', 'connection');
      return book.list(visible === undefined ? filter : { ...filter, visible }, page);
    },
    get: async (connId) => (mayRead('connection', connId) ? book.get(connId) : undefined),
    async create(connection) {
      requireOn('edit', 'connection', connection.connId);
      return book.create(connection);
    },
    async change(connId, change) {
      requireOn('edit', 'connection', connId);
      return book.change(connId, change);
    },
    async delete(connId) {
      requireOn('edit', 'connection', connId);
      return book.delete(connId);
    },
    async put(connId, url, description) {
      requireOn('edit', 'connection', connId);
      return book.put(connId, url, description);
    },
    async rotate() {
      requireOnAll('edit', 'connection');
      return book.rotate();
    },
    async url(connId) {
      requireOn('edit', 'connection', connId);
      return book.url(connId);
    },
    async urlOf(connection) {
      requireOn('edit', 'connection', connection.connId);
      return book.urlOf(connection);
    },
  };
}
