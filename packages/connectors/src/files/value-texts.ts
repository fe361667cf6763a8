/** Values as the texts that files hold: SQL expressions, so that rows become text inside DuckDB and never objects. */
import { ident, literal } from '@headrace/dataplane';
import { type Column, type ColumnType, decimalSize, elementType } from '@headrace/sdk';

/** Marks the text of an error that a query raises for a value that a format cannot hold. */
export const UNWRITABLE_MARK = 'HR_VALUE_UNWRITABLE ';

export interface CsvForms {
  readonly decimal: '.' | ',';
  /** As of `strftime`. */
  readonly dates?: string;
  readonly timestamps?: string;
}

/** The text of a column's value, without quotes; null stays null. What `text-values.ts` reads as the same value. */
export function plainTextOf({ name, type }: Column, { decimal, dates, timestamps }: CsvForms = { decimal: '.' }): string {
  const value = ident(name);
  if (type === 'date' && dates !== undefined) return `strftime(${value}, ${literal(dates)})`;
  if ((type === 'timestamp' || type === 'timestamptz') && timestamps !== undefined) return `strftime(${value}, ${literal(timestamps)})`;
  if (elementType(type) !== undefined) return jsonOf(value, type);
  if (type === 'bytes') return hexOf(value);
  const isFraction = decimalSize(type) !== undefined || type === 'numeric' || type === 'float4' || type === 'float8';
  return isFraction && decimal === ',' ? `replace(${value}::varchar, '.', ',')` : `${value}::varchar`;
}

/** JSON of a value, null as SQL's null. Numbers keep their digits; what JSON has no number for becomes a string. */
export function jsonOf(value: string, type: ColumnType): string {
  const element = elementType(type);
  if (element !== undefined)
    return `'[' || array_to_string(list_transform(${value}, lambda headrace_e: coalesce(${jsonOf('headrace_e', element)}, 'null')), ',') || ']'`;
  const text = `${value}::varchar`;
  if (decimalSize(type)) return text;
  switch (type) {
    case 'boolean':
    case 'int2':
    case 'int4':
    case 'int8':
      return text;
    case 'float4':
    case 'float8':
      return `case when isfinite(${value}) then ${text} else to_json(${text})::varchar end`;
    case 'numeric':
      return `case when regexp_full_match(${value}, '-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?') then ${value} else to_json(${value})::varchar end`;
    case 'json':
      // Line breaks are only between its tokens.
      return `replace(replace(${text}, chr(10), ' '), chr(13), ' ')`;
    case 'bytes':
      return `to_json(${hexOf(value)})::varchar`;
    case 'timestamp':
    case 'timestamptz':
      return `to_json(${isoOf(value)})::varchar`;
    default:
      return `to_json(${text})::varchar`;
  }
}

/** The text of a value in XML, escaped. A character that XML cannot hold fails with the row, counted as `headrace_row`. */
export function xmlOf({ name, type }: Column): string {
  if (type === 'timestamp' || type === 'timestamptz') return isoOf(ident(name));
  const text = plainTextOf({ name, type });
  if (type !== 'text' && type !== 'json' && elementType(type) === undefined) return text;
  const refuse = `error(${literal(UNWRITABLE_MARK)} || 'row ' || headrace_row || ${literal(`, column "${name}": XML cannot hold a control character. Remove it, or write JSON`)})`;
  return `case when regexp_matches(${text}, ${literal(NOT_XML)}) then ${refuse} else ${escapedXml(text)} end`;
}

/** Characters that XML 1.0 does not know. */
const NOT_XML = '[\\x00-\\x08\\x0B\\x0C\\x0E-\\x1F\\x{FFFE}\\x{FFFF}]';

export function escapedXml(text: string): string {
  return `replace(replace(replace(replace(${text}, '&', '&amp;'), '<', '&lt;'), '>', '&gt;'), chr(13), '&#13;')`;
}

function hexOf(value: string): string {
  return `'\\x' || lower(hex(${value}))`;
}

/** ISO 8601: `2017-06-19T10:00:00.5`, an instant with `Z`. */
function isoOf(value: string): string {
  return `regexp_replace(regexp_replace(${value}::varchar, '^([0-9]+-[0-9]+-[0-9]+) ([0-9])', '\\1T\\2'), '\\+00$', 'Z')`;
}
