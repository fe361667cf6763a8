/**
 * Notices as mail, over SMTP.
 *
 * E1. The connection is `smtp://user:password@host:587?from=headrace@example.com` or `smtps://…` (TLS from the beginning). Over `smtp://`
 *     TLS is used when the server offers it; `tls=require` refuses to send without it, `tls=none` does without.
 * E2. Every delivery of a notice has the same Message-ID, by which mail programs and servers show a repeated one once.
 */
import { createTransport, type Transporter } from 'nodemailer';
import type { Channel, ConnectionUrls } from './channel.ts';
import { emailText } from './email-text.ts';
import { BadConnectionError, RefusedError, UnknownConnectionError } from './errors.ts';

const CONNECT_TIMEOUT_MS = 10_000;
const SOCKET_TIMEOUT_MS = 20_000;

/** Answers to the addresses or to the content that will not change; a refused login may be mended. */
const FINAL_CODES: ReadonlySet<number> = new Set([550, 551, 552, 553, 554]);

export function createEmailChannel(options: { readonly connections: ConnectionUrls }): Channel {
  return {
    async deliver(notice, signal) {
      const { target } = notice;
      if (target.kind !== 'email') throw new TypeError(`Not an e-mail: ${target.kind}`);
      const { transport, from, domain } = await mailerOf(target.connection, options.connections);
      const stop = (): void => transport.close();
      signal.addEventListener('abort', stop, { once: true });
      try {
        signal.throwIfAborted();
        const { subject, text } = emailText(notice.payload);
        await transport.sendMail({
          from,
          to: [...target.to],
          subject,
          text,
          messageId: `<${notice.idempotencyKey}@${domain}>`,
          date: new Date(notice.createdAt),
          headers: { 'Auto-Submitted': 'auto-generated', 'X-Headrace-Event': String(notice.payload.event ?? '') },
        });
      } catch (error) {
        throw refusal(target.connection, error);
      } finally {
        signal.removeEventListener('abort', stop);
        transport.close();
      }
    },
  };
}

interface Mailer {
  readonly transport: Transporter;
  readonly from: string;
  readonly domain: string;
}

async function mailerOf(id: string, connections: ConnectionUrls): Promise<Mailer> {
  const text = await connections(id);
  if (text === undefined) throw new UnknownConnectionError(id);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^smtps?:$/.test(url.protocol) || url.hostname === '') {
    throw new BadConnectionError(id, 'an smtp:// or smtps:// URL');
  }
  const from = url.searchParams.get('from') ?? `headrace@${url.hostname}`;
  const tls = url.searchParams.get('tls');
  const secure = url.protocol === 'smtps:';
  const transport = createTransport({
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? (secure ? 465 : 587) : Number(url.port),
    secure,
    requireTLS: tls === 'require',
    ignoreTLS: tls === 'none',
    connectionTimeout: CONNECT_TIMEOUT_MS,
    greetingTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SOCKET_TIMEOUT_MS,
    ...(url.username === '' ? {} : { auth: { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) } }),
  });
  return { transport, from, domain: /@([^\s@>]+)/.exec(from)?.[1] ?? url.hostname };
}

function refusal(id: string, error: unknown): RefusedError {
  const { responseCode, message = String(error), code } = error as { responseCode?: number; message?: string; code?: string };
  const final = responseCode !== undefined && FINAL_CODES.has(responseCode) && code !== 'EAUTH';
  return new RefusedError(`The mail server "${id}" did not take the message: ${message}`, { final, cause: error });
}
