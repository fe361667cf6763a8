/**
 * How far the attempts of this worker are, written down once a second in one statement.
 *
 * PB1. An attempt that ends within its first second is never written: short tasks cost the store nothing.
 * PB2. Nothing waits for it, and nothing fails by it. While the store cannot be reached the newest figures are kept.
 */
import type { AttemptProgress } from '@headrace/core';
import type { AttemptRef, Clock, Log, ProgressStore, Timers, ToldProgress } from '@headrace/ports';

export interface ProgressBoardOptions {
  readonly store: Pick<ProgressStore, 'save' | 'forget'>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
}

const EVERY_MS = 1_000;

export class ProgressBoard {
  readonly #options: ProgressBoardOptions;
  /** Figures that are not written yet, by attempt. */
  readonly #told = new Map<string, ToldProgress>();
  /** Attempts of which something was written. */
  readonly #written = new Set<string>();
  readonly #ended = new Map<string, AttemptRef>();
  #callOff: (() => void) | undefined;
  #writing: Promise<void> | undefined;
  #closed = false;

  constructor(options: ProgressBoardOptions) {
    this.#options = options;
  }

  /** `runMs`: for how long it has been running. */
  tell({ taskInstanceId, attemptId }: AttemptRef, progress: AttemptProgress, runMs: number): void {
    const toldAt = this.#options.clock.now();
    this.#told.set(attemptId, { taskInstanceId, attemptId, ...progress, beganAt: Math.round(toldAt - runMs), toldAt });
    this.#later();
  }

  /** Of one that never told anything this does nothing. */
  end({ taskInstanceId, attemptId }: AttemptRef): void {
    this.#told.delete(attemptId);
    if (!this.#written.delete(attemptId)) return;
    this.#ended.set(attemptId, { taskInstanceId, attemptId });
    this.#later();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#callOff?.();
    await this.#writing;
    if (this.#told.size + this.#ended.size > 0) await this.#write();
  }

  #later(): void {
    if (this.#closed || this.#writing !== undefined) return;
    this.#callOff ??= this.#options.timers.after(EVERY_MS, () => {
      this.#callOff = undefined;
      this.#writing = this.#write().finally(() => {
        this.#writing = undefined;
        if (this.#told.size + this.#ended.size > 0) this.#later();
      });
    });
  }

  async #write(): Promise<void> {
    const { store, log } = this.#options;
    const told = [...this.#told.values()];
    const ended = [...this.#ended.values()];
    for (const { attemptId } of told) this.#written.add(attemptId);
    try {
      if (told.length > 0) await store.save(told);
      for (const one of told) if (this.#told.get(one.attemptId) === one) this.#told.delete(one.attemptId);
      if (ended.length > 0) await store.forget(ended);
      for (const { attemptId } of ended) this.#ended.delete(attemptId);
    } catch (error) {
      log.warn({ error, attempts: told.length }, 'the progress of attempts could not be written; it is tried again');
    }
  }
}
