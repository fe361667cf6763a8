/**
 * Many callers, one statement: while a flush is under way, calls gather, and the next flush takes them all.
 * Load makes batches; a lone call waits for nobody. Under load the next flush waits a little for more company: a statement
 * costs much the same for ten calls as for thirty.
 *
 * B1. At most one flush is in flight. B2. Calls are flushed in order. B3. An error of the flush is every caller's, but what
 *     Postgres cannot even read (an id that is none) fails alone.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Metrics } from '@headrace/ports';
import { observed } from './observed.ts';
import { retrying, sqlStateOf } from './transaction.ts';

const MOST_AT_ONCE = 1_000;
/** After a flush of so many calls there is load … */
const COMPANY = 5;
/** … and the next one waits so long. */
const GATHERING_MS = 5;

interface Call<In, Out> {
  readonly input: In;
  readonly resolve: (out: Out) => void;
  readonly reject: (error: unknown) => void;
}

export class Batcher<In, Out> {
  readonly #operation: string;
  readonly #metrics: Metrics;
  readonly #flush: (inputs: readonly In[]) => Promise<readonly Out[]>;
  #waiting: Call<In, Out>[] = [];
  #flushing = false;

  /** @param flush answers for each input, in order. It may be done again, so it must be one statement. */
  constructor(operation: string, metrics: Metrics, flush: (inputs: readonly In[]) => Promise<readonly Out[]>) {
    this.#operation = operation;
    this.#metrics = metrics;
    this.#flush = flush;
  }

  call(input: In): Promise<Out> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ input, resolve, reject });
      if (this.#flushing) return;
      this.#flushing = true;
      // Calls of the same turn of the event loop go together.
      queueMicrotask(() => void this.#work());
    });
  }

  async #work(): Promise<void> {
    while (this.#waiting.length > 0) {
      const calls = this.#waiting.splice(0, MOST_AT_ONCE);
      await this.#serve(calls);
      if (calls.length >= COMPANY) await delay(GATHERING_MS);
    }
    this.#flushing = false;
  }

  async #serve(calls: readonly Call<In, Out>[]): Promise<void> {
    try {
      this.#metrics.observe('headrace_store_batch_size', calls.length, { operation: this.#operation });
      const inputs = calls.map((call) => call.input);
      const answers = await observed(this.#metrics, this.#operation, () => retrying(() => this.#flush(inputs)));
      for (const [index, call] of calls.entries()) call.resolve(answers[index] as Out);
    } catch (error) {
      if (calls.length > 1 && isUnreadable(error)) for (const call of calls) await this.#serve([call]);
      else for (const call of calls) call.reject(error);
    }
  }
}

/** SQLSTATE class 22, data exception. */
function isUnreadable(error: unknown): boolean {
  return sqlStateOf(error)?.startsWith('22') === true;
}
