/** A notice as rows hold it. */
import type { Instant, NoticeTarget } from '@headrace/core';
import type { NoticeRecord, NoticeState } from '@headrace/ports';
import { present } from '../queries/optional.ts';

export const NOTICE_COLUMNS = `n.id, n.key, n.idempotency_key, n.event, n.dag_id, n.run_id, n.target, n.payload, n.version_id, n.state, n.attempts,
  n.next_at, n.last_error, n.created_at, n.delivered_at`;

export interface NoticeRow {
  readonly id: string;
  readonly key: string;
  readonly idempotency_key: string;
  readonly event: string;
  readonly dag_id: string | null;
  readonly run_id: string | null;
  readonly target: NoticeTarget;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly version_id: string | null;
  readonly state: NoticeState;
  readonly attempts: number;
  readonly next_at: Instant;
  readonly last_error: string | null;
  readonly created_at: Instant;
  readonly delivered_at: Instant | null;
}

export function noticeOf(row: NoticeRow): NoticeRecord {
  return {
    id: row.id,
    key: row.key,
    idempotencyKey: row.idempotency_key,
    event: row.event,
    target: row.target,
    payload: row.payload,
    state: row.state,
    attempts: row.attempts,
    createdAt: row.created_at,
    ...(row.state === 'pending' ? { nextAt: row.next_at } : {}),
    ...present({
      dagId: row.dag_id,
      runId: row.run_id,
      versionId: row.version_id,
      lastError: row.last_error,
      deliveredAt: row.delivered_at,
    }),
  };
}
