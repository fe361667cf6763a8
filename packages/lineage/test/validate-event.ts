/** Validates an event against OpenLineage's own JSON schemas, each of its facets against the schema that the facet names. */
import { readdirSync, readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

const folder = new URL('openlineage/', import.meta.url);
const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);
for (const name of readdirSync(folder)) {
  if (name.endsWith('.json')) ajv.addSchema(JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as object);
}

/** What is wrong with it; nothing. */
export function problemsOf(event: unknown): readonly string[] {
  const { schemaURL } = event as { readonly schemaURL: string };
  return [...problems(schemaURL, event, ''), ...facetProblems(event, '')];
}

function problems(schema: string, value: unknown, where: string): readonly string[] {
  const validate = ajv.getSchema(schema);
  if (validate === undefined) return [`${where}: there is no schema ${schema}`];
  if (validate(value) === true) return [];
  return (validate.errors ?? []).map(({ instancePath, message }) => `${where}${instancePath}: ${message}`);
}

function facetProblems(value: unknown, where: string): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  const found = Object.entries(value).flatMap(([key, inner]) => facetProblems(inner, `${where}/${key}`));
  const { _schemaURL: schema } = value as { readonly _schemaURL?: string };
  return schema === undefined ? found : [...problems(schema, value, where), ...found];
}
