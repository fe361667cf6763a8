import { createHash } from 'node:crypto';
import type { CursorMove, OperationContext, Place } from '@headrace/sdk';

/**
 * The identity of a load: the same for every attempt and every re-run of the same task over the same partition or interval,
 * and therefore what a commit is made idempotent by. Of a load that moves a cursor it is where the rows were read from: a run that is
 * cleared after it has moved the cursor reads other rows, and must not replace those it read before.
 */
export function loadId(
  context: OperationContext,
  target: Place,
  partition: Readonly<Record<string, string>>,
  generation: number,
  cursor?: CursorMove,
): string {
  const { interval } = context;
  const slice =
    cursor !== undefined
      ? { cursor: cursor.name, from: cursor.before }
      : Object.keys(partition).length > 0
        ? partition
        : [interval.start.toISOString(), interval.end.toISOString()];
  const identity = [
    context.dagId,
    context.taskId,
    context.mapIndex,
    target.connector,
    target.connection,
    target.settings.name ?? '',
    slice,
    generation,
  ];
  return createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 32);
}

/** The same for what an extract hands on: what it refused is kept under it. */
export function packageLoadId(context: OperationContext, stage: string, cursor?: CursorMove): string {
  return loadId(context, { connector: 'package', connection: stage, kind: 'package', settings: {} }, {}, 1, cursor);
}
