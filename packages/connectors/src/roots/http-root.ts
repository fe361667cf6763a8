/**
 * Files of a web server, only to be read: `https://user:password@host/folder`, or any other way to say who asks (`http/credentials.ts`); any
 * other parameter goes with every request.
 *
 * H1. A file is whole or an error: what ends before the length that was announced, or says no length and just ends, is not the file.
 * H2. A server that is silent for a minute has failed, however large the file is.
 */
import { PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  checkedGlob,
  checkedPath,
  DataError,
  type FileFacts,
  FileNotFoundError,
  type FileRoot,
  prefixOfGlob,
  urlOf,
} from '@headrace/dataplane';
import type { ConnectionSettings } from '@headrace/sdk';
import { AccessTokens } from '../http/access-token.ts';
import { connectionEndpoint, withToken } from '../http/endpoint.ts';
import { request } from '../http/request.ts';

/** A root has no log. */
const QUIET = { warn: () => {} };
const SILENCE_MS = 60_000;
const DAY_MS = 86_400_000;
/** A server that asks to come again later is asked again only so often, and only when it is not too much later. */
const TRIES = 4;
const LONGEST_WAIT_MS = 60_000;
/** `retry-after` is missing: seconds to wait before the next try. */
const DEFAULT_WAIT_S = 1;

type Method = 'GET' | 'HEAD';

export function openHttpRoot(settings: ConnectionSettings): FileRoot {
  const closed = new AbortController();
  const { url: base, grant } = connectionEndpoint(settings, '');
  const tokens = grant === undefined ? undefined : new AccessTokens(grant, `connection "${settings.id}"`, QUIET);
  const refuse = async (): Promise<never> => {
    throw new DataError('HR_READ_ONLY', `${root.url} can only be read. Write to a file:, s3: or sftp: connection`);
  };

  /** Has `use` read the answer when it is the file. */
  async function ask<T>(method: Method, path: string, silence: AbortSignal, use: (response: Response) => Promise<T>): Promise<T> {
    const address = connectionEndpoint(settings, checkedPath(path).split('/').map(encodeURIComponent).join('/'));
    const endpoint = tokens === undefined ? address : withToken(address, await tokens.current(closed.signal));
    // The length that a server tells must be that of the bytes that come.
    endpoint.headers.set('accept-encoding', 'identity');
    const wanted = { endpoint, method, accept: '*/*', timeoutMs: DAY_MS, confined: endpoint.confined };
    for (let tries = 1; ; tries += 1) {
      const answer = await request(wanted, AbortSignal.any([closed.signal, silence]), async (response) => {
        const wait = waitOf(response);
        if (wait !== undefined && tries < TRIES && wait <= LONGEST_WAIT_MS) return { wait };
        if (!response.ok) throw refused(response, path);
        return { value: await use(response) };
      });
      if ('value' in answer) return answer.value;
      await sleep(answer.wait, undefined, { signal: closed.signal });
    }
  }

  function refused({ status }: Response, path: string): DataError {
    const url = urlOf(root, path);
    if (status === 404 || status === 410) return new FileNotFoundError(url);
    if (status === 401 || status === 403)
      return new DataError(
        'HR_STORAGE_REFUSED',
        `${url}: the server answers ${status}. Check the user and password, or the bearerToken, of connection "${settings.id}"`,
      );
    const later = status === 408 || status === 429 || status >= 500;
    return new DataError('HR_HTTP_STATUS', `${url}: the server answers ${status}`, { retryable: later });
  }

  /** Undefined when the server does not tell how long the file is. */
  async function head(path: string): Promise<FileFacts | undefined> {
    const quiet = watch(urlOf(root, path));
    try {
      return await ask('HEAD', path, quiet.signal, async ({ headers }) => {
        const bytes = lengthOf(headers);
        if (bytes === undefined) return undefined;
        const changed = Date.parse(headers.get('last-modified') ?? '');
        const modifiedAt = new Date(Number.isNaN(changed) ? 0 : changed);
        return { path, bytes, modifiedAt, changedAt: modifiedAt };
      });
    } finally {
      quiet.end();
    }
  }

  /** For a server that does not tell the length: reads the file. */
  async function count(path: string): Promise<FileFacts> {
    let bytes = 0;
    for await (const chunk of await root.read(path)) bytes += (chunk as Buffer).length;
    return { path, bytes, modifiedAt: new Date(0), changedAt: new Date(0) };
  }

  const root: FileRoot = {
    url: `${base.origin}${base.pathname.replace(/\/$/, '')}/`,
    localPath: () => undefined,

    read(path) {
      const quiet = watch(urlOf(root, path));
      const body = new PassThrough({ highWaterMark: 1 << 20 });
      // However it ends, by its reader too, the request ends with it.
      body.once('close', quiet.end);
      return new Promise<Readable>((resolve, reject) => {
        ask('GET', path, quiet.signal, (response) => {
          resolve(body);
          return pipeline(whole(urlOf(root, path), response, quiet), body);
        }).catch((error: unknown) => {
          // Before there is an answer nobody has the stream; after it the stream has failed with the same error.
          body.destroy();
          reject(error);
        });
      });
    },

    async size(path) {
      return (await root.facts(path))?.bytes;
    },

    async facts(path) {
      try {
        return (await head(path)) ?? (await count(path));
      } catch (error) {
        if (error instanceof FileNotFoundError) return undefined;
        // Some servers know no HEAD.
        if (/answers (405|501)$/.test((error as Error).message)) return count(path);
        throw error;
      }
    },

    list: async (prefix) => {
      throw new DataError(
        'HR_NO_LISTING',
        `${root.url} cannot list its files${prefix === '' ? '' : ` (${prefix}…)`}: a web server tells only of files whose names one knows`,
      );
    },

    async find(glob) {
      if (prefixOfGlob(checkedGlob(glob)) !== glob) {
        throw new DataError(
          'HR_NO_LISTING',
          `${urlOf(root, glob)}: a web server tells only of files whose names one knows. Name the file without a pattern`,
        );
      }
      const facts = await root.facts(glob);
      return facts === undefined ? [] : [facts];
    },

    publish: refuse,
    create: refuse,
    remove: refuse,

    async close() {
      closed.abort(new DataError('HR_CONNECTION_LOST', `${root.url} was closed`));
    },
  };
  return root;
}

function lengthOf(headers: Headers): number | undefined {
  const length = headers.get('content-length');
  return length !== null && /^\d+$/.test(length) && !headers.has('content-encoding') ? Number(length) : undefined;
}

/** Milliseconds after which a server that is busy wants to be asked again. */
function waitOf({ status, headers }: Response): number | undefined {
  if (status !== 429 && status !== 503) return undefined;
  const said = headers.get('retry-after');
  const seconds = said === null ? DEFAULT_WAIT_S : /^\d+$/.test(said) ? Number(said) : (Date.parse(said) - Date.now()) / 1000;
  return Number.isNaN(seconds) ? DEFAULT_WAIT_S * 1000 : Math.max(0, seconds * 1000);
}

/** Passes the body on, and fails when it is not all of it. */
async function* whole(url: string, { headers, body }: Response, quiet: Watch): AsyncGenerator<Uint8Array> {
  const expected = lengthOf(headers);
  let bytes = 0;
  const cut = (): DataError =>
    new DataError(
      'HR_FILE_CUT_OFF',
      `${url} was cut off: ${bytes}${expected === undefined ? '' : ` of ${expected}`} bytes came before the connection ended`,
      { retryable: true },
    );
  const chunks = body?.[Symbol.asyncIterator]();
  for (;;) {
    // Without the cause: it may hold the whole address.
    const next = await chunks?.next().catch(() => {
      quiet.signal.throwIfAborted();
      throw cut();
    });
    if (next === undefined || next.done) break;
    bytes += next.value.length;
    // Whoever is slow to take it is not the server.
    quiet.pause();
    yield next.value;
    quiet.resume();
  }
  if (expected !== undefined && bytes !== expected) throw cut();
  // Without a length and without chunks the end of a file and a broken connection look the same.
  if (!headers.has('content-length') && !/chunked/i.test(headers.get('transfer-encoding') ?? '')) {
    throw new DataError(
      'HR_FILE_LENGTH_UNKNOWN',
      `${url}: the server tells neither the length of the file nor where it ends, so that nobody can say whether all of it came`,
    );
  }
}

interface Watch {
  /** Ends the request. */
  readonly signal: AbortSignal;
  pause(): void;
  resume(): void;
  end(): void;
}

/** Gives up when nothing is heard for too long, unless it is paused. */
function watch(url: string): Watch {
  const silent = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const unreachable = (): DataError =>
    new DataError('HR_HTTP_UNREACHABLE', `${url}: the server was silent for ${SILENCE_MS / 1000} s`, { retryable: true });
  const quiet: Watch = {
    signal: silent.signal,
    pause: () => clearTimeout(timer),
    resume() {
      timer = setTimeout(() => silent.abort(unreachable()), SILENCE_MS);
    },
    end() {
      quiet.pause();
      silent.abort();
    },
  };
  quiet.resume();
  return quiet;
}
