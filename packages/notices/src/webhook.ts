/**
 * Notices as HTTP calls.
 *
 * W1. A call is a POST of the payload as JSON, with the headers of Standard Webhooks: `webhook-id` is the same for every delivery of a
 *     notice (`idempotency-key` says it again), `webhook-signature` is there when the connection has a secret.
 * W2. 2xx is delivered. 410 is never tried again; whatever else comes back is, also a redirect: a secret URL must not be told elsewhere.
 * W3. The connection's URL may hold `signing_secret=…`, which is not sent, and `user:password@`, sent as basic authentication.
 */
import type { ClaimedNotice } from '@headrace/ports';
import type { Channel, ConnectionUrls } from './channel.ts';
import { BadConnectionError, RefusedError, UnknownConnectionError } from './errors.ts';
import { whatItSaid } from './said.ts';
import { signature } from './signature.ts';

const SECRET_PARAMETER = 'signing_secret';
const LONGEST_WAIT_MS = 3_600_000;

export function createWebhookChannel(options: { readonly connections: ConnectionUrls; readonly now?: () => number }): Channel {
  const { connections, now = Date.now } = options;
  return {
    async deliver(notice, signal) {
      if (notice.target.kind !== 'webhook') throw new TypeError(`Not a webhook: ${notice.target.kind}`);
      const { url, secret, authorization } = await endpointOf(notice.target.connection, connections);
      const body = JSON.stringify(notice.payload);
      const timestamp = Math.floor(now() / 1_000);
      const response = await fetch(url, {
        method: 'POST',
        redirect: 'manual',
        signal,
        body,
        headers: {
          'content-type': 'application/json',
          'user-agent': 'headrace',
          'idempotency-key': notice.idempotencyKey,
          'webhook-id': notice.idempotencyKey,
          'webhook-timestamp': String(timestamp),
          ...(secret === undefined ? {} : { 'webhook-signature': signature(secret, notice.idempotencyKey, timestamp, body) }),
          ...(authorization === undefined ? {} : { authorization }),
        },
      }).catch((error: unknown) => {
        throw unreachable(notice, error, signal);
      });
      if (response.ok) await response.body?.cancel();
      else throw await refusal(response, now());
    },
  };
}

async function endpointOf(id: string, connections: ConnectionUrls) {
  const text = await connections(id);
  if (text === undefined) throw new UnknownConnectionError(id);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw new BadConnectionError(id, 'an http:// or https:// URL');
  const secret = url.searchParams.get(SECRET_PARAMETER) ?? undefined;
  url.searchParams.delete(SECRET_PARAMETER);
  const { username, password } = url;
  url.username = '';
  url.password = '';
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const authorization = username === '' ? undefined : `Basic ${Buffer.from(credentials).toString('base64')}`;
  return { url, secret, authorization };
}

/** `fetch` says only that it failed, and why in its cause. */
function unreachable({ target }: ClaimedNotice, error: unknown, signal: AbortSignal): RefusedError {
  const id = target.kind === 'webhook' ? target.connection : '';
  if (signal.aborted) return new RefusedError(`The webhook "${id}" did not answer in time`, { cause: error });
  const { cause = error } = error as { readonly cause?: unknown };
  const code = (cause as { readonly code?: unknown } | null)?.code;
  return new RefusedError(`The webhook "${id}" could not be reached${typeof code === 'string' ? `: ${code}` : ''}`, { cause: error });
}

async function refusal(response: Response, now: number): Promise<RefusedError> {
  const { status } = response;
  const said = await whatItSaid(response);
  const message = `The webhook answered ${status}${said === '' ? '' : `: ${said}`}`;
  return new RefusedError(message, { final: status === 410, retryAfterMs: retryAfter(response.headers.get('retry-after'), now) });
}

/** Seconds or an HTTP date; nonsense is as if it were not there. */
function retryAfter(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1_000 : Date.parse(header) - now;
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), LONGEST_WAIT_MS) : undefined;
}
