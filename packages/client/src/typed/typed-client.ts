/**
 * A function for every operation of the API, named as the OpenAPI document names it, with the types of that document.
 *
 * T1. The types and the list of operations are generated (`../generated/operations.ts`); this file is all the code there is.
 * T2. It needs nothing but `fetch`. What is not a success is thrown: `ApiError` with the problem that was told, `UnreachableError`.
 * T3. An operation that answers with a stream resolves with the `Response`: read it with `readLines` or `readEvents`.
 */
import { ApiError, UnreachableError } from '../errors.ts';
import { OPERATIONS, type Operations } from '../generated/operations.ts';

export interface TypedClientOptions {
  /** Without `/api/v2`: `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly token?: string;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Default: the global one. */
  readonly fetch?: typeof fetch;
}

/** What a call may say beside what the operation asks for. */
export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
}

type OperationId = keyof Operations;
type Asked<Id extends OperationId> = Omit<Operations[Id], 'answer'>;
/** Nothing has to be given. */
type Optional<Id extends OperationId> = Record<never, never> extends Asked<Id> ? true : false;

export type TypedClient = {
  readonly [Id in OperationId]: Optional<Id> extends true
    ? (asked?: Asked<Id>, options?: CallOptions) => Promise<Operations[Id]['answer']>
    : (asked: Asked<Id>, options?: CallOptions) => Promise<Operations[Id]['answer']>;
};

interface AnyAsked {
  readonly path?: Readonly<Record<string, unknown>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
}

export function createTypedClient(options: TypedClientOptions): TypedClient {
  const call =
    (id: OperationId) =>
    (asked: AnyAsked = {}, more: CallOptions = {}) =>
      send(options, id, asked, more);
  const ids = Object.keys(OPERATIONS) as OperationId[];
  return Object.fromEntries(ids.map((id) => [id, call(id)])) as unknown as TypedClient;
}

async function send(options: TypedClientOptions, id: OperationId, asked: AnyAsked, more: CallOptions): Promise<unknown> {
  const [method, template, form] = OPERATIONS[id];
  const base = options.url.replace(/\/+$/, '');
  const path = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(asked.path?.[name])));
  const url = `${base}${path}${searchOf(asked.query ?? {})}`;
  const init = {
    method,
    headers: {
      accept: form,
      ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
      ...(asked.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...Object.fromEntries(Object.entries(asked.header ?? {}).map(([name, value]) => [name, String(value)])),
      ...options.headers,
      ...more.headers,
    },
    ...(asked.body === undefined ? {} : { body: JSON.stringify(asked.body) }),
    ...(more.signal === undefined ? {} : { signal: more.signal }),
  };
  const response = await (options.fetch ?? fetch)(url, init).catch((error: unknown) => {
    if (more.signal?.aborted === true) throw error;
    throw new UnreachableError(base, error);
  });
  if (!response.ok) throw ApiError.of(response.status, await response.text(), `${method} ${url}`);
  if (response.status === 204) return undefined;
  return form === 'application/json' ? response.json() : response;
}

function searchOf(query: Readonly<Record<string, unknown>>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) search.append(name, String(one));
  }
  return search.size === 0 ? '' : `?${search}`;
}
