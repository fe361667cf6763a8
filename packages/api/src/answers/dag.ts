/** DAGs as the API shows them. */
import type { Dag, DagDetails, DagVersion } from '@headrace/api-contract';
import { type DagSpec, type Instant, parseCron, previousFire, type ScheduleSpec } from '@headrace/core';
import type { DagRecord } from '@headrace/ports';
import { dateTime, dateTimeOrNull } from './date-times.ts';
import { BUNDLE_NAME } from './version-book.ts';

export function presentDag(dag: DagRecord): Dag {
  const { spec, dagId } = dag;
  const next = dag.paused || dag.removed ? undefined : nextInterval(spec.schedule, dag.nextDueAt);
  return {
    dag_id: dagId,
    dag_display_name: dagId,
    is_paused: dag.paused,
    is_stale: dag.removed,
    last_parsed_time: dateTime(dag.lastParsedAt),
    last_parse_duration: null,
    last_expired: null,
    bundle_name: BUNDLE_NAME,
    bundle_version: dag.bundleHash,
    relative_fileloc: dag.file,
    fileloc: dag.file,
    file_token: dag.file,
    description: spec.description ?? null,
    timetable_summary: summaryOf(spec.schedule),
    timetable_description: descriptionOf(spec.schedule),
    timetable_partitioned: false,
    tags: spec.tags.map((name) => ({ name, dag_id: dagId, dag_display_name: dagId })),
    max_active_tasks: spec.maxActiveTasks,
    max_active_runs: spec.maxActiveRuns,
    max_consecutive_failed_dag_runs: 0,
    has_task_concurrency_limits: false,
    has_import_errors: dag.hasImportErrors,
    next_dagrun_logical_date: dateTimeOrNull(next?.start),
    next_dagrun_data_interval_start: dateTimeOrNull(next?.start),
    next_dagrun_data_interval_end: dateTimeOrNull(next?.end),
    next_dagrun_run_after: dateTimeOrNull(next?.end),
    allowed_run_types: null,
    owners: [...spec.owners],
  };
}

export function presentDagDetails(dag: DagRecord, latest: DagVersion | null): DagDetails {
  const { spec } = dag;
  return {
    ...presentDag(dag),
    catchup: spec.catchup.kind !== 'off',
    concurrency: spec.maxActiveTasks,
    dag_run_timeout: null,
    default_args: null,
    doc_md: spec.doc ?? null,
    start_date: dateTimeOrNull(spec.startAt),
    end_date: dateTimeOrNull(spec.endAt),
    is_paused_upon_creation: spec.pausedUponCreation,
    last_parsed: dateTime(dag.lastParsedAt),
    latest_dag_version: latest,
    owner_links: {},
    params: presentParams(spec),
    params_schema: spec.paramsSchema ?? null,
    render_template_as_native_obj: false,
    template_search_path: null,
    timezone: spec.schedule.kind === 'cron' ? spec.schedule.timezone : null,
  };
}

function presentParams({ paramsSchema, paramsDefault }: DagSpec): DagDetails['params'] {
  const properties = (paramsSchema?.properties ?? {}) as Readonly<Record<string, { readonly description?: string }>>;
  const names = [...new Set([...Object.keys(properties), ...Object.keys(paramsDefault)])];
  return Object.fromEntries(
    names.map((name) => {
      const schema = properties[name] ?? {};
      return [name, { value: paramsDefault[name] ?? null, schema, description: schema.description ?? null, source: 'dag' }];
    }),
  );
}

function summaryOf(schedule: ScheduleSpec): string | null {
  return schedule.kind === 'cron' ? schedule.expression : null;
}

function descriptionOf(schedule: ScheduleSpec): string {
  if (schedule.kind !== 'cron') return 'Never, external triggers only';
  const { interval } = schedule;
  const data =
    interval === 'cron' ? 'data since the time before' : interval === 'trigger' ? '' : `data of ${interval.lengthMs / 3_600_000} h before`;
  return `At "${schedule.expression}" in ${schedule.timezone}${data === '' ? '' : `, ${data}`}`;
}

/** The interval of the run that is due at `fire`. A run is due at its interval's end (core, `dueRuns`, U1). */
function nextInterval(schedule: ScheduleSpec, fire: Instant | undefined): { readonly start: Instant; readonly end: Instant } | undefined {
  if (schedule.kind !== 'cron' || fire === undefined) return undefined;
  const { interval, expression, timezone } = schedule;
  if (interval === 'trigger') return { start: fire, end: fire };
  return { start: interval === 'cron' ? previousFire(parseCron(expression), timezone, fire) : fire - interval.lengthMs, end: fire };
}
