import { describe, expect, test } from '@jest/globals';
import { ApiError, createClient, UnreachableError } from '../src/index.ts';

interface Seen {
  url: string;
  init: RequestInit;
}

function clientThatSees(seen: Seen[], answer: () => Promise<Response>) {
  const fetchStandIn = (url: string, init: RequestInit) => {
    seen.push({ url, init });
    return answer();
  };
  return createClient({ url: 'http://api.test/', token: 't', client: 'ui', fetch: fetchStandIn as typeof fetch });
}

const json =
  (body: unknown, status = 200) =>
  async () =>
    new Response(JSON.stringify(body), { status });

describe('the client', () => {
  test('asks with escaped ids, repeated filters and its token', async () => {
    const seen: Seen[] = [];
    const client = clientThatSees(seen, json({ dag_runs: [], total_entries: 0 }));
    await client.runs('a/b c', { state: ['queued', 'failed'], limit: 5, order_by: undefined });
    expect(seen[0]?.url).toBe('http://api.test/api/v2/dags/a%2Fb%20c/dagRuns?state=queued&state=failed&limit=5');
    expect(seen[0]?.init.headers).toEqual({ accept: 'application/json', authorization: 'Bearer t', 'headrace-client': 'ui' });
  });

  test('sends bodies as JSON', async () => {
    const seen: Seen[] = [];
    await clientThatSees(seen, json({})).patchDag('d', { is_paused: true });
    expect([seen[0]?.init.method, seen[0]?.init.body]).toEqual(['PATCH', '{"is_paused":true}']);
    expect(seen[0]?.init.headers).toMatchObject({ 'content-type': 'application/json' });
  });

  test('throws the problem that the server told', async () => {
    const problem = { type: 'urn:x', title: 'no', status: 404, detail: 'There is no DAG "d"', code: 'HR_DAG_NOT_FOUND', instance: '/' };
    const error = await clientThatSees([], json(problem, 404))
      .dag('d')
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ code: 'HR_DAG_NOT_FOUND', status: 404, message: 'There is no DAG "d"', problem });
  });

  test('tells a proxy that answers in place of the API from the API', async () => {
    const page = async () => new Response('<html>Bad gateway', { status: 502 });
    await expect(clientThatSees([], page).health()).rejects.toMatchObject({ code: 'HR_API_ANSWER', status: 502, problem: undefined });
    const welcome = async () => new Response('<html>Welcome', { status: 200 });
    await expect(clientThatSees([], welcome).health()).rejects.toThrow(/is this the address of a Headrace API/);
  });

  test('says why nobody answers', async () => {
    const refused = () =>
      Promise.reject(new TypeError('fetch failed', { cause: Object.assign(new Error('no'), { code: 'ECONNREFUSED' }) }));
    const error = await clientThatSees([], refused)
      .health()
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(UnreachableError);
    expect((error as Error).message).toBe('No Headrace API answers at http://api.test (ECONNREFUSED)');
  });
});
