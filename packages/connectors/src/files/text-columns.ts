/** Columns of files that hold text: which are read, as what, and what is wrong when they cannot be. */
import { ColumnNotFoundError, DataError, firstLines, ident, MISMATCH_MARK, parseExpression, TypeMismatchError } from '@headrace/dataplane';
import type { Column, Columns, TaskLog } from '@headrace/sdk';

/** The declared columns, which must all be there; without a declaration all that are there, as text. */
export function columnsToRead(present: readonly string[], declared: Columns | undefined, where: string, log: TaskLog): readonly Column[] {
  if (!declared) return present.map((name) => ({ name, type: 'text' }));
  for (const name of Object.keys(declared)) if (!present.includes(name)) throw new ColumnNotFoundError(where, name, present);
  const left = present.filter((name) => !(name in declared));
  if (left.length > 0) log.info(`${where}: columns that are not declared are not read: ${left.join(', ')}`, { columns: left });
  return Object.entries(declared).map(([name, type]) => ({ name, type }));
}

/** A query that makes typed columns of the text columns of `rows`; an error names the record, counted from 1. */
export function parsedSelect(rows: string, columns: readonly Column[]): string {
  const parsed = columns.map(
    (column) => `${parseExpression(ident(column.name), column, `'record ' || headrace_record || ', '`)} as ${ident(column.name)}`,
  );
  return `select ${parsed.join(', ')} from (select *, row_number() over () as headrace_record from ${rows})`;
}

/** An error of `parsedSelect` as one that says where. */
export function explainParse(error: unknown, where: string): unknown {
  if (error instanceof DataError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const mark = message.indexOf(MISMATCH_MARK);
  if (mark >= 0) return new TypeMismatchError(`${where}: ${firstLines(message.slice(mark + MISMATCH_MARK.length), 1)}`, { cause: error });
  return error;
}
