import type { Partition } from './dataset.ts';

/**
 * What becomes of the rows that are already there:
 * `append` keeps them (a re-run of the same load replaces its own rows), `replace` replaces them all, `replace-partition`
 * those of this partition, `merge` those with the same keys, and `scd2` keeps every version of a row, with the time from and to which
 * it was valid. Readers see the rows before or the rows after, never an empty table.
 */
export type Disposition<N extends string = string> = 'append' | 'replace' | 'replace-partition' | MergeDisposition<N> | Scd2Disposition<N>;

export interface MergeDisposition<N extends string = string> {
  readonly merge: readonly N[];
  /**
   * `upsert` (default) updates rows with the same keys, where they differ, and inserts the others; `delete-insert` replaces all rows that
   * have the same keys, so that several rows may share them; `insert-only` leaves rows that are there as they are.
   */
  readonly strategy?: 'upsert' | 'delete-insert' | 'insert-only';
  /**
   * Of several rows with the same keys the one with the highest value here is taken, also against rows of the table: a load that comes late
   * does not put an older row over a newer one. Without it, different rows with the same keys fail the task.
   */
  readonly latest?: N;
  readonly deletes?: DeleteOptions<N>;
}

export interface Scd2Disposition<N extends string = string> {
  /** The keys of what a row is a version of. `_valid_from` and `_valid_to` (null: still valid) are added to the table. */
  readonly scd2: readonly N[];
  /** When a version became valid. Default: the end of the run's interval, or the time of the load. */
  readonly validFrom?: N;
  /** What becomes of keys that the rows no longer have: `close` their version, or `ignore` (default). */
  readonly missing?: 'close' | 'ignore';
}

/** Rows that say that a row is gone. */
export interface DeleteOptions<N extends string = string> {
  /** A boolean column that is true in such a row. It is not written to the table. */
  readonly column: N;
  /** `hard` removes the row, `soft` sets its `_deleted_at`, `ignore` leaves it. */
  readonly mode: 'hard' | 'soft' | 'ignore';
}

/** How rows are published. */
export type PublishMode =
  /** Checks run before the rows are published, on the staged rows; those with `at: 'publish'` after. */
  | 'direct'
  /** The whole table as it would be is built aside, all checks run on it, and it takes the place of the table only when they pass. */
  | 'audit-then-swap';

/** `replace-partition` with a partition, else `replace`. */
export function defaultDisposition(partition: Partition | undefined): 'replace' | 'replace-partition' {
  return partition !== undefined && Object.keys(partition).length > 0 ? 'replace-partition' : 'replace';
}

/** What a disposition is called in messages and records. */
export type DispositionName = 'append' | 'replace' | 'replace-partition' | 'merge' | 'scd2';

export function dispositionName(disposition: Disposition): DispositionName {
  if (typeof disposition === 'string') return disposition;
  return 'scd2' in disposition ? 'scd2' : 'merge';
}
