/**
 * OAuth2 tokens (RFC 6749): client_credentials and refresh_token.
 *
 * T1. A token is asked for once and kept for the attempt, by all its requests together; nothing of it is stored.
 * T2. It is renewed before it expires, and when a server says that it is no longer good.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { DataError } from '@headrace/dataplane';
import type { TaskLog } from '@headrace/sdk';
import type { OAuthGrant } from './credentials.ts';
import { type Endpoint, plainEndpoint, withRequest, withToken } from './endpoint.ts';
import { excerpt } from './excerpt.ts';
import { bytesOf, request } from './request.ts';

interface Token {
  readonly value: string;
  /** On the clock of `performance.now()`. */
  readonly renewAt: number;
}

const MOST_BYTES = 1_048_576;
const TIMEOUT_MS = 30_000;
const TRIES = 4;
const DELAY_MS = 500;

export class AccessTokens {
  readonly #grant: OAuthGrant;
  readonly #where: string;
  readonly #log: Pick<TaskLog, 'warn'>;
  #refreshToken: string | undefined;
  #token: Token | undefined;
  #coming: Promise<Token> | undefined;

  constructor(grant: OAuthGrant, where: string, log: Pick<TaskLog, 'warn'>) {
    this.#grant = grant;
    this.#where = where;
    this.#log = log;
    this.#refreshToken = grant.refreshToken;
  }

  /** A token that is good for now. Throws DataError: HR_LOGIN_REFUSED, HR_HTTP_UNREACHABLE, HR_HTTP_STATUS, HR_HTTP_ANSWER. */
  async current(signal: AbortSignal): Promise<string> {
    if (this.#token !== undefined && performance.now() < this.#token.renewAt) return this.#token.value;
    this.#coming ??= this.#ask(signal).finally(() => {
      this.#coming = undefined;
    });
    this.#token = await this.#coming;
    return this.#token.value;
  }

  /** A server has refused this one. */
  forget(value: string): void {
    if (this.#token?.value === value) this.#token = undefined;
  }

  async #ask(signal: AbortSignal): Promise<Token> {
    for (let tried = 1; ; tried += 1) {
      try {
        return await this.#askOnce(signal);
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof DataError && error.retryable) || tried === TRIES) throw error;
        await sleep(DELAY_MS * 2 ** (tried - 1), undefined, { signal });
      }
    }
  }

  async #askOnce(signal: AbortSignal): Promise<Token> {
    const { clientId, clientSecret, clientAuth, scope, audience, tokenUrl } = this.#grant;
    const form = new URLSearchParams(
      this.#refreshToken === undefined
        ? { grant_type: 'client_credentials' }
        : { grant_type: 'refresh_token', refresh_token: this.#refreshToken },
    );
    if (scope !== undefined) form.set('scope', scope);
    if (audience !== undefined) form.set('audience', audience);
    const headers: Record<string, string> = { 'content-type': 'application/x-www-form-urlencoded' };
    if (clientSecret === undefined || clientAuth === 'body') {
      form.set('client_id', clientId);
      if (clientSecret !== undefined) form.set('client_secret', clientSecret);
    } else headers.authorization = `Basic ${Buffer.from(`${formEncoded(clientId)}:${formEncoded(clientSecret)}`).toString('base64')}`;
    const endpoint = withRequest(plainEndpoint(tokenUrl.href), { headers, query: {} });
    const shown = `The token endpoint ${endpoint.shown} of ${this.#where}`;
    const wanted = {
      endpoint,
      method: 'POST',
      body: form.toString(),
      accept: 'application/json',
      timeoutMs: TIMEOUT_MS,
      confined: true,
    } as const;
    const asked = performance.now();
    const { status, text } = await request(wanted, signal, async (response) => ({
      status: response.status,
      text: (await bytesOf(response, shown, MOST_BYTES)).toString('utf8'),
    }));
    const secrets = [clientSecret, this.#refreshToken].filter((each) => each !== undefined);
    if (status >= 500 || status === 429)
      throw new DataError('HR_HTTP_STATUS', `${shown} answers ${status}${excerpt(text, secrets)}`, { retryable: true });
    const answer = parsed(text);
    if (status < 200 || status > 299)
      throw new DataError(
        'HR_LOGIN_REFUSED',
        `${shown} answers ${status}${excerpt(text, secrets)}. Check clientId, clientSecret${this.#refreshToken === undefined ? '' : ', refreshToken'}, scope and clientAuth of the connection`,
      );
    const { access_token: value, expires_in: seconds, token_type: type = 'bearer', refresh_token: next } = answer;
    if (typeof value !== 'string' || !/^[\x21-\x7e]+$/.test(value) || String(type).toLowerCase() !== 'bearer')
      throw new DataError('HR_HTTP_ANSWER', `${shown} answers ${status} without a bearer token in "access_token"`);
    if (typeof next === 'string' && this.#refreshToken !== undefined && next !== this.#refreshToken) {
      this.#log.warn(
        `${shown} has given a new refresh token. It is used until this attempt ends; if the old one is no longer good then, the next attempt is refused`,
      );
      this.#refreshToken = next;
    }
    const lifeMs = Number(seconds) > 0 ? Number(seconds) * 1000 : Number.POSITIVE_INFINITY;
    // A little early, so that it does not expire on its way.
    return { value, renewAt: asked + lifeMs - Math.min(30_000, lifeMs === Number.POSITIVE_INFINITY ? 0 : lifeMs / 5) };
  }
}

/** The endpoint with a token of its grant, where it has one: for who asks only once. Throws as `AccessTokens.current` does. */
export async function authorize(endpoint: Endpoint, log: Pick<TaskLog, 'warn'>, signal: AbortSignal): Promise<Endpoint> {
  if (endpoint.grant === undefined) return endpoint;
  return withToken(endpoint, await new AccessTokens(endpoint.grant, endpoint.shown, log).current(signal));
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** RFC 6749 §2.3.1: both parts are encoded as in a form before they are joined. */
function formEncoded(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1);
}
