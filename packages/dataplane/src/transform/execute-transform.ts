/** A transform, of whatever kind: rows in, rows out, published as by a load. */
import type { Check, DatasetResult, SchemaContract, Source, TransformProgram, WarehouseForm } from '@headrace/sdk';
import type { Work } from '../connector.ts';
import type { SqlValue } from '../duckdb.ts';
import type { Execute, PublishOperation } from '../operation.ts';
import { transformByProgram } from './program-rows.ts';
import { transformByQuery } from './query-rows.ts';
import type { BatchFunction, RowFunction } from './row-pass.ts';
import { transformRows } from './transform-rows.ts';
import { transformInside } from './warehouse.ts';

/** What the SDK's `transform` makes. */
export interface TransformOperation extends PublishOperation {
  readonly sources: Readonly<Record<string, Source>>;
  readonly columns?: Readonly<Record<string, never>>;
  readonly checks: readonly Check[];
  readonly contract?: SchemaContract;
  readonly sql?: string;
  readonly values?: Readonly<Record<string, SqlValue>>;
  readonly form?: WarehouseForm;
  readonly row?: RowFunction;
  readonly batch?: BatchFunction;
  readonly batchSize?: number;
  readonly program?: TransformProgram;
  readonly onError?: 'fail' | 'quarantine';
}

export const executeTransform: Execute = async (request, work, connectors): Promise<DatasetResult> => {
  const operation = request.operation as unknown as TransformOperation;
  const where = `transform "${request.context.taskId}"`;
  const given = { operation, inputs: request.inputs, where };
  const result = await kindOf(operation)(given, work, connectors);
  work.log.info(`transformed into ${result.rows} rows`, { rows: result.rows, kind: result.kind });
  return result;
};

export interface GivenTransform {
  readonly operation: TransformOperation;
  /** Results of upstream tasks, by the names of `reads`. */
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly where: string;
}

export type TransformKind = (given: GivenTransform, work: Work, connectors: Parameters<Execute>[2]) => Promise<DatasetResult>;

function kindOf({ form, program, row, batch }: TransformOperation): TransformKind {
  if (form !== undefined) return transformInside;
  if (program !== undefined) return transformByProgram;
  return row !== undefined || batch !== undefined ? transformRows : transformByQuery;
}
