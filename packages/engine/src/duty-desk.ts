/**
 * Performs the scheduler's duties, each in a loop of its own, so that none waits for another or holds up decisions on runs.
 *
 * A duty is performed when an event concerns it, at the time it named itself, and every few seconds; never twice at once.
 */
import type { Clock, Log, Metrics, StoreEvent, Timers } from '@headrace/ports';
import { Alarm } from './alarm.ts';
import type { Duty } from './duty.ts';

const PAUSE_AFTER_ERROR_MS = 500;

export interface DutyDeskOptions {
  readonly duties: readonly Duty[];
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  readonly metrics: Metrics;
}

export class DutyDesk {
  readonly #desks: readonly Desk[];

  constructor({ duties, ...tools }: DutyDeskOptions) {
    this.#desks = duties.map((duty) => new Desk(duty, tools));
  }

  hear(event: StoreEvent): void {
    for (const desk of this.#desks) if (desk.concerns(event)) desk.call();
  }

  performAll(): void {
    for (const desk of this.#desks) desk.call();
  }

  /** Resolves when what is being performed has ended. */
  async stop(): Promise<void> {
    await Promise.all(this.#desks.map((desk) => desk.stop()));
  }
}

class Desk {
  readonly #duty: Duty;
  readonly #tools: Omit<DutyDeskOptions, 'duties'>;
  readonly #alarm: Alarm;
  #called = false;
  #stopped = false;
  #working: Promise<void> | undefined;
  /** On the monotonic clock: it rests until then. */
  #restsUntil = 0;

  constructor(duty: Duty, tools: Omit<DutyDeskOptions, 'duties'>) {
    this.#duty = duty;
    this.#tools = tools;
    this.#alarm = new Alarm(tools.clock, () => this.call(), tools.timers);
  }

  concerns(event: StoreEvent): boolean {
    return event.type === 'duty' ? event.duty === this.#duty.name : this.#duty.concerns?.(event) === true;
  }

  call(): void {
    if (this.#stopped) return;
    const rest = this.#restsUntil - this.#tools.clock.monotonic();
    if (rest > 0) {
      this.#alarm.notLaterThan(this.#tools.clock.now() + rest);
      return;
    }
    this.#called = true;
    if (this.#working !== undefined) return;
    this.#working = this.#work().finally(() => {
      this.#working = undefined;
      if (this.#called) this.call();
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#alarm.cancel();
    await this.#working;
  }

  async #work(): Promise<void> {
    const { clock, log, metrics } = this.#tools;
    while (this.#called && !this.#stopped) {
      this.#called = false;
      const began = clock.monotonic();
      this.#restsUntil = began + (this.#duty.restMs ?? 0);
      try {
        const { more, nextAt } = await this.#duty.perform(clock.now());
        if (more === true) this.#called = true;
        if (nextAt !== undefined && !this.#stopped) this.#alarm.notLaterThan(nextAt);
        metrics.observe('headrace_duty_seconds', (clock.monotonic() - began) / 1_000, { duty: this.#duty.name });
      } catch (error) {
        metrics.count('headrace_duty_errors_total', { duty: this.#duty.name });
        log.error({ error, duty: this.#duty.name }, 'a duty failed and will be performed again');
        this.#called = false;
        if (!this.#stopped) this.#alarm.notLaterThan(clock.now() + PAUSE_AFTER_ERROR_MS);
      }
    }
  }
}
