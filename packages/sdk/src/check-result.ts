/** What came out of a check of rows. */

export type CheckSeverity = 'block' | 'error' | 'warn';

/**
 * `flight`: the rows as they were read, before the contract. `staging` (default): the rows as they are about to be written. `publish`: the
 * whole table as it would be, before the commit where the target can show it, else right after it.
 */
export type CheckPoint = 'flight' | 'staging' | 'publish';

export type CheckName =
  | 'not_null'
  | 'unique'
  | 'row_count'
  | 'accepted_values'
  | 'range'
  | 'regex'
  | 'relationship'
  | 'row_count_change'
  | 'freshness'
  | 'sql';

export interface CheckResult {
  readonly check: CheckName;
  readonly columns: readonly string[];
  readonly severity: CheckSeverity;
  readonly ok: boolean;
  /** Rows that break the check; for `row_count` and `row_count_change` the number of rows. */
  readonly count: number;
  /** Some of the values that break it, as text. */
  readonly samples: readonly string[];
  /** Absent: `staging`. */
  readonly at?: CheckPoint;
  /** Of `sql`. */
  readonly name?: string;
  /** The rows that failed were kept aside. */
  readonly quarantined?: boolean;
}
