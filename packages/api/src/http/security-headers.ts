/**
 * What browsers are told to make of our answers. A route that serves a page sets its own `content-security-policy`.
 *
 * Values: OWASP HTTP Headers Cheat Sheet, and its REST Security Cheat Sheet for answers that are data.
 */
import type { FastifyInstance } from 'fastify';

/** Data is never a document: nothing of it is loaded, run, framed or sent. */
const OF_DATA = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

const ALWAYS = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'x-permitted-cross-domain-policies': 'none',
  'content-security-policy': OF_DATA,
};
const ONE_YEAR_S = 31_536_000;

export function protectAnswers(app: FastifyInstance): void {
  // Before the handler, so that a stream whose headers go out early has them too, and a route can say otherwise.
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(ALWAYS);
    if (request.protocol === 'https') reply.header('strict-transport-security', `max-age=${ONE_YEAR_S}`);
    done();
  });
  app.addHook('onSend', (request, reply, payload, done) => {
    const isOurs = request.routeOptions.config?.access !== 'public' || reply.hasHeader('set-cookie');
    if (isOurs && !reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
    done(null, payload);
  });
}
