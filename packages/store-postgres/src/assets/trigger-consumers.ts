/**
 * Runs made by asset events.
 *
 * TC1. A consumer is in the hands of one scheduler: whoever holds its row. Others pass over it; what comes meanwhile is not looked at, and
 *      its news makes them come back.
 * TC2. What is marked as looked at was there before the queue was read, so nothing is marked that was not seen.
 * TC3. The run, its links to events and their leaving the queue are one transaction.
 * TC4. How many events are queued costs nothing until they make a run: only one of each asset and partition is read before.
 */
import type { AssetSpec, DagSpec, EventTime, HeldRun, Instant, QueuedEvent } from '@headrace/core';
import type { AssetRun, AssetStore, ConsumerPlan, TriggeredRuns, WaitingConsumer } from '@headrace/ports';
import type pg from 'pg';
import type { Queryable } from '../database.ts';
import { tellRuns } from '../notification.ts';
import { timestamp } from '../timestamp.ts';
import { transaction } from '../transaction.ts';
import { heldRuns, releaseRuns } from './held-runs.ts';

/**
 * DAGs that have events nobody has looked at, found by hopping through the index. `at_hand`: those that are not paused, at most $1 of them.
 */
const WAITING = `
  with recursive waiting as (
    (select dag_id from queued_asset_event where not looked order by dag_id limit 1)
    union all
    select (select q.dag_id from queued_asset_event q where not q.looked and q.dag_id > w.dag_id order by q.dag_id limit 1)
    from waiting w where w.dag_id is not null
  ),
  at_hand as (
    select w.dag_id from waiting w cross join lateral (
      select from dag d join asset_consumer c on c.dag_id = d.dag_id
      where d.dag_id = w.dag_id and not d.paused and d.removed_at is null offset 0
    ) d
    limit $1
  )`;

const ANY_WAITING = `${WAITING} select exists (select from at_hand) as found`;

/** Parameter: how many. */
const TAKE = `
  ${WAITING},
  taken as (
    select c.dag_id, c.schedule, c.partitions from asset_consumer c
    where c.dag_id in (select dag_id from at_hand)
    order by c.dag_id
    for update of c skip locked
  )
  select t.dag_id, t.schedule, t.partitions, (select count(*)::integer from at_hand) as at_hand, now() as now
  from (select 1) one left join taken t on true`;

/** Parameter: DAGs. */
const MARK = `update queued_asset_event set looked = true where dag_id = any($1) and not looked`;

/** Parameter: DAGs. One event of each asset and partition, found by hopping through the index. */
const KINDS = `
  with recursive kinds as (
    select d.dag_id, f.asset_id, f.partition_key, f.event_id
    from unnest($1::text[]) as d (dag_id) cross join lateral (
      select asset_id, partition_key, event_id from queued_asset_event q
      where q.dag_id = d.dag_id and q.triggers order by q.asset_id, q.partition_key limit 1
    ) f
    union all
    select k.dag_id, n.asset_id, n.partition_key, n.event_id
    from kinds k cross join lateral (
      select asset_id, partition_key, event_id from queued_asset_event q
      where q.dag_id = k.dag_id and q.triggers and (q.asset_id, q.partition_key) > (k.asset_id, k.partition_key)
      order by q.asset_id, q.partition_key limit 1
    ) n
  )
  select k.dag_id, k.event_id, true as triggers, k.partition_key, a.spec, now() as at, null as interval_start, null as interval_end
  from kinds k join asset a on a.id = k.asset_id
  order by k.event_id`;

/**
 * Parameter: DAGs. Each queue is read once, and then the event and the asset of each row, whatever the statistics say: of a table that was
 * empty a moment ago they say that it has no rows, and then the queue would be read for each of its events.
 */
const ALL_QUEUED = `
  select q.dag_id, q.event_id, q.triggers, q.partition_key, a.spec, e.at, e.interval_start, e.interval_end
  from unnest($1::text[]) as d (dag_id)
  cross join lateral (select * from queued_asset_event where dag_id = d.dag_id offset 0) q
  cross join lateral (select at, interval_start, interval_end from asset_event where id = q.event_id offset 0) e
  cross join lateral (select spec from asset where id = q.asset_id offset 0) a
  order by q.event_id`;

/** Parameters, one array entry a run: DAGs, run ids, partitions, interval starts, interval ends. A run id that is taken is made unique by the newest event. */
const CREATE = `
  insert into dag_run (dag_id, version_id, run_id, run_type, state, partition_key, interval_start, interval_end, run_after, params, triggered_by)
  select p.dag_id, d.version_id,
    case when exists (select from dag_run r where r.dag_id = p.dag_id and r.run_id = p.run_id) then p.run_id || '_' || p.event_id else p.run_id end,
    'asset_triggered', 'queued', p.partition_key, p.interval_start, p.interval_end, now(), coalesce(v.spec -> 'paramsDefault', '{}'), 'asset'
  from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::bigint[]) with ordinality
    as p (dag_id, run_id, partition_key, interval_start, interval_end, event_id, position)
  join dag d on d.dag_id = p.dag_id
  join dag_version v on v.id = d.version_id
  order by p.position
  returning id`;

/** Parameters, one array entry a link: runs, events. */
const LINK = `insert into run_asset_event (dag_run_id, event_id) select * from unnest($1::bigint[], $2::bigint[]) on conflict do nothing`;

/** Parameters, one array entry an event: DAGs, events. "is true" keeps them a table of hashes: as a join they would be gone through for each row of the queues. */
const TAKE_OFF = `
  delete from queued_asset_event q
  where q.dag_id = any(array(select distinct unnest($1::text[])))
    and ((q.dag_id, q.event_id) in (select * from unnest($1::text[], $2::bigint[]))) is true`;

type Plan = Parameters<AssetStore['triggerConsumers']>[1];

interface TakenRow {
  readonly dag_id: string | null;
  readonly schedule: DagSpec['schedule'];
  readonly partitions: DagSpec['partitions'] | null;
  readonly at_hand: number;
  readonly now: Instant;
}

interface QueuedRow {
  readonly dag_id: string;
  readonly event_id: string;
  readonly triggers: boolean;
  readonly partition_key: string;
  readonly spec: AssetSpec;
  readonly at: Instant;
  readonly interval_start: Instant | null;
  readonly interval_end: Instant | null;
}

type Taken = Omit<TakenRow, 'dag_id'> & { readonly dag_id: string };

export async function triggerConsumers(pool: pg.Pool, limit: number, plan: Plan): Promise<TriggeredRuns> {
  // Asked without a transaction, because mostly there is none.
  const any = await pool.query<{ found: boolean }>({ name: 'any waiting consumer', text: ANY_WAITING, values: [1] });
  if (any.rows[0]?.found !== true) return { created: [], released: [], looked: 0, passedOver: 0 };
  return transaction(pool, (client) => trigger(client, limit, plan));
}

async function trigger(client: Queryable, limit: number, plan: Plan): Promise<TriggeredRuns> {
  const { rows } = await client.query<TakenRow>({ name: 'take consumers', text: TAKE, values: [limit] });
  const taken = rows.filter((row): row is Taken => row.dag_id !== null);
  const passedOver = (rows[0]?.at_hand ?? 0) - taken.length;
  if (taken.length === 0) return { created: [], released: [], looked: 0, passedOver };
  const dagIds = taken.map((row) => row.dag_id);
  await client.query({ name: 'mark looked', text: MARK, values: [dagIds] });
  const held = await heldRuns(
    client,
    taken.flatMap((row) => (row.schedule.kind === 'assets_and_time' ? [row.dag_id] : [])),
  );
  const kinds = await queued(client, 'kinds of queued events', KINDS, dagIds);
  const moving = taken.filter((row) => !leadsNowhere(plan(consumerOf(row, kinds, held))));
  const all =
    moving.length === 0
      ? new Map()
      : await queued(
          client,
          'all queued events',
          ALL_QUEUED,
          moving.map((row) => row.dag_id),
        );
  const plans = moving.map((row) => ({ dagId: row.dag_id, now: row.now, ...plan(consumerOf(row, all, held)) }));
  const { created, released } = await carryOut(client, plans);
  return { created, released, looked: taken.length, passedOver };
}

async function queued(
  client: Queryable,
  name: string,
  text: string,
  dagIds: readonly string[],
): Promise<ReadonlyMap<string, readonly QueuedRow[]>> {
  const { rows } = await client.query<QueuedRow>({ name, text, values: [dagIds] });
  return Map.groupBy(rows, (row) => row.dag_id);
}

function leadsNowhere({ runs, ignored }: ConsumerPlan): boolean {
  return runs.length === 0 && ignored.length === 0;
}

function consumerOf(
  { dag_id: dagId, schedule, partitions }: Taken,
  rows: ReadonlyMap<string, readonly QueuedRow[]>,
  held: ReadonlyMap<string, readonly HeldRun[]>,
): WaitingConsumer {
  const events = rows.get(dagId) ?? [];
  return {
    dagId,
    dag: { schedule, ...(partitions === null || partitions === undefined ? {} : { partitions }) },
    assets: [...new Map(events.map(({ spec }) => [spec.name, spec])).values()],
    queued: events.map(queuedEvent),
    held: held.get(dagId) ?? [],
  };
}

function queuedEvent(row: QueuedRow): QueuedEvent & EventTime {
  const { interval_start: start, interval_end: end } = row;
  return {
    eventId: row.event_id,
    asset: row.spec.name,
    triggers: row.triggers,
    at: row.at,
    ...(row.partition_key === '' ? {} : { partition: row.partition_key }),
    ...(start === null || end === null ? {} : { interval: { start, end } }),
  };
}

type DagPlan = ConsumerPlan & { readonly dagId: string; readonly now: Instant };

async function carryOut(client: Queryable, plans: readonly DagPlan[]): Promise<Pick<TriggeredRuns, 'created' | 'released'>> {
  const runs = plans.flatMap(({ dagId, now, runs: planned }) => planned.map((run, index) => ({ dagId, now, index, ...run })));
  const fresh = runs.filter((run) => run.heldRun === undefined);
  const created = await create(client, fresh);
  const released = await releaseRuns(client, runs);
  const links = [
    ...fresh.flatMap((run, index) => run.eventIds.map((eventId) => [created[index] ?? '', eventId] as const)),
    ...runs.flatMap(({ heldRun, eventIds }) => (heldRun === undefined ? [] : eventIds.map((eventId) => [heldRun, eventId] as const))),
  ];
  if (links.length > 0) {
    await client.query({ name: 'link events', text: LINK, values: [links.map(([run]) => run), links.map(([, event]) => event)] });
  }
  const gone = plans.flatMap(({ dagId, runs: planned, ignored }) =>
    [...planned.flatMap((run) => run.eventIds), ...ignored].map((eventId) => [dagId, eventId] as const),
  );
  if (gone.length > 0) {
    await client.query({ name: 'take off events', text: TAKE_OFF, values: [gone.map(([dag]) => dag), gone.map(([, event]) => event)] });
  }
  await tellRuns(client, [...created, ...released]);
  return { created, released };
}

type NewRun = AssetRun & { readonly dagId: string; readonly now: Instant; readonly index: number };

/** The keys of the runs, in their order. */
async function create(client: Queryable, runs: readonly NewRun[]): Promise<readonly string[]> {
  if (runs.length === 0) return [];
  const { rows } = await client.query<{ id: string }>({
    name: 'create asset runs',
    text: CREATE,
    values: [
      runs.map((run) => run.dagId),
      runs.map((run) => runIdOf(run)),
      runs.map((run) => run.partition ?? null),
      runs.map((run) => timestamp(run.interval.start)),
      runs.map((run) => timestamp(run.interval.end)),
      runs.map((run) => run.eventIds.at(-1) ?? '0'),
    ],
  });
  return rows.map((row) => row.id);
}

/** Runs of several partitions that are made at once are numbered. */
function runIdOf({ now, index }: NewRun): string {
  return `asset_triggered__${new Date(now).toISOString()}${index === 0 ? '' : `_${index}`}`;
}
