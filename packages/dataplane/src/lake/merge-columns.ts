/** The columns of a lake table after a change. Pure. Files are never rewritten: what an older one lacks is null, what it has narrower is cast. */
import type { Column } from '@headrace/sdk';
import { widened } from '../contract/widening.ts';
import { SchemaChangedError } from '../errors.ts';
import type { LakeSnapshot } from './lake-snapshot.ts';

export interface ColumnChange {
  readonly columns: readonly Column[];
  readonly partitionColumns: readonly Column[];
  /** Columns that may become these wider types. */
  readonly widen?: readonly Column[];
}

/**
 * New columns are added. A column with another type is refused while files of the old type stay, unless it is a wider one and the contract
 * allows it. `keepsFiles`: whether any file of the table stays. Throws SchemaChangedError.
 */
export function mergeColumns(
  before: LakeSnapshot | undefined,
  change: ColumnChange,
  keepsFiles: boolean,
  where: string,
): readonly Column[] {
  if (!before || !keepsFiles) return change.columns;
  const describe = (columns: readonly Column[]): string => columns.map(({ name }) => name).join(', ') || 'none';
  if (describe(before.partitionColumns) !== describe(change.partitionColumns)) {
    throw new SchemaChangedError(
      `${where} is partitioned by ${describe(before.partitionColumns)}, the rows by ${describe(change.partitionColumns)}. Use another table, or "replace"`,
    );
  }
  const columns = [...before.columns];
  for (const column of change.columns) {
    const index = columns.findIndex(({ name }) => name === column.name);
    const known = columns[index];
    if (!known) columns.push(column);
    else if (known.type !== column.type) {
      if (!mayWiden(known, column, change.widen)) {
        throw new SchemaChangedError(
          `${where}: column "${column.name}" is ${known.type} in the table and ${column.type} in the rows. Cast it back, let the contract widen it (types: 'evolve'), or load the whole table anew with "replace"`,
        );
      }
      columns[index] = column;
    }
  }
  return columns;
}

/** Looked at again here, because another writer may have changed the table since the contract was applied. */
function mayWiden(known: Column, column: Column, widen: readonly Column[] = []): boolean {
  if (!widen.some(({ name, type }) => name === column.name && type === column.type)) return false;
  return widened(known.type, column.type, column.type === 'text') === column.type;
}
