/**
 * Whether a connection works: it really connects, logs in, and looks whether the database, bucket or folder is there.
 *
 * T1. It writes nothing.
 * T2. What it says holds no secret, and ends within `TEST_MS`.
 */
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { DataError, FileNotFoundError } from '@headrace/dataplane';
import type { ConnectionSettings } from '@headrace/sdk';
import { authorize } from './http/access-token.ts';
import { connectionEndpoint } from './http/endpoint.ts';
import { request } from './http/request.ts';
import { BLOCKED } from './refused-networks.ts';
import { openRoot } from './roots/open-root.ts';

export interface ConnectionTest {
  readonly ok: boolean;
  /** In plain words: what answered, or what is wrong and what to do. */
  readonly message: string;
  /** `HR_…`, where there is one. */
  readonly code?: string;
  readonly ms: number;
}

const TEST_MS = 20_000;
/** No such file is there; that the server says so shows that it can be read. */
const NO_SUCH_FILE = '.headrace-connection-test';

/** Never rejects. */
export async function testConnection(settings: ConnectionSettings): Promise<ConnectionTest> {
  const startedAt = performance.now();
  const ended = (rest: Omit<ConnectionTest, 'ms'>): ConnectionTest => ({ ...rest, ms: Math.round(performance.now() - startedAt) });
  try {
    return ended({ ok: true, message: await probe(settings, AbortSignal.timeout(TEST_MS)) });
  } catch (error) {
    const { name, code } = error as { readonly name?: unknown; readonly code?: unknown };
    if (name === 'TimeoutError')
      return ended({ ok: false, code: 'HR_CONNECTION_FAILED', message: `No answer within ${TEST_MS / 1_000} s` });
    return ended({ ok: false, ...(typeof code === 'string' ? { code } : {}), message: textOf(error, settings) });
  }
}

function probe(settings: ConnectionSettings, signal: AbortSignal): Promise<string> {
  const protocol = /^([a-z0-9+.-]+):/i.exec(settings.url)?.[1]?.toLowerCase() ?? '';
  switch (protocol) {
    case 'postgres':
    case 'postgresql':
      return probePostgres(settings, signal);
    case 'mysql':
    case 'mariadb':
      return probeMysql(settings, signal);
    case 'mongodb':
    case 'mongodb+srv':
      return probeMongo(settings, signal);
    case 'file':
      return probeFolder(settings);
    case 's3':
    case 'sftp':
      return probeFiles(settings);
    case 'http':
    case 'https':
      return probeHttp(settings, signal);
    case 'smtp':
    case 'smtps':
      return import('./test-smtp.ts').then(({ probeSmtp }) => probeSmtp(settings, signal));
    default:
      throw new DataError(
        'HR_CONNECTION_UNTESTABLE',
        `Nothing of Headrace speaks "${protocol}": the connection is only handed to tasks, and cannot be tested`,
      );
  }
}

async function probePostgres(settings: ConnectionSettings, signal: AbortSignal): Promise<string> {
  const { withClient } = await import('./postgres/connect.ts');
  return withClient(settings, signal, async (client) => {
    const { rows } = await client.query<{ version: string; db: string; who: string }>(
      "select current_setting('server_version') as version, current_database() as db, current_user as who",
    );
    return `PostgreSQL ${rows[0]?.version} answers: database "${rows[0]?.db}", as user "${rows[0]?.who}"`;
  });
}

async function probeMysql(settings: ConnectionSettings, signal: AbortSignal): Promise<string> {
  const { withClient } = await import('./mysql/connect.ts');
  return withClient(settings, signal, async (client) => {
    const [[version, db, who] = []] = await client.rows('select version(), database(), current_user()');
    return `${client.isMariadb ? 'MariaDB' : 'MySQL'} ${version} answers: database "${db}", as user "${who}"`;
  });
}

async function probeMongo(settings: ConnectionSettings, signal: AbortSignal): Promise<string> {
  const { withMongo } = await import('./mongodb/connect.ts');
  return withMongo(settings, signal, async ({ db, where }) => {
    // A login that may not read the database is noticed here; the names of its collections are few.
    await db.listCollections({}, { nameOnly: true, batchSize: 1 }).next();
    return `${where} answers: database "${db.databaseName}"`;
  });
}

async function probeFolder({ id, url }: ConnectionSettings): Promise<string> {
  const folder = fileURLToPath(url);
  const found = await stat(folder).catch(() => undefined);
  if (found?.isDirectory() !== true)
    throw new DataError(
      'HR_FILE_NOT_FOUND',
      `There is no folder ${folder} (connection "${id}") on this machine. Workers on other machines may see another one: make it, or mount it, where they run`,
    );
  const can = async (mode: number): Promise<boolean> =>
    access(folder, mode).then(
      () => true,
      () => false,
    );
  if (!(await can(constants.R_OK | constants.X_OK)))
    throw new DataError('HR_STORAGE_REFUSED', `The folder ${folder} (connection "${id}") may not be read by the user of this process`);
  return `The folder ${folder} is there, and can be ${(await can(constants.W_OK)) ? 'read and written' : 'read, but not written'}`;
}

async function probeFiles(settings: ConnectionSettings): Promise<string> {
  const root = await openRoot(settings);
  try {
    if (settings.url.startsWith('sftp:')) await root.facts(NO_SUCH_FILE);
    // Unlike a question for its size, the refusal to read it says whether the bucket is there.
    else (await root.read(NO_SUCH_FILE)).destroy();
  } catch (error) {
    if (!(error instanceof FileNotFoundError)) throw error;
  } finally {
    await root.close();
  }
  return `${root.url} answers, and can be read`;
}

async function probeHttp(settings: ConnectionSettings, signal: AbortSignal): Promise<string> {
  const endpoint = await authorize(connectionEndpoint(settings, ''), { warn: () => {} }, signal);
  const status = await request(
    { endpoint, method: 'GET', accept: '*/*', timeoutMs: TEST_MS, confined: true },
    signal,
    async (response) => response.status,
  );
  const { origin, pathname } = new URL(settings.url);
  const where = `${origin}${pathname} (connection "${settings.id}")`;
  if (status === 401 || status === 403)
    throw new DataError('HR_LOGIN_REFUSED', `${where} refused the login with status ${status}: check the user, the password or the token`);
  if (status >= 500) throw new DataError('HR_CONNECTION_FAILED', `${where} answers with status ${status}: the server itself has a problem`);
  // Many APIs have nothing at their base, or want another method there: that they answer is all that can be known.
  return `${origin}${pathname} answers with status ${status}`;
}

const SYSTEM: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there: check the port and that the server runs',
  ENOTFOUND: 'there is no host of this name: check the host',
  EAI_AGAIN: 'the name of the host cannot be looked up now: check the host and the DNS',
  ETIMEDOUT: 'the host does not answer: check the host, the network and its firewalls',
  EHOSTUNREACH: 'there is no way to this host: check the network',
  ECONNRESET: 'the server broke the connection off: check that it speaks this protocol on this port, with or without TLS',
};

/** Errors of ours say what to do. Of others the message alone, which clients do not make of URLs; were it so, its secrets would not be in it. */
function textOf(error: unknown, { id, url }: ConnectionSettings): string {
  const { message = String(error), code, cause } = error as { message?: string; code?: string; cause?: { code?: string } };
  // As Node says it; drivers have put their own words around it.
  if (/ERR_IP_BLOCKED|is blocked by net\.BlockList/.test(message)) return `Connection "${id}": ${BLOCKED}`;
  // Some clients wrap it, and keep it only in their message.
  const named = /\bE[A-Z_]{5,}\b/.exec(message)?.[0];
  const system = SYSTEM[code ?? ''] ?? SYSTEM[cause?.code ?? ''] ?? SYSTEM[named ?? ''];
  const text = error instanceof DataError ? message : `Connection "${id}": ${system ?? message}`;
  return secretsOf(url).reduce((masked, secret) => masked.replaceAll(secret, '***'), text);
}

function secretsOf(url: string): readonly string[] {
  const [, user = ''] = /^[a-z0-9+.-]+:\/\/([^@/?#]*)@/i.exec(url) ?? [];
  const password = user.slice(user.indexOf(':') + 1);
  const values = [...new URLSearchParams(url.split('?')[1] ?? '')].flatMap(([name, value]) =>
    /password|pass|secret|token|key/i.test(name) ? [value] : [],
  );
  const found = user.includes(':') ? [password, decoded(password), ...values] : values;
  return found.filter((secret) => secret.length >= 4).sort((a, b) => b.length - a.length);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
