import type { PoolResponse } from '@headrace/api-contract';
import { type PoolRecord, UNLIMITED_SLOTS } from '@headrace/ports';

export function presentPool(pool: PoolRecord): PoolResponse {
  const { slots, runningSlots, queuedSlots, scheduledSlots, deferredSlots, includeDeferred } = pool;
  const occupied = runningSlots + queuedSlots + (includeDeferred ? deferredSlots : 0);
  return {
    name: pool.name,
    slots,
    description: pool.description ?? null,
    include_deferred: includeDeferred,
    occupied_slots: occupied,
    running_slots: runningSlots,
    queued_slots: queuedSlots,
    scheduled_slots: scheduledSlots,
    deferred_slots: deferredSlots,
    open_slots: slots === UNLIMITED_SLOTS ? -1 : slots - occupied,
    team_name: null,
  };
}
