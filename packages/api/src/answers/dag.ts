/** DAGs as the API shows them. */
import type { Dag, DagDetails, DagVersion } from '@headrace/api-contract';
import { type DagSpec, describeSchedule, type Instant, runsFromDue, summarizeSchedule, timetableOf, timezoneOf } from '@headrace/core';
import type { DagRecord } from '@headrace/ports';
import { dateTime, dateTimeOrNull } from './date-times.ts';
import { BUNDLE_NAME } from './version-book.ts';

export function presentDag(dag: DagRecord): Dag {
  const { dagId } = dag;
  const dueAt = dag.paused || dag.removed ? undefined : dag.nextDueAt;
  const next = dueAt === undefined ? undefined : nextRun(dag, dueAt);
  return {
    dag_id: dagId,
    dag_display_name: dagId,
    is_paused: dag.paused,
    paused_reason: dag.pausedReason ?? null,
    is_stale: dag.removed,
    last_parsed_time: dateTime(dag.lastParsedAt),
    last_parse_duration: null,
    last_expired: null,
    bundle_name: BUNDLE_NAME,
    bundle_version: dag.bundleHash,
    relative_fileloc: dag.file,
    fileloc: dag.file,
    file_token: dag.file,
    ...declared(dag.spec),
    has_task_concurrency_limits: false,
    has_import_errors: dag.hasImportErrors,
    next_dagrun_logical_date: dateTimeOrNull(next?.logicalDate),
    next_dagrun_data_interval_start: dateTimeOrNull(next?.intervalStart),
    next_dagrun_data_interval_end: dateTimeOrNull(next?.intervalEnd),
    next_dagrun_run_after: dateTimeOrNull(next?.runAfter ?? dueAt),
  };
}

/** By spec: a store hands out the same one for the same version, and what it says takes longer to tell than all the rest. */
const declarations = new WeakMap<DagSpec, ReturnType<typeof declare>>();
const nextRuns = new WeakMap<
  DagSpec,
  { readonly firstSeenAt: Instant; readonly dueAt: Instant; readonly run: ReturnType<typeof firstDue> }
>();

function declared(spec: DagSpec): ReturnType<typeof declare> {
  const known = declarations.get(spec);
  if (known !== undefined) return known;
  const made = declare(spec);
  declarations.set(spec, made);
  return made;
}

function declare(spec: DagSpec) {
  const { dagId, schedule } = spec;
  return {
    description: spec.description ?? null,
    timetable_summary: summarizeSchedule(schedule),
    timetable_description: describeSchedule(schedule),
    timetable_partitioned: isPartitioned(spec),
    timetable_periodic: isPeriodic(spec),
    is_backfillable: isBackfillable(spec),
    tags: spec.tags.map((name) => ({ name, dag_id: dagId, dag_display_name: dagId })),
    max_active_tasks: spec.maxActiveTasks,
    max_active_runs: spec.maxActiveRuns,
    max_consecutive_failed_dag_runs: spec.maxConsecutiveFailedRuns ?? 0,
    allowed_run_types: spec.allowedRunTypes === undefined ? null : [...spec.allowedRunTypes],
    owners: [...spec.owners],
  };
}

/** That of one due time is kept: it changes once a run. */
function nextRun({ spec, firstSeenAt }: DagRecord, dueAt: Instant): ReturnType<typeof firstDue> {
  const known = nextRuns.get(spec);
  if (known?.dueAt === dueAt && known.firstSeenAt === firstSeenAt) return known.run;
  const run = firstDue(spec, firstSeenAt, dueAt);
  nextRuns.set(spec, { firstSeenAt, dueAt, run });
  return run;
}

function firstDue(spec: DagSpec, firstSeenAt: Instant, dueAt: Instant) {
  return runsFromDue(spec, firstSeenAt, dueAt, 1)[0];
}

export function presentDagDetails(
  dag: DagRecord,
  latest: DagVersion | null,
  { isFavorite, activeRuns }: { readonly isFavorite: boolean; readonly activeRuns: number },
): DagDetails {
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
    is_favorite: isFavorite,
    active_runs_count: activeRuns,
    timezone: timetableOf(spec.schedule) === undefined ? null : timezoneOf(spec.schedule),
  };
}

function isPeriodic({ schedule }: DagSpec): boolean {
  const timetable = timetableOf(schedule);
  return timetable !== undefined && timetable.kind !== 'once';
}

function isBackfillable({ schedule, allowedRunTypes }: DagSpec): boolean {
  const timetable = timetableOf(schedule);
  if (allowedRunTypes !== undefined && !allowedRunTypes.includes('backfill')) return false;
  return timetable !== undefined && timetable.kind !== 'continuous';
}

function isPartitioned({ schedule, partitions }: DagSpec): boolean {
  const timetable = timetableOf(schedule);
  return partitions !== undefined || (timetable?.kind === 'cron' && timetable.partitioned === true);
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
