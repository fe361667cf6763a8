import type { Check } from './checks.ts';
import type { ColumnName, Columns, WithColumns } from './columns.ts';
import type { DatasetTask, LakeResult, Partition, PartitionColumns, Source, TableResult, TargetOf } from './dataset.ts';
import { isTask } from './flow/wiring.ts';
import { defineOperation } from './operation.ts';
import type { CommonTaskOptions } from './options/task-options.ts';

/**
 * What becomes of the rows that are already there:
 * `append` keeps them (a re-run of the same load replaces its own rows), `replace` replaces them all, `replace-partition`
 * those of this partition, and `{ merge: keys }` updates rows with the same keys and inserts the others.
 * Readers see the rows before or the rows after, never an empty table.
 */
export type Disposition<N extends string = string> = 'append' | 'replace' | 'replace-partition' | { readonly merge: readonly N[] };

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
}

/** A task that publishes rows, as they are, in a lake table or a database table. */
// biome-ignore lint/complexity/noBannedTypes: no partition adds no columns
export function load<C extends Columns, const P extends Partition = {}>(
  taskId: string,
  options: LoadOptions<C, P>,
): DatasetTask<WithColumns<C, PartitionColumns<P>>, LakeResult | TableResult> {
  const { from, into, partition, disposition, checks = [], generation = 1, ...taskOptions } = options;
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
    },
    connections: isTask(from) ? [into.connection, ...readConnections(from)] : [into.connection, from.connection],
  });
}

/** `replace-partition` with a partition, else `replace`. */
export function defaultDisposition(partition: Partition | undefined): 'replace' | 'replace-partition' {
  return partition !== undefined && Object.keys(partition).length > 0 ? 'replace-partition' : 'replace';
}

/** The connections that are needed to read what a task wrote. */
export function readConnections(task: DatasetTask): readonly string[] {
  const { stage, target } = (task.operation ?? {}) as { stage?: string; target?: { connection: string } };
  return [stage ?? target?.connection].filter((id): id is string => id !== undefined);
}
