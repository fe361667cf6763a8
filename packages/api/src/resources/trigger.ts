/** From the body of a trigger to what the store is asked: times made whole, params checked by the DAG's own validator. */
import type { TriggerDagRun } from '@headrace/api-contract';
import { type Instant, nextFire, parseCron, previousFire, type ScheduleSpec } from '@headrace/core';
import type { DagRecord, TriggerRequest } from '@headrace/ports';
import type { FastifyRequest } from 'fastify';
import { toInstant } from '../answers/date-times.ts';
import type { ApiDeps } from '../deps.ts';
import { ApiProblem, invalid } from '../http/api-problem.ts';

export interface Caller {
  readonly triggeredBy: TriggerRequest['triggeredBy'];
  readonly user?: string;
}

/** Our own clients say in a header what they are, so that the run's history tells a click from a script. */
export function callerOf({ headers, principal }: FastifyRequest): Caller {
  const client = headers['headrace-client'];
  return {
    triggeredBy: client === 'cli' || client === 'ui' ? client : 'rest_api',
    ...(principal === null ? {} : { user: principal.name }),
  };
}

export async function toTriggerRequest(
  dag: DagRecord,
  body: TriggerDagRun,
  caller: Caller,
  validateParams: ApiDeps['validateParams'],
): Promise<TriggerRequest> {
  if (dag.removed) throw new ApiProblem('HR_DAG_NOT_FOUND', `DAG "${dag.dagId}" is no longer in any file (it was in ${dag.file})`);
  const times = timesOf(dag.spec.schedule, body);
  const given = body.conf ?? {};
  // The defaults were found valid when the file was loaded: no need to ask the DAG's code again.
  const checked =
    Object.keys(given).length === 0 ? { ok: true as const, params: dag.spec.paramsDefault } : await validateParams(dag.dagId, given);
  if (!checked.ok) {
    const fields = checked.issues.map(({ path, message }) => ({ field: path === '' ? 'body.conf' : `body.conf.${path}`, message }));
    throw new ApiProblem('HR_INVALID_PARAMS', fields.map(({ field, message }) => `${field}: ${message}`).join('; '), fields);
  }
  return {
    dagId: dag.dagId,
    ...(body.dag_run_id == null ? {} : { runId: body.dag_run_id }),
    ...times,
    params: checked.params,
    ...(body.note == null ? {} : { note: body.note }),
    runType: 'manual',
    ...caller,
  };
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
  const interval =
    start !== undefined && end !== undefined ? { start, end } : logicalDate === undefined ? undefined : intervalAt(schedule, logicalDate);
  return {
    ...(logicalDate === undefined ? {} : { logicalDate }),
    ...(interval === undefined ? {} : { intervalStart: interval.start, intervalEnd: interval.end }),
    ...(runAfter === undefined ? {} : { runAfter }),
  };
}

/**
 * The data interval of a manual run for which only a logical date was given, as Airflow's timetables infer it: the last whole
 * interval before that date.
 */
function intervalAt(schedule: ScheduleSpec, at: Instant): { readonly start: Instant; readonly end: Instant } {
  if (schedule.kind !== 'cron' || schedule.interval === 'trigger') return { start: at, end: at };
  if (schedule.interval !== 'cron') return { start: at - schedule.interval.lengthMs, end: at };
  const cron = parseCron(schedule.expression);
  const end = previousFire(cron, schedule.timezone, at + 1);
  const start = previousFire(cron, schedule.timezone, end);
  return { start, end: nextFire(cron, schedule.timezone, start) };
}
