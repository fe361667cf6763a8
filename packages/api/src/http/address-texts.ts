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

type Read = (given: unknown) => unknown;

/**
 * What reads the texts of an address or of headers.
 * @param schema of an object: a property for each parameter.
 */
export function textReader(schema: TSchema): Read {
  if (!('properties' in schema)) return asGiven;
  const readers = new Map(Object.entries(schema.properties as Readonly<Record<string, TSchema>>).map(([name, one]) => [name, reader(one)]));
  return (given) => {
    if (given === null || typeof given !== 'object') return given;
    const read: [string, unknown][] = [];
    for (const [name, value] of Object.entries(given)) read.push([name, (readers.get(name) ?? asGiven)(value)]);
    // Whatever it is called: an assignment to `__proto__` would make no field.
    return Object.fromEntries(read);
  };
}

const asGiven: Read = (given) => given;

function reader(schema: TSchema): Read {
  const { type, items, anyOf } = schema as { readonly type?: string; readonly items?: TSchema; readonly anyOf?: readonly TSchema[] };
  if (type === 'array') {
    const item = items === undefined ? asGiven : reader(items);
    return (given) => [given].flat().map(item);
  }
  if (anyOf !== undefined) {
    const branches = anyOf.map((branch) => [branch, reader(branch)] as const);
    return (given) =>
      branches.map(([branch, read]) => [branch, read(given)] as const).find(([branch, value]) => Value.Check(branch, value))?.[1] ?? given;
  }
  const read =
    type === undefined ? undefined : READERS[type === 'string' && 'format' in schema && schema.format === 'date-time' ? 'date-time' : type];
  return read === undefined ? asGiven : (given) => (typeof given === 'string' ? read(given) : given);
}

const READERS: Readonly<Record<string, (given: string) => unknown>> = {
  'date-time': (given) => given.replace(OFFSET, '$1:$2'),
  integer: (given) => (INTEGER.test(given) ? Number(given) : given),
  number: (given) => (NUMBER.test(given) ? Number(given) : given),
  boolean: (given) => (Object.hasOwn(BOOLEANS, given) ? BOOLEANS[given] : given),
};
