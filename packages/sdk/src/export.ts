import { type Check, checkConnections } from './checks.ts';
import type { ColumnName, Columns } from './columns.ts';
import type { SchemaContract } from './contract.ts';
import type { DatasetTask, DeliveryResult, FileResult, Source, TableResult, TargetOf } from './dataset.ts';
import type { Disposition } from './disposition.ts';
import { isTask } from './flow/wiring.ts';
import { readConnections } from './load.ts';
import { defineOperation } from './operation.ts';
import type { CommonTaskOptions } from './options/task-options.ts';

export interface ExportOptions<C extends Columns> extends CommonTaskOptions {
  readonly from: DatasetTask<C> | Source<C>;
  readonly into: TargetOf<NoInfer<C>>;
  /** Default `replace`; `append` for an API. Merge keys are checked by the compiler where the columns are declared. */
  readonly disposition?: Exclude<Disposition<ColumnName<NoInfer<C>>>, 'replace-partition'>;
  readonly checks?: readonly Check<ColumnName<NoInfer<C>>>[];
  readonly generation?: number;
  /** Where it says nothing of new columns the table gets none: it is somebody else's. */
  readonly contract?: SchemaContract;
}

/** A task that brings rows out of the lake: into a database's table, in one transaction, a file, in one rename, or to an API, each row once. */
export function exportTo<C extends Columns>(
  taskId: string,
  options: ExportOptions<C>,
): DatasetTask<C, TableResult | FileResult | DeliveryResult> {
  const { from, into, disposition = into.defaultDisposition ?? 'replace', checks = [], generation = 1, contract, ...taskOptions } = options;
  return defineOperation<TableResult | FileResult | DeliveryResult>('export', {
    taskId,
    options: taskOptions,
    inputs: isTask(from) ? { from } : {},
    operation: {
      ...(isTask(from) ? {} : { source: from }),
      target: into,
      partition: {},
      disposition,
      checks,
      generation,
      theirs: true,
      ...(contract === undefined ? {} : { contract }),
    },
    connections: [into.connection, ...(isTask(from) ? readConnections(from) : [from.connection]), ...checkConnections(checks)],
  });
}
