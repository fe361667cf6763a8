import { type Check, checkConnections } from './checks.ts';
import type { ColumnName, Columns, WithColumns } from './columns.ts';
import type { NamingConvention, NestedMode, QuarantineLimit, SchemaContract } from './contract.ts';
import type { CursorOptions } from './cursor.ts';
import { checkKeeps, cursorSpec, offerHome, readsIncrementally } from './cursor-home.ts';
import type { DatasetTask, LakeResult, Partition, PartitionColumns, Place, Source, TableResult, TargetOf } from './dataset.ts';
import { DagDefinitionError } from './definition-error.ts';
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
  /** What must hold of the rows; each says where it is looked at. */
  readonly checks?: readonly Check<ColumnName<NoInfer<C>>>[];
  /** Part of the load's identity. Raise it to load the same interval as something new (only `append` can tell). Default 1. */
  readonly generation?: number;
  /** What becomes of rows whose columns or types are not the table's. */
  readonly contract?: SchemaContract;
  /** How the table's columns are named. What this task says of columns (keys, checks) names them as they are in `from`. */
  readonly naming?: NamingConvention;
  /** What becomes of JSON columns. With tables, keys and checks name the columns as they are in `from`. */
  readonly nested?: NestedMode;
  /** More quarantined rows than this fail the task with HR_TOO_MANY_QUARANTINED. Default: any number may be. */
  readonly maxQuarantined?: QuarantineLimit;
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
  const {
    from,
    into,
    partition,
    disposition,
    checks = [],
    generation = 1,
    contract,
    naming,
    nested,
    maxQuarantined,
    publish,
    cursor,
    ...rest
  } = options;
  const { stage = defaultStage(options), ...taskOptions } = rest;
  const where = `load "${taskId}"`;
  if (isTask(from) && cursor !== undefined) {
    throw new DagDefinitionError(
      'HR_BAD_CURSOR',
      `${where}: "cursor" belongs to the task that reads the source: give it to ${from.kind} "${from.taskId}", and this load will move it`,
    );
  }
  const written = disposition ?? defaultDisposition(partition);
  if (!isTask(from) && readsIncrementally(from, cursor)) checkKeeps(where, cursor, written);
  const definition = defineOperation<LakeResult | TableResult>('load', {
    taskId,
    options: taskOptions,
    inputs: isTask(from) ? { from } : {},
    operation: {
      ...(isTask(from) ? {} : { source: from }),
      target: into,
      partition: partition ?? {},
      disposition: written,
      checks,
      generation,
      ...(contract === undefined ? {} : { contract }),
      ...(naming === undefined ? {} : { naming }),
      ...(nested === undefined ? {} : { nested }),
      ...(maxQuarantined === undefined ? {} : { maxQuarantined }),
      ...(publish === undefined ? {} : { publish }),
      ...(cursor === undefined ? {} : { cursor: cursorSpec(where, cursor) }),
      ...(stage === undefined ? {} : { stage }),
    },
    connections: [
      into.connection,
      ...(isTask(from) ? readConnections(from) : [from.connection]),
      ...(stage === undefined ? [] : [stage]),
      ...checkConnections(checks),
    ],
  });
  if (isTask(from)) offerHome(from, { task: definition.taskId, target: into, disposition: written });
  return definition;
}

interface QuarantinePlaces {
  readonly into: Place;
  readonly from: DatasetTask | Place;
  readonly checks?: readonly Check[];
}

/** A database has no place of its own for rows that a contract, a check or a source refuses. */
function defaultStage({
  into,
  from,
  contract,
  checks = [],
}: Pick<LoadOptions<never, Partition>, 'contract'> & QuarantinePlaces): string | undefined {
  if (into.connector === 'lake') return into.connection;
  const modes = typeof contract === 'string' ? [contract] : [contract?.tables, contract?.columns, contract?.types];
  const refusing = !isTask(from) && from.settings.badRows === 'quarantine';
  const needed = refusing || modes.includes('discard_row') || checks.some(({ onFail }) => onFail === 'quarantine');
  return needed ? 'lake' : undefined;
}

/** The connections that are needed to read what a task wrote. */
export function readConnections(task: DatasetTask): readonly string[] {
  const { stage, target } = (task.operation ?? {}) as { stage?: string; target?: { connection: string } };
  return [target?.connection ?? stage].filter((id): id is string => id !== undefined);
}
