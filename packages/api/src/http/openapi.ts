/** `/openapi.json`: made from the schemas that the routes validate with, so it cannot disagree with them. */
import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';

export async function describeApi(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Headrace API',
        version,
        description: "Paths and shapes are those of Airflow's REST API v2. Errors are problem details (RFC 9457).",
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
      security: [{ bearer: [] }],
    },
  });
  app.get('/openapi.json', { config: { access: 'public' }, schema: { hide: true } }, async () => app.swagger());
}
