/**
 * What a run reads of a source that grows.
 *
 * 1. A run with a data interval or a partition reads exactly `[start, end)` of the cursor's column. It knows of no cursor and moves none,
 *    so that any number of such runs, and one that follows the cursor, may read at the same time.
 * 2. Any other run goes on from the cursor, which is kept with the rows that its load writes.
 * 3. A source that remembers by a position of its own, and has no column, is always read from there.
 */
import type { CursorHomeSpec, CursorOptions, CursorState, Source } from '@headrace/sdk';
import { storageType } from '../column-types.ts';
import type { Connectors, ReadRange, Work } from '../connector.ts';
import type { DuckSession } from '../duckdb.ts';
import { DataError } from '../errors.ts';
import { connectorOf } from '../operation.ts';
import { before, type CursorColumn, canonicalValue, textOfValue } from './cursor-values.ts';

export interface IncrementalTask {
  readonly source: Source;
  readonly cursor?: CursorOptions;
  /** Where its cursor is kept. */
  readonly home?: CursorHomeSpec;
  /** For messages: `extract "sales"`. */
  readonly where: string;
}

export type ReadPlan =
  | { readonly kind: 'all' }
  /** Stateless: the run's interval. */
  | { readonly kind: 'slice' }
  | {
      readonly kind: 'onward';
      readonly name: string;
      readonly before: CursorState | null;
      /** Rows that were loaded before must be recognised, because the target would keep both. */
      readonly recognise: boolean;
    };

export async function planRead(task: IncrementalTask, work: Work, connectors: Connectors): Promise<ReadPlan> {
  const { source, cursor, where } = task;
  if (cursor === undefined && source.remembers !== true) return { kind: 'all' };
  const { interval, partitionKey } = work.context;
  if (cursor !== undefined) {
    if (interval.end > interval.start) return { kind: 'slice' };
    if (partitionKey !== undefined) {
      throw unresolved(
        `${where}: the run is of the partition "${partitionKey}", which has no beginning and no end that rows could be chosen by`,
      );
    }
    if (cursor.range === 'interval') {
      throw unresolved(
        `${where}: the run has no data interval, and its cursor says range: 'interval'. Trigger it with a data interval, or leave "range" out so that it goes on from where the last run ended`,
      );
    }
  }
  return onward(task, work, connectors);
}

async function onward({ cursor, home, where }: IncrementalTask, work: Work, connectors: Connectors): Promise<ReadPlan> {
  if (home === undefined) throw unresolved(`${where}: no load keeps its cursor`);
  const homes = connectorOf(connectors.targets, home.target).cursors;
  if (homes === undefined) {
    throw new DataError(
      'HR_CURSOR_UNSUPPORTED',
      `${where}: a ${home.target.connector} target cannot keep a cursor beside its rows. Load them into a table`,
    );
  }
  const { disposition } = home;
  if (disposition === 'replace' || disposition === 'replace-partition') {
    throw new DataError(
      'HR_CURSOR_REPLACES',
      `${where}: the run has no data interval and goes on from the cursor, but load "${home.task}" would "${disposition}": rows of earlier runs would be lost. Use "append" or { merge: [...] }, or trigger a run with a data interval`,
    );
  }
  const { dagId, taskId, mapIndex } = work.context;
  const name = `${cursor?.name ?? `${dagId}.${taskId}`}${mapIndex < 0 ? '' : `[${mapIndex}]`}`;
  const held = await homes.read(home.target, name, work);
  return { kind: 'onward', name, before: held ?? null, recognise: disposition === 'append' };
}

/** The rows that the plan wants of the column. Undefined: all. */
export async function rangeOf(
  plan: ReadPlan,
  { cursor, where }: IncrementalTask,
  column: CursorColumn,
  work: Work,
): Promise<ReadRange | undefined> {
  if (plan.kind === 'all' || cursor === undefined) return undefined;
  const missing = cursor.onMissing !== 'exclude';
  if (plan.kind === 'slice') return { column: column.name, ...sliceOf(work.context.interval, column, where), missing };
  const from = await beginning(plan, cursor, column, where, work.duck);
  return from === undefined && missing ? undefined : { column: column.name, ...(from === undefined ? {} : { from }), missing };
}

function sliceOf(interval: Work['context']['interval'], column: CursorColumn, where: string): { from: string; to: string } {
  const { start, end, day } = interval;
  if (column.family === 'day') return { from: day, to: interval.endDay ?? end.toISOString().slice(0, 10) };
  if (column.family !== 'time') {
    throw new DataError(
      'HR_CURSOR_TYPE',
      `${where}: the run has a data interval, but column "${column.name}" is ${column.type}: an interval chooses rows by a column of type date, timestamp or timestamptz. Follow such a column, or run without an interval`,
    );
  }
  const text = (at: Date): string => `${at.toISOString().slice(0, -1).replace('T', ' ')}${column.type === 'timestamptz' ? '+00' : ''}`;
  return { from: text(start), to: text(end) };
}

/** Where a run that follows the cursor begins. */
async function beginning(
  plan: Extract<ReadPlan, { kind: 'onward' }>,
  cursor: CursorOptions,
  column: CursorColumn,
  where: string,
  duck: DuckSession,
): Promise<string | undefined> {
  const { value, boundaryFrom } = plan.before ?? {};
  if (value === undefined) {
    if (cursor.initial === undefined || cursor.initial === null) return undefined;
    return canonicalValue(duck, textOfValue(cursor.initial), column, `${where}: the cursor's "initial"`);
  }
  await canonicalValue(duck, value, column, `${where}: the cursor "${plan.name}"`);
  if (!plan.recognise) return before(duck, value, cursor.lag, column, where);
  // A cursor that a person set has no boundary: the rows from it on are wanted, and no others.
  if (boundaryFrom === undefined) return value;
  const lagged = await before(duck, value, cursor.lag, column, where);
  const later = `greatest(cast($a as ${storageType(column.type)}), cast($b as ${storageType(column.type)}))`;
  const [row] = await duck.rows(`select cast(${later} as varchar) as value`, { a: lagged, b: boundaryFrom });
  return row?.value ?? lagged;
}

function unresolved(message: string): DataError {
  return new DataError('HR_CURSOR_UNRESOLVED', message);
}
