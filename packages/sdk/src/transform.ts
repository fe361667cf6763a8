import { type Check, checkConnections } from './checks.ts';
import { assertColumns, type ColumnName, type Columns, type WithColumns } from './columns.ts';
import type { DatasetTask, LakeResult, Partition, PartitionColumns, Source, TargetOf } from './dataset.ts';
import { type Disposition, defaultDisposition } from './disposition.ts';
import { isTask } from './flow/wiring.ts';
import { readConnections } from './load.ts';
import { defineOperation } from './operation.ts';
import type { CommonTaskOptions } from './options/task-options.ts';
import type { RunValue } from './run-value.ts';

export interface TransformOptions<C extends Columns, P extends Partition> extends CommonTaskOptions {
  /**
   * Name in the SQL → what it stands for. A task stands for the rows that its run wrote (its partition); a place, such as
   * `lake('lake').table('raw/sales')`, for all that is in it.
   */
  readonly reads: Readonly<Record<string, DatasetTask | Source>>;
  /** One DuckDB query. Values of the run are parameters: `where day = $day` with `values: { day: interval.day }`. */
  readonly sql: string;
  readonly values?: Readonly<Record<string, RunValue>>;
  /** The columns that the query must give. A column that is missing, too many, or would lose digits fails the task. */
  readonly columns?: C;
  readonly into: TargetOf<NoInfer<C>>;
  readonly partition?: P;
  /** Default `replace-partition` with a partition, else `replace`. */
  readonly disposition?: Extract<Disposition, string>;
  readonly checks?: readonly Check<ColumnName<NoInfer<C>>>[];
}

/** A task that runs SQL over lake tables and packages, in DuckDB, and publishes the rows in a lake table. */
// biome-ignore lint/complexity/noBannedTypes: no partition adds no columns
export function transform<const C extends Columns = Columns, const P extends Partition = {}>(
  taskId: string,
  options: TransformOptions<C, P>,
): DatasetTask<WithColumns<C, PartitionColumns<P>>, LakeResult> {
  const { reads, sql, values = {}, columns, into, partition, disposition, checks = [], ...taskOptions } = options;
  if (columns !== undefined) assertColumns(columns, `transform "${taskId}"`);
  const inputs: Record<string, DatasetTask> = {};
  const sources: Record<string, Source> = {};
  const connections: string[] = [into.connection, ...checkConnections(checks)];
  for (const [name, read] of Object.entries(reads)) {
    if (isTask(read)) {
      inputs[name] = read;
      connections.push(...readConnections(read));
    } else {
      sources[name] = read;
      connections.push(read.connection);
    }
  }
  return defineOperation<LakeResult>('transform', {
    taskId,
    options: taskOptions,
    inputs,
    operation: {
      sources,
      sql,
      values,
      ...(columns === undefined ? {} : { columns }),
      target: into,
      partition: partition ?? {},
      disposition: disposition ?? defaultDisposition(partition),
      checks,
    },
    connections,
  });
}
