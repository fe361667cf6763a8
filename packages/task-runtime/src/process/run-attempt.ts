/** One attempt where it runs: find the task, give it its inputs, run it, encode what it returns. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AssetSpec } from '@headrace/core';
import type { DataReport } from '@headrace/ports';
import type { DagDefinition, OperationExecutors, OperationProgress, TaskContext, TaskDefinition, TaskOutcome } from '@headrace/sdk';
import { OUTCOME_BRAND, resolveReferences, runValues } from '@headrace/sdk/runtime';
import type { TaskTrace } from '@headrace/tracing/task';
import { CodeUnavailableError } from '../errors.ts';
import type { Ending, InputSource, RunOrder, ValueSource } from '../protocol.ts';
import { encodeValue } from '../values.ts';
import { decisionOf } from './decision.ts';
import { type Emissions, noEmissions } from './emissions.ts';
import { endingOf } from './error-report.ts';
import { labelOf } from './instance-args.ts';
import { PagedResults, type ResultPages } from './mapped-results.ts';
import { readValue } from './read-value.ts';
import { sense, waitLimitOf } from './sensor.ts';
import type { AttemptTime } from './store-time.ts';
import { taskContext } from './task-context.ts';
import type { AttemptOutput } from './task-output.ts';
import { TaskWaits } from './waits.ts';

export interface AttemptRunner {
  run(order: RunOrder, attempt: AttemptTools): Promise<Ending>;
}

/** The code of DAG versions. */
export interface DagSource {
  /** Throws CodeUnavailableError, or what the code throws when it is evaluated. */
  dag(bundle: RunOrder['bundle'], dagId: string): Promise<DagDefinition>;
  /** Throws as `dag` does. */
  task(bundle: RunOrder['bundle'], dagId: string, taskId: string): Promise<{ readonly dag: DagDefinition; readonly task: TaskDefinition }>;
}

export interface AttemptSurroundings {
  readonly dags: DagSource;
  /** Asked for with the first operation: a process that runs plain tasks stays small. */
  readonly executors: () => Promise<OperationExecutors>;
  /** Longer results are handed over in a file. */
  readonly inlineBytes: number;
  readonly resultBytes: number;
  /** Is cut off the positions in stacks. */
  readonly codeFolder: string;
}

/** What there is for one attempt. */
export interface AttemptTools {
  readonly signal: AbortSignal;
  readonly time: AttemptTime;
  readonly output: AttemptOutput;
  readonly scratch: Scratch;
  readonly pages: ResultPages;
  /** As often as an operation likes. */
  readonly progress: (progress: OperationProgress) => void;
  /** Absent: nobody wants spans. */
  readonly traced?: TaskTrace;
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

/** What was given to an executor, once it was. */
interface Operated {
  operation?: Readonly<Record<string, unknown>>;
}

interface TaskData {
  readonly report: DataReport;
  /** For the events of its outlets. */
  readonly eventFacts: Readonly<Record<string, unknown>>;
}

export function attemptRunner({ dags, inlineBytes, resultBytes, codeFolder, ...surroundings }: AttemptSurroundings): AttemptRunner {
  let executors: Promise<OperationExecutors> | undefined;

  function loadExecutors(): Promise<OperationExecutors> {
    executors ??= surroundings.executors();
    return executors;
  }

  async function execute(
    task: TaskDefinition,
    inputs: Readonly<Record<string, unknown>>,
    context: TaskContext,
    order: RunOrder,
    { scratch, progress, traced }: Pick<AttemptTools, 'scratch' | 'progress' | 'traced'>,
    operated: Operated,
  ): Promise<unknown> {
    const { kind, run, operation } = task;
    if (kind === 'task' && operation === undefined) {
      if (run === undefined) throw new CodeUnavailableError(`Task "${order.taskId}" has no function`);
      return run({ ...context, ...inputs });
    }
    const executor = (await loadExecutors())[kind === 'task' ? 'look' : kind];
    if (executor === undefined)
      throw new CodeUnavailableError(`The executors of this worker cannot look for what task "${order.taskId}" waits for`);
    const { taskInstanceId, attempt, attemptId } = order;
    const resolved = resolveReferences(operation ?? {}, runValues(context)) as Readonly<Record<string, unknown>>;
    if (kind !== 'task') operated.operation = resolved;
    const perform = async () =>
      executor({
        operation: resolved,
        inputs,
        context,
        fence: { taskInstanceId, attempt, attemptId },
        scratch: scratch.folder(),
        progress,
        // A sensor has a wait of its own.
        ...(kind === 'task' ? {} : { ask: (form, options) => context.wait.input(form, options) }),
      });
    return traced === undefined ? perform() : traced.within(kind === 'task' ? 'look' : kind, operationAttributes(resolved), perform);
  }

  async function runTask(order: RunOrder, tools: AttemptTools): Promise<Ending> {
    const { signal, output, scratch, pages, time } = tools;
    const { dag, task } = await dags.task(order.bundle, order.dagId, order.taskId);
    const inputs: Record<string, unknown> = {};
    for (const [name, { taskId }] of Object.entries(task.inputs)) inputs[name] = readInput(taskId, order.results[taskId], pages);
    const { sensor, outlets = [] } = task.flow ?? {};
    const announce = (message: string, fields: Readonly<Record<string, unknown>>) => output.log('info', message, fields);
    const waits = new TaskWaits(order, tools, announce, waitLimitOf(sensor, order, time));
    const emissions = outlets.length === 0 ? noEmissions(order) : await assetEmissions(order, outlets);
    const context = taskContext(order, dag, task, { signal, output, waits, emissions });
    const operated: Operated = {};
    let value: unknown;
    try {
      const look = () => execute(task, inputs, context, order, tools, operated);
      if (sensor === undefined) value = await look();
      else {
        const sensed = await sense(sensor, order, tools, look);
        if ('lookAt' in sensed) return { outcome: 'rescheduled', dueAt: sensed.lookAt };
        value = sensed.found;
      }
    } catch (error) {
      const waiting = waits.ending(error);
      if (waiting !== undefined) return waiting;
      return failed(error, operated);
    }
    const swallowed = waits.ending(undefined);
    if (swallowed !== undefined) return swallowed;
    return succeed(order, task, context, value, { waits, emissions, scratch, data: await dataOf(operated, value) });
  }

  function succeed(
    order: RunOrder,
    task: TaskDefinition,
    { args }: TaskContext,
    value: unknown,
    {
      waits,
      emissions,
      scratch,
      data,
    }: { readonly waits: TaskWaits; readonly emissions: Emissions; readonly scratch: Scratch; readonly data: TaskData | undefined },
  ): Ending {
    const outcome = isOutcome(value) ? value : undefined;
    const triggered = outcome?.trigger === undefined ? undefined : waits.triggered();
    const result = outcome === undefined ? value : (triggered ?? outcome.result);
    const json = encodeValue(result, 'result', resultBytes);
    const decision = decisionOf(order, outcome, result);
    const assetEvents = emissions.events(data?.eventFacts);
    const mapLabel = labelOf(task, args);
    const endedWaits = order.openWait === undefined ? [] : waits.ended();
    return {
      outcome: 'success',
      ...stored(json, scratch, inlineBytes),
      ...(decision === undefined ? {} : { decision }),
      ...(assetEvents.length === 0 ? {} : { assetEvents }),
      ...(data === undefined ? {} : { data: data.report }),
      ...(mapLabel === undefined ? {} : { mapLabel }),
      ...(endedWaits.length === 0 ? {} : { endedWaits }),
      ...(outcome?.trigger === undefined || triggered !== undefined ? {} : { trigger: outcome.trigger }),
    };
  }

  /** An error of the data plane may tell of the checks that led to it. */
  async function failed(error: unknown, { operation }: Operated): Promise<Ending> {
    const ending = endingOf(error, codeFolder);
    if (operation === undefined || ending.outcome !== 'failed') return ending;
    const data = (await import('./data-report.ts')).reportOfFailure(operation, error);
    return data === undefined ? ending : { ...ending, data };
  }

  async function runHook({ bundle, dagId, hook }: RunOrder): Promise<Ending> {
    const name = hook?.name ?? '';
    const { hooks } = await dags.dag(bundle, dagId);
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
        return endingOf(error, codeFolder);
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

/** Imported with the first task that has outlets, and the core with it. */
async function assetEmissions({ taskId, partitionKey }: RunOrder, outlets: readonly AssetSpec[]): Promise<Emissions> {
  const { AssetEmissions } = await import('./asset-emissions.ts');
  return new AssetEmissions(taskId, outlets, partitionKey);
}

/** Imported with the first task that has an operation. */
async function dataOf({ operation }: Operated, result: unknown): Promise<TaskData | undefined> {
  if (operation === undefined) return undefined;
  const { eventFacts, reportOfResult } = await import('./data-report.ts');
  const report = reportOfResult(operation, result);
  return report === undefined ? undefined : { report, eventFacts: eventFacts(report) };
}

/** Names of places and how rows go into them; never SQL, rows or settings. */
function operationAttributes({ source, target, disposition }: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const told: Record<string, string> = {};
  for (const [role, place] of Object.entries({ source, target })) {
    const { connector, connection } = (place ?? {}) as { readonly connector?: unknown; readonly connection?: unknown };
    if (typeof connector === 'string') told[`headrace.${role}.connector`] = connector;
    if (typeof connection === 'string') told[`headrace.${role}.connection`] = connection;
  }
  if (typeof disposition === 'string') told['headrace.disposition'] = disposition;
  return told;
}

/** Of any copy of the SDK. */
function isOutcome(value: unknown): value is TaskOutcome {
  return typeof value === 'object' && value !== null && OUTCOME_BRAND in value;
}
