import type { Instant } from '@headrace/core';
import type { StoredImportError } from '@headrace/ports';

/** A row of `import_error`. */
export interface ImportErrorRow {
  readonly id: string;
  readonly file: string;
  readonly line: number | null;
  readonly column_number: number | null;
  readonly code: string;
  readonly message: string;
  readonly stack: string | null;
  readonly at: Instant;
}

export function importErrorOf(row: ImportErrorRow): StoredImportError {
  const { id, file, line, column_number, code, message, stack, at } = row;
  return {
    id,
    file,
    code,
    message,
    at,
    ...(line === null ? {} : { line }),
    ...(column_number === null ? {} : { column: column_number }),
    ...(stack === null ? {} : { stack }),
  };
}
