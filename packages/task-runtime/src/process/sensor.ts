/**
 * A sensor: a task that only looks whether something has come to be.
 *
 * N1. Its timeout counts from the first attempt since the last clear, over all tries and looks. Beyond it the sensor fails without a
 *     further try, or is skipped; the last look is at the timeout, not before.
 * N2. `poke` keeps its process between looks; `reschedule` ends the attempt, which does not count as a try; a `deferred` sensor waits with
 *     `context.wait` and looks once.
 */
import type { Instant, SensorSpec } from '@headrace/core';
import { SkipTask } from '@headrace/sdk/runtime';
import { SensorTimeoutError } from '../errors.ts';
import type { RunOrder } from '../protocol.ts';
import { type AttemptTime, storeTime } from './store-time.ts';
import type { WaitLimit } from './waits.ts';

export type Sensed = { readonly found: unknown } | { readonly lookAt: Instant };

/** Looks until something is found, or until the attempt should end and look again. Throws SensorTimeoutError or SkipTask. */
export async function sense(
  sensor: SensorSpec,
  order: RunOrder,
  { signal, time }: { readonly signal: AbortSignal; readonly time: AttemptTime },
  look: () => Promise<unknown>,
): Promise<Sensed> {
  const deadline = deadlineOf(sensor, order, time);
  for (;;) {
    const found = await look();
    if (sensor.mode === 'deferred' || (found !== undefined && found !== false)) return { found };
    const now = storeTime(order, time);
    if (now >= deadline) {
      const timeout = new SensorTimeoutError(order.taskId, sensor.timeoutMs);
      throw sensor.softFail ? new SkipTask(timeout.message) : timeout;
    }
    const lookAt = Math.min(now + sensor.everyMs, deadline);
    if (sensor.mode === 'reschedule') return { lookAt };
    await time.sleep(lookAt - now, signal);
  }
}

/** What a deferred sensor waits for ends with the sensor's own timeout. */
export function waitLimitOf(sensor: SensorSpec | undefined, order: RunOrder, time: AttemptTime): WaitLimit | undefined {
  if (sensor === undefined) return undefined;
  return { at: deadlineOf(sensor, order, time), onTimeout: sensor.softFail ? 'skip' : 'fail' };
}

function deadlineOf({ timeoutMs }: SensorSpec, order: RunOrder, time: AttemptTime): Instant {
  return (order.firstStartedAt ?? storeTime(order, time)) + timeoutMs;
}
