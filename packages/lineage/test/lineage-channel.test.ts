import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClaimedNotice } from '@headrace/ports';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { configuredLineage, createLineageChannel } from '../src/index.ts';

const notice: ClaimedNotice = {
  id: '1',
  target: { kind: 'lineage' },
  payload: { event: 'lineage.start', openLineage: { eventType: 'START', job: { name: 'grüße' } } },
  attempt: 1,
  idempotencyKey: 'abc',
  createdAt: 0,
};

describe('lineage on its way', () => {
  let server: Server;
  let url: string;
  let answer: { status: number; headers?: Record<string, string>; body?: string } = { status: 201 };
  const received: { readonly request: IncomingMessage; readonly body: string }[] = [];
  beforeAll(async () => {
    server = createServer(async (request, response) => {
      let body = '';
      for await (const piece of request.setEncoding('utf8')) body += piece;
      received.push({ request, body });
      response.writeHead(answer.status, answer.headers).end(answer.body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1/lineage`;
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));
  const deliver = () => createLineageChannel({ kind: 'http', url, apiKey: 'the-key' }).deliver(notice, AbortSignal.timeout(5_000));

  test('is one POST of the event, with the key', async () => {
    await deliver();
    const [{ request, body } = { request: undefined, body: '' }] = received;
    expect({ method: request?.method, url: request?.url }).toEqual({ method: 'POST', url: '/api/v1/lineage' });
    expect(request?.headers).toMatchObject({
      authorization: 'Bearer the-key',
      'content-type': 'application/json',
      'idempotency-key': 'abc',
    });
    expect(JSON.parse(body)).toEqual(notice.payload.openLineage);
  });

  test.each([
    [400, true],
    [422, true],
    [401, false],
    [429, false],
    [500, false],
    [302, false],
  ])('is refused by %i for good: %s', async (status, final) => {
    answer = { status, headers: { 'retry-after': '7' }, body: 'no <b>such</b>  thing' };
    await expect(deliver()).rejects.toMatchObject({ code: 'HR_NOTICE_REFUSED', final, retryAfterMs: 7_000 });
    await expect(deliver()).rejects.not.toThrow('the-key');
  });

  test('does not go where a redirect leads, and does not listen to a refusal without end', async () => {
    const before = received.length;
    answer = { status: 307, headers: { location: `${url}/elsewhere` } };
    await expect(deliver()).rejects.toMatchObject({ final: false });
    expect(received.slice(before).map(({ request }) => request.url)).toEqual(['/api/v1/lineage']);
    answer = { status: 500, body: 'x'.repeat(50_000_000) };
    await expect(deliver()).rejects.toThrow(/answered 500: x{200}$/);
  });

  test('says when nobody answers', async () => {
    const channel = createLineageChannel({ kind: 'http', url: 'http://127.0.0.1:1/x' });
    await expect(channel.deliver(notice, AbortSignal.timeout(5_000))).rejects.toThrow('could not be reached');
  });

  test('goes into a file, an event a line', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'headrace-lineage-'));
    const path = join(folder, 'new', 'events.jsonl');
    const channel = createLineageChannel({ kind: 'file', path });
    await Promise.all(Array.from({ length: 20 }, () => channel.deliver(notice, AbortSignal.timeout(5_000))));
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual(Array(20).fill(notice.payload.openLineage));
    rmSync(folder, { recursive: true });
  });

  test('goes where the settings say, or nowhere', () => {
    const settings = {
      openLineageEndpoint: '/api/v1/lineage',
      openLineageNamespace: 'n',
      openLineageProducer: 'urn:x',
      openLineageDisabled: 'false',
    } as const;
    expect(configuredLineage(settings)).toBeUndefined();
    const there = { ...settings, openLineageUrl: 'http://marquez:5000/', openLineageApiKey: 'k', openLineageFile: 'f' };
    expect(configuredLineage(there)?.transport).toEqual({ kind: 'http', url: 'http://marquez:5000/api/v1/lineage', apiKey: 'k' });
    expect(configuredLineage({ ...there, openLineageBatchEndpoint: 'api/v1/lineage/batch' })?.transport).toMatchObject({
      batchUrl: 'http://marquez:5000/api/v1/lineage/batch',
    });
    expect(configuredLineage({ ...there, openLineageDisabled: 'true' })).toBeUndefined();
    expect(configuredLineage({ ...settings, openLineageFile: '/x/f' })?.transport).toEqual({ kind: 'file', path: '/x/f' });
  });
});
