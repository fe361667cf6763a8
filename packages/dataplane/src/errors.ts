/**
 * What can go wrong with data, each with a stable code. `retryable: false` stands where another try of the same task must
 * give the same error; what may heal by itself (a host that is down) carries no such mark.
 */
import type { CheckResult, DatasetResult } from '@headrace/sdk';

export class DataError extends Error {
  readonly code: string;
  readonly retryable: boolean;
  constructor(code: string, message: string, options: ErrorOptions & { readonly retryable?: boolean } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}

/** Checks failed that block the rows, or that fail the task once they are published. */
export class CheckFailedError extends DataError {
  readonly results: readonly CheckResult[];
  /** What was published all the same: it is recorded with the failure. */
  readonly published?: DatasetResult;
  constructor(where: string, results: readonly CheckResult[], published?: DatasetResult) {
    const what = published !== undefined ? 'the rows were published, but' : 'nothing was published, because';
    super('HR_CHECK_FAILED', `${where}: ${what} ${results.map(describeFailure).join('; ')}`);
    this.results = results;
    if (published !== undefined) this.published = published;
  }
}

/** `check not_null on "day": 3 rows`, with samples. */
export function describeFailure(result: CheckResult): string {
  const columns = result.columns.map((column) => `"${column}"`).join(', ');
  const samples = result.samples.length > 0 ? `, for example ${result.samples.join(', ')}` : '';
  if (result.check === 'row_count' || result.check === 'row_count_change')
    return `check ${result.check}: there are ${result.count} rows${samples}`;
  if (result.check === 'freshness') return `check freshness on ${columns}: the newest value is too old${samples}`;
  if (result.check === 'sql')
    return `check "${result.name ?? 'sql'}": ${result.count} ${result.count === 1 ? 'row fails' : 'rows fail'}${samples}`;
  return `check ${result.check} on ${columns}: ${result.count} ${result.count === 1 ? 'row fails' : 'rows fail'}${samples}`;
}

/** A newer attempt of the same task instance has already committed this load, or has begun to. */
export class FencedCommitError extends DataError {
  constructor(target: string, attempt: number, newer: number, has: 'begun' | 'committed' = 'committed') {
    super(
      'HR_FENCED_COMMIT',
      `Attempt ${attempt} came too late: attempt ${newer} of the same task has already ${has} this load to ${target}. Nothing was changed`,
    );
  }
}

/** The cursor that a load was to move is no longer where its rows were read from: moving it would lose or double rows. */
export class CursorMovedError extends DataError {
  constructor(name: string, where: string) {
    super(
      'HR_CURSOR_MOVED',
      `The cursor "${name}" in ${where} was moved since these rows were read, by another run or by hand. Nothing was published: clear the task that read them, so that it reads from where the cursor is now`,
    );
  }
}

/** `in = out + deduplicated + quarantined` does not hold: rows would have been lost or doubled. */
export class RowsUnaccountedError extends DataError {
  constructor(where: string, counts: { in: number; out: number; deduplicated: number; quarantined: number }) {
    super(
      'HR_ROWS_UNACCOUNTED',
      `${where}: ${counts.in} rows came in, but ${counts.out} went out, ${counts.deduplicated} were duplicates and ${counts.quarantined} were quarantined. Nothing was published`,
    );
  }
}

export class TypeMismatchError extends DataError {
  constructor(message: string, options: ErrorOptions = {}) {
    super('HR_TYPE_MISMATCH', message, options);
  }
}

export class ColumnNotFoundError extends DataError {
  constructor(where: string, column: string, known: readonly string[]) {
    super('HR_COLUMN_NOT_FOUND', `${where} has no column "${column}"${nearest(column, known)}. Its columns are ${known.join(', ')}`);
  }
}

export class FileNotFoundError extends DataError {
  constructor(url: string, near: readonly string[] = [], path = url) {
    super('HR_FILE_NOT_FOUND', `There is no file ${url}${nearest(path, near)}. Check the path and the root of its connection`);
  }
}

/** The rows have other columns than the table they are to be written to. */
export class SchemaChangedError extends DataError {
  constructor(message: string) {
    super('HR_SCHEMA_CHANGED', message);
  }
}

/** A person has refused a change of a table that the contract held for approval. */
export class SchemaRejectedError extends DataError {
  constructor(where: string, table: string, changes: readonly string[], comment: string | undefined) {
    const why = comment === undefined || comment === '' ? '' : `: ${comment}`;
    super('HR_SCHEMA_REJECTED', `${where}: the change of ${table} (${changes.join('; ')}) was rejected${why}. Nothing was published`);
  }
}

/** A query of the user that DuckDB or the database refuses. */
export class SqlError extends DataError {
  constructor(message: string, options: ErrorOptions = {}) {
    super('HR_SQL_INVALID', message, options);
  }
}

/** `; did you mean "sales"?` for the names that are close to what was asked for. */
export function nearest(name: string, known: readonly string[], limit = 3): string {
  const near = known
    .map((candidate) => ({ candidate, distance: editDistance(name.toLowerCase(), candidate.toLowerCase()) }))
    .filter(
      ({ candidate, distance }) =>
        distance <= Math.max(2, Math.floor(Math.max(name.length, candidate.length) / 3)) || candidate.includes(name),
    )
    .sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, limit);
  return near.length === 0 ? '' : `; did you mean ${near.map(({ candidate }) => `"${candidate}"`).join(' or ')}?`;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const substitute = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, substitute));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
