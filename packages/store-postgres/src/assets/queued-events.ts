/** The queues of consumers as people see them, and take events off them. */
import type { Instant } from '@headrace/core';
import type { QueuedEventFilter, QueuedEventRecord } from '@headrace/ports';
import type pg from 'pg';
import type { Queryable } from '../database.ts';
import { Conditions } from '../queries/conditions.ts';
import { timestamp } from '../timestamp.ts';
import { transaction } from '../transaction.ts';

interface Row {
  readonly dag_id: string;
  readonly asset_id: string;
  readonly event_id: string;
  readonly partition_key: string;
  readonly at: Instant;
}

function conditionsOf({ dagId, dagIds, assetId, before }: QueuedEventFilter): Conditions {
  return new Conditions()
    .require('q.triggers')
    .add('q.dag_id = ?', dagId)
    .add('q.dag_id = any(?)', dagIds)
    .add('q.asset_id = ?', assetId)
    .add('e.at < ?::timestamptz', before === undefined ? undefined : timestamp(before));
}

const FROM = 'queued_asset_event q join asset_event e on e.id = q.event_id';

/** In the order in which they came. Those that make no run are not shown: nobody waits for what would follow from them. */
export async function queuedEvents(db: Queryable, filter: QueuedEventFilter): Promise<readonly QueuedEventRecord[]> {
  const { sql, values } = conditionsOf(filter);
  const { rows } = await db.query<Row>(
    `select q.dag_id, q.asset_id, q.event_id, q.partition_key, e.at from ${FROM}${sql} order by q.event_id, q.dag_id`,
    [...values],
  );
  return rows.map((row) => ({
    dagId: row.dag_id,
    assetId: row.asset_id,
    eventId: row.event_id,
    at: row.at,
    ...(row.partition_key === '' ? {} : { partition: row.partition_key }),
  }));
}

/** Whoever makes runs of the same consumers is waited for. */
export async function dropQueuedEvents(pool: pg.Pool, filter: QueuedEventFilter): Promise<number> {
  const { sql, values } = conditionsOf(filter);
  return transaction(pool, async (client) => {
    await client.query(
      `select from asset_consumer c where c.dag_id in (select q.dag_id from ${FROM}${sql}) order by c.dag_id for update of c`,
      [...values],
    );
    const { rowCount } = await client.query(`delete from queued_asset_event q using asset_event e ${sql} and e.id = q.event_id`, [
      ...values,
    ]);
    return rowCount ?? 0;
  });
}
