/** The rig with a MariaDB of its own, as the connection `shop`. */
import type { Connection } from 'mysql2/promise';
import { createConnection } from 'mysql2/promise';
import { type MariadbServer, startMariadb } from '../../../../tests/support/mariadb-server.ts';
import { createRig, type Rig } from './rig.ts';

export interface MariadbRig {
  readonly rig: Rig;
  readonly server: MariadbServer;
  /** A connection of the test's own, with texts where JavaScript would lose something. */
  readonly shop: Connection;
  /** Rows of a query as the server writes them. */
  rows(sql: string): Promise<readonly (readonly (string | null)[])[]>;
  close(): Promise<void>;
}

export async function createMariadbRig(): Promise<MariadbRig> {
  const [rig, server] = await Promise.all([createRig(), startMariadb()]);
  rig.connections.shop = server.url;
  const shop = await createConnection({ uri: server.url, multipleStatements: true });
  await shop.query(`set names utf8mb4, time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES'`);
  return {
    rig,
    server,
    shop,
    async rows(sql) {
      const [found] = await shop.query({ sql, rowsAsArray: true, typeCast: (field) => field.string() });
      return found as (string | null)[][];
    },
    async close() {
      shop.destroy();
      await Promise.all([rig.close(), server.stop()]);
    },
  };
}
