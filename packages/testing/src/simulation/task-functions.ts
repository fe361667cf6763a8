/** Calls the functions of a DAG's plain tasks, in this process, with the context that a task process would give them. */
import { localDay, localHour } from '@headrace/core';
import type { AttemptStore, ClaimedAttempt, NewAssetEvent } from '@headrace/ports';
import {
  type ConnectionSettings,
  type DagDefinition,
  type DataInterval,
  OUTCOME_BRAND,
  type TaskContext,
  type TaskDefinition,
  type TaskLog,
  type TaskOutcome,
  type WaitApi,
} from '@headrace/sdk';
import type { Outcome } from './outcomes.ts';

export class CannotCallError extends Error {
  readonly code = 'HR_SIMULATION_CANNOT_CALL';
  constructor(dagId: string, taskId: string, why: string) {
    super(`Task "${taskId}" of DAG "${dagId}" ${why}: give it an outcome`);
    this.name = 'CannotCallError';
  }
}

export class TaskFunctions {
  readonly #dags: ReadonlyMap<string, DagDefinition>;
  readonly #store: Pick<AttemptStore, 'resultRefs'>;
  /** By task instance and attempt. */
  readonly #results: ReadonlyMap<string, unknown>;
  readonly #connections: Readonly<Record<string, string>>;

  constructor(
    dags: readonly DagDefinition[],
    store: Pick<AttemptStore, 'resultRefs'>,
    results: ReadonlyMap<string, unknown>,
    connections: Readonly<Record<string, string>>,
  ) {
    this.#dags = new Map(dags.map((dag) => [dag.dagId, dag]));
    this.#store = store;
    this.#results = results;
    this.#connections = connections;
  }

  /** @throws CannotCallError. What the function itself throws is an outcome. */
  async call(claimed: ClaimedAttempt, signal: AbortSignal): Promise<Outcome> {
    const { dagId, taskId } = claimed;
    const dag = this.#dags.get(dagId);
    const task = dag?.tasks.get(taskId);
    if (dag === undefined || task === undefined) throw new CannotCallError(dagId, taskId, 'has no code here, only its spec');
    if (task.kind !== 'task' || task.run === undefined)
      throw new CannotCallError(dagId, taskId, `is of kind "${task.kind}" and moves real data`);
    const assetEvents: NewAssetEvent[] = [];
    const context = this.#context(dag, task, claimed, signal, assetEvents);
    const inputs = await this.#inputs(task, claimed);
    try {
      return outcomeOf(await task.run({ ...context, ...inputs }), assetEvents);
    } catch (error) {
      if (error instanceof CannotCallError) throw error;
      return failureOf(error);
    }
  }

  async #inputs(task: TaskDefinition, { runKey, mapIndex }: ClaimedAttempt): Promise<Readonly<Record<string, unknown>>> {
    const names = Object.entries(task.inputs);
    if (names.length === 0) return {};
    const taskIds = names.map(([, upstream]) => upstream.taskId);
    const plain = await this.#store.resultRefs(runKey, taskIds, -1);
    const sameIndex = mapIndex === -1 ? plain : await this.#store.resultRefs(runKey, taskIds, mapIndex);
    const inputs: Record<string, unknown> = {};
    for (const [name, { taskId }] of names) {
      const ref = sameIndex.get(taskId) ?? plain.get(taskId);
      inputs[name] = ref === undefined ? undefined : structuredClone(this.#results.get(`${ref.taskInstanceId} ${ref.attempt}`));
    }
    return inputs;
  }

  #context(
    dag: DagDefinition,
    { taskId, mapped, group }: TaskDefinition,
    claimed: ClaimedAttempt,
    signal: AbortSignal,
    assetEvents: NewAssetEvent[],
  ): TaskContext {
    const {
      dagId,
      runId,
      mapIndex,
      attempt,
      triesBefore,
      maxTries,
      params,
      logicalDate,
      runAfter,
      intervalStart,
      intervalEnd,
      partitionKey,
    } = claimed;
    if (mapped !== undefined || group !== undefined) throw new CannotCallError(dagId, taskId, 'is mapped or in a group');
    return {
      dagId,
      runId,
      taskId,
      mapIndex,
      attempt: attempt - triesBefore,
      maxTries,
      params: structuredClone(params),
      logicalDate: logicalDate === undefined ? undefined : new Date(logicalDate),
      interval: new SimulatedInterval(intervalStart ?? runAfter, intervalEnd ?? runAfter, zoneOf(dag)),
      log: NO_LOG,
      signal,
      connection: (id) => this.#connection(dagId, taskId, id),
      partitionKey,
      triggeringEvents: [],
      emit: (asset, event = {}) => void assetEvents.push({ asset: typeof asset === 'string' ? asset : asset.name, ...event }),
      wait: new Proxy({} as WaitApi, {
        get: () => {
          throw new CannotCallError(dagId, taskId, 'waits');
        },
      }),
    };
  }

  #connection(dagId: string, taskId: string, id: string): ConnectionSettings {
    const url = this.#connections[id];
    if (url === undefined)
      throw new CannotCallError(dagId, taskId, `asks for the connection "${id}", which options.connections does not have`);
    return { id, url };
  }
}

function zoneOf({ schedule }: DagDefinition): string {
  return 'timezone' in schedule && typeof schedule.timezone === 'string' ? schedule.timezone : 'UTC';
}

class SimulatedInterval implements DataInterval {
  readonly start: Date;
  readonly end: Date;
  readonly #zone: string;

  constructor(start: number, end: number, zone: string) {
    this.start = new Date(start);
    this.end = new Date(end);
    this.#zone = zone;
  }

  get day(): string {
    return localDay(this.start.getTime(), this.#zone);
  }

  get hour(): string {
    return localHour(this.start.getTime(), this.#zone);
  }
}

const NO_LOG: TaskLog = { debug() {}, info() {}, warn() {}, error() {} };

function outcomeOf(value: unknown, assetEvents: readonly NewAssetEvent[]): Outcome {
  const outcome = typeof value === 'object' && value !== null && OUTCOME_BRAND in value ? (value as TaskOutcome) : undefined;
  const result = outcome === undefined ? value : outcome.result;
  const { follow, again } = outcome?.decision ?? {};
  return {
    status: 'success',
    ...(result === undefined ? {} : { result: structuredClone(result) }),
    ...(follow === undefined ? {} : { follow }),
    ...(again === undefined ? {} : { again }),
    ...(assetEvents.length === 0 ? {} : { assetEvents }),
  };
}

/** Known by name, as the task process does: any copy of the SDK will do. */
function failureOf(error: unknown): Outcome {
  if (!(error instanceof Error)) return { status: 'failed', error: { name: 'Error', message: String(error) } };
  const { name, message, stack } = error;
  if (name === 'SkipTask') return { status: 'skipped' };
  const { code, retryable, retryAfterMs } = error as Error & { code?: unknown; retryable?: unknown; retryAfterMs?: unknown };
  return {
    status: 'failed',
    error: {
      name,
      message,
      ...(stack === undefined ? {} : { stack }),
      ...(typeof code === 'string' ? { code } : {}),
      ...(typeof retryable === 'boolean' ? { retryable } : {}),
      ...(typeof retryAfterMs === 'number' ? { retryAfterMs } : {}),
    },
  };
}
