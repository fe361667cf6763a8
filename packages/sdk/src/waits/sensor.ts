/** Tasks that only look whether something has come to be. */
import type { SensorSpec, TriggerRule } from '@headrace/core';
import type { AnyAsset } from '../assets/asset.ts';
import type { TaskDefinition } from '../definition.ts';
import { DagDefinitionError } from '../definition-error.ts';
import { type Duration, durationMs } from '../duration.ts';
import { oneOf } from '../options/checked-values.ts';
import type { CommonTaskOptions } from '../options/task-options.ts';
import {
  defineFunction,
  type FunctionOptions,
  type NoInputs,
  type TaskArguments,
  type TaskFunction,
  type TaskInputs,
  type TaskOptions,
} from '../task.ts';

/** How long a sensor waits in all. */
export interface PatienceOptions {
  /** In all, over all looks and tries; then it fails, without another try. Default 7 days. */
  readonly timeout?: Duration;
  /** Then it is skipped instead. Default false. */
  readonly softFail?: boolean;
}

export interface LookOptions extends PatienceOptions {
  /** Between looks. Default 1 minute. */
  readonly every?: Duration;
  /**
   * `reschedule` (default): it gives its slot back between looks. `poke`: it keeps it, for looks that are seconds apart.
   * `deferred`: its function looks once and awaits `wait.…`, which holds no slot and needs no further look.
   */
  readonly mode?: 'poke' | 'reschedule' | 'deferred';
}

export interface SensorOptions<Inputs extends TaskInputs, Rule extends TriggerRule, Outlets extends readonly AnyAsset[]>
  extends TaskOptions<Inputs, Rule, Outlets>,
    LookOptions {}

type NotYet = undefined | false;

/** What a sensor has found. */
export type Found<Look> = Exclude<Look, NotYet>;

/**
 * A task whose function is asked again and again, until it answers with something else than `false` and `undefined`: that is its result.
 * Throws DagDefinitionError as `task` does.
 */
export function sensor<
  Look,
  const Inputs extends TaskInputs = NoInputs,
  const Rule extends TriggerRule = 'all_success',
  const Outlets extends readonly AnyAsset[] = readonly [],
>(
  id: string,
  options: SensorOptions<Inputs, Rule, Outlets>,
  look: (context: TaskArguments<Inputs, Rule, undefined, Outlets>) => Look,
): TaskDefinition<Found<Awaited<Look>>> {
  return defineSensor(id, options, look as TaskFunction) as TaskDefinition<Found<Awaited<Look>>>;
}

const WEEK_MS = 7 * 86_400_000;
const MINUTE_MS = 60_000;

/** A sensor of whatever types. */
export function defineSensor(id: string, options: FunctionOptions & LookOptions, look: TaskFunction): TaskDefinition {
  const { sensor, rest } = sensorParts(id, options);
  return defineFunction(id, rest, look, { sensor });
}

/** How a sensor looks, apart from its options as a task. Throws HR_BAD_OPTION, HR_BAD_DURATION. */
export function sensorParts<Options extends CommonTaskOptions>(
  id: string,
  options: Options & LookOptions,
): { readonly sensor: SensorSpec; readonly rest: Omit<Options, keyof LookOptions> } {
  const { every, timeout, softFail = false, mode = 'reschedule', ...rest } = options;
  const where = `Task "${id}"`;
  const spec: SensorSpec = {
    mode: oneOf(`${where}, mode`, mode, ['poke', 'reschedule', 'deferred']),
    everyMs: every === undefined ? MINUTE_MS : longerThanNothing(`${where}, every`, every),
    timeoutMs: timeout === undefined ? WEEK_MS : longerThanNothing(`${where}, timeout`, timeout),
    softFail,
  };
  // One that keeps its slot is one long try.
  const executionTimeout = rest.executionTimeout ?? (mode === 'poke' ? { ms: spec.timeoutMs } : undefined);
  return { sensor: spec, rest: executionTimeout === undefined ? rest : { ...rest, executionTimeout } };
}

function longerThanNothing(what: string, duration: Duration): number {
  const ms = durationMs(what, duration);
  if (ms === 0) throw new DagDefinitionError('HR_BAD_DURATION', `${what}: must be longer than nothing`);
  return ms;
}
