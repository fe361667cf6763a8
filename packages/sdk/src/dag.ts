import type { DagSpec, TaskSpec } from '@headrace/core';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { building, DagBuilder } from './dag-builder.ts';
import { DAG_BRAND, type DagDefinition, type DataInterval, DEFINITION_VERSION, type TaskDefinition } from './definition.ts';
import { DagDefinitionError, shown } from './definition-error.ts';
import { checkId } from './ids.ts';
import { paramsSpec } from './params.ts';
import { type ReferenceTo, type RunIdentity, reference } from './references.ts';
import { type Catchup, catchupPolicy, dateInstant, manual, type Schedule } from './schedule.ts';
import { type TaskDefaults, wholeNumber } from './task-options.ts';

export interface DagOptions<Params extends StandardSchemaV1 | undefined = StandardSchemaV1 | undefined> {
  /** `cron(…)` or `manual()`. Default: manual. */
  readonly schedule?: Schedule;
  /** No interval begins before it. A date without an offset is local to the schedule's zone. Required with `cron`. */
  readonly start?: string | Date;
  /** No run is due after it. */
  readonly end?: string | Date;
  /** What to do about intervals that passed while the DAG could not run. Default `'off'`. */
  readonly catchup?: Catchup;
  /** A Standard Schema (zod 4, Valibot, ArkType) of an object; with a schedule every member needs a default. */
  readonly params?: Params;
  /** Runs at once. Default 16. */
  readonly maxActiveRuns?: number;
  /** Tasks at once, over all runs. Default 16. */
  readonly maxActiveTasks?: number;
  /** Retries of tasks that say nothing else; the same as `defaults.retries`. */
  readonly retries?: TaskDefaults['retries'];
  /** Options of tasks that say nothing else. */
  readonly defaults?: TaskDefaults;
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

/**
 * Defines a DAG. `build` makes its tasks, at once and the same ones every time the file is read.
 * Throws DagDefinitionError, with the line that is wrong on its stack.
 */
export function dag<const Schema extends StandardSchemaV1 | undefined = undefined>(
  id: string,
  options: DagOptions<Schema>,
  build: (scope: DagScope<ParamsOf<Schema>>) => unknown,
): DagDefinition {
  checkId('DAG', id);
  if (typeof build !== 'function')
    throw new DagDefinitionError('HR_BAD_OPTION', `DAG "${id}" has no build function: write dag(id, options, () => { … })`);
  const frame = dagFrame(id, options);
  // Reported now, where the stack shows the user's line.
  paramsSpec(id, options.params, frame.schedule.kind !== 'manual');
  const builder = new DagBuilder(id, [options.retries === undefined ? {} : { retries: options.retries }, options.defaults ?? {}]);
  building(builder, () => build(scope as unknown as DagScope<ParamsOf<Schema>>));
  return Object.freeze({
    [DAG_BRAND]: DEFINITION_VERSION,
    dagId: id,
    schedule: frame.schedule,
    catchup: frame.catchup,
    ...(options.params === undefined ? {} : { params: options.params }),
    tasks: builder.tasks,
    toSpec: (): DagSpec => ({
      ...dagFrame(id, options),
      ...paramsSpec(id, options.params, frame.schedule.kind !== 'manual'),
      tasks: [...builder.tasks.values()].map(taskSpec).sort((a, b) => (a.taskId < b.taskId ? -1 : 1)),
    }),
  } satisfies DagDefinition);
}

const scope = { params: reference(['params']), interval: reference(['interval']), run: reference(['run']) };

/** Everything of the spec that the options alone decide. */
function dagFrame(id: string, options: DagOptions): Omit<DagSpec, 'tasks' | 'paramsSchema' | 'paramsDefault'> {
  const where = `DAG "${id}"`;
  const schedule = options.schedule ?? manual();
  if (schedule.kind !== 'manual' && schedule.kind !== 'cron')
    throw new DagDefinitionError('HR_BAD_SCHEDULE', `${where}, schedule: use cron(…) or manual()`);
  const timezone = schedule.kind === 'cron' ? schedule.timezone : 'UTC';
  if (schedule.kind === 'cron' && options.start === undefined) {
    throw new DagDefinitionError(
      'HR_BAD_SCHEDULE',
      `${where} has a schedule and no start: say from when on it holds, for example start: '2026-01-01'`,
    );
  }
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
    maxActiveRuns: wholeNumber(`${where}, maxActiveRuns`, options.maxActiveRuns ?? 16, 1),
    maxActiveTasks: wholeNumber(`${where}, maxActiveTasks`, options.maxActiveTasks ?? 16, 1),
    pausedUponCreation: options.paused ?? false,
  };
}

function names(what: string, list: readonly string[] = []): readonly string[] {
  const wrong = list.findIndex((each) => typeof each !== 'string' || each.trim() === '');
  if (wrong >= 0) throw new DagDefinitionError('HR_BAD_OPTION', `${what}: ${shown(list[wrong])} is not a name`);
  return [...new Set(list)].sort();
}

function taskSpec(task: TaskDefinition): TaskSpec {
  const inputs = Object.entries(task.inputs).map(([name, upstream]) => [name, upstream.taskId] as const);
  const upstream = new Set([...inputs.map(([, taskId]) => taskId), ...[...task.after].map((each) => each.taskId)]);
  return {
    taskId: task.taskId,
    kind: task.kind,
    upstream: [...upstream].sort(),
    ...task.options,
    inputs: Object.fromEntries(inputs.sort(([a], [b]) => (a < b ? -1 : 1))),
    connections: task.connections,
  };
}
