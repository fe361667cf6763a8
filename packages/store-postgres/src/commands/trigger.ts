/** A new run at somebody's wish: queued, pinned to the DAG's newest version, and told to the schedulers when it is committed. */
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
import { timestampOrNull } from '../timestamp.ts';
import { constraintOf } from '../transaction.ts';
import { type CreatedRuns, createRun, madeUpRunId } from './create-runs.ts';

/** Airflow's `allowed_run_id_pattern`. */
const RUN_ID = /^[A-Za-z0-9_.~:+-]{1,250}$/;

const MADE_UP_TRIES = 5;

/** Throws DagNotFoundError, RunExistsError, InvalidRunIdError, IdempotencyKeyReusedError. */
export async function trigger(pool: pg.Pool, created: CreatedRuns, request: TriggerRequest, metrics: Metrics): Promise<TriggeredRun> {
  if (request.runId !== undefined && !RUN_ID.test(request.runId)) throw new InvalidRunIdError(request.runId);
  const before = await sentBefore(pool, request);
  if (before !== undefined) return before;
  const made = (await created.call(request)) ?? (await createAlone(pool, request));
  if (made.replayed !== true) metrics.count('headrace_runs_created_total', { run_type: request.runType });
  return made;
}

/** What could not be made with others: there is something of it already, and this tells what. */
async function createAlone(pool: pg.Pool, request: TriggerRequest): Promise<TriggeredRun> {
  for (let tries = 1; ; tries++) {
    const runId = request.runId ?? madeUpRunId(request, tries);
    try {
      const made = await createRun(pool, request, runId);
      if (made === undefined) throw new DagNotFoundError(request.dagId);
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
