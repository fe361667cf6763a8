/** Where nothing connects to, in whichever writing and by whichever driver: counted by a server that must not hear of it. */
import { createServer as createHttpServer, request as httpRequest } from 'node:http';
import { type AddressInfo, connect, createServer, type LookupFunction, type Server, Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { listCursors, testConnection } from '../src/admin.ts';
import { refuseNetworks, unguarded } from '../src/refused-networks.ts';

let server: Server;
let port: number;
let heard = 0;
beforeAll(async () => {
  server = createServer((socket) => {
    heard += 1;
    socket.on('error', () => {});
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '::', resolve));
  ({ port } = server.address() as AddressInfo);
});
beforeEach(() => {
  heard = 0;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

const here = refuseNetworks(['127.0.0.0/8', '::1', '0.0.0.0', '::']);
const metadata = refuseNetworks(['169.254.0.0/16', 'fe80::/10', 'fd00:ec2::/32', '100.100.100.200']);

/** The code with which a connection ends. */
function ended(socket: Socket): Promise<unknown> {
  return new Promise((resolve) => {
    socket.once('error', (error: Error & { code?: string }) => resolve(error.code));
    socket.once('connect', () => {
      socket.destroy();
      resolve('connected');
    });
  });
}

/** Numbers of four bytes as `inet_aton` reads them, each part decimal, octal or hexadecimal, and with fewer parts. */
function writingsOf(bytes: readonly [number, number, number, number]): readonly string[] {
  const [a, b, c, d] = bytes;
  const whole = ((a * 256 + b) * 256 + c) * 256 + d;
  const forms: readonly ((n: number) => string)[] = [
    String,
    (n) => `0x${n.toString(16)}`,
    (n) => `0${n.toString(8)}`,
    (n) => `0X00${n.toString(16)}`,
  ];
  const parts = [bytes, [a, b, c * 256 + d], [a, (b * 256 + c) * 256 + d], [whole]];
  const hex = [a * 256 + b, c * 256 + d].map((n) => n.toString(16));
  return [
    ...parts.flatMap((numbers) => forms.map((form) => numbers.map(form).join('.'))),
    ...forms.map((form, n) => bytes.map((byte, at) => (at % 2 === 0 ? form : (forms[(n + 1) % forms.length] ?? form))(byte)).join('.')),
    `[::ffff:${bytes.join('.')}]`,
    `[::ffff:${hex.join(':')}]`,
    `[0:0:0:0:0:ffff:${hex.join(':')}]`,
    `[::FFFF:${hex.join(':').toUpperCase()}]`,
    `[64:ff9b::${hex.join(':')}]`,
    `${bytes.join('.')}.`,
    `${bytes.join('。')}`,
    `user:password@${bytes.join('.')}`,
    `example.com@${bytes.join('.')}`,
    bytes.map((byte) => [...String(byte)].map((digit) => String.fromCodePoint(0xff10 + Number(digit))).join('')).join('.'),
    bytes.join('%2e'),
  ];
}

const METADATA = writingsOf([169, 254, 169, 254]);
const LOOPBACK = writingsOf([127, 0, 0, 1]).filter((host) => !host.startsWith('[64'));
const OTHERS = ['[fd00:ec2::254]', '[fe80::1]', '100.100.100.200', '169.254.170.2'];

describe('a refused network', () => {
  test('is looked for in more than sixty writings', () => {
    expect(METADATA.length + LOOPBACK.length + OTHERS.length).toBeGreaterThanOrEqual(60);
  });

  test.each(LOOPBACK)('is not asked as http://%s', async (host) => {
    const answer = here(() => fetch(`http://${host}:${port}/`.replace(/\/\/[^@/]*@/, '//')));
    await expect(answer).rejects.toMatchObject({ cause: { code: 'ERR_IP_BLOCKED' } });
    expect(heard).toBe(0);
  });

  test.each([...METADATA, ...OTHERS])('is not tested as a connection of http://%s', async (host) => {
    const answer = await metadata(() => testConnection({ id: 'c', url: `http://${host}/latest/meta-data/` }));
    expect(answer).toMatchObject({ ok: false, message: expect.stringContaining('HEADRACE_REFUSED_NETWORKS') });
  });

  test('is not reached by a name that leads there, nor by one that leads there the second time', async () => {
    expect(await here(() => ended(connect(port, 'localhost')))).toBe('ERR_IP_BLOCKED');
    let asked = 0;
    const rebinding: LookupFunction = (_, options, done) => {
      asked += 1;
      const address = asked === 1 ? '203.0.113.1' : '127.0.0.1';
      if (options.all === true) done(null, [{ address, family: 4 }]);
      else done(null, address, 4);
    };
    // Whoever looks the name up first, to see whether it may be asked, is told another address.
    await new Promise<void>((resolve) => rebinding('rebound.test', {}, () => resolve()));
    expect(await here(() => ended(connect({ port, host: 'rebound.test', lookup: rebinding })))).toBe('ERR_IP_BLOCKED');
    const several: LookupFunction = (_, options, done) => {
      const all = ['127.0.0.1', '127.0.0.2'].map((address) => ({ address, family: 4 }));
      if (options.all === true) done(null, all);
      else done(null, '127.0.0.1', 4);
    };
    expect(await here(() => ended(connect({ port, host: 'several.test', lookup: several })))).toBe('ERR_IP_BLOCKED');
    expect(heard).toBe(0);
  });

  test('is not reached by any way of Node to connect', async () => {
    expect(await here(() => ended(new Socket().connect(port, '127.0.0.1')))).toBe('ERR_IP_BLOCKED');
    expect(await here(() => ended(connectTls({ port, host: '127.0.0.1' })))).toBe('ERR_IP_BLOCKED');
    const code = await here(
      () =>
        new Promise((resolve) =>
          httpRequest({ port, host: '127.0.0.1' })
            .once('error', (error) => resolve(Reflect.get(error, 'code')))
            .end(),
        ),
    );
    expect(code).toBe('ERR_IP_BLOCKED');
    expect(heard).toBe(0);
  });

  test.each([
    ['postgres', (at: string) => `postgres://u:p@${at}/db`],
    ['mysql', (at: string) => `mysql://u:p@${at}/db`],
    ['mongodb', (at: string) => `mongodb://u:p@${at}/db?serverSelectionTimeoutMS=500`],
    ['http', (at: string) => `http://${at}/`],
    ['https', (at: string) => `https://${at}/`],
    [
      'a token endpoint',
      (at: string) => `http://203.0.113.1/?auth=oauth2&tokenUrl=${encodeURIComponent(`http://${at}/token`)}&clientId=i&clientSecret=s`,
    ],
    ['s3', (at: string) => `s3://bucket/?endpoint=${encodeURIComponent(`http://${at}`)}&pathStyle=true&accessKeyId=i&secretAccessKey=s`],
    ['sftp', (at: string) => `sftp://u:p@${at}/folder?hostKey=SHA256:${'A'.repeat(43)}`],
    ['smtp', (at: string) => `smtp://${at}`],
    ['smtps', (at: string) => `smtps://${at}`],
  ])(
    'is not reached by a test of a connection of %s',
    async (_, urlOf) => {
      const url = urlOf(`127.0.0.1:${port}`);
      const answer = await here(() => testConnection({ id: 'c', url }));
      expect({ ok: answer.ok, heard }).toEqual({ ok: false, heard: 0 });
      expect(answer.message).toContain('HEADRACE_REFUSED_NETWORKS');
      expect(answer.message).not.toContain('u:p');
      // The same without the guard: it was the guard.
      await testConnection({ id: 'c', url });
      expect(heard).toBeGreaterThan(0);
    },
    60_000,
  );

  test('gives the process its own credentials all the same, and nobody an answer', async () => {
    const asked: (string | undefined)[] = [];
    const cloud = createHttpServer((request, response) => {
      asked.push(request.url);
      const Expiration = new Date(Date.now() + 3_600_000).toISOString();
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ AccessKeyId: 'i', SecretAccessKey: 's', Token: 't', Expiration }));
    });
    await new Promise<void>((resolve) => cloud.listen(0, '127.0.0.1', resolve));
    const origin = `http://127.0.0.1:${(cloud.address() as AddressInfo).port}`;
    const before = process.env.AWS_CONTAINER_CREDENTIALS_FULL_URI;
    process.env.AWS_CONTAINER_CREDENTIALS_FULL_URI = `${origin}/credentials`;
    try {
      const url = `s3://bucket/?endpoint=${encodeURIComponent(origin)}&pathStyle=true`;
      expect(await here(() => testConnection({ id: 'c', url }))).toMatchObject({
        ok: false,
        message: expect.stringContaining('HEADRACE_REFUSED_NETWORKS'),
      });
      expect([...new Set(asked)]).toEqual(['/credentials']);
    } finally {
      if (before === undefined) delete process.env.AWS_CONTAINER_CREDENTIALS_FULL_URI;
      else process.env.AWS_CONTAINER_CREDENTIALS_FULL_URI = before;
      cloud.closeAllConnections();
      await new Promise((resolve) => cloud.close(resolve));
    }
  }, 30_000);

  test('is not reached by a look at the cursors of a connection', async () => {
    await expect(here(() => listCursors({ id: 'c', url: `postgres://u:p@127.0.0.1:${port}/db` }))).rejects.toThrow();
    expect(heard).toBe(0);
  });

  test('is refused to what is asked of it, and to nothing else in the process', async () => {
    const [inside, outside, own] = await Promise.all([
      here(() => ended(connect(port, '127.0.0.1'))),
      ended(connect(port, '127.0.0.1')),
      here(() => unguarded(() => ended(connect(port, '127.0.0.1')))),
    ]);
    expect([inside, outside, own]).toEqual(['ERR_IP_BLOCKED', 'connected', 'connected']);
    expect(await refuseNetworks(['none'])(() => ended(connect(port, '127.0.0.1')))).toBe('connected');
    expect(await metadata(() => ended(connect(port, '127.0.0.1')))).toBe('connected');
  });

  test.each(['10.0.0.0/33', 'fe80::/129', 'nonsense', '1.2.3'])('that is none is said to be none: %s', (network) => {
    expect(() => refuseNetworks([network])).toThrow();
  });
});
