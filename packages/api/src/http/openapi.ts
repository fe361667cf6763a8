/** `/openapi.json`, of every route that is added after this. */
import type { FastifyInstance } from 'fastify';
import { buildDocument, type OpenApiDocument } from '../openapi/document.ts';
import type { DescribedRoute, RouteSchema } from '../openapi/operation.ts';
import { isKept } from './idempotent-requests.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** Of all routes there are when it is called. */
    describe(): OpenApiDocument;
  }
}

/** HEAD stands beside every GET, OPTIONS beside whatever CORS wants: they are HTTP's, not ours. */
const DESCRIBED: ReadonlySet<string> = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']);

/** Must be called before the first route is added. */
export function describeApi(app: FastifyInstance, version: string): void {
  const routes: DescribedRoute[] = [];
  app.addHook('onRoute', ({ method, url, schema, config }) => {
    if (schema === undefined || schema.hide === true) return;
    for (const one of [method].flat()) {
      if (DESCRIBED.has(one))
        routes.push({
          method: one,
          url,
          access: config?.access,
          takesKey: one === 'POST' && config !== undefined && (isKept(config) || config.idempotency === 'own'),
          schema: schema as RouteSchema,
        });
    }
  });
  app.decorate('describe', () => buildDocument(routes, version));
  let text: string | undefined;
  app.get('/openapi.json', { config: { access: 'public' }, schema: { hide: true } }, async (_, reply) => {
    text ??= JSON.stringify(app.describe());
    return reply.type('application/json; charset=utf-8').serializer(String).send(text);
  });
}
