import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dag, type TaskDefinition, text } from '@headrace/sdk';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { freePort } from '../../../tests/support/free-port.ts';
import { type HttpAnswer, http, waitForHttp } from '../src/index.ts';
import { createRig, type LogLine, only, type Rig } from './support/rig.ts';

interface Request {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

type Answer = (request: Request, response: ServerResponse) => void;

async function startServer() {
  const seen: Request[] = [];
  const server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const { method = '', url = '', headers } = incoming;
    const request = { method, path: url, headers, body: Buffer.concat(chunks).toString() };
    seen.push(request);
    started.answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const started = {
    seen,
    port: (server.address() as AddressInfo).port,
    answer: ((_request, response) => response.end()) as Answer,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return started;
}

let rig: Rig;
let server: Awaited<ReturnType<typeof startServer>>;
let other: Awaited<ReturnType<typeof startServer>>;
beforeAll(async () => {
  [rig, server, other] = await Promise.all([createRig(), startServer(), startServer()]);
}, 60_000);
afterAll(async () => {
  await Promise.all([rig.close(), server.stop(), other.stop()]);
});
beforeEach(() => {
  server.seen.length = 0;
  other.seen.length = 0;
  rig.connections.partner = `http://me:very%2Dsecret@127.0.0.1:${server.port}/api/?key=also-secret`;
});

const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (_request, response) =>
    response.writeHead(code, headers).end();
const json =
  (body: unknown, code = 200): Answer =>
  (_request, response) =>
    response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));

const waiting = (options: Readonly<Record<string, unknown>>) =>
  only(() => waitForHttp('http', options as never)) as TaskDefinition<HttpAnswer>;
const look = (options: Readonly<Record<string, unknown>> = {}, onLog?: (line: LogLine) => void) =>
  rig.look(waiting(options.url === undefined ? { in: http('partner'), path: 'ready', ...options } : options), {
    ...(onLog === undefined ? {} : { onLog }),
  });
const at = (path: string) => `http://127.0.0.1:${server.port}${path}`;

describe('waiting for an answer over HTTP', () => {
  // airflow.apache.org/docs/apache-airflow-providers-http: "return False on failure 404 Not Found or response_check returning False".
  test('goes on with 2xx, waits on 404, fails on anything else', async () => {
    server.answer = status(204);
    expect(await look()).toEqual({ status: 204 });
    server.answer = status(404);
    expect(await look()).toBeUndefined();
    for (const [code, retryable] of [
      [400, false],
      [403, false],
      [429, true],
      [500, true],
      [503, true],
    ] as const) {
      server.answer = status(code);
      await expect(look()).rejects.toMatchObject({
        code: 'HR_HTTP_STATUS',
        retryable,
        message: `GET ready of connection "partner" answers ${code}`,
      });
    }
  });

  test('waits for the status that is asked for, and on those that mean "not yet"', async () => {
    server.answer = status(404);
    expect(await look({ status: 404 })).toEqual({ status: 404 });
    server.answer = status(202);
    expect(await look({ status: 200 })).toBeUndefined();
    expect(await look({ status: [200, 202] })).toEqual({ status: 202 });
    server.answer = status(503);
    expect(await look({ notYet: [503] })).toBeUndefined();
    server.answer = status(404);
    await expect(look({ notYet: [503] })).rejects.toMatchObject({ code: 'HR_HTTP_STATUS' });
  });

  test('sends what the connection and the task say, values of the run in place', async () => {
    server.answer = status(200);
    const definition = dag('rig', {}, ({ interval }) =>
      waitForHttp('http', {
        in: http('partner'),
        path: text`orders/${interval.day}?x=1`,
        method: 'POST',
        headers: { 'x-day': interval.day },
        query: { at: interval.start, odd: 'a&b=c', none: null },
        body: { day: interval.day },
      }),
    );
    expect(await rig.look(definition.tasks.get('http') as TaskDefinition)).toEqual({ status: 200 });
    const [request] = server.seen;
    expect(request).toMatchObject({
      method: 'POST',
      path: '/api/orders/2017-06-19?key=also-secret&x=1&at=2017-06-19T04%3A00%3A00.000Z&odd=a%26b%3Dc',
      headers: {
        authorization: `Basic ${Buffer.from('me:very-secret').toString('base64')}`,
        'x-day': '2017-06-19',
        'content-type': 'application/json',
        'user-agent': 'headrace',
      },
      body: '{"day":"2017-06-19"}',
    });
  });

  test('sends the bearer token of a connection as a header only', async () => {
    server.answer = status(200);
    rig.connections.partner = `http://127.0.0.1:${server.port}?bearerToken=abc.def`;
    expect(await look({ path: undefined })).toEqual({ status: 200 });
    expect(server.seen[0]).toMatchObject({ path: '/', headers: { authorization: 'Bearer abc.def' } });
  });

  test.each(['../admin', '%2e%2e/admin', 'a/../../admin', '..\\admin'])(
    'does not leave the address of its connection for %s',
    async (path) => {
      await expect(look({ path })).rejects.toMatchObject({ code: 'HR_HTTP_PATH' });
      expect(server.seen).toEqual([]);
    },
  );

  test.each(['//127.0.0.1:1/x', 'http://127.0.0.1:1/x', '@127.0.0.1:1/x'])('nor its host for %s', async (path) => {
    server.answer = status(200);
    await look({ path });
    expect(server.seen).toHaveLength(1);
  });
});

describe('JSON that is waited for', () => {
  const body = { state: 'done', ready: false, jobs: [{ n: 0 }, { n: 3 }] };
  test.each([
    ['state', true],
    ['ready', false],
    ['jobs.0.n', false],
    ['jobs.1.n', true],
    ['jobs.2.n', false],
    ['state.length', false],
    ['toString', false],
    [{ at: 'state', is: 'done' }, true],
    [{ at: 'state', is: 'running' }, false],
    [{ at: 'state', is: ['running', 'done'] }, true],
    [{ at: 'ready', is: false }, true],
    [{ at: 'jobs.1.n', is: 3n }, true],
    [(answer: unknown) => (answer as typeof body).jobs.length === 2, true],
    [async () => false, false],
    [() => 'truthy, but not true', false],
  ])('%p is %p', async (condition, expected) => {
    server.answer = json(body);
    expect(await look({ json: condition })).toEqual(expected ? { status: 200, body } : undefined);
  });

  test('is not looked at in an answer that means "not yet"', async () => {
    server.answer = status(404);
    expect(await look({ json: 'state' })).toBeUndefined();
  });

  test('must be JSON, and not endless', async () => {
    server.answer = (_request, response) => response.end('<html>');
    await expect(look({ json: 'state' })).rejects.toMatchObject({ code: 'HR_HTTP_ANSWER', retryable: true });
    server.answer = (_request, response) => response.end(`"${'x'.repeat(2_000_000)}"`);
    await expect(look({ json: 'state' })).rejects.toMatchObject({
      code: 'HR_HTTP_ANSWER',
      message: expect.stringContaining('more than 1048576'),
    });
  });

  test('lets what its function throws through', async () => {
    server.answer = json({});
    const failing = () => {
      throw new RangeError('of the user');
    };
    await expect(look({ json: failing })).rejects.toThrow(new RangeError('of the user'));
  });
});

describe('a redirect', () => {
  test('on the same host is followed with all that is sent', async () => {
    server.answer = ({ path }, response) =>
      path.startsWith('/api/ready') ? status(302, { location: '/moved' })({} as Request, response) : response.end();
    expect(await look()).toEqual({ status: 200 });
    expect(server.seen[1]).toMatchObject({ path: '/moved', headers: { authorization: expect.stringMatching(/^Basic /) } });
  });

  test.each([
    ['of a connection', () => ({})],
    ['with headers', () => ({ url: at('/x'), headers: { authorization: 'Bearer abc' } })],
  ])('to another host is not followed by a request %s', async (_name, options) => {
    server.answer = status(302, { location: `http://127.0.0.1:${other.port}/stolen` });
    await expect(look(options())).rejects.toMatchObject({ code: 'HR_HTTP_REDIRECT' });
    expect(other.seen).toEqual([]);
  });

  test('to another host is followed by one that carries nothing', async () => {
    server.answer = status(302, { location: `http://me:pw@127.0.0.1:${other.port}/there` });
    other.answer = status(200);
    expect(await look({ url: at('/x') })).toEqual({ status: 200 });
    expect(other.seen[0]?.headers.authorization).toBeUndefined();
  });

  test('in a circle ends', async () => {
    server.answer = status(302, { location: '/x' });
    await expect(look({ url: at('/x') })).rejects.toMatchObject({ message: expect.stringContaining('redirects more than 5 times') });
    expect(server.seen).toHaveLength(6);
  });

  test('of a POST is an answer like any other', async () => {
    server.answer = status(307, { location: `http://127.0.0.1:${other.port}/` });
    await expect(look({ method: 'POST', body: {} })).rejects.toMatchObject({ message: expect.stringContaining('answers 307') });
    expect(other.seen).toEqual([]);
  });
});

describe('what goes wrong', () => {
  test('is never said with a secret, in errors or logs', async () => {
    const lines: LogLine[] = [];
    const said: string[] = [];
    const attempt = (options: Readonly<Record<string, unknown>> = {}) =>
      look(options, (line) => lines.push(line)).catch((error: Error) =>
        said.push(`${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`),
      );
    server.answer = status(500);
    await attempt();
    server.answer = status(404);
    await attempt();
    server.answer = json({ state: 'no' });
    await attempt({ json: { at: 'state', is: 'yes' } });
    server.answer = status(302, { location: `http://127.0.0.1:${other.port}/?key=also-secret` });
    await attempt();
    server.answer = (_request, response) => response.destroy();
    await attempt();
    rig.connections.partner = `http://me:very-secret@127.0.0.1:${await freePort()}/?key=also-secret`;
    await attempt();
    rig.connections.partner = 'http://127.0.0.1:1/?bearerToken=very-secret%0Aalso-secret';
    await attempt();
    rig.connections.partner = 'http://me:%very-secret@127.0.0.1:1/';
    await attempt();
    rig.connections.partner = 'very-secret';
    await attempt();
    await attempt({ headers: { 'x-key': 'very-secret\nalso-secret' } });
    expect(lines).toHaveLength(2);
    expect(said).toHaveLength(8);
    expect(`${JSON.stringify(lines)}${said.join()}`).not.toMatch(/very|also-secret|dmVyeS/);
  });

  test('a server that is not there may be tried again', async () => {
    rig.connections.partner = `http://127.0.0.1:${await freePort()}/`;
    await expect(look()).rejects.toMatchObject({
      code: 'HR_HTTP_UNREACHABLE',
      retryable: true,
      message: 'GET ready of connection "partner": ECONNREFUSED',
    });
  });

  test('an answer that does not come ends the look, one that does not end too', async () => {
    server.answer = () => {};
    await expect(look({ requestTimeout: '50 ms' })).rejects.toMatchObject({ message: expect.stringContaining('no answer within 50 ms') });
    server.answer = (_request, response) => response.writeHead(200).write('{');
    await expect(look({ requestTimeout: '50 ms', json: 'a' })).rejects.toMatchObject({ code: 'HR_HTTP_UNREACHABLE' });
  });

  test('the end of the attempt is the end of the request', async () => {
    const stop = new AbortController();
    server.answer = () => stop.abort(new Error('stopped'));
    await expect(rig.look(waiting({ in: http('partner') }), { signal: stop.signal })).rejects.toThrow('stopped');
  });

  test.each([
    ['both addresses', { in: http('partner'), url: 'http://a' }, 'either "url" or "in"'],
    ['no address', {}, 'either "url" or "in"'],
    ['a path after a URL', { url: 'http://a', path: 'b' }, 'write it into "url"'],
    ['a password in the file', { url: 'http://me:pw@a' }, 'put it into a connection'],
    ['no web address', { url: 'ftp://a' }, 'no http:// or https:// address'],
    ['JSON of nothing', { url: 'http://a', method: 'HEAD', json: 'a' }, 'has no body'],
    ['a body that is not sent', { url: 'http://a', body: {} }, 'a GET has no body'],
    ['another method', { url: 'http://a', method: 'DELETE' }, 'use GET, HEAD or POST'],
    ['no patience', { url: 'http://a', requestTimeout: '0s' }, 'longer than nothing'],
    ['no status', { url: 'http://a', status: 99 }, '99 is no status'],
  ])('%s is refused when the DAG is built', (_name, options, message) => {
    expect(() => waiting(options)).toThrow(message);
  });

  test('a URL of the run that holds a password is refused when it runs', async () => {
    await expect(look({ url: text`http://me:${'very-secret'}@127.0.0.1:1/` })).rejects.toMatchObject({
      code: 'HR_HTTP_PATH',
      message: expect.not.stringContaining('very-secret'),
    });
  });
});
