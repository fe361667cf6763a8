/** Connections. Secrets are bytes here: what is in them, and under which key, is not this store's business. */
import {
  ConnectionExistsError,
  type ConnectionFacts,
  ConnectionNotFoundError,
  type ConnectionStore,
  type StoredConnection,
} from '@headrace/ports';
import type { Database } from '../database.ts';
import { Conditions } from '../queries/conditions.ts';
import { type ListQuery, list, one } from '../queries/list.ts';
import { storableJson } from '../storable-json.ts';
import { constraintOf } from '../transaction.ts';

interface Row {
  readonly conn_id: string;
  readonly conn_type: string;
  readonly description: string | null;
  readonly settings: ConnectionFacts;
  readonly secret: Buffer | null;
  readonly key_id: string | null;
}

const CONNECTIONS: ListQuery<Row, StoredConnection> = {
  columns: 'c.conn_id, c.conn_type, c.description, c.settings, c.secret, c.key_id',
  from: 'connection c',
  order: {
    id: 'c.id',
    conn_id: 'c.conn_id',
    connection_id: 'c.conn_id',
    conn_type: 'c.conn_type',
    description: 'c.description',
    host: "c.settings ->> 'host'",
    port: "(c.settings ->> 'port')::integer",
  },
  key: 'c.id',
  item: storedConnection,
};

const CREATE = 'insert into connection (conn_id, conn_type, description, settings, secret, key_id) values ($1, $2, $3, $4, $5, $6)';

/** As `CREATE`, and last the secret that it must have now. */
const REPLACE = `
  update connection
  set conn_type = $2, description = $3, settings = $4, secret = $5, key_id = $6, updated_at = now()
  where conn_id = $1 and secret is not distinct from $7`;

export function createConnectionStore(database: Database): ConnectionStore {
  const reads = () => database.lane('reads');
  const work = () => database.lane('work');
  const byId = (connId: string): Conditions => new Conditions().add('c.conn_id = ?', connId);
  return {
    connections: ({ idPattern, visible }, page) =>
      list(reads(), CONNECTIONS, new Conditions().like('c.conn_id', idPattern).visible('c.conn_id', visible), page),
    connection: (connId) => one(reads(), CONNECTIONS, byId(connId)),

    async create(connection) {
      try {
        await work().query(CREATE, valuesOf(connection));
      } catch (error) {
        if (constraintOf(error) === 'connection_conn_id_key') throw new ConnectionExistsError(connection.connId);
        throw error;
      }
    },

    async replace(connection, before) {
      const { rowCount } = await work().query(REPLACE, [...valuesOf(connection), before === undefined ? null : Buffer.from(before.bytes)]);
      if (rowCount === 1) return true;
      if ((await one(work(), CONNECTIONS, byId(connection.connId))) === undefined) throw new ConnectionNotFoundError(connection.connId);
      return false;
    },

    async delete(connId) {
      const { rowCount } = await work().query('delete from connection where conn_id = $1', [connId]);
      if (rowCount === 0) throw new ConnectionNotFoundError(connId);
    },
  };
}

function valuesOf({ connId, connType, description, settings, secret }: StoredConnection): unknown[] {
  return [
    connId,
    connType,
    description ?? null,
    storableJson(settings),
    secret === undefined ? null : Buffer.from(secret.bytes),
    secret?.keyId ?? null,
  ];
}

function storedConnection({ conn_id, conn_type, description, settings, secret, key_id }: Row): StoredConnection {
  return {
    connId: conn_id,
    connType: conn_type,
    ...(description === null ? {} : { description }),
    settings,
    ...(secret === null || key_id === null ? {} : { secret: { bytes: new Uint8Array(secret), keyId: key_id } }),
  };
}
