/**
 * The deliverer's side of the outbox.
 *
 * A notice in hand is due again when its lease ends: `next_at` is both, so one index finds what is new, what is to be tried again, and
 * what a deliverer that died had in hand.
 */
import type { ClaimedNotice, NoticeDelivery } from '@headrace/ports';
import type { Queryable } from '../database.ts';
import { NOTICE_COLUMNS, type NoticeRow, noticeOf } from './notice-row.ts';

/** Parameters: deliverer, how many, lease in milliseconds. */
const CLAIM = `
  with due as materialized (
    select id from notice where state = 'pending' and next_at <= now() order by next_at, id limit $2 for no key update skip locked
  )
  update notice n set attempts = n.attempts + 1, deliverer = $1, next_at = now() + $3::bigint * interval '1 millisecond'
  from due d where n.id = d.id
  returning ${NOTICE_COLUMNS}`;

export async function claimNotices(db: Queryable, deliverer: string, limit: number, leaseMs: number): Promise<readonly ClaimedNotice[]> {
  const { rows } = await db.query<NoticeRow>({ name: 'claim notices', text: CLAIM, values: [deliverer, limit, leaseMs] });
  return rows
    .map((row) => {
      const { id, target, payload, versionId, idempotencyKey, createdAt } = noticeOf(row);
      const version = versionId === undefined ? {} : { versionId };
      return { id, target, payload, idempotencyKey, createdAt, attempt: row.attempts, ...version };
    })
    .sort((a, b) => Number(a.id) - Number(b.id));
}

/** Parameters, one array entry a delivery: ids, attempts, outcomes, pauses in milliseconds, errors. */
const SETTLE = `
  with settled as (
    select * from unnest($1::bigint[], $2::integer[], $3::text[], $4::bigint[], $5::text[]) as s (id, attempt, outcome, after_ms, error)
  ),
  locked as materialized (
    select n.id from notice n join settled s on s.id = n.id order by n.id for no key update of n
  )
  update notice n
  set state = case s.outcome when 'retry' then 'pending' else s.outcome end,
    next_at = case s.outcome when 'retry' then now() + s.after_ms * interval '1 millisecond' else n.next_at end,
    delivered_at = case s.outcome when 'delivered' then now() end,
    last_error = case s.outcome when 'delivered' then null else s.error end,
    deliverer = null
  from settled s join locked l on l.id = s.id
  where n.id = s.id and n.state <> 'delivered' and (s.outcome = 'delivered' or (n.state = 'pending' and n.attempts = s.attempt))`;

export async function settleNotices(db: Queryable, deliveries: readonly NoticeDelivery[]): Promise<void> {
  if (deliveries.length === 0) return;
  await db.query({
    name: 'settle notices',
    text: SETTLE,
    values: [
      deliveries.map((one) => one.id),
      deliveries.map((one) => one.attempt),
      deliveries.map((one) => one.outcome.kind),
      deliveries.map(({ outcome }) => (outcome.kind === 'retry' ? Math.round(outcome.afterMs) : null)),
      deliveries.map(({ outcome }) => (outcome.kind === 'delivered' ? null : outcome.error.replaceAll('\0', '').toWellFormed())),
    ],
  });
}

const DUE_IN = `
  select greatest(0, ceil(extract(epoch from next_at - now()) * 1000))::bigint as ms
  from notice where state = 'pending' order by next_at limit 1`;

export async function noticesDueIn(db: Queryable): Promise<number | undefined> {
  const { rows } = await db.query<{ ms: string }>({ name: 'notices due in', text: DUE_IN });
  return rows[0] === undefined ? undefined : Number(rows[0].ms);
}
