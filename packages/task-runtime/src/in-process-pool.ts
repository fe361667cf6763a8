/**
 * Runs attempts in this process, on DAGs that are in memory: for tests and simulations, on any clock.
 *
 * I1. What happens within an attempt is done by the very code of a task process: waits, sensors, mapped results, events, decisions.
 * I2. There is no process to kill. Who is stopped sees it by its signal; what it does afterwards counts for nothing.
 * I3. Results stay with the task instance, however long. What a task logs is dropped, what it prints is printed.
 */
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, systemClock, systemTimers, type Timers } from '@headrace/ports';
import type { DagDefinition, OperationExecutors } from '@headrace/sdk';
import { dataOfFailure, reportOf, saidBeside } from './attempt-report.ts';
import type { AttemptResult, RunHooks, StopReason } from './attempt-request.ts';
import { CodeUnavailableError } from './errors.ts';
import { attemptOfHook } from './hook-attempt.ts';
import { InputFiles } from './input-files.ts';
import { endingOf } from './process/error-report.ts';
import { ResultPages } from './process/mapped-results.ts';
import { type AttemptTools, attemptRunner, type DagSource, Scratch } from './process/run-attempt.ts';
import type { AttemptTime } from './process/store-time.ts';
import { AttemptOutput } from './process/task-output.ts';
import type { Ending } from './protocol.ts';
import { type ExecutionRequest, runOrder } from './run-order.ts';
import type { TaskPool } from './task-pool.ts';

export interface InProcessPoolOptions {
  readonly dags: ReadonlyMap<string, DagDefinition>;
  /** For extracts, loads, transforms and exports; absent: they fail. */
  readonly executors?: OperationExecutors;
  /** Attempts at once. Default: any number. */
  readonly size?: number;
  readonly clock?: Clock;
  readonly timers?: Timers;
  /** How an attempt sleeps between two looks. Default: on the timers. Rejects when the signal is aborted. */
  readonly sleep?: AttemptTime['sleep'];
}

const ANY_NUMBER = 100_000;
/** Code lies anywhere: positions in stacks are left as they are. */
const CODE_FOLDER = '';

export function createInProcessPool(options: InProcessPoolOptions): TaskPool {
  const { dags, executors, size = ANY_NUMBER, clock = systemClock, timers = systemTimers } = options;
  const { sleep = (milliseconds, signal) => sleepOn(timers, milliseconds, signal) } = options;
  const time: AttemptTime = { now: () => clock.now(), sleep };
  const runner = attemptRunner({
    dags: inMemory(dags),
    executors: async () => executors ?? noExecutors(),
    inlineBytes: Number.POSITIVE_INFINITY,
    resultBytes: Number.POSITIVE_INFINITY,
    codeFolder: CODE_FOLDER,
  });
  const open = new Set<StopSwitch>();
  let runs = 0;

  async function run(request: ExecutionRequest, { signal, onStart, onProgress, onFreed }: RunHooks = {}): Promise<AttemptResult> {
    const { timeoutMs } = request;
    const startedAt = clock.monotonic();
    const stop = new StopSwitch(signal);
    const callOff = timers.after(timeoutMs, () => stop.stop('timeout'));
    open.add(stop);
    onStart?.();
    const ending = await Promise.race([
      stop.happened,
      perform(request, stop.signal, (progress) => onProgress?.(progress, clock.monotonic() - startedAt)),
    ]);
    callOff();
    stop.release();
    open.delete(stop);
    onFreed?.(clock.monotonic() - startedAt);
    const report = reportOf(ending, stop.stopped, timeoutMs);
    const result = ending.outcome === 'success' ? ending.result : undefined;
    return {
      report,
      ...(result !== undefined && 'json' in result ? { result: { kind: 'inline', json: result.json } } : {}),
      ...(report.outcome === 'failed' || report.outcome === 'interrupted' ? dataOfFailure(ending, stop.stopped) : saidBeside(ending)),
      ...(stop.stopped === undefined ? {} : { stopped: stop.stopped }),
    };
  }

  /** Never rejects. */
  async function perform(request: ExecutionRequest, signal: AbortSignal, progress: AttemptTools['progress']): Promise<Ending> {
    const number = ++runs;
    const folder = join(tmpdir(), `headrace-attempt-${randomUUID()}`);
    const scratch = new Scratch(folder);
    const files = new InputFiles(folder, NO_OBJECTS, () => {});
    const pages = new ResultPages(number, (question) => {
      void files.answer(question, request.flow).then((answer) => pages.take(answer));
    });
    const output = new AttemptOutput(number, 0, () => {});
    try {
      const order = runOrder(request, number, await files.inputs(request), folder);
      return await runner.run(order, { signal, time, output, scratch, pages, progress });
    } catch (error) {
      return endingOf(error, CODE_FOLDER);
    } finally {
      output.end();
      if (scratch.made) await rm(folder, { recursive: true, force: true });
    }
  }

  return {
    size,
    get idle() {
      return size - open.size;
    },
    waiting: 0,
    ready: () => Promise.resolve(),
    run,
    async runHook(request, hooks) {
      const { report, stopped } = await run(attemptOfHook(request), hooks);
      return {
        ...(report.outcome === 'failed' ? { error: report.error } : {}),
        ...(report.outcome === 'interrupted' || stopped === 'lease_lost' ? { interrupted: true } : {}),
      };
    },
    async close() {
      for (const stop of open) stop.stop('interrupted');
    },
  };
}

/** Whether, and why, an attempt is to end before its task has. */
class StopSwitch {
  readonly happened: Promise<Ending>;
  readonly #controller = new AbortController();
  readonly #asked: AbortSignal | undefined;
  readonly #onAsked = () => this.stop(this.#asked?.reason as StopReason);
  #tell: (ending: Ending) => void = () => {};
  stopped: StopReason | 'timeout' | undefined;

  constructor(asked: AbortSignal | undefined) {
    this.happened = new Promise((resolve) => {
      this.#tell = resolve;
    });
    this.#asked = asked;
    asked?.addEventListener('abort', this.#onAsked, { once: true });
    if (asked?.aborted === true) this.#onAsked();
  }

  /** What the task sees. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  stop(reason: StopReason | 'timeout'): void {
    if (this.stopped !== undefined) return;
    this.stopped = reason;
    const name = reason === 'timeout' ? 'TimeoutError' : 'AbortError';
    this.#controller.abort(new DOMException(`The attempt was stopped: ${reason}`, name));
    this.#tell({ outcome: 'failed', error: { name, message: 'The attempt was stopped' } });
  }

  release(): void {
    this.#asked?.removeEventListener('abort', this.#onAsked);
  }
}

const NO_OBJECTS = {
  get: (key: string) => Promise.reject(new Error(`There are no objects in this process: ${key}`)),
};

function noExecutors(): never {
  throw new CodeUnavailableError('This pool has no executors and runs plain tasks only');
}

function inMemory(dags: ReadonlyMap<string, DagDefinition>): DagSource {
  const find = (dagId: string): DagDefinition => {
    const dag = dags.get(dagId);
    if (dag === undefined) throw new CodeUnavailableError(`DAG "${dagId}" has no code in this process`);
    return dag;
  };
  return {
    dag: async (_bundle, dagId) => find(dagId),
    async task(_bundle, dagId, taskId) {
      const dag = find(dagId);
      const task = dag.tasks.get(taskId);
      if (task === undefined) throw new CodeUnavailableError(`DAG "${dagId}" has no task "${taskId}"`);
      return { dag, task };
    },
  };
}

function sleepOn(timers: Timers, milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const give = (): void => {
      callOff();
      reject(signal.reason);
    };
    const callOff = timers.after(milliseconds, () => {
      signal.removeEventListener('abort', give);
      resolve();
    });
    if (signal.aborted) give();
    else signal.addEventListener('abort', give, { once: true });
  });
}
