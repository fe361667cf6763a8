/** Runs checks on staged rows: each is one query, and says how many rows break it and shows some. */
import type { Check, CheckResult, TaskLog } from '@headrace/sdk';
import { storageType } from './column-types.ts';
import { type DuckSession, ident, type SqlValue } from './duckdb.ts';
import { CheckFailedError, ColumnNotFoundError, describeFailure } from './errors.ts';
import type { Relation } from './relation.ts';

const SAMPLES = 5;

/** Runs all checks. Throws CheckFailedError with every blocking one that failed; warnings are logged and returned. */
export async function runChecks(
  duck: DuckSession,
  relation: Relation,
  checks: readonly Check[],
  where: string,
  log: TaskLog,
): Promise<readonly CheckResult[]> {
  const results: CheckResult[] = [];
  for (const check of checks) {
    for (const column of check.columns) {
      const names = relation.columns.map(({ name }) => name);
      if (!names.includes(column)) throw new ColumnNotFoundError(`The check ${check.check} of ${where}: the rows`, column, names);
    }
    const result = await runCheck(duck, relation, check);
    results.push(result);
    const fields = { check: result.check, columns: result.columns, count: result.count, samples: result.samples };
    if (result.ok) log.info(`check ${result.check} passed`, fields);
    else log.warn(describeFailure(result), fields);
  }
  const failed = results.filter((result) => !result.ok && result.severity === 'block');
  if (failed.length > 0) throw new CheckFailedError(where, failed);
  return results;
}

async function runCheck(duck: DuckSession, relation: Relation, check: Check): Promise<CheckResult> {
  const { count, ok, samples } = await evaluate(duck, relation, check);
  return { check: check.check, columns: check.columns, severity: check.severity, ok, count, samples };
}

async function evaluate(
  duck: DuckSession,
  relation: Relation,
  check: Check,
): Promise<{ count: number; ok: boolean; samples: readonly string[] }> {
  const rows = `(${relation.select})`;
  const columns = check.columns.map(ident);
  switch (check.check) {
    case 'row_count': {
      const count = await duck.count(`select count(*) from ${rows}`);
      const ok = count >= (check.min ?? 0) && count <= (check.max ?? Number.POSITIVE_INFINITY);
      const bounds = [check.min === undefined ? '' : `at least ${check.min}`, check.max === undefined ? '' : `at most ${check.max}`];
      return { count, ok, samples: ok ? [] : [`expected ${bounds.filter((bound) => bound !== '').join(' and ')}`] };
    }
    case 'not_null': {
      const broken = columns.map((column) => `${column} is null`).join(' or ');
      const count = await duck.count(`select count(*) from ${rows} where ${broken}`);
      return { count, ok: count === 0, samples: count === 0 ? [] : await samplesOf(duck, `select * from ${rows} where ${broken}`) };
    }
    case 'unique': {
      const filled = columns.map((column) => `${column} is not null`).join(' and ');
      const doubled = `select ${columns.join(', ')}, count(*) as rows from ${rows} where ${filled} group by ${columns.join(', ')} having count(*) > 1`;
      const count = await duck.count(`select coalesce(sum(rows), 0) from (${doubled})`);
      return {
        count,
        ok: count === 0,
        samples: count === 0 ? [] : await samplesOf(duck, `${doubled} order by rows desc, ${columns.join(', ')}`),
      };
    }
    case 'accepted_values': {
      const type = relation.columns.find(({ name }) => name === check.columns[0])?.type ?? 'text';
      const values: Record<string, SqlValue> = {};
      (check.values ?? []).forEach((value, index) => {
        values[`v${index}`] = value;
      });
      const accepted = Object.keys(values).map((name) => `cast($${name} as ${storageType(type)})`);
      const broken = `${columns[0]} is not null and ${columns[0]} not in (${accepted.join(', ')})`;
      const count = await duck.count(`select count(*) from ${rows} where ${broken}`, values);
      const samples =
        count === 0 ? [] : await samplesOf(duck, `select distinct ${columns[0]} from ${rows} where ${broken} order by 1`, values);
      return { count, ok: count === 0, samples };
    }
  }
}

async function samplesOf(duck: DuckSession, query: string, values: Readonly<Record<string, SqlValue>> = {}): Promise<readonly string[]> {
  const rows = await duck.rows(`select * from (${query}) limit ${SAMPLES}`, values);
  return rows.map((row) => {
    const fields = Object.entries(row).map(([name, value]) => [name, value ?? 'null'] as const);
    return fields.length === 1
      ? (fields[0]?.[1] ?? '')
      : fields
          .map(([name, value]) => `${name}=${value}`)
          .join(' ')
          .slice(0, 200);
  });
}
