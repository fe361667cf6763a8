/**
 * Variables that people keep in Headrace, as inputs of tasks.
 *
 * A task is given those that its definition names, and no other: they are declared like connections, under ids that no connection can have.
 */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { REFERENCE_BRAND, type Reference } from './definition.ts';
import { DagDefinitionError } from './definition-error.ts';
import { isReference } from './references.ts';

const NAME = /^.{1,250}$/s;
const PREFIX = 'variable:';

/** As which a task declares a variable among its connections. No connection has a colon in its id. */
export function variableId(name: string): string {
  return `${PREFIX}${name}`;
}

/** The name of the variable that an id declares; undefined: it is a connection's. */
export function variableNameOf(id: string): string | undefined {
  return id.startsWith(PREFIX) ? id.slice(PREFIX.length) : undefined;
}

/**
 * The value of a variable when a task begins, for `in` and wherever a value of the run may stand. Without a schema it is the text that is
 * kept. With one it is what the schema makes of the text or, if it takes no such text, of the JSON that the text is; a value that does not
 * fit fails the attempt with HR_BAD_REFERENCE. Throws HR_BAD_REFERENCE for a name that no variable can have.
 */
export function variable(name: string): Reference<string>;
export function variable<Schema extends StandardSchemaV1>(name: string, schema: Schema): Reference<StandardSchemaV1.InferOutput<Schema>>;
export function variable(name: string, schema?: StandardSchemaV1): Reference<unknown> {
  if (typeof name !== 'string' || !NAME.test(name))
    throw new DagDefinitionError('HR_BAD_REFERENCE', 'The name of a variable is a text of 1 to 250 characters');
  if (schema !== undefined && typeof schema?.['~standard']?.validate !== 'function')
    throw new DagDefinitionError('HR_BAD_REFERENCE', `Variable "${name}": not a Standard Schema; use for example z.number() of zod 4`);
  const source = { kind: 'variable', name, ...(schema === undefined ? {} : { schema }) } as const;
  return Object.freeze({ [REFERENCE_BRAND]: source });
}

/** Ids of all variables inside a value, also in text`…`. */
export function variablesIn(value: unknown): ReadonlySet<string> {
  const found = new Set<string>();
  const seen = new Set<object>();
  const pending: unknown[] = [value];
  while (pending.length > 0) {
    const each = pending.pop();
    if (typeof each !== 'object' || each === null || seen.has(each)) continue;
    seen.add(each);
    if (!isReference(each)) pending.push(...Object.values(each));
    else {
      const source = each[REFERENCE_BRAND];
      if (source.kind === 'variable') found.add(variableId(source.name));
      else if (source.kind === 'text') pending.push(...source.values);
    }
  }
  return found;
}
