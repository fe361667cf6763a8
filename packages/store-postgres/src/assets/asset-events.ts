/** Events of assets as people, waits and deadlines see them. */
import type { AssetSpec, Instant, RunStatus } from '@headrace/core';
import type { AssetEventFilter, AssetEventRecord, EventRun, Listed, NewestEvents, Page } from '@headrace/ports';
import type { Queryable } from '../database.ts';
import { Conditions } from '../queries/conditions.ts';
import { type ListQuery, list } from '../queries/list.ts';
import { present } from '../queries/optional.ts';
import { timestamp } from '../timestamp.ts';

export interface EventRow {
  readonly id: string;
  readonly asset_id: string;
  readonly spec: AssetSpec;
  readonly partition_key: string | null;
  readonly extra: Readonly<Record<string, unknown>>;
  readonly at: Instant;
  readonly source_run_key: string | null;
  readonly source_dag_id: string | null;
  readonly source_run_id: string | null;
  readonly source_task_id: string | null;
  readonly source_map_index: number | null;
  readonly username: string | null;
}

/** Of `asset_event e join asset a`. */
export const EVENT_COLUMNS = `e.id, e.asset_id, a.spec, e.partition_key, e.extra, e.at, e.source_run_key, e.source_dag_id, e.source_run_id,
  e.source_task_id, e.source_map_index, e.username`;

const FROM = 'asset_event e join asset a on a.id = e.asset_id';

const EVENTS: ListQuery<EventRow, AssetEventRecord> = {
  columns: EVENT_COLUMNS,
  from: FROM,
  order: {
    id: 'e.id',
    timestamp: 'e.at',
    asset_id: 'e.asset_id',
    partition_key: 'e.partition_key',
    source_dag_id: 'e.source_dag_id',
    source_task_id: 'e.source_task_id',
    source_run_id: 'e.source_run_id',
    source_map_index: 'e.source_map_index',
  },
  key: 'e.id',
  item: eventOf,
};

export function eventOf(row: EventRow): AssetEventRecord {
  const { source_run_key: runKey, source_dag_id: dagId, source_run_id: runId, source_task_id: taskId, source_map_index: mapIndex } = row;
  const sourced = runKey !== null && dagId !== null && runId !== null && taskId !== null;
  return {
    eventId: row.id,
    assetId: row.asset_id,
    asset: row.spec.name,
    extra: row.extra,
    at: row.at,
    ...present({ uri: row.spec.uri, group: row.spec.group, partition: row.partition_key, user: row.username }),
    ...(sourced ? { source: { runKey, dagId, runId, taskId, mapIndex: mapIndex ?? -1 } } : {}),
  };
}

export function listEvents(db: Queryable, filter: AssetEventFilter, page: Page): Promise<Listed<AssetEventRecord>> {
  const conditions = new Conditions()
    .add('e.asset_id = ?', filter.assetId)
    .visible('a.name', filter.visible)
    .like('a.name', filter.namePattern)
    .add('e.partition_key = ?', filter.partition)
    .add('e.source_dag_id = ?', filter.dagId)
    .add('e.source_task_id = ?', filter.taskId)
    .add('e.source_run_id = ?', filter.runId)
    .add('e.source_map_index = ?', filter.mapIndex)
    .range('e.at', filter.at);
  return list(db, EVENTS, conditions, page);
}

export async function eventsById(db: Queryable, eventIds: readonly string[]): Promise<readonly AssetEventRecord[]> {
  const { rows } = await db.query<EventRow>(`select ${EVENT_COLUMNS} from ${FROM} where e.id = any($1) order by e.id`, [eventIds]);
  return rows.map(eventOf);
}

/** Parameters: asset, since, partition. */
const SINCE = `
  select ${EVENT_COLUMNS} from ${FROM}
  where a.name = $1 and e.at > $2::timestamptz`;
const FIRST = 'order by e.at, e.id limit 1';

export async function eventSince(
  db: Queryable,
  asset: string,
  partition: string | undefined,
  since: Instant,
): Promise<AssetEventRecord | undefined> {
  const { rows } =
    partition === undefined
      ? await db.query<EventRow>({ name: 'event since', text: `${SINCE} ${FIRST}`, values: [asset, timestamp(since)] })
      : await db.query<EventRow>({
          name: 'event of a partition since',
          text: `${SINCE} and e.partition_key = $3 ${FIRST}`,
          values: [asset, timestamp(since), partition],
        });
  return rows[0] === undefined ? undefined : eventOf(rows[0]);
}

/** Parameter: names. Up to two rows an asset: its newest event, and the newest one of its greatest partition. */
const NEWEST = `
  select a.name, f.kind, ${EVENT_COLUMNS}
  from unnest($1::text[]) as n (name) join asset a on a.name = n.name
  left join lateral (
    (select 'newest' as kind, id from asset_event where asset_id = a.id order by at desc, id desc limit 1)
    union all
    (select 'partition', id from asset_event where asset_id = a.id and partition_key is not null
      order by partition_key desc, at desc, id desc limit 1)
  ) f on true
  left join asset_event e on e.id = f.id`;

export async function newestEvents(db: Queryable, assets: readonly string[]): Promise<readonly NewestEvents[]> {
  const { rows } = await db.query<EventRow & { name: string; kind: 'newest' | 'partition' | null }>({
    name: 'newest events',
    text: NEWEST,
    values: [[...new Set(assets)]],
  });
  return [...Map.groupBy(rows, (row) => row.name)].map(([asset, found]) => {
    const newest = found.find((row) => row.kind === 'newest');
    const newestPartition = found.find((row) => row.kind === 'partition');
    return {
      asset,
      ...(newest === undefined ? {} : { newest: eventOf(newest) }),
      ...(newestPartition === undefined ? {} : { newestPartition: eventOf(newestPartition) }),
    };
  });
}

export async function triggeringEvents(db: Queryable, runKey: string): Promise<readonly AssetEventRecord[]> {
  const { rows } = await db.query<EventRow>({
    name: 'triggering events',
    text: `select ${EVENT_COLUMNS} from run_asset_event l join asset_event e on e.id = l.event_id join asset a on a.id = e.asset_id
      where l.dag_run_id = $1 order by e.id`,
    values: [runKey],
  });
  return rows.map(eventOf);
}

interface EventRunRow {
  readonly event_id: string;
  readonly id: string;
  readonly dag_id: string;
  readonly run_id: string;
  readonly state: RunStatus;
  readonly partition_key: string | null;
  readonly logical_date: Instant | null;
  readonly interval_start: Instant | null;
  readonly interval_end: Instant | null;
  readonly started_at: Instant | null;
  readonly ended_at: Instant | null;
  readonly queued_at: Instant | null;
  readonly newest: boolean;
}

export async function runsOfEvents(db: Queryable, eventIds: readonly string[]): Promise<readonly EventRun[]> {
  const { rows } = await db.query<EventRunRow>(
    `select l.event_id, r.id, r.dag_id, r.run_id, r.state, r.partition_key, r.logical_date, r.interval_start, r.interval_end, r.started_at, r.ended_at, r.queued_at,
       not exists (select from run_asset_event n where n.dag_run_id = l.dag_run_id and n.event_id > l.event_id) as newest
     from run_asset_event l join dag_run r on r.id = l.dag_run_id where l.event_id = any($1) order by r.id, l.event_id`,
    [eventIds],
  );
  return rows.map((row) => ({
    eventId: row.event_id,
    runKey: row.id,
    dagId: row.dag_id,
    runId: row.run_id,
    status: row.state,
    ...present({
      partition: row.partition_key,
      logicalDate: row.logical_date,
      intervalStart: row.interval_start,
      intervalEnd: row.interval_end,
      startedAt: row.started_at,
      endedAt: row.ended_at,
      queuedAt: row.queued_at,
    }),
    newest: row.newest,
  }));
}
