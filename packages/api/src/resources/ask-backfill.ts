/** From the body of a backfill to what the store is asked: params checked, and every date with what would be done about it. */
import type { BackfillPost } from '@headrace/api-contract';
import {
  BACKFILL_PRIORITY_CLASS,
  BackfillRefusedError,
  backfillDates,
  planBackfill,
  type TimetableAnswer,
  type TimetableFunctions,
  type TimetableQuestion,
} from '@headrace/core';
import type { DagRecord, NewBackfill } from '@headrace/ports';
import { toInstant } from '../answers/date-times.ts';
import type { ApiDeps } from '../deps.ts';
import { ApiProblem, invalid } from '../http/api-problem.ts';
import { checkedParams, refuseRunType } from './trigger.ts';

type Asked = Required<BackfillPost>;
type Deps = Pick<ApiDeps, 'backfills' | 'timetables' | 'validateParams'>;

/** Throws ApiProblem, BackfillRefusedError. */
export async function askedBackfill(dag: DagRecord, body: Asked, deps: Deps): Promise<NewBackfill> {
  if (dag.removed) throw new ApiProblem('HR_DAG_NOT_FOUND', `DAG "${dag.dagId}" is no longer in any file (it was in ${dag.file})`);
  refuseRunType(dag.spec, 'backfill');
  const request = {
    from: instantOf(body, 'from_date'),
    to: instantOf(body, 'to_date'),
    reprocess: body.reprocess_behavior,
    backwards: body.run_backwards,
  };
  const now = Date.now();
  const times = { firstSeenAt: dag.firstSeenAt, timetables: await timetablesFor(dag, request, now, deps) };
  const dates = backfillDates(dag.spec, request, now, times);
  const existing =
    'runs' in dates
      ? await deps.backfills.existing(
          dag.dagId,
          dates.runs.map((run) => run.logicalDate),
        )
      : [];
  const entries = planBackfill(dag.spec, request, existing, now, times);
  return {
    dagId: dag.dagId,
    ...request,
    params: await checkedParams(dag, body.dag_run_conf, 'body.dag_run_conf', deps.validateParams),
    maxActiveRuns: body.max_active_runs,
    priorityClass: BACKFILL_PRIORITY_CLASS,
    entries,
  };
}

function instantOf(body: Asked, name: 'from_date' | 'to_date'): number {
  const instant = toInstant(body[name]);
  if (instant === undefined || Number.isNaN(instant))
    throw invalid({ field: `body.${name}`, message: `is no date that exists, "${body[name]}"` });
  return instant;
}

/** A DAG's own timetable, asked for every date that the range needs before anything is planned. */
async function timetablesFor(
  dag: DagRecord,
  request: Parameters<typeof backfillDates>[1],
  now: number,
  { timetables }: Deps,
): Promise<TimetableFunctions> {
  const known = new Map<string, TimetableAnswer | undefined>();
  const keyOf = (name: string, { last, earliest, latest }: TimetableQuestion): string =>
    [name, last?.start, last?.end, earliest, latest].join('\n');
  const functions: TimetableFunctions = (name, question) =>
    known.has(keyOf(name, question)) ? known.get(keyOf(name, question)) : 'pending';
  for (;;) {
    const dates = backfillDates(dag.spec, request, now, { firstSeenAt: dag.firstSeenAt, timetables: functions });
    if ('runs' in dates) return functions;
    if (timetables === undefined)
      throw new BackfillRefusedError(`The timetable "${dates.asks.name}" of DAG "${dag.dagId}" cannot be asked here`);
    known.set(keyOf(dates.asks.name, dates.asks.question), await timetables.ask(dag.versionId, dates.asks.name, dates.asks.question));
  }
}
