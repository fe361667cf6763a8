/** Work that is done again and again, one at a time each, and whose failure must not end it. */
import type { Clock, Log, Metrics, Timers } from '@headrace/ports';

export interface ErrandsOptions {
  readonly clock: Pick<Clock, 'now'>;
  readonly timers: Timers;
}

export class Errands {
  readonly #log: Log;
  readonly #metrics: Metrics;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #timers: Timers;
  /** By name, how to call off the next time. */
  readonly #next = new Map<string, () => void>();
  readonly #running = new Set<Promise<void>>();
  readonly #done = new Map<string, number>();
  readonly #turned = new Map<string, number>();
  readonly #pauses = new Set<() => void>();
  #stopped = false;

  constructor(log: Log, metrics: Metrics, { clock, timers }: ErrandsOptions) {
    this.#log = log;
    this.#metrics = metrics;
    this.#clock = clock;
    this.#timers = timers;
  }

  /** The next time begins `everyMs` after the last one ended. */
  every(everyMs: number, name: string, errand: () => Promise<void>): void {
    if (this.#stopped) return;
    const callOff = this.#timers.after(everyMs, () => {
      const running = errand()
        .then(() => void this.#done.set(name, this.#clock.now()))
        .catch((error: unknown) => {
          this.#metrics.count('headrace_scheduler_errors_total');
          this.#log.error({ error, errand: name }, 'an errand failed and will be done again');
        })
        .finally(() => {
          this.#turned.set(name, this.#clock.now());
          this.#running.delete(running);
          this.every(everyMs, name, errand);
        });
      this.#running.add(running);
    });
    this.#next.set(name, callOff);
  }

  /** When the errand last succeeded, in wall-clock milliseconds. */
  lastDone(name: string): number | undefined {
    return this.#done.get(name);
  }

  /** When the errand last ended, well or not, in wall-clock milliseconds. */
  lastTurned(name: string): number | undefined {
    return this.#turned.get(name);
  }

  /** Waits, but not beyond `stop`. */
  async pause(milliseconds: number): Promise<void> {
    if (this.#stopped) return;
    await new Promise<void>((resolve) => {
      const end = (): void => {
        callOff();
        this.#pauses.delete(end);
        resolve();
      };
      const callOff = this.#timers.after(milliseconds, end);
      this.#pauses.add(end);
    });
  }

  /** Starts nothing more and waits for what runs. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const callOff of this.#next.values()) callOff();
    for (const end of [...this.#pauses]) end();
    await Promise.all(this.#running);
  }
}
