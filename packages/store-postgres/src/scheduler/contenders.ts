/** Task instances that wait for a slot, most urgent first, of all schedulers' runs. */
import type { Candidate, Instant, TaskStatus } from '@headrace/core';
import type { Queryable } from '../database.ts';
import type { Usage } from './usage.ts';

export interface Contender extends Candidate {
  readonly runKey: string;
  /** The state it has in the database, and the attempts begun so far. */
  readonly from: TaskStatus;
  readonly attempt: number;
  readonly maxActiveTasks: number;
}

/**
 * Only what some limit does not refuse anyway: a pool with a free slot, a queue with room, a DAG that is not paused and
 * not at its limit. A page begins after the one before: what was refused stays refused while slots are only given.
 * Parameters: open pools, full queues, full DAGs, task instances to leave out, the place after which to begin (negated
 * weight, ready time, id), how many.
 */
const WAITING = `
  select t.id, t.dag_run_id, t.dag_id, t.pool, t.pool_slots, t.queue, t.priority_weight, t.attempt, t.scheduled_at,
    t.scheduled_at::text as exactly_scheduled_at, d.max_active_tasks
  from task_instance t
  join dag d on d.dag_id = t.dag_id
  where t.state = 'scheduled' and t.pool = any($1) and t.queue <> all($2) and t.dag_id <> all($3) and t.id <> all($4) and not d.paused
    and (-t.priority_weight, t.scheduled_at, t.id) > ($5::integer, $6::timestamptz, $7::bigint)
  order by -t.priority_weight, t.scheduled_at, t.id
  limit $8`;

interface Row {
  readonly id: string;
  readonly dag_run_id: string;
  readonly dag_id: string;
  readonly pool: string;
  readonly pool_slots: number;
  readonly queue: string;
  readonly priority_weight: number;
  readonly attempt: number;
  readonly scheduled_at: Instant;
  /** To the microsecond. */
  readonly exactly_scheduled_at: string;
  readonly max_active_tasks: number;
}

/** Where a page ended. */
export type Place = readonly [negatedWeight: number, readyAt: string, taskInstanceId: string];

/** Before all. */
export const BEGINNING: Place = [-2_147_483_648, '-infinity', '0'];

export interface ContenderPage {
  readonly contenders: readonly Contender[];
  readonly end: Place;
}

export async function nextContenders(
  client: Queryable,
  usage: Usage,
  except: ReadonlySet<string>,
  after: Place,
  limit: number,
): Promise<ContenderPage> {
  const pools = usage.openPools();
  if (pools.length === 0) return { contenders: [], end: after };
  const { rows } = await client.query<Row>({
    name: 'waiting',
    text: WAITING,
    values: [pools, usage.fullQueues(), usage.fullDags(), [...except], ...after, limit],
  });
  const last = rows.at(-1);
  return {
    contenders: rows.map(contender),
    end: last === undefined ? after : [-last.priority_weight, last.exactly_scheduled_at, last.id],
  };
}

function contender(row: Row): Contender {
  return {
    taskInstanceId: row.id,
    runKey: row.dag_run_id,
    dagId: row.dag_id,
    pool: row.pool,
    poolSlots: row.pool_slots,
    queue: row.queue,
    priorityWeight: row.priority_weight,
    readyAt: row.scheduled_at,
    from: 'scheduled',
    attempt: row.attempt,
    maxActiveTasks: row.max_active_tasks,
  };
}
