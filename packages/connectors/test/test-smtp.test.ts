/** Against a real SMTP server: with TLS offered and not, with logins taken and refused. */
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { SMTPServer } from 'smtp-server';
import { freePort } from '../../../tests/support/free-port.ts';
import { testConnection } from '../src/admin.ts';

let server: SMTPServer | undefined;
afterEach(() => new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve()))));

async function started(hideSTARTTLS: boolean): Promise<number> {
  const made = new SMTPServer({
    authOptional: true,
    allowInsecureAuth: true,
    hideSTARTTLS,
    onAuth({ username, password }, _session, callback) {
      if (password === 'p@ss') callback(null, { user: username ?? '' });
      else callback(new Error('wrong password'));
    },
  });
  made.on('error', () => {});
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
  server = made;
  return (made.server.address() as AddressInfo).port;
}

const tested = async (url: string) => {
  const { ms: _, ...answer } = await testConnection({ id: 'mail', url });
  expect(answer.message).not.toMatch(/p@ss|p%40ss|wrong-one/);
  return answer;
};

test('a mail server answers, takes a login, or refuses it', async () => {
  const port = await started(true);
  expect(await tested(`smtp://127.0.0.1:${port}`)).toEqual({
    ok: true,
    message: `The mail server at 127.0.0.1:${port} (connection "mail") answers`,
  });
  expect(await tested(`smtp://me:p%40ss@127.0.0.1:${port}`)).toMatchObject({
    ok: true,
    message: expect.stringContaining('takes the login of user "me"'),
  });
  expect(await tested(`smtp://me:wrong-one@127.0.0.1:${port}`)).toMatchObject({ ok: false, code: 'HR_LOGIN_REFUSED' });
  expect(await tested(`smtp://127.0.0.1:${port}?tls=require`)).toMatchObject({
    ok: false,
    message: expect.stringContaining('offers no TLS'),
  });
});

test('a certificate that nobody vouches for is said to be the trouble, unless TLS is not wanted', async () => {
  const port = await started(false);
  expect(await tested(`smtp://127.0.0.1:${port}`)).toMatchObject({ ok: false, message: expect.stringMatching(/certificate/i) });
  expect(await tested(`smtp://me:p%40ss@127.0.0.1:${port}?tls=none`)).toMatchObject({ ok: true });
});

test('a server that is not there is said not to be there', async () => {
  expect(await tested(`smtp://127.0.0.1:${await freePort()}`)).toMatchObject({
    ok: false,
    message: expect.stringContaining('nothing listens there'),
  });
});
