/**
 * The task processes of a simulation: an attempt comes to what the test says, or to what its own function does, called in this process.
 *
 * S1. An attempt takes its `duration` of simulated time whatever it comes to; one that looks more than once may take longer.
 * S2. No simulated time passes while a test's own code or a task's function works, unless it sleeps between two looks.
 */
import type { DagSpec, Milliseconds, TaskSpec } from '@headrace/core';
import type { DagDefinition } from '@headrace/sdk';
import {
  type AttemptRequest,
  type AttemptResult,
  createInProcessPool,
  encodeValue,
  type RunHooks,
  type TaskPool,
} from '@headrace/task-runtime';
import type { VirtualTime } from '../virtual/virtual-time.ts';
import { inPartition } from './asset-events.ts';
import { type Ending, endingOf, type Outcome, type OutcomeRule, simulatedAttempt } from './outcomes.ts';

export class CannotCallError extends Error {
  readonly code = 'HR_SIMULATION_CANNOT_CALL';
  constructor(dagId: string, taskId: string, why: string) {
    super(`Task "${taskId}" of DAG "${dagId}" ${why}: give it an outcome`);
    this.name = 'CannotCallError';
  }
}

/** The URL of a connection that the simulation was not told of. */
export const NOT_CONNECTED = '';

export interface SimulatedPoolOptions {
  readonly specs: readonly DagSpec[];
  readonly definitions: readonly DagDefinition[];
  /** By task id, or by `dag/task`. */
  readonly outcomes: Readonly<Record<string, OutcomeRule>>;
  /** Calls functions where no outcome is given. */
  readonly run: boolean;
  readonly usualMs: Milliseconds;
  readonly time: VirtualTime;
  /** A test's own code threw, or cannot be followed. */
  readonly onError: (error: unknown) => void;
}

interface Performed {
  readonly result: AttemptResult;
  readonly durationMs: Milliseconds;
}

export function createSimulatedPool(options: SimulatedPoolOptions): TaskPool {
  const { definitions, outcomes, run, usualMs, time, onError } = options;
  const specs = new Map(options.specs.map((spec) => [spec.dagId, new SimulatedSpec(spec)]));
  const dags = new Map(definitions.map((dag) => [dag.dagId, dag]));
  const functions = createInProcessPool({
    dags,
    clock: time,
    timers: time,
    sleep: (milliseconds, signal) => time.pause(milliseconds, signal),
  });

  /** Undefined: the task's function says. */
  async function outcomeOf({ attempt }: AttemptRequest): Promise<Outcome | undefined> {
    const { dagId, taskId } = attempt;
    const rule = outcomes[`${dagId}/${taskId}`] ?? outcomes[taskId];
    const given = typeof rule === 'function' ? await rule(simulatedAttempt(attempt, time.now())) : rule;
    return given ?? (run ? undefined : 'success');
  }

  async function perform(request: AttemptRequest, hooks: RunHooks): Promise<Performed> {
    const { dagId, taskId, partitionKey } = request.attempt;
    const outcome = await outcomeOf(request);
    if (outcome === undefined) {
      checkCallable(dags.get(dagId), dagId, taskId);
      const missing = request.connections.find(({ url }) => url === NOT_CONNECTED);
      if (missing !== undefined)
        throw new CannotCallError(dagId, taskId, `needs the connection "${missing.id}", which is not among "connections"`);
      return { result: await functions.run(request, hooks.signal === undefined ? {} : { signal: hooks.signal }), durationMs: usualMs };
    }
    const spec = specs.get(dagId);
    if (spec === undefined) throw new RangeError(`There is no DAG "${dagId}" in this simulation`);
    const ending = endingOf(outcome, spec.task(taskId), spec.isMappedOver(taskId), usualMs);
    const assetEvents = inPartition(ending.assetEvents, spec.assets, partitionKey);
    return { result: resultOf({ ...ending, assetEvents }), durationMs: ending.durationMs };
  }

  async function attempt(request: AttemptRequest, hooks: RunHooks): Promise<AttemptResult> {
    const { timeoutMs } = request;
    const startedAt = time.now();
    const { result, durationMs } = await time.hold(() => perform(request, hooks));
    if (result.stopped !== undefined) return result;
    await time.sleep(Math.min(durationMs, timeoutMs) - (time.now() - startedAt), hooks.signal);
    if (hooks.signal?.aborted === true) return CANCELLED;
    return durationMs > timeoutMs ? timedOut(timeoutMs) : result;
  }

  return {
    ...functions,
    async run(request, hooks = {}) {
      const startedAt = time.monotonic();
      try {
        return await attempt(request, hooks);
      } catch (error) {
        onError(error);
        return CANCELLED;
      } finally {
        hooks.onFreed?.(time.monotonic() - startedAt);
      }
    },
  };
}

/** What is asked of a DAG for every attempt, worked out once. */
class SimulatedSpec {
  readonly #spec: DagSpec;
  readonly #tasks: ReadonlyMap<string, TaskSpec>;
  readonly #mappedOver: ReadonlySet<string>;

  constructor(spec: DagSpec) {
    this.#spec = spec;
    this.#tasks = new Map(spec.tasks.map((task) => [task.taskId, task]));
    const expands = [...spec.tasks, ...(spec.groups ?? [])].flatMap(({ expand }) => expand?.over ?? []);
    this.#mappedOver = new Set(expands.flatMap(({ source }) => (source.kind === 'result' ? [source.taskId] : [])));
  }

  get assets(): NonNullable<DagSpec['assets']> {
    return this.#spec.assets ?? [];
  }

  task(taskId: string): TaskSpec {
    const task = this.#tasks.get(taskId);
    if (task === undefined) throw new RangeError(`DAG "${this.#spec.dagId}" has no task "${taskId}"`);
    return task;
  }

  isMappedOver(taskId: string): boolean {
    return this.#mappedOver.has(taskId);
  }
}

function checkCallable(dag: DagDefinition | undefined, dagId: string, taskId: string): void {
  const task = dag?.tasks.get(taskId);
  if (task === undefined) throw new CannotCallError(dagId, taskId, 'has no code here, only its spec');
  if (task.kind !== 'task') throw new CannotCallError(dagId, taskId, `is of kind "${task.kind}" and moves real data`);
  if (task.operation !== undefined) throw new CannotCallError(dagId, taskId, 'waits for something outside of the simulation');
}

function resultOf({ report, result, assetEvents }: Ending): AttemptResult {
  const json = encodeValue(result?.value);
  return {
    report,
    ...(json === undefined ? {} : { result: { kind: 'inline', json } }),
    ...(report.outcome !== 'success' || assetEvents.length === 0 ? {} : { assetEvents }),
  };
}

const CANCELLED: AttemptResult = {
  report: {
    outcome: 'failed',
    error: { name: 'Cancelled', code: 'HR_CANCELLED', message: 'The attempt was taken back', retryable: false },
  },
  stopped: 'cancelled',
};

function timedOut(timeoutMs: Milliseconds): AttemptResult {
  const error = { name: 'ExecutionTimeout', code: 'HR_EXECUTION_TIMEOUT', message: `The attempt took longer than ${timeoutMs} ms` };
  return { report: { outcome: 'failed', error }, stopped: 'timeout' };
}
