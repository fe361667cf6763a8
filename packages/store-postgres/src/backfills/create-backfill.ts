/** A new backfill with all its dates, in one transaction. */
import { type BackfillRecord, BackfillRunningError, DagNotFoundError, type NewBackfill } from '@headrace/ports';
import type pg from 'pg';
import { tellDuty } from '../notification.ts';
import { storableJson } from '../storable-json.ts';
import { timestamp } from '../timestamp.ts';
import { constraintOf, transaction } from '../transaction.ts';
import { BACKFILL_COLUMNS, type BackfillRow, backfillRecord } from './backfill-rows.ts';
import { BACKFILL_DUTY } from './duty-name.ts';

/** No row: no such DAG. */
const CREATE = `
  insert into backfill (dag_id, from_at, to_at, params, reprocess, backwards, max_active_runs, priority_class, version_id, username)
  select d.dag_id, $2::timestamptz, $3::timestamptz, $4::jsonb, $5, $6::boolean, $7::integer, $8::smallint, $9::bigint, $10
  from dag d where d.dag_id = $1 and d.removed_at is null and d.version_id is not null
  returning ${BACKFILL_COLUMNS}`;

/** Parameters: backfill, then the dates by column. */
const ADD_DATES = `
  insert into backfill_run (backfill_id, position, logical_date, interval_start, interval_end, partition_key, state)
  select $1, d.*, 'waiting'
  from unnest($2::integer[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[], $6::text[])
    as d (position, logical_date, interval_start, interval_end, partition_key)`;

export async function createBackfill(pool: pg.Pool, backfill: NewBackfill): Promise<BackfillRecord> {
  try {
    return await transaction(pool, async (client) => {
      const { rows } = await client.query<BackfillRow>(CREATE, [
        backfill.dagId,
        timestamp(backfill.from),
        timestamp(backfill.to),
        storableJson(backfill.params),
        backfill.reprocess,
        backfill.backwards,
        backfill.maxActiveRuns,
        backfill.priorityClass,
        backfill.versionId ?? null,
        backfill.user ?? null,
      ]);
      const [row] = rows;
      if (row === undefined) throw new DagNotFoundError(backfill.dagId);
      const { entries } = backfill;
      await client.query(ADD_DATES, [
        row.id,
        entries.map((entry) => entry.position),
        entries.map((entry) => timestamp(entry.logicalDate)),
        entries.map((entry) => timestamp(entry.intervalStart)),
        entries.map((entry) => timestamp(entry.intervalEnd)),
        entries.map((entry) => entry.partitionKey ?? null),
      ]);
      await tellDuty(client, BACKFILL_DUTY);
      return backfillRecord(row);
    });
  } catch (error) {
    if (constraintOf(error) !== 'backfill_open') throw error;
    const { rows } = await pool.query<{ id: string }>('select id from backfill where dag_id = $1 and completed_at is null', [
      backfill.dagId,
    ]);
    throw new BackfillRunningError(backfill.dagId, rows[0]?.id ?? 'just now');
  }
}
