/** Work that is done again and again, one at a time each, and whose failure must not end it. */
import type { Log, Metrics } from '@headrace/ports';

export class Errands {
  readonly #log: Log;
  readonly #metrics: Metrics;
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #running = new Set<Promise<void>>();
  readonly #done = new Map<string, number>();
  readonly #pauses = new Map<NodeJS.Timeout, () => void>();
  #stopped = false;

  constructor(log: Log, metrics: Metrics) {
    this.#log = log;
    this.#metrics = metrics;
  }

  /** The next time begins `everyMs` after the last one ended. */
  every(everyMs: number, name: string, errand: () => Promise<void>): void {
    if (this.#stopped) return;
    this.#timers.set(
      name,
      setTimeout(() => {
        const running = errand()
          .then(() => void this.#done.set(name, Date.now()))
          .catch((error: unknown) => {
            this.#metrics.count('headrace_scheduler_errors_total');
            this.#log.error({ error, errand: name }, 'an errand failed and will be done again');
          })
          .finally(() => {
            this.#running.delete(running);
            this.every(everyMs, name, errand);
          });
        this.#running.add(running);
      }, everyMs),
    );
  }

  /** When the errand last succeeded, in wall-clock milliseconds. */
  lastDone(name: string): number | undefined {
    return this.#done.get(name);
  }

  /** Waits, but not beyond `stop`. */
  async pause(milliseconds: number): Promise<void> {
    if (this.#stopped) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        this.#pauses.delete(timer);
        resolve();
      }, milliseconds);
      this.#pauses.set(timer, resolve);
    });
  }

  /** Starts nothing more and waits for what runs. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    for (const [timer, resolve] of this.#pauses) {
      clearTimeout(timer);
      resolve();
    }
    await Promise.all(this.#running);
  }
}
