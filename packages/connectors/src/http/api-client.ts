/**
 * One attempt's conversation with one API: who asks, how often, and what is done when the server is busy or the connection breaks.
 *
 * A1. A request is sent again only when that does no harm: it changes nothing, or carries a key by which the server knows it.
 * A2. What a request waits in all is bounded. Beyond it the attempt ends with an error that says when to come back.
 * A3. An answer is whole or an error.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { DataError } from '@headrace/dataplane';
import type { ConnectionSettings, TaskLog } from '@headrace/sdk';
import { AccessTokens } from './access-token.ts';
import { connectionEndpoint, type Endpoint, type QueryValue, withRequest, withToken } from './endpoint.ts';
import { excerpt } from './excerpt.ts';
import { RateLimit } from './rate-limit.ts';
import { bytesOf, type HttpRequest, request } from './request.ts';
import { isAskedTooOften, waitAskedFor } from './server-hints.ts';
import type { Traffic } from './traffic.ts';

export interface ApiCall {
  readonly endpoint: Endpoint;
  readonly method: HttpRequest['method'];
  readonly body?: string;
  /** Statuses that may pass, besides 408, 425, 429, 502, 503 and 504. */
  readonly passing?: (status: number) => boolean;
  /** Of the answer's body. */
  readonly maxBytes: number;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
  /** Where it came from, after redirects. */
  readonly url: URL;
}

/** The server wants to be left alone for longer than a request may wait. The attempt is to be tried again, no sooner than it says. */
class ServerBusyError extends DataError {
  readonly retryAfterMs: number;
  constructor(shown: string, status: number, retryAfterMs: number, maxWaitMs: number) {
    super(
      'HR_HTTP_BUSY',
      `${shown} answers ${status} and wants to be asked again in ${Math.ceil(retryAfterMs / 1000)} s, longer than "maxWait" (${Math.round(maxWaitMs / 1000)} s in all) allows`,
      { retryable: true },
    );
    this.retryAfterMs = retryAfterMs;
  }
}

const PASSING = [408, 425, 429, 502, 503, 504];
const LONGEST_DELAY_MS = 30_000;

export class ApiClient {
  readonly #settings: ConnectionSettings;
  readonly #traffic: Traffic;
  readonly #signal: AbortSignal;
  readonly #log: TaskLog;
  readonly #limit: RateLimit | undefined;
  readonly #tokens: AccessTokens | undefined;
  #usedToken = '';
  /** All requests wait so long when the server has told one of them to. On the clock of `performance.now()`. */
  #quietUntil = 0;
  /** Requests that were sent again. */
  repeated = 0;

  constructor(settings: ConnectionSettings, traffic: Traffic, signal: AbortSignal, log: TaskLog) {
    this.#settings = settings;
    this.#traffic = traffic;
    this.#signal = signal;
    this.#log = log;
    this.#limit = traffic.rateLimit === undefined ? undefined : new RateLimit(traffic.rateLimit);
    const { grant } = connectionEndpoint(settings, '');
    this.#tokens = grant === undefined ? undefined : new AccessTokens(grant, `connection "${settings.id}"`, log);
  }

  /** The address of a path below the connection. Throws DataError. */
  at(path: string, query: Readonly<Record<string, QueryValue>>): Endpoint {
    return withRequest(connectionEndpoint(this.#settings, path), { headers: this.#traffic.headers, query });
  }

  /** The answer, whatever its status. Throws DataError: HR_HTTP_UNREACHABLE, HR_HTTP_BUSY, HR_HTTP_REDIRECT, HR_HTTP_ANSWER, HR_LOGIN_REFUSED. */
  async send(call: ApiCall): Promise<ApiAnswer> {
    const { retries, maxWaitMs } = this.#traffic;
    const shown = `${call.method} ${call.endpoint.shown}`;
    let waitedMs = 0;
    let renewed = false;
    for (let tried = 0; ; tried += 1) {
      await this.#turn();
      const token = await this.#tokens?.current(this.#signal);
      const outcome = await this.#once(call, token);
      if ('status' in outcome) {
        const { status, headers } = outcome;
        if (status === 401 && token !== undefined && !renewed) {
          renewed = true;
          this.#tokens?.forget(token);
          continue;
        }
        if (!isAskedTooOften(status, headers) && !PASSING.includes(status) && call.passing?.(status) !== true) return outcome;
      }
      const asked = 'status' in outcome ? waitAskedFor(outcome.headers, Date.now()) : undefined;
      if (asked === undefined && tried >= retries.max) {
        if ('status' in outcome) return outcome;
        throw outcome;
      }
      const waitMs = Math.max(asked ?? 0, backoff(retries.delayMs, tried));
      if (waitedMs + waitMs > maxWaitMs) {
        if (!('status' in outcome)) throw outcome;
        throw new ServerBusyError(shown, outcome.status, waitMs, maxWaitMs);
      }
      const why = 'status' in outcome ? `answers ${outcome.status}` : outcome.message.slice(shown.length + 2);
      this.#log.info(`${shown}: ${why}; asking again in ${Math.ceil(waitMs)} ms`, { attempt: tried + 1 });
      if (asked !== undefined) this.#quietUntil = Math.max(this.#quietUntil, performance.now() + waitMs);
      waitedMs += waitMs;
      this.repeated += 1;
      await sleep(waitMs, undefined, { signal: this.#signal });
    }
  }

  /** An answer that is no success, as an error: by its status, with what the server says of it. */
  refusal({ endpoint, method }: Pick<ApiCall, 'endpoint' | 'method'>, { status, body }: ApiAnswer): DataError {
    const shown = `${method} ${endpoint.shown}`;
    const says = `answers ${status}${excerpt(body.toString('utf8'), this.secrets(endpoint))}`;
    const code = REFUSALS.get(status);
    if (code !== undefined) return new DataError(code[0], `${shown} ${says}. ${code[1]}`);
    return new DataError('HR_HTTP_STATUS', `${shown} ${says}`, { retryable: status >= 500 || PASSING.includes(status) });
  }

  /** Texts that no message may hold. */
  secrets(endpoint: Endpoint): readonly string[] {
    return this.#usedToken === '' ? endpoint.secrets : [...endpoint.secrets, this.#usedToken];
  }

  async #turn(): Promise<void> {
    for (let quietMs = this.#quietUntil - performance.now(); quietMs > 0; quietMs = this.#quietUntil - performance.now())
      await sleep(Math.ceil(quietMs), undefined, { signal: this.#signal });
    await this.#limit?.turn(this.#signal);
  }

  /** An answer, or the error that another try may mend. */
  async #once({ endpoint, method, body, maxBytes }: ApiCall, token: string | undefined): Promise<ApiAnswer | DataError> {
    if (token !== undefined) this.#usedToken = token;
    const wanted = {
      endpoint: token === undefined ? endpoint : withToken(endpoint, token),
      method,
      ...(body === undefined ? {} : { body }),
      accept: 'application/json',
      timeoutMs: this.#traffic.requestTimeoutMs,
      confined: true,
    };
    try {
      return await request(wanted, this.#signal, async (response) => ({
        status: response.status,
        headers: response.headers,
        body: await bytesOf(response, `${method} ${endpoint.shown}`, maxBytes),
        url: new URL(response.url),
      }));
    } catch (error) {
      if (error instanceof DataError && error.code === 'HR_HTTP_UNREACHABLE') return error;
      throw error;
    }
  }
}

const REFUSALS: ReadonlyMap<number, readonly [code: string, advice: string]> = new Map([
  [401, ['HR_LOGIN_REFUSED', 'The credentials of the connection are not accepted: check its password, token or key']],
  [403, ['HR_HTTP_FORBIDDEN', 'The credentials of the connection are known, but may not do this']],
  [404, ['HR_HTTP_NOT_FOUND', 'Check the path, and the address of the connection']],
]);

/** Half of it by chance, so that many do not come back together. */
function backoff(delayMs: number, tried: number): number {
  const longest = Math.min(LONGEST_DELAY_MS, delayMs * 2 ** tried);
  return longest / 2 + (longest / 2) * Math.random();
}
