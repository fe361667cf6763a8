/**
 * deferred, awaiting_input → scheduled; or failed or skipped, when the wait was given up.
 *
 * Promises: a wait ends once, while its task instance is in the state and attempt that entered it, in one transaction with the move, the
 * notices and, if a person ended it, the run's history. Nothing of the attempt is archived: the task instance goes on in the same try.
 */
import type { WaitEnding } from '@headrace/ports';
import type pg from 'pg';
import type { Queryable } from '../database.ts';
import { saveNotices } from '../notices/save-notices.ts';
import { TOLD, tellMoves } from '../notification.ts';
import { storableJson } from '../storable-json.ts';
import { transaction } from '../transaction.ts';

/** Parameters, one array entry a wait: ids, outcomes, states, reasons, results, users, errors; then the states that wait. */
const END = `
  with asked as materialized (
    select * from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::jsonb[])
      as a (id, outcome, state, reason, result, username, error)
  ),
  live as materialized (
    select a.*, w.key, w.kind, w.attempt, t.id as task_instance_id, t.dag_run_id, t.task_id, t.map_index
    from asked a join wait w on w.id = a.id join task_instance t on t.id = w.task_instance_id
    where w.ended_at is null and t.attempt = w.attempt and t.state = any($8)
    order by t.id for no key update of t, w
  ),
  ended as (
    update wait w set ended_at = now(), outcome = l.outcome, result = l.result, username = l.username
    from live l where w.id = l.id
  ),
  recorded as (
    insert into run_event (dag_run_id, name, username, detail)
    select dag_run_id, 'answer wait', username,
      jsonb_build_object('taskInstanceId', task_instance_id, 'taskId', task_id, 'mapIndex', map_index, 'kind', kind, 'key', key, 'answer', result)
    from live where username is not null
  ),
  moved as (
    update task_instance t
    set state = l.state, due_at = null, reason = l.reason, error = coalesce(l.error, t.error),
      scheduled_at = case when l.state = 'scheduled' then now() else t.scheduled_at end,
      ended_at = case when l.state = 'scheduled' then t.ended_at else now() end
    from live l
    where t.id = l.task_instance_id
    returning t.id, t.dag_run_id, t.state, t.attempt, t.due_at, t.decision, l.id as wait_id
  ),
  ${tellMoves('moved')}
  select wait_id, ${TOLD} as told from moved`;

const WAITING = ['deferred', 'awaiting_input'];

export async function endWaits(pool: pg.Pool, endings: readonly WaitEnding[]): Promise<ReadonlySet<string>> {
  if (endings.length === 0) return new Set();
  const withNotices = endings.some(({ notices = [] }) => notices.length > 0);
  return withNotices ? transaction(pool, (client) => endAndTell(client, endings)) : end(pool, endings);
}

async function endAndTell(client: Queryable, endings: readonly WaitEnding[]): Promise<ReadonlySet<string>> {
  const ended = await end(client, endings);
  await saveNotices(
    client,
    endings.flatMap(({ waitId, notices = [] }) => (ended.has(waitId) ? notices : [])),
  );
  return ended;
}

async function end(db: Queryable, endings: readonly WaitEnding[]): Promise<ReadonlySet<string>> {
  const { rows } = await db.query<{ wait_id: string }>({
    name: 'end waits',
    text: END,
    values: [
      endings.map((ending) => ending.waitId),
      endings.map((ending) => ending.outcome),
      endings.map((ending) => ending.to),
      endings.map((ending) => ending.reason),
      endings.map((ending) => ending.json ?? null),
      endings.map((ending) => ending.user ?? null),
      endings.map((ending) => (ending.error === undefined ? null : storableJson(ending.error))),
      WAITING,
    ],
  });
  return new Set(rows.map((row) => row.wait_id));
}

/**
 * Open waits whose task instance has gone on without them. Only tidies up: such a wait counts nowhere. A poll is left to its task
 * instance while that may still look.
 * Parameter: how many.
 */
const CLOSE_ABANDONED = `
  with gone as materialized (
    select w.id from wait w join task_instance t on t.id = w.task_instance_id
    where w.ended_at is null
      and not (t.attempt = w.attempt and t.state in ('deferred', 'awaiting_input', 'up_for_reschedule'))
      and not (w.kind = 'poll' and t.attempt <= w.attempt + 1 and t.state in ('scheduled', 'queued', 'running'))
    order by w.id limit $1
    for no key update of w skip locked
  )
  update wait w set ended_at = now(), outcome = 'closed' from gone g where w.id = g.id`;

export async function closeAbandoned(db: Queryable, limit: number): Promise<number> {
  const { rowCount } = await db.query({ name: 'close abandoned waits', text: CLOSE_ABANDONED, values: [limit] });
  return rowCount ?? 0;
}
