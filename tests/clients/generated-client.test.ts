/** The typed client is in step with the API, and does what its types say. */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { ApiError, createTypedClient, readEvents, readLines } from '@headrace/client';
import { expect, test } from '@jest/globals';
import { generateOperations } from '../../packages/client/scripts/generate-operations.ts';
import { describedApi } from './document.ts';

test('the committed client is what the document makes (npm run client:generate)', async () => {
  const committed = readFileSync(fileURLToPath(new URL('../../packages/client/src/generated/operations.ts', import.meta.url)), 'utf8');
  expect(generateOperations(await describedApi())).toBe(committed);
});

/** What was asked, and an answer of our own. */
async function asked(answer: { status: number; type: string; body: string }, ask: (url: string) => Promise<unknown>) {
  const seen: { method: string | undefined; url: string | undefined; headers: IncomingHttpHeaders; body: string }[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    seen.push({ method: request.method, url: request.url, headers: request.headers, body });
    response.writeHead(answer.status, { 'content-type': answer.type }).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const result = await ask(`http://127.0.0.1:${(server.address() as AddressInfo).port}`).catch((error: unknown) => error);
    return { seen: seen[0], result };
  } finally {
    server.close();
  }
}

test('a call is the request that the document describes', async () => {
  const { seen, result } = await asked({ status: 200, type: 'application/json', body: '{"dag_runs":[],"total_entries":0}' }, (url) =>
    createTypedClient({ url: `${url}/`, token: 't' }).get_dag_runs({
      path: { dag_id: 'a/ü' },
      query: { state: ['failed', 'queued'], limit: 5 },
    }),
  );
  expect(seen).toMatchObject({ method: 'GET', url: '/api/v2/dags/a%2F%C3%BC/dagRuns?state=failed&state=queued&limit=5' });
  expect(seen?.headers).toMatchObject({ authorization: 'Bearer t', accept: 'application/json' });
  expect(result).toEqual({ dag_runs: [], total_entries: 0 });
  const post = await asked({ status: 200, type: 'application/json', body: '{}' }, (url) =>
    createTypedClient({ url }).trigger_dag_run({ path: { dag_id: 'a' }, body: { conf: { rows: 1 } } }),
  );
  expect(post.seen).toMatchObject({ method: 'POST', body: '{"conf":{"rows":1}}' });
});

test('a problem is thrown with its code', async () => {
  const problem = { type: 't', title: 'T', status: 404, detail: 'There is no DAG "a"', code: 'HR_DAG_NOT_FOUND', instance: '/' };
  const { result } = await asked({ status: 404, type: 'application/problem+json', body: JSON.stringify(problem) }, (url) =>
    createTypedClient({ url }).get_dag({ path: { dag_id: 'a' } }),
  );
  expect(result).toBeInstanceOf(ApiError);
  expect(result).toMatchObject({ status: 404, code: 'HR_DAG_NOT_FOUND', message: 'There is no DAG "a"' });
});

test('lines and events are read as they come, wherever they are cut', async () => {
  const parts = ['{"a"', ':1}\n{"a":2}\r\n', '\n', '{"a":3}'];
  expect(await Array.fromAsync(readLines(streamOf(parts)))).toEqual([{ a: 1 }, { a: 2 }, { a: 3 }]);
  const events = [': alive\n\nid: 7\nevent: ru', 'n\ndata: {"x":\ndata: 1}\n', '\ndata: "ü"\n\n', 'data: "never whole"\n'];
  expect(await Array.fromAsync(readEvents(streamOf(events)))).toEqual([
    { id: '7', event: 'run', data: { x: 1 } },
    { id: '7', event: 'message', data: 'ü' },
  ]);
});

function streamOf(parts: readonly string[]): Response {
  const bytes = Buffer.from(parts.join(''));
  const half = Math.floor(bytes.length / 2);
  return new Response(
    new ReadableStream({
      start(controller) {
        for (const chunk of [bytes.subarray(0, half), bytes.subarray(half)]) controller.enqueue(new Uint8Array(chunk));
        controller.close();
      },
    }),
  );
}
