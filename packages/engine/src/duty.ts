/**
 * Something the scheduler looks after besides runs: asset events, waits, notices, backfills …
 *
 * Every scheduler has every duty; what one of them takes in hand it locks in the store, so that none does the work of another,
 * and none is needed.
 */
import type { Instant } from '@headrace/core';
import type { StoreEvent } from '@headrace/ports';

export interface Duty {
  /** As store events name it. */
  readonly name: string;
  /** Whether there may be something to do now. `duty` events with its name are told without asking. */
  concerns?(event: StoreEvent): boolean;
  /** For what concerns every run there is, and is not urgent: at least so many milliseconds lie between two performances. Default 0. */
  readonly restMs?: number;
  /**
   * Does what is due, in small steps. Idempotent: done twice, or by two schedulers, it does no more. An error is logged and counted, and
   * the duty is performed again a little later.
   */
  perform(now: Instant): Promise<DutyReport>;
}

export interface DutyReport {
  /** There was more than fits one step: perform again at once, after the others. */
  readonly more?: boolean;
  /** When there is something to do next, as far as it is known now. It is performed every few seconds anyway. */
  readonly nextAt?: Instant;
}
