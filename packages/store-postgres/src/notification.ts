/**
 * What is told over NOTIFY, packed: a commit's news in as few notifications as fit Postgres' limit of 8,000 bytes.
 *
 * N1. `headrace_events`, for schedulers: `t` and moves of tasks, `run,task,state,attempt,dueAtMs,decision` with `;` between
 *     (in the decision's JSON stand U+0001 and U+0002 for `,` and `;`); `r` and run keys with `,` between; `d` and the id of
 *     one DAG; `p` and the name of one pool; `y` and the name of one duty.
 * N2. `headrace_revoked`, for workers: attempt ids with `,` between.
 * N3. Only ids and states are told: what is missed or refused can be read from the rows.
 */
import { type Decision, TASK_TRANSITIONS, type TaskStatus } from '@headrace/core';
import type { StoreEvent } from '@headrace/ports';
import type { Queryable } from './database.ts';
import { stateOf } from './task-state.ts';

export const EVENTS = 'headrace_events';
export const REVOKED = 'headrace_revoked';

/** A notification's moves have at most so many bytes … */
const BYTES_AT_ONCE = 6_800;
/** … and one of them this many: a longer decision is not told, but its run is, to be read anew. */
const LONGEST_MOVE = 1_000;
const KEYS_AT_ONCE = 300;
const ATTEMPTS_AT_ONCE = 200;

/**
 * A CTE `told` that tells the moves in the CTE `moved` (columns dag_run_id, id, state, attempt, due_at, decision). It runs only
 * if the statement reads it: see `TOLD`.
 */
export function tellMoves(moved: string): string {
  return `packed as (
    select dag_run_id, row_number() over () as position,
      concat_ws(',', dag_run_id, id, state, attempt, coalesce(floor(extract(epoch from due_at) * 1000)::bigint::text, case when decision is null then null else '' end),
        translate(decision::text, ',;', E'\\x01\\x02')) as move
    from ${moved}
  ),
  chunked as (
    select *, sum(octet_length(move) + 1) over (order by position) / ${BYTES_AT_ONCE} as chunk from packed where octet_length(move) <= ${LONGEST_MOVE}
  ),
  told as (
    select pg_notify('${EVENTS}', 't' || string_agg(move, ';' order by position)) from chunked group by chunk
    union all
    select pg_notify('${EVENTS}', 'r' || dag_run_id) from packed where octet_length(move) > ${LONGEST_MOVE}
  )`;
}

/** A column that makes a statement with `tellMoves` tell. */
export const TOLD = '(select count(*) from told)';

/** Tells that these runs were created or changed by a command; heard when the transaction commits. */
export async function tellRuns(client: Queryable, runKeys: readonly string[]): Promise<void> {
  for (const keys of chunks(runKeys, KEYS_AT_ONCE)) await client.query('select pg_notify($1, $2)', [EVENTS, `r${keys.join(',')}`]);
}

export async function tellDag(client: Queryable, dagId: string): Promise<void> {
  await client.query('select pg_notify($1, $2)', [EVENTS, `d${dagId}`]);
}

export async function tellPool(client: Queryable, pool: string): Promise<void> {
  await client.query('select pg_notify($1, $2)', [EVENTS, `p${pool}`]);
}

/** Tells that one of the scheduler's duties has something to do; heard when the transaction commits. */
export async function tellDuty(client: Queryable, duty: string): Promise<void> {
  await client.query('select pg_notify($1, $2)', [EVENTS, `y${duty}`]);
}

/** Tells workers that these attempts are no longer theirs; heard when the transaction commits. */
export async function tellRevoked(client: Queryable, attemptIds: readonly string[]): Promise<void> {
  for (const ids of chunks(attemptIds, ATTEMPTS_AT_ONCE)) await client.query('select pg_notify($1, $2)', [REVOKED, ids.join(',')]);
}

/** The news in a payload of `headrace_events`. What is not understood (a newer Headrace speaks) gives nothing. */
export function parseEvents(payload: string): readonly StoreEvent[] {
  const rest = payload.slice(1);
  switch (payload[0]) {
    case 't':
      return rest.split(';').flatMap(parseMove);
    case 'r':
      return rest.split(',').map((runKey) => ({ type: 'run', runKey }));
    case 'd':
      return [{ type: 'dag', dagId: rest }];
    case 'p':
      return [{ type: 'pool', pool: rest }];
    case 'y':
      return [{ type: 'duty', duty: rest }];
    default:
      return [];
  }
}

function parseMove(packed: string): StoreEvent[] {
  const [runKey, taskInstanceId, state, attempt, dueAt = '', decision] = packed.split(',');
  if (runKey === undefined || taskInstanceId === undefined || state === undefined || attempt === undefined) return [];
  if (!isStatus(state)) return [];
  const to = stateOf({
    state,
    attempt: Number(attempt),
    due_at: dueAt === '' ? null : Number(dueAt),
    decision: decision === undefined ? null : (JSON.parse(decision.replaceAll('\u0001', ',').replaceAll('\u0002', ';')) as Decision),
  });
  return [{ type: 'task', runKey, taskInstanceId, to }];
}

function isStatus(state: string): state is TaskStatus {
  return Object.hasOwn(TASK_TRANSITIONS, state);
}

function chunks<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  const parts: (readonly T[])[] = [];
  for (let start = 0; start < items.length; start += size) parts.push(items.slice(start, start + size));
  return parts;
}
