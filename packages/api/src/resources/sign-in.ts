/** Checks passwords and opens sessions: what all ways to come in share. */
import { issueToken } from '@headrace/access';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AccessDeps } from '../deps.ts';
import { isSecure } from '../http/access.ts';
import { ApiProblem } from '../http/api-problem.ts';
import { cookieName, setCookie } from '../http/cookie.ts';
import { countTry } from '../http/login-limits.ts';
import { SESSION_COOKIE, sessionHashOf } from '../http/user-credentials.ts';

const CLI_TOKEN_MS = 3_600_000;
/** A bearer token ends at its time, used or not. */
const LONGEST_CLIENT_NAME = 200;

export class SignIn {
  readonly #access: AccessDeps;
  readonly #publicOrigin: string | undefined;

  constructor(access: AccessDeps) {
    this.#access = access;
    this.#publicOrigin = publicOriginOf(access);
  }

  /** The user's id. Throws HR_TOO_MANY_TRIES, HR_LOGIN_FAILED: the same for an unknown name, a wrong password and an inactive user. */
  async checkPassword(request: FastifyRequest, reply: FastifyReply, username: string, password: string): Promise<string> {
    const { store, passwords } = this.#access;
    const tried = await this.countTry(request, reply, username);
    const known = await store.passwordOf(username);
    const fits = await passwords.verify(password, known?.hash);
    if (!fits || known === undefined) throw new ApiProblem('HR_LOGIN_FAILED', 'The user name or the password is wrong');
    await tried.succeeded();
    request.signedIn = username;
    if (passwords.isOutdated(known.hash)) await store.rehash(known.userId, known.hash, await passwords.hash(password));
    return known.userId;
  }

  /** Throws HR_TOO_MANY_TRIES. */
  countTry(request: FastifyRequest, reply: FastifyReply, name?: string) {
    const { store, now } = this.#access;
    const who = { address: request.ip, ...(name === undefined ? {} : { name }) };
    return countTry(store, who, now(), (seconds) => void reply.header('retry-after', String(seconds)));
  }

  /** A bearer token. Throws as `checkPassword`. */
  async bearerToken(
    request: FastifyRequest,
    reply: FastifyReply,
    body: { username: string; password: string },
    forCli: boolean,
  ): Promise<string> {
    const userId = await this.checkPassword(request, reply, body.username, body.password);
    const { token, hash } = issueToken('bearer');
    const lasts = forCli ? Math.min(CLI_TOKEN_MS, this.#access.settings.tokenMs) : this.#access.settings.tokenMs;
    await this.#open(request, userId, 'bearer', hash, lasts, lasts);
    return token;
  }

  /** Sets the cookie of a new session. One that the browser brought along ends: its id may be known to whoever gave it to the browser. */
  async openSession(request: FastifyRequest, reply: FastifyReply, userId: string): Promise<void> {
    const { store, settings } = this.#access;
    const secure = this.isSecure(request);
    const before = sessionHashOf(request.headers.cookie, secure);
    if (before !== undefined) await store.endSession(before);
    const { token, hash } = issueToken('session');
    await this.#open(request, userId, 'cookie', hash, settings.sessionMs, settings.sessionIdleMs);
    this.#addCookie(reply, setCookie(cookieName(SESSION_COOKIE, secure), token, Math.floor(settings.sessionMs / 1_000), secure));
  }

  /** Ends whatever the request came in by, and forgets the cookie. */
  async signOut(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { credential } = request.principal ?? {};
    const secure = this.isSecure(request);
    const ofCookie = sessionHashOf(request.headers.cookie, secure);
    for (const hash of [ofCookie, credential !== undefined && 'tokenHash' in credential ? credential.tokenHash : undefined])
      if (hash !== undefined) await this.#access.store.endSession(hash);
    this.#addCookie(reply, setCookie(cookieName(SESSION_COOKIE, secure), '', 0, secure));
  }

  isSecure(request: FastifyRequest): boolean {
    return isSecure(request, this.#publicOrigin);
  }

  #addCookie(reply: FastifyReply, cookie: string): void {
    // Appended: a login may forget another cookie in the same answer.
    reply.header('set-cookie', cookie);
  }

  async #open(
    request: FastifyRequest,
    userId: string,
    kind: 'cookie' | 'bearer',
    tokenHash: string,
    ms: number,
    idleMs: number,
  ): Promise<void> {
    const { store, now } = this.#access;
    const at = now();
    const client = request.headers['user-agent']?.slice(0, LONGEST_CLIENT_NAME);
    await store.openSession({
      tokenHash,
      kind,
      userId,
      createdAt: at,
      expiresAt: at + ms,
      idleMs,
      address: request.ip,
      ...(client === undefined ? {} : { client }),
    });
  }
}

/** `https://headrace.example.com`, as browsers write it in `Origin`. */
export function publicOriginOf({ settings: { publicUrl } }: Pick<AccessDeps, 'settings'>): string | undefined {
  return publicUrl === undefined ? undefined : new URL(publicUrl).origin;
}
