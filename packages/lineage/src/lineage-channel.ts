/**
 * Brings OpenLineage events to where they are wanted: by HTTP to a backend such as Marquez, or into a file, an event a line.
 *
 * C1. What the backend says will never do (4xx but 401, 403, 404, 408, 425, 429) makes the notice dead, and visible; all else is tried again.
 * C2. The key is sent as a bearer, and stands in no error.
 * C3. Of several in one request that is refused as a whole none is dead: one of them may be what is wrong, and each goes alone the next time.
 */
import { createHash } from 'node:crypto';
import { appendFile, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Channel, RefusedError, whatItSaid } from '@headrace/notices';
import { type BatchLimits, type EventOnItsWay, LineageBatches, type Refusals } from './lineage-batches.ts';

export type LineageTransport =
  /** `url` is whole, and so is `batchUrl`, which takes several events at once. */
  | {
      readonly kind: 'http';
      readonly url: string;
      readonly batchUrl?: string;
      readonly apiKey?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'file'; readonly path: string };

type HttpTransport = Extract<LineageTransport, { kind: 'http' }>;

/** May be answered otherwise when somebody has put something right, or later. */
const NOT_FINAL: ReadonlySet<number> = new Set([401, 403, 404, 408, 425, 429]);
/** An answer to a batch is a few words for each event that was refused. */
const MOST_ANSWERED = 1_048_576;
const LIMITS: BatchLimits = { most: 100, waitMs: 50 };

export function createLineageChannel(transport: LineageTransport, limits: BatchLimits = LIMITS): Channel {
  const batches =
    transport.kind === 'http' && transport.batchUrl !== undefined
      ? new LineageBatches((events, signal) => postAll({ ...transport, url: transport.batchUrl ?? '' }, events, signal), limits)
      : undefined;
  return {
    async deliver({ payload, idempotencyKey: key, attempt }, signal) {
      const event = payload.openLineage;
      if (transport.kind === 'file') await append(transport.path, JSON.stringify(event));
      else if (batches !== undefined && attempt === 1) await batches.deliver({ event, key }, signal);
      else await (await post(transport, JSON.stringify(event), key, signal)).body?.cancel();
    },
  };
}

async function append(path: string, event: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  // One write: lines of several processes do not mix.
  await appendFile(path, `${event}\n`);
}

async function postAll(transport: HttpTransport, events: readonly EventOnItsWay[], signal: AbortSignal): Promise<Refusals> {
  const body = `[${events.map(({ event }) => JSON.stringify(event)).join(',')}]`;
  try {
    const response = await post(transport, body, keyOf(events), signal);
    return refusalsOf(await readSome(response));
  } catch (error) {
    // Of one event it is known what was refused.
    if (!(error instanceof RefusedError) || !error.final || events.length === 1) throw error;
    throw new RefusedError(`${error.message} (to ${events.length} events together)`);
  }
}

/** The same for the same events. */
function keyOf(events: readonly EventOnItsWay[]): string {
  return createHash('sha256')
    .update(events.map(({ key }) => key).join('\n'))
    .digest('hex');
}

/** OpenLineage's answer to a batch: `failed_events` with `index`, `reason` and `retriable`. Another one says that all were taken. */
function refusalsOf(text: string): Refusals {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    return new Map();
  }
  const { failed_events: failed } = (answer ?? {}) as { readonly failed_events?: unknown };
  if (!Array.isArray(failed)) return new Map();
  return new Map(
    (failed as { readonly index?: unknown; readonly reason?: unknown; readonly retriable?: unknown }[]).flatMap((one) =>
      typeof one?.index === 'number'
        ? [[one.index, { reason: String(one.reason ?? 'it says no more').slice(0, 200), isFinal: one.retriable === false }] as const]
        : [],
    ),
  );
}

async function readSome(response: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of response.body ?? []) {
    pieces.push(piece);
    bytes += piece.byteLength;
    if (bytes >= MOST_ANSWERED) break;
  }
  return Buffer.concat(pieces).toString('utf8');
}

/** The answer of a backend that takes what was sent. Rejects with RefusedError. */
async function post({ url, apiKey, headers }: HttpTransport, body: string, key: string, signal: AbortSignal): Promise<Response> {
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
  if (response.ok) return response;
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
