import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { ClaimedNotice } from '@headrace/ports';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { SMTPServer } from 'smtp-server';
import { emailText } from '../src/email-text.ts';
import { createEmailChannel } from '../src/index.ts';

const notice: ClaimedNotice = {
  id: '1',
  target: { kind: 'email', connection: 'smtp', to: ['ada@example.com', 'bob@example.com'] },
  payload: { event: 'task.failure', dagId: 'shop', runId: 'r1', taskId: 'load', mapIndex: -1, error: { name: 'E', message: 'no rows' } },
  attempt: 1,
  idempotencyKey: 'abc123',
  createdAt: Date.UTC(2026, 0, 2, 3, 4, 5),
};

interface Mail {
  readonly user: string | undefined;
  readonly from: string;
  readonly to: readonly string[];
  readonly source: string;
}

let server: SMTPServer;
let mails: Mail[];
let port: number;
/** What the server says to a recipient, if it refuses one. */
let refusal: (Error & { responseCode: number }) | undefined;

beforeEach(async () => {
  mails = [];
  refusal = undefined;
  server = new SMTPServer({
    authOptional: true,
    allowInsecureAuth: true,
    hideSTARTTLS: true,
    onAuth({ username, password }, _session, callback) {
      if (password === 'p@ss') callback(null, { user: username ?? '' });
      else callback(new Error('wrong password'));
    },
    onRcptTo: (_address, _session, callback) => callback(refusal ?? null),
    onData(stream, session, callback) {
      text(stream).then((source) => {
        const { mailFrom, rcptTo } = session.envelope;
        const from = mailFrom === false ? '' : mailFrom.address;
        mails.push({ user: session.user, from, to: rcptTo.map((one) => one.address), source });
        callback();
      }, callback);
    },
  });
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ({ port } = server.server.address() as AddressInfo);
});
afterEach(() => new Promise<void>((resolve) => server.close(() => resolve())));

function deliver(url: string | undefined): Promise<void> {
  return createEmailChannel({ connections: () => url }).deliver(notice, AbortSignal.timeout(10_000));
}

describe('a mail', () => {
  test('goes to all who are named, once, with a Message-ID that stays the same', async () => {
    const url = `smtp://127.0.0.1:${port}?from=headrace%40shop.example`;
    await deliver(url);
    await deliver(url);
    expect(mails).toHaveLength(2);
    const [first] = mails;
    expect(first).toMatchObject({ from: 'headrace@shop.example', to: ['ada@example.com', 'bob@example.com'] });
    expect(first?.source).toMatch(/^Subject: .*headrace.*shop_r1.*task_.*load/m);
    expect(first?.source).toContain('Auto-Submitted: auto-generated');
    expect(first?.source).toContain('error.message: no rows');
    expect(mails.map((mail) => /^Message-ID: (.*)$/im.exec(mail.source)?.[1]?.trim())).toEqual(
      Array.from({ length: 2 }, () => '<abc123@shop.example>'),
    );
  });

  test('logs in with the user of its connection; an error never tells the password', async () => {
    await deliver(`smtp://ada:p%40ss@127.0.0.1:${port}`);
    expect(mails[0]?.user).toBe('ada');
    const error: Error & { final?: boolean } = await deliver(`smtp://ada:wr0ng-secret@127.0.0.1:${port}`).catch((caught) => caught);
    expect(error).toMatchObject({ code: 'HR_NOTICE_REFUSED', final: false });
    expect(error.message).not.toContain('wr0ng-secret');
  });

  test('is not tried again when there is no such mailbox, and is when the server is busy', async () => {
    refusal = Object.assign(new Error('no such user'), { responseCode: 550 });
    await expect(deliver(`smtp://127.0.0.1:${port}`)).rejects.toMatchObject({ final: true });
    refusal = Object.assign(new Error('try later'), { responseCode: 451 });
    await expect(deliver(`smtp://127.0.0.1:${port}`)).rejects.toMatchObject({ final: false });
    expect(mails).toEqual([]);
  });

  test('is not sent without TLS where it is required', async () => {
    await expect(deliver(`smtp://127.0.0.1:${port}?tls=require`)).rejects.toMatchObject({ code: 'HR_NOTICE_REFUSED' });
    expect(mails).toEqual([]);
  });

  test('needs a connection, of the right kind', async () => {
    await expect(deliver(undefined)).rejects.toMatchObject({ code: 'HR_CONNECTION_UNKNOWN' });
    await expect(deliver('https://example.com')).rejects.toMatchObject({ code: 'HR_NOTICE_CONNECTION' });
  });

  test('has a subject of one line whatever stands in it', () => {
    const { subject, text: words } = emailText({
      event: 'deadline.missed',
      dagId: 'a\r\nBcc: eve@example.com',
      deadline: 'noon',
      open: ['a', 'b'],
    });
    expect(subject).toBe('[headrace] a Bcc: eve@example.com: deadline "noon" was missed');
    expect(words).toContain('open: a, b');
    expect(emailText({ event: 'new.thing' }).subject).toContain('new.thing');
  });
});
