/**
 * JSON whose numbers keep the text they were written as: a number that JavaScript would write otherwise (`1.10`, 2^53 + 1, `1e400`) is kept
 * as a raw piece of JSON, which `JSON.stringify` writes as it was.
 */

/** TypeScript does not know the source text access of JSON yet. */
const JsonText = JSON as unknown as {
  parse(text: string, reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown): unknown;
  rawJSON(text: string): RawJson;
  isRawJSON(value: unknown): value is RawJson;
};

interface RawJson {
  readonly rawJSON: string;
}

/** Throws SyntaxError for what is no JSON, RangeError for what is nested too deeply. */
export function parseExact(text: string): unknown {
  return JsonText.parse(text, (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined && String(value) !== source ? JsonText.rawJSON(source) : value,
  );
}

/** A scalar as text, null as null, anything else as JSON. */
export function exactText(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string') return value;
  if (JsonText.isRawJSON(value)) return value.rawJSON;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** For messages and decisions: what kind of JSON a value is. */
export function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (JsonText.isRawJSON(value)) return 'a number';
  if (typeof value !== 'object') return `a ${typeof value}`;
  const names = Object.keys(value);
  const shown = names.slice(0, 20).join(', ');
  return names.length === 0 ? 'an empty object' : `an object with ${shown}${names.length > 20 ? ' …' : ''}`;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !JsonText.isRawJSON(value);
}
