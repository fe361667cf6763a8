/**
 * When the scheduler must act although nobody tells it anything: retries of runs in hand, schedules and queued runs that become
 * due, tokens of rate limits.
 */
import type { Instant } from '@headrace/core';
import type { Clock, SchedulerStore, Timers } from '@headrace/ports';
import type { Agenda } from './agenda.ts';
import { Alarm } from './alarm.ts';
import type { Membership } from './membership.ts';
import type { RunBook } from './run-book.ts';

export interface WakeUpsOptions {
  readonly store: Pick<SchedulerStore, 'nextDue'>;
  readonly membership: Pick<Membership, 'shards'>;
  readonly book: RunBook;
  readonly agenda: Agenda;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Called when something of it is in the book or on the agenda. */
  readonly onDue: () => void;
}

export class WakeUps {
  readonly #options: WakeUpsOptions;
  readonly #alarm: Alarm;
  /** When a task that waits may get a slot although none ends. */
  #pickAt: Instant | undefined;

  constructor(options: WakeUpsOptions) {
    this.#options = options;
    this.#alarm = new Alarm(options.clock, () => this.#ring(), options.timers);
  }

  notLaterThan(at: Instant): void {
    this.#alarm.notLaterThan(at);
  }

  /** As the last decision says; undefined: slots are given only as they become free. */
  pickAt(at: Instant | undefined): void {
    this.#pickAt = at;
    this.#lookAtPick(this.#options.clock.now());
  }

  /** Asks the store for what is due next of these shards. */
  async ofNextDue(): Promise<void> {
    const next = await this.#options.store.nextDue(this.#options.membership.shards);
    if (next !== undefined) this.#alarm.notLaterThan(next);
  }

  cancel(): void {
    this.#alarm.cancel();
  }

  #ring(): void {
    const { book, agenda, clock, onDue } = this.#options;
    const now = clock.now();
    for (const run of book.runs()) {
      if (run.wakeAt === undefined) continue;
      if (run.wakeAt > now) {
        this.#alarm.notLaterThan(run.wakeAt);
        continue;
      }
      run.wakeAt = undefined;
      book.post(run.runKey, { type: 'tick' });
    }
    this.#lookAtPick(now);
    agenda.plan = true;
    agenda.start = true;
    onDue();
  }

  #lookAtPick(now: Instant): void {
    if (this.#pickAt === undefined) return;
    if (this.#pickAt > now) {
      this.#alarm.notLaterThan(this.#pickAt);
      return;
    }
    this.#pickAt = undefined;
    this.#options.agenda.pick = true;
  }
}
