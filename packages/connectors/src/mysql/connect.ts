/** A client of a connection for one operation: its session settings, its end with the attempt, and errors that say what to do. */
import { DataError } from '@headrace/dataplane';
import type { ConnectionSettings } from '@headrace/sdk';
import type mysql from 'mysql2';
import type { ConnectionOptions } from 'mysql2';
import { textLiteral } from './sql-text.ts';

/** A connected client: `query` with promises, `raw` for streams. */
export interface MysqlClient {
  readonly raw: mysql.Connection;
  readonly isMariadb: boolean;
  /** 1_011_019 for 10.11.19. */
  readonly version: number;
  /** Runs one statement; parameters are `?`, and become literals that need no escaping. Rows are arrays of texts. */
  rows(sql: string, values?: readonly Parameter[]): Promise<readonly (readonly (string | null)[])[]>;
  /** Runs one statement that gives no rows. */
  run(sql: string, values?: readonly Parameter[]): Promise<Outcome>;
}

export type Parameter = string | number | null;

export interface Outcome {
  /** Rows found or changed. */
  readonly affectedRows: number;
  readonly warningStatus: number;
}

const SESSION = `set names utf8mb4, time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION',
  session transaction_isolation = 'READ-COMMITTED', sql_auto_is_null = 0, net_write_timeout = 3600, net_read_timeout = 3600`;

/**
 * Runs `use` with a connected client and closes it. When the signal aborts, the connection is cut, and with it whatever
 * transaction is open.
 */
export async function withClient<T>(
  settings: ConnectionSettings,
  signal: AbortSignal,
  use: (client: MysqlClient) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const client = await connect(settings);
  const cut = (): void => client.raw.destroy();
  signal.addEventListener('abort', cut);
  try {
    const result = await use(client);
    client.raw.end();
    return result;
  } catch (error) {
    client.raw.destroy();
    signal.throwIfAborted();
    throw explainLoss(error, settings);
  } finally {
    signal.removeEventListener('abort', cut);
  }
}

async function connect(settings: ConnectionSettings): Promise<MysqlClient> {
  const { url, options } = optionsOf(settings);
  const { createConnection } = await import('mysql2');
  const raw = createConnection(options);
  // A connection that is lost between two queries must not end the process; the next query reports it.
  raw.on('error', () => {});
  try {
    await new Promise<void>((resolve, reject) => raw.connect((error) => (error ? reject(error) : resolve())));
    const client = clientOf(raw);
    const [[version = ''] = []] = await client.rows('select version()');
    const [, major, minor, patch] = /^(\d+)\.(\d+)\.(\d+)/.exec(version ?? '') ?? [];
    const isMariadb = /mariadb/i.test(version ?? '');
    // Which of both names it has depends on the server's kind and age.
    await client.run(isMariadb ? SESSION.replace('transaction_isolation', 'tx_isolation') : SESSION);
    return { ...client, isMariadb, version: Number(major) * 100_000 + Number(minor) * 1000 + Number(patch) };
  } catch (error) {
    raw.destroy();
    throw connectionError(error, settings.id, url);
  }
}

function clientOf(raw: mysql.Connection): Pick<MysqlClient, 'raw' | 'rows' | 'run'> {
  const execute = <T>(sql: string, values: readonly Parameter[]): Promise<T> =>
    new Promise((resolve, reject) => {
      let next = 0;
      const bound = sql.replaceAll('?', () => parameterLiteral(values[next++] ?? null));
      raw.query({ sql: bound, rowsAsArray: true, typeCast: (field) => field.string() }, (error: unknown, result: unknown) =>
        error ? reject(error) : resolve(result as T),
      );
    });
  return { raw, rows: (sql, values = []) => execute(sql, values), run: (sql, values = []) => execute(sql, values) };
}

function parameterLiteral(value: Parameter): string {
  if (value === null) return 'null';
  return typeof value === 'number' ? String(value) : textLiteral(value);
}

/** What the URL's query may say: how the server's certificate is looked at, by MySQL's own names. */
const TLS_MODES: Readonly<Record<string, ConnectionOptions['ssl']>> = {
  DISABLED: undefined,
  REQUIRED: { rejectUnauthorized: false },
  VERIFY_CA: { rejectUnauthorized: true, verifyIdentity: false },
  VERIFY_IDENTITY: { rejectUnauthorized: true, verifyIdentity: true },
};

function optionsOf(settings: ConnectionSettings): { readonly url: URL; readonly options: ConnectionOptions } {
  const refuse = (why: string): DataError =>
    new DataError('HR_CONNECTION_URL', `Connection "${settings.id}" ${why}: use mysql://user:password@host:3306/database`);
  if (!URL.canParse(settings.url)) throw refuse('has no valid URL');
  const url = new URL(settings.url);
  if (url.protocol !== 'mysql:' && url.protocol !== 'mariadb:') throw refuse(`is no MySQL connection, but ${url.protocol}//…`);
  const mode = url.searchParams.get('ssl-mode')?.toUpperCase() ?? 'DISABLED';
  // An option of the driver is never taken from a URL: some of them read files, or allow several statements in one.
  for (const name of url.searchParams.keys())
    if (name !== 'ssl-mode') throw refuse(`has the unknown setting "${name}" (known is ssl-mode)`);
  if (!Object.hasOwn(TLS_MODES, mode)) throw refuse(`has an unknown ssl-mode (known are ${Object.keys(TLS_MODES).join(', ')})`);
  const ssl = TLS_MODES[mode];
  const database = decodeURIComponent(url.pathname.slice(1));
  return {
    url,
    options: {
      host: url.hostname.replace(/^\[|\]$/g, '') || 'localhost',
      port: Number(url.port || 3306),
      user: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
      ...(database === '' ? {} : { database }),
      ...(ssl === undefined ? {} : { ssl }),
      connectTimeout: 15_000,
      enableKeepAlive: true,
      flags: ['-IGNORE_SPACE', '-FOUND_ROWS'],
      connectAttributes: { program_name: 'headrace' },
    },
  };
}

/** Never repeats the URL: it holds the password. */
function connectionError(error: unknown, connection: string, url: URL): unknown {
  if (error instanceof DataError) return error;
  const where = placeOf(connection, url);
  const errno = errnoOf(error);
  const user = decodeURIComponent(url.username);
  const database = decodeURIComponent(url.pathname.slice(1));
  if (errno === 1045 || errno === 1698)
    return new DataError(
      'HR_LOGIN_REFUSED',
      `${where} refused the login of user "${user}": check the user and the password of the connection`,
    );
  if (errno === 1044)
    return new DataError('HR_LOGIN_REFUSED', `${where}: user "${user}" may not use the database "${database}": grant it, or name another`);
  if (errno === 1049)
    return new DataError('HR_DATABASE_NOT_FOUND', `${where} has no database "${database}": check the last part of the connection's URL`);
  if (errno === 1040 || errno === 1203 || errno === 1226)
    return new DataError('HR_CONNECTION_FAILED', `${where} takes no connection now: ${messageOf(error)}`, {
      cause: error,
      retryable: true,
    });
  if (errno !== undefined && errno >= 1000) return error;
  return new DataError(
    'HR_CONNECTION_FAILED',
    `Cannot reach ${where}: ${messageOf(error)}. Check the host, the port and that the server runs`,
    { cause: error, retryable: true },
  );
}

/** A server that went away, or a lock that others held too long: both may be otherwise at the next try. */
function explainLoss(error: unknown, { id, url }: ConnectionSettings): unknown {
  if (error instanceof DataError) return error;
  const { code, fatal } = error as { readonly code?: unknown; readonly fatal?: unknown };
  const errno = errnoOf(error);
  const where = placeOf(id, new URL(url));
  if (errno === 1205 || errno === 1213) {
    return new DataError('HR_LOCK_TIMEOUT', `${where}: somebody else held a lock too long (${messageOf(error)}). Nothing was changed`, {
      cause: error,
      retryable: true,
    });
  }
  if (errno === 1153)
    return new DataError(
      'HR_PACKET_TOO_LARGE',
      `${where}: a row is larger than the server takes (${messageOf(error)}). Raise its max_allowed_packet, or leave the large column out`,
      { cause: error },
    );
  if (fatal === true || LOST.has(String(code)) || LOST_NUMBERS.has(errno ?? 0)) {
    return new DataError(
      'HR_CONNECTION_LOST',
      `The connection to ${where} was lost: ${messageOf(error)}. What was not committed is undone`,
      {
        cause: error,
        retryable: true,
      },
    );
  }
  return error;
}

const LOST: ReadonlySet<string> = new Set(['PROTOCOL_CONNECTION_LOST', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT']);
/** Shutdown, connection killed, gone away, lost during the query. */
const LOST_NUMBERS: ReadonlySet<number> = new Set([1053, 1927, 2006, 2013]);

function placeOf(connection: string, url: URL): string {
  return `MySQL at ${url.hostname || 'localhost'}:${url.port || '3306'} (connection "${connection}")`;
}

/** The server's own number of an error; undefined for one of the system. */
export function errnoOf(error: unknown): number | undefined {
  const { errno } = (error ?? {}) as { readonly errno?: unknown };
  return typeof errno === 'number' && errno >= 1000 ? errno : undefined;
}

export function messageOf(error: unknown): string {
  const { message, errors } = (error ?? {}) as { readonly message?: string; readonly errors?: readonly unknown[] };
  // Several addresses of one host fail together, with no message of their own.
  return errors?.[0] === undefined ? message || String(error) : messageOf(errors[0]);
}
