/**
 * running → what the attempt ended in.
 *
 * Promises: only the worker that holds the attempt ends it, once; what a fenced attempt says changes nothing. The result
 * is saved, and schedulers are told, by the same statement. An attempt that was told to restart ends as `none`, without
 * a result. One that ends as `scheduled` (interrupted), or to wait for something, does not count as a try. Waits, events
 * of assets, notices and reports of data of an attempt are saved with its ending or not at all.
 *
 * States are compared with a column, not with literals: see `claim.ts`.
 *
 * Parameters, one array entry an attempt: task instances, attempt ids, workers, states, due times, errors, log keys;
 * with results also their JSON texts, object keys and sizes, decisions and labels.
 */
import type { FinishedAttempt } from '@headrace/ports';
import type pg from 'pg';
import { saveAssetEvents } from '../assets/save-asset-events.ts';
import { saveDataReports } from '../data/save-data-reports.ts';
import type { Queryable } from '../database.ts';
import { saveNotices } from '../notices/save-notices.ts';
import { TOLD, tellMoves } from '../notification.ts';
import { storableJson } from '../storable-json.ts';
import { dueAtOf } from '../task-state.ts';
import { timestampOrNull } from '../timestamp.ts';
import { transaction } from '../transaction.ts';
import { saveWaits } from '../waits/save-waits.ts';

const COLUMNS = '$1::bigint[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::jsonb[], $7::text[]';
const NAMES = 'id, attempt_id, worker_id, state, due_at, error, log_key';

function statement(columns: string, names: string, set: string, returned: string, saved: string): string {
  return `
  with ended as materialized (select *, array['running', 'restarting'] as from_states from unnest(${columns}) as e (${names})),
  finished as (
    update task_instance t
    set state = case when t.state = 'restarting' then 'none' else e.state end,
      due_at = case when t.state = 'restarting' then null else e.due_at end,
      tries_before = case
        when t.state = 'restarting' then t.attempt
        when e.state in ('scheduled', 'up_for_reschedule', 'deferred', 'awaiting_input') then t.tries_before + 1
        else t.tries_before end,
      first_started_at = case when t.state = 'restarting' then null else t.first_started_at end,
      scheduled_at = case when t.state = 'running' and e.state = 'scheduled' then now() else t.scheduled_at end,
      ended_at = now(), lease_until = null, error = e.error, reason = null, log_key = e.log_key${set}
    from ended e
    where t.id = e.id and t.attempt_id = e.attempt_id and t.worker_id = e.worker_id and t.state = any(e.from_states)
    returning t.id, t.dag_run_id, t.state, t.attempt, t.due_at, t.decision, t.attempt_id${returned}
  ),
  ${saved}
  ${tellMoves('finished')}
  select attempt_id, dag_run_id, state, attempt, ${TOLD} as told from finished`;
}

const FINISH = statement(COLUMNS, NAMES, '', '', '');
const FINISH_WITH_RESULTS = statement(
  `${COLUMNS}, $8::text[], $9::text[], $10::bigint[], $11::jsonb[], $12::text[]`,
  `${NAMES}, json, object_key, size, decision, map_label`,
  `, decision = case when t.state = 'running' then e.decision end, map_label = coalesce(e.map_label, t.map_label)`,
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
    and (t.state = e.state or (t.state = 'scheduled' and e.state in ('up_for_retry', 'up_for_reschedule', 'deferred', 'awaiting_input')))`;

export type Ending = FinishedAttempt & { readonly workerId: string };

/** For each: whether it was recorded. */
export async function finish(db: pg.Pool, endings: readonly Ending[]): Promise<readonly boolean[]> {
  const { ended, before } = endings.some(saysMore)
    ? await transaction(db, (client) => recordAll(client, endings))
    : await record(db, endings);
  return endings.map(({ attemptId }) => ended.has(attemptId) || before.has(attemptId));
}

interface Ended {
  readonly dag_run_id: string;
  /** What it really ended in: an attempt that was told to restart is `none`. */
  readonly state: string;
  readonly attempt: number;
}

interface Recorded {
  readonly ended: ReadonlyMap<string, Ended>;
  /** By the worker itself, in a call whose answer was lost. */
  readonly before: ReadonlySet<string>;
}

function saysMore({ wait, endedWaits, assetEvents, data, notices }: Ending): boolean {
  return (
    wait !== undefined || data !== undefined || [endedWaits, assetEvents, notices].some((list) => list !== undefined && list.length > 0)
  );
}

/** What was fenced, or told to restart, says nothing. */
async function recordAll(client: pg.PoolClient, endings: readonly Ending[]): Promise<Recorded> {
  const recorded = await record(client, endings);
  const counting = endings.flatMap((ending) => {
    const ended = recorded.ended.get(ending.attemptId);
    return ended?.state === ending.to.status ? [{ ...ending, runKey: ended.dag_run_id, attempt: ended.attempt }] : [];
  });
  await saveWaits(
    client,
    counting.flatMap(({ taskInstanceId, runKey, attempt, wait, endedWaits: ended = [] }) =>
      wait === undefined && ended.length === 0 ? [] : [{ taskInstanceId, runKey, attempt, ended, ...(wait === undefined ? {} : { wait }) }],
    ),
  );
  await saveAssetEvents(
    client,
    counting.flatMap(({ taskInstanceId, assetEvents = [] }) => assetEvents.map((event) => ({ ...event, source: { taskInstanceId } }))),
  );
  await saveDataReports(
    client,
    counting.flatMap(({ taskInstanceId, attempt, data }) => (data === undefined ? [] : [{ taskInstanceId, attempt, data }])),
  );
  await saveNotices(
    client,
    counting.flatMap(({ notices = [] }) => notices),
  );
  return recorded;
}

async function record(db: Queryable, endings: readonly Ending[]): Promise<Recorded> {
  const ordered = endings.toSorted((a, b) => Number(a.taskInstanceId) - Number(b.taskInstanceId));
  const withResults = ordered.some(hasResult);
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
      ordered.map(({ to }) => (to.status === 'success' && to.decision !== undefined ? storableJson(to.decision) : null)),
      ordered.map(({ mapLabel }) => mapLabel ?? null),
    );
  }
  const { rows } = await db.query<Ended & { attempt_id: string }>(
    withResults ? { name: 'finish with results', text: FINISH_WITH_RESULTS, values } : { name: 'finish', text: FINISH, values },
  );
  const ended = new Map(rows.map((row) => [row.attempt_id, row]));
  const others = ordered.filter((ending) => !ended.has(ending.attemptId));
  if (others.length === 0) return { ended, before: new Set() };
  const before = await db.query<{ attempt_id: string }>({ name: 'ended before', text: ENDED_BEFORE, values: identified(others) });
  return { ended, before: new Set(before.rows.map((row) => row.attempt_id)) };
}

function hasResult({ result, to, mapLabel }: Ending): boolean {
  return result !== undefined || mapLabel !== undefined || (to.status === 'success' && to.decision !== undefined);
}

function identified(endings: readonly Ending[]): unknown[] {
  return [
    endings.map((ending) => ending.taskInstanceId),
    endings.map((ending) => ending.attemptId),
    endings.map((ending) => ending.workerId),
    endings.map((ending) => ending.to.status),
  ];
}
