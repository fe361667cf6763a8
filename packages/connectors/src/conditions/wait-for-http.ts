import {
  type ConditionOptions,
  DagDefinitionError,
  type Duration,
  defineCondition,
  durationMs,
  isReference,
  type Reference,
  type RunValue,
  type TaskDefinition,
} from '@headrace/sdk';
import type { Http } from '../http/http.ts';

/** Where the body is looked at: `job.state`, `files.0.name`. Without `is` the value there must be neither null, 0, '0', empty nor false. */
export interface JsonCondition {
  readonly at: string;
  /** The value that is waited for, or several of which one is. */
  readonly is?: RunValue | readonly RunValue[];
}

interface HttpConditions extends ConditionOptions {
  /** Default `GET`. */
  readonly method?: 'GET' | 'HEAD' | 'POST';
  /** Sent besides those of the connection. Secrets belong in the connection. */
  readonly headers?: Readonly<Record<string, string | Reference<string>>>;
  /** Added to the address, encoded. */
  readonly query?: Readonly<Record<string, RunValue>>;
  /** What a POST sends, as JSON. */
  readonly body?: unknown;
  /** Default: any of 200 to 299. */
  readonly status?: number | readonly number[];
  /** Answers that mean "not yet". Default 404. Any other than these, `status` and 2xx fails the try. */
  readonly notYet?: readonly number[];
  /** Per request. Default 30 seconds. */
  readonly requestTimeout?: Duration;
  /** What must be true of the JSON that comes: a path, a path and a value, or a function. */
  readonly json?: string | JsonCondition | ((body: unknown) => boolean | Promise<boolean>);
}

interface AtUrl {
  /** Without user and password. Redirects to another host are followed only when no `headers` are sent. */
  readonly url: string | Reference<string>;
  readonly in?: never;
  readonly path?: never;
}

interface AtConnection {
  readonly in: Http;
  /** Below the address of the connection, which it cannot leave. */
  readonly path?: string | Reference<string>;
  readonly url?: never;
}

export type WaitForHttpOptions = HttpConditions & (AtUrl | AtConnection);

export interface HttpAnswer<Body = unknown> {
  readonly status: number;
  /** With `json`. */
  readonly body?: Body;
}

/** What the executor is given, with the references resolved. */
export interface HttpCondition {
  readonly connector: 'http';
  readonly connection?: string;
  readonly url?: string;
  readonly path?: string;
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string | number | bigint | boolean | Date | null>>;
  readonly body?: unknown;
  /** Empty: any of 200 to 299. */
  readonly status: readonly number[];
  readonly notYet: readonly number[];
  readonly requestTimeoutMs: number;
  readonly json?: JsonCondition | ((body: unknown) => boolean | Promise<boolean>);
}

/**
 * A sensor that asks over HTTP until the answer has the status and the JSON that are waited for; the answer is its result. As with Airflow's
 * HttpSensor 404 means "not yet", and any other refusal, or none at all, fails the try. A type guard as `json` gives the body its type.
 * Throws DagDefinitionError as `sensor` does.
 */
export function waitForHttp<Body>(
  id: string,
  options: WaitForHttpOptions & {
    readonly json: (body: unknown) => body is Body;
  },
): TaskDefinition<HttpAnswer<Body> & { readonly body: Body }>;
export function waitForHttp(id: string, options: WaitForHttpOptions): TaskDefinition<HttpAnswer>;
export function waitForHttp(id: string, options: WaitForHttpOptions): TaskDefinition<never> {
  const {
    in: place,
    url,
    path,
    method = 'GET',
    headers = {},
    query = {},
    body,
    status = [],
    notYet = [404],
    requestTimeout = '30 seconds',
    json,
    ...rest
  } = options as HttpConditions & {
    in?: Http;
    url?: string | Reference<string>;
    path?: string | Reference<string>;
  };
  const where = `Task "${id}"`;
  if ((place === undefined) === (url === undefined)) throw refused(where, 'give either "url" or "in", the connection');
  if (url !== undefined && path !== undefined) throw refused(where, '"path" is for a connection: write it into "url"');
  if (url !== undefined && !isReference(url)) checkUrl(where, url);
  if (!['GET', 'HEAD', 'POST'].includes(method)) throw refused(where, 'method: use GET, HEAD or POST');
  if (method === 'HEAD' && json !== undefined) throw refused(where, 'an answer to HEAD has no body for "json" to look at');
  if (method !== 'POST' && body !== undefined) throw refused(where, `a ${method} has no body`);
  const wanted = typeof status === 'number' ? [status] : status;
  for (const code of [...wanted, ...notYet])
    if (!Number.isInteger(code) || code < 200 || code > 599) throw refused(where, `${code} is no status of an answer`);
  const requestTimeoutMs = durationMs(`${where}, requestTimeout`, requestTimeout);
  if (requestTimeoutMs === 0) throw refused(where, 'requestTimeout: must be longer than nothing');
  return defineCondition<never>({
    taskId: id,
    options: rest,
    operation: {
      connector: 'http',
      ...(place === undefined ? { url } : { connection: place.connection, path: path ?? '' }),
      method,
      headers,
      query,
      ...(body === undefined ? {} : { body }),
      status: wanted,
      notYet: notYet.filter((code) => !wanted.includes(code)),
      requestTimeoutMs,
      ...(json === undefined ? {} : { json: typeof json === 'string' ? { at: json } : json }),
    },
    connections: place === undefined ? [] : [place.connection],
  });
}

function checkUrl(where: string, text: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw refused(where, '"url" is no http:// or https:// address');
  if (url.username !== '' || url.password !== '')
    throw refused(where, '"url" holds a password, which everybody can read in the DAG file: put it into a connection, in: http(id)');
}

function refused(where: string, why: string): DagDefinitionError {
  return new DagDefinitionError('HR_BAD_OPTION', `${where}: ${why}`);
}
