import type { NoticeTarget, TaskKind, TaskOccasion, TriggerRule, WeightRule } from '@headrace/core';
import type { AnyAsset } from '../assets/asset.ts';
import type { ConnectionReference, ResolvedTaskOptions } from '../definition.ts';
import { DagDefinitionError, shown } from '../definition-error.ts';
import { type Duration, durationMs } from '../duration.ts';
import type { Wires } from '../flow/wiring.ts';
import { checkId } from '../ids.ts';
import type { Notifier, Notifiers } from '../notices/notify.ts';
import { noticesOf } from '../notices/occasions.ts';
import { oneOf, wholeNumber } from './checked-values.ts';
import { type LimitOptions, taskLimits } from './limits.ts';
import { type RetryOptions, retryPolicy } from './retries.ts';

/** What a task, and the `defaults` of a group or a DAG, can say. */
export interface TaskDefaults {
  /** A number is short for `{ max }`. A field that a task leaves out is the group's or the DAG's. */
  readonly retries?: number | RetryOptions;
  /** Per try. Default 1 hour. */
  readonly executionTimeout?: Duration;
  /** Default: `default` for a plain task, and `extract`, `load`, `transform`, `export` for those kinds. */
  readonly queue?: string;
  readonly pool?: string;
  /** Slots that it takes in its pool. Default 1. */
  readonly poolSlots?: number;
  /** Higher is started first. Default 1. */
  readonly priority?: number;
  /** What `priority` is added up over: the task and all `downstream` of it (default), all `upstream` of it, or the task alone (`absolute`). */
  readonly weightRule?: WeightRule;
  readonly limits?: LimitOptions;
  /** Waits until the same task of the run before succeeded or was skipped. Default false. */
  readonly dependsOnPast?: boolean;
  /** … and the tasks directly downstream of it there, too. Default false. */
  readonly waitForDownstream?: boolean;
  /** Who is told when it has succeeded. */
  readonly onSuccess?: Notifiers;
  /** … when it has failed and is not tried again. */
  readonly onFailure?: Notifiers;
  /** … when a try has failed and another follows. */
  readonly onRetry?: Notifiers;
  readonly onSkipped?: Notifiers;
}

/** Options of every kind of task. */
export interface CommonTaskOptions<Rule extends TriggerRule = TriggerRule> extends TaskDefaults {
  /** Upstream tasks and groups whose results are not needed. */
  readonly after?: Wires;
  /** Default `all_success`. */
  readonly triggerRule?: Rule;
  /** Connections that the task may use; it is given no other. */
  readonly connections?: readonly (string | ConnectionReference)[];
  /** Assets that it makes: its success makes an event of each. */
  readonly outlets?: readonly AnyAsset[];
  /** Assets that it reads. Nothing follows from it but what people see. */
  readonly inlets?: readonly AnyAsset[];
  /** Markdown, shown with the task. */
  readonly doc?: string;
}

const TRIGGER_RULES = [
  'all_success',
  'all_failed',
  'all_done',
  'all_done_min_one_success',
  'all_skipped',
  'one_failed',
  'one_success',
  'one_done',
  'none_failed',
  'none_failed_min_one_success',
  'none_skipped',
  'always',
] as const satisfies readonly TriggerRule[];

/**
 * The options of one task. `defaults` are in order of precedence: the task's own are asked first, then these.
 * `tell` makes known to the DAG who is to be told. Throws DagDefinitionError.
 */
export function resolveTaskOptions(
  taskId: string,
  kind: TaskKind,
  options: CommonTaskOptions,
  defaults: readonly TaskDefaults[],
  tell: (notifier: Notifier) => NoticeTarget,
): ResolvedTaskOptions {
  const where = `Task "${taskId}"`;
  const layers: readonly TaskDefaults[] = [options, ...defaults];
  const first = <K extends keyof TaskDefaults>(key: K): TaskDefaults[K] | undefined =>
    layers.find((layer) => layer[key] !== undefined)?.[key];
  const { triggerRule = 'all_success', doc } = options;
  if (!(TRIGGER_RULES as readonly string[]).includes(triggerRule)) {
    throw new DagDefinitionError(
      'HR_BAD_OPTION',
      `${where} has the trigger rule ${shown(triggerRule)}; it can be ${TRIGGER_RULES.join(', ')}`,
    );
  }
  const queue = first('queue') ?? (kind === 'task' ? 'default' : kind);
  checkId('queue', queue);
  const pool = first('pool') ?? 'default_pool';
  checkId('pool', pool);
  const executionTimeoutMs = durationMs(`${where}, executionTimeout`, first('executionTimeout') ?? '1 hour');
  if (executionTimeoutMs === 0) throw new DagDefinitionError('HR_BAD_DURATION', `${where}, executionTimeout: must be longer than nothing`);
  return {
    triggerRule,
    retries: retryPolicy(
      where,
      layers.flatMap((layer) => layer.retries ?? []),
    ),
    executionTimeoutMs,
    queue,
    pool,
    poolSlots: wholeNumber(`${where}, poolSlots`, first('poolSlots') ?? 1, 1),
    priorityWeight: wholeNumber(`${where}, priority`, first('priority') ?? 1, -2_147_483_648),
    ...(doc === undefined ? {} : { doc }),
    ...unusualOptions(where, first, tell),
  };
}

type First = <K extends keyof TaskDefaults>(key: K) => TaskDefaults[K] | undefined;

/** What is not in the spec of a task that says nothing about it, or only what is usual. */
function unusualOptions(
  where: string,
  first: First,
  tell: (notifier: Notifier) => NoticeTarget,
): Pick<ResolvedTaskOptions, 'weightRule' | 'limits' | 'dependsOnPast' | 'waitForDownstream' | 'notices'> {
  const weightRule = oneOf(`${where}, weightRule`, first('weightRule') ?? 'downstream', ['downstream', 'upstream', 'absolute']);
  const limits = taskLimits(`${where}, limits`, first('limits') ?? {});
  const waitForDownstream = first('waitForDownstream') ?? false;
  const notices = noticesOf<TaskOccasion>(
    where,
    [
      ['success', first('onSuccess')],
      ['failure', first('onFailure')],
      ['retry', first('onRetry')],
      ['skipped', first('onSkipped')],
    ],
    tell,
  );
  return {
    ...(weightRule === 'downstream' ? {} : { weightRule }),
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
    ...(waitForDownstream || first('dependsOnPast') ? { dependsOnPast: true } : {}),
    ...(waitForDownstream ? { waitForDownstream: true } : {}),
    ...(notices.length === 0 ? {} : { notices }),
  };
}
