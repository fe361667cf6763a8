/** One request to the API: every function of the client is made of it. */
import { ApiError, UnreachableError } from './errors.ts';

export interface ClientOptions {
  /** Without `/api/v2`: `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly token?: string;
  /** Which of our clients this is, for the history of runs. */
  readonly client?: 'cli' | 'ui';
  readonly signal?: AbortSignal;
  /** Default: the global one. */
  readonly fetch?: typeof fetch;
}

export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

export interface Request {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  readonly query?: Query;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
  /** Where the path begins. Default: Airflow's. Empty: the path is whole. */
  readonly root?: '/api/v2' | '/headrace/v1' | '';
}

export type SendRequest = <Answer>(path: string, request?: Request) => Promise<Answer>;

/** Resolves with what was answered, undefined where there is nothing. Throws ApiError, UnreachableError. */
export function createRequest(options: ClientOptions): SendRequest {
  const base = options.url.replace(/\/+$/, '');
  const send = options.fetch ?? fetch;

  return async function request<Answer>(
    path: string,
    { method = 'GET', query = {}, body, headers: more = {}, root = '/api/v2' }: Request = {},
  ): Promise<Answer> {
    const url = `${base}${root}${path}${searchOf(query)}`;
    const headers = {
      accept: 'application/json',
      ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
      ...(options.client === undefined ? {} : { 'headrace-client': options.client }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...more,
    };
    const init = {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    };
    let response: Response;
    let text: string;
    try {
      response = await send(url, init);
      text = await response.text();
    } catch (error) {
      if (options.signal?.aborted === true) throw error;
      throw new UnreachableError(base, error);
    }
    if (!response.ok) throw ApiError.of(response.status, text, `${method} ${url}`);
    if (response.status === 204) return undefined as Answer;
    return parse<Answer>(text, `${method} ${url}`);
  };
}

function searchOf(query: Query): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) search.append(name, String(one));
  }
  return search.size === 0 ? '' : `?${search}`;
}

/** Something else than an API may listen there, such as a proxy with a page of its own. */
function parse<Answer>(text: string, request: string): Answer {
  try {
    return JSON.parse(text) as Answer;
  } catch {
    throw new ApiError(
      502,
      undefined,
      `${request} was not answered with JSON: is this the address of a Headrace API? It said: ${text.slice(0, 100)}`,
    );
  }
}
