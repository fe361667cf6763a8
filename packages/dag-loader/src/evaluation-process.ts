/**
 * One evaluation child, seen from outside.
 *
 * 1. It has no credentials: its environment is an allow-list, and Node's permission model keeps it from writing and from starting processes.
 * 2. Whatever a file does, an answer comes within the time limit, and where it is a `Fatality` the child is gone then.
 * 3. What it writes is bounded before it is kept.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Duplex, Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { TimetableQuestion } from '@headrace/core';
import { type EvaluationAnswer, type EvaluationRequest, readResponse } from './evaluation-protocol.ts';

export interface EvaluationLimits {
  /** Wall clock, for one file. */
  readonly timeoutMs: number;
  /** Resident memory of the child. JavaScript's heap gets half of it. */
  readonly memoryMb: number;
  /** Of stdout and stderr together, what is kept for one file; what is more is dropped. */
  readonly outputBytes: number;
}

export const DEFAULT_LIMITS: EvaluationLimits = { timeoutMs: 10_000, memoryMb: 512, outputBytes: 1024 * 1024 };

export type Question =
  | { readonly kind: 'evaluate'; readonly bundle: string }
  | { readonly kind: 'params'; readonly bundle: string; readonly dagId: string; readonly params: unknown }
  | {
      readonly kind: 'timetable';
      readonly bundle: string;
      readonly dagId: string;
      readonly name: string;
      readonly question: TimetableQuestion;
    };

/** Why there is no answer: the child was killed or died. */
export interface Fatality {
  readonly kind: 'fatal';
  readonly code: 'HR_DAG_TIMEOUT' | 'HR_DAG_MEMORY' | 'HR_DAG_EXIT' | 'HR_DAG_FORGED_RESULT' | 'HR_DAG_RESULT_SIZE';
  readonly message: string;
  /** What it printed before. */
  readonly output: string;
}

const CHILD = fileURLToPath(new URL('./evaluation-child.ts', import.meta.url));
const INHERITED = ['PATH', 'LANG', 'LC_ALL', 'TMPDIR', 'SystemRoot'];
const RESULT_BYTES = 32 * 1024 * 1024;
const FILES_PER_CHILD = 500;
const MEMORY_CHECK_MS = 50;
/** Ends a child whose parent died while it was in an endless loop. */
const CPU_SECONDS = 600;

interface Pending {
  readonly request: EvaluationRequest;
  readonly settle: (answer: EvaluationAnswer | Fatality) => void;
}

export class EvaluationProcess {
  readonly #process: ChildProcess;
  readonly #channel: Duplex;
  readonly #limits: EvaluationLimits;
  #pending: Pending | undefined;
  #chunks: Buffer[] = [];
  #chunkBytes = 0;
  #output = '';
  #served = 0;
  #rssBytes = 0;
  #dead = false;

  constructor(cwd: string, limits: EvaluationLimits) {
    this.#limits = limits;
    const heapMb = Math.max(32, Math.floor(limits.memoryMb / 2));
    const node = [
      process.execPath,
      `--max-old-space-size=${heapMb}`,
      '--permission',
      '--allow-fs-read=*',
      '--allow-addons',
      '--allow-worker',
      '--no-warnings',
      CHILD,
    ];
    const [command = '', ...args] =
      process.platform === 'win32' ? node : ['/bin/sh', '-c', `ulimit -t ${CPU_SECONDS}; exec "$0" "$@"`, ...node];
    this.#process = spawn(command, args, { cwd, env: childEnvironment(), detached: true, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
    this.#channel = this.#process.stdio[3] as Duplex;
    this.#channel.on('data', (chunk: Buffer) => this.#receive(chunk));
    // The end of the process says it better.
    this.#channel.on('error', () => undefined);
    for (const stream of [this.#process.stdout, this.#process.stderr]) this.#capture(stream);
    this.#process.on('error', (error) =>
      this.#die({ kind: 'fatal', code: 'HR_DAG_EXIT', message: `The evaluation process cannot be started: ${error.message}`, output: '' }),
    );
    this.#process.on('exit', (code, signal) => this.#onExit(code, signal));
    this.#unref();
  }

  /** Whether it should serve no more files. */
  get worn(): boolean {
    return this.#served >= FILES_PER_CHILD || this.#rssBytes > this.#limits.memoryMb * 0.6 * 1024 * 1024;
  }

  get dead(): boolean {
    return this.#dead;
  }

  ask(question: Question, timeoutMs: number): Promise<EvaluationAnswer | Fatality> {
    this.#served += 1;
    this.#output = '';
    const request: EvaluationRequest = { ...question, id: this.#served, nonce: randomUUID() };
    return new Promise((resolve) => {
      const timeout = setTimeout(() => this.#die(this.#timedOut(timeoutMs)), timeoutMs);
      const memory = setInterval(() => this.#checkMemory(), MEMORY_CHECK_MS).unref();
      this.#pending = {
        request,
        settle: (answer) => {
          clearTimeout(timeout);
          clearInterval(memory);
          this.#pending = undefined;
          resolve(answer);
        },
      };
      this.#channel.write(`${JSON.stringify(request)}\n`);
    });
  }

  kill(): void {
    this.#dead = true;
    const { pid } = this.#process;
    if (pid === undefined) return;
    try {
      // The whole group: what the file may have started goes with it.
      process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
    } catch {
      // It is gone already.
    }
  }

  #receive(chunk: Buffer): void {
    if (this.#dead) return;
    const end = chunk.indexOf(0x0a);
    this.#chunks.push(end < 0 ? chunk : chunk.subarray(0, end));
    this.#chunkBytes += chunk.length;
    if (this.#chunkBytes > RESULT_BYTES) {
      this.#die({
        kind: 'fatal',
        code: 'HR_DAG_RESULT_SIZE',
        message: `The file's DAGs are larger than ${RESULT_BYTES / 1024 / 1024} MB: make fewer or smaller tasks`,
        output: this.#output,
      });
      return;
    }
    if (end < 0) return;
    const line = Buffer.concat(this.#chunks).toString('utf8');
    this.#chunks = [];
    this.#chunkBytes = 0;
    const pending = this.#pending;
    if (pending === undefined || end !== chunk.length - 1) {
      this.#forged('it wrote an answer of its own');
      return;
    }
    const response = readResponse(line, pending.request);
    if ('refused' in response) {
      this.#forged(response.refused);
      return;
    }
    this.#rssBytes = response.rssBytes;
    pending.settle(response.answer);
  }

  #forged(what: string): void {
    this.#die({
      kind: 'fatal',
      code: 'HR_DAG_FORGED_RESULT',
      message: `The file interferes with how it is loaded: ${what}`,
      output: this.#output,
    });
  }

  #timedOut(timeoutMs: number): Fatality {
    return {
      kind: 'fatal',
      code: 'HR_DAG_TIMEOUT',
      message: `The file was not loaded within ${timeoutMs / 1000} s: look for an endless loop, or a top-level await that does not settle`,
      output: this.#output,
    };
  }

  /** The heap limit does not see buffers, so the system is asked. */
  #checkMemory(): void {
    const rssBytes = residentBytes(this.#process.pid);
    if (rssBytes > this.#limits.memoryMb * 1024 * 1024) this.#die(this.#outOfMemory());
  }

  #outOfMemory(): Fatality {
    return {
      kind: 'fatal',
      code: 'HR_DAG_MEMORY',
      message: `The file needed more than ${this.#limits.memoryMb} MB of memory while it was loaded: do the work in a task`,
      output: this.#output,
    };
  }

  #onExit(code: number | null, signal: NodeJS.Signals | null): void {
    const heapIsFull = this.#output.includes('heap out of memory');
    if (heapIsFull) {
      this.#die(this.#outOfMemory());
      return;
    }
    const how = signal === null ? `with code ${code}` : `by ${signal}`;
    this.#die({
      kind: 'fatal',
      code: 'HR_DAG_EXIT',
      message: `The process that loaded the file ended ${how}: a DAG file only defines DAGs`,
      output: this.#output,
    });
  }

  #die(why: Fatality): void {
    this.kill();
    this.#pending?.settle(why);
  }

  #capture(stream: Readable | null): void {
    stream?.on('data', (chunk: Buffer) => {
      const room = this.#limits.outputBytes - this.#output.length;
      if (room > 0) this.#output += chunk.subarray(0, room).toString('utf8');
    });
    stream?.on('error', () => undefined);
  }

  /** An idle child keeps nobody alive. A question in hand does, by its timer. */
  #unref(): void {
    this.#process.unref();
    for (const stream of this.#process.stdio) (stream as unknown as { unref?: () => void } | null)?.unref?.();
  }
}

/** What a DAG file may see. UTC, so that a graph is the same wherever it is read. */
function childEnvironment(): NodeJS.ProcessEnv {
  const environment: NodeJS.ProcessEnv = { TZ: 'UTC' };
  for (const name of INHERITED) {
    const value = process.env[name];
    if (value !== undefined) environment[name] = value;
  }
  return environment;
}

const PAGE_BYTES = 4096;

/** 0 where the system does not tell. */
function residentBytes(pid: number | undefined): number {
  if (pid === undefined || process.platform !== 'linux') return 0;
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * PAGE_BYTES;
  } catch {
    return 0;
  }
}
