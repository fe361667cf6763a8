/** One count, one duration and one line of log for each request. The route's pattern is the label, never the address. */
import type { FastifyInstance } from 'fastify';
import type { ApiDeps } from '../deps.ts';

export function observeRequests(app: FastifyInstance, { log, metrics }: Pick<ApiDeps, 'log' | 'metrics'>): void {
  app.addHook('onResponse', (request, reply, done) => {
    const { method, id } = request;
    const route = request.routeOptions.url ?? 'none';
    const seconds = reply.elapsedTime / 1000;
    metrics.count('headrace_http_requests_total', { method, route, status: String(reply.statusCode) });
    metrics.observe('headrace_http_request_seconds', seconds, { method, route });
    log.debug({ requestId: id, method, route, status: reply.statusCode, seconds, user: request.principal?.name }, 'request');
    done();
  });
}
