/** From the body of a trigger to what the store is asked: times made whole, params checked by the DAG's own validator. */
import { createHash } from 'node:crypto';
import type { TriggerDagRun } from '@headrace/api-contract';
import { type DagSpec, intervalFor, type ScheduleSpec, timetableOf } from '@headrace/core';
import type { DagRecord, TriggerRequest } from '@headrace/ports';
import type { FastifyRequest } from 'fastify';
import { toInstant } from '../answers/date-times.ts';
import type { ApiDeps } from '../deps.ts';
import { ApiProblem, invalid } from '../http/api-problem.ts';
import { idempotencyKeyOf, sortedJson } from '../http/idempotent-requests.ts';

export interface Caller {
  readonly triggeredBy: TriggerRequest['triggeredBy'];
  readonly user?: string;
  /** The run's trace goes on with this. */
  readonly traceParent?: string;
}

/** Our own clients say in a header what they are, so that the run's history tells a click from a script. */
export function callerOf({ headers, principal, traceParent }: FastifyRequest): Caller {
  const client = headers['headrace-client'];
  return {
    triggeredBy: client === 'cli' || client === 'ui' ? client : 'rest_api',
    ...(principal === null ? {} : { user: principal.name }),
    ...(traceParent === null ? {} : { traceParent }),
  };
}

export async function toTriggerRequest(
  dag: DagRecord,
  body: TriggerDagRun,
  caller: Caller,
  validateParams: ApiDeps['validateParams'],
): Promise<TriggerRequest> {
  refuseRunType(dag.spec, 'manual');
  if (dag.removed) throw new ApiProblem('HR_DAG_NOT_FOUND', `DAG "${dag.dagId}" is no longer in any file (it was in ${dag.file})`);
  const times = timesOf(dag.spec.schedule, body);
  return {
    dagId: dag.dagId,
    ...(body.dag_run_id == null ? {} : { runId: body.dag_run_id }),
    ...times,
    params: await checkedParams(dag, body.conf ?? {}, 'body.conf', validateParams),
    ...(body.note == null ? {} : { note: body.note }),
    ...(body.partition_key == null ? {} : { partitionKey: body.partition_key }),
    runType: 'manual',
    ...caller,
  };
}

/** What is given, with the DAG's defaults, as its own validator makes it. Throws HR_INVALID_PARAMS, naming fields below `field`. */
export async function checkedParams(
  dag: DagRecord,
  given: Readonly<Record<string, unknown>>,
  field: string,
  validateParams: ApiDeps['validateParams'],
): Promise<Readonly<Record<string, unknown>>> {
  // The defaults were found valid when the file was loaded: no need to ask the DAG's code again.
  if (Object.keys(given).length === 0) return dag.spec.paramsDefault;
  const checked = await validateParams(dag.dagId, given);
  if (checked.ok) return checked.params;
  const fields = checked.issues.map(({ path, message }) => ({ field: path === '' ? field : `${field}.${path}`, message }));
  throw new ApiProblem('HR_INVALID_PARAMS', fields.map((one) => `${one.field}: ${one.message}`).join('; '), fields);
}

/** Throws HR_RUN_TYPE_NOT_ALLOWED. */
export function refuseRunType({ dagId, allowedRunTypes }: DagSpec, runType: 'manual' | 'backfill'): void {
  if (allowedRunTypes === undefined || allowedRunTypes.includes(runType)) return;
  throw new ApiProblem('HR_RUN_TYPE_NOT_ALLOWED', `DAG "${dagId}" allows no ${runType} runs, only ${allowedRunTypes.join(', ')}`);
}

/** The `Idempotency-Key` of a request, with a hash by which the same request is known again. */
export function idempotencyOf(request: FastifyRequest): NonNullable<TriggerRequest['idempotency']> | undefined {
  const key = idempotencyKeyOf(request);
  if (key === undefined) return undefined;
  return { key, requestHash: createHash('sha256').update(sortedJson(request.body)).digest('hex') };
}

type Times = Pick<TriggerRequest, 'logicalDate' | 'intervalStart' | 'intervalEnd' | 'runAfter'>;

function timesOf(schedule: ScheduleSpec, body: TriggerDagRun): Times {
  const [logicalDate, start, end, runAfter] = (['logical_date', 'data_interval_start', 'data_interval_end', 'run_after'] as const).map(
    (name) => {
      const instant = toInstant(body[name]);
      if (Number.isNaN(instant)) throw invalid({ field: `body.${name}`, message: `is no date that exists, "${body[name]}"` });
      return instant;
    },
  );
  if ((start === undefined) !== (end === undefined)) {
    const missing = start === undefined ? 'data_interval_start' : 'data_interval_end';
    throw invalid({ field: `body.${missing}`, message: 'is missing: give both ends of the data interval or neither' });
  }
  if (start !== undefined && end !== undefined && start > end) {
    throw invalid({ field: 'body.data_interval_start', message: 'lies after data_interval_end' });
  }
  const given = start !== undefined && end !== undefined ? { start, end } : undefined;
  const timetable = timetableOf(schedule);
  // Restricted to its events, a run stands for the newest that has come, whenever it is asked for.
  const event =
    timetable?.kind === 'events' && timetable.restrict ? intervalFor(schedule, logicalDate ?? runAfter ?? Date.now()) : undefined;
  const interval = given ?? event ?? (logicalDate === undefined ? undefined : intervalFor(schedule, logicalDate));
  return {
    ...(logicalDate === undefined ? {} : { logicalDate: event?.start ?? logicalDate }),
    ...(interval === undefined ? {} : { intervalStart: interval.start, intervalEnd: interval.end }),
    ...(runAfter === undefined ? {} : { runAfter }),
  };
}
