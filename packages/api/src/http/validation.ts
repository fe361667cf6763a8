/**
 * Requests against their schemas: texts of addresses are converted, bodies are taken as they are, and every wrong field is named.
 */
import type { FieldProblem } from '@headrace/api-contract';
import type { FastifyInstance, FastifySchemaCompiler } from 'fastify';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { Value } from 'typebox/value';
import { textReader } from './address-texts.ts';
import { tooDeepValue, unstorableText } from './storable-texts.ts';

type SchemaError = ReturnType<ReturnType<typeof Compile>['Errors']>[number];

export class RequestFieldsError extends Error {
  readonly fields: readonly FieldProblem[];
  constructor(fields: readonly FieldProblem[]) {
    super(fields.map(({ field, message }) => `${field} ${message}`).join('; '));
    this.name = 'RequestFieldsError';
    this.fields = fields;
  }
}

const PLACES: Readonly<Record<string, string>> = { querystring: 'query', params: 'path', body: 'body', headers: 'header' };

export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  // Compiled by the first request: most processes are asked for few of the routes, and a start should not wait for all of them.
  let compiled: ReturnType<typeof Compile<TSchema>> | undefined;
  let complete = (sent: unknown): unknown => sent;
  let read = complete;
  const place = PLACES[httpPart ?? ''] ?? 'request';
  // Other systems' JSON, which is theirs to answer for.
  const takesAnything = !('type' in schema || 'anyOf' in schema);
  return (given: unknown) => {
    if (compiled === undefined) {
      compiled = Compile(schema);
      complete = completion(schema);
      if (httpPart !== 'body') read = textReader(schema);
    }
    const validator = compiled;
    const value = read(complete(given ?? (httpPart === 'body' ? {} : given)));
    if (!validator.Check(value)) return { error: new RequestFieldsError(fieldProblems(validator.Errors(value), schema, value, place)) };
    const unstorable = takesAnything ? tooDeepValue(value, place) : unstorableText(value, place);
    return unstorable === undefined ? { value } : { error: new RequestFieldsError([unstorable]) };
  };
};

/** Puts defaults where nothing was sent; most schemas have none, or only simple values and lists of them that belong to the fields of one object. */
function completion(schema: TSchema): (sent: unknown) => unknown {
  const all = JSON.stringify(schema).split('"default":').length - 1;
  if (all === 0) return (sent) => sent;
  const properties = Object.entries('properties' in schema ? (schema.properties as Readonly<Record<string, TSchema>>) : {});
  const simple = properties.flatMap(([name, field]) =>
    'default' in field && isFlat(field.default) ? [[name, field.default] as const] : [],
  );
  if (simple.length < all) return (sent) => Value.Default(schema, sent);
  return (sent) => {
    if (sent === null || typeof sent !== 'object' || Array.isArray(sent)) return Value.Default(schema, sent);
    const completed: Record<string, unknown> = { ...sent };
    for (const [name, value] of simple) if (completed[name] === undefined) completed[name] = Array.isArray(value) ? [...value] : value;
    return completed;
  };
}

/** A simple value, or a list of them. */
function isFlat(value: unknown): boolean {
  if (Array.isArray(value)) return value.every((one) => one === null || typeof one !== 'object');
  return value === null || typeof value !== 'object';
}

/** A body of `null` is not one that is missing, which is as good as `{}`: Fastify's validation cannot tell the two apart. */
export function refuseNullBodies(app: FastifyInstance): void {
  app.addHook('preValidation', ({ body, routeOptions }, _, done) => {
    const schema = body === null ? (routeOptions.schema?.body as TSchema | undefined) : undefined;
    if (schema === undefined || Value.Check(schema, null)) done();
    else done(new RequestFieldsError([{ field: 'body', message: 'must be an object, not null' }]));
  });
}

/** A name that is none of ours may be anything, a secret in the wrong place too: only what looks like a name is repeated. */
const PLAIN_NAME = /^[a-z]\w{0,39}$/i;

/** The schema's errors by field; of a union's branches one line. */
function fieldProblems(errors: readonly SchemaError[], schema: TSchema, value: unknown, place: string): readonly FieldProblem[] {
  const messages = new Map<string, Set<string>>();
  const add = (pointer: string, message: string): void => {
    const field = [place, ...pointer.split('/').slice(1)].join('.');
    messages.set(field, (messages.get(field) ?? new Set()).add(message));
  };
  for (const error of errors) {
    switch (error.keyword) {
      case 'boolean':
      case 'anyOf':
        break;
      case 'additionalProperties':
        for (const name of error.params.additionalProperties)
          add(`${error.instancePath}/${PLAIN_NAME.test(name) ? name : '?'}`, notKnown(schema, error.instancePath));
        break;
      case 'required':
        for (const name of error.params.requiredProperties) add(`${error.instancePath}/${name}`, 'is missing');
        break;
      case 'enum':
        add(error.instancePath, `must be one of ${error.params.allowedValues.map(String).join(', ')}`);
        break;
      case 'type':
        if (error.params.type !== 'null') add(error.instancePath, error.message);
        break;
      case 'format':
        add(
          error.instancePath,
          error.params.format === 'date-time' ? 'must be a date and time with zone, such as 2024-05-01T00:00:00Z' : error.message,
        );
        break;
      default:
        add(error.instancePath, error.message);
    }
  }
  if (messages.size === 0) add('', 'does not have the right shape');
  return [...messages].map(([field, texts]) => {
    // A field that we do not know may be a misspelt password, and a body that is no object anything.
    const isTold = field.includes('.') && ![...texts].some((text) => text.startsWith(NOT_KNOWN));
    return { field, message: `${[...texts].join(' or ')}${isTold ? given(value, field) : ''}` };
  });
}

const NOT_KNOWN = 'is not known here';

function notKnown(schema: TSchema, pointer: string): string {
  const known = pointer === '' && 'properties' in schema ? Object.keys(schema.properties as object).sort() : [];
  return known.length > 0 ? `${NOT_KNOWN}; known are ${known.join(', ')}` : NOT_KNOWN;
}

/** What of a request may be a secret. */
const SECRET_FIELD = /password|extra|secret|token|url/i;

/** `, not "abc"` where the value is short and simple, and no secret. */
function given(value: unknown, field: string): string {
  if (SECRET_FIELD.test(field)) return '';
  let found: unknown = value;
  for (const step of field.split('.').slice(1)) found = found === null || typeof found !== 'object' ? undefined : Reflect.get(found, step);
  const simple = ['string', 'number', 'boolean'].includes(typeof found) || found === null;
  return simple && String(found).length <= 40 ? `, not ${JSON.stringify(found)}` : '';
}
