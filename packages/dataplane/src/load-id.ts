import { createHash } from 'node:crypto';
import type { OperationContext, Place } from '@headrace/sdk';

/**
 * The identity of a load: the same for every attempt and every re-run of the same task over the same partition or interval,
 * and therefore what a commit is made idempotent by.
 */
export function loadId(context: OperationContext, target: Place, partition: Readonly<Record<string, string>>, generation: number): string {
  const slice = Object.keys(partition).length > 0 ? partition : [context.interval.start.toISOString(), context.interval.end.toISOString()];
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
