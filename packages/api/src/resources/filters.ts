/** From the query or the body of a list to the filter that the store takes. What is absent, or null, filters nothing. */
import type { DagRunListQuery, DagRunsBatch, TaskInstanceListQuery, TaskInstancesBatch } from '@headrace/api-contract';
import type { Range, RunFilter, TaskInstanceFilter } from '@headrace/ports';
import { toInstant } from '../answers/date-times.ts';
import { ANY } from './lookup.ts';

const BOUNDS = ['gte', 'gt', 'lte', 'lt'] as const;
type Bounded = Readonly<Record<string, unknown>>;

/** The fields that there are. */
export function given<Fields extends Readonly<Record<string, unknown>>>(
  fields: Fields,
): { readonly [Name in keyof Fields]?: NonNullable<Fields[Name]> } {
  const found: Record<string, unknown> = {};
  for (const name in fields) {
    const value = fields[name];
    if (value !== undefined && value !== null) found[name] = value;
  }
  return found as { readonly [Name in keyof Fields]?: NonNullable<Fields[Name]> };
}

/** The bounds `name_gte`, `name_gt`, `name_lte` and `name_lt`: times. */
export function timesIn(query: Bounded, name: string): Range | undefined {
  return boundsIn(query, name, (value) => toInstant(value as string | null | undefined));
}

/** … seconds. */
function secondsIn(query: Bounded, name: string): Range | undefined {
  return boundsIn(query, name, (value) => (typeof value === 'number' ? value * 1000 : undefined));
}

function boundsIn(query: Bounded, name: string, read: (value: unknown) => number | undefined): Range | undefined {
  let range: Range | undefined;
  for (const [bound, field] of fieldsOf(name)) {
    const value = read(query[field]);
    if (value !== undefined) range = { ...range, [bound]: value };
  }
  return range;
}

const fields = new Map<string, readonly (readonly [keyof Range, string])[]>();

/** Made once for each name: a list asks for two dozen of them. */
function fieldsOf(name: string): readonly (readonly [keyof Range, string])[] {
  const known = fields.get(name) ?? BOUNDS.map((bound) => [bound, `${name}_${bound}`] as const);
  fields.set(name, known);
  return known;
}

/** `~` is any. */
export function named(id: string): string | undefined {
  return id === ANY ? undefined : id;
}

export function runFilter(dagId: string, query: DagRunListQuery): RunFilter {
  return given({
    dagId: named(dagId),
    statuses: query.state,
    runTypes: query.run_type,
    versions: query.dag_version,
    bundleHash: query.bundle_version,
    paramsContain: query.conf_contains,
    dagIdPattern: query.dag_id_pattern,
    runIdPattern: query.run_id_pattern,
    userPattern: query.triggering_user_name_pattern,
    partitionKeyPattern: query.partition_key_pattern,
    ...runTimes(query),
    updatedAt: timesIn(query, 'updated_at'),
  });
}

export function runBatchFilter(dagId: string, body: DagRunsBatch): RunFilter {
  return given({
    dagId: named(dagId),
    dagIds: body.dag_ids,
    // A run always has a state: null asks for none.
    statuses: body.states?.filter((state) => state !== null),
    paramsContain: body.conf_contains,
    ...runTimes(body),
  });
}

function runTimes(query: Bounded) {
  return {
    runAfter: timesIn(query, 'run_after'),
    logicalDate: timesIn(query, 'logical_date'),
    startedAt: timesIn(query, 'start_date'),
    endedAt: timesIn(query, 'end_date'),
    duration: secondsIn(query, 'duration'),
  };
}

/** What lists of task instances and of the instances of one task have in common. */
export function instanceFilter(
  query: Omit<TaskInstanceListQuery, 'task_id' | 'task_group_id' | 'task_display_name_pattern' | 'dag_id_pattern' | 'run_id_pattern'>,
): TaskInstanceFilter {
  return given({
    statuses: query.state?.map(statusOf),
    pools: query.pool,
    poolPattern: query.pool_name_pattern,
    queues: query.queue,
    queuePattern: query.queue_name_pattern,
    kinds: query.operator,
    kindPattern: query.operator_name_pattern,
    versions: query.version_number,
    attempts: query.try_number,
    mapIndexes: query.map_index,
    ...runTimes(query),
    updatedAt: timesIn(query, 'updated_at'),
    taskIds: ofExecutor(query.executor),
  });
}

export function instanceBatchFilter(dagId: string, runId: string, body: TaskInstancesBatch): TaskInstanceFilter {
  return given({
    dagId: named(dagId),
    runId: named(runId),
    dagIds: body.dag_ids,
    runIds: body.dag_run_ids,
    taskIds: ofExecutor(body.executor) ?? body.task_ids,
    statuses: body.state?.map((state) => (state === null ? 'none' : statusOf(state))),
    pools: body.pool,
    queues: body.queue,
    ...runTimes(body),
  });
}

/** Nothing has an executor of its own: of those that are named there is no task. */
function ofExecutor(executor: readonly string[] | null | undefined): readonly string[] | undefined {
  return executor == null || executor.length === 0 ? undefined : [];
}

function statusOf(state: NonNullable<TaskInstanceListQuery['state']>[number]): NonNullable<TaskInstanceFilter['statuses']>[number] {
  return state === 'no_status' ? 'none' : state;
}
