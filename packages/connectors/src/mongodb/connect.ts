/** A client of a connection for one operation: its end with the attempt, and errors that say what to do. */
import { DataError } from '@headrace/dataplane';
import type { ConnectionSettings } from '@headrace/sdk';
import { type Db, MongoClient, type MongoClientOptions } from 'mongodb';

/** What an attempt waits for a server to be there. */
const FIND_SERVER_MS = 15_000;

export interface MongoSession {
  readonly client: MongoClient;
  readonly db: Db;
  /** For messages. */
  readonly where: string;
}

/** Runs `use` with a connected client and closes it. When the signal aborts, the connection is cut. Throws DataError. */
export async function withMongo<T>(
  settings: ConnectionSettings,
  signal: AbortSignal,
  use: (session: MongoSession) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const { client, where } = clientOf(settings);
  const cut = (): void => {
    void client.close(true).catch(() => {});
  };
  signal.addEventListener('abort', cut);
  try {
    await client.connect();
    const db = client.db();
    await db.command({ ping: 1 });
    return await use({ client, db, where });
  } catch (error) {
    signal.throwIfAborted();
    throw explainMongo(error, where);
  } finally {
    signal.removeEventListener('abort', cut);
    await client.close().catch(() => {});
  }
}

function clientOf({ id, url }: ConnectionSettings): { readonly client: MongoClient; readonly where: string } {
  const form = 'use mongodb://user:password@host:27017/database or mongodb+srv://…';
  const parts = /^mongodb(\+srv)?:\/\/(?:[^@/]*@)?([^/?]+)\/([^?]*)/.exec(url);
  if (parts === null || parts[3] === '') throw new DataError('HR_CONNECTION_URL', `Connection "${id}" names no database: ${form}`);
  // What the URL says of its own counts.
  const wait = (name: 'serverSelectionTimeoutMS' | 'connectTimeoutMS'): MongoClientOptions =>
    url.includes(`${name}=`) ? {} : { [name]: FIND_SERVER_MS };
  const options = { appName: 'headrace', ...wait('serverSelectionTimeoutMS'), ...wait('connectTimeoutMS') };
  try {
    return { client: new MongoClient(url, options), where: `MongoDB at ${parts[2]} (connection "${id}")` };
  } catch (error) {
    // The message may repeat a part of the URL.
    throw new DataError('HR_CONNECTION_URL', `Connection "${id}" has no valid URL (${nameOf(error)}): ${form}`);
  }
}

/** What the driver and the server say, as an error that says what to do. Never repeats the URL: it holds the password. */
export function explainMongo(error: unknown, where: string): unknown {
  if (error instanceof DataError) return error;
  const { codeName, message } = error as { readonly codeName?: string; readonly message?: string };
  const code = codeOf(error);
  if (code === 18 || code === 8000)
    return new DataError(
      'HR_LOGIN_REFUSED',
      `${where} refused the login: ${firstLine(message)}. Check user, password, authSource and authMechanism of the connection`,
    );
  if (code === 13)
    return new DataError('HR_STORAGE_REFUSED', `${where} refused: ${firstLine(message)}. Check the rights of the connection's user`, {
      cause: error,
    });
  if (isConnectionLoss(error) || nameOf(error) === 'MongoServerSelectionError')
    return new DataError(
      'HR_CONNECTION_FAILED',
      `Cannot reach ${where}: ${firstLine(message)}. Check the host, the port and that the server runs`,
      {
        retryable: true,
        cause: error,
      },
    );
  if (code !== undefined)
    return new DataError('HR_MONGODB_REFUSED', `${where} refused: ${firstLine(message)} (${codeName ?? code})`, { cause: error });
  return error;
}

/** Whether the connection broke, or the server stepped down or forgot the cursor, so that asking again may go well. */
export function isConnectionLoss(error: unknown): boolean {
  const CURSOR_NOT_FOUND = 43;
  const RETRYABLE = [6, 7, 89, 91, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436, CURSOR_NOT_FOUND];
  // A bulk write repeats of a lost connection only what it says.
  if (nameOf(error) === 'MongoBulkWriteError' && codeOf(error) === undefined) return true;
  const lost = /^Mongo(Network|PoolCleared|NetworkTimeout|TopologyClosed|NotConnected)/;
  return lost.test(nameOf(error)) || RETRYABLE.includes(codeOf(error) ?? 0);
}

/** What the server calls an error. Where nothing is promoted it is a number in BSON's clothes. */
export function codeOf(error: unknown): number | undefined {
  const { code } = error as { readonly code?: unknown };
  return code === undefined || code === null || Number.isNaN(Number(code)) ? undefined : Number(code);
}

function nameOf(error: unknown): string {
  return (error as { readonly name?: string } | undefined)?.name ?? 'error';
}

function firstLine(message: string | undefined): string {
  return (message ?? '').split('\n')[0]?.replace(/\.$/, '') ?? '';
}
