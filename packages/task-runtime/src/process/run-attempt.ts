/** One attempt in the task process: find the task, give it its inputs, run it, encode what it returns. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OperationExecutors, TaskContext, TaskDefinition, TaskOutcome } from '@headrace/sdk';
import { OUTCOME_BRAND, resolveReferences, runValues } from '@headrace/sdk/runtime';
import { CodeUnavailableError } from '../errors.ts';
import type { Ending, InputSource, RunOrder, ValueSource } from '../protocol.ts';
import { encodeValue } from '../values.ts';
import type { Bundles } from './bundles.ts';
import { decisionOf } from './decision.ts';
import { type Emissions, emissionsOf, noEmissions } from './emissions.ts';
import { endingOf } from './error-report.ts';
import { labelOf } from './instance-args.ts';
import { PagedResults, type ResultPages } from './mapped-results.ts';
import { readValue } from './read-value.ts';
import { sense, waitLimitOf } from './sensor.ts';
import type { ProcessSettings } from './settings.ts';
import { taskContext } from './task-context.ts';
import type { AttemptOutput } from './task-output.ts';
import { TaskWaits } from './waits.ts';

export interface AttemptRunner {
  run(order: RunOrder, attempt: AttemptTools): Promise<Ending>;
}

/** What the process has for one attempt. */
export interface AttemptTools {
  readonly signal: AbortSignal;
  readonly output: AttemptOutput;
  readonly scratch: Scratch;
  readonly pages: ResultPages;
}

/** The folder of one attempt, made when it is first needed. */
export class Scratch {
  readonly #path: string;
  made = false;

  constructor(path: string) {
    this.#path = path;
  }

  folder(): string {
    if (!this.made) mkdirSync(this.#path, { recursive: true });
    this.made = true;
    return this.#path;
  }
}

export function attemptRunner(settings: ProcessSettings, bundles: Bundles): AttemptRunner {
  let executors: Promise<OperationExecutors> | undefined;

  /** Imported with the first operation: a process that runs plain tasks stays small. */
  function loadExecutors(): Promise<OperationExecutors> {
    executors ??= importExecutors(settings.executorsModule);
    return executors;
  }

  async function execute(
    task: TaskDefinition,
    inputs: Readonly<Record<string, unknown>>,
    context: TaskContext,
    order: RunOrder,
    scratch: Scratch,
  ): Promise<unknown> {
    const { kind, run, operation } = task;
    if (kind === 'task') {
      if (run === undefined) throw new CodeUnavailableError(`Task "${order.taskId}" has no function`);
      return run({ ...context, ...inputs });
    }
    const executor = (await loadExecutors())[kind];
    const { taskInstanceId, attempt, attemptId } = order;
    const resolved = resolveReferences(operation ?? {}, runValues(context)) as Readonly<Record<string, unknown>>;
    return executor({ operation: resolved, inputs, context, fence: { taskInstanceId, attempt, attemptId }, scratch: scratch.folder() });
  }

  async function runTask(order: RunOrder, tools: AttemptTools): Promise<Ending> {
    const { signal, output, scratch, pages } = tools;
    const { dag, task } = await bundles.task(order.bundle, order.dagId, order.taskId);
    const inputs: Record<string, unknown> = {};
    for (const [name, { taskId }] of Object.entries(task.inputs)) inputs[name] = readInput(taskId, order.results[taskId], pages);
    const { sensor, outlets = [] } = task.flow ?? {};
    const announce = (message: string, fields: Readonly<Record<string, unknown>>) => output.log('info', message, fields);
    const waits = new TaskWaits(order, signal, announce, waitLimitOf(sensor, order));
    const emissions = outlets.length === 0 ? noEmissions(order) : await emissionsOf(order, outlets);
    const context = taskContext(order, dag, task, { signal, output, waits, emissions });
    let value: unknown;
    try {
      const look = () => execute(task, inputs, context, order, scratch);
      if (sensor === undefined) value = await look();
      else {
        const sensed = await sense(sensor, order, signal, look);
        if ('lookAt' in sensed) return { outcome: 'rescheduled', dueAt: sensed.lookAt };
        value = sensed.found;
      }
    } catch (error) {
      const waiting = waits.ending(error);
      if (waiting !== undefined) return waiting;
      throw error;
    }
    const swallowed = waits.ending(undefined);
    if (swallowed !== undefined) return swallowed;
    return succeed(order, task, context, value, { waits, emissions, scratch });
  }

  function succeed(
    order: RunOrder,
    task: TaskDefinition,
    { args }: TaskContext,
    value: unknown,
    { waits, emissions, scratch }: { readonly waits: TaskWaits; readonly emissions: Emissions; readonly scratch: Scratch },
  ): Ending {
    const outcome = isOutcome(value) ? value : undefined;
    const triggered = outcome?.trigger === undefined ? undefined : waits.triggered();
    const result = outcome === undefined ? value : (triggered ?? outcome.result);
    const json = encodeValue(result, 'result', settings.resultBytes);
    const decision = decisionOf(order, outcome, result);
    const assetEvents = emissions.events();
    const mapLabel = labelOf(task, args);
    const endedWaits = order.openWait === undefined ? [] : waits.ended();
    return {
      outcome: 'success',
      ...stored(json, scratch, settings.inlineBytes),
      ...(decision === undefined ? {} : { decision }),
      ...(assetEvents.length === 0 ? {} : { assetEvents }),
      ...(mapLabel === undefined ? {} : { mapLabel }),
      ...(endedWaits.length === 0 ? {} : { endedWaits }),
      ...(outcome?.trigger === undefined || triggered !== undefined ? {} : { trigger: outcome.trigger }),
    };
  }

  async function runHook({ bundle, dagId, hook }: RunOrder): Promise<Ending> {
    const name = hook?.name ?? '';
    const { hooks } = await bundles.dag(bundle, dagId);
    const called = hooks?.get(name);
    if (called === undefined)
      throw new CodeUnavailableError(`DAG "${dagId}" has no hook "${name}" in its code of version ${bundle.hash.slice(0, 12)}`);
    await called(hook?.notice ?? {});
    return { outcome: 'success' };
  }

  return {
    async run(order, tools) {
      try {
        return await (order.hook === undefined ? runTask(order, tools) : runHook(order));
      } catch (error) {
        return endingOf(error, settings.bundleDir);
      }
    },
  };
}

function stored(json: string | undefined, scratch: Scratch, inlineBytes: number): { readonly result?: ValueSource } {
  if (json === undefined) return {};
  if (Buffer.byteLength(json) <= inlineBytes) return { result: { json } };
  const file = join(scratch.folder(), 'result.json');
  writeFileSync(file, json);
  return { result: { file } };
}

function readInput(taskId: string, source: InputSource | undefined, pages: ResultPages): unknown {
  if (source === undefined) return undefined;
  return 'mapped' in source ? new PagedResults(taskId, source.mapped, pages) : readValue(source);
}

/** Of any copy of the SDK. */
function isOutcome(value: unknown): value is TaskOutcome {
  return typeof value === 'object' && value !== null && OUTCOME_BRAND in value;
}

async function importExecutors(specifier: string | undefined): Promise<OperationExecutors> {
  if (specifier === undefined)
    throw new CodeUnavailableError('This worker was started without a module of executors and runs plain tasks only');
  const { executors } = (await import(specifier)) as { readonly executors?: OperationExecutors };
  if (executors === undefined) throw new CodeUnavailableError(`${specifier} does not export "executors"`);
  return executors;
}
