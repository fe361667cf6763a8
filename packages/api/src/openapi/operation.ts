/** One route as an operation of the document. */
import type { TSchema } from 'typebox';
import { Value } from 'typebox/value';
import type { Access } from '../http/access.ts';
import { EXAMPLES } from './examples.ts';
import { parametersOf } from './parameters.ts';
import { problemResponses } from './problem-responses.ts';
import type { JsonSchema, SchemaBook } from './schemas.ts';

declare module 'fastify' {
  interface FastifySchema {
    /** Not in the document. */
    hide?: boolean;
    /** Airflow's, where the operation is Airflow's. */
    operationId?: string;
    /** A few words. Default: those of the operation id. */
    summary?: string;
    description?: string;
    tags?: readonly string[];
    /** What a success can be had as, by the Accept header. Default: `application/json` alone. Other forms are texts. */
    forms?: readonly string[];
  }
}

/** What of a route the document tells. */
export interface DescribedRoute {
  readonly method: string;
  /** With `:name` for the parts that vary. */
  readonly url: string;
  readonly access: Access | undefined;
  /** It takes an `Idempotency-Key`. */
  readonly takesKey: boolean;
  readonly schema: RouteSchema;
}

export interface RouteSchema {
  readonly operationId?: string;
  readonly summary?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly forms?: readonly string[];
  readonly params?: unknown;
  readonly querystring?: unknown;
  readonly headers?: unknown;
  readonly body?: unknown;
  readonly response?: unknown;
}

const SUCCESS: Readonly<Record<string, string>> = { 200: 'As asked', 201: 'Made', 202: 'Accepted', 204: 'Done; there is nothing to say' };
const OF_TEXTS: JsonSchema = { type: 'string' };

const IDEMPOTENCY_KEY: JsonSchema = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description:
    'Makes it safe to send the request again: within a day, the same request with the same key is not done again but answered as the first was, with the header `Idempotency-Replayed: true`',
  schema: { type: 'string', minLength: 1, maxLength: 200, pattern: '^[!-~]+$' },
};

export function describeOperation(route: DescribedRoute, book: SchemaBook): JsonSchema {
  const { schema, access } = route;
  const isPublic = access === 'public';
  const operationId = schema.operationId ?? operationIdOf(route);
  const parameters = [
    ...parametersOf('path', schema.params as TSchema | undefined, book),
    ...parametersOf('query', schema.querystring as TSchema | undefined, book),
    ...parametersOf('header', schema.headers as TSchema | undefined, book),
    ...(route.takesKey ? [IDEMPOTENCY_KEY] : []),
  ];
  const body = schema.body as TSchema | undefined;
  const takes = access === undefined || typeof access === 'string' ? undefined : `Takes \`${access.action}\` of \`${access.object}\`.`;
  const description = [schema.description, takes].filter((part) => part !== undefined).join('\n\n');
  return {
    operationId,
    summary: schema.summary ?? wordsOf(operationId),
    ...(description === '' ? {} : { description }),
    tags: schema.tags ?? [],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: requestBody(operationId, body, book) }),
    responses: responsesOf(schema, book, { isPublic, hasBody: body !== undefined, takesKey: route.takesKey }),
    ...(isPublic ? { security: [] } : {}),
  };
}

function requestBody(operationId: string, schema: TSchema, book: SchemaBook): JsonSchema {
  const examples = EXAMPLES[operationId];
  const content = { 'application/json': { schema: book.refer(schema), ...(examples === undefined ? {} : { examples }) } };
  return { required: !Value.Check(schema, Value.Default(schema, {})), content };
}

function responsesOf(schema: RouteSchema, book: SchemaBook, asked: { isPublic: boolean; hasBody: boolean; takesKey: boolean }): JsonSchema {
  const given = Object.entries((schema.response ?? {}) as Readonly<Record<string, TSchema | JsonSchema>>);
  const successes = given.filter(([status]) => Number(status) < 400);
  const problems = given.filter(([status]) => Number(status) >= 400);
  const described = problems.map(([status, response]) => [status, withReferences(response as JsonSchema, book)] as const);
  return {
    ...Object.fromEntries(successes.map(([status, answer]) => [status, successOf(status, answer as TSchema, schema.forms, book)])),
    ...problemResponses(new Map(described), asked),
  };
}

function successOf(status: string, answer: TSchema, forms: readonly string[] = ['application/json'], book: SchemaBook): JsonSchema {
  const description = ('description' in answer ? String(answer.description) : undefined) ?? SUCCESS[status] ?? 'Success';
  if (status === '204') return { description };
  if (status.startsWith('3')) return { description, headers: { Location: { required: true, schema: OF_TEXTS } } };
  const content = forms.map((form) => [form, { schema: form === 'application/json' ? book.refer(answer) : OF_TEXTS }]);
  return { description, content: Object.fromEntries(content) };
}

/** A response that is written as OpenAPI has it, its schemas by reference. */
function withReferences(response: JsonSchema, book: SchemaBook): JsonSchema {
  const content = Object.entries(response.content as Readonly<Record<string, { readonly schema: TSchema }>>);
  return { ...response, content: Object.fromEntries(content.map(([form, { schema }]) => [form, { schema: book.refer(schema) }])) };
}

/** `get_dag_runs` → `Get DAG runs`. */
function wordsOf(operationId: string): string {
  const words = operationId.split('_').map((word) => ABBREVIATIONS[word] ?? word);
  const [first = '', ...others] = words;
  return [first.charAt(0).toUpperCase() + first.slice(1), ...others].join(' ');
}

const ABBREVIATIONS: Readonly<Record<string, string>> = {
  dag: 'DAG',
  dags: 'DAGs',
  xcom: 'XCom',
  hitl: 'HITL',
  api: 'API',
  oidc: 'OIDC',
  csrf: 'CSRF',
};

/** Of a route that names none: `GET /headrace/v1/audit/export` → `get_audit_export`. */
function operationIdOf({ method, url }: DescribedRoute): string {
  const words = url.split('/').filter((part) => part !== '' && !part.startsWith(':') && !/^(api|headrace|v\d)$/.test(part));
  return [method.toLowerCase(), ...words].join('_').replaceAll(/\W+/g, '_');
}
