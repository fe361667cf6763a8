/**
 * One request, with its redirects.
 *
 * R1. It ends with the attempt and with its own timeout, the reading of the body too.
 * R2. Redirects of GET and HEAD are followed, a few. One to another host, or from https to http, is followed only by a request that
 *     carries neither a connection's secrets nor headers of the DAG's.
 */
import { DataError } from '@headrace/dataplane';
import { BLOCKED } from '../refused-networks.ts';
import type { Endpoint } from './endpoint.ts';

export interface HttpRequest {
  readonly endpoint: Endpoint;
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH';
  readonly body?: string;
  readonly accept: string;
  readonly timeoutMs: number;
  /** It may go to no other host. */
  readonly confined: boolean;
}

const MOST_REDIRECTS = 5;
/** Of a body of which a small answer is read. */
const MOST_BYTES = 1_048_576;
const REDIRECTS = [301, 302, 303, 307, 308];

/** Answers with what `read` makes of the response. Throws DataError: HR_HTTP_UNREACHABLE, HR_HTTP_REDIRECT, HR_HTTP_ANSWER. */
export async function request<T>(wanted: HttpRequest, signal: AbortSignal, read: (response: Response) => Promise<T>): Promise<T> {
  const { endpoint, method, timeoutMs } = wanted;
  const { limited, release } = limitedSignal(signal, timeoutMs);
  let { url } = endpoint;
  try {
    for (let redirects = 0; ; redirects += 1) {
      const response = await send(wanted, url, limited);
      const location = REDIRECTS.includes(response.status) && ['GET', 'HEAD'].includes(method) ? response.headers.get('location') : null;
      if (location === null) {
        try {
          return await read(response);
        } finally {
          await response.body?.cancel().catch(() => {});
        }
      }
      await response.body?.cancel();
      if (redirects === MOST_REDIRECTS) throw redirectError(endpoint, `more than ${MOST_REDIRECTS} times`);
      url = redirected(wanted, url, location);
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof DataError) throw error;
    const { cause } = error as { readonly cause?: unknown };
    const { code } = (cause ?? error) as { readonly code?: unknown };
    const named = code === 'ERR_IP_BLOCKED' ? BLOCKED : typeof code === 'string' ? code : 'the connection broke';
    const why = limited.aborted ? `no answer within ${timeoutMs} ms` : named;
    // Without the cause: it may hold the whole address.
    throw new DataError('HR_HTTP_UNREACHABLE', `${method} ${endpoint.shown}: ${why}`, { retryable: named !== BLOCKED });
  } finally {
    release();
  }
}

/** Ends with `signal` and after a time. Unlike `AbortSignal.any` nothing of it is held once the request is over: an attempt can have millions. */
function limitedSignal(signal: AbortSignal, timeoutMs: number): { readonly limited: AbortSignal; release(): void } {
  const controller = new AbortController();
  const end = (): void => controller.abort(signal.reason);
  const timer = setTimeout(end, timeoutMs);
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  return {
    limited: controller.signal,
    release() {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
    },
  };
}

function send({ endpoint, method, body, accept }: HttpRequest, url: URL, signal: AbortSignal): Promise<Response> {
  const headers = new Headers(endpoint.headers);
  const defaults = { 'user-agent': 'headrace', accept, ...(body === undefined ? {} : { 'content-type': 'application/json' }) };
  for (const [name, value] of Object.entries(defaults)) if (!headers.has(name)) headers.set(name, value);
  return fetch(url, { method, headers, signal, redirect: 'manual', ...(body === undefined ? {} : { body }) });
}

function redirected({ endpoint, confined }: HttpRequest, from: URL, location: string): URL {
  const to = URL.canParse(location, from.href) ? new URL(location, from.href) : undefined;
  if (to === undefined || !/^https?:$/.test(to.protocol)) throw redirectError(endpoint, 'to what is no address');
  const sameHost = to.host === from.host;
  const weaker = from.protocol === 'https:' && to.protocol === 'http:';
  if (confined && (!sameHost || weaker))
    throw redirectError(endpoint, `to ${to.origin}, which must not be told what is sent here: name that address instead`);
  to.username = '';
  to.password = '';
  return to;
}

function redirectError({ shown }: Endpoint, what: string): DataError {
  return new DataError('HR_HTTP_REDIRECT', `${shown} redirects ${what}`);
}

/** The bytes of a body, unpacked. Throws DataError for more than `most`. */
export async function bytesOf(response: Response, shown: string, most: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > most) throw new DataError('HR_HTTP_ANSWER', `${shown} answers with more than ${most} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The JSON of a response. Throws DataError for other text, and for too much of it. */
export async function jsonOf(response: Response, shown: string): Promise<unknown> {
  const body = await bytesOf(response, shown, MOST_BYTES);
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw new DataError('HR_HTTP_ANSWER', `${shown} answers ${response.status} with text that is no JSON`, { retryable: true });
  }
}
