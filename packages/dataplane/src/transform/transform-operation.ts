/** What a transform is given, and what carries it out. */
import type { Check, DatasetResult, SchemaContract, Source, TransformProgram, WarehouseForm } from '@headrace/sdk';
import type { Connectors, Work } from '../connector.ts';
import type { SqlValue } from '../duckdb.ts';
import type { PublishOperation } from '../operation.ts';
import type { BatchFunction, RowFunction } from './row-pass.ts';

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

export interface GivenTransform {
  readonly operation: TransformOperation;
  /** Results of upstream tasks, by the names of `reads`. */
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly where: string;
}

export type TransformKind = (given: GivenTransform, work: Work, connectors: Connectors) => Promise<DatasetResult>;
