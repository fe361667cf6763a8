/** Events in one request, against a backend that counts its requests. */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ClaimedNotice } from '@headrace/ports';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createLineageChannel } from '../src/index.ts';

let server: Server;
let base: string;
let received: { readonly path: string; readonly body: unknown; readonly key: unknown }[] = [];
let answer: (response: ServerResponse, path: string) => void;
beforeAll(async () => {
  server = createServer(async (request, response) => {
    let body = '';
    for await (const piece of request.setEncoding('utf8')) body += piece;
    received.push({ path: request.url ?? '', body: JSON.parse(body), key: request.headers['idempotency-key'] });
    answer(response, request.url ?? '');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  received = [];
  answer = (response) => void response.writeHead(200).end('{}');
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

const notice = (n: number, attempt = 1): ClaimedNotice => ({
  id: String(n),
  target: { kind: 'lineage' },
  payload: { event: 'lineage.start', openLineage: { n } },
  attempt,
  idempotencyKey: `key-${n}`,
  createdAt: 0,
});
const channel = (most = 100, waitMs = 20) =>
  createLineageChannel({ kind: 'http', url: `${base}/one`, batchUrl: `${base}/batch` }, { most, waitMs });
const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);
const in10s = () => AbortSignal.timeout(10_000);

/** What became of each: nothing, or the error's text and whether it is for good. */
function outcomes(all: readonly Promise<void>[]) {
  return Promise.all(
    all.map((one) =>
      one.then(
        () => 'taken',
        (error: Error & { final?: boolean }) => `${error.message}${error.final === true ? ' FINAL' : ''}`,
      ),
    ),
  );
}

describe('events that are on their way together', () => {
  test('go in one request, each once, in the order in which they came', async () => {
    const lineage = channel();
    await Promise.all(numbers(20).map((n) => lineage.deliver(notice(n), in10s())));
    expect(received.map(({ path, body }) => [path, body])).toEqual([['/batch', numbers(20).map((n) => ({ n }))]]);
    expect(received[0]?.key).toMatch(/^[0-9a-f]{64}$/);
  });

  test('are no more in a request than fit, and none waits for company that does not come', async () => {
    const lineage = channel(8);
    await Promise.all(numbers(20).map((n) => lineage.deliver(notice(n), in10s())));
    // Requests of the same moment overtake each other.
    expect(received.map(({ body }) => (body as unknown[]).length).sort()).toEqual([4, 8, 8]);
    await lineage.deliver(notice(99), in10s());
    expect(received.at(-1)?.body).toEqual([{ n: 99 }]);
  });

  test('have each an answer of its own', async () => {
    const failed_events = [
      { index: 1, reason: 'no such facet', retriable: false },
      { index: 2, reason: 'later', retriable: true },
    ];
    answer = (response) => void response.writeHead(200).end(JSON.stringify({ status: 'partial_success', failed_events }));
    const lineage = channel();
    expect(await outcomes(numbers(4).map((n) => lineage.deliver(notice(n), in10s())))).toEqual([
      'taken',
      'The lineage backend refused the event: no such facet FINAL',
      'The lineage backend refused the event: later',
      'taken',
    ]);
  });

  test('that are refused as a whole are not given up: each goes alone the next time', async () => {
    answer = (response, path) => void response.writeHead(path === '/batch' ? 422 : 201).end('wrong');
    const lineage = channel();
    const together = await outcomes(numbers(3).map((n) => lineage.deliver(notice(n), in10s())));
    expect(together).toEqual(Array(3).fill('The lineage backend answered 422: wrong (to 3 events together)'));
    expect(await outcomes([lineage.deliver(notice(7), in10s())])).toEqual(['The lineage backend answered 422: wrong FINAL']);
    await Promise.all(numbers(3).map((n) => lineage.deliver(notice(n, 2), in10s())));
    expect(received.slice(-3).map(({ path, body, key }) => [path, body, key])).toEqual(
      expect.arrayContaining(numbers(3).map((n) => ['/one', { n }, `key-${n}`])),
    );
  });

  test('do not wait longer than their time', async () => {
    answer = () => {};
    const lineage = channel();
    const late = await outcomes(numbers(2).map((n) => lineage.deliver(notice(n), AbortSignal.timeout(200))));
    expect(late).toEqual(Array(2).fill('The lineage backend did not answer in time'));
    server.closeAllConnections();
    const gone = AbortSignal.abort(new Error('too late'));
    expect(await outcomes([lineage.deliver(notice(1), gone)])).toEqual(['too late']);
  });
});

test('without a batch endpoint each event has its request', async () => {
  const lineage = createLineageChannel({ kind: 'http', url: `${base}/one` });
  await Promise.all(numbers(5).map((n) => lineage.deliver(notice(n), in10s())));
  expect(received.map(({ path }) => path)).toEqual(Array(5).fill('/one'));
});
