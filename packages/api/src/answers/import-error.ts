import type { ImportErrorEntry } from '@headrace/api-contract';
import type { StoredImportError } from '@headrace/ports';
import { dateTime } from './date-times.ts';
import { BUNDLE_NAME } from './version-book.ts';

export function presentImportError(error: StoredImportError): ImportErrorEntry {
  const place = [error.file, error.line, error.column].filter((part) => part !== undefined).join(':');
  return {
    import_error_id: Number(error.id),
    timestamp: dateTime(error.at),
    filename: error.file,
    bundle_name: BUNDLE_NAME,
    stack_trace: `${place}: ${error.message}${error.stack === undefined ? '' : `\n${error.stack}`}`,
    code: error.code,
    message: error.message,
    line: error.line ?? null,
    column: error.column ?? null,
  };
}
