/**
 * Task instances that wait for a slot, of all schedulers' runs, found without reading those that some limit refuses anyway.
 *
 * L1. Limits are compared with lanes. Few lanes are known from the first round trip of a decision; where none of them is open,
 *     nothing more is asked.
 * L2. Lanes are looked at one after the other, each by one step in the index; of a full pool, queue or DAG only the first.
 *     So a look costs what there are lanes, up to `MOST_LANES`, however many tasks wait in them.
 * L3. Of an open lane are read the most urgent, and at most one more than there is room for: that one tells that somebody waits.
 */
import type { Candidate, Instant, TaskStatus } from '@headrace/core';
import type { Queryable } from '../database.ts';
import type { StoredLimits } from '../stored-limits.ts';
import { FEW_LANES, LANE_COLUMNS, type Lane, type LaneColumns, LIMITS_HASH, laneOf, nextLane } from './lanes.ts';
import type { Usage } from './usage.ts';

export interface Contender extends Candidate {
  readonly runKey: string;
  /** The state it has in the database, and the attempts begun so far. */
  readonly from: TaskStatus;
  readonly attempt: number;
  readonly maxActiveTasks: number;
}

/** At eight microseconds each. Where more lanes wait, the next look goes on where this one ended. */
const MOST_LANES = 1_000;
/** Of all lanes together. */
const MOST_ROWS = 2_048;
/** A small room is filled by the next decision, too. */
const FEWEST_ROWS = 8;

/** Before all. */
export const FIRST_LANE: Lane = ['', '', '', -1, '0'];

/** Where a page ended. */
type Place = readonly [negatedClass: number, negatedWeight: number, readyAt: string, taskInstanceId: string];

const BEGINNING: Place = [-32_768, -2_147_483_648, '-infinity', '0'];

const ORDER = '-t.priority_class, -t.priority_weight, t.scheduled_at, t.id';

const POOL_ROOM = `coalesce(($1::jsonb ->> l.pool)::integer, 0)`;
const QUEUE_ROOM = `coalesce(($2::jsonb ->> l.queue)::integer, 2147483647)`;
const DAG_ROOM = `coalesce(($3::jsonb ->> l.dag_id)::integer, 2147483647)`;

/** Parameters from this one on: a place within a lane. */
const rowsOfLane = (place: string, limit: string): string => `
    select t.id, t.dag_run_id, t.priority_class, t.priority_weight, t.attempt, t.scheduled_at, t.scheduled_at::text as exactly_scheduled_at,
      t.limits
    from task_instance t
    where t.state = 'scheduled' and t.pool = l.pool and t.queue = l.queue and t.dag_id = l.dag_id and t.pool_slots = l.pool_slots
      and ${LIMITS_HASH} = l.limits_hash and t.id <> all($6) and (${ORDER}) > ${place}
    order by ${ORDER}
    limit ${limit}`;

/**
 * Parameters: rooms of pools, of queues and of DAGs, full keys, buckets, task instances to leave out, how many rows may be
 * useful, the lane after which to begin (five), the clock. One row at least for each lane that was looked at.
 */
const LOOK = `
  with recursive lane as (
    select f.*, 1 as n from ${nextLane(`(${LANE_COLUMNS}) > ($8::text, $9::text, $10::text, $11::integer, $12::bigint)`)} f
    union all
    select next.*, l.n + 1 from lane l cross join lateral (
      ${nextLane(
        `${POOL_ROOM} > 0 and ${QUEUE_ROOM} > 0 and ${DAG_ROOM} > 0
        and (${LANE_COLUMNS}) > (l.pool, l.queue, l.dag_id, l.pool_slots, l.limits_hash)`,
      )}
      union all
      ${nextLane(`${POOL_ROOM} > 0 and ${QUEUE_ROOM} > 0 and ${DAG_ROOM} <= 0 and (t.pool, t.queue, t.dag_id) > (l.pool, l.queue, l.dag_id)`)}
      union all
      ${nextLane(`${POOL_ROOM} > 0 and ${QUEUE_ROOM} <= 0 and (t.pool, t.queue) > (l.pool, l.queue)`)}
      union all
      ${nextLane(`${POOL_ROOM} <= 0 and t.pool > l.pool`)}
    ) next
    where l.n < ${MOST_LANES}
  ),
  looked as materialized (
    select l.*, d.paused, d.max_active_tasks,
      case when d.paused then 0 else least(${POOL_ROOM}, ${QUEUE_ROOM}, coalesce(($3::jsonb ->> l.dag_id)::integer, d.max_active_tasks),
        case when l.limits is not null and (
          exists (select from jsonb_array_elements(l.limits -> 'slots') k where k ->> 'key' = any($4))
          or exists (select from jsonb_to_recordset(l.limits -> 'rates') as r (key text, tokens float8, "perMs" float8, burst float8)
            where ($5::jsonb ->> r.key)::float8 - (r.burst - 1) * r."perMs" / r.tokens > $13::float8)
        ) then 1 end) end as room
    from lane l join dag d on d.dag_id = l.dag_id
  ),
  share as materialized (
    select greatest(1, least(greatest($7::integer, ${FEWEST_ROWS}), ${MOST_ROWS} / greatest(1, count(*)::integer))) as most from looked where room > 0
  )
  select l.n, l.pool, l.queue, l.dag_id, l.pool_slots, l.limits_hash, l.paused, l.max_active_tasks, l.room, s.most, t.*
  from looked l cross join share s
  left join lateral (${rowsOfLane(`(${BEGINNING[0]}, ${BEGINNING[1]}, '${BEGINNING[2]}'::timestamptz, 0)`, 'case when l.room > 0 then least(l.room + 1, s.most) else 0 end')}
  ) t on true
  order by l.n`;

/** Parameters: of each lane pool, queue, DAG, slots and limits; task instances to leave out; of each lane the place after which to begin; how many rows of it. */
const MORE = `
  select l.n, t.*
  from unnest($1::text[], $2::text[], $3::text[], $4::integer[], $5::bigint[], $7::integer[], $8::integer[], $9::timestamptz[], $10::bigint[], $11::integer[])
    with ordinality as l (pool, queue, dag_id, pool_slots, limits_hash, class, weight, ready_at, id, most, n)
  cross join lateral (${rowsOfLane('(l.class, l.weight, l.ready_at, l.id)', 'l.most')}
  ) t
  order by l.n`;

interface TaskColumns {
  readonly id: string;
  readonly dag_run_id: string;
  readonly priority_class: number;
  readonly priority_weight: number;
  readonly attempt: number;
  readonly scheduled_at: Instant;
  /** To the microsecond. */
  readonly exactly_scheduled_at: string;
  readonly limits: StoredLimits | null;
}

interface LookedColumns extends LaneColumns {
  readonly n: number;
  readonly room: number;
  readonly most: number;
}

/** A lane that was looked at, and what was read of it. */
export interface LookedLane {
  readonly lane: Lane;
  readonly maxActiveTasks: number;
  /** How many of it may get in at the most, when it was looked at. */
  readonly room: number;
  /** What was read last of it. */
  contenders: readonly Contender[];
  /** After these, others may be admitted that were not read. */
  more: boolean;
}

export interface Look {
  /** Those that are open. */
  readonly lanes: readonly LookedLane[];
  /** Something waits in lanes that are not open, of DAGs that are not paused. */
  readonly closed: boolean;
  /** The last lane that was looked at, when there may be others after it. */
  readonly end: Lane | undefined;
  /** When a token is there for a lane that waits for nothing else. */
  readonly nextAt?: Instant;
}

/** `except`: task instances to leave out. `after`: where to begin among many lanes. */
export function lookAtLanes(client: Queryable, usage: Usage, except: ReadonlySet<string>, after: Lane): Promise<Look> {
  return usage.lanes.length < FEW_LANES ? lookAtFew(client, usage, except) : lookAtMany(client, usage, except, after);
}

async function lookAtFew(client: Queryable, usage: Usage, except: ReadonlySet<string>): Promise<Look> {
  const lanes: LookedLane[] = [];
  let closed = false;
  let next = Infinity;
  for (const waiting of usage.lanes) {
    const { room, nextAt } = usage.roomOf(waiting);
    if (nextAt !== undefined) next = Math.min(next, nextAt);
    if (room > 0) lanes.push({ lane: waiting.lane, maxActiveTasks: waiting.maxActiveTasks, room, contenders: [], more: false });
    else closed ||= !waiting.paused;
  }
  if (lanes.length > 0) await readOn(client, lanes, except, usage.room());
  return { lanes, closed, end: undefined, ...(next === Infinity ? {} : { nextAt: next }) };
}

async function lookAtMany(client: Queryable, usage: Usage, except: ReadonlySet<string>, after: Lane): Promise<Look> {
  const { pools, queues, dags, fullKeys, buckets } = usage.rooms();
  const { rows } = await client.query<LookedColumns & (TaskColumns | { readonly id: null })>({
    name: 'look at lanes',
    text: LOOK,
    values: [
      JSON.stringify(pools),
      JSON.stringify(queues),
      JSON.stringify(dags),
      fullKeys,
      JSON.stringify(buckets),
      [...except],
      usage.room(),
      ...after,
      usage.now,
    ],
  });
  const lanes = new Map<number, LookedLane & { contenders: Contender[] }>();
  let closed = false;
  for (const row of rows) {
    if (row.room <= 0) {
      closed ||= !row.paused;
      continue;
    }
    const looked = lanes.get(row.n) ?? {
      lane: laneOf(row),
      maxActiveTasks: row.max_active_tasks,
      room: row.room,
      contenders: [],
      more: false,
    };
    lanes.set(row.n, looked);
    if (row.id !== null) looked.contenders.push(contender(row, looked));
    // Where the room itself was the bound, those read more than fill it.
    looked.more = row.most <= row.room && looked.contenders.length === row.most;
  }
  const last = rows.at(-1);
  return { lanes: [...lanes.values()], closed, end: last?.n === MOST_LANES ? laneOf(last) : undefined };
}

/** Reads on in lanes of which there is more; of those of which nothing was read, from the beginning. */
export async function readOn(client: Queryable, lanes: readonly LookedLane[], except: ReadonlySet<string>, room: number): Promise<void> {
  const share = Math.max(1, Math.min(Math.max(room, FEWEST_ROWS), Math.floor(MOST_ROWS / lanes.length)));
  const most = lanes.map((looked) => Math.min(looked.room + 1, share));
  const places = lanes.map(({ contenders }) => placeOf(contenders.at(-1)));
  const { rows } = await client.query<TaskColumns & { readonly n: string }>({
    name: 'read on in lanes',
    text: MORE,
    values: [
      ...[0, 1, 2, 3, 4].map((part) => lanes.map(({ lane }) => lane[part])),
      [...except],
      ...[0, 1, 2, 3].map((part) => places.map((place) => place[part])),
      most,
    ],
  });
  lanes.forEach((looked, index) => {
    looked.contenders = rows.filter((row) => Number(row.n) === index + 1).map((row) => contender(row, looked));
    // Where the room itself was the bound, those read more than fill it.
    looked.more = share <= looked.room && looked.contenders.length === share;
  });
}

const exactly = new WeakMap<Contender, string>();

function placeOf(last: Contender | undefined): Place {
  if (last === undefined) return BEGINNING;
  return [-(last.priorityClass ?? 0), -last.priorityWeight, exactly.get(last) ?? '-infinity', last.taskInstanceId];
}

function contender(row: TaskColumns, { lane, maxActiveTasks }: LookedLane): Contender {
  const [pool, queue, dagId, poolSlots] = lane;
  const found: Contender = {
    taskInstanceId: row.id,
    runKey: row.dag_run_id,
    dagId,
    pool,
    poolSlots,
    queue,
    priorityClass: row.priority_class,
    priorityWeight: row.priority_weight,
    readyAt: row.scheduled_at,
    from: 'scheduled',
    attempt: row.attempt,
    maxActiveTasks,
    ...(row.limits === null ? {} : { limits: row.limits.slots, rates: row.limits.rates }),
  };
  exactly.set(found, row.exactly_scheduled_at);
  return found;
}
