/** A new run at somebody's wish: queued, pinned to the DAG's newest version, and told to the schedulers when it is committed. */
import { randomBytes } from 'node:crypto';
import {
  DagNotFoundError,
  IdempotencyKeyReusedError,
  InvalidRunIdError,
  type Metrics,
  RunExistsError,
  type TriggeredRun,
  type TriggerRequest,
} from '@headrace/ports';
import type pg from 'pg';
import { EVENTS } from '../notification.ts';
import { RUN_COLUMNS, type RunRow, runOf } from '../queries/runs.ts';
import { storableJson } from '../storable-json.ts';
import { timestampOrNull } from '../timestamp.ts';
import { constraintOf, retrying } from '../transaction.ts';

/** Airflow's `allowed_run_id_pattern`. */
const RUN_ID = /^[A-Za-z0-9_.~:+-]{1,250}$/;

/** One statement, and so one round trip: parameters as named in the columns; a run without a time of its own is due at once. No row: no such DAG. */
const CREATE = `
  with created as (
  insert into dag_run (dag_id, version_id, run_id, run_type, state, logical_date, interval_start, interval_end, run_after,
    params, triggered_by, username, note, partition_key, idempotency_key, request_hash,
    parent_dag_id, parent_run_id, parent_task_id, trace_parent)
  select d.dag_id, d.version_id, $2, $3, 'queued', $4::timestamptz, $5::timestamptz, $6::timestamptz, coalesce($7::timestamptz, now()),
    $8::jsonb, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18
  from dag d where d.dag_id = $1 and d.removed_at is null and d.version_id is not null
  returning *
  )
  select ${RUN_COLUMNS}, pg_notify('${EVENTS}', 'r' || r.id) from created r join dag_version v on v.id = r.version_id`;

const MADE_UP_TRIES = 5;

/** Throws DagNotFoundError, RunExistsError, InvalidRunIdError, IdempotencyKeyReusedError. */
export async function trigger(pool: pg.Pool, request: TriggerRequest, metrics: Metrics): Promise<TriggeredRun> {
  if (request.runId !== undefined && !RUN_ID.test(request.runId)) throw new InvalidRunIdError(request.runId);
  const before = await sentBefore(pool, request);
  if (before !== undefined) return before;
  for (let tries = 1; ; tries++) {
    const runId = request.runId ?? madeUpRunId(request, tries);
    try {
      const made = await create(pool, request, runId);
      metrics.count('headrace_runs_created_total', { run_type: request.runType });
      return made;
    } catch (error) {
      const constraint = constraintOf(error);
      if (constraint === undefined) throw error;
      // Whichever rule was broken first, it may be the same request that broke it.
      const twin = await sentBefore(pool, request);
      if (twin !== undefined) return twin;
      if (constraint === 'dag_run_logical_date')
        throw new RunExistsError(request.dagId, `logical date ${timestampOrNull(request.logicalDate)}`);
      if (request.runId !== undefined || tries === MADE_UP_TRIES) throw new RunExistsError(request.dagId, `run id "${runId}"`);
    }
  }
}

const SENT_BEFORE = `select id, run_id, request_hash from dag_run where dag_id = $1 and idempotency_key = $2`;

/** The run that the same request made when it was sent before. */
async function sentBefore(pool: pg.Pool, { dagId, idempotency }: TriggerRequest): Promise<TriggeredRun | undefined> {
  if (idempotency === undefined) return undefined;
  const { rows } = await pool.query<{ id: string; run_id: string; request_hash: string }>({
    name: 'sent before',
    text: SENT_BEFORE,
    values: [dagId, idempotency.key],
  });
  const [run] = rows;
  if (run === undefined) return undefined;
  if (run.request_hash !== idempotency.requestHash) throw new IdempotencyKeyReusedError(dagId, idempotency.key);
  return { runKey: run.id, runId: run.run_id, replayed: true };
}

/** Two runs triggered within one millisecond get different names. */
function madeUpRunId({ runType, runAfter }: TriggerRequest, tries: number): string {
  const name = `${runType}__${new Date(runAfter ?? Date.now()).toISOString()}`;
  return tries === 1 ? name : `${name}_${randomBytes(4).toString('hex')}`;
}

async function create(pool: pg.Pool, request: TriggerRequest, runId: string): Promise<TriggeredRun> {
  const { rows } = await retrying(() =>
    pool.query<RunRow>({
      name: 'trigger',
      text: CREATE,
      values: [
        request.dagId,
        runId,
        request.runType,
        timestampOrNull(request.logicalDate),
        timestampOrNull(request.intervalStart),
        timestampOrNull(request.intervalEnd),
        timestampOrNull(request.runAfter),
        storableJson(request.params),
        request.triggeredBy,
        request.user ?? null,
        request.note ?? null,
        request.partitionKey ?? null,
        request.idempotency?.key ?? null,
        request.idempotency?.requestHash ?? null,
        request.parent?.dagId ?? null,
        request.parent?.runId ?? null,
        request.parent?.taskId ?? null,
        request.traceParent ?? null,
      ],
    }),
  );
  const [row] = rows;
  if (row === undefined) throw new DagNotFoundError(request.dagId);
  return { runKey: row.id, runId, run: runOf(row) };
}
