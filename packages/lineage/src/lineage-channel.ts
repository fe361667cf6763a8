/**
 * Brings OpenLineage events to where they are wanted: by HTTP to a backend such as Marquez, or into a file, an event a line.
 *
 * C1. What the backend says will never do (4xx but 401, 403, 404, 408, 425, 429) makes the notice dead, and visible; all else is tried again.
 * C2. The key is sent as a bearer, and stands in no error.
 */
import { appendFile, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Channel, RefusedError, whatItSaid } from '@headrace/notices';

export type LineageTransport =
  /** `url` is whole. */
  | { readonly kind: 'http'; readonly url: string; readonly apiKey?: string; readonly headers?: Readonly<Record<string, string>> }
  | { readonly kind: 'file'; readonly path: string };

/** May be answered otherwise when somebody has put something right, or later. */
const NOT_FINAL: ReadonlySet<number> = new Set([401, 403, 404, 408, 425, 429]);

export function createLineageChannel(transport: LineageTransport): Channel {
  return {
    async deliver({ payload, idempotencyKey }, signal) {
      const event = JSON.stringify(payload.openLineage);
      if (transport.kind === 'file') await append(transport.path, event);
      else await post(transport, event, idempotencyKey, signal);
    },
  };
}

async function append(path: string, event: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  // One write: lines of several processes do not mix.
  await appendFile(path, `${event}\n`);
}

async function post(
  { url, apiKey, headers }: Extract<LineageTransport, { kind: 'http' }>,
  body: string,
  key: string,
  signal: AbortSignal,
): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    redirect: 'manual',
    signal,
    body,
    headers: {
      'content-type': 'application/json',
      'user-agent': 'headrace',
      'idempotency-key': key,
      ...headers,
      ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
    },
  }).catch((error: unknown) => {
    throw new RefusedError(
      signal.aborted ? 'The lineage backend did not answer in time' : `The lineage backend could not be reached: ${codeOf(error)}`,
    );
  });
  if (response.ok) {
    await response.body?.cancel();
    return;
  }
  const { status } = response;
  const said = await whatItSaid(response);
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  throw new RefusedError(`The lineage backend answered ${status}${said === '' ? '' : `: ${said}`}`, {
    final: status >= 400 && status < 500 && !NOT_FINAL.has(status),
    retryAfterMs: Number.isFinite(seconds) ? seconds * 1_000 : undefined,
  });
}

/** `fetch` says only that it failed, and why in its cause. */
function codeOf(error: unknown): string {
  const { cause = error } = error as { readonly cause?: unknown };
  const { code, name } = (cause ?? {}) as { readonly code?: unknown; readonly name?: unknown };
  return String(code ?? name ?? 'no answer');
}
