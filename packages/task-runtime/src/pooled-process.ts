/**
 * A task process in the pool: starting, free, busy, then ending.
 *
 * A process in which an attempt was stopped, started programs, wrote past its streams or let an error escape is *spoiled*: it ends with
 * that attempt. One that ran many attempts, holds many bundles or has grown is *old*: it ends when its replacement is there.
 */
import { readFileSync } from 'node:fs';
import { ProtocolError } from './errors.ts';
import type { Execution } from './execution.ts';
import type { Inputs } from './input-files.ts';
import type { TaskLimits } from './limits.ts';
import { outOfMemory, type ProcessEnd, processEndError } from './process-end.ts';
import { type Ending, type Frame, PROTOCOL_VERSION } from './protocol.ts';
import { TaskProcess, type TaskProcessOptions } from './task-process.ts';

export type EndReason = 'failed_to_start' | 'died' | 'spoiled' | 'old' | 'closed';

export interface PooledProcessListener {
  onReady(): void;
  /** It can take another attempt. */
  onFree(process: PooledProcess): void;
  /** It should be replaced, and serves on. */
  onOld(): void;
  onNonsense(error: unknown): void;
  onEnd(reason: EndReason): void;
}

interface Current {
  readonly execution: Execution;
  readonly resolve: (ending: Ending) => void;
  spoiled: boolean;
}

const START_MS = 30_000;
const MEMORY_MATTERS_AFTER_MS = 1_000;
const MEBIBYTE = 1_048_576;

export class PooledProcess {
  readonly #process: TaskProcess;
  readonly #limits: TaskLimits;
  readonly #listener: PooledProcessListener;
  readonly #startTimer: NodeJS.Timeout;
  readonly #ended: Promise<void>;
  readonly #bundles = new Set<string>();
  #announceEnd: () => void = () => {};
  #current: Current | undefined;
  /** Of a spoiled process: its attempt has ended, but output of it may be on its way until the process has ended too. */
  #last: { readonly execution: Execution; settle(): void } | undefined;
  #ready = false;
  #runs = 0;
  #firstRss = 0;
  #old = false;
  #ending: EndReason | undefined;

  constructor(options: TaskProcessOptions, limits: TaskLimits, listener: PooledProcessListener) {
    this.#limits = limits;
    this.#listener = listener;
    this.#ended = new Promise((resolve) => {
      this.#announceEnd = resolve;
    });
    this.#startTimer = setTimeout(() => this.#end('failed_to_start'), START_MS);
    this.#process = new TaskProcess(options, {
      onFrame: (frame) => this.#take(frame),
      onDescriptorOutput: (stream, text) => this.#takeDescriptorOutput(stream, text),
      onNonsense: (error) => this.#nonsense(error),
      onEnd: (end) => this.#processEnded(end),
    });
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get busy(): boolean {
    return this.#current !== undefined;
  }

  get old(): boolean {
    return this.#old;
  }

  get ending(): boolean {
    return this.#ending !== undefined;
  }

  hasBundle(hash: string): boolean {
    return this.#bundles.has(hash);
  }

  /** Runs an attempt. `resolve` is called once, with what the task reported or why the process ended without a report. */
  run(execution: Execution, inputs: Inputs, resolve: (ending: Ending) => void): void {
    this.#current = { execution, resolve, spoiled: false };
    this.#bundles.add(execution.request.bundle.hash);
    const run = ++this.#runs;
    this.#process.send(execution.order(run, inputs));
    execution.started({
      stop: (reason) => this.#process.send({ type: 'stop', run, reason }),
      kill: (signal) => this.#process.kill(signal),
    });
  }

  /** Ends it now, or after its attempt. It takes no further one. */
  retire(): void {
    this.#ending = 'old';
    if (this.#current === undefined) this.#process.kill('SIGKILL');
  }

  /** Kills it. Resolves when it is gone. */
  end(): Promise<void> {
    this.#end('closed');
    return this.#ended;
  }

  /** Kills it when it uses more than the limit. */
  checkMemory(): void {
    const execution = this.#current?.execution;
    if (execution === undefined || execution.runningMs < MEMORY_MATTERS_AFTER_MS || this.#process.pid === undefined) return;
    const used = residentMb(this.#process.pid);
    if (used === undefined || used <= this.#limits.residentMb) return;
    execution.killedFor = outOfMemory(
      `The task process used ${Math.round(used)} MiB of memory, its limit is ${this.#limits.residentMb} MiB (residentMb). Read the data in pieces, or raise the limit`,
    );
    this.#process.kill('SIGKILL');
  }

  #take(frame: Frame): void {
    if (frame.type === 'ready') {
      this.#started(frame);
      return;
    }
    const current = this.#current;
    if (current === undefined || frame.run !== this.#runs) return;
    if (frame.type === 'end') {
      this.#finish(current, frame);
      return;
    }
    if (frame.type === 'ask') {
      void this.#answer(current, frame);
      return;
    }
    if (frame.type === 'progress') current.execution.progress(frame);
    else if (frame.type === 'log') current.execution.logLine(frame);
    else if (frame.type === 'span') current.execution.span(frame);
    else current.execution.output('process', frame.stream, frame.text);
    if (current.execution.congested(() => this.#process.resume())) this.#process.pause();
  }

  async #answer(current: Current, frame: Extract<Frame, { type: 'ask' }>): Promise<void> {
    const page = await current.execution.page(frame);
    if (this.#current === current) this.#process.send(page);
  }

  #started(frame: Extract<Frame, { type: 'ready' }>): void {
    if (this.#ready) return;
    if (frame.version !== PROTOCOL_VERSION)
      throw new ProtocolError(`a task process speaks protocol ${frame.version}, this worker ${PROTOCOL_VERSION}`);
    clearTimeout(this.#startTimer);
    this.#ready = true;
    this.#firstRss = frame.rssBytes;
    if (!this.ending) this.#listener.onReady();
  }

  #takeDescriptorOutput(stream: 'stdout' | 'stderr', text: string): void {
    const execution = this.#current?.execution ?? this.#last?.execution;
    if (execution === undefined) return;
    if (this.#current !== undefined) this.#current.spoiled = true;
    execution.output('descriptor', stream, text);
    if (execution.congested(() => this.#process.resume())) this.#process.pause();
  }

  #finish(current: Current, frame: Extract<Frame, { type: 'end' }>): void {
    this.#current = undefined;
    const { execution, resolve } = current;
    if (frame.scratch === true) execution.usesScratch();
    execution.freed();
    if (current.spoiled || frame.spoiled === true || execution.stopped !== undefined) {
      this.#last = { execution, settle: () => resolve(frame.ending) };
      this.#end('spoiled');
      return;
    }
    if (this.#ending !== undefined) this.#process.kill('SIGKILL');
    else {
      this.#age(frame);
      this.#listener.onFree(this);
    }
    resolve(frame.ending);
  }

  #age({ bundles, rssBytes }: Extract<Frame, { type: 'end' }>): void {
    const { tasksPerProcess, bundlesPerProcess, growthMb } = this.#limits;
    const grown = rssBytes !== undefined && rssBytes - this.#firstRss > growthMb * MEBIBYTE;
    if (this.#old || (this.#runs < tasksPerProcess && bundles < bundlesPerProcess && !grown)) return;
    this.#old = true;
    this.#listener.onOld();
  }

  #nonsense(error: unknown): void {
    this.#listener.onNonsense(error);
    const execution = this.#current?.execution;
    if (execution !== undefined) {
      execution.killedFor = {
        name: 'ProcessExit',
        code: 'HR_TASK_PROTOCOL',
        message: `The task process was killed because ${error instanceof Error ? error.message : String(error)}. A task must not write to file descriptors that it did not open`,
      };
    }
    this.#process.kill('SIGKILL');
  }

  #end(reason: EndReason): void {
    this.#ending ??= reason;
    this.#process.kill('SIGKILL');
  }

  #processEnded(end: ProcessEnd): void {
    clearTimeout(this.#startTimer);
    const current = this.#current;
    this.#current = undefined;
    this.#last?.settle();
    this.#listener.onEnd(this.#ending ?? (this.#ready ? 'died' : 'failed_to_start'));
    this.#announceEnd();
    if (current === undefined) return;
    const { execution, resolve } = current;
    execution.usesScratch();
    execution.freed();
    if (this.#ending === 'closed') execution.interrupted();
    resolve({ outcome: 'failed', error: execution.killedFor ?? processEndError(end, this.#limits.memoryMb) });
  }
}

function residentMb(pid: number): number | undefined {
  try {
    const kibibytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kibibytes === undefined ? undefined : Number(kibibytes) / 1_024;
  } catch {
    // Not Linux, or it has just ended.
    return undefined;
  }
}
