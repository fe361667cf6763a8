/** What a task function is given. */
import type { ConnectionSettings, DagDefinition, DataInterval, TaskContext, TaskDefinition } from '@headrace/sdk';
import { runValues, zoneOf } from '@headrace/sdk/runtime';
import { UndeclaredConnectionError } from '../errors.ts';
import type { RunOrder } from '../protocol.ts';
import type { Emissions } from './emissions.ts';
import { instanceArgs } from './instance-args.ts';
import { type AttemptOutput, taskLog } from './task-output.ts';
import { assetEvent, type TaskWaits } from './waits.ts';

export interface ContextParts {
  readonly signal: AbortSignal;
  readonly output: AttemptOutput;
  readonly waits: TaskWaits;
  readonly emissions: Emissions;
}

export function taskContext(
  order: RunOrder,
  dag: DagDefinition,
  task: TaskDefinition,
  { signal, output, waits, emissions }: ContextParts,
): TaskContext {
  const { dagId, runId, taskId, mapIndex, tryNumber, maxTries, logicalDate, latest, triggeringEvents = [] } = order;
  const context = {
    dagId,
    runId,
    taskId,
    mapIndex,
    attempt: tryNumber,
    maxTries,
    params: paramsOf(order, dag),
    logicalDate: logicalDate === undefined ? undefined : new Date(logicalDate),
    interval: new RunInterval(order.intervalStart ?? order.runAfter, order.intervalEnd ?? order.runAfter, zoneOf(dag.schedule)),
    log: taskLog(output),
    signal,
    connection: (id: string) => connectionOf(id, order),
    partitionKey: order.partitionKey,
    triggeringEvents: triggeringEvents.map(assetEvent),
    emit: emissions.emit.bind(emissions),
    wait: waits,
    ...(latest === undefined ? {} : { latest }),
  } satisfies TaskContext;
  const args = instanceArgs(task, order, runValues(context));
  return args === undefined ? context : { ...context, args };
}

/**
 * The params in the types that the DAG's schema makes of them. They were validated when the run was made, and where a schema's output
 * is not its own input (a transform) the stored values are the output already: they are taken as they are.
 */
function paramsOf({ params }: RunOrder, dag: DagDefinition): Readonly<Record<string, unknown>> {
  const result = dag.params?.['~standard'].validate(params);
  if (result === undefined || result instanceof Promise || result.issues !== undefined) return params;
  return result.value as Readonly<Record<string, unknown>>;
}

function connectionOf(id: string, { taskId, connections }: RunOrder): ConnectionSettings {
  const settings = connections.find((each) => each.id === id);
  if (settings !== undefined) return settings;
  throw new UndeclaredConnectionError(
    taskId,
    id,
    connections.map((each) => each.id),
  );
}

/** `day`, `hour` and `endDay` are worked out when somebody asks: that takes a calendar. */
class RunInterval implements DataInterval {
  readonly start: Date;
  readonly end: Date;
  readonly #zone: string;
  #local: string | undefined;

  constructor(start: number, end: number, zone: string) {
    this.start = new Date(start);
    this.end = new Date(end);
    this.#zone = zone;
  }

  get day(): string {
    return this.#localHour().slice(0, 10);
  }

  get hour(): string {
    return this.#localHour();
  }

  get endDay(): string {
    return localHour(this.end, this.#zone).slice(0, 10);
  }

  #localHour(): string {
    this.#local ??= localHour(this.start, this.#zone);
    return this.#local;
  }
}

/** `YYYY-MM-DDTHH` on the clocks of a zone. */
function localHour(instant: Date, timeZone: string): string {
  if (timeZone === 'UTC') return instant.toISOString().slice(0, 13);
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
  });
  const part = Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, value]));
  return `${part.year?.padStart(4, '0')}-${part.month}-${part.day}T${part.hour}`;
}
