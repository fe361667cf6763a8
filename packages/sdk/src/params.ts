/** Params of a DAG: what the canonical graph says about a Standard Schema, without knowing which library made it. */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { DagDefinitionError } from './definition-error.ts';

export interface ParamsSpec {
  readonly paramsSchema?: Readonly<Record<string, unknown>>;
  readonly paramsDefault: Readonly<Record<string, unknown>>;
}

/**
 * JSON Schema (where the library offers one) and default of a DAG's params. The default is what the schema makes of `{}`.
 * Where params are required there is none: then `requireDefault` is an error, and otherwise it holds those that have one.
 * Throws HR_BAD_PARAMS.
 */
export function paramsSpec(dagId: string, schema: StandardSchemaV1 | undefined, requireDefault: boolean): ParamsSpec {
  if (schema === undefined) return { paramsDefault: {} };
  if (typeof schema['~standard']?.validate !== 'function') {
    throw new DagDefinitionError(
      'HR_BAD_PARAMS',
      `DAG "${dagId}", params: not a Standard Schema; use for example z.object({ … }) of zod 4`,
    );
  }
  const jsonSchema = jsonSchemaOf(schema);
  const result = schema['~standard'].validate({});
  if (result instanceof Promise) {
    result.catch(() => undefined);
    throw new DagDefinitionError(
      'HR_BAD_PARAMS',
      `DAG "${dagId}", params: the schema validates asynchronously; params are checked without waiting`,
    );
  }
  const paramsSchema = jsonSchema === undefined ? {} : { paramsSchema: jsonSchema };
  if (result.issues === undefined) return { ...paramsSchema, paramsDefault: asJson(dagId, result.value) };
  if (requireDefault) {
    const issues = result.issues.map((issue) => `${pathText(issue.path)}${issue.message}`).join('; ');
    throw new DagDefinitionError('HR_BAD_PARAMS', `DAG "${dagId}" runs on a schedule, so every param needs a default: ${issues}`);
  }
  return { ...paramsSchema, paramsDefault: defaultsIn(jsonSchema) };
}

function pathText(path: StandardSchemaV1.Issue['path']): string {
  if (path === undefined || path.length === 0) return '';
  return `${path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.')}: `;
}

/** The Standard JSON Schema extension (zod 4.2 and later, ArkType, Valibot's adapter), or the method that older releases have. */
export function jsonSchemaOf(schema: StandardSchemaV1): Readonly<Record<string, unknown>> | undefined {
  const standard = schema['~standard'] as { readonly jsonSchema?: { readonly input?: (options: { readonly target: string }) => unknown } };
  const methods = schema as { readonly toJSONSchema?: () => unknown; readonly toJsonSchema?: () => unknown };
  try {
    const converted = standard.jsonSchema?.input?.({ target: 'draft-2020-12' }) ?? methods.toJSONSchema?.() ?? methods.toJsonSchema?.();
    return isRecord(converted) ? plainJson(converted) : undefined;
  } catch {
    // A schema that JSON Schema cannot express. The params are still validated by the schema itself; only forms lack it.
    return undefined;
  }
}

function plainJson(value: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return JSON.parse(JSON.stringify(value)) as Readonly<Record<string, unknown>>;
}

function defaultsIn(jsonSchema: Readonly<Record<string, unknown>> | undefined): Readonly<Record<string, unknown>> {
  const properties = isRecord(jsonSchema?.properties) ? jsonSchema.properties : {};
  return Object.fromEntries(
    Object.entries(properties).flatMap(([name, property]) =>
      isRecord(property) && 'default' in property ? [[name, property.default]] : [],
    ),
  );
}

function asJson(dagId: string, value: unknown): Readonly<Record<string, unknown>> {
  if (!isRecord(value)) throw new DagDefinitionError('HR_BAD_PARAMS', `DAG "${dagId}", params: the schema must describe an object`);
  const at = notJson(value, []);
  if (at !== undefined)
    throw new DagDefinitionError(
      'HR_BAD_PARAMS',
      `DAG "${dagId}", params: the default of ${at} is no JSON value (string, finite number, boolean, null, array, object)`,
    );
  return plainJson(value);
}

/** The path of the first value that JSON cannot carry. */
function notJson(value: unknown, path: readonly string[]): string | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return undefined;
  if (typeof value === 'number' && Number.isFinite(value)) return undefined;
  // An optional member without a value is left out of the JSON.
  if (value === undefined && path.length > 0) return undefined;
  if (Array.isArray(value) || isRecord(value)) {
    for (const [key, item] of Object.entries(value)) {
      const found = notJson(item, [...path, key]);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  return path.join('.');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
