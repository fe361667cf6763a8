/**
 * The rows of triggered runs, of all who trigger at the same time by one statement.
 *
 * CR1. Postgres lets only one transaction that notifies commit at a time, and each waits for the disk: one by one they would be as many as
 *      the disk can sync.
 * CR2. What breaks a rule is left out and fails alone: the others are made.
 */
import { randomBytes } from 'node:crypto';
import type { Metrics, RunRecord, TriggeredRun, TriggerRequest } from '@headrace/ports';
import type pg from 'pg';
import { Batcher } from '../batcher.ts';
import { EVENTS } from '../notification.ts';
import { RUN_COLUMNS, type RunRow, runOf } from '../queries/runs.ts';
import { storableJson } from '../storable-json.ts';
import { timestampOrNull } from '../timestamp.ts';
import { retrying } from '../transaction.ts';

/** Undefined: it was not made, because there is no such DAG or something of it is there. */
export type CreatedRuns = Batcher<TriggerRequest, TriggeredRun | undefined>;

/** Parameters: a list for each column. A run without a time of its own is due at once; of a DAG that is in no file none is made. */
const create = (onConflict: string): string => `
  with created as (
    insert into dag_run (dag_id, version_id, state, run_id, run_type, logical_date, interval_start, interval_end, run_after,
      params, triggered_by, username, note, partition_key, idempotency_key, request_hash,
      parent_dag_id, parent_run_id, parent_task_id, trace_parent)
    select d.dag_id, d.version_id, 'queued', q.run_id, q.run_type, q.logical_date, q.interval_start, q.interval_end,
      coalesce(q.run_after, now()), q.params, q.triggered_by, q.username, q.note, q.partition_key, q.idempotency_key, q.request_hash,
      q.parent_dag_id, q.parent_run_id, q.parent_task_id, q.trace_parent
    from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[], $7::timestamptz[],
        $8::jsonb[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[], $17::text[],
        $18::text[])
      with ordinality as q (dag_id, run_id, run_type, logical_date, interval_start, interval_end, run_after, params, triggered_by,
        username, note, partition_key, idempotency_key, request_hash, parent_dag_id, parent_run_id, parent_task_id, trace_parent, place)
    join dag d on d.dag_id = q.dag_id and d.removed_at is null and d.version_id is not null
    order by q.place${onConflict}
    returning *
  )
  select ${RUN_COLUMNS}, v.number, v.bundle_hash, pg_notify('${EVENTS}', 'r' || r.id) from created r join dag_version v on v.id = r.version_id`;

const CREATE = { name: 'trigger', text: create('') };
const CREATE_ALL = { name: 'trigger all', text: create(' on conflict do nothing') };

interface CreatedRow extends RunRow {
  readonly number: number;
  readonly bundle_hash: string;
}

interface NamedRequest {
  readonly request: TriggerRequest;
  readonly runId: string;
}

export function createdRuns(pool: () => pg.Pool, metrics: Metrics): CreatedRuns {
  return new Batcher<TriggerRequest, TriggeredRun | undefined>('trigger', metrics, async (requests) => {
    const named = namesOf(requests);
    const wanted = [...named.values()].map(([one]) => one);
    const { rows } = await pool().query<CreatedRow>({ ...CREATE_ALL, values: columnsOf(wanted) });
    const made = new Map(rows.map((row) => [named.get(keyOf(row.dag_id, row.run_id))?.[1], row]));
    return requests.map((_, at) => {
      const row = made.get(at);
      return row && { runKey: row.id, runId: row.run_id, run: createdRun(row) };
    });
  });
}

/** One alone, which says what is wrong: throws what Postgres says of a rule that it breaks. Undefined: there is no such DAG. */
export async function createRun(pool: pg.Pool, request: TriggerRequest, runId: string): Promise<TriggeredRun | undefined> {
  const { rows } = await retrying(() => pool.query<CreatedRow>({ ...CREATE, values: columnsOf([{ request, runId }]) }));
  const [row] = rows;
  return row && { runKey: row.id, runId, run: createdRun(row) };
}

function createdRun(row: CreatedRow): RunRecord {
  return runOf(row, { number: row.number, bundleHash: row.bundle_hash });
}

/** Two runs triggered within one millisecond get different names. */
export function madeUpRunId({ runType, runAfter }: TriggerRequest, tries: number): string {
  const name = `${runType}__${new Date(runAfter ?? Date.now()).toISOString()}`;
  return tries === 1 ? name : `${name}_${randomBytes(4).toString('hex')}`;
}

/** By DAG and run id, each with its place among the requests. Of two that name the same run only the first is made. */
function namesOf(requests: readonly TriggerRequest[]): ReadonlyMap<string, readonly [NamedRequest, number]> {
  const named = new Map<string, readonly [NamedRequest, number]>();
  for (const [at, request] of requests.entries()) {
    let runId = request.runId ?? madeUpRunId(request, 1);
    if (request.runId === undefined && named.has(keyOf(request.dagId, runId))) runId = madeUpRunId(request, 2);
    const key = keyOf(request.dagId, runId);
    if (!named.has(key)) named.set(key, [{ request, runId }, at]);
  }
  return named;
}

/** No id has a blank in it. */
function keyOf(dagId: string, runId: string): string {
  return `${dagId} ${runId}`;
}

function columnsOf(requests: readonly NamedRequest[]): unknown[] {
  const column = (of: (request: TriggerRequest) => string | null | undefined) => requests.map(({ request }) => of(request) ?? null);
  return [
    column(({ dagId }) => dagId),
    requests.map(({ runId }) => runId),
    column(({ runType }) => runType),
    column(({ logicalDate }) => timestampOrNull(logicalDate)),
    column(({ intervalStart }) => timestampOrNull(intervalStart)),
    column(({ intervalEnd }) => timestampOrNull(intervalEnd)),
    column(({ runAfter }) => timestampOrNull(runAfter)),
    column(({ params }) => storableJson(params)),
    column(({ triggeredBy }) => triggeredBy),
    column(({ user }) => user),
    column(({ note }) => note),
    column(({ partitionKey }) => partitionKey),
    column(({ idempotency }) => idempotency?.key),
    column(({ idempotency }) => idempotency?.requestHash),
    column(({ parent }) => parent?.dagId),
    column(({ parent }) => parent?.runId),
    column(({ parent }) => parent?.taskId),
    column(({ traceParent }) => traceParent),
  ];
}
