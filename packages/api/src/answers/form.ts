/**
 * A form of ours as Airflow's human-in-the-loop detail, and its answers the other way.
 *
 * A JSON Schema that is one of several texts is a choice, an array of such a multiple choice, a boolean an approval; the properties of an
 * object are the fields of the form; whatever else is a form of one field, `value`.
 */
import type { InputForm } from '@headrace/core';
import { Compile } from 'typebox/compile';

const OK = 'OK';
const APPROVAL = ['Approve', 'Reject'] as const;
/** The field of a form that is no object. */
const ONLY = 'value';

type Schema = InputForm['schema'];

export interface FormShape {
  readonly kind: 'choice' | 'choices' | 'approval' | 'fields' | 'field';
  readonly options: readonly string[];
}

export function shapeOf(schema: Schema): FormShape {
  const choice = textsOf(schema);
  if (choice !== undefined) return { kind: 'choice', options: choice };
  const choices = schema.type === 'array' && isSchema(schema.items) ? textsOf(schema.items) : undefined;
  if (choices !== undefined) return { kind: 'choices', options: choices };
  if (schema.type === 'boolean') return { kind: 'approval', options: APPROVAL };
  return { kind: isSchema(schema.properties) ? 'fields' : 'field', options: [OK] };
}

/** The answer that was given by choosing these options and filling in these fields. Undefined: no answer can be given that way. */
export function answerOf(schema: Schema, chosen: readonly string[], input: Readonly<Record<string, unknown>>): unknown {
  const { kind, options } = shapeOf(schema);
  if (!chosen.every((option) => options.includes(option)) || (kind !== 'choices' && chosen.length !== 1)) return undefined;
  switch (kind) {
    case 'choice':
      return chosen[0];
    case 'choices':
      return chosen;
    case 'approval':
      return chosen[0] === APPROVAL[0];
    case 'fields':
      return { ...defaultsOf(schema), ...input };
    case 'field':
      return input[ONLY];
  }
}

/** The options that an answer stands for, and its fields. */
export function presentAnswer(
  schema: Schema,
  answer: unknown,
): { readonly chosen: readonly string[]; readonly input: Record<string, unknown> } {
  switch (shapeOf(schema).kind) {
    case 'choice':
      return { chosen: [String(answer)], input: {} };
    case 'choices':
      return { chosen: Array.isArray(answer) ? answer.map(String) : [], input: {} };
    case 'approval':
      return { chosen: [answer === true ? APPROVAL[0] : APPROVAL[1]], input: {} };
    case 'fields':
      return { chosen: [OK], input: isSchema(answer) ? { ...answer } : {} };
    case 'field':
      return { chosen: [OK], input: { [ONLY]: answer } };
  }
}

/** As Airflow describes params: for each field its schema, and its default as `value`. */
export function fieldsOf({ schema, default: given }: Pick<InputForm, 'schema' | 'default'>): Record<string, unknown> {
  const { kind } = shapeOf(schema);
  if (kind === 'field') return { [ONLY]: { value: given ?? null, schema, description: null } };
  if (kind !== 'fields') return {};
  const defaults: Readonly<Record<string, unknown>> = { ...defaultsOf(schema), ...(isSchema(given) ? given : {}) };
  return Object.fromEntries(
    Object.entries(propertiesOf(schema)).map(([name, field]) => [
      name,
      { value: defaults[name] ?? null, schema: field, description: isSchema(field) ? (field.description ?? null) : null },
    ]),
  );
}

/** What is wrong with an answer, by field; empty: nothing. */
export function problemsOf(schema: Schema, answer: unknown): readonly { readonly path: string; readonly message: string }[] {
  const validator = Compile(schema as never);
  if (validator.Check(answer)) return [];
  const problems = validator
    .Errors(answer)
    .map(({ instancePath, message }) => ({ path: instancePath.slice(1).replaceAll('/', '.'), message }));
  return problems.length > 0 ? problems : [{ path: '', message: 'does not fit the form' }];
}

function defaultsOf(schema: Schema): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(propertiesOf(schema)).flatMap(([name, field]) => (isSchema(field) && 'default' in field ? [[name, field.default]] : [])),
  );
}

function propertiesOf({ properties }: Schema): Schema {
  return isSchema(properties) ? properties : {};
}

function textsOf({ enum: values, const: only }: Schema): readonly string[] | undefined {
  const texts = Array.isArray(values) ? values : only === undefined ? [] : [only];
  return texts.length > 0 && texts.every((value) => typeof value === 'string') ? texts : undefined;
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
