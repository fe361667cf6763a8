import type { Check } from './checks.ts';
import type { ColumnName, Columns, WithColumns } from './columns.ts';
import type { SchemaContract } from './contract.ts';
import type { CursorOptions } from './cursor.ts';
import type { DatasetTask, LakeResult, Partition, PartitionColumns, Source, TableResult, TargetOf } from './dataset.ts';
import { type Disposition, defaultDisposition, type PublishMode } from './disposition.ts';
import { isTask } from './flow/wiring.ts';
import { defineOperation } from './operation.ts';
import type { CommonTaskOptions } from './options/task-options.ts';

export interface LoadOptions<C extends Columns, P extends Partition> extends CommonTaskOptions {
  readonly from: DatasetTask<C> | Source<C>;
  readonly into: TargetOf<NoInfer<C>>;
  /** e.g. `{ day: interval.day }`. The column must not be among the rows' own. */
  readonly partition?: P;
  /** Default `replace-partition` with a partition, else `replace`. */
  readonly disposition?: Disposition<ColumnName<NoInfer<C>>>;
  /** Run on the staged rows before they are published. */
  readonly checks?: readonly Check<ColumnName<NoInfer<C>>>[];
  /** Part of the load's identity. Raise it to load the same interval as something new (only `append` can tell). Default 1. */
  readonly generation?: number;
  /** What becomes of rows whose columns or types are not the table's. */
  readonly contract?: SchemaContract;
  /** Default `direct`. */
  readonly publish?: PublishMode;
  /** Only for a source: a load of an extract has the extract's cursor. */
  readonly cursor?: CursorOptions<ColumnName<NoInfer<C>>>;
  /** The connection under whose root quarantined rows are kept. Default: the target's, if it is a lake, else `lake`. */
  readonly stage?: string;
}

/** A task that publishes rows, as they are, in a lake table or a database table. */
// biome-ignore lint/complexity/noBannedTypes: no partition adds no columns
export function load<C extends Columns, const P extends Partition = {}>(
  taskId: string,
  options: LoadOptions<C, P>,
): DatasetTask<WithColumns<C, PartitionColumns<P>>, LakeResult | TableResult> {
  const { from, into, partition, disposition, checks = [], generation = 1, contract, publish, cursor, stage, ...taskOptions } = options;
  return defineOperation<LakeResult | TableResult>('load', {
    taskId,
    options: taskOptions,
    inputs: isTask(from) ? { from } : {},
    operation: {
      ...(isTask(from) ? {} : { source: from }),
      target: into,
      partition: partition ?? {},
      disposition: disposition ?? defaultDisposition(partition),
      checks,
      generation,
      ...(contract === undefined ? {} : { contract }),
      ...(publish === undefined ? {} : { publish }),
      ...(cursor === undefined ? {} : { cursor }),
      ...(stage === undefined ? {} : { stage }),
    },
    connections: [into.connection, ...(isTask(from) ? readConnections(from) : [from.connection]), ...(stage === undefined ? [] : [stage])],
  });
}

/** The connections that are needed to read what a task wrote. */
export function readConnections(task: DatasetTask): readonly string[] {
  const { stage, target } = (task.operation ?? {}) as { stage?: string; target?: { connection: string } };
  return [stage ?? target?.connection].filter((id): id is string => id !== undefined);
}
