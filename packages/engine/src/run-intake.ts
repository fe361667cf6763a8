/**
 * How runs come into the scheduler's hands, and leave them without having ended.
 *
 * N1. A run is taken in hand with what its rows say and what was heard of it while they were read; then it is settled from them.
 * N2. A run whose shard went to another scheduler is let go; one of ours that is not in hand is looked for now and then. Both are
 *     steps of the scheduler's loop: no answer that is still on its way brings back a run that was let go.
 * N3. A run of a shard that was gained is read, also if it is in hand: what others decided on it meanwhile was not told here.
 */
import type { LoadedRun, Metrics, SchedulerStore } from '@headrace/ports';
import type { Agenda } from './agenda.ts';
import type { DagVersions } from './dag-versions.ts';
import { initialTasks } from './initial-tasks.ts';
import type { Membership } from './membership.ts';
import type { PastWatch } from './past-watch.ts';
import type { RunBook } from './run-book.ts';
import type { RunObserver } from './run-observer.ts';
import type { RunTimes } from './run-times.ts';
import type { StoreClock } from './store-clock.ts';
import type { WakeUps } from './wake-ups.ts';

const RUNS_STARTED_AT_ONCE = 200;
/** Of runs that are read in one call, and that the sweep marks to be read. */
export const RUNS_READ_AT_ONCE = 200;

export interface RunIntakeOptions {
  readonly store: Pick<SchedulerStore, 'startRuns' | 'activeRuns' | 'loadRuns'>;
  readonly membership: Pick<Membership, 'shards'>;
  readonly book: RunBook;
  readonly agenda: Agenda;
  readonly versions: DagVersions;
  readonly wakeUps: WakeUps;
  readonly past: PastWatch;
  readonly times: RunTimes;
  readonly clock: StoreClock;
  readonly metrics: Metrics;
  readonly observer: RunObserver | undefined;
}

export class RunIntake {
  readonly #options: RunIntakeOptions;

  constructor(options: RunIntakeOptions) {
    this.#options = options;
  }

  /** Moves queued runs that are due to `running`. */
  async start(): Promise<void> {
    const { store, membership, book, agenda, versions, times, clock, metrics } = this.#options;
    agenda.start = false;
    const started = await book.read(clock.now(), () =>
      store.startRuns(membership.shards, RUNS_STARTED_AT_ONCE, async ({ versionId }) => {
        const tasks = initialTasks(await versions.get(versionId));
        metrics.count('headrace_task_instances_created_total', {}, tasks.length);
        return tasks;
      }),
    );
    if (started.length === 0) return;
    this.#tellStarted(started);
    for (const { runKey } of started) this.#adopted(runKey);
    times.started(started, clock.now());
    agenda.pick = true;
    if (started.length === RUNS_STARTED_AT_ONCE) agenda.start = true;
  }

  /** Sees that those runs are in hand that are running and ours: shards were gained or lost, or an answer was. */
  async adoptActive(): Promise<void> {
    const { store, membership, book, agenda, times } = this.#options;
    const { gained } = agenda;
    agenda.adopt = false;
    agenda.gained = [];
    const { shards } = membership;
    const known = book.known();
    const active = new Set(await store.activeRuns(shards));
    for (const runKey of known) if (!active.has(runKey)) book.letGo(runKey);
    times.keep((runKey) => active.has(runKey));
    for (const runKey of active) if (book.get(runKey) === undefined) book.reload(runKey);
    const ofGained = gained.filter((shard) => shards.includes(shard));
    if (ofGained.length > 0) for (const runKey of await store.activeRuns(ofGained)) book.reload(runKey);
  }

  /** Reads runs that are marked to be read. */
  async read(): Promise<void> {
    const { store, book, past, clock } = this.#options;
    const wanted = book.takeToLoad(RUNS_READ_AT_ONCE);
    const read = await book.read(clock.now(), () => store.loadRuns(wanted));
    for (const { runKey } of read) {
      this.#adopted(runKey);
      // Whoever waits for it, waits for the run as it is now.
      past.changed(runKey);
    }
  }

  #tellStarted(started: readonly LoadedRun[]): void {
    const { observer, book } = this.#options;
    observer?.started?.(
      started.flatMap(({ tasks: _, ...run }) => {
        const dag = book.get(run.runKey)?.dag.spec;
        return dag === undefined ? [] : [{ run, dag }];
      }),
    );
  }

  #adopted(runKey: string): void {
    const { book, agenda, past, wakeUps } = this.#options;
    const run = book.get(runKey);
    if (run === undefined) return;
    past.adopted(run);
    if (run.hasReady) agenda.pick = true;
    if (run.wakeAt !== undefined) wakeUps.notLaterThan(run.wakeAt);
  }
}
