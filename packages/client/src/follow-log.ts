/**
 * A log as it is written, from the API's server-sent events. `fetch` alone: browsers' EventSource sends no token.
 *
 * A connection that is lost is opened again, after the last event that came.
 */
import type { LogMessage } from '@headrace/api-contract';
import { ApiError, UnreachableError } from './errors.ts';
import type { ClientOptions } from './request.ts';

/** How the try ended. */
export interface LogEnd {
  readonly state: string;
}

/** Tries in a row that bring nothing. */
const MOST_TRIES = 5;
const PAUSE_MS = 1_000;

/** `path`: whole. Throws ApiError, UnreachableError. */
export async function* followLog(options: ClientOptions, path: string): AsyncGenerator<LogMessage, LogEnd> {
  let lastId: string | undefined;
  for (let tries = 1; ; tries++) {
    try {
      const { body } = await opened(options, path, lastId);
      for await (const { id, event, data } of eventsIn(body ?? new ReadableStream())) {
        tries = 0;
        if (event === 'end') return JSON.parse(data) as LogEnd;
        yield JSON.parse(data) as LogMessage;
        lastId = id;
      }
    } catch (error) {
      if (error instanceof ApiError && error.status < 500) throw error;
      if (options.signal?.aborted === true) throw error;
      if (tries >= MOST_TRIES) throw error instanceof ApiError ? error : new UnreachableError(options.url, error);
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

async function opened(
  { url, token, signal, fetch: send = fetch }: ClientOptions,
  path: string,
  lastId: string | undefined,
): Promise<Response> {
  const address = `${url.replace(/\/+$/, '')}${path}`;
  const headers = {
    accept: 'text/event-stream',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(lastId === undefined ? {} : { 'last-event-id': lastId }),
  };
  const response = await send(address, { headers, ...(signal === undefined ? {} : { signal }) });
  if (!response.ok) throw ApiError.of(response.status, await response.text(), `GET ${address}`);
  return response;
}

interface ReceivedEvent {
  readonly id: string | undefined;
  readonly event: string | undefined;
  readonly data: string;
}

/** Comments, and what has no data, are left out. */
async function* eventsIn(body: ReadableStream<Uint8Array>): AsyncGenerator<ReceivedEvent> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      text += decoder.decode(value, { stream: true });
      const events = text.split('\n\n');
      text = events.pop() ?? '';
      for (const lines of events) {
        const fields = new Map(lines.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]));
        const data = fields.get('data');
        if (data !== undefined) yield { id: fields.get('id'), event: fields.get('event'), data };
      }
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}
