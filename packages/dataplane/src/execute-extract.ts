import { join } from 'node:path';
import type { Check, CursorHomeSpec, CursorOptions, PackageResult, QuarantineLimit, Source } from '@headrace/sdk';
import { checkInFlight, checkRows, prepareChecks } from './checks/check-rows.ts';
import { settleChecks } from './checks/run-checks.ts';
import { readRows } from './cursor/read-rows.ts';
import { copiedLineage } from './lineage/places.ts';
import { packageLoadId } from './load-id.ts';
import type { Execute } from './operation.ts';
import { savePackage } from './package/package-area.ts';
import { assertLimit, keepAside } from './quarantine/keep-aside.ts';
import { refusedBySource } from './quarantine/refused-rows.ts';
import { writeParquet, writtenRelation } from './relation.ts';

interface ExtractOperation {
  readonly source: Source;
  readonly stage: string;
  readonly checks: readonly Check[];
  readonly maxQuarantined?: QuarantineLimit;
  readonly cursor?: CursorOptions;
  /** Of an extract that reads only what is new: the one load that keeps its cursor. */
  readonly homes?: readonly CursorHomeSpec[];
}

/** Source → package. Nothing is handed on before all rows are written and checked. */
export const executeExtract: Execute = async ({ operation, context }, work, connectors): Promise<PackageResult> => {
  const { source, stage, checks, maxQuarantined, cursor, homes } = operation as unknown as ExtractOperation;
  const [home] = homes ?? [];
  const where = `extract "${context.taskId}"`;
  const read = await readRows(
    { source, where, ...(cursor === undefined ? {} : { cursor }), ...(home === undefined ? {} : { home }) },
    work,
    connectors,
  );
  const surroundings = await prepareChecks({ where, checks }, work, connectors);
  const rows = writtenRelation(read.written, read.relation.columns);
  const flight = await checkInFlight(rows, checks, surroundings, work);
  const refused = [
    ...(read.relation.refused === undefined ? [] : [refusedBySource(read.relation.refused)]),
    ...(flight.refused === undefined ? [] : [flight.refused]),
  ];
  const kept = await keepAside(refused, stage, packageLoadId(work.context, stage, read.move), where, work);
  const quarantined = { quarantined: kept.rows, ...(kept.table === undefined ? {} : { quarantine: kept.table }) };
  const written =
    flight.relation === rows ? read.written : await writeParquet(work.duck, flight.relation, join(work.scratch, 'package.parquet'));
  const counts = { in: written.rows + read.deduplicated + kept.rows, quarantined: kept.rows };
  assertLimit(maxQuarantined, counts, where);
  const staging = await checkRows(writtenRelation(written, read.relation.columns), checks, 'staging', surroundings, work);
  const results = [...flight.results, ...staging];
  const result = await savePackage(stage, { ...read, written }, { checks: results, ...quarantined }, work);
  settleChecks(results, 'error', where, result);
  work.log.info(`extracted ${result.rows} rows`, { rows: result.rows, bytes: result.bytes, package: result.package });
  return { ...result, lineage: copiedLineage({ source }, {}, result) };
};
