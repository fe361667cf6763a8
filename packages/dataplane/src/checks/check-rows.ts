/** Checks on rows that are not yet published: in flight, where bad rows can be put aside, and in staging. */

import { join } from 'node:path';
import type { Check, CheckPoint, CheckResult } from '@headrace/sdk';
import type { Connectors, Work } from '../connector.ts';
import { ident } from '../duckdb.ts';
import { ColumnNotFoundError } from '../errors.ts';
import { connectorOf } from '../operation.ts';
import { type Refusal, type RefusedRows, splitRows } from '../quarantine/refused-rows.ts';
import { type Relation, rereadable } from '../relation.ts';
import { brokenRow } from './check-sql.ts';
import { assertColumns, type CheckSurroundings, checkedRelation, described, logCheck, runChecks, settleChecks } from './run-checks.ts';

/** Where the checks of one task look at. */
export interface CheckedTask {
  readonly where: string;
  readonly checks: readonly Check[];
  /** Rows of earlier loads. */
  readonly history?: CheckSurroundings['history'];
}

/** What all checks of a task need to know. Opens the places that `relationship` checks look into. */
export async function prepareChecks(
  { where, checks, history }: CheckedTask,
  work: Work,
  connectors: Connectors,
): Promise<CheckSurroundings> {
  const known = new Map<Check, string>();
  for (const [index, check] of checks.entries()) {
    if (check.in === undefined || check.column === undefined) continue;
    const opened = await connectorOf(connectors.sources, check.in).open(check.in, work);
    const names = opened.columns.map(({ name }) => name);
    if (!names.includes(check.column))
      throw new ColumnNotFoundError(`${where}: the place that "${check.columns[0]}" refers to`, check.column, names);
    const relation = await rereadable(work.duck, opened, join(work.scratch, `known-${index}.parquet`));
    known.set(check, `select distinct ${ident(check.column)} as value from (${relation.select})`);
  }
  return { where, log: work.log, now: work.context.interval.end, known, ...(history === undefined ? {} : { history }) };
}

/** Throws CheckFailedError with every blocking check that failed; what else failed is logged and returned. */
export async function checkRows(
  relation: Relation,
  checks: readonly Check[],
  at: Exclude<CheckPoint, 'publish'>,
  surroundings: CheckSurroundings,
  work: Work,
): Promise<readonly CheckResult[]> {
  if (checks.some((check) => (check.at ?? 'staging') === at)) work.progress({ phase: 'checking' });
  const results = await runChecks(checkedRelation(work.duck, relation), checks, at, surroundings);
  settleChecks(results, 'block', surroundings.where);
  return results;
}

export interface CheckedRows {
  readonly relation: Relation;
  readonly refused?: RefusedRows;
  readonly results: readonly CheckResult[];
}

/** Checks in flight. Rows that fail one with `onFail: 'quarantine'` are taken out; the other checks look at the rows that stay. */
export async function checkInFlight(
  relation: Relation,
  checks: readonly Check[],
  surroundings: CheckSurroundings,
  work: Work,
): Promise<CheckedRows> {
  const table = checkedRelation(work.duck, relation);
  const refusing = checks.filter(({ onFail }) => onFail === 'quarantine');
  const conditions = refusing.map((check) => {
    assertColumns(check, table, surroundings.where);
    const known = surroundings.known?.get(check);
    return brokenRow(check, table, { now: surroundings.now, ...(known === undefined ? {} : { known }) }) ?? 'false';
  });
  const results: CheckResult[] = [];
  let rows = relation;
  let refused: RefusedRows | undefined;
  if (refusing.length > 0) {
    const counted = conditions.map((condition, index) => `count(*) filter (where ${condition}) as c${index}`).join(', ');
    const [counts = {}] = await work.duck.rows(`select ${counted} from ${table.sql}`);
    for (const [index, check] of refusing.entries()) {
      const count = Number(counts[`c${index}`] ?? 0);
      const result: CheckResult = { ...described(check), ok: count === 0, count, samples: [], quarantined: true };
      results.push(result);
      logCheck(result, work.log);
    }
    const refusals = refusing.map((check, index) => refusalOf(check, conditions[index] ?? 'false'));
    const split = splitRows(relation, refusals, 'flight');
    // Also where all are good: then nothing takes the place of what an earlier attempt put aside.
    refused = split.refused;
    if (results.some(({ ok }) => !ok)) rows = { select: split.kept, columns: relation.columns };
  }
  const others = checks.filter(({ onFail }) => onFail === undefined);
  results.push(...(await checkRows(rows, others, 'flight', surroundings, work)));
  return { relation: rows, results, ...(refused === undefined ? {} : { refused }) };
}

function refusalOf({ check, columns }: Check, condition: string): Refusal {
  return { column: columns.join(', '), reason: `check ${check}`, condition };
}
