import type { DagSpec, OverlapPolicy, PartitionSpec, RunOccasion, RunType } from '@headrace/core';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Partitions } from './assets/partitions.ts';
import { building, DagBuilder } from './dag-builder.ts';
import { groupSpec, taskSpec } from './dag-spec.ts';
import { DAG_BRAND, DEFINITION_VERSION } from './definition.ts';
import { DagDefinitionError, shown } from './definition-error.ts';
import { type Duration, durationMs } from './duration.ts';
import { checkId } from './ids.ts';
import type { Deadline } from './notices/deadline.ts';
import type { Notifiers } from './notices/notify.ts';
import { noticesOf } from './notices/occasions.ts';
import { oneOf, wholeNumber } from './options/checked-values.ts';
import { type RepeatOptions, repeatPolicy } from './options/retries.ts';
import type { TaskDefaults } from './options/task-options.ts';
import { paramsSpec } from './params.ts';
import { type ReferenceTo, type RunIdentity, reference } from './references.ts';
import { type Catchup, catchupPolicy } from './schedule/catchup.ts';
import { dateInstant } from './schedule/dates.ts';
import { type GivenSchedule, scheduleOf } from './schedule/given-schedule.ts';
import type { Schedule } from './schedule/schedule.ts';
import { timetableOf, zoneOf } from './schedule/timetable-of.ts';
import type { DataInterval } from './task-context.ts';
import type { DagWithParams } from './waits/trigger-dag.ts';

/** What becomes of a scheduled run whose DAG still has an active one. */
export type Overlap =
  /** It starts, if `maxActiveRuns` allows. */
  | 'allow'
  /** It is not made. */
  | 'skip'
  /** One waits; a later one takes its place. */
  | 'buffer-one'
  /** All wait, in order. */
  | 'buffer-all'
  /** The active run is cancelled, its teardowns run, then this one starts. */
  | 'cancel-other'
  /** The active run is ended at once. */
  | 'terminate-other';

export interface DagOptions<Params extends StandardSchemaV1 | undefined = StandardSchemaV1 | undefined> {
  /** `cron(…)`, `interval(…)` and the other builders, an asset or a condition on assets, or text such as `'@daily'`. Default: manual. */
  readonly schedule?: GivenSchedule;
  /** No interval begins before it. A date without an offset is local to the schedule's zone. Required with a schedule that counts from it. */
  readonly start?: string | Date;
  /** No run is due after it. */
  readonly end?: string | Date;
  /** What to do about intervals that passed while the DAG could not run. Default `'off'`. */
  readonly catchup?: Catchup;
  /** Default `'allow'`. */
  readonly overlap?: Overlap;
  /** A Standard Schema (zod 4, Valibot, ArkType) of an object; with a schedule every member needs a default. */
  readonly params?: Params;
  /** Every run is of one partition: `partitions.daily()`. */
  readonly partitions?: Partitions;
  /** Runs at once. Default 16. */
  readonly maxActiveRuns?: number;
  /** Tasks at once, over all runs. Default 16. */
  readonly maxActiveTasks?: number;
  /** A run that is active for longer than this fails. */
  readonly runTimeout?: Duration;
  /** A run that failed is run anew, `from` its failed tasks (default) or the start. */
  readonly runRetries?: RepeatOptions | { readonly max: number; readonly delay?: Duration; readonly from: 'failed' | 'start' };
  /** `leaves` (default): a run fails when a task at its end has failed. `any-failed`: when any has. */
  readonly runOutcome?: 'leaves' | 'any-failed';
  /** The DAG is paused after so many failed runs in a row. */
  readonly maxConsecutiveFailedRuns?: number;
  /** Kinds of runs that may be made. Default: all. */
  readonly allowedRunTypes?: readonly RunType[];
  /** Retries of tasks that say nothing else; the same as `defaults.retries`. */
  readonly retries?: TaskDefaults['retries'];
  /** Options of tasks that say nothing else. */
  readonly defaults?: TaskDefaults;
  /** Who is told when a run has succeeded. */
  readonly onSuccess?: Notifiers;
  /** … when a run has failed. */
  readonly onFailure?: Notifiers;
  readonly deadlines?: readonly Deadline[];
  readonly tags?: readonly string[];
  readonly owners?: readonly string[];
  /** One line. */
  readonly description?: string;
  /** Markdown. */
  readonly doc?: string;
  /** Whether the DAG begins paused when it is first seen. Default false. */
  readonly paused?: boolean;
}

/** What the build function is given: values that exist only when a run does. Pass them on; they have none yet. */
export interface DagScope<Params> {
  readonly params: ReferenceTo<Params>;
  readonly interval: ReferenceTo<DataInterval>;
  readonly run: ReferenceTo<RunIdentity>;
}

/** The params' type after validation. */
type ParamsOf<Schema> = Schema extends StandardSchemaV1 ? StandardSchemaV1.InferOutput<Schema> : Readonly<Record<string, never>>;

/** What a run may be triggered with. */
type GivenParams<Schema> = Schema extends StandardSchemaV1 ? StandardSchemaV1.InferInput<Schema> : Readonly<Record<string, never>>;

/**
 * Defines a DAG. `build` makes its tasks, at once and the same ones every time the file is read.
 * Throws DagDefinitionError, with the line that is wrong on its stack.
 */
export function dag<const Schema extends StandardSchemaV1 | undefined = undefined>(
  id: string,
  options: DagOptions<Schema>,
  build: (scope: DagScope<ParamsOf<Schema>>) => unknown,
): DagWithParams<GivenParams<Schema>> {
  checkId('DAG', id);
  if (typeof build !== 'function')
    throw new DagDefinitionError('HR_BAD_OPTION', `DAG "${id}" has no build function: write dag(id, options, () => { … })`);
  const schedule = scheduleOf(`DAG "${id}"`, options.schedule);
  const builder = new DagBuilder(id, [options.retries === undefined ? {} : { retries: options.retries }, options.defaults ?? {}]);
  for (const { spec, notifiers } of schedule.assets) {
    for (const notifier of notifiers) builder.tell(notifier);
    builder.addAsset(spec);
  }
  // Reported now, where the stack shows the user's line.
  const frame = dagFrame(id, options, schedule);
  const extras = dagExtras(id, options, schedule, builder);
  paramsSpec(id, options.params, frame.schedule.kind !== 'manual');
  building(builder, () => build(scope as unknown as DagScope<ParamsOf<Schema>>));
  return Object.freeze({
    [DAG_BRAND]: DEFINITION_VERSION,
    dagId: id,
    schedule: frame.schedule,
    catchup: frame.catchup,
    ...(options.params === undefined ? {} : { params: options.params }),
    tasks: builder.tasks,
    hooks: builder.hooks,
    timetables: schedule.timetables,
    toSpec: (): DagSpec => ({
      ...frame,
      ...paramsSpec(id, options.params, frame.schedule.kind !== 'manual'),
      tasks: [...builder.tasks.values()].map(taskSpec).sort((a, b) => (a.taskId < b.taskId ? -1 : 1)),
      ...(builder.groups.size === 0
        ? {}
        : { groups: [...builder.groups.values()].map(groupSpec).sort((a, b) => (a.groupId < b.groupId ? -1 : 1)) }),
      ...extras,
      ...(builder.assets.size === 0 ? {} : { assets: [...builder.assets.values()].sort((a, b) => (a.name < b.name ? -1 : 1)) }),
    }),
  } satisfies DagWithParams);
}

const scope = { params: reference(['params']), interval: reference(['interval']), run: reference(['run']) };

type Frame = Omit<DagSpec, 'tasks' | 'paramsSchema' | 'paramsDefault'>;

/** Timetables that count from `start`. */
const COUNTS_FROM_START: ReadonlySet<string> = new Set(['cron', 'crons', 'interval', 'delta', 'once']);

/** What every DAG's spec says, of what the options alone decide. */
function dagFrame(id: string, options: DagOptions, { spec: schedule }: Schedule): Frame {
  const where = `DAG "${id}"`;
  const timetable = timetableOf(schedule);
  if (timetable !== undefined && COUNTS_FROM_START.has(timetable.kind) && options.start === undefined) {
    throw new DagDefinitionError(
      'HR_BAD_SCHEDULE',
      `${where} has a schedule and no start: say from when on it holds, for example start: '2026-01-01'`,
    );
  }
  const timezone = zoneOf(schedule);
  const startAt = options.start === undefined ? undefined : dateInstant(`${where}, start`, options.start, timezone);
  const endAt = options.end === undefined ? undefined : dateInstant(`${where}, end`, options.end, timezone);
  if (startAt !== undefined && endAt !== undefined && endAt < startAt)
    throw new DagDefinitionError('HR_BAD_DATE', `${where}, end: lies before start`);
  return {
    formatVersion: 1,
    dagId: id,
    ...(options.description === undefined ? {} : { description: options.description }),
    ...(options.doc === undefined ? {} : { doc: options.doc }),
    tags: names(`${where}, tags`, options.tags),
    owners: names(`${where}, owners`, options.owners),
    schedule,
    ...(startAt === undefined ? {} : { startAt }),
    ...(endAt === undefined ? {} : { endAt }),
    catchup: catchupPolicy(options.catchup ?? 'off'),
    maxActiveRuns: activeRuns(where, options.maxActiveRuns, timetable?.kind === 'continuous'),
    maxActiveTasks: wholeNumber(`${where}, maxActiveTasks`, options.maxActiveTasks ?? 16, 1),
    pausedUponCreation: options.paused ?? false,
  };
}

function activeRuns(where: string, given: number | undefined, continuous: boolean): number {
  const runs = wholeNumber(`${where}, maxActiveRuns`, given ?? (continuous ? 1 : 16), 1);
  if (continuous && runs > 1)
    throw new DagDefinitionError('HR_BAD_OPTION', `${where}, maxActiveRuns: a continuous DAG has one run at a time`);
  return runs;
}

const RUN_TYPES = ['scheduled', 'manual', 'backfill', 'asset_triggered', 'asset_materialization'] as const satisfies readonly RunType[];

const OVERLAPS = {
  allow: 'allow',
  skip: 'skip',
  'buffer-one': 'buffer_one',
  'buffer-all': 'buffer_all',
  'cancel-other': 'cancel_other',
  'terminate-other': 'terminate_other',
} as const satisfies Record<Overlap, OverlapPolicy>;

/** What a DAG's spec says only where it differs from what is usual. */
function dagExtras(id: string, options: DagOptions, schedule: Schedule, builder: DagBuilder): Partial<DagSpec> {
  const where = `DAG "${id}"`;
  const { runTimeout, maxConsecutiveFailedRuns, allowedRunTypes, deadlines = [] } = options;
  const partitions: PartitionSpec | undefined = options.partitions;
  const timetable = timetableOf(schedule.spec);
  if (timetable?.kind === 'cron' && timetable.partitioned === true && partitions?.kind !== 'time')
    throw new DagDefinitionError(
      'HR_BAD_SCHEDULE',
      `${where}: a partitioned schedule needs partitions by time, for example partitions: partitions.daily()`,
    );
  const overlap = OVERLAPS[oneOf(`${where}, overlap`, options.overlap ?? 'allow', Object.keys(OVERLAPS) as Overlap[])];
  const outcome = oneOf(`${where}, runOutcome`, options.runOutcome ?? 'leaves', ['leaves', 'any-failed']);
  const retries = runRetries(where, options.runRetries ?? 0);
  const told = [['success', options.onSuccess] as const, ['failure', options.onFailure] as const];
  const notices = noticesOf<RunOccasion>(where, told, (notifier) => builder.tell(notifier));
  return {
    ...(overlap === 'allow' ? {} : { overlap }),
    ...(runTimeout === undefined ? {} : { runTimeoutMs: runTimeoutMs(where, runTimeout) }),
    ...(retries.max === 0 ? {} : { runRetries: retries }),
    ...(outcome === 'leaves' ? {} : { runOutcome: 'any_failed' }),
    ...(maxConsecutiveFailedRuns === undefined
      ? {}
      : { maxConsecutiveFailedRuns: wholeNumber(`${where}, maxConsecutiveFailedRuns`, maxConsecutiveFailedRuns, 1) }),
    ...(partitions === undefined ? {} : { partitions }),
    ...(notices.length === 0 ? {} : { notices }),
    ...(deadlines.length === 0 ? {} : { deadlines: deadlineSpecs(where, deadlines, zoneOf(schedule.spec), builder) }),
    ...(allowedRunTypes === undefined
      ? {}
      : { allowedRunTypes: [...new Set(allowedRunTypes.map((each) => oneOf(`${where}, allowedRunTypes`, each, RUN_TYPES)))].sort() }),
  };
}

function runTimeoutMs(where: string, duration: Duration): number {
  const ms = durationMs(`${where}, runTimeout`, duration);
  if (ms === 0) throw new DagDefinitionError('HR_BAD_DURATION', `${where}, runTimeout: must be longer than nothing`);
  return ms;
}

function runRetries(where: string, options: NonNullable<DagOptions['runRetries']>): NonNullable<DagSpec['runRetries']> {
  const from = typeof options === 'object' && 'from' in options ? options.from : 'failed';
  return { ...repeatPolicy(`${where}, runRetries`, options), from: oneOf(`${where}, runRetries.from`, from, ['failed', 'start']) };
}

function deadlineSpecs(where: string, deadlines: readonly Deadline[], zone: string, builder: DagBuilder) {
  const specs = deadlines.map((each) => {
    if (typeof each?.spec !== 'function')
      throw new DagDefinitionError('HR_BAD_OPTION', `${where}, deadlines: ${shown(each)} is none; make it with deadline(name, { … })`);
    return each.spec(zone, (notifier) => builder.tell(notifier));
  });
  const twice = specs.find((spec, index) => specs.findIndex((other) => other.name === spec.name) !== index);
  if (twice !== undefined)
    throw new DagDefinitionError('HR_BAD_OPTION', `${where} has two deadlines "${twice.name}": give one of them another name`);
  return specs.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function names(what: string, list: readonly string[] = []): readonly string[] {
  const wrong = list.findIndex((each) => typeof each !== 'string' || each.trim() === '');
  if (wrong >= 0) throw new DagDefinitionError('HR_BAD_OPTION', `${what}: ${shown(list[wrong])} is not a name`);
  return [...new Set(list)].sort();
}
