/** Loads and checks as people see them: newest first, by the key of the last one seen, so that a long history costs nothing. */
import type { Instant } from '@headrace/core';
import type { CheckRecord, DataFilter, DataReportStore, LoadRecord, NewestFirst } from '@headrace/ports';
import type { Database, Queryable } from '../database.ts';
import { Conditions } from '../queries/conditions.ts';
import { present } from '../queries/optional.ts';

interface OfTryRow {
  readonly id: string;
  readonly dag_id: string;
  readonly run_id: string;
  readonly task_id: string;
  readonly map_index: number;
  readonly try_number: number;
  readonly task_instance_id: string;
  readonly connection: string;
  readonly place: string;
  readonly partition: LoadRecord['partition'];
  readonly load_id: string | null;
}

interface LoadRow extends OfTryRow {
  readonly kind: LoadRecord['kind'];
  readonly disposition: string | null;
  readonly interval_start: Instant | null;
  readonly interval_end: Instant | null;
  readonly rows_in: string;
  readonly rows_out: string;
  readonly rows_deduplicated: string;
  readonly rows_quarantined: string;
  readonly rows_inserted: string | null;
  readonly rows_updated: string | null;
  readonly rows_deleted: string | null;
  readonly rows_unchanged: string | null;
  readonly bytes: string | null;
  readonly version: string | null;
  readonly unchanged: boolean;
  readonly schema_hash: string;
  readonly columns: LoadRecord['columns'];
  readonly drift: LoadRecord['drift'] | null;
  readonly cursor: LoadRecord['cursor'] | null;
  readonly quarantine: string | null;
  readonly checks: number;
  readonly checks_failed: number;
  readonly committed_at: Instant;
}

interface CheckRow extends OfTryRow {
  readonly name: string;
  readonly columns: readonly string[];
  readonly severity: string;
  readonly stage: string | null;
  readonly ok: boolean;
  readonly count: string;
  readonly samples: readonly string[];
  readonly detail: CheckRecord['detail'] | null;
  readonly checked_at: Instant;
}

/** By the index of places: of each partition the last. Parameters: connection, place, the partition to begin after or null, how many, of which DAGs or null. */
const NEWEST_LOADS = `
  select distinct on (partition_key) * from data_load
  where connection = $1 and place = $2 and ($3::text is null or partition_key > $3)
    and ($5::text[] is null or dag_id = any($5))
  order by partition_key, id desc limit $4`;

export function createDataReportStore(database: Database): DataReportStore {
  const reads = () => database.lane('reads');
  return {
    async loads({ loadId, quarantined, drifted, ...filter }, page) {
      const conditions = filtered(filter, 'committed_at').add('load_id = ?', loadId);
      if (quarantined === true) conditions.require('rows_quarantined > 0');
      if (drifted === true) conditions.require('drift is not null');
      return (await newest<LoadRow>(reads(), 'data_load', conditions, page)).map(loadRecord);
    },
    async checks({ ok, name, ...filter }, page) {
      const conditions = filtered(filter, 'checked_at').add('name = ?', name);
      // As the index of failed ones says it.
      if (ok !== undefined) conditions.require(ok ? 'ok' : 'not ok');
      return (await newest<CheckRow>(reads(), 'data_check', conditions, page)).map(checkRecord);
    },
    async newestLoads({ connection, place, dagIds }, { limit, after }) {
      const { rows } = await reads().query<LoadRow>(NEWEST_LOADS, [connection, place, after ?? null, limit, dagIds ?? null]);
      return rows.map(loadRecord);
    },
  };
}

function filtered(filter: DataFilter, at: string): Conditions {
  return new Conditions()
    .add('dag_id = ?', filter.dagId)
    .add('dag_id = any(?)', filter.dagIds)
    .add('run_id = ?', filter.runId)
    .add('task_id = ?', filter.taskId)
    .add('map_index = ?', filter.mapIndex)
    .add('connection = ?', filter.connection)
    .add('place = ?', filter.place)
    .add('partition_key = ?', filter.partition)
    .range(at, filter.at);
}

async function newest<Row extends object>(
  db: Queryable,
  table: 'data_load' | 'data_check',
  conditions: Conditions,
  { limit, before }: NewestFirst,
): Promise<readonly Row[]> {
  const { sql, values } = conditions.add('id < ?::bigint', before);
  return (await db.query<Row>(`select * from ${table}${sql} order by id desc limit $${values.length + 1}`, [...values, limit])).rows;
}

function ofTry(row: OfTryRow) {
  return {
    id: row.id,
    dagId: row.dag_id,
    runId: row.run_id,
    taskId: row.task_id,
    mapIndex: row.map_index,
    attempt: row.try_number,
    taskInstanceId: row.task_instance_id,
    connection: row.connection,
    place: row.place,
    partition: row.partition,
    ...(row.load_id === null ? {} : { loadId: row.load_id }),
  };
}

function loadRecord(row: LoadRow): LoadRecord {
  return {
    ...ofTry(row),
    kind: row.kind,
    rowsIn: Number(row.rows_in),
    rowsOut: Number(row.rows_out),
    rowsDeduplicated: Number(row.rows_deduplicated),
    rowsQuarantined: Number(row.rows_quarantined),
    unchanged: row.unchanged,
    schemaHash: row.schema_hash,
    columns: row.columns,
    checks: row.checks,
    checksFailed: row.checks_failed,
    committedAt: row.committed_at,
    ...present({
      disposition: row.disposition,
      intervalStart: row.interval_start,
      intervalEnd: row.interval_end,
      rowsInserted: numberOrNull(row.rows_inserted),
      rowsUpdated: numberOrNull(row.rows_updated),
      rowsDeleted: numberOrNull(row.rows_deleted),
      rowsUnchanged: numberOrNull(row.rows_unchanged),
      bytes: numberOrNull(row.bytes),
      version: numberOrNull(row.version),
      drift: row.drift,
      cursor: row.cursor,
      quarantine: row.quarantine,
    }),
  };
}

function checkRecord(row: CheckRow): CheckRecord {
  return {
    ...ofTry(row),
    name: row.name,
    columns: row.columns,
    severity: row.severity,
    ok: row.ok,
    count: Number(row.count),
    samples: row.samples,
    at: row.checked_at,
    ...present({ stage: row.stage, detail: row.detail }),
  };
}

function numberOrNull(text: string | null): number | null {
  return text === null ? null : Number(text);
}
