/**
 * Runs evaluation children: one at a time, warm, and replaced when a file killed it, when it has grown or when it has served enough files.
 * A file is blamed for a death only when it happened in a child of its own.
 */
import type { Log } from '@headrace/ports';
import { type EvaluationLimits, EvaluationProcess, type Fatality, type Question } from './evaluation-process.ts';
import type { EvaluationAnswer } from './evaluation-protocol.ts';

/** A child that nobody asks anything is ended, for its memory. */
const IDLE_MS = 15_000;

/** Asked after `close`, or closed while asked. */
export class LoaderClosedError extends Error {
  readonly code = 'HR_LOADER_CLOSED';
  constructor() {
    super('The DAG loader is closed');
    this.name = 'LoaderClosedError';
  }
}

export class Evaluator {
  readonly #cwd: string;
  readonly #limits: EvaluationLimits;
  readonly #log: Log;
  #child: EvaluationProcess | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #idle: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(cwd: string, limits: EvaluationLimits, log: Log) {
    this.#cwd = cwd;
    this.#limits = limits;
    this.#log = log;
  }

  /** Asks a child, one question after another. Never rejects for what a file does; throws LoaderClosedError. */
  ask(question: Question, timeoutMs = this.#limits.timeoutMs): Promise<EvaluationAnswer | Fatality> {
    const answer = this.#turn.then(() => this.#ask(question, timeoutMs));
    this.#turn = answer.catch(() => undefined);
    return answer;
  }

  async #ask(question: Question, timeoutMs: number): Promise<EvaluationAnswer | Fatality> {
    clearTimeout(this.#idle);
    try {
      const fresh = this.#child === undefined || this.#child.dead;
      const answer = await this.#askChild(question, timeoutMs);
      // The death may be the doing of a file before it. In a child of its own it is not.
      const doubtful = answer.kind === 'fatal' && !fresh && answer.code !== 'HR_DAG_TIMEOUT' && answer.code !== 'HR_DAG_RESULT_SIZE';
      return doubtful ? await this.#askChild(question, timeoutMs) : answer;
    } finally {
      this.#idle = setTimeout(() => this.#rest(), IDLE_MS).unref();
    }
  }

  async #askChild(question: Question, timeoutMs: number): Promise<EvaluationAnswer | Fatality> {
    if (this.#closed) throw new LoaderClosedError();
    if (this.#child === undefined || this.#child.dead) this.#child = new EvaluationProcess(this.#cwd, this.#limits);
    const child = this.#child;
    const answer = await child.ask(question, timeoutMs);
    // Then it was killed by us, which says nothing about the file.
    if (this.#closed) throw new LoaderClosedError();
    if (answer.kind === 'fatal')
      this.#log.debug({ code: answer.code, output: answer.output.slice(-2000) }, 'the evaluation of a DAG file was ended');
    if (answer.kind === 'fatal' || child.worn) this.#rest();
    return answer;
  }

  #rest(): void {
    this.#child?.kill();
    this.#child = undefined;
  }

  /** Kills the child; questions in hand are rejected. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#idle);
    this.#rest();
    await this.#turn;
    this.#rest();
  }
}
