/**
 * Arrays of PostgreSQL ↔ lists: out as a JSON array of texts, in as an array literal, so that no element is anything but its exact text.
 * A list has one dimension and begins at 1: an array that is anything else is no value of a list type, and can be read as text.
 */
import { ident, textExpression } from '@headrace/dataplane';
import { type Column, elementType } from '@headrace/sdk';
import { quote } from './sql-text.ts';

/** An expression of PostgreSQL for the text of a list column, as `parseExpression` reads it. */
export function listAsJson({ name }: Column): string {
  const array = quote(name);
  return `case when array_ndims(${array}) > 1 or array_lower(${array}, 1) <> 1 then ${array}::text else to_json(${array}::text[])::text end`;
}

/** An expression of DuckDB for the array literal of a list column. */
export function listAsLiteral({ name, type }: Column): string {
  const element = elementType(type) ?? 'text';
  const escaped = `replace(replace(${textExpression('e', element)}, '\\', '\\\\'), '"', '\\"')`;
  return `'{' || array_to_string(list_transform(${ident(name)}, lambda e: coalesce('"' || ${escaped} || '"', 'NULL')), ',') || '}'`;
}
