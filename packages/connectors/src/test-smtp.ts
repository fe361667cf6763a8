/** Whether a mail server answers and takes the login: a conversation of a few lines, in which no mail is sent. */
import { connect as connectPlain, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { connect as connectTls } from 'node:tls';
import { DataError } from '@headrace/dataplane';
import type { ConnectionSettings } from '@headrace/sdk';

interface Reply {
  readonly code: number;
  readonly lines: readonly string[];
}

/** Throws DataError, or what the socket says. */
export async function probeSmtp({ id, url }: ConnectionSettings, signal: AbortSignal): Promise<string> {
  const parsed = new URL(url);
  const secure = parsed.protocol === 'smtps:';
  const host = parsed.hostname.replace(/^\[(.*)\]$/, '$1');
  const port = parsed.port === '' ? (secure ? 465 : 587) : Number(parsed.port);
  const tls = parsed.searchParams.get('tls');
  const where = `The mail server at ${host}:${port} (connection "${id}")`;
  let talk = new Conversation(
    await opened(secure ? connectTls({ host, port, servername: host }) : connectPlain({ host, port }), secure, signal),
  );
  try {
    expectCode(await talk.hear(), 220, where);
    let greeted = await talk.say('EHLO headrace');
    expectCode(greeted, 250, where);
    const offersTls = offers(greeted, 'STARTTLS');
    if (!secure && tls === 'require' && !offersTls)
      throw new DataError('HR_CONNECTION_FAILED', `${where} offers no TLS, and the connection says tls=require`);
    if (!secure && offersTls && tls !== 'none') {
      expectCode(await talk.say('STARTTLS'), 220, where);
      talk = new Conversation(await opened(connectTls({ socket: talk.leave(), servername: host }), true, signal));
      greeted = await talk.say('EHLO headrace');
      expectCode(greeted, 250, where);
    }
    const user = decodeURIComponent(parsed.username);
    if (user !== '') {
      const plain = Buffer.from(`\0${user}\0${decodeURIComponent(parsed.password)}`).toString('base64');
      const { code } = await talk.say(`AUTH PLAIN ${plain}`);
      if (code !== 235)
        throw new DataError(
          'HR_LOGIN_REFUSED',
          `${where} refused the login of user "${user}" with status ${code}: check the user and the password`,
        );
    }
    await talk.say('QUIT');
    return `${where} answers${user === '' ? '' : `, and takes the login of user "${user}"`}`;
  } finally {
    talk.end();
  }
}

function opened(socket: Socket, isTls: boolean, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const stop = (): void => void socket.destroy(signal.reason as Error);
    signal.addEventListener('abort', stop, { once: true });
    socket.once('close', () => signal.removeEventListener('abort', stop));
    socket.once(isTls ? 'secureConnect' : 'connect', () => resolve(socket));
    socket.once('error', reject);
  });
}

function offers({ lines }: Reply, extension: string): boolean {
  return lines.some((line) => line.slice(4).toUpperCase().startsWith(extension));
}

function expectCode({ code, lines }: Reply, wanted: number, where: string): void {
  if (code === wanted) return;
  throw new DataError('HR_CONNECTION_FAILED', `${where} does not speak SMTP as expected: it said "${(lines[0] ?? '').slice(0, 200)}"`);
}

/** Lines of a server that belong together: `250-…` goes on, `250 …` is the last. */
class Conversation {
  readonly #socket: Socket;
  readonly #lines: AsyncIterator<string>;
  readonly #reader: ReturnType<typeof createInterface>;
  #failed: Error | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', (error) => {
      this.#failed = error;
    });
    this.#reader = createInterface({ input: socket });
    this.#lines = this.#reader[Symbol.asyncIterator]();
  }

  say(line: string): Promise<Reply> {
    this.#socket.write(`${line}\r\n`);
    return this.hear();
  }

  async hear(): Promise<Reply> {
    const lines: string[] = [];
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done === true) throw this.#failed ?? new DataError('HR_CONNECTION_FAILED', 'The mail server broke the connection off');
      lines.push(value);
      if (!/^\d{3}-/.test(value)) return { code: Number(value.slice(0, 3)), lines };
    }
  }

  /** Its socket, for what comes after it. */
  leave(): Socket {
    this.#reader.close();
    this.#socket.removeAllListeners();
    return this.#socket;
  }

  end(): void {
    this.#reader.close();
    this.#socket.destroy();
  }
}
