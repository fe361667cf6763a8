import { randomBytes, randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import type { FileRoot } from '@headrace/dataplane';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import ssh2 from 'ssh2';
import { freePort } from '../../../tests/support/free-port.ts';
import { type SftpServer, startSftp } from '../../../tests/support/sftp-server.ts';
import { openRoot } from '../src/roots/open-root.ts';

let server: SftpServer;
let scratch: string;
const roots: FileRoot[] = [];

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'headrace-sftp-test-'));
  server = await startSftp();
}, 600_000);
afterAll(async () => {
  for (const root of roots) await root.close();
  await server?.stop();
  rmSync(scratch, { recursive: true, force: true });
});

async function open(url: string): Promise<FileRoot> {
  const root = await openRoot({ id: 'partner', url });
  roots.push(root);
  return root;
}
const local = (content: string | Buffer): string => {
  const file = join(scratch, randomUUID());
  writeFileSync(file, content);
  return file;
};
const withSetting = (name: string, value: string | undefined, path = '/x'): string => {
  const url = new URL(server.url(path));
  if (value === undefined) url.searchParams.delete(name);
  else url.searchParams.set(name, value);
  return url.href;
};

test('refuses a server whose host key is not the one that is pinned, before anything is sent', async () => {
  const other = `SHA256:${randomBytes(32).toString('base64').replace(/=+$/, '')}`;
  const root = await open(withSetting('hostKey', other));
  await expect(root.facts('a')).rejects.toMatchObject({ code: 'HR_HOST_KEY_CHANGED', retryable: false });
  await expect(root.facts('a')).rejects.toThrow(server.hostKey);
});

test('warns once of a host key that nobody checks, and says what to add', async () => {
  const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
  try {
    for (let time = 0; time < 2; time += 1) expect(await (await open(withSetting('hostKey', undefined))).facts('a')).toBeUndefined();
    const said = warn.mock.calls.map(([message]) => String(message));
    expect(said.filter((message) => message.includes(encodeURIComponent(server.hostKey)))).toHaveLength(1);
  } finally {
    warn.mockRestore();
  }
});

test('takes a private key from a file, and one with a passphrase', async () => {
  const root = await open(withSetting('privateKey', server.privateKeyFile));
  expect(await root.facts('a')).toBeUndefined();
  const locked = ssh2.utils.generateKeyPairSync('ed25519', { passphrase: 'open sesame', cipher: 'aes256-ctr', rounds: 1 });
  const url = new URL(withSetting('privateKey', Buffer.from(locked.private).toString('base64')));
  await expect((await open(url.href)).facts('a')).rejects.toMatchObject({ code: 'HR_CONNECTION_URL' });
  url.searchParams.set('passphrase', 'open sesame');
  // The key can be read now, but the server does not know it.
  await expect((await open(url.href)).facts('a')).rejects.toMatchObject({ code: 'HR_LOGIN_REFUSED' });
});

test('says that a login was refused, and never repeats the password', async () => {
  const url = new URL(withSetting('privateKey', undefined));
  url.password = 'wrong-secret';
  const refused = (await open(url.href)).facts('a');
  await expect(refused).rejects.toMatchObject({ code: 'HR_LOGIN_REFUSED', retryable: false });
  await expect(refused).rejects.not.toThrow('wrong-secret');
});

test('logs in with a password', async () => {
  const keys = ssh2.utils.generateKeyPairSync('ed25519');
  const logins: string[] = [];
  // A peer of its own: passwords of the system's users are not the tests'.
  const peer = new ssh2.Server({ hostKeys: [keys.private] }, (client) => {
    client.on('error', () => {});
    client.on('authentication', (context) => {
      if (context.method !== 'password' || context.password !== 'p@ss word/%') return context.reject(['password']);
      logins.push(context.username);
      context.accept();
    });
    client.on('session', (accept) => {
      accept().on('sftp', (acceptSftp) => {
        const sftp = acceptSftp();
        sftp.on('STAT', (id, path) =>
          path === '/in/a' ? sftp.attrs(id, { mode: 0o100644, uid: 0, gid: 0, size: 3, atime: 5, mtime: 5 }) : sftp.status(id, 2),
        );
      });
    });
  });
  const port = await freePort();
  await new Promise<void>((resolve) => peer.listen(port, '127.0.0.1', resolve));
  try {
    const root = await open(`sftp://clerk:${encodeURIComponent('p@ss word/%')}@127.0.0.1:${port}/in`);
    expect(await root.facts('a')).toMatchObject({ bytes: 3, modifiedAt: new Date(5_000) });
    expect(await root.facts('b')).toBeUndefined();
    expect(logins).toEqual(['clerk']);
    await root.close();
  } finally {
    await new Promise((resolve) => peer.close(resolve));
  }
});

test.each([
  ['sftp://host/folder', 'sftp://user:password@host'],
  ['sftp://user@host/folder', 'neither a password nor a privateKey'],
  ['sftp://user:secret@host/folder?privatekey=x', 'unknown; known are privateKey'],
  ['sftp://user:secret@host/folder?hostKey=md5:00', 'is no fingerprint'],
  ['sftp://user:secret@host/folder?privateKey=/no/such/key', 'cannot be read (ENOENT)'],
  ['sftp://user:%ff@host/folder', 'write "%" as %25'],
])('refuses the URL %s', async (url, message) => {
  const opening = openRoot({ id: 'partner', url });
  await expect(opening).rejects.toMatchObject({ code: 'HR_CONNECTION_URL', message: expect.stringContaining(message) });
  await expect(opening).rejects.not.toThrow('secret');
});

test('says that nobody is there', async () => {
  const root = await open(`sftp://user:secret@127.0.0.1:${await freePort()}/x`);
  await expect(root.list('')).rejects.toMatchObject({
    code: 'HR_CONNECTION_FAILED',
    retryable: true,
    message: expect.stringContaining('ECONNREFUSED'),
  });
});

test('says that it may not write, and leaves nothing', async () => {
  const strict = await startSftp({ readOnly: true });
  try {
    const root = await open(strict.url(''));
    await expect(root.publish(local('x'), 'a')).rejects.toMatchObject({ code: 'HR_STORAGE_REFUSED' });
    await expect(root.create('a', 'x')).rejects.toMatchObject({ code: 'HR_STORAGE_REFUSED' });
    expect(await root.list('')).toEqual([]);
  } finally {
    await strict.stop();
  }
});

test('keeps the old file when the quota does not suffice for the new one', async () => {
  const small = await startSftp({ quotaKib: 512 });
  try {
    const root = await open(small.url(''));
    await root.publish(local('old'), 'a');
    await expect(root.publish(local(randomBytes(2_000_000)), 'a')).rejects.toMatchObject({
      code: 'HR_STORAGE_FAILED',
      message: expect.stringContaining('quota, may be full'),
    });
    expect(await text(await root.read('a'))).toBe('old');
    expect(readdirSync(small.folder)).toEqual(['a']);
  } finally {
    await small.stop();
  }
});

test('a connection that is lost while a file is read is an error with what came, and the next request connects anew', async () => {
  const root = await open(server.url('/lost'));
  const bytes = randomBytes(24_000_000);
  await root.publish(local(bytes), 'large');
  const stream = await root.read('large');
  const reading = (async () => {
    let first = true;
    for await (const _ of stream) {
      if (first) server.cut();
      first = false;
    }
  })();
  await expect(reading).rejects.toMatchObject({
    code: 'HR_CONNECTION_LOST',
    retryable: true,
    message: expect.stringMatching(/after \d+ of 24000000 bytes/),
  });
  expect((await buffer(await root.read('large'))).equals(bytes)).toBe(true);
});

test('a file that becomes shorter while it is read is an error', async () => {
  const root = await open(server.url('/short'));
  await root.publish(local(randomBytes(8_000_000)), 'file');
  const stream = await root.read('file');
  const reading = (async () => {
    for await (const _ of stream) writeFileSync(join(server.folder, 'short/file'), 'short');
  })();
  await expect(reading).rejects.toMatchObject({ code: 'HR_FILE_CHANGED', retryable: true });
});

test('a file that is not read to its end is closed', async () => {
  const root = await open(server.url('/some'));
  await root.publish(local(randomBytes(4_000_000)), 'file');
  for (let round = 0; round < 20; round += 1) for await (const _ of await root.read('file')) break;
  expect(await root.size('file')).toBe(4_000_000);
});

test('follows links to files, and not those to folders', async () => {
  mkdirSync(join(server.folder, 'links/real'), { recursive: true });
  writeFileSync(join(server.folder, 'links/real/a.csv'), 'a');
  symlinkSync('real/a.csv', join(server.folder, 'links/b.csv'));
  symlinkSync('.', join(server.folder, 'links/loop'));
  symlinkSync('nowhere', join(server.folder, 'links/dead.csv'));
  const root = await open(server.url('/links'));
  expect(await root.list('')).toEqual(['b.csv', 'real/a.csv']);
  expect((await root.find('**/*.csv')).map(({ path, bytes }) => [path, bytes])).toEqual([
    ['b.csv', 1],
    ['real/a.csv', 1],
  ]);
});

test('a folder in the home of the user begins with a tilde', async () => {
  const root = await open(server.url('/home').replace(server.folder, `/~/${scratch.slice(1)}`));
  expect(root.url).toBe(`sftp://127.0.0.1:${server.port}/~${scratch}/home/`);
  // Nothing is written there: it need not be writable.
  expect(await root.list('')).toEqual([]);
});

test('no URL or key is in what it says of itself', async () => {
  const root = await open(server.url('/said'));
  expect(root.url).toBe(`sftp://127.0.0.1:${server.port}${server.folder}/said/`);
  await expect(root.read('nothing')).rejects.not.toThrow(readFileSync(server.privateKeyFile).toString('base64').slice(0, 20));
});
