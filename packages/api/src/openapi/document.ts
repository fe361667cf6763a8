/** The OpenAPI 3.1 document of all routes, made from the schemas that they validate with, so it cannot disagree with them. */
import { type DescribedRoute, describeOperation } from './operation.ts';
import { sharedResponses } from './problem-responses.ts';
import { type JsonSchema, SchemaBook } from './schemas.ts';
import { describeTags } from './tags.ts';

export interface OpenApiDocument {
  readonly openapi: '3.1.1';
  readonly info: JsonSchema;
  readonly paths: Readonly<Record<string, Readonly<Record<string, JsonSchema>>>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, JsonSchema>>>>;
  readonly [part: string]: unknown;
}

const DESCRIPTION = `Paths and shapes under \`/api/v2\` are those of Airflow's REST API v2: its clients work unchanged. What Airflow
lacks stands under \`/headrace/v1\`.

Whatever is not a success is a problem (RFC 9457) with a \`code\` that never changes its meaning. A field or a parameter that is not
listed here is refused, not ignored.`;

/** How a caller says who it is. Either is enough. */
const SECURITY_SCHEMES = {
  bearer: { type: 'http', scheme: 'bearer', description: 'A token or an API key: `Authorization: Bearer …`' },
  session: { type: 'apiKey', in: 'cookie', name: 'headrace_session', description: 'The session of a browser' },
} as const;

export function buildDocument(routes: readonly DescribedRoute[], version: string): OpenApiDocument {
  const book = new SchemaBook();
  const paths: Record<string, Record<string, JsonSchema>> = {};
  for (const route of routes) {
    const path = route.url.replaceAll(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: describeOperation(route, book) };
  }
  const responses = sharedResponses(book);
  return {
    openapi: '3.1.1',
    info: {
      title: 'Headrace API',
      version,
      description: DESCRIPTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'This server' }],
    tags: describeTags(routes.flatMap(({ schema }) => schema.tags ?? [])),
    security: Object.keys(SECURITY_SCHEMES).map((name) => ({ [name]: [] })),
    paths,
    components: { securitySchemes: SECURITY_SCHEMES, responses, schemas: book.components() },
  };
}
