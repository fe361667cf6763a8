/**
 * One attempt on its way through a task process: its timeout, its stop, its log and, in the end, its report.
 *
 * E1. It is decided once: by what the task reported, or by the end of its process, whichever comes first.
 * E2. Who was asked to stop and does not is killed with its process group after the grace.
 */

import { createReadStream } from 'node:fs';
import { lstat, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { AttemptError, AttemptReport } from '@headrace/core';
import type { Clock, Log, Metrics, ObjectStore, StoredResult } from '@headrace/ports';
import { AttemptLog } from './attempt-log.ts';
import type { AttemptRequest, AttemptResult, RunHooks, StopReason } from './attempt-request.ts';
import { ResultTooLargeError } from './errors.ts';
import { InputFiles, type Inputs } from './input-files.ts';
import type { TaskLimits } from './limits.ts';
import { attemptLogKey, attemptResultKey } from './object-keys.ts';
import type { Ending, Frame, PageOrder, RunOrder } from './protocol.ts';
import { connectionSecrets, type Mask, maskStrings } from './secrets.ts';

export interface ExecutionSurroundings {
  readonly limits: TaskLimits;
  readonly objects: ObjectStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Below it each attempt has a folder of its own. */
  readonly scratchDir: string;
  readonly maskerFor: (secrets: readonly string[]) => Mask;
}

/** The part of a task process that an execution needs. */
export interface Killable {
  stop(reason: string): void;
  kill(signal: 'SIGTERM' | 'SIGKILL'): void;
}

/** The longest delay of a timer; longer ones would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** An order must not grow too long. */
const MOST_RESULTS_IN_PAGE = 500;

/** What a process can be asked to do: an attempt, or a call of a hook. */
export type ExecutionRequest = AttemptRequest & Pick<RunOrder, 'hook'>;

export class Execution {
  readonly request: ExecutionRequest;
  readonly hooks: RunHooks;
  readonly scratch: string;
  readonly #surroundings: ExecutionSurroundings;
  readonly #mask: Mask;
  #log: AttemptLog | undefined;
  #process: Killable | undefined;
  #startedAt = 0;
  #timeout: NodeJS.Timeout | undefined;
  #grace: NodeJS.Timeout | undefined;
  #stopped: StopReason | 'timeout' | undefined;
  /** Set by whoever kills the process for a cause of its own. */
  killedFor: AttemptError | undefined;
  #usedScratch = false;
  /** What it is given. */
  readonly files: InputFiles;
  readonly #onAbort = () => this.#stop(this.hooks.signal?.reason as StopReason);

  constructor(request: ExecutionRequest, hooks: RunHooks, surroundings: ExecutionSurroundings) {
    this.request = request;
    this.hooks = hooks;
    this.#surroundings = surroundings;
    this.scratch = join(
      surroundings.scratchDir,
      `${request.attempt.taskInstanceId}-${request.attempt.attemptId}`.replaceAll(/[^\w-]/g, '_'),
    );
    this.files = new InputFiles(this.scratch, surroundings.objects, () => this.usesScratch());
    this.#mask = request.connections.length === 0 ? (text) => text : surroundings.maskerFor(connectionSecrets(request.connections));
  }

  get stopped(): StopReason | 'timeout' | undefined {
    return this.#stopped;
  }

  order(run: number, inputs: Inputs): RunOrder {
    const { attempt, bundle, connections, aheadMs, flow, hook } = this.request;
    const {
      dagId,
      runId,
      taskId,
      taskInstanceId,
      attemptId,
      mapIndex,
      maxTries,
      params,
      runAfter,
      logicalDate,
      intervalStart,
      intervalEnd,
    } = attempt;
    return {
      type: 'run',
      run,
      bundle: { hash: bundle.hash, path: bundle.path },
      dagId,
      runId,
      taskId,
      taskInstanceId,
      attemptId,
      mapIndex,
      attempt: attempt.attempt,
      tryNumber: attempt.attempt - attempt.triesBefore,
      maxTries,
      params,
      runAfter,
      ...(logicalDate === undefined ? {} : { logicalDate }),
      ...(intervalStart === undefined ? {} : { intervalStart }),
      ...(intervalEnd === undefined ? {} : { intervalEnd }),
      results: inputs.results,
      connections,
      scratch: this.scratch,
      ...(aheadMs === undefined ? {} : { aheadMs }),
      ...(attempt.partitionKey === undefined ? {} : { partitionKey: attempt.partitionKey }),
      ...(attempt.firstStartedAt === undefined ? {} : { firstStartedAt: attempt.firstStartedAt }),
      ...(attempt.waits === undefined ? {} : { waits: attempt.waits }),
      ...(attempt.openWait === undefined ? {} : { openWait: attempt.openWait }),
      ...(flow?.triggeringEvents === undefined ? {} : { triggeringEvents: flow.triggeringEvents }),
      ...(flow?.latest === undefined ? {} : { latest: flow.latest }),
      ...(flow?.countItems === undefined ? {} : { countItems: flow.countItems }),
      ...(flow?.downstream === undefined ? {} : { downstream: flow.downstream }),
      ...(inputs.items === undefined ? {} : { items: inputs.items }),
      ...(inputs.loopState === undefined ? {} : { loopState: inputs.loopState }),
      ...(hook === undefined ? {} : { hook }),
    };
  }

  /** Results that the process asked for. Never rejects. */
  async page({ run, request, taskId, from, count }: Extract<Frame, { type: 'ask' }>): Promise<PageOrder> {
    const answer = { type: 'page', run, request } as const;
    try {
      const source = this.request.flow?.mapped?.get(taskId);
      if (source === undefined) throw new Error(`the attempt was given no results of a mapped task "${taskId}"`);
      return { ...answer, results: await this.files.page(await source.page(from, Math.min(count, MOST_RESULTS_IN_PAGE))) };
    } catch (error) {
      return { ...answer, results: [], error: error instanceof Error ? error.message : String(error) };
    }
  }

  /** A process has begun with it. */
  started(process: Killable): void {
    this.#process = process;
    this.#startedAt = performance.now();
    this.#timeout = setTimeout(() => this.#stop('timeout'), Math.min(this.request.timeoutMs, LONGEST_TIMER_MS));
    this.hooks.signal?.addEventListener('abort', this.#onAbort, { once: true });
    this.hooks.onStart?.();
    if (this.hooks.signal?.aborted === true) this.#onAbort();
  }

  get runningMs(): number {
    return performance.now() - this.#startedAt;
  }

  /** There is something in its scratch folder: it must be removed. */
  usesScratch(): void {
    this.#usedScratch = true;
  }

  output(from: 'process' | 'descriptor', stream: 'stdout' | 'stderr', text: string): void {
    this.#attemptLog().output(from, stream, text);
  }

  logLine(frame: Extract<Frame, { type: 'log' }>): void {
    this.#attemptLog().line(frame.level, frame.message, frame.fields);
  }

  congested(relief: () => void): boolean {
    return this.#log?.congested(relief) ?? false;
  }

  /** Its process is killed because the worker goes. */
  interrupted(): void {
    this.#stopped ??= 'interrupted';
  }

  /** Its process is no longer its own. */
  freed(): void {
    clearTimeout(this.#timeout);
    clearTimeout(this.#grace);
    this.hooks.signal?.removeEventListener('abort', this.#onAbort);
    this.#process = undefined;
    this.hooks.onFreed?.(this.runningMs);
  }

  /** Stores log and result. `ending`: what the task reported, or why its process ended without a report. */
  async settle(ending: Ending): Promise<AttemptResult> {
    const { taskId } = this.request.attempt;
    const stored = await this.#storeResult(ending);
    const report = this.#report(stored.ending);
    if (report.outcome === 'failed') {
      const { name, message, code, stack } = report.error;
      this.#attemptLog().verdict('error', `Task "${taskId}" failed: ${name}: ${message}`, {
        ...(code === undefined ? {} : { code }),
        ...(stack === undefined ? {} : { stack }),
      });
    } else if (report.outcome === 'skipped') {
      this.#attemptLog().verdict('info', `Task "${taskId}" was skipped: ${report.reason ?? 'it did not say why'}`);
    } else if (report.outcome === 'interrupted') {
      this.#attemptLog().verdict('warn', `Task "${taskId}" was interrupted because its worker shuts down; this does not count as a try`);
    }
    const logKey = await this.#log?.close();
    if (this.#usedScratch) await this.removeScratch();
    return {
      report,
      ...(report.outcome === 'success' && stored.result !== undefined ? { result: stored.result } : {}),
      ...(report.outcome === 'failed' || report.outcome === 'interrupted' ? {} : saidBeside(ending)),
      ...(logKey === undefined ? {} : { logKey }),
      ...(this.#stopped === undefined ? {} : { stopped: this.#stopped }),
    };
  }

  async removeScratch(): Promise<void> {
    const { log } = this.#surroundings;
    await rm(this.scratch, { recursive: true, force: true, maxRetries: 3 }).catch((error: unknown) =>
      log.warn({ error, folder: this.scratch }, 'a scratch folder could not be removed'),
    );
  }

  #stop(reason: StopReason | 'timeout'): void {
    const process = this.#process;
    if (process === undefined) return;
    const kill = () => process.kill('SIGKILL');
    this.#stopped ??= reason;
    if (reason === 'lease_lost') kill();
    if (reason === 'lease_lost' || this.#grace !== undefined) return;
    process.stop(
      reason === 'timeout' ? `The task ran into its execution timeout of ${this.request.timeoutMs} ms` : `The attempt was ${reason}`,
    );
    process.kill('SIGTERM');
    this.#grace = setTimeout(kill, this.#surroundings.limits.graceMs);
  }

  #report(ending: Ending): AttemptReport {
    switch (this.#stopped) {
      case 'timeout':
        return {
          outcome: 'failed',
          error: {
            name: 'ExecutionTimeout',
            code: 'HR_EXECUTION_TIMEOUT',
            message: `The task did not end within its execution timeout of ${this.request.timeoutMs} ms`,
          },
        };
      case 'cancelled':
        return {
          outcome: 'failed',
          error: { name: 'Cancelled', code: 'HR_CANCELLED', message: 'The attempt was taken back while it ran', retryable: false },
        };
      case 'lease_lost':
        return { outcome: 'interrupted' };
      case 'interrupted':
        return ending.outcome === 'failed' ? { outcome: 'interrupted' } : reportOf(ending);
      case undefined:
        return ending.outcome === 'failed'
          ? { outcome: 'failed', error: maskStrings(ending.error, this.#mask) as AttemptError }
          : reportOf(ending);
    }
  }

  /** A result in a file is too long to stand beside the task instance: it becomes an object. */
  async #storeResult(ending: Ending): Promise<{ readonly ending: Ending; readonly result?: StoredResult }> {
    if (ending.outcome !== 'success' || ending.result === undefined) return { ending };
    if ('json' in ending.result) return { ending, result: { kind: 'inline', json: ending.result.json } };
    this.#usedScratch = true;
    const { objects, limits } = this.#surroundings;
    // Not the path that the process names: it could name any file that the worker may read.
    const file = join(this.scratch, 'result.json');
    try {
      const { size } = await regularFile(file);
      if (size > limits.resultBytes) throw new ResultTooLargeError('result', limits.resultBytes);
      const key = attemptResultKey(this.request.attempt);
      await objects.put(key, createReadStream(file));
      return { ending, result: { kind: 'object', key, size } };
    } catch (error) {
      const { name, message, code } = error as Error & { code?: string };
      return {
        ending: {
          outcome: 'failed',
          error: {
            name,
            message: `The result could not be stored: ${message}`,
            ...(code === undefined ? {} : { code }),
            ...(error instanceof ResultTooLargeError ? { retryable: false } : {}),
          },
        },
      };
    }
  }

  #attemptLog(): AttemptLog {
    const { objects, limits, clock, log, metrics } = this.#surroundings;
    this.#log ??= new AttemptLog({
      key: attemptLogKey(this.request.attempt),
      file: `${this.scratch}.jsonl`,
      objects,
      mask: this.#mask,
      limits,
      clock,
      log,
      metrics,
    });
    return this.#log;
  }
}

function reportOf(ending: Ending): AttemptReport {
  switch (ending.outcome) {
    case 'success':
      return ending.decision === undefined ? { outcome: 'success' } : { outcome: 'success', decision: ending.decision };
    case 'waiting':
      return ending.lookAt === undefined
        ? { outcome: 'deferred', wait: ending.wait }
        : { outcome: 'rescheduled', dueAt: ending.lookAt, wait: ending.wait };
    default:
      return ending;
  }
}

/** What counts only with its outcome: an attempt that was stopped meanwhile says none of it. */
function saidBeside(ending: Ending): Pick<AttemptResult, 'assetEvents' | 'mapLabel' | 'trigger' | 'endedWaits'> {
  if (ending.outcome !== 'success' && ending.outcome !== 'waiting') return {};
  const { assetEvents, mapLabel, trigger } = ending.outcome === 'success' ? ending : {};
  return {
    ...(assetEvents === undefined ? {} : { assetEvents }),
    ...(mapLabel === undefined ? {} : { mapLabel }),
    ...(trigger === undefined ? {} : { trigger }),
    ...(ending.endedWaits === undefined ? {} : { endedWaits: ending.endedWaits }),
  };
}

async function regularFile(path: string): Promise<{ readonly size: number }> {
  const stat = await lstat(path);
  if (!stat.isFile()) throw new Error(`${path} is not a file`);
  return stat;
}
