/** What files of every kind have in common: which columns are read, and errors that have nothing to do with what is in the file. */
import { ColumnNotFoundError, DataError, MISMATCH_MARK, TypeMismatchError } from '@headrace/dataplane';
import type { Column, Columns, TaskLog } from '@headrace/sdk';

/** The declared columns, which must all be there; without a declaration all that are there, as text. */
export function columnsToRead(present: readonly string[], declared: Columns | undefined, where: string, log: TaskLog): readonly Column[] {
  if (!declared) return present.map((name) => ({ name, type: 'text' }));
  for (const name of Object.keys(declared)) if (!present.includes(name)) throw new ColumnNotFoundError(where, name, present);
  const left = present.filter((name) => !(name in declared));
  if (left.length > 0) log.info(`${where}: columns that are not declared are not read: ${left.join(', ')}`, { columns: left });
  return Object.entries(declared).map(([name, type]) => ({ name, type }));
}

/** An error of `textValue`, whose text names the place, as ours. Undefined for any other. */
export function mismatch(error: unknown): DataError | undefined {
  if (error instanceof DataError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const mark = message.indexOf(MISMATCH_MARK);
  if (mark < 0) return undefined;
  const [text = ''] = message.slice(mark + MISMATCH_MARK.length).split('\n');
  return new TypeMismatchError(text, { cause: error });
}

/** A DataError for an error that says that a file could not grow. Undefined for any other. */
export function diskFull(error: unknown, what: string): DataError | undefined {
  const { code } = error as { readonly code?: unknown };
  const message = error instanceof Error ? error.message : String(error);
  if (code !== 'ENOSPC' && code !== 'EFBIG' && code !== 'EDQUOT' && !/no space left|file too large|quota exceeded/i.test(message))
    return undefined;
  return new DataError(
    'HR_DISK_FULL',
    `There is no room on the disk for ${what}: free some, or let the worker keep its scratch files elsewhere. Nothing was published`,
    {
      cause: error,
      retryable: true,
    },
  );
}
