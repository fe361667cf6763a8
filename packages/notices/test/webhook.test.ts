import { createHmac } from 'node:crypto';
import type { ClaimedNotice } from '@headrace/ports';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createWebhookChannel, signature } from '../src/index.ts';
import { type WebhookServer, webhookServer } from './support/webhook-server.ts';

const notice: ClaimedNotice = {
  id: '1',
  target: { kind: 'webhook', connection: 'pager' },
  payload: { event: 'run.failure', dagId: 'shop', runId: 'r1' },
  attempt: 1,
  idempotencyKey: 'abc123',
  createdAt: 0,
};
const NOW = 1_700_000_000_000;

let server: WebhookServer;
beforeEach(async () => {
  server = await webhookServer();
});
afterEach(() => server.close());

function deliver(url: string | undefined, signal = AbortSignal.timeout(5_000)): Promise<void> {
  return createWebhookChannel({ connections: () => url, now: () => NOW }).deliver(notice, signal);
}

describe('a webhook', () => {
  test('is a POST of the payload with an idempotency key', async () => {
    await deliver(`${server.url}/hooks/42?team=data`);
    expect(server.received).toHaveLength(1);
    const [call] = server.received;
    expect(call).toMatchObject({ method: 'POST', path: '/hooks/42?team=data' });
    expect(JSON.parse(call?.body ?? '')).toEqual(notice.payload);
    expect(call?.headers).toMatchObject({
      'content-type': 'application/json',
      'idempotency-key': 'abc123',
      'webhook-id': 'abc123',
      'webhook-timestamp': '1700000000',
    });
    expect(call?.headers['webhook-signature']).toBeUndefined();
  });

  test('is signed with the secret of its connection, which is not sent', async () => {
    await deliver(`${server.url}/?signing_secret=s3cret-text&x=1`);
    const [call] = server.received;
    expect(call?.path).toBe('/?x=1');
    const expected = createHmac('sha256', 's3cret-text').update(`abc123.1700000000.${call?.body}`).digest('base64');
    expect(call?.headers['webhook-signature']).toBe(`v1,${expected}`);
    expect(JSON.stringify(call)).not.toContain('s3cret-text');
  });

  test('is signed as the vectors of Standard Webhooks say', () => {
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    const said = signature(secret, 'msg_p5jXN8AQM9LWM0D4loKWxJek', 1_614_265_330, '{"test": 2432232314}');
    expect(said).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });

  test('sends user and password as basic authentication', async () => {
    await deliver(server.url.replace('http://', 'http://ada:p%40ss@'));
    expect(server.received[0]?.headers.authorization).toBe(`Basic ${Buffer.from('ada:p@ss').toString('base64')}`);
  });

  test.each([
    [500, 'boom', { final: false }],
    [404, '', { final: false }],
    [302, '', { final: false }],
    [410, 'gone', { final: true }],
  ])('answered %i is no delivery', async (status, body, expected) => {
    server.answers.push((response) => response.writeHead(status, { location: `${server.url}/elsewhere` }).end(body));
    await expect(deliver(server.url)).rejects.toMatchObject({ ...expected, message: expect.stringContaining(`answered ${status}`) });
    expect(server.received).toHaveLength(1);
  });

  test('is not told of by what another server says: no redirect is followed, with whatever status', async () => {
    const other = await webhookServer();
    try {
      for (const status of [301, 302, 303, 307, 308]) {
        server.answers.push((response) => response.writeHead(status, { location: `${other.url}/stolen` }).end());
        await expect(deliver(server.url)).rejects.toMatchObject({ final: false });
      }
      expect(other.received).toEqual([]);
    } finally {
      await other.close();
    }
  });

  test('that refuses without end is not listened to until the end', async () => {
    let cut = false;
    server.answers.push((response) => {
      response.on('close', () => {
        cut = true;
      });
      response.writeHead(500);
      const more = (): void => {
        while (!response.destroyed && response.write('no such thing '.repeat(1_000)));
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    });
    await expect(deliver(server.url, new AbortController().signal)).rejects.toThrow(/answered 500: (no such thing ?)+/);
    for (let waited = 0; !cut && waited < 200; waited++) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(cut).toBe(true);
  });

  test.each([
    'file:///etc/passwd',
    'ftp://127.0.0.1/',
    'gopher://127.0.0.1/',
    'data:text/plain,x',
    'javascript:1',
    'unix:/var/run/docker.sock',
  ])('goes by http and https alone: not by %s', async (url) => {
    await expect(deliver(url)).rejects.toMatchObject({ code: 'HR_NOTICE_CONNECTION' });
  });

  test.each([
    ['120', 120_000],
    [new Date(NOW + 30_000).toUTCString(), 30_000],
    ['soon', undefined],
    ['99999999', 3_600_000],
  ])('is left alone for as long as it asks: %s', async (header, retryAfterMs) => {
    server.answers.push((response) => response.writeHead(429, { 'retry-after': header }).end());
    await expect(deliver(server.url)).rejects.toMatchObject({ retryAfterMs });
  });

  test('that does not answer, or cannot be reached, is an error that does not tell its URL', async () => {
    server.answers.push(() => {});
    const error: Error = await deliver(`${server.url}/T0P-S3CRET`, AbortSignal.timeout(50)).catch((caught) => caught);
    expect(error.message).toBe('The webhook "pager" did not answer in time');
    await server.close();
    const refused: Error = await deliver(`${server.url}/T0P-S3CRET`).catch((caught) => caught);
    expect(refused.message).toBe('The webhook "pager" could not be reached: ECONNREFUSED');
  });

  test('needs a connection, of the right kind', async () => {
    await expect(deliver(undefined)).rejects.toMatchObject({ code: 'HR_CONNECTION_UNKNOWN' });
    await expect(deliver('postgres://nowhere')).rejects.toMatchObject({ code: 'HR_NOTICE_CONNECTION' });
    await expect(deliver('not a url')).rejects.toMatchObject({ code: 'HR_NOTICE_CONNECTION' });
  });
});
