/**
 * Schema contracts: what becomes of rows whose columns or types are not those of the table they are to be written to.
 *
 * `evolve` changes the table (new columns are added, types are widened, never narrowed); `freeze` fails the task; `discard_row` puts the
 * rows that do not fit into quarantine; `discard_value` writes null in the place of the value, and counts it; `hold` waits, without a
 * slot, for a person to approve the change.
 */
import type { ColumnType } from './columns.ts';

export type ContractMode = 'evolve' | 'freeze' | 'discard_row' | 'discard_value' | 'hold';

/** One mode for everything, or one for each. Default: `tables: 'evolve', columns: 'evolve', types: 'freeze'`. */
export type SchemaContract =
  | ContractMode
  | {
      /** A table that is not there (nested data can bring one). `discard_value` is the same as `discard_row` here. */
      readonly tables?: ContractMode;
      readonly columns?: ContractMode;
      readonly types?: ContractMode;
    };

/** One difference between the rows and the table, and what was done about it. */
export interface SchemaDrift {
  readonly table: string;
  readonly change: 'table_added' | 'column_added' | 'column_missing' | 'type_widened' | 'type_changed';
  readonly column?: string;
  /** In the table. */
  readonly from?: ColumnType;
  /** In the rows. */
  readonly to?: ColumnType;
  readonly action: ContractMode | 'approved' | 'kept';
  /** Rows or values that were discarded for it. */
  readonly discarded?: number;
}
