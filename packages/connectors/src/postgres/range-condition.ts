/** The rows of a range, chosen by the server. What it cannot choose exactly the data plane chooses: then there is no condition. */
import type { ReadRange } from '@headrace/dataplane';
import { type Column, decimalSize } from '@headrace/sdk';
import { quote } from './sql-text.ts';

/**
 * `columns` are those that are read, with the types that they are read as; `present` those of the server. An empty text where the
 * server would compare in another order than the data plane: a column of text that is read as a time, for example.
 */
export function rangeCondition({ column, from, to, missing }: ReadRange, columns: readonly Column[], present: readonly Column[]): string {
  const family = familyOf(column, columns);
  if (family === undefined || family !== familyOf(column, present)) return '';
  // Text is compared as it is copied, which a cast would not always give (char(n) is cut), and by its bytes.
  const name = family === 'text' ? `format('%s', ${quote(column)}) collate "C"` : quote(column);
  const within = [`${quote(column)} is not null`];
  if (from !== undefined) within.push(`${name} >= ${quoteText(from)}`);
  if (to !== undefined) within.push(`${name} < ${quoteText(to)}`);
  return ` where (${within.join(' and ')})${missing ? ` or ${quote(column)} is null` : ''}`;
}

function familyOf(name: string, columns: readonly Column[]): string | undefined {
  const type = columns.find((each) => each.name === name)?.type;
  if (type === undefined || type.startsWith('float')) return undefined;
  return type.startsWith('int') || type === 'numeric' || decimalSize(type) ? 'number' : type;
}

/** Only for values that were made by a cast to the column's type. */
function quoteText(text: string): string {
  return `'${text.replace(' (BC)', ' BC').replaceAll("'", "''")}'`;
}
