import { join } from 'node:path';
import type { Check, PackageResult, Source } from '@headrace/sdk';
import { checkStaged } from './checks/check-staged.ts';
import { connectorOf, type Execute } from './operation.ts';
import { savePackage } from './package-area.ts';
import { parquetRelation, writeParquet } from './relation.ts';

/** Source → package. Nothing is handed on before all rows are written and checked. */
export const executeExtract: Execute = async ({ operation, context }, work, connectors): Promise<PackageResult> => {
  const { source, stage, checks } = operation as { source: Source; stage: string; checks: readonly Check[] };
  const relation = await connectorOf(connectors.sources, source).open(source, work);
  const written = await writeParquet(work.duck, relation, join(work.scratch, 'package.parquet'));
  const staged = parquetRelation([written.file], relation.columns);
  const results = await checkStaged(staged, checks, `extract "${context.taskId}"`, work);
  const result = await savePackage(stage, written, relation, results, work);
  if (result.quarantine) work.log.warn(`${result.counts.quarantined} rows were refused and kept aside`, { quarantine: result.quarantine });
  work.log.info(`extracted ${result.rows} rows`, { rows: result.rows, bytes: result.bytes, package: result.package });
  return result;
};
