/**
 * Checks on rows: what must hold, where it is looked at, and what follows when it does not. Plain data.
 *
 * `block` publishes nothing and fails the task with HR_CHECK_FAILED; `error` publishes and fails the task, without another try; `warn` is
 * recorded in the task's result and its log.
 */
import type { CheckName, CheckPoint, CheckSeverity } from './check-result.ts';
import type { Columns } from './columns.ts';
import type { Source } from './dataset.ts';
import { type Duration, durationMs } from './duration.ts';

/** A value to compare with. Text is read as the column's type: an exact decimal, a day, a time. */
export type CheckValue = string | number | boolean;

/** A check on columns of the names `N`. */
export interface Check<N extends string = string> {
  readonly check: CheckName;
  readonly columns: readonly N[];
  readonly severity: CheckSeverity;
  /** Default `staging`. */
  readonly at?: CheckPoint;
  /** Rows that fail are kept aside and the others go on. Only in flight. */
  readonly onFail?: 'quarantine';
  /** Of `row_count`: numbers of rows. */
  readonly min?: CheckValue;
  readonly max?: CheckValue;
  readonly values?: readonly (string | number | boolean)[];
  readonly pattern?: string;
  /** Of `relationship`: where the values must be. */
  readonly in?: Source;
  /** Of `relationship`: the column there. */
  readonly column?: string;
  /** Of `row_count_change`: at most so much more or less than before, as shares: 0.5 is half as many more. */
  readonly decrease?: number;
  readonly increase?: number;
  /** Of `row_count_change`: of how many earlier loads the middle is taken. */
  readonly loads?: number;
  /** Of `freshness`, in milliseconds. */
  readonly age?: number;
  /** Of `sql`: what it is called, and the query that gives the rows that must not be. */
  readonly name?: string;
  readonly sql?: string;
}

export interface CheckOptions {
  /** Default `block`. */
  readonly severity?: CheckSeverity;
  /** Default `staging`. */
  readonly at?: CheckPoint;
}

/** Checks that say of every row whether it is good can keep the bad ones aside, as the rows are read. */
export type RowCheckOptions = CheckOptions | { readonly at: 'flight'; readonly onFail: 'quarantine' };

function columnsOf<N extends string>(columns: N | readonly N[]): readonly N[] {
  return typeof columns === 'string' ? [columns] : columns;
}

function common(options: RowCheckOptions): Pick<Check, 'severity' | 'at' | 'onFail'> {
  if ('onFail' in options) return { severity: 'warn', at: 'flight', onFail: 'quarantine' };
  return { severity: options.severity ?? 'block', ...(options.at === undefined ? {} : { at: options.at }) };
}

function bounds<V>({ min, max }: { readonly min?: V; readonly max?: V }, what: string): { readonly min?: V; readonly max?: V } {
  if (min === undefined && max === undefined) throw new TypeError(`${what} needs "min" or "max"`);
  return { ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }) };
}

/** The builders of checks. Column names are checked by the compiler where the columns are declared. */
export const checks = {
  /** No row has a null in any of the columns. */
  notNull<const N extends string>(columns: N | readonly N[], options: RowCheckOptions = {}): Check<N> {
    return { check: 'not_null', columns: columnsOf(columns), ...common(options) };
  },

  /** No two rows have the same values in these columns together. Rows with a null among them are not compared, as in SQL. */
  unique<const N extends string>(columns: N | readonly N[], options: CheckOptions = {}): Check<N> {
    return { check: 'unique', columns: columnsOf(columns), ...common(options) };
  },

  /** The number of rows lies within the bounds, both inclusive. Throws TypeError without any bound. */
  rowCount(limits: { readonly min?: number; readonly max?: number }, options: CheckOptions = {}): Check<never> {
    return { check: 'row_count', columns: [], ...common(options), ...bounds(limits, 'checks.rowCount') };
  },

  /** Every value of the column that is not null is one of these. Throws TypeError for an empty list. */
  acceptedValues<const N extends string>(
    column: N,
    values: readonly (string | number | boolean)[],
    options: RowCheckOptions = {},
  ): Check<N> {
    if (values.length === 0) throw new TypeError(`checks.acceptedValues("${column}") needs at least one value`);
    return { check: 'accepted_values', columns: [column], ...common(options), values };
  },

  /** Every value of the column that is not null lies within the bounds, both inclusive. Throws TypeError without any bound. */
  range<const N extends string>(
    column: N,
    limits: { readonly min?: CheckValue; readonly max?: CheckValue },
    options: RowCheckOptions = {},
  ): Check<N> {
    return { check: 'range', columns: [column], ...common(options), ...bounds(limits, `checks.range("${column}")`) };
  },

  /**
   * Every text of the column that is not null is matched by the pattern from its beginning to its end. Patterns are those that DuckDB
   * (RE2), PostgreSQL and MySQL have in common: no look-around, no back references.
   */
  matches<const N extends string>(column: N, pattern: string | RegExp, options: RowCheckOptions = {}): Check<N> {
    if (typeof pattern !== 'string' && pattern.flags !== '' && pattern.flags !== 'u')
      throw new TypeError(`checks.matches("${column}"): the flags "${pattern.flags}" are not supported; write what they do in the pattern`);
    return { check: 'regex', columns: [column], ...common(options), pattern: typeof pattern === 'string' ? pattern : pattern.source };
  },

  /** Every value of the column that is not null is in a column of another place. */
  references<const N extends string, C extends Columns>(
    column: N,
    other: { readonly in: Source<C>; readonly column: keyof C & string },
    options: RowCheckOptions & { readonly at?: 'flight' | 'staging' } = {},
  ): Check<N> {
    return { check: 'relationship', columns: [column], ...common(options), in: other.in, column: other.column };
  },

  /**
   * The number of rows is near the middle (median) of the loads before into the same table: at most `decrease` (default 0.5) less and at
   * most `increase` (default 1) more, as shares of it. Without `decrease` or `increase` at all both defaults hold. Passes while there is
   * no history. `loads`: how many, default 7.
   */
  rowCountChange(
    change: { readonly decrease?: number; readonly increase?: number; readonly loads?: number } = {},
    options: Omit<CheckOptions, 'at'> = {},
  ): Check<never> {
    const { decrease = 0.5, increase = 1, loads = 7 } = change;
    if (!(decrease >= 0 && increase >= 0 && Number.isInteger(loads) && loads > 0))
      throw new TypeError('checks.rowCountChange: "decrease" and "increase" are shares from 0 on, "loads" is a number of loads from 1 on');
    return { check: 'row_count_change', columns: [], ...common(options), decrease, increase, loads };
  },

  /** The newest value of the column is at most so old, seen from the end of the run's data interval. */
  freshness<const N extends string>(column: N, age: Duration, options: CheckOptions = {}): Check<N> {
    return { check: 'freshness', columns: [column], ...common(options), age: durationMs(`checks.freshness("${column}")`, age) };
  },

  /**
   * A query of your own gives no row. The rows that are checked stand in it as `this`; with `at: 'publish'` it is SQL of the target. Throws
   * TypeError without a name or a query.
   */
  sql(name: string, sql: string, options: CheckOptions = {}): Check<never> {
    if (name.trim() === '' || sql.trim() === '')
      throw new TypeError('checks.sql needs a name and a query that gives the rows that must not be');
    return { check: 'sql', columns: [], ...common(options), name, sql };
  },

  /** What every load should be checked for: there are rows, and no two have the same key and none lacks it. */
  defaults<const N extends string>(options: { readonly key?: N | readonly N[] } = {}): readonly Check<N>[] {
    const rows: Check<N> = checks.rowCount({ min: 1 });
    return options.key === undefined ? [rows] : [rows, checks.notNull(options.key), checks.unique(options.key)];
  },
} as const;

/** The connections of places that checks look into. */
export function checkConnections(list: readonly Check[]): readonly string[] {
  return list.flatMap((check) => (check.in === undefined ? [] : [check.in.connection]));
}
