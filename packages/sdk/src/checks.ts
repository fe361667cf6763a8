/**
 * Checks on rows that are not yet published. A failed check with severity `block` publishes nothing and fails the task with
 * HR_CHECK_FAILED; `warn` is recorded in the task's result and its log.
 */
export type CheckSeverity = 'block' | 'warn';

/** A check on columns of the names `N`. Plain data. */
export interface Check<N extends string = string> {
  readonly check: 'not_null' | 'unique' | 'row_count' | 'accepted_values';
  readonly columns: readonly N[];
  readonly severity: CheckSeverity;
  readonly min?: number;
  readonly max?: number;
  readonly values?: readonly (string | number | boolean)[];
}

export interface CheckResult {
  readonly check: Check['check'];
  readonly columns: readonly string[];
  readonly severity: CheckSeverity;
  readonly ok: boolean;
  /** Rows that break the check; for `row_count` the number of rows. */
  readonly count: number;
  /** Some of the values that break it, as text. */
  readonly samples: readonly string[];
}

export interface CheckOptions {
  /** Default `block`. */
  readonly severity?: CheckSeverity;
}

function columnsOf<N extends string>(columns: N | readonly N[]): readonly N[] {
  return typeof columns === 'string' ? [columns] : columns;
}

/** The builders of checks. Column names are checked by the compiler where the columns are declared. */
export const checks = {
  /** No row has a null in any of the columns. */
  notNull<const N extends string>(columns: N | readonly N[], options: CheckOptions = {}): Check<N> {
    return { check: 'not_null', columns: columnsOf(columns), severity: options.severity ?? 'block' };
  },

  /** No two rows have the same values in these columns together. Rows with a null among them are not compared, as in SQL. */
  unique<const N extends string>(columns: N | readonly N[], options: CheckOptions = {}): Check<N> {
    return { check: 'unique', columns: columnsOf(columns), severity: options.severity ?? 'block' };
  },

  /** The number of rows lies within the bounds, both inclusive. Throws TypeError without any bound. */
  rowCount(bounds: { readonly min?: number; readonly max?: number }, options: CheckOptions = {}): Check<never> {
    if (bounds.min === undefined && bounds.max === undefined) throw new TypeError('checks.rowCount needs "min" or "max"');
    return {
      check: 'row_count',
      columns: [],
      severity: options.severity ?? 'block',
      ...(bounds.min === undefined ? {} : { min: bounds.min }),
      ...(bounds.max === undefined ? {} : { max: bounds.max }),
    };
  },

  /** Every value of the column that is not null is one of these. Throws TypeError for an empty list. */
  acceptedValues<const N extends string>(column: N, values: readonly (string | number | boolean)[], options: CheckOptions = {}): Check<N> {
    if (values.length === 0) throw new TypeError(`checks.acceptedValues("${column}") needs at least one value`);
    return { check: 'accepted_values', columns: [column], severity: options.severity ?? 'block', values };
  },
} as const;
