/**
 * What other sites may have a browser send here.
 *
 * XO1. A request that changes something and is proven by a cookie must come from our own pages. Browsers say so in `Sec-Fetch-Site`, and
 *      all that do not, in `Origin`: OWASP's Cross-Site Request Forgery Prevention Cheat Sheet ("Fetch Metadata headers"), and what Go's
 *      net/http.CrossOriginProtection does. No token is needed, so none can leak.
 * XO2. A browser that sends neither with such a request is older than 2020: it is refused.
 * XO3. Other sites read our answers only when their origin is on the list, and never with our cookies.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ApiProblem } from './api-problem.ts';

const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** @throws ApiProblem HR_CROSS_ORIGIN */
export function refuseCrossOrigin(request: FastifyRequest, publicOrigin: string | undefined): void {
  if (SAFE.has(request.method) || isOwn(request, publicOrigin)) return;
  throw new ApiProblem(
    'HR_CROSS_ORIGIN',
    'This request is proven by a cookie and does not come from our own pages: send a token in the Authorization header',
  );
}

function isOwn({ headers, protocol, host }: FastifyRequest, publicOrigin: string | undefined): boolean {
  const site = headers['sec-fetch-site'];
  // `none`: typed, or a bookmark. No page of another site can make it so.
  if (site !== undefined) return site === 'same-origin' || site === 'none';
  const { origin } = headers;
  return origin !== undefined && (origin === `${protocol}://${host}` || origin === publicOrigin);
}

const PREFLIGHT = {
  'access-control-allow-methods': 'GET, POST, PUT, PATCH, DELETE',
  'access-control-allow-headers': 'authorization, content-type, idempotency-key, headrace-client, last-event-id',
  'access-control-max-age': '600',
};

/** `origins`: as browsers send them, `https://tools.example.com`. An empty list: no other site. */
export function allowOrigins(app: FastifyInstance, origins: readonly string[]): void {
  if (origins.length === 0) return;
  app.addHook('onRequest', async (request, reply) => {
    reply.header('vary', 'Origin');
    const { origin } = request.headers;
    if (origin === undefined || !origins.includes(origin)) return;
    reply.header('access-control-allow-origin', origin);
    reply.header('access-control-expose-headers', 'retry-after');
    if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) return;
    return reply.code(204).headers(PREFLIGHT).send();
  });
}
