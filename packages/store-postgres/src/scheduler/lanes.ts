/**
 * Lanes: task instances that wait for a slot with one pool, queue, DAG, number of slots and set of limits. Whatever refuses the
 * first of a lane refuses all of it, so limits are compared with lanes, and never with all that waits.
 */
import type { RateLimit, SlotLimit } from '@headrace/core';
import type { StoredLimits } from '../stored-limits.ts';

export type Lane = readonly [pool: string, queue: string, dagId: string, poolSlots: number, limits: string];

/** Of a row `t`: equal for equal limits. It is part of the index of what waits, written there in the same words. */
export const LIMITS_HASH = 'coalesce(jsonb_hash_extended(t.limits, 0), 0)';

export const LANE_COLUMNS = `t.pool, t.queue, t.dag_id, t.pool_slots, ${LIMITS_HASH}`;

/** The first lane for which this holds: one step in the index. */
export function nextLane(condition: string): string {
  return `(
    select t.pool, t.queue, t.dag_id, t.pool_slots, ${LIMITS_HASH} as limits_hash, t.limits
    from task_instance t where t.state = 'scheduled' and ${condition}
    order by ${LANE_COLUMNS} limit 1)`;
}

/** So many are looked at with every decision. Where more lanes wait, full pools, queues and DAGs are passed over as a whole. */
export const FEW_LANES = 32;

/** Without parameters: it is part of the first round trip of a decision. */
export const FIRST_LANES = `
  with recursive lane as (
    select f.*, 1 as n from ${nextLane('true')} f
    union all
    select next.*, l.n + 1 from lane l cross join lateral
      ${nextLane(`(${LANE_COLUMNS}) > (l.pool, l.queue, l.dag_id, l.pool_slots, l.limits_hash)`)} next
    where l.n < ${FEW_LANES}
  )
  select l.pool, l.queue, l.dag_id, l.pool_slots, l.limits_hash, l.limits, d.paused, d.max_active_tasks
  from lane l join dag d on d.dag_id = l.dag_id`;

export interface LaneColumns {
  readonly pool: string;
  readonly queue: string;
  readonly dag_id: string;
  readonly pool_slots: number;
  readonly limits_hash: string;
  readonly paused: boolean;
  readonly max_active_tasks: number;
}

export interface WaitingLane {
  readonly lane: Lane;
  readonly paused: boolean;
  readonly maxActiveTasks: number;
  readonly limits: readonly SlotLimit[];
  readonly rates: readonly RateLimit[];
}

export function waitingLane(row: LaneColumns & { readonly limits: StoredLimits | null }): WaitingLane {
  return {
    lane: laneOf(row),
    paused: row.paused,
    maxActiveTasks: row.max_active_tasks,
    limits: row.limits?.slots ?? [],
    rates: row.limits?.rates ?? [],
  };
}

export function laneOf(row: LaneColumns): Lane {
  return [row.pool, row.queue, row.dag_id, row.pool_slots, row.limits_hash];
}
