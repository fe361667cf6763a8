/**
 * Decides on runs what follows from their events, saves it, and sends what was given a slot.
 *
 * Y1. What the store refuses as stale is read anew; of a decision that is refused nothing is told and nothing follows.
 * Y2. A run's state here is that of its rows only once they are saved.
 */
import { admit, type Effect } from '@headrace/core';
import type { DecisionResult, Log, Metrics, SchedulerStore } from '@headrace/ports';
import { type ActiveRun, isEmpty, type RunOutcome } from './active-run.ts';
import type { Agenda } from './agenda.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { PastWatch } from './past-watch.ts';
import type { RunBook } from './run-book.ts';
import { observedChange, type RunChange, type RunObserver, withObserved } from './run-observer.ts';
import type { RunTimes } from './run-times.ts';
import type { StoreClock } from './store-clock.ts';
import type { WakeUps } from './wake-ups.ts';

export interface DecisionsOptions {
  readonly schedulerId: string;
  readonly store: Pick<SchedulerStore, 'decide'>;
  readonly book: RunBook;
  readonly agenda: Agenda;
  readonly dispatcher: Dispatcher;
  readonly wakeUps: WakeUps;
  readonly past: PastWatch;
  readonly times: RunTimes;
  readonly clock: StoreClock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly observer: RunObserver | undefined;
  /** The run has ended and is no longer in hand. */
  readonly onFinished: (run: ActiveRun) => void;
}

export class Decisions {
  readonly #options: DecisionsOptions;

  constructor(options: DecisionsOptions) {
    this.#options = options;
  }

  /** Decides on all runs of which something is pending, and gives slots. Answers with how many were given. */
  async decide(): Promise<number> {
    const { store, schedulerId, book, agenda, dispatcher, wakeUps, clock, metrics, observer } = this.#options;
    const began = clock.monotonic();
    const outcomes = this.#outcomes();
    const { pick } = agenda;
    agenda.pick = false;
    if (outcomes.size === 0 && !pick) return 0;

    const changes = this.#observedChanges(outcomes);
    const runs = [...outcomes].map(([run, { decision }]) => withObserved(decision, changes.get(run), observer));
    const result = await store.decide({ schedulerId, runs }, admit);
    const stale = new Set(result.stale);
    if (stale.size > 0) metrics.count('headrace_decisions_stale_total', {}, stale.size);
    metrics.observe(
      'headrace_decision_batch_size',
      runs.reduce((moves, run) => moves + run.changes.length, 0),
    );
    for (const [run, outcome] of outcomes) {
      if (stale.has(run.runKey)) book.reload(run.runKey);
      else {
        const change = changes.get(run);
        if (change !== undefined) observer?.ended?.(change);
        this.#advance(run, outcome, result.created);
      }
    }
    this.#noteQueued(result.queued);
    agenda.backlog = result.backlog;
    wakeUps.pickAt(result.nextAdmissionAt);
    if (result.created.length > 0) {
      metrics.count('headrace_task_instances_created_total', {}, result.created.length);
      agenda.pick = true;
    }
    dispatcher.send(result.queued);
    metrics.observe('headrace_decision_seconds', (clock.monotonic() - began) / 1_000);
    metrics.gauge('headrace_active_runs', book.size);
    return result.queued.length;
  }

  #observedChanges(outcomes: ReadonlyMap<ActiveRun, RunOutcome>): ReadonlyMap<ActiveRun, RunChange> {
    if (this.#options.observer === undefined) return new Map();
    const now = this.#options.clock.now();
    return new Map(
      [...outcomes].flatMap(([run, { decision }]) => {
        const change = observedChange(run, decision, now);
        return change === undefined ? [] : [[run, change] as const];
      }),
    );
  }

  /** What the pending events lead to, of runs for which that is something to save. */
  #outcomes(): ReadonlyMap<ActiveRun, RunOutcome> {
    const { book, clock, log } = this.#options;
    const now = clock.now();
    const outcomes = new Map<ActiveRun, RunOutcome>();
    for (const [run, events] of book.takePending(now)) {
      const { outcome, rejected } = run.decide(events, now);
      if (rejected.length > 0) {
        log.warn({ dagId: run.dagId, runId: run.runId, rejected }, 'events did not fit the run; it is read anew');
        book.reload(run.runKey);
      } else if (isEmpty(outcome.decision)) this.#advance(run, outcome);
      else outcomes.set(run, outcome);
    }
    return outcomes;
  }

  #noteQueued(queued: DecisionResult['queued']): void {
    const { book, times, clock } = this.#options;
    for (const { runKey, taskInstanceId, attempt } of queued) {
      const run = book.get(runKey);
      const task = run?.nodeOf(taskInstanceId);
      if (run === undefined || task === undefined) continue;
      run.observe({ type: 'task.moved', task, to: { status: 'queued', attempt } }, clock.now());
      times.gotSlot(run, clock.now());
    }
  }

  #advance(run: ActiveRun, outcome: RunOutcome, created: DecisionResult['created'] = []): void {
    if (!run.advance(outcome, created)) this.#options.book.reload(run.runKey);
    this.#options.past.changed(run.runKey);
    for (const effect of outcome.effects) this.#perform(run, effect);
  }

  #perform(run: ActiveRun, effect: Effect): void {
    switch (effect.type) {
      case 'wake':
        run.wakeAt = run.wakeAt === undefined ? effect.at : Math.min(run.wakeAt, effect.at);
        this.#options.wakeUps.notLaterThan(effect.at);
        break;
      case 'announce':
        if (effect.status === 'success' || effect.status === 'failed') this.#finished(run, effect.status);
        break;
      case 'revoke':
        // The store tells the workers when it saves the command that revoked the attempt.
        break;
    }
  }

  #finished(run: ActiveRun, state: 'success' | 'failed'): void {
    const { book, times, clock, log, onFinished } = this.#options;
    times.finished(run, state, clock.now());
    log.info({ dagId: run.dagId, runId: run.runId, state }, 'a run has finished');
    book.forget(run.runKey);
    onFinished(run);
  }
}
