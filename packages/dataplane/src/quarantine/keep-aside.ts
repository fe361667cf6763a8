/**
 * The quarantine: rows that were refused are kept in a lake table of their task, `_quarantine/<dag>/<task>`, until they are loaded again.
 *
 * K1. The table is written before the load commits: a row is in the one or in the other, and for a moment in none only to readers.
 * K2. A load's rows are appended under its load id, so that a retry puts them there once.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Column, QuarantineLimit, RowCounts } from '@headrace/sdk';
import type { Work } from '../connector.ts';
import { ident, literal } from '../duckdb.ts';
import { DataError } from '../errors.ts';
import { newestSnapshot } from '../lake/lake-snapshot.ts';
import { lakeTarget } from '../lake/lake-target.ts';
import { parquetRelation, writeParquet } from '../relation.ts';
import type { RefusedRows } from './refused-rows.ts';

/** What is known of a refused row. */
export const QUARANTINE_COLUMNS: readonly Column[] = [
  { name: 'load_id', type: 'text' },
  { name: 'dag_id', type: 'text' },
  { name: 'run_id', type: 'text' },
  { name: 'task_id', type: 'text' },
  { name: 'map_index', type: 'int4' },
  { name: 'point', type: 'text' },
  { name: 'row', type: 'int8' },
  { name: 'column', type: 'text' },
  { name: 'reason', type: 'text' },
  { name: 'raw', type: 'json' },
  { name: 'quarantined_at', type: 'timestamptz' },
];

/** The lake table that holds what a task refused. */
export function quarantineTable(dagId: string, taskId: string): string {
  return ['_quarantine', dagId, taskId].map((part) => encodeURIComponent(part)).join('/');
}

/**
 * Keeps refused rows and answers with the table's name, or undefined where there are none. Rows that an earlier attempt of the same load
 * put there are replaced. `stage` is a connection to files; throws DataError where rows are to be kept and there is none.
 */
export async function keepAside(
  refused: readonly RefusedRows[],
  stage: string | undefined,
  loadId: string,
  where: string,
  work: Work,
): Promise<{ readonly table: string | undefined; readonly rows: number }> {
  const table = quarantineTable(work.context.dagId, work.context.taskId);
  let rows = 0;
  const file = join(work.scratch, `quarantine-${loadId.slice(0, 8)}.parquet`);
  if (refused.length > 0) {
    rows = (await writeParquet(work.duck, { select: quarantineSelect(refused, loadId, work), columns: QUARANTINE_COLUMNS }, file)).rows;
  }
  if (rows > 0 && stage === undefined) {
    throw new DataError(
      'HR_QUARANTINE_UNKNOWN',
      `${where}: ${rows} rows are to be kept aside, but it is not said where: name a connection to files with "stage"`,
    );
  }
  if (stage === undefined || (rows === 0 && (refused.length === 0 || !(await keepsLoad(stage, table, loadId, work)))))
    return { table: undefined, rows: 0 };
  const relation = parquetRelation([file], QUARANTINE_COLUMNS);
  const counts = { in: rows, out: rows, deduplicated: 0, quarantined: 0 };
  const target = { connector: 'lake', connection: stage, kind: 'table', settings: { name: table } };
  const hash = createHash('sha256').update(loadId).digest('hex');
  await lakeTarget.write({ target, rows: { relation, hash, counts, checks: [] }, partition: {}, disposition: 'append', loadId }, work);
  if (rows > 0) work.log.warn(`${rows} rows were refused and kept aside`, { quarantine: table, rows });
  return { table: rows > 0 ? table : undefined, rows };
}

/** Throws DataError when more rows were quarantined than may be. */
export function assertLimit(limit: QuarantineLimit | undefined, counts: Pick<RowCounts, 'in' | 'quarantined'>, where: string): void {
  if (limit === undefined) return;
  const most = typeof limit === 'number' ? limit : limit.share * counts.in;
  if (counts.quarantined <= most) return;
  const allowed = typeof limit === 'number' ? `${limit}` : `${limit.share * 100} %`;
  throw new DataError(
    'HR_TOO_MANY_QUARANTINED',
    `${where}: ${counts.quarantined} of ${counts.in} rows were refused, and at most ${allowed} may be (maxQuarantined). Nothing was published; the refused rows are in quarantine`,
  );
}

async function keepsLoad(stage: string, table: string, loadId: string, work: Work): Promise<boolean> {
  const snapshot = await newestSnapshot(await work.root(stage), table);
  return snapshot?.files.some((file) => file.loadId === loadId) ?? false;
}

function quarantineSelect(refused: readonly RefusedRows[], loadId: string, { context }: Work): string {
  const all = refused.map(({ point, select }) => `select ${literal(point)} as point, * from (${select})`).join(' union all ');
  const known: Readonly<Record<string, string>> = {
    load_id: literal(loadId),
    dag_id: literal(context.dagId),
    run_id: literal(context.runId),
    task_id: literal(context.taskId),
    map_index: `${context.mapIndex}::integer`,
    row: '"row"::bigint',
    raw: 'raw::json',
    quarantined_at: `${literal(new Date().toISOString())}::timestamptz`,
  };
  return `select ${QUARANTINE_COLUMNS.map(({ name }) => `${known[name] ?? ident(name)} as ${ident(name)}`).join(', ')} from (${all})`;
}
