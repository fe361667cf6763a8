/**
 * Incremental reading. A run with a data interval or a partition reads exactly that slice, `[start, end)`, and never moves a cursor; an
 * open-ended run reads from where the last one committed, and its load moves the cursor in the same commit as its rows.
 */
import type { Duration } from './duration.ts';
import type { RunValue } from './run-value.ts';

/** How a task follows a column that grows. `N` are the names of the source's columns. */
export interface CursorOptions<N extends string = string> {
  readonly column: N;
  /** Read again so far before the cursor, for rows that come late: a duration for times, a number for integers. Rows that were loaded before are dropped. */
  readonly lag?: Duration | number;
  /** Where the very first run begins. Default: with the first row. */
  readonly initial?: RunValue;
  /**
   * `auto` (default): the run's interval where it has one, else the cursor. `interval`: a run without an interval fails with
   * HR_CURSOR_UNRESOLVED instead of reading from the cursor.
   */
  readonly range?: 'auto' | 'interval';
  /** A row without a value in the column: `fail` (default) the task, `include` it in every run, or `exclude` it. */
  readonly onMissing?: 'fail' | 'include' | 'exclude';
  /** What tells two rows apart at the boundary. Default: the whole row. */
  readonly key?: readonly N[];
  /** The name by which the cursor is listed and reset. Default: `<dag>.<task>`. */
  readonly name?: string;
}

/** A stored cursor. Values are text in the column type's own form, so that none passes through a JavaScript number. */
export interface CursorState {
  /** The largest value that was loaded. Absent before the first row. */
  readonly value?: string;
  /** Identities (hex) of the loaded rows from `value` minus the lag on: what a next run must drop. */
  readonly boundary?: readonly string[];
  /** From which value on `boundary` is complete: what lies before cannot be told from new rows, and is not read again. */
  readonly boundaryFrom?: string;
  /** What the source itself remembers: files seen, a log position. */
  readonly position?: unknown;
}

/** What a package or a result says of its cursor: the load commits `after` only where `before` is still stored. */
export interface CursorMove {
  readonly name: string;
  readonly before: CursorState | null;
  readonly after: CursorState;
}
