/** Tasks that start a run of another DAG. */
import type { RunStatus, TriggerRule } from '@headrace/core';
import type { AnyAsset } from '../assets/asset.ts';
import type { DagDefinition, Reference, TaskDefinition, TriggerDagRequest, TriggeredWait } from '../definition.ts';
import { type Duration, durationMs } from '../duration.ts';
import { outcome } from '../flow/outcome.ts';
import { isReference, resolveReferences, runValues } from '../references.ts';
import { dateInstant } from '../schedule/dates.ts';
import { defineFunction, type NoInputs, type TaskArguments, type TaskFunction, type TaskInputs, type TaskOptions } from '../task.ts';
import { dagIdOf } from './wait-for.ts';

/** A DAG whose params are known to the compiler: what `dag(…)` answers with. */
export interface DagWithParams<Params = unknown> extends DagDefinition {
  /** Only for the compiler. */
  readonly __params?: Params;
}

/** Values, each of which may be a reference. */
export type OrReference<T> = T | Reference<T> | (T extends object ? { readonly [Key in keyof T]: OrReference<T[Key]> } : never);

type ParamsOption<Params, Inputs extends TaskInputs, Rule extends TriggerRule> =
  | OrReference<Params>
  | ((context: TaskArguments<Inputs, Rule>) => Params | Promise<Params>);

/** Params may be left out where all have defaults. */
type WithParams<Params, Inputs extends TaskInputs, Rule extends TriggerRule> =
  Partial<Params> extends Params
    ? { readonly params?: ParamsOption<Params, Inputs, Rule> }
    : { readonly params: ParamsOption<Params, Inputs, Rule> };

export interface TriggeredRunOptions {
  /** Default: the run has none, as one that a person triggers. */
  readonly logicalDate?: Date | string | Reference<Date | undefined>;
  /** Default: one made of this run, task and try. Of several triggers with one id only the first makes a run. */
  readonly runId?: string | Reference<string>;
  /** Of which partition the run is. */
  readonly partition?: string | Reference<string | undefined>;
  /** Waits, without a slot, until the run has ended. Default false. */
  readonly wait?: boolean | TriggeredWaitOptions;
}

export interface TriggeredWaitOptions {
  /** Default: as long as it takes. */
  readonly timeout?: Duration;
  /** Then: `fail` (default), `skip`, or `continue` as if it had ended. */
  readonly onTimeout?: 'fail' | 'skip' | 'continue';
  /** Default `success`. */
  readonly states?: readonly RunStatus[];
  /** Default `failed`. */
  readonly failOn?: readonly RunStatus[];
}

export type TriggerDagOptions<Params, Inputs extends TaskInputs, Rule extends TriggerRule> = TaskOptions<
  Inputs,
  Rule,
  readonly AnyAsset[]
> &
  TriggeredRunOptions &
  WithParams<Params, Inputs, Rule>;

/**
 * Makes a run of another DAG, given by its definition, so that params are checked by the compiler, or by its id. Params are values,
 * references in them, or a function of the inputs. Its result is the id of the run. Throws DagDefinitionError as `task` does.
 */
export function triggerDag<Params, const Inputs extends TaskInputs = NoInputs, const Rule extends TriggerRule = 'all_success'>(
  id: string,
  options: { readonly dag: DagWithParams<Params> } & TriggerDagOptions<NoInfer<Params>, Inputs, Rule>,
): TaskDefinition<string>;
export function triggerDag<const Inputs extends TaskInputs = NoInputs, const Rule extends TriggerRule = 'all_success'>(
  id: string,
  options: { readonly dag: string } & TriggerDagOptions<Readonly<Record<string, unknown>>, Inputs, Rule>,
): TaskDefinition<string>;
export function triggerDag(
  id: string,
  options: { readonly dag: string | DagWithParams } & TriggerDagOptions<Readonly<Record<string, unknown>>, TaskInputs, TriggerRule>,
): TaskDefinition<string> {
  const { dag, params = {}, logicalDate, runId, partition, wait = false, ...rest } = options;
  const where = `Task "${id}"`;
  const dagId = dagIdOf(where, dag);
  if (logicalDate !== undefined && !isReference(logicalDate)) dateInstant(`${where}, logicalDate`, logicalDate, 'UTC');
  const waitFor = wait === false ? undefined : triggeredWait(where, wait === true ? {} : wait);
  const run: TaskFunction = async (context) => {
    const values = resolveReferences(
      { params: typeof params === 'function' ? {} : params, logicalDate, runId, partition },
      runValues(context),
    ) as Resolved;
    const made = typeof params === 'function' ? await (params as unknown as TaskFunction)(context) : values.params;
    const request: TriggerDagRequest = {
      dagId,
      params: made as Readonly<Record<string, unknown>>,
      ...(values.logicalDate === undefined ? {} : { logicalDate: dateInstant(`${where}, logicalDate`, values.logicalDate, 'UTC') }),
      ...(values.runId === undefined ? {} : { runId: values.runId }),
      ...(values.partition === undefined ? {} : { partition: values.partition }),
      ...(waitFor === undefined ? {} : { wait: waitFor }),
    };
    return outcome(undefined, { trigger: request });
  };
  return defineFunction(id, rest, run) as TaskDefinition<string>;
}

interface Resolved {
  readonly params: unknown;
  readonly logicalDate: unknown;
  readonly runId: string | undefined;
  readonly partition: string | undefined;
}

function triggeredWait(
  where: string,
  { timeout, onTimeout, states = ['success'], failOn = ['failed'] }: TriggeredWaitOptions,
): TriggeredWait {
  return {
    states: [...states],
    failOn: [...failOn],
    ...(timeout === undefined ? {} : { timeoutMs: durationMs(`${where}, wait.timeout`, timeout) }),
    ...(onTimeout === undefined ? {} : { onTimeout }),
  };
}
