/** Asks once what a `waitForHttp` waits for. */
import { isDeepStrictEqual } from 'node:util';
import { DataError } from '@headrace/dataplane';
import type { OperationExecutor } from '@headrace/sdk';
import { authorize } from '../http/access-token.ts';
import { connectionEndpoint, plainEndpoint, withRequest } from '../http/endpoint.ts';
import { jsonOf, request } from '../http/request.ts';
import type { HttpAnswer, HttpCondition, JsonCondition } from './wait-for-http.ts';

/** Answers after which another try may well succeed. */
const PASSING = [408, 425, 429];

export const lookForHttp: OperationExecutor = async ({ operation, context }) => {
  const { connection, url = '', path = '', method, body, json, ...condition } = operation as unknown as HttpCondition;
  const address = connection === undefined ? plainEndpoint(url) : connectionEndpoint(context.connection(connection), path);
  const endpoint = withRequest(await authorize(address, context.log, context.signal), condition);
  const shown = `${method} ${endpoint.shown}`;
  const wanted = {
    endpoint,
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    accept: json === undefined ? '*/*' : 'application/json',
    timeoutMs: condition.requestTimeoutMs,
    confined: connection !== undefined || Object.keys(condition.headers).length > 0,
  };
  const answer = await request(wanted, context.signal, async (response): Promise<HttpAnswer & { readonly ok: boolean }> => {
    const { status, ok } = response;
    const looked = json !== undefined && isWanted(status, condition);
    return { status, ok, ...(looked ? { body: await jsonOf(response, shown) } : {}) };
  });
  const { status, ok } = answer;
  if (!isWanted(status, condition)) {
    if (!ok && !condition.notYet.includes(status))
      throw new DataError('HR_HTTP_STATUS', `${shown} answers ${status}`, { retryable: status >= 500 || PASSING.includes(status) });
    context.log.info(`Waiting: ${shown} answers ${status}`);
    return undefined;
  }
  if (json === undefined) return { status };
  if (await isTrue(json, answer.body)) return { status, body: answer.body };
  context.log.info(`Waiting: ${shown} answers ${status}, with other JSON than is waited for`);
  return undefined;
};

function isWanted(status: number, { status: wanted }: Pick<HttpCondition, 'status'>): boolean {
  return wanted.length === 0 ? status >= 200 && status < 300 : wanted.includes(status);
}

async function isTrue(json: NonNullable<HttpCondition['json']>, body: unknown): Promise<boolean> {
  if (typeof json === 'function') return (await json(body)) === true;
  const value = valueAt(body, json.at);
  if (!('is' in json)) return ![undefined, null, 0, '0', '', false].includes(value as null);
  return alternatives(json).some((each) => isDeepStrictEqual(each, value));
}

/** As JSON has them. */
function alternatives({ is }: JsonCondition): readonly unknown[] {
  const all: readonly unknown[] = Array.isArray(is) ? is : [is];
  return all.map((each) => (each instanceof Date ? each.toISOString() : typeof each === 'bigint' ? Number(each) : each));
}

function valueAt(body: unknown, path: string): unknown {
  let at = body;
  for (const name of path.split('.')) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined;
    at = (at as Readonly<Record<string, unknown>>)[name];
  }
  return at;
}
