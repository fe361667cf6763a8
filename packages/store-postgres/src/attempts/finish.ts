/**
 * running → what the attempt ended in.
 *
 * Promises: only the worker that holds the attempt ends it, once; what a fenced attempt says changes nothing. The result
 * is saved, and schedulers are told, by the same statement. An attempt that was told to restart ends as `none`, without
 * a result. One that ends as `scheduled` (interrupted) or `up_for_reschedule` does not count as a try.
 *
 * States are compared with a column, not with literals: see `claim.ts`.
 *
 * Parameters, one array entry an attempt: task instances, attempt ids, workers, states, due times, errors, log keys;
 * with results also their JSON texts, object keys and sizes.
 */
import type { FinishedAttempt } from '@headrace/ports';
import type { Queryable } from '../database.ts';
import { TOLD, tellMoves } from '../notification.ts';
import { storableJson } from '../storable-json.ts';
import { dueAtOf } from '../task-state.ts';
import { timestampOrNull } from '../timestamp.ts';

const COLUMNS = '$1::bigint[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::jsonb[], $7::text[]';
const NAMES = 'id, attempt_id, worker_id, state, due_at, error, log_key';

function statement(columns: string, names: string, returned: string, saved: string): string {
  return `
  with ended as materialized (select *, array['running', 'restarting'] as from_states from unnest(${columns}) as e (${names})),
  finished as (
    update task_instance t
    set state = case when t.state = 'restarting' then 'none' else e.state end,
      due_at = case when t.state = 'restarting' then null else e.due_at end,
      tries_before = case
        when t.state = 'restarting' then t.attempt
        when e.state in ('scheduled', 'up_for_reschedule') then t.tries_before + 1
        else t.tries_before end,
      scheduled_at = case when t.state = 'running' and e.state = 'scheduled' then now() else t.scheduled_at end,
      ended_at = now(), lease_until = null, error = e.error, reason = null, log_key = e.log_key
    from ended e
    where t.id = e.id and t.attempt_id = e.attempt_id and t.worker_id = e.worker_id and t.state = any(e.from_states)
    returning t.id, t.dag_run_id, t.state, t.attempt, t.due_at, t.attempt_id${returned}
  ),
  ${saved}
  ${tellMoves('finished')}
  select attempt_id, ${TOLD} as told from finished`;
}

const FINISH = statement(COLUMNS, NAMES, '', '');
const FINISH_WITH_RESULTS = statement(
  `${COLUMNS}, $8::text[], $9::text[], $10::bigint[]`,
  `${NAMES}, json, object_key, size`,
  ', e.json, e.object_key, e.size',
  `saved as (
    insert into task_result (task_instance_id, attempt, inline_json, object_key, size)
    select id, attempt, json, object_key, size from finished
    where state = 'success' and (json is not null or object_key is not null)
  ),`,
);

/** Of attempts that the worker does not hold (any more): those that it ended so itself, in a call whose answer was lost. */
const ENDED_BEFORE = `
  select e.attempt_id
  from unnest($1::bigint[], $2::uuid[], $3::text[], $4::text[]) as e (id, attempt_id, worker_id, state)
  join task_instance t on t.id = e.id
  where t.attempt_id = e.attempt_id and t.worker_id = e.worker_id and t.lease_until is null
    and (t.state = e.state or (t.state = 'scheduled' and e.state in ('up_for_retry', 'up_for_reschedule')))`;

export type Ending = FinishedAttempt & { readonly workerId: string };

/** For each: whether it was recorded. */
export async function finish(db: Queryable, endings: readonly Ending[]): Promise<readonly boolean[]> {
  const ordered = endings.toSorted((a, b) => Number(a.taskInstanceId) - Number(b.taskInstanceId));
  const withResults = ordered.some((ending) => ending.result !== undefined);
  const values: unknown[] = [
    ...identified(ordered),
    ordered.map((ending) => timestampOrNull(dueAtOf(ending.to))),
    ordered.map((ending) => (ending.error === undefined ? null : storableJson(ending.error))),
    ordered.map((ending) => ending.logKey ?? null),
  ];
  if (withResults) {
    values.push(
      ordered.map(({ result }) => (result?.kind === 'inline' ? result.json : null)),
      ordered.map(({ result }) => (result?.kind === 'object' ? result.key : null)),
      ordered.map(({ result }) => (result?.kind === 'object' ? result.size : null)),
    );
  }
  const { rows } = await db.query<{ attempt_id: string }>(
    withResults ? { name: 'finish with results', text: FINISH_WITH_RESULTS, values } : { name: 'finish', text: FINISH, values },
  );
  const recorded = new Set(rows.map((row) => row.attempt_id));
  const others = ordered.filter((ending) => !recorded.has(ending.attemptId));
  if (others.length > 0) {
    const before = await db.query<{ attempt_id: string }>({ name: 'ended before', text: ENDED_BEFORE, values: identified(others) });
    for (const row of before.rows) recorded.add(row.attempt_id);
  }
  return endings.map((ending) => recorded.has(ending.attemptId));
}

function identified(endings: readonly Ending[]): unknown[] {
  return [
    endings.map((ending) => ending.taskInstanceId),
    endings.map((ending) => ending.attemptId),
    endings.map((ending) => ending.workerId),
    endings.map((ending) => ending.to.status),
  ];
}
