import { type Check, checkConnections } from './checks.ts';
import { assertColumns, type Columns, type WithColumns } from './columns.ts';
import type { DatasetTask, LakeResult, Partition, PartitionColumns, Place, Source, TableResult } from './dataset.ts';
import { DagDefinitionError } from './definition-error.ts';
import { type Disposition, defaultDisposition } from './disposition.ts';
import { isTask } from './flow/wiring.ts';
import { readConnections } from './load.ts';
import { defineOperation } from './operation.ts';
import type { CommonTaskOptions } from './options/task-options.ts';
import type {
  BatchTransformOptions,
  ProgramTransformOptions,
  RowTransformOptions,
  TransformOptions,
  WarehouseForm,
  WarehouseTransformOptions,
} from './transform-options.ts';

type Transformed<C extends Columns, P extends Partition, R extends LakeResult | TableResult> = DatasetTask<
  WithColumns<C, PartitionColumns<P>>,
  R
>;
// biome-ignore lint/complexity/noBannedTypes: no partition adds no columns
type NoPartition = {};

/** What makes rows of rows, and publishes them as a load does. */
export interface Transform {
  /** A task that runs SQL over lake tables and packages, in DuckDB. */
  <const C extends Columns = Columns, const P extends Partition = NoPartition>(
    taskId: string,
    options: TransformOptions<C, P>,
  ): Transformed<C, P, LakeResult>;
  /** A task that runs SQL inside a database, which no row leaves: as a view, a table, an incremental table or a history. */
  inside<const C extends Columns = Columns>(taskId: string, options: WarehouseTransformOptions<C>): DatasetTask<C, TableResult>;
  /** A task that runs a function for each row. */
  rows<I extends Columns, const C extends Columns, const P extends Partition = NoPartition>(
    taskId: string,
    options: RowTransformOptions<I, C, P>,
  ): Transformed<C, P, LakeResult | TableResult>;
  /** A task that runs a function for each batch of rows. */
  batches<I extends Columns, const C extends Columns, const P extends Partition = NoPartition>(
    taskId: string,
    options: BatchTransformOptions<I, C, P>,
  ): Transformed<C, P, LakeResult | TableResult>;
  /** A task that runs any program, which is given rows and gives rows as lines of JSON. */
  program<I extends Columns, const C extends Columns, const P extends Partition = NoPartition>(
    taskId: string,
    options: ProgramTransformOptions<I, C, P>,
  ): Transformed<C, P, LakeResult | TableResult>;
}

// Not overloads: the compiler could not tell which of them was meant by options that are wrong.
export const transform: Transform = Object.assign((taskId: string, options: unknown) => define(taskId, options as AnyOptions), {
  inside: (taskId: string, options: unknown) => define(taskId, options as AnyOptions),
  rows: (taskId: string, options: unknown) => define(taskId, options as AnyOptions),
  batches: (taskId: string, options: unknown) => define(taskId, options as AnyOptions),
  program: (taskId: string, options: unknown) => define(taskId, options as AnyOptions),
}) as Transform;

function define(taskId: string, options: AnyOptions): DatasetTask {
  const where = `transform "${taskId}"`;
  const { reads = {}, columns, into, partition, disposition, checks = [], stage = defaultStage(options), ...rest } = options;
  const { sql, values, in: warehouse, as: form, table, row, batch, batchSize, program, ...more } = rest;
  const { contract, onError, maxQuarantined, publish, ...taskOptions } = more;
  if (columns !== undefined) assertColumns(columns, where);
  const target = warehouse === undefined ? into : tableOf(warehouse, table ?? '');
  if (target === undefined) throw new DagDefinitionError('HR_BAD_OPTION', `${where}: say with "into" where the rows go`);
  const { inputs, sources, connections } = inputsOf(reads);
  if (sql === undefined && Object.keys(reads).length !== 1)
    throw new DagDefinitionError(
      'HR_BAD_OPTION',
      `${where}: a function or a program reads one input, but "reads" names ${Object.keys(reads).length}`,
    );
  if (form === 'view' && Object.keys(values ?? {}).length > 0)
    throw new DagDefinitionError('HR_BAD_OPTION', `${where}: a view is read long after its run, so it can have no "values"`);
  if (program?.command.length === 0) throw new DagDefinitionError('HR_BAD_OPTION', `${where}: "command" names no program`);
  return defineOperation<LakeResult | TableResult>('transform', {
    taskId,
    options: taskOptions,
    inputs,
    operation: {
      sources,
      ...defined({ sql, values: values ?? (sql === undefined ? undefined : {}), columns, row, batch, batchSize, program }),
      ...defined({ onError, maxQuarantined, contract, publish, stage, form }),
      target,
      partition: partition ?? {},
      disposition: disposition ?? (form === undefined ? defaultDisposition(partition as Partition | undefined) : dispositionOf(form)),
      checks,
    },
    connections: [target.connection, ...connections, ...(stage === undefined ? [] : [stage]), ...checkConnections(checks)],
  });
}

/** All that any form has. */
interface AnyOptions extends CommonTaskOptions {
  readonly reads?: Readonly<Record<string, DatasetTask | Source>>;
  readonly columns?: Columns;
  readonly into?: Place;
  readonly partition?: Readonly<Record<string, unknown>>;
  readonly disposition?: Disposition;
  readonly checks?: readonly Check[];
  readonly sql?: string;
  readonly values?: TransformOptions<Columns, Partition>['values'];
  readonly in?: WarehouseTransformOptions<Columns>['in'];
  readonly as?: WarehouseForm;
  readonly table?: string;
  readonly row?: unknown;
  readonly batch?: unknown;
  readonly batchSize?: number;
  readonly program?: { readonly command: readonly string[] };
  readonly contract?: unknown;
  readonly onError?: 'fail' | 'quarantine';
  readonly maxQuarantined?: unknown;
  readonly publish?: unknown;
  readonly stage?: string;
}

interface Reads {
  readonly inputs: Readonly<Record<string, DatasetTask>>;
  readonly sources: Readonly<Record<string, Source>>;
  readonly connections: readonly string[];
}

function inputsOf(reads: Readonly<Record<string, DatasetTask | Source>>): Reads {
  const inputs: Record<string, DatasetTask> = {};
  const sources: Record<string, Source> = {};
  const connections: string[] = [];
  for (const [name, read] of Object.entries(reads)) {
    if (isTask(read)) {
      inputs[name] = read;
      connections.push(...readConnections(read));
    } else {
      sources[name] = read;
      connections.push(read.connection);
    }
  }
  return { inputs, sources, connections };
}

function tableOf({ connector, connection }: WarehouseTransformOptions<Columns>['in'], name: string): Place {
  return { connector, connection, kind: 'table', settings: { name, values: {} } };
}

function dispositionOf(form: WarehouseForm): Disposition {
  if (typeof form === 'string') return 'replace';
  return 'incremental' in form ? form.incremental : form;
}

/** A database has no place of its own for rows that are refused. */
function defaultStage({ into, onError }: AnyOptions): string | undefined {
  return onError === 'quarantine' && into?.connector !== 'lake' ? 'lake' : undefined;
}

function defined(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
