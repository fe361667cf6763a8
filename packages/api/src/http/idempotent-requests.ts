/**
 * `Idempotency-Key` on every POST, as draft-ietf-httpapi-idempotency-key-header has it: a request that is sent again with its key is
 * not done again.
 *
 * IK1. Same key, same caller, same request: the answer of the first is given again, with `Idempotency-Replayed: true`. Another request:
 *      422. While the first is under way: 409. Kept for a day.
 * IK2. What failed on our side (500 and above), or was only too much (429), is not kept: it may be tried again.
 * IK3. An answer with a secret, or one too long, is kept nowhere. Sent again, such a request is answered with 409: it was done.
 * IK4. A POST that only reads is done again: that is the same. Triggering has its own way, in the row of the run.
 */
import { createHash, createHmac } from 'node:crypto';
import { type IdempotencyStore, type IdempotentRequest, LONGEST_KEPT_ANSWER, type Log } from '@headrace/ports';
import type { FastifyContextConfig, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ApiProblem, invalid } from './api-problem.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** `own`: the route keeps keys itself. `secret`: what it answers is kept nowhere. `none`: it takes no key, for it changes nothing or opens a session. */
    idempotency?: 'own' | 'secret' | 'none';
  }
}

const KEY = /^[\x21-\x7e]{1,200}$/;
const DAY_MS = 86_400_000;
/** Longer than anything here may take. */
const LEASE_MS = 120_000;
const REPLAYED = 'idempotency-replayed';

/** The key of a request. Throws HR_INVALID_REQUEST. */
export function idempotencyKeyOf({ headers }: Pick<FastifyRequest, 'headers'>): string | undefined {
  const key = headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key === 'string' && KEY.test(key)) return key;
  throw invalid({ field: 'header.Idempotency-Key', message: 'must be 1 to 200 visible ASCII characters' });
}

/**
 * What is stored of it. The key itself is not: with it, whoever reads the database could try out what the fingerprint was made of, and
 * bodies may hold passwords.
 */
function requestOf(request: FastifyRequest, key: string): IdempotentRequest {
  const fingerprint = sortedJson([request.method, request.url, request.body ?? null]);
  return {
    scope: scopeOf(request),
    key: createHash('sha256').update(key).digest('hex'),
    requestHash: createHmac('sha256', key).update(fingerprint).digest('hex'),
  };
}

/** The same text for the same value, in whatever order its fields were sent. */
export function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) =>
    one !== null && typeof one === 'object' && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  );
}

export function markReplayed(reply: Pick<FastifyReply, 'header'>): void {
  reply.header(REPLAYED, 'true');
}

interface Begun {
  readonly asked: IdempotentRequest;
  readonly claim: string;
}

/** Must be called after the guard, so that only who may do it takes a key. */
export function keepAnswers(app: FastifyInstance, store: IdempotencyStore, now: () => number, log: Log): void {
  const begun = new WeakMap<FastifyRequest, Begun>();

  app.addHook('preHandler', (request, reply, done) => {
    if (!takesKeys(request)) return done();
    // Once it is answered again, nothing may go on.
    begin(request, reply).then((isAnswered) => isAnswered || done(), done);
  });

  /** Whether the request has been answered, as the first one was. */
  async function begin(request: FastifyRequest, reply: FastifyReply): Promise<boolean> {
    const key = idempotencyKeyOf(request);
    if (key === undefined) return false;
    const asked = requestOf(request, key);
    const at = now();
    const found = await store.begin(asked, { now: at, leaseUntil: at + LEASE_MS, expiresAt: at + DAY_MS });
    switch (found.kind) {
      case 'new':
        begun.set(request, { asked, claim: found.claim });
        return false;
      case 'running':
        throw new ApiProblem(
          'HR_IDEMPOTENCY_KEY_IN_USE',
          'The first request with this Idempotency-Key is still under way: send it again in a moment',
        );
      case 'other-request':
        throw new ApiProblem(
          'HR_IDEMPOTENCY_KEY_REUSED',
          'Another request was sent with this Idempotency-Key: every request needs its own',
        );
      case 'answered': {
        const { status, contentType, body } = found.answer;
        if (body === undefined)
          throw new ApiProblem(
            'HR_IDEMPOTENCY_ANSWER_GONE',
            `This request was done before, with status ${status}; its answer was not kept`,
          );
        markReplayed(reply);
        reply.code(status).serializer(String);
        if (contentType !== undefined) reply.header('content-type', contentType);
        reply.send(body);
        return true;
      }
    }
  }

  app.addHook('onSend', (request, reply, payload, done) => {
    const taken = begun.get(request);
    if (taken === undefined) return done(null, payload);
    begun.delete(request);
    keep(taken, request, reply, payload).then(() => done(null, payload), done);
  });

  async function keep(taken: Begun, request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<void> {
    const { statusCode: status } = reply;
    try {
      if (status >= 500 || status === 429) await store.release(taken.asked, taken.claim);
      else await store.answer(taken.asked, taken.claim, { status, ...keptOf(request, reply, payload) });
    } catch (error) {
      // It was done, and is answered; sent again within two minutes it is refused, after that it would be done again.
      log.warn({ err: error, requestId: request.id }, 'the answer for an Idempotency-Key could not be kept');
    }
  }
}

/** The hooks run for every POST but these. */
function takesKeys({ method, is404, routeOptions: { config } }: FastifyRequest): boolean {
  return method === 'POST' && !is404 && isKept(config);
}

/** Of a POST route. */
export function isKept({ access, idempotency }: FastifyContextConfig): boolean {
  if (idempotency === 'own' || idempotency === 'none') return false;
  return access !== undefined && (typeof access === 'string' || access.action !== 'read');
}

/** Keys are of whoever sends them; where anyone may, of the secret address. */
function scopeOf({ principal, url }: FastifyRequest): string {
  if (principal === null) return `address ${createHash('sha256').update(url).digest('hex')}`;
  return principal.userId === undefined ? `service ${principal.name}` : `user ${principal.userId}`;
}

function keptOf(request: FastifyRequest, reply: FastifyReply, payload: unknown): { contentType?: string; body?: string } {
  if (request.routeOptions.config.idempotency === 'secret') return {};
  const body = payload === null || payload === undefined ? '' : payload;
  if (typeof body !== 'string' || Buffer.byteLength(body) > LONGEST_KEPT_ANSWER || body.includes('\0')) return {};
  const contentType = reply.getHeader('content-type');
  return { body, ...(typeof contentType === 'string' ? { contentType } : {}) };
}
