/** What executors read from an operation and from the results of upstream tasks. */

import type {
  Check,
  CursorOptions,
  DatasetResult,
  Disposition,
  NamingConvention,
  NestedMode,
  OperationRequest,
  Place,
  PublishMode,
  QuarantineLimit,
  SchemaContract,
  Source,
} from '@headrace/sdk';
import type { Connectors, Work } from './connector.ts';
import { DataError } from './errors.ts';
import { openLakeResult } from './lake/lake-source.ts';
import { openPackage } from './package/package-area.ts';
import type { Relation } from './relation.ts';

/** How one kind of task is executed. */
export type Execute = (request: OperationRequest, work: Work, connectors: Connectors) => Promise<unknown>;

/** The common part of load, transform and export. */
export interface PublishOperation {
  readonly target: Place;
  readonly partition: Readonly<Record<string, string>>;
  readonly disposition: Disposition;
  readonly checks: readonly Check[];
  readonly generation?: number;
  readonly contract?: SchemaContract;
  /** Of an export: the table is somebody else's, which gets no new columns where the contract says nothing of them. */
  readonly theirs?: boolean;
  readonly naming?: NamingConvention;
  readonly nested?: NestedMode;
  readonly maxQuarantined?: QuarantineLimit;
  readonly publish?: PublishMode;
  /** Of a task that reads a source itself. */
  readonly cursor?: CursorOptions;
  readonly stage?: string;
}

export function connectorOf<T>(connectors: Readonly<Record<string, T>>, place: Place): T {
  const connector = connectors[place.connector];
  if (connector) return connector;
  throw new DataError(
    'HR_CONNECTOR_UNKNOWN',
    `There is no connector "${place.connector}" for this use; known are ${Object.keys(connectors).sort().join(', ')}`,
  );
}

/** The rows that an upstream task left. Throws DataError for a result that names no rows a task can read. */
export async function openResult(name: string, result: unknown, work: Work): Promise<Relation> {
  const dataset = result as DatasetResult | undefined;
  if (dataset?.kind === 'package') return openPackage(dataset, work);
  if (dataset?.kind === 'lake') return openLakeResult(dataset, work);
  throw new DataError(
    'HR_INPUT_UNREADABLE',
    `The input "${name}" is not a package or a lake table, so its rows cannot be read. Read the lake table it was exported from`,
  );
}

/** The rows of a task with one input: an upstream task's, or those of a place. */
export async function openInput({ operation, inputs }: OperationRequest, work: Work, connectors: Connectors): Promise<Relation> {
  const { source } = operation as { source?: Source };
  return source ? connectorOf(connectors.sources, source).open(source, work) : openResult('from', inputs.from, work);
}
