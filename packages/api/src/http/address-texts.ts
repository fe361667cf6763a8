/**
 * From the texts of an address or a header to the values that a schema speaks of.
 *
 * A1. What does not read as such a value stays the text that it is, so that the validator names it: `true` is no number, `1.5` no integer.
 * A2. A parameter that is given once may stand for a list of one; given twice it is a list, and no single value.
 */
import type { TSchema } from 'typebox';
import { Value } from 'typebox/value';

const INTEGER = /^-?\d{1,20}$/;
const NUMBER = /^-?\d{1,30}(\.\d{1,30})?(e[+-]?\d{1,3})?$/i;
/** Python writes offsets without the colon: Airflow's client sends `2024-05-01T00:00:00+0000`. */
const OFFSET = /(T.*[+-]\d\d)(\d\d)$/;
/** As Python's clients write them, too. */
const BOOLEANS: Readonly<Record<string, boolean>> = { true: true, True: true, '1': true, false: false, False: false, '0': false };

/** @param schema of an object: a property for each parameter. */
export function fromTexts(schema: TSchema, given: unknown): unknown {
  if (!('properties' in schema) || given === null || typeof given !== 'object') return given;
  const properties = schema.properties as Readonly<Record<string, TSchema>>;
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => {
      const one = Object.hasOwn(properties, name) ? properties[name] : undefined;
      return [name, one === undefined ? value : fromText(one, value)];
    }),
  );
}

function fromText(schema: TSchema, given: unknown): unknown {
  const { type, items, anyOf } = schema as { readonly type?: string; readonly items?: TSchema; readonly anyOf?: readonly TSchema[] };
  if (type === 'array') return [given].flat().map((one) => (items === undefined ? one : fromText(items, one)));
  if (anyOf !== undefined)
    return (
      anyOf.map((branch) => [branch, fromText(branch, given)] as const).find(([branch, value]) => Value.Check(branch, value))?.[1] ?? given
    );
  if (typeof given !== 'string') return given;
  if (type === 'string') return 'format' in schema && schema.format === 'date-time' ? given.replace(OFFSET, '$1:$2') : given;
  if (type === 'integer') return INTEGER.test(given) ? Number(given) : given;
  if (type === 'number') return NUMBER.test(given) ? Number(given) : given;
  if (type === 'boolean') return Object.hasOwn(BOOLEANS, given) ? BOOLEANS[given] : given;
  return given;
}
