/**
 * Values that exist only when a run does. While a DAG is built they are proxies that remember their path;
 * in the task process `resolveReferences` puts the run's values in their place.
 */
import type { Reference, ReferenceSource } from './definition.ts';
import { REFERENCE_BRAND } from './definition.ts';
import { DagDefinitionError } from './definition-error.ts';
import type { DataInterval, TaskContext } from './task-context.ts';

type Whole = string | number | boolean | bigint | symbol | null | undefined | Date | readonly unknown[] | ((...args: never[]) => unknown);

/** A reference to `T`, whose members are references too. */
export type ReferenceTo<T> = Reference<T> & (T extends Whole ? unknown : { readonly [K in keyof T]-?: ReferenceTo<T[K]> });

/** What a DAG's `run` refers to. */
export interface RunIdentity {
  readonly dagId: string;
  readonly id: string;
  /** Undefined for a manual run without a logical date. */
  readonly logicalDate: Date | undefined;
  /** The key of the partition that the run is of; undefined where it is of none. */
  readonly partition?: string | undefined;
}

/** What references are resolved with. */
export interface RunValues {
  readonly params: Readonly<Record<string, unknown>>;
  readonly interval: DataInterval;
  readonly run: RunIdentity;
  /** Items of the mapped group around the task, or state of its loop: as in the task's context. */
  readonly args?: Readonly<Record<string, unknown>> | undefined;
  /** The text of a variable that the task declares. Absent: nothing declares any. */
  readonly variable?: ((name: string) => string) | undefined;
}

type ValueName = 'connection' | 'params' | 'interval' | 'dagId' | 'runId' | 'logicalDate' | 'partitionKey' | 'args';

/** The values that a task's references stand for, from its context. */
export function runValues(context: Pick<TaskContext, ValueName>): RunValues {
  const { params, interval, dagId, runId, logicalDate, partitionKey, args, connection } = context;
  const run = { dagId, id: runId, logicalDate, partition: partitionKey };
  // Declared like a connection, and given like one.
  return { params, interval, run, args, variable: (name) => connection(`variable:${name}`).url };
}

const HANDLER: ProxyHandler<Reference<unknown>> = {
  get(target, key) {
    const source = target[REFERENCE_BRAND];
    if (key === REFERENCE_BRAND) return source;
    if (key === Symbol.toPrimitive) return refuseText(target);
    if (typeof key === 'symbol' || source.kind !== 'value') return undefined;
    return reference([...source.path, key]);
  },
};

/** A reference to the value at `path` of the run's values. */
export function reference(path: readonly string[]): Reference<unknown> {
  return new Proxy<Reference<unknown>>(Object.freeze({ [REFERENCE_BRAND]: { kind: 'value', path } as const }), HANDLER);
}

/** Text with references in it: `` text`raw/${interval.day}` `` becomes a string when the run exists. */
export function text(
  parts: TemplateStringsArray,
  ...values: readonly (Reference<unknown> | string | number | bigint)[]
): Reference<string> {
  return new Proxy<Reference<string>>(
    Object.freeze({ [REFERENCE_BRAND]: { kind: 'text', parts: [...parts], values } as const }),
    HANDLER as ProxyHandler<Reference<string>>,
  );
}

export function isReference(value: unknown): value is Reference<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as Partial<Reference<unknown>>)[REFERENCE_BRAND] === 'object';
}

/** A reference as a person would write it. */
export function referenceName(value: Reference<unknown>): string {
  const source = value[REFERENCE_BRAND];
  if (source.kind === 'text') return 'text`…`';
  if (source.kind === 'variable') return `variable('${source.name}')`;
  // A group's item is `item` to who writes it.
  return source.path.slice(source.path[0] === 'args' ? 1 : 0).join('.');
}

function refuseText(target: Reference<unknown>): () => never {
  return () => {
    const name = referenceName(target);
    throw new DagDefinitionError(
      'HR_BAD_REFERENCE',
      `${name} has no value while the DAG is built, it is known only when a run exists: pass it on as it is, or write text\`… \${${name}} …\` to put it into a string`,
    );
  };
}

/**
 * A copy of `value` in which every reference is replaced by the run's value. Goes into plain objects, arrays, Maps and Sets; functions, class
 * instances and everything without a reference inside stay the same object. Throws HR_BAD_REFERENCE for a path into nothing.
 */
export function resolveReferences(value: unknown, values: RunValues): unknown {
  return resolve(value, values, new Map());
}

function resolve(value: unknown, values: RunValues, done: Map<object, unknown>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (isReference(value)) return referredValue(value, values);
  if (done.has(value)) return done.get(value);
  // Until it is known whether something inside changes, a cycle sees the original.
  done.set(value, value);
  const resolved = Array.isArray(value) ? resolveArray(value, values, done) : isPlain(value) ? resolveObject(value, values, done) : value;
  done.set(value, resolved);
  return resolved;
}

function resolveArray(array: readonly unknown[], values: RunValues, done: Map<object, unknown>): readonly unknown[] {
  const resolved = array.map((item) => resolve(item, values, done));
  return resolved.some((item, index) => item !== array[index]) ? resolved : array;
}

function resolveObject(object: object, values: RunValues, done: Map<object, unknown>): object {
  let changed: Record<PropertyKey, unknown> | undefined;
  for (const key of Reflect.ownKeys(object)) {
    const before: unknown = Reflect.get(object, key);
    const after = resolve(before, values, done);
    if (after === before) continue;
    changed ??= Object.create(Object.getPrototypeOf(object), Object.getOwnPropertyDescriptors(object)) as Record<PropertyKey, unknown>;
    Object.defineProperty(changed, key, { value: after, enumerable: true, configurable: true, writable: true });
  }
  return changed ?? object;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

function referredValue(ref: Reference<unknown>, values: RunValues): unknown {
  const source = ref[REFERENCE_BRAND];
  if (source.kind === 'value') return valueAt(source.path, values);
  if (source.kind === 'variable') return variableValue(source, values);
  return source.parts.map((part, index) => part + (index < source.values.length ? textOf(source.values[index], values) : '')).join('');
}

function variableValue({ name, schema }: Extract<ReferenceSource, { kind: 'variable' }>, values: RunValues): unknown {
  if (values.variable === undefined)
    throw new DagDefinitionError('HR_BAD_REFERENCE', `variable('${name}') has no value here: give it to a task in \`in\``);
  const given = values.variable(name);
  if (schema === undefined) return given;
  const asText = schema['~standard'].validate(given);
  if (!(asText instanceof Promise) && asText.issues === undefined) return asText.value;
  const asJson = schema['~standard'].validate(jsonOf(given));
  if (!(asJson instanceof Promise) && asJson.issues === undefined) return asJson.value;
  // Nothing of the value: it may be a secret.
  throw new DagDefinitionError('HR_BAD_REFERENCE', `The value of variable "${name}" does not fit the schema that the DAG gives for it`);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function textOf(value: unknown, values: RunValues): string {
  const resolved = isReference(value) ? referredValue(value, values) : value;
  if (resolved instanceof Date) return resolved.toISOString();
  if (['string', 'number', 'bigint', 'boolean'].includes(typeof resolved)) return String(resolved);
  const name = isReference(value) ? referenceName(value) : 'a value';
  throw new DagDefinitionError(
    'HR_BAD_REFERENCE',
    `${name} is ${resolved === undefined || resolved === null ? resolved : `of type ${typeof resolved}`} in this run and cannot be put into text`,
  );
}

function valueAt(path: readonly string[], values: RunValues): unknown {
  let at: unknown = values;
  for (const [depth, key] of path.entries()) {
    if (typeof at !== 'object' || at === null) {
      throw new DagDefinitionError(
        'HR_BAD_REFERENCE',
        `${path.join('.')} has no value in this run: ${path.slice(0, depth).join('.')} is ${String(at)}`,
      );
    }
    // `interval.day` may be a getter of a class; only what an object inherits from Object itself is no value.
    at = Object.hasOwn(Object.prototype, key) && !Object.hasOwn(at, key) ? undefined : Reflect.get(at, key);
  }
  return at;
}
