/** Connections with their secrets, from the database itself: who has DATABASE_URL and the key needs no API, and no API gives them. */
import { forService, loadConfiguration, secretKeysOf } from '@headrace/configuration';
import { createConnectionBook, createKeyring, parseConnectionUrl } from '@headrace/connections';
import { silentLog } from '@headrace/ports';
import { createStore } from '@headrace/store-postgres';
import { audited } from '../audited-command.ts';
import type { Terminal } from '../terminal.ts';

const PAGE = 100;

export interface StoredConnection {
  readonly id: string;
  readonly url: string;
  /** As Airflow writes them. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Sorted by id. Throws ConfigurationError, SecretUnreadableError, and what the database says. */
export async function storedConnections(terminal: Terminal): Promise<readonly StoredConnection[]> {
  const configuration = forService(await loadConfiguration({ env: terminal.env }));
  const store = createStore({ url: configuration.databaseUrl, log: silentLog });
  try {
    const book = createConnectionBook(store.connections, createKeyring(secretKeysOf(configuration)));
    const found: StoredConnection[] = [];
    for (let total = 1, seen = 0; seen < total; ) {
      const page = await book.list({}, { limit: PAGE, offset: seen, orderBy: ['connection_id'] });
      for (const { connId, description } of page.items) {
        const url = await book.url(connId);
        if (url !== undefined) found.push({ id: connId, url, fields: fieldsOf(connId, url, description) });
      }
      seen += page.items.length;
      total = page.items.length === 0 ? 0 : page.total;
    }
    const about = { action: 'export_connections', object: 'connection', parameters: { connections: found.length } };
    return await audited(store.audit, about, async () => found);
  } finally {
    await store.close();
  }
}

function fieldsOf(connId: string, url: string, description: string | undefined): Readonly<Record<string, unknown>> {
  const { connType, host, port, login, password, schema, extra } = parseConnectionUrl(connId, url);
  return {
    conn_type: connType,
    description: description ?? '',
    host: host ?? null,
    login: login ?? null,
    password: password ?? null,
    schema: schema ?? null,
    port: port ?? null,
    extra: Object.keys(extra).length === 0 ? null : JSON.stringify(extra),
  };
}
