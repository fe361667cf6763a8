import { type Check, checkConnections } from './checks.ts';
import type { ColumnName, Columns } from './columns.ts';
import type { QuarantineLimit } from './contract.ts';
import type { CursorOptions } from './cursor.ts';
import { type CursorHomeSpec, cursorSpec, expectHome, readsIncrementally } from './cursor-home.ts';
import type { DatasetTask, PackageResult, Source } from './dataset.ts';
import { defineOperation } from './operation.ts';
import type { CommonTaskOptions } from './options/task-options.ts';

export interface ExtractOptions<C extends Columns> extends CommonTaskOptions {
  readonly from: Source<C>;
  /** The connection under whose root the package is kept (`_packages/…`). Default `lake`. */
  readonly stage?: string;
  /** Run on the rows before they are handed on. */
  readonly checks?: readonly Check<ColumnName<C>>[];
  /** More quarantined rows than this fail the task with HR_TOO_MANY_QUARANTINED. Default: any number may be. */
  readonly maxQuarantined?: QuarantineLimit;
  /** Read only what is new. The cursor is kept with the data that the one load of this extract writes, and moved by that load's commit. */
  readonly cursor?: CursorOptions<ColumnName<NoInfer<C>>>;
}

/**
 * A task that reads a source once and keeps its rows as a package: Parquet files that are never changed. What follows may be
 * retried without reading the source again.
 */
export function extract<C extends Columns>(taskId: string, options: ExtractOptions<C>): DatasetTask<C, PackageResult> {
  const { from, stage = 'lake', checks = [], maxQuarantined, cursor, ...taskOptions } = options;
  const homes: CursorHomeSpec[] = [];
  const incremental = readsIncrementally(from, cursor);
  const definition = defineOperation<PackageResult>('extract', {
    taskId,
    options: taskOptions,
    inputs: {},
    operation: {
      source: from,
      stage,
      checks,
      ...(maxQuarantined === undefined ? {} : { maxQuarantined }),
      ...(cursor === undefined ? {} : { cursor: cursorSpec(`extract "${taskId}"`, cursor) }),
      ...(incremental ? { homes } : {}),
    },
    connections: [from.connection, stage, ...checkConnections(checks)],
  });
  if (incremental) expectHome(definition, homes);
  return definition;
}
