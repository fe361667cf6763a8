/** Runs checks on rows that can be asked with SQL, and says how many rows break each, with some of them. */
import type { Check, CheckPoint, CheckResult, DatasetResult, TaskLog } from '@headrace/sdk';
import type { AuditedTable } from '../connector.ts';
import { type DuckSession, firstLines } from '../duckdb.ts';
import { CheckFailedError, ColumnNotFoundError, DataError, describeFailure, SqlError } from '../errors.ts';
import type { Relation } from '../relation.ts';
import { type CheckFacts, checkQueries } from './check-sql.ts';

const SAMPLES = 5;

export interface CheckSurroundings {
  readonly where: string;
  readonly log: TaskLog;
  readonly now: Date;
  /** DuckDB queries of the values that `relationship` checks look for, by check. */
  readonly known?: ReadonlyMap<Check, string>;
  /** Rows of earlier loads, the latest first. Undefined: the target does not keep them. */
  readonly history?: (loads: number) => Promise<readonly number[] | undefined>;
}

/** Rows of DuckDB as a table that can be checked. */
export function checkedRelation(duck: DuckSession, relation: Relation): AuditedTable {
  return { dialect: 'duckdb', sql: `(${relation.select})`, columns: relation.columns, query: (sql) => duck.rows(sql) };
}

/** Runs all checks of one point, whatever comes out; `settleChecks` says what follows. Throws ColumnNotFoundError, SqlError. */
export async function runChecks(
  table: AuditedTable,
  checks: readonly Check[],
  at: CheckPoint,
  surroundings: CheckSurroundings,
): Promise<readonly CheckResult[]> {
  const results: CheckResult[] = [];
  for (const check of checks) {
    if ((check.at ?? 'staging') !== at) continue;
    assertColumns(check, table, surroundings.where);
    const result = { ...described(check), ...(await evaluate(table, check, surroundings)) };
    results.push(result);
    logCheck(result, surroundings.log);
  }
  return results;
}

/** Throws CheckFailedError when one with this severity failed. `published`: what stands by then, where `error` is settled. */
export function settleChecks(results: readonly CheckResult[], severity: 'block' | 'error', where: string, published?: DatasetResult): void {
  const failed = results.filter((result) => !result.ok && result.severity === severity);
  if (failed.length > 0) throw new CheckFailedError(where, failed, published);
}

/** What a result says of its check, before it was run. */
export function described(check: Check): Pick<CheckResult, 'check' | 'columns' | 'severity' | 'at' | 'name'> {
  const { columns, severity, at, name } = check;
  return { check: check.check, columns, severity, ...(at === undefined ? {} : { at }), ...(name === undefined ? {} : { name }) };
}

export function logCheck(result: CheckResult, log: TaskLog): void {
  const fields = { check: result.check, columns: result.columns, count: result.count, samples: result.samples };
  if (result.ok) log.info(`check ${result.name ?? result.check} passed`, fields);
  else log.warn(describeFailure(result), fields);
}

/** Throws ColumnNotFoundError. */
export function assertColumns(check: Check, table: Pick<AuditedTable, 'columns'>, where: string): void {
  const names = table.columns.map(({ name }) => name);
  for (const column of check.columns) {
    if (!names.includes(column)) throw new ColumnNotFoundError(`The check ${check.check} of ${where}: the rows`, column, names);
  }
}

type Outcome = Pick<CheckResult, 'ok' | 'count' | 'samples'>;

async function evaluate(table: AuditedTable, check: Check, surroundings: CheckSurroundings): Promise<Outcome> {
  const known = surroundings.known?.get(check);
  const facts: CheckFacts = { now: surroundings.now, ...(known === undefined ? {} : { known }) };
  if (check.check === 'relationship' && (known === undefined || table.dialect !== 'duckdb')) {
    throw new DataError(
      'HR_CHECK_UNSUPPORTED',
      `${surroundings.where}: a check of references is made in flight or in staging, not after publishing`,
    );
  }
  const queries = checkQueries(check, table, facts);
  try {
    const [row] = await table.query(queries.count);
    const count = Number(Object.values(row ?? {})[0] ?? 0);
    if (check.check === 'row_count') return rowCount(check, count);
    if (check.check === 'row_count_change') return rowCountChange(check, count, await surroundings.history?.(check.loads ?? 1));
    return { count, ok: count === 0, samples: count === 0 ? [] : (await table.query(`${queries.samples} limit ${SAMPLES}`)).map(sampleOf) };
  } catch (error) {
    if (check.check !== 'sql' || error instanceof DataError) throw error;
    throw new SqlError(`The check "${check.name}" of ${surroundings.where}: ${firstLines(error)}`, { cause: error });
  }
}

function rowCount({ min = 0, max = Number.POSITIVE_INFINITY, ...check }: Check, count: number): Outcome {
  const ok = count >= Number(min) && count <= Number(max);
  const bounds = [min === 0 ? '' : `at least ${min}`, max === Number.POSITIVE_INFINITY ? '' : `at most ${max}`];
  return { count, ok, samples: ok ? [] : [`expected ${bounds.filter((bound) => bound !== '').join(' and ') || check.check}`] };
}

/** Without history there is nothing to compare with: the first load passes. */
function rowCountChange({ decrease = 0, increase = 0 }: Check, count: number, history: readonly number[] | undefined): Outcome {
  if (history === undefined || history.length === 0) return { count, ok: true, samples: [] };
  const middle = median(history);
  const ok = count >= middle * (1 - decrease) && count <= middle * (1 + increase);
  const [least, most] = [Math.ceil(middle * (1 - decrease)), Math.floor(middle * (1 + increase))];
  return { count, ok, samples: ok ? [] : [`expected ${least} to ${most}, as the ${history.length} loads before had about ${middle}`] };
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const half = sorted.length / 2;
  return ((sorted[Math.floor(half)] ?? 0) + (sorted[Math.ceil(half) - 1] ?? 0)) / 2;
}

function sampleOf(row: Readonly<Record<string, string | null>>): string {
  const fields = Object.entries(row).map(([name, value]) => [name, value ?? 'null'] as const);
  if (fields.length === 1) return fields[0]?.[1] ?? '';
  return fields
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')
    .slice(0, 200);
}
