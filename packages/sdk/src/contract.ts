/**
 * Schema contracts: what becomes of rows whose columns or types are not those of the table they are to be written to.
 *
 * `evolve` changes the table (new columns are added, types are widened, never narrowed); `freeze` fails the task; `discard_row` puts the
 * rows that do not fit into quarantine; `discard_value` writes null in the place of the value, and counts it; `hold` waits, without a
 * slot, for a person to approve the change.
 */
import type { ColumnType } from './columns.ts';

export type ContractMode = 'evolve' | 'freeze' | 'discard_row' | 'discard_value' | 'hold';

/**
 * One mode for everything, or one for each. Default: `tables: 'evolve', columns: 'evolve', types: 'freeze'`, where values that the table's
 * type holds exactly are taken although the rows' type could hold more. A `freeze` that is written down fails for the type alone.
 */
export type SchemaContract =
  | ContractMode
  | {
      /** A table that is not there (nested data can bring one). `discard_value` is the same as `discard_row` here. */
      readonly tables?: ContractMode;
      readonly columns?: ContractMode;
      readonly types?: ContractMode;
      /** With `types: 'evolve'` or `'hold'`: a column whose types have no wider one in common becomes text. Default false. */
      readonly widenToText?: boolean;
    };

/** One difference between the rows and the table, and what was done about it. */
export interface SchemaDrift {
  readonly table: string;
  readonly change: 'table_added' | 'column_added' | 'column_missing' | 'type_widened' | 'type_changed' | 'column_renamed';
  readonly column?: string;
  /** In the table. */
  readonly from?: ColumnType;
  /** In the rows. */
  readonly to?: ColumnType;
  /** `kept`: the table stays as it is, and the rows, or the values, are written to it as far as it can hold them. */
  readonly action: ContractMode | 'approved' | 'kept';
  /** Rows or values that were discarded for it. */
  readonly discarded?: number;
  /** Of a column that was renamed: its name in the rows. */
  readonly original?: string;
}

/** How the names of columns come into being: `as-is` (default), or `snake_case`: lower case, `_` between words, at most 63 bytes. */
export type NamingConvention = 'as-is' | 'snake_case';

/**
 * What becomes of JSON columns: they stay JSON (default), or are taken apart: members of objects become columns (`address__city`), lists
 * become tables (`orders__items`), whose rows have `_headrace_id`, `_headrace_parent_id` and `_headrace_index`. `depth`: how many levels,
 * default 5; what lies deeper stays JSON.
 */
export type NestedMode = 'json' | 'tables' | { readonly depth: number };

/** How many rows may be quarantined before the task fails: a number of rows, or a share of those that came in, from 0 to 1. */
export type QuarantineLimit = number | { readonly share: number };
