/** Options of tasks as people write them, and their resolved form with the DAG's defaults and ours filled in. */
import type { RetryPolicy, RetryRule, TaskKind, TriggerRule } from '@headrace/core';
import type { ConnectionReference, ResolvedTaskOptions, TaskDefinition } from './definition.ts';
import { DagDefinitionError, shown } from './definition-error.ts';
import { type Duration, durationMs } from './duration.ts';
import { checkId } from './ids.ts';

export interface RetryOptions {
  /** Tries after the first. */
  readonly max?: number;
  /** Before the next try. Default 30 s. */
  readonly delay?: Duration;
  /** `exponential`: the delay doubles with every try. Default `fixed`. */
  readonly backoff?: 'fixed' | 'exponential';
  /** Cap of an exponential delay. Default 1 hour, or `delay` where that is longer. */
  readonly maxDelay?: Duration;
  /** Share of the delay that is random, 0..1, so that failed tasks do not return all at once. `true` is 0.5. Default 0. */
  readonly jitter?: boolean | number;
  /** Exceptions by error; the first that matches wins. */
  readonly on?: readonly RetryOn[];
}

export interface RetryOn {
  /** The error's `name` or `code`, e.g. `'ECONNREFUSED'`, or its class. */
  readonly error: string | (abstract new (...args: never[]) => Error);
  readonly action: 'fail' | 'retry';
  /** For `retry`: this delay instead of the policy's. */
  readonly delay?: Duration;
}

/** What both a task and a DAG's `defaults` can say. */
export interface TaskDefaults {
  /** A number is short for `{ max }`. A field that a task leaves out is the DAG's. */
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
}

/** Options of every kind of task. */
export interface CommonTaskOptions<Rule extends TriggerRule = TriggerRule> extends TaskDefaults {
  /** Upstream tasks whose results are not needed. */
  readonly after?: TaskDefinition | readonly TaskDefinition[];
  /** Default `all_success`. */
  readonly triggerRule?: Rule;
  /** Connections that the task may use; it is given no other. */
  readonly connections?: readonly (string | ConnectionReference)[];
  /** Markdown, shown with the task. */
  readonly doc?: string;
}

const TRIGGER_RULES: ReadonlySet<string> = new Set<TriggerRule>([
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
]);

const HOUR_MS = 3_600_000;
const DEFAULT_DELAY_MS = 30_000;

/** The options of one task. `defaults` are in order of precedence: the task's own are asked first, then these. Throws DagDefinitionError. */
export function resolveTaskOptions(
  taskId: string,
  kind: TaskKind,
  options: CommonTaskOptions,
  defaults: readonly TaskDefaults[],
): ResolvedTaskOptions {
  const where = `Task "${taskId}"`;
  const layers: readonly TaskDefaults[] = [options, ...defaults];
  const first = <K extends keyof TaskDefaults>(key: K): TaskDefaults[K] | undefined =>
    layers.find((layer) => layer[key] !== undefined)?.[key];
  const triggerRule = options.triggerRule ?? 'all_success';
  if (!TRIGGER_RULES.has(triggerRule)) {
    throw new DagDefinitionError(
      'HR_BAD_OPTION',
      `${where} has the trigger rule ${shown(triggerRule)}; it can be ${[...TRIGGER_RULES].join(', ')}`,
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
    ...(options.doc === undefined ? {} : { doc: options.doc }),
  };
}

/** Throws HR_BAD_OPTION unless `value` is a whole number of at least `least` that fits into 32 bits. */
export function wholeNumber(what: string, value: unknown, least: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > 2_147_483_647) {
    throw new DagDefinitionError('HR_BAD_OPTION', `${what}: ${shown(value)} is not a whole number of at least ${least}`);
  }
  return value;
}

function retryPolicy(where: string, layers: readonly (number | RetryOptions)[]): RetryPolicy {
  const merged: RetryOptions = Object.assign(
    {},
    ...layers.toReversed().map((layer) => (typeof layer === 'number' ? { max: layer } : layer)),
  );
  const delayMs = merged.delay === undefined ? DEFAULT_DELAY_MS : durationMs(`${where}, retries.delay`, merged.delay);
  const maxDelayMs = merged.maxDelay === undefined ? Math.max(HOUR_MS, delayMs) : durationMs(`${where}, retries.maxDelay`, merged.maxDelay);
  if (maxDelayMs < delayMs) throw new DagDefinitionError('HR_BAD_OPTION', `${where}, retries.maxDelay: is shorter than retries.delay`);
  const backoff = merged.backoff ?? 'fixed';
  if (backoff !== 'fixed' && backoff !== 'exponential')
    throw new DagDefinitionError('HR_BAD_OPTION', `${where}, retries.backoff: ${shown(backoff)} is neither 'fixed' nor 'exponential'`);
  return {
    max: wholeNumber(`${where}, retries.max`, merged.max ?? 0, 0),
    delayMs,
    backoff,
    maxDelayMs,
    jitter: jitterShare(where, merged.jitter),
    rules: (merged.on ?? []).map((on) => retryRule(where, on)),
  };
}

function jitterShare(where: string, jitter: boolean | number | undefined): number {
  const share = jitter === true ? 0.5 : jitter === false || jitter === undefined ? 0 : jitter;
  if (typeof share !== 'number' || !(share >= 0 && share <= 1))
    throw new DagDefinitionError('HR_BAD_OPTION', `${where}, retries.jitter: ${shown(share)} is not between 0 and 1`);
  return share;
}

function retryRule(where: string, on: RetryOn): RetryRule {
  const error = typeof on.error === 'function' ? on.error.name : on.error;
  if (typeof error !== 'string' || error === '')
    throw new DagDefinitionError('HR_BAD_OPTION', `${where}, retries.on: an error is given by its class, name or code`);
  if (on.action !== 'fail' && on.action !== 'retry')
    throw new DagDefinitionError(
      'HR_BAD_OPTION',
      `${where}, retries.on ${error}: action is ${shown(on.action)}, expected 'fail' or 'retry'`,
    );
  if (on.delay === undefined) return { error, action: on.action };
  if (on.action === 'fail')
    throw new DagDefinitionError('HR_BAD_OPTION', `${where}, retries.on ${error}: a delay makes no sense with action: 'fail'`);
  return { error, action: 'retry', delayMs: durationMs(`${where}, retries.on ${error}, delay`, on.delay) };
}
