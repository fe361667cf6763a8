/**
 * What events cannot tell, looked for again and again: workers that died, messages that vanished, runs of which nothing is heard.
 *
 * Each look ends without having waited for another: a queue that is away holds up nothing that the store alone can repair.
 */
import type { Log, LostAttempt, Metrics, SchedulerStore } from '@headrace/ports';
import type { Agenda } from './agenda.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { DutyDesk } from './duty-desk.ts';
import type { Membership } from './membership.ts';
import type { PastWatch } from './past-watch.ts';
import type { RunBook } from './run-book.ts';
import { RUNS_READ_AT_ONCE } from './run-intake.ts';
import type { SchedulerIntervals } from './scheduler-options.ts';
import type { StoreClock } from './store-clock.ts';
import type { WakeUps } from './wake-ups.ts';

const LOST_AT_ONCE = 500;

export interface RepairsOptions {
  readonly store: Pick<SchedulerStore, 'expiredLeases'>;
  readonly membership: Pick<Membership, 'shards'>;
  readonly dispatcher: Dispatcher;
  readonly book: RunBook;
  readonly agenda: Agenda;
  readonly past: PastWatch;
  readonly duties: DutyDesk;
  readonly wakeUps: WakeUps;
  readonly clock: StoreClock;
  readonly intervals: SchedulerIntervals;
  /** In [0, 1), for the jitter of retries. */
  readonly dice: () => number;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Called when something of it may be in the book or on the agenda. */
  readonly onDue: () => void;
}

export class Repairs {
  readonly #options: RepairsOptions;
  /** When to look for runs of ours that are not in hand: one that did not know yet that its shards are ours may have started some. */
  #adoptAt = 0;
  /** When all duties are performed though nothing called for it. */
  #dutiesAt = 0;

  constructor(options: RepairsOptions) {
    this.#options = options;
  }

  /** What the store alone tells: leases that ended, runs that were quiet for long or are not in hand, what is due. */
  async sweep(): Promise<void> {
    const { store, membership, book, agenda, past, duties, wakeUps, clock, intervals, onDue } = this.#options;
    this.#onLost(await store.expiredLeases(membership.shards, LOST_AT_ONCE));
    past.sweep();
    book.reloadQuiet(clock.now(), RUNS_READ_AT_ONCE);
    if (clock.now() >= this.#adoptAt) {
      this.#adoptAt = clock.now() + intervals.verifyAfter;
      agenda.adopt = true;
    }
    if (agenda.backlog) agenda.pick = true;
    await wakeUps.ofNextDue();
    if (clock.now() >= this.#dutiesAt) {
      this.#dutiesAt = clock.now() + intervals.duties;
      duties.performAll();
    }
    onDue();
  }

  /** Sends again what the queue no longer holds. */
  async recoverMessages(): Promise<void> {
    const { dispatcher, membership, onDue } = this.#options;
    this.#onLost(await dispatcher.recover(membership.shards));
    onDue();
  }

  #onLost(attempts: readonly LostAttempt[]): void {
    const { book, log, metrics, dice } = this.#options;
    for (const attempt of attempts) {
      metrics.count('headrace_attempts_lost_total', { reason: attempt.why });
      log.warn({ ...attempt }, 'an attempt was lost');
      const task = book.get(attempt.runKey)?.nodeOf(attempt.taskInstanceId);
      if (task === undefined) book.reload(attempt.runKey);
      else
        book.post(attempt.runKey, {
          type: 'task.lost',
          task,
          attempt: attempt.attempt,
          triesBefore: attempt.triesBefore,
          claimed: attempt.why === 'lease_expired',
          dice: dice(),
        });
    }
  }
}
