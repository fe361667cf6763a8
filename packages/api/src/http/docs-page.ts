/**
 * `/docs`: the OpenAPI document to read and to try, by Swagger UI.
 *
 * P1. Everything comes from this server: nothing is fetched from elsewhere.
 * P2. No script and no style stands in the page itself, so that the strictest content security policy lets it be.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { FastifyInstance } from 'fastify';

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Headrace API</title>
<link rel="icon" type="image/png" href="/docs/favicon-32x32.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="page"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`;

const START = `SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#page',
  deepLinking: true,
  docExpansion: 'none',
  filter: true,
  persistAuthorization: false,
  tryItOutEnabled: true,
  validatorUrl: null,
});
`;

/** Swagger UI draws its icons from `data:` addresses, and sets styles of elements while it runs. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Of the package, by name; nothing else of it can be had. */
const FILES: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
};

const open = { config: { access: 'public' }, schema: { hide: true } } as const;

/** Reads the files when they are asked for first. */
export function serveDocs(app: FastifyInstance): void {
  const files = new Map<string, { readonly bytes: Buffer; readonly etag: string }>();
  app.get('/docs', open, async (_, reply) => reply.header('content-security-policy', POLICY).type('text/html; charset=utf-8').send(PAGE));
  app.get('/docs/start.js', open, async (_, reply) => reply.type('text/javascript; charset=utf-8').send(START));
  for (const [name, type] of Object.entries(FILES)) {
    app.get(`/docs/${name}`, open, async (request, reply) => {
      const file = files.get(name) ?? (await read(name));
      files.set(name, file);
      reply.header('etag', file.etag).header('cache-control', 'public, max-age=3600').header('x-content-type-options', 'nosniff');
      if (request.headers['if-none-match'] === file.etag) return reply.code(304).send();
      return reply.type(type).send(file.bytes);
    });
  }
}

async function read(name: string): Promise<{ readonly bytes: Buffer; readonly etag: string }> {
  const folder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
  const bytes = await readFile(join(folder, name));
  return { bytes, etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"` };
}
