import type { Check, CursorHomeSpec, CursorOptions, PackageResult, Source } from '@headrace/sdk';
import { checkStaged } from './checks/check-staged.ts';
import { readRows } from './cursor/read-rows.ts';
import type { Execute } from './operation.ts';
import { savePackage } from './package/package-area.ts';
import { parquetRelation } from './relation.ts';

interface ExtractOperation {
  readonly source: Source;
  readonly stage: string;
  readonly checks: readonly Check[];
  readonly cursor?: CursorOptions;
  /** Of an extract that reads only what is new: the one load that keeps its cursor. */
  readonly homes?: readonly CursorHomeSpec[];
}

/** Source → package. Nothing is handed on before all rows are written and checked. */
export const executeExtract: Execute = async ({ operation, context }, work, connectors): Promise<PackageResult> => {
  const { source, stage, checks, cursor, homes } = operation as unknown as ExtractOperation;
  const [home] = homes ?? [];
  const where = `extract "${context.taskId}"`;
  const read = await readRows(
    { source, where, ...(cursor === undefined ? {} : { cursor }), ...(home === undefined ? {} : { home }) },
    work,
    connectors,
  );
  const staged = parquetRelation([read.written.file], read.relation.columns);
  const results = await checkStaged(staged, checks, where, work);
  const result = await savePackage(stage, read, results, work);
  if (result.quarantine) work.log.warn(`${result.counts.quarantined} rows were refused and kept aside`, { quarantine: result.quarantine });
  work.log.info(`extracted ${result.rows} rows`, { rows: result.rows, bytes: result.bytes, package: result.package });
  return result;
};
