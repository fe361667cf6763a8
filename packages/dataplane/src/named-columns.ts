import type { Column, Disposition } from '@headrace/sdk';
import { ColumnNotFoundError, DataError } from './errors.ts';

/** That the rows have the columns that a disposition names, of types that it can use. Throws ColumnNotFoundError, DataError. */
export function assertNamedColumns(columns: readonly Column[], disposition: Exclude<Disposition, string>): void {
  const typeOf = (name: string): string => {
    const column = columns.find((known) => known.name === name);
    if (column) return column.type;
    throw new ColumnNotFoundError(
      'The disposition: the rows',
      name,
      columns.map((known) => known.name),
    );
  };
  if ('scd2' in disposition) {
    disposition.scd2.forEach(typeOf);
    const { validFrom } = disposition;
    if (validFrom !== undefined && !['date', 'timestamp', 'timestamptz'].includes(typeOf(validFrom)))
      throw new DataError(
        'HR_DISPOSITION_UNSUPPORTED',
        `"validFrom" needs a date, timestamp or timestamptz, but "${validFrom}" is ${typeOf(validFrom)}`,
      );
    return;
  }
  disposition.merge.forEach(typeOf);
  if (disposition.latest !== undefined) typeOf(disposition.latest);
  const { deletes } = disposition;
  if (deletes && typeOf(deletes.column) !== 'boolean')
    throw new DataError(
      'HR_DISPOSITION_UNSUPPORTED',
      `"deletes" needs a boolean column, but "${deletes.column}" is ${typeOf(deletes.column)}: compare it in the SQL that gives the rows`,
    );
}

/** What tells rows of a load apart, and what is done about several with the same keys. */
export interface RowKeys {
  readonly keys: readonly string[];
  /** Of rows with the same keys those with the highest value here are taken. */
  readonly latest?: string;
  /** Several rows may have the same keys. */
  readonly several: boolean;
}

/** The keys of a disposition. A version of a row is known also by since when it is valid, where rows say so. */
export function rowKeys(disposition: Exclude<Disposition, string>): RowKeys {
  if ('scd2' in disposition) {
    const { scd2, validFrom } = disposition;
    return { keys: validFrom === undefined || scd2.includes(validFrom) ? scd2 : [...scd2, validFrom], several: false };
  }
  const { merge, latest, strategy } = disposition;
  return latest === undefined ? { keys: merge, several: strategy === 'delete-insert' } : { keys: merge, latest, several: false };
}
