/**
 * The warm task processes of a worker.
 *
 * P1. A process runs one attempt at a time; there are at most `size` that take attempts.
 * P2. A process is free as soon as its attempt reported its end; storing log and result does not hold it.
 * P3. A process that died, or in which an attempt left something behind, is replaced at once; one that is merely old serves on
 *     until its replacement is ready.
 */
import { join } from 'node:path';
import { type Clock, type Log, type Metrics, noMetrics, type ObjectStore, systemClock } from '@headrace/ports';
import type { AttemptRequest, AttemptResult, HookRequest, HookResult, RunHooks } from './attempt-request.ts';
import { taskEnvironment } from './environment.ts';
import { NotStartedError } from './errors.ts';
import { Execution, type ExecutionSurroundings } from './execution.ts';
import { attemptOfHook } from './hook-attempt.ts';
import type { Inputs } from './input-files.ts';
import { DEFAULT_LIMITS, type TaskLimits } from './limits.ts';
import { PooledProcess } from './pooled-process.ts';
import type { Ending } from './protocol.ts';
import type { ExecutionRequest } from './run-order.ts';
import type { Mask } from './secrets.ts';
import type { TaskProcessOptions } from './task-process.ts';

export interface TaskPoolOptions {
  /** Attempts at once. */
  readonly size: number;
  /** Exports `executors: OperationExecutors`; imported by a process with the first task that is not a plain one. */
  readonly executorsModule?: string;
  readonly limits?: Partial<TaskLimits>;
  /** Names of the worker's environment that tasks may see, beside the usual ones. */
  readonly environmentAllow?: readonly string[];
  /** Folders of this worker alone, made when needed. */
  readonly scratchDir: string;
  readonly bundleDir: string;
  readonly objects: ObjectStore;
  readonly log: Log;
  readonly metrics?: Metrics;
  readonly clock?: Clock;
  /** Makes what replaces these secrets in logs and errors. Default: their literal text becomes `***`. */
  readonly maskerFor?: (secrets: readonly string[]) => Mask;
}

export interface TaskPool {
  readonly size: number;
  /** Processes that could begin with an attempt now. */
  readonly idle: number;
  /** Attempts that wait for a process. */
  readonly waiting: number;
  /** Resolves when all processes have started. */
  ready(): Promise<void>;
  /** Runs an attempt to its end and stores its log and its result. Rejects with NotStartedError only. */
  run(request: AttemptRequest, hooks?: RunHooks): Promise<AttemptResult>;
  /** Calls a function of a DAG file in a task process, like an attempt. Rejects with NotStartedError only. */
  runHook(request: HookRequest, hooks?: RunHooks): Promise<HookResult>;
  /** Kills what runs; attempts report `interrupted`. */
  close(): Promise<void>;
}

interface Waiting {
  readonly execution: Execution;
  begin(process: PooledProcess): void;
  giveUp(): void;
}

const FIRST_RESTART_MS = 100;
const LONGEST_RESTART_MS = 10_000;
const MEMORY_CHECK_MS = 1_000;

/** Starts the processes; attempts may be given to it at once and begin when the first of them is ready. */
export function createTaskPool(options: TaskPoolOptions): TaskPool {
  const { size, objects, log, scratchDir, bundleDir, metrics = noMetrics, clock = systemClock, maskerFor = literalMask } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const surroundings: ExecutionSurroundings = { limits, objects, clock, log, metrics, scratchDir, maskerFor };
  const processOptions: TaskProcessOptions = {
    settings: {
      bundleDir,
      inlineBytes: limits.inlineBytes,
      resultBytes: limits.resultBytes,
      outputBytes: limits.outputBytes,
      ...(options.executorsModule === undefined ? {} : { executorsModule: options.executorsModule }),
    },
    memoryMb: limits.memoryMb,
    environment: { ...taskEnvironment(process.env, options.environmentAllow ?? []), NODE_COMPILE_CACHE: join(bundleDir, '.compiled') },
  };
  const processes = new Set<PooledProcess>();
  const idle: PooledProcess[] = [];
  const queue: Waiting[] = [];
  const restarts = new Set<NodeJS.Timeout>();
  let failuresInARow = 0;
  let closed = false;
  let announceReady: () => void = () => {};
  const ready = new Promise<void>((resolve) => {
    announceReady = resolve;
  });
  let everReady = 0;

  function startProcess(): void {
    const startedAt = performance.now();
    const started = new PooledProcess(processOptions, limits, {
      onReady() {
        failuresInARow = 0;
        metrics.observe('headrace_task_process_start_seconds', (performance.now() - startedAt) / 1_000);
        if (++everReady === size) announceReady();
        offer(started);
        retireOneThatIsOld();
        report();
      },
      onFree: offer,
      onEnd(reason) {
        processes.delete(started);
        remove(idle, started);
        metrics.count('headrace_task_processes_ended_total', { reason });
        report();
        if (reason === 'failed_to_start') failuresInARow++;
        fill();
      },
      onOld: fill,
      onNonsense: (error) => log.warn({ error, pid: started.pid }, 'a task process sent what is not of the protocol and is killed'),
    });
    processes.add(started);
    metrics.count('headrace_task_processes_started_total');
  }

  /** As many processes as there should be. One that does not start is tried again, more and more slowly. */
  function fill(): void {
    if (closed) return;
    const missing = size - [...processes].filter((each) => !each.old).length - restarts.size;
    for (let count = 0; count < missing; count++) {
      if (failuresInARow === 0) {
        startProcess();
        continue;
      }
      const delay = Math.min(LONGEST_RESTART_MS, FIRST_RESTART_MS * 2 ** (failuresInARow - 1));
      log.error({ failuresInARow, delay }, 'task processes do not start');
      const timer = setTimeout(() => {
        restarts.delete(timer);
        if (!closed) startProcess();
      }, delay);
      restarts.add(timer);
    }
  }

  /** An old process has served until its replacement was ready. */
  function retireOneThatIsOld(): void {
    const old = [...processes].find((each) => each.old && !each.ending);
    if (old === undefined) return;
    remove(idle, old);
    old.retire();
  }

  /** Gives a free process its next attempt, or keeps it. */
  function offer(process: PooledProcess): void {
    const next = queue.shift();
    if (next === undefined) idle.push(process);
    else next.begin(process);
  }

  /** One that has the bundle already, else the one that was used last: its caches are warm. */
  function takeIdle(hash: string): PooledProcess | undefined {
    const found = idle.findLastIndex((each) => each.hasBundle(hash));
    return found >= 0 ? idle.splice(found, 1)[0] : idle.pop();
  }

  function begin(waiting: Waiting): void {
    const process = takeIdle(waiting.execution.request.bundle.hash);
    if (process === undefined) queue.push(waiting);
    else waiting.begin(process);
  }

  function report(): void {
    const busy = [...processes].filter((each) => each.busy).length;
    metrics.gauge('headrace_task_processes', busy, { state: 'busy' });
    metrics.gauge('headrace_task_processes', processes.size - busy, { state: 'idle' });
  }

  const memoryCheck = setInterval(() => {
    for (const each of processes) each.checkMemory();
    report();
  }, MEMORY_CHECK_MS).unref();

  fill();

  async function execute(request: ExecutionRequest, hooks: RunHooks = {}): Promise<AttemptResult> {
    const execution = new Execution(request, hooks, surroundings);
    let inputs: Inputs;
    try {
      inputs = await execution.files.inputs(request);
    } catch (error) {
      const { name, message, code } = error as Error & { code?: string };
      return execution.settle({
        outcome: 'failed',
        error: { name, message: `The result of an upstream task could not be read: ${message}`, ...(code === undefined ? {} : { code }) },
      });
    }
    const ending = await new Promise<Ending>((resolve, reject) => {
      const { signal, startWithinMs } = hooks;
      const giveUp = () => {
        remove(queue, waiting);
        unwatch();
        reject(new NotStartedError());
      };
      const timer = startWithinMs === undefined ? undefined : setTimeout(giveUp, startWithinMs);
      const unwatch = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', giveUp);
      };
      const waiting: Waiting = {
        execution,
        begin(process) {
          unwatch();
          process.run(execution, inputs, resolve);
        },
        giveUp,
      };
      if (closed || signal?.aborted === true) return giveUp();
      signal?.addEventListener('abort', giveUp, { once: true });
      begin(waiting);
    }).catch(async (error: unknown) => {
      await execution.removeScratch();
      throw error;
    });
    return execution.settle(ending);
  }

  return {
    size,
    get idle() {
      return idle.length;
    },
    get waiting() {
      return queue.length;
    },
    ready: () => ready,

    run: execute,

    async runHook(request, hooks) {
      const { report, logKey, stopped } = await execute(attemptOfHook(request), hooks);
      return {
        ...(report.outcome === 'failed' ? { error: report.error } : {}),
        ...(logKey === undefined ? {} : { logKey }),
        ...(report.outcome === 'interrupted' || stopped === 'lease_lost' ? { interrupted: true } : {}),
      };
    },

    async close() {
      closed = true;
      clearInterval(memoryCheck);
      for (const timer of restarts) clearTimeout(timer);
      announceReady();
      for (const waiting of [...queue]) waiting.giveUp();
      await Promise.all([...processes].map((each) => each.end()));
    },
  };
}

function literalMask(secrets: readonly string[]): Mask {
  const longestFirst = [...secrets].sort((a, b) => b.length - a.length);
  return (text) => longestFirst.reduce((masked, secret) => masked.replaceAll(secret, '***'), text);
}

function remove<T>(list: T[], item: T): void {
  const index = list.indexOf(item);
  if (index >= 0) list.splice(index, 1);
}
