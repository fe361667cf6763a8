/** From an OpenAPI document to TypeScript: an interface for each named schema, a list of the operations, and their types. */

type Json = Readonly<Record<string, unknown>>;

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: Json;
}

interface Operation {
  readonly operationId: string;
  readonly summary?: string;
  readonly description?: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Readonly<Record<string, { readonly schema: Json }>> };
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, { readonly schema: Json }>> }>>;
}

export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Json>> };
}

const HEAD = `/**
 * Generated from the OpenAPI document by \`npm run client:generate\`: do not edit.
 * The types of everything that goes over the wire, and every operation.
 */
`;

export function generateOperations({ paths, components }: OpenApi): string {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
  operations.sort((a, b) => (a.operation.operationId < b.operation.operationId ? -1 : 1));
  const schemas = new Map(
    Object.entries(components.schemas).map(([name, schema]) => [name, `${comment(schema, '')}export type ${name} = ${typeOf(schema)};\n`]),
  );
  const list = operations.map(
    ({ path, method, operation }) => `  ${operation.operationId}: ['${method}', '${path}', '${answerOf(operation).form}'],\n`,
  );
  const types = operations.map(
    ({ operation }) => `${operationComment(operation)}  ${operation.operationId}: ${operationType(operation)};\n`,
  );
  return `${HEAD}
${used(schemas, types.join('')).join('\n')}
/** Method, path and the form of the answer, by operation. */
export const OPERATIONS = {
${list.join('')}} as const;

/** What each operation takes, and what it answers. */
export interface Operations {
${types.join('')}}
`;
}

/** Of the named types those that `text` uses, and those that they use. */
function used(types: ReadonlyMap<string, string>, text: string): readonly string[] {
  const found = new Set<string>();
  const look = (within: string): void => {
    for (const [name] of within.matchAll(/\b[A-Z]\w*\b/g)) {
      const type = types.get(name);
      if (type === undefined || found.has(name)) continue;
      found.add(name);
      look(type);
    }
  };
  look(text);
  return [...types].filter(([name]) => found.has(name)).map(([, type]) => type);
}

function operationType(operation: Operation): string {
  const parts = (['path', 'query', 'header'] as const).flatMap((place) => {
    const parameters = (operation.parameters ?? []).filter((one) => one.in === place);
    if (parameters.length === 0) return [];
    const needed = parameters.some((one) => one.required === true);
    const fields = parameters.map(
      (one) => `${comment(one, '      ')}      ${key(one.name)}${one.required === true ? '' : '?'}: ${typeOf(one.schema)};\n`,
    );
    return [`    ${place}${needed ? '' : '?'}: {\n${fields.join('')}    };\n`];
  });
  const body = operation.requestBody?.content['application/json']?.schema;
  if (body !== undefined) parts.push(`    body${operation.requestBody?.required === true ? '' : '?'}: ${typeOf(body)};\n`);
  return `{\n${parts.join('')}    answer: ${answerOf(operation).type};\n  }`;
}

function answerOf({ responses }: Operation): { readonly form: string; readonly type: string } {
  const [, success] = Object.entries(responses).find(([status]) => Number(status) < 300) ?? [];
  const forms = Object.entries(success?.content ?? {});
  if (forms.length === 0) return { form: 'application/json', type: 'void' };
  const json = forms.find(([form]) => form === 'application/json')?.[1];
  if (json !== undefined) return { form: 'application/json', type: typeOf(json.schema) };
  return { form: forms[0]?.[0] ?? '*/*', type: 'Response' };
}

/** A schema as a type. */
function typeOf(schema: Json): string {
  if (typeof schema.$ref === 'string') return schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1);
  if (Array.isArray(schema.enum)) return schema.enum.map((one) => literal(one)).join(' | ');
  if ('const' in schema) return literal(schema.const);
  const variants = (schema.anyOf ?? schema.oneOf) as readonly Json[] | undefined;
  if (variants !== undefined) return [...new Set(variants.map(typeOf))].join(' | ');
  if (Array.isArray(schema.allOf)) return (schema.allOf as readonly Json[]).map(typeOf).join(' & ');
  if (Array.isArray(schema.type)) return schema.type.map((type) => typeOf({ ...schema, type })).join(' | ');
  switch (schema.type) {
    case 'string':
      return 'string';
    case 'integer':
    case 'number':
      return 'number';
    case 'boolean':
      return 'boolean';
    case 'null':
      return 'null';
    case 'array':
      return arrayType(schema);
    case 'object':
      return objectType(schema);
    default:
      return 'unknown';
  }
}

function arrayType({ prefixItems, items }: Json): string {
  if (Array.isArray(prefixItems)) return `[${(prefixItems as readonly Json[]).map(typeOf).join(', ')}]`;
  return items === undefined ? 'unknown[]' : `Array<${typeOf(items as Json)}>`;
}

function objectType({ properties = {}, required = [], additionalProperties, patternProperties }: Json): string {
  const fields = Object.entries(properties as Readonly<Record<string, Json>>).map(
    ([name, schema]) =>
      `${comment(schema, '  ')}  ${key(name)}${(required as readonly string[]).includes(name) ? '' : '?'}: ${typeOf(schema)};\n`,
  );
  if (fields.length > 0) return `{\n${fields.join('')}}`;
  if (typeof additionalProperties === 'object' && additionalProperties !== null)
    return `Record<string, ${typeOf(additionalProperties as Json)}>`;
  const [pattern] = Object.values((patternProperties ?? {}) as Readonly<Record<string, Json>>);
  return `Record<string, ${pattern === undefined ? 'unknown' : typeOf(pattern)}>`;
}

function operationComment({ summary, description }: Operation): string {
  const text = [summary, description].filter((one) => one !== undefined && one !== '').join('. ');
  return text === '' ? '' : `  /** ${oneLine(text)} */\n`;
}

function comment({ description }: { readonly description?: unknown }, indent: string): string {
  return typeof description === 'string' && description !== '' ? `${indent}/** ${oneLine(description)} */\n` : '';
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll('*/', '* /').trim();
}

function key(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? name : literal(name);
}

function literal(value: unknown): string {
  return typeof value === 'string' ? `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'` : JSON.stringify(value);
}
