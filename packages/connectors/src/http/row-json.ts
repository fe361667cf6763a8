/** Rows as JSON, composed of the text of their values: no number passes through JavaScript. */
import { type Column, decimalSize } from '@headrace/sdk';

export interface RowMember {
  readonly name: string;
  readonly column: Column;
}

const NUMBERS = new Set(['int2', 'int4', 'int8', 'float4', 'float8', 'numeric']);
const JSON_NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/** Values are as `deliverySelect` gives them: text, or null. */
export function rowJson(
  values: Readonly<Record<string, string | null>>,
  members: readonly RowMember[],
  exactNumbers: 'number' | 'text',
): string {
  const fields = members.map(
    ({ name, column }) => `${JSON.stringify(name)}:${valueJson(values[column.name] ?? null, column, exactNumbers)}`,
  );
  return `{${fields.join(',')}}`;
}

function valueJson(text: string | null, { type }: Column, exactNumbers: 'number' | 'text'): string {
  if (text === null) return 'null';
  const decimal = decimalSize(type) !== undefined;
  if (NUMBERS.has(type) || decimal) {
    const exact = decimal || type === 'int8' || type === 'numeric';
    // NaN and Infinity are numbers of a column and none of JSON.
    return JSON_NUMBER.test(text) && !(exact && exactNumbers === 'text') ? text : JSON.stringify(text);
  }
  if (type === 'boolean' || type === 'json') return text;
  if (type === 'timestamp') return JSON.stringify(text.replace(' ', 'T'));
  if (type === 'timestamptz') return JSON.stringify(text.replace(' ', 'T').replace(/\+00$/, 'Z'));
  return JSON.stringify(text);
}
