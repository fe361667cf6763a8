/** Backfills on PostgreSQL. */
import type { Instant, RunStatus } from '@headrace/core';
import {
  BackfillEndedError,
  BackfillNotFoundError,
  type BackfillRecord,
  type BackfillRunRecord,
  type BackfillStore,
} from '@headrace/ports';
import type { Database } from '../database.ts';
import { tellDuty } from '../notification.ts';
import { observed } from '../observed.ts';
import { limits, orderBy, orderTerms } from '../queries/order.ts';
import { timestamp } from '../timestamp.ts';
import { transaction } from '../transaction.ts';
import { advance } from './advance.ts';
import { BACKFILL_COLUMNS, type BackfillRow, backfillRecord } from './backfill-rows.ts';
import { createBackfill } from './create-backfill.ts';
import { BACKFILL_DUTY } from './duty-name.ts';

const GET = `select ${BACKFILL_COLUMNS} from backfill where id = $1`;

/** Parameters: backfill, paused. No row: it has ended, or there is none. */
const SET_PAUSED = `
  update backfill set paused = $2, updated_at = now() where id = $1 and completed_at is null returning ${BACKFILL_COLUMNS}`;

/** Parameter: backfill. */
const CANCEL = `
  with cancelled as (
    update backfill set paused = true, completed_at = now(), cancelled_at = now(), updated_at = now()
    where id = $1 and completed_at is null
    returning ${BACKFILL_COLUMNS}
  ),
  dropped as (
    update backfill_run o set state = 'skipped', reason = 'cancelled'
    from cancelled c where o.backfill_id = c.id and o.state in ('waiting', 'clearing')
  )
  select * from cancelled`;

/** Parameters: DAG, logical dates. */
const EXISTING = `
  select r.id, r.run_id, r.logical_date, r.state
  from unnest($2::timestamptz[]) as d (logical_date) join dag_run r on r.dag_id = $1 and r.logical_date = d.logical_date
  order by r.logical_date`;

/** Parameters: backfill, how many, from which on. */
const RUNS = `
  select o.position, o.logical_date, o.partition_key, o.state, o.reason, r.run_id
  from backfill_run o left join dag_run r on r.id = o.dag_run_id
  where o.backfill_id = $1
  order by o.position
  limit $2 offset $3`;

/** Parameters: backfill, position, why it cannot be cleared or null. */
const NOTE_CLEARED = `
  update backfill_run set state = case when $3::text is null then 'made' else 'skipped' end, reason = $3
  where backfill_id = $1 and position = $2 and state = 'clearing'`;

/** Parameter: how many. */
const CANCELLED_RUNS = `
  select r.dag_id, r.run_id
  from dag_run r join backfill b on b.id = r.backfill_id
  where r.backfill_id is not null and r.state = 'queued' and b.cancelled_at is not null
  order by r.id
  limit $1`;

export function createBackfillStore(database: Database): BackfillStore {
  const work = () => database.lane('work');
  const reads = () => database.lane('reads');

  async function find(backfillId: string): Promise<BackfillRecord | undefined> {
    const { rows } = await work().query<BackfillRow>(GET, [backfillId]);
    return rows[0] === undefined ? undefined : backfillRecord(rows[0]);
  }

  async function change(backfillId: string, text: string, values: readonly unknown[]): Promise<BackfillRecord> {
    return transaction(work(), async (client) => {
      const { rows } = await client.query<BackfillRow>(text, [backfillId, ...values]);
      const [row] = rows;
      if (row === undefined)
        throw (await find(backfillId)) === undefined ? new BackfillNotFoundError(backfillId) : new BackfillEndedError(backfillId);
      await tellDuty(client, BACKFILL_DUTY);
      return backfillRecord(row);
    });
  }

  return {
    create: (backfill) => createBackfill(work(), backfill),
    get: find,
    setPaused: (backfillId, paused) => change(backfillId, SET_PAUSED, [paused]),
    cancel: (backfillId) => change(backfillId, CANCEL, []),

    async list(dagId, page) {
      const { rows } = await reads().query<BackfillRow>(
        `select ${BACKFILL_COLUMNS} from backfill where dag_id = $1 ${orderBy(orderTerms({ id: 'id' }, page.orderBy, 'id'))} limit $2 offset $3`,
        [dagId, ...limits(page)],
      );
      const counted = await reads().query<{ total: string }>('select count(*) as total from backfill where dag_id = $1', [dagId]);
      return { items: rows.map(backfillRecord), total: Number(counted.rows[0]?.total ?? 0) };
    },

    async runs(backfillId, page) {
      const { rows } = await reads().query<{
        position: number;
        logical_date: Instant;
        partition_key: string | null;
        state: BackfillRunRecord['state'];
        reason: string | null;
        run_id: string | null;
      }>(RUNS, [backfillId, ...limits(page)]);
      const counted = await reads().query<{ total: string }>('select count(*) as total from backfill_run where backfill_id = $1', [
        backfillId,
      ]);
      const items = rows.map(
        (row): BackfillRunRecord => ({
          position: row.position,
          logicalDate: row.logical_date,
          state: row.state,
          ...(row.partition_key === null ? {} : { partitionKey: row.partition_key }),
          ...(row.reason === null ? {} : { reason: row.reason }),
          ...(row.run_id === null ? {} : { runId: row.run_id }),
        }),
      );
      return { items, total: Number(counted.rows[0]?.total ?? 0) };
    },

    async existing(dagId, logicalDates) {
      const { rows } = await work().query<{ id: string; run_id: string; logical_date: Instant; state: RunStatus }>({
        name: 'runs at dates',
        text: EXISTING,
        values: [dagId, logicalDates.map(timestamp)],
      });
      return rows.map((row) => ({ runKey: row.id, runId: row.run_id, logicalDate: row.logical_date, status: row.state }));
    },

    advance: (limit, decide) => observed(database.metrics, 'advance_backfills', () => advance(work(), limit, decide)),

    async noteCleared(backfillId, position, skipped) {
      await work().query({ name: 'note cleared', text: NOTE_CLEARED, values: [backfillId, position, skipped ?? null] });
    },

    async cancelledRuns(limit) {
      const { rows } = await work().query<{ dag_id: string; run_id: string }>({
        name: 'runs of cancelled backfills',
        text: CANCELLED_RUNS,
        values: [limit],
      });
      return rows.map(({ dag_id: dagId, run_id: runId }) => ({ dagId, runId }));
    },
  };
}
