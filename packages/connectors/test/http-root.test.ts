import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { FileNotFoundError, type FileRoot } from '@headrace/dataplane';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { openRoot } from '../src/roots/open-root.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;
const answers = new Map<string, Answer>();
const seen: IncomingMessage[] = [];
const roots: FileRoot[] = [];
let server: Server;
let origin: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    seen.push(request);
    const answer = answers.get((request.url ?? '').split('?')[0] ?? '');
    if (answer) return answer(request, response);
    response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  answers.clear();
  seen.length = 0;
  for (const root of roots.splice(0)) await root.close();
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

async function open(url = `${origin}/data`): Promise<FileRoot> {
  const root = await openRoot({ id: 'web', url });
  roots.push(root);
  return root;
}
const file =
  (content: string): Answer =>
  (_request, response) => {
    response.writeHead(200, { 'content-length': Buffer.byteLength(content), 'last-modified': 'Mon, 19 Jun 2017 04:00:00 GMT' });
    response.end(content);
  };

test('reads a file, and tells its size and time', async () => {
  answers.set('/data/sub/a%20b%3F.csv', file('id\n1\n'));
  const root = await open();
  expect(await text(await root.read('sub/a b?.csv'))).toBe('id\n1\n');
  const facts = {
    path: 'sub/a b?.csv',
    bytes: 5,
    modifiedAt: new Date('2017-06-19T04:00:00Z'),
    changedAt: new Date('2017-06-19T04:00:00Z'),
  };
  expect(await root.facts('sub/a b?.csv')).toEqual(facts);
  expect(await root.find('sub/a b?.csv').catch((error: unknown) => error)).toMatchObject({ code: 'HR_NO_LISTING' });
  answers.set('/data/plain.csv', file('x'));
  expect(await root.find('plain.csv')).toMatchObject([{ path: 'plain.csv', bytes: 1 }]);
  expect(root.url).toBe(`${origin}/data/`);
});

test('sends what the connection holds, and only to its own host', async () => {
  answers.set('/data/a', file('a'));
  await (await open(`${origin.replace('//', '//clerk:p%40ss@')}/data?version=2`)).size('a');
  await (await open(`${origin}/data?bearerToken=token-1`)).size('a');
  expect(seen.map(({ headers, url }) => [headers.authorization, url])).toEqual([
    [`Basic ${Buffer.from('clerk:p@ss').toString('base64')}`, '/data/a?version=2'],
    ['Bearer token-1', '/data/a'],
  ]);
  answers.set('/data/moved', (_request, response) => response.writeHead(302, { location: 'http://localhost:1/a' }).end());
  const root = await open(`${origin}/data?bearerToken=token-1`);
  await expect(root.read('moved')).rejects.toMatchObject({ code: 'HR_HTTP_REDIRECT' });
  await expect(root.read('moved')).rejects.not.toThrow('token-1');
});

test('follows a few redirects', async () => {
  answers.set('/data/old', (_request, response) => response.writeHead(301, { location: '/data/new' }).end());
  answers.set('/data/new', file('new'));
  answers.set('/data/loop', (_request, response) => response.writeHead(302, { location: '/data/loop' }).end());
  const root = await open();
  expect(await text(await root.read('old'))).toBe('new');
  await expect(root.read('loop')).rejects.toMatchObject({ code: 'HR_HTTP_REDIRECT' });
});

test('knows what is not there, and what it may not read', async () => {
  answers.set('/data/secret', (_request, response) => response.writeHead(403).end('<html>no</html>'));
  answers.set('/data/broken', (_request, response) => response.writeHead(500).end('oh'));
  const root = await open();
  expect(await root.facts('nothing')).toBeUndefined();
  await expect(root.read('nothing')).rejects.toThrow(FileNotFoundError);
  await expect(root.read('secret')).rejects.toMatchObject({ code: 'HR_STORAGE_REFUSED' });
  await expect(root.read('broken')).rejects.toMatchObject({ code: 'HR_HTTP_STATUS', retryable: true });
});

test('comes again when the server asks for it, a few times', async () => {
  let busy = 2;
  answers.set('/data/busy', (request, response) => {
    busy -= 1;
    if (busy >= 0) response.writeHead(busy === 1 ? 503 : 429, { 'retry-after': '0' }).end();
    else file('at last')(request, response);
  });
  answers.set('/data/always', (_request, response) => response.writeHead(429, { 'retry-after': '0' }).end());
  answers.set('/data/tomorrow', (_request, response) => response.writeHead(503, { 'retry-after': '86400' }).end());
  const root = await open();
  expect(await text(await root.read('busy'))).toBe('at last');
  await expect(root.read('always')).rejects.toMatchObject({ code: 'HR_HTTP_STATUS', retryable: true });
  await expect(root.read('tomorrow')).rejects.toMatchObject({ code: 'HR_HTTP_STATUS', retryable: true });
  expect(seen.filter(({ url }) => url === '/data/always')).toHaveLength(4);
  expect(seen.filter(({ url }) => url === '/data/tomorrow')).toHaveLength(1);
});

test.each([
  ['the length that was announced', { 'content-length': '100000' }, /HR_FILE_CUT_OFF: .*: 5000 of 100000 bytes came/],
  ['the last chunk', {}, /HR_FILE_CUT_OFF: .*: 5000 bytes came/],
])('a connection that ends before %s is an error with what came', async (_what, headers, expected) => {
  answers.set('/data/cut', (request, response) => {
    response.writeHead(200, headers);
    response.write('x'.repeat(5_000), () => setImmediate(() => request.socket.end()));
  });
  const stream = await (await open()).read('cut');
  const said = await text(stream).catch((error: unknown) => error as { code: string; message: string; retryable: boolean });
  expect(said).toMatchObject({ retryable: true });
  expect(typeof said === 'string' ? said : `${said.code}: ${said.message}`).toMatch(expected);
});

test('a file whose end nobody tells is refused', async () => {
  const raw = createTcpServer((socket) => socket.once('data', () => socket.end('HTTP/1.0 200 OK\r\n\r\nid\n1\n')));
  await new Promise<void>((resolve) => raw.listen(0, '127.0.0.1', resolve));
  try {
    const root = await open(`http://127.0.0.1:${(raw.address() as AddressInfo).port}`);
    await expect(text(await root.read('a'))).rejects.toMatchObject({ code: 'HR_FILE_LENGTH_UNKNOWN' });
  } finally {
    await new Promise((resolve) => raw.close(resolve));
  }
});

test('counts what a server gives no length of, or where it knows no HEAD', async () => {
  answers.set('/data/chunked', (_request, response) => {
    response.write('12345');
    response.end('678');
  });
  answers.set('/data/no-head', (request, response) =>
    request.method === 'HEAD' ? void response.writeHead(405).end() : file('four')(request, response),
  );
  const root = await open();
  expect(await root.size('chunked')).toBe(8);
  expect(await root.size('no-head')).toBe(4);
});

test('a reader that stops ends the request', async () => {
  let ended: () => void = () => {};
  const closed = new Promise<void>((resolve) => {
    ended = resolve;
  });
  answers.set('/data/endless', (_request, response) => {
    response.on('close', ended);
    const more = (): void => void response.write('x'.repeat(65_536), (error) => (error ? undefined : setImmediate(more)));
    more();
  });
  for await (const _ of await (await open()).read('endless')) break;
  await closed;
});

test('says that nobody is there', async () => {
  const root = await open('http://127.0.0.1:1/data');
  await expect(root.read('a')).rejects.toMatchObject({ code: 'HR_HTTP_UNREACHABLE', retryable: true });
  await expect(root.size('a')).rejects.toMatchObject({ code: 'HR_HTTP_UNREACHABLE' });
});

test('only reads, and lists nothing', async () => {
  const root = await open();
  await expect(root.publish('/x', 'a')).rejects.toMatchObject({ code: 'HR_READ_ONLY' });
  await expect(root.create('a', 'b')).rejects.toMatchObject({ code: 'HR_READ_ONLY' });
  await expect(root.remove('a')).rejects.toMatchObject({ code: 'HR_READ_ONLY' });
  await expect(root.list('')).rejects.toMatchObject({ code: 'HR_NO_LISTING' });
  await expect(root.find('*.csv')).rejects.toMatchObject({ code: 'HR_NO_LISTING' });
  await expect((async () => root.read('../up'))()).rejects.toThrow(TypeError);
});
