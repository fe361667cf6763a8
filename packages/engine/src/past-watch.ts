/**
 * Tells runs how the run before them stands, where their DAG asks for it (`dependsOnPast`, `waitForDownstream`).
 *
 * The run before may be another scheduler's, whose own decisions are not told: what is heard makes it quick, the sweep makes it sure.
 */
import { unmetPast, waitsForPast } from '@headrace/core';
import type { SchedulerStore, StoreEvent } from '@headrace/ports';
import type { ActiveRun } from './active-run.ts';
import type { RunBook } from './run-book.ts';

export class PastWatch {
  readonly #store: Pick<SchedulerStore, 'runsBefore'>;
  readonly #book: RunBook;
  /** Runs that wait, by the run before. */
  readonly #waiting = new Map<string, Set<string>>();
  readonly #beforeOf = new Map<string, string>();
  readonly #toLook = new Set<string>();

  constructor(store: Pick<SchedulerStore, 'runsBefore'>, book: RunBook) {
    this.#store = store;
    this.#book = book;
  }

  get hasWork(): boolean {
    return this.#toLook.size > 0;
  }

  /** The run was just read. */
  adopted(run: ActiveRun): void {
    if (waitsForPast(run.dag)) this.#toLook.add(run.runKey);
  }

  hear(event: StoreEvent): void {
    if (event.type === 'task' || event.type === 'run') this.changed(event.runKey);
  }

  /** Something of this run has changed: whoever waits for it is told. */
  changed(runKey: string): void {
    for (const waiting of this.#waiting.get(runKey) ?? []) this.#toLook.add(waiting);
  }

  /** All that wait are looked at again, and those that are no longer in hand are forgotten. */
  sweep(): void {
    for (const runKey of [...this.#beforeOf.keys()]) {
      if (this.#book.get(runKey) === undefined) this.#remember(runKey, undefined);
      else this.#toLook.add(runKey);
    }
  }

  async look(): Promise<void> {
    const runKeys = [...this.#toLook].filter((runKey) => this.#book.get(runKey) !== undefined);
    this.#toLook.clear();
    if (runKeys.length === 0) return;
    const before = await this.#store.runsBefore(runKeys);
    for (const runKey of runKeys) {
      const run = this.#book.get(runKey);
      if (run === undefined) continue;
      const past = before.get(runKey);
      const unmet = past === undefined ? [] : unmetPast(run.dag, run.state, past.tasks);
      this.#remember(runKey, unmet.length > 0 ? past?.runKey : undefined);
      this.#book.post(runKey, { type: 'past.told', unmet });
    }
  }

  #remember(runKey: string, before: string | undefined): void {
    const known = this.#beforeOf.get(runKey);
    if (known === before) return;
    if (known !== undefined) {
      const waiting = this.#waiting.get(known);
      waiting?.delete(runKey);
      if (waiting?.size === 0) this.#waiting.delete(known);
      this.#beforeOf.delete(runKey);
    }
    if (before === undefined) return;
    this.#beforeOf.set(runKey, before);
    const waiting = this.#waiting.get(before);
    if (waiting === undefined) this.#waiting.set(before, new Set([runKey]));
    else waiting.add(runKey);
  }
}
