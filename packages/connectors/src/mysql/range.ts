import { type ReadRange, SqlError } from '@headrace/dataplane';
import type { ColumnType } from '@headrace/sdk';
import { quote, textLiteral } from './sql-text.ts';

/** The rows of a range, `[from, to)`, as a condition that an index can serve. Throws SqlError for a bound that is no value of the type. */
export function rangeCondition({ column, from, to, missing }: ReadRange, type: ColumnType, where: string): string {
  const name = quote(column);
  const bounds = [
    ...(from === undefined ? [] : [`${name} >= ${boundLiteral(from, type, where)}`]),
    ...(to === undefined ? [] : [`${name} < ${boundLiteral(to, type, where)}`]),
  ];
  const inside = bounds.length === 0 ? `${name} is not null` : bounds.join(' and ');
  return missing ? `((${inside}) or ${name} is null)` : `(${inside})`;
}

function boundLiteral(text: string, type: ColumnType, where: string): string {
  if (/^(int|decimal|numeric|float)/.test(type)) {
    if (!/^[+-]?\d+(\.\d*)?([eE][+-]?\d+)?$/.test(text)) throw new SqlError(`${where}: the bound "${text.slice(0, 100)}" is no number`);
    return `(${text})`;
  }
  if (type === 'date' || type === 'timestamp' || type === 'timestamptz') {
    // The session's zone is UTC, so an offset of nothing is all that a text may have.
    const plain = text.replace('T', ' ').replace(/(Z|[+-]00(:?00)?)$/, '');
    return `cast(${textLiteral(plain)} as datetime(6))`;
  }
  return textLiteral(text);
}
