/** Connections. */
import {
  ConnectionExistsError,
  ConnectionNotFoundError,
  type ConnectionStore,
  isVisible,
  type SealedSecret,
  type StoredConnection,
  UnknownOrderError,
} from '@headrace/ports';
import type { MemoryDatabase } from './database.ts';
import { likePattern } from './like-pattern.ts';

interface ConnectionRow extends StoredConnection {
  readonly id: number;
}

type Key = (row: ConnectionRow) => string | number | undefined;

const ORDERS: Readonly<Record<string, Key>> = {
  id: (row) => row.id,
  conn_id: (row) => row.connId,
  connection_id: (row) => row.connId,
  conn_type: (row) => row.connType,
  description: (row) => row.description,
  host: (row) => row.settings.host,
  port: (row) => row.settings.port,
};

export function createConnectionStore(db: MemoryDatabase): ConnectionStore {
  const table = db.table<ConnectionRow>('connection');
  return {
    async connections({ idPattern, visible }, { limit, offset, orderBy = [] }) {
      const found = [...table.rows()].filter(
        ({ connId }) => isVisible(visible, connId) && (idPattern === undefined || likePattern(idPattern).test(connId)),
      );
      const items = found
        .sort(comparison(orderBy))
        .slice(offset, offset + limit)
        .map(storedConnection);
      return { items, total: found.length };
    },
    async connection(connId) {
      const row = table.get(connId);
      return row === undefined ? undefined : storedConnection(row);
    },
    async create(connection) {
      if (table.get(connection.connId) !== undefined) throw new ConnectionExistsError(connection.connId);
      db.transaction(() => void table.insert(connection.connId, { ...connection, id: Number(db.nextId('connection')) }));
    },
    async replace(connection, before) {
      const row = table.get(connection.connId);
      if (row === undefined) throw new ConnectionNotFoundError(connection.connId);
      if (!sameSecret(row.secret, before)) return false;
      db.transaction(() => void table.put(connection.connId, { ...connection, id: row.id }));
      return true;
    },
    async delete(connId) {
      if (table.get(connId) === undefined) throw new ConnectionNotFoundError(connId);
      db.transaction(() => void table.delete(connId));
    },
  };
}

function storedConnection({ id: _, ...connection }: ConnectionRow): StoredConnection {
  return connection;
}

function sameSecret(a: SealedSecret | undefined, b: SealedSecret | undefined): boolean {
  return a === undefined || b === undefined ? a === b : Buffer.compare(a.bytes, b.bytes) === 0;
}

/** What is missing comes last. */
function comparison(orderBy: readonly string[]): (a: ConnectionRow, b: ConnectionRow) => number {
  const terms = [...orderBy, 'id'].map((term) => {
    const descending = term.startsWith('-');
    const name = descending ? term.slice(1) : term;
    const key = Object.hasOwn(ORDERS, name) ? ORDERS[name] : undefined;
    if (key === undefined) throw new UnknownOrderError(name, Object.keys(ORDERS).sort());
    return (a: ConnectionRow, b: ConnectionRow): number => {
      const [x, y] = [key(a), key(b)];
      if (x === undefined || y === undefined) return Number(x === undefined) - Number(y === undefined);
      return (x < y ? -1 : x > y ? 1 : 0) * (descending ? -1 : 1);
    };
  });
  return (a, b) => terms.reduce((found, term) => found || term(a, b), 0);
}
