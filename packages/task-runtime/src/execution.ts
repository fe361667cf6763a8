/**
 * One attempt on its way through a task process: its timeout, its stop, its log and, in the end, its report.
 *
 * E1. It is decided once: by what the task reported, or by the end of its process, whichever comes first.
 * E2. Who was asked to stop and does not is killed with its process group after the grace.
 */

import { createReadStream } from 'node:fs';
import { lstat, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type AttemptError, type AttemptReport, describeProgress, progressEstimate } from '@headrace/core';
import type { Clock, DataReport, Log, Metrics, ObjectStore, StoredResult } from '@headrace/ports';
import type { FinishedSpan } from '@headrace/tracing';
import { AttemptLog } from './attempt-log.ts';
import { dataOfFailure, reportOf, saidBeside } from './attempt-report.ts';
import type { AttemptResult, RunHooks, StopReason } from './attempt-request.ts';
import { maskClipped } from './clipped.ts';
import { ResultTooLargeError } from './errors.ts';
import { InputFiles, type Inputs } from './input-files.ts';
import type { TaskLimits } from './limits.ts';
import { attemptLogKey, attemptResultKey } from './object-keys.ts';
import type { Ending, Frame, PageOrder, RunOrder } from './protocol.ts';
import { type ExecutionRequest, runOrder } from './run-order.ts';
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

/** A process says it once a second, give or take. */
const MOST_OFTEN_MS = 250;
const LONGEST_PHASE = 200;
/** Of one attempt. */
const MOST_SPANS = 10_000;

/** The longest delay of a timer; longer ones would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

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
  #progressAt = Number.NEGATIVE_INFINITY;
  #spans = 0;
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
    this.#mask =
      request.connections.length === 0 ? (text) => text : maskClipped(surroundings.maskerFor(connectionSecrets(request.connections)));
  }

  get stopped(): StopReason | 'timeout' | undefined {
    return this.#stopped;
  }

  order(run: number, inputs: Inputs): RunOrder {
    return runOrder(this.request, run, inputs, this.scratch);
  }

  /** Results that the process asked for. Never rejects. */
  page(question: Extract<Frame, { type: 'ask' }>): Promise<PageOrder> {
    return this.files.answer(question, this.request.flow);
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
    const { level, message, fields, cut, spanId } = frame;
    this.#attemptLog().line(level, message, {
      ...(fields === undefined ? {} : { fields }),
      ...(cut === undefined ? {} : { isCut: cut }),
      ...(spanId === undefined ? {} : { spanId }),
    });
  }

  /** What a span tells may hold a secret: an address, the message of an error. */
  span({ span }: Extract<Frame, { type: 'span' }>): void {
    const { traceId } = this.request.trace ?? {};
    if (span.traceId !== traceId || this.#spans++ >= MOST_SPANS) return;
    this.hooks.onSpan?.(maskStrings(span, this.#mask) as FinishedSpan);
  }

  /** More often than a process should say it, it is dropped. */
  progress({ phase, rows, bytes, totalRows, totalBytes }: Extract<Frame, { type: 'progress' }>): void {
    const runMs = this.runningMs;
    if (runMs - this.#progressAt < MOST_OFTEN_MS) return;
    this.#progressAt = runMs;
    const progress = {
      phase: this.#mask(phase).slice(0, LONGEST_PHASE),
      ...(rows === undefined ? {} : { rows }),
      ...(bytes === undefined ? {} : { bytes }),
      ...(totalRows === undefined ? {} : { totalRows }),
      ...(totalBytes === undefined ? {} : { totalBytes }),
    };
    this.#attemptLog().progress(describeProgress(progress, runMs), { ...progress, ...progressEstimate(progress, runMs) });
    this.hooks.onProgress?.(progress, runMs);
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
      ...(report.outcome === 'failed' || report.outcome === 'interrupted'
        ? dataOfFailure(this.#masked(ending), this.#stopped)
        : saidBeside(this.#masked(ending))),
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

  /** Samples of rows, paths and drift of a report may hold a secret, too. */
  #masked(ending: Ending): Ending {
    if ((ending.outcome !== 'success' && ending.outcome !== 'failed') || ending.data === undefined) return ending;
    return { ...ending, data: maskStrings(ending.data, this.#mask) as DataReport };
  }

  #report(ending: Ending): AttemptReport {
    const report = reportOf(ending, this.#stopped, this.request.timeoutMs);
    if (this.#stopped !== undefined) return report;
    if (report.outcome === 'skipped' && report.reason !== undefined) return { ...report, reason: this.#mask(report.reason) };
    if (report.outcome !== 'failed') return report;
    return { outcome: 'failed', error: maskStrings(report.error, this.#mask) as AttemptError };
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
      ...(this.request.trace === undefined ? {} : { trace: this.request.trace }),
      clock,
      log,
      metrics,
    });
    return this.#log;
  }
}

async function regularFile(path: string): Promise<{ readonly size: number }> {
  const stat = await lstat(path);
  if (!stat.isFile()) throw new Error(`${path} is not a file`);
  return stat;
}
