/** A client of a connection for one operation: its session settings, its end with the attempt, and errors that say what to do. */
import type { Socket } from 'node:net';
import { DataError } from '@headrace/dataplane';
import type { ConnectionSettings } from '@headrace/sdk';
import pg from 'pg';

/**
 * Runs `use` with a connected client and closes it. When the signal aborts, the connection is cut, and with it whatever
 * transaction is open.
 */
export async function withClient<T>(settings: ConnectionSettings, signal: AbortSignal, use: (client: pg.Client) => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  const client = await connect(settings);
  const cut = (): void => {
    void client.end().catch(() => {});
    socketOf(client)?.destroy();
  };
  signal.addEventListener('abort', cut);
  try {
    return await use(client);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', cut);
    await client.end().catch(() => {});
  }
}

/** Makes values that SQL refers to settings of the session. */
export async function applySettings(client: pg.Client, settings: ReadonlyMap<string, string>): Promise<void> {
  for (const [name, value] of settings) await client.query('select set_config($1, $2, false)', [name, value]);
}

async function connect(settings: ConnectionSettings): Promise<pg.Client> {
  let url: URL;
  try {
    url = new URL(settings.url);
  } catch {
    throw new DataError(
      'HR_CONNECTION_URL',
      `Connection "${settings.id}" has no valid URL: use postgres://user:password@host:5432/database`,
    );
  }
  const client = new pg.Client({
    connectionString: settings.url,
    application_name: 'headrace',
    connectionTimeoutMillis: 15_000,
    keepAlive: true,
  });
  // A connection that is lost between two queries must not end the process; the next query reports it.
  client.on('error', () => {});
  try {
    await client.connect();
    // What COPY writes and reads as text must not depend on the server's settings.
    await client.query(`
      set datestyle to 'ISO, YMD'; set intervalstyle to 'postgres'; set timezone to 'UTC'; set extra_float_digits to 1;
      set bytea_output to 'hex'; set standard_conforming_strings to on; set client_encoding to 'UTF8';
      set idle_in_transaction_session_timeout to '5min'`);
    return client;
  } catch (error) {
    await client.end().catch(() => {});
    throw connectionError(error, settings.id, url);
  }
}

/** Never repeats the URL: it holds the password. */
function connectionError(error: unknown, connection: string, url: URL): unknown {
  const where = `PostgreSQL at ${url.hostname || 'localhost'}:${url.port || '5432'} (connection "${connection}")`;
  const code = codeOf(error);
  const user = decodeURIComponent(url.username);
  const database = decodeURIComponent(url.pathname.slice(1));
  if (code === '28P01' || code === '28000') {
    return new DataError(
      'HR_LOGIN_REFUSED',
      `${where} refused the login of user "${user}": check the user and the password of the connection`,
    );
  }
  if (code === '3D000')
    return new DataError('HR_DATABASE_NOT_FOUND', `${where} has no database "${database}": check the last part of the connection's URL`);
  if (code === '53300' || code === '57P03')
    return new DataError('HR_CONNECTION_FAILED', `${where} takes no connection now: ${messageOf(error)}`, {
      cause: error,
      retryable: true,
    });
  if (code !== undefined && /^[0-9A-Z]{5}$/.test(code) && !code.startsWith('08')) return error;
  return new DataError(
    'HR_CONNECTION_FAILED',
    `Cannot reach ${where}: ${messageOf(error)}. Check the host, the port and that the server runs`,
    { cause: error, retryable: true },
  );
}

/** The SQLSTATE of an error of PostgreSQL, or the code of one of the system. */
export function codeOf(error: unknown): string | undefined {
  const { code, errors } = error as { readonly code?: unknown; readonly errors?: readonly unknown[] };
  if (typeof code === 'string') return code;
  return errors?.[0] === undefined ? undefined : codeOf(errors[0]);
}

function messageOf(error: unknown): string {
  const { message, errors } = error as { readonly message?: string; readonly errors?: readonly unknown[] };
  // Several addresses of one host fail together, with no message of their own.
  return errors?.[0] === undefined ? (message ?? String(error)) : messageOf(errors[0]);
}

/** The socket under a client; its types do not tell of it. */
function socketOf(client: pg.Client): Socket | undefined {
  return (client as unknown as { connection?: { stream?: Socket } }).connection?.stream;
}
