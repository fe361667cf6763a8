/**
 * The scheduler: hears what happened, lets the core decide, saves, dispatches.
 *
 * E1. One loop does all work, one step at a time: decide, plan schedules, start runs, read runs. What arrives meanwhile
 *     is gathered, so load makes batches and idleness costs nothing.
 * E2. A run is decided upon while its shard is ours. Whenever something of it may have been missed (a gap in the events,
 *     a shard gained, a decision refused as stale) it is read anew and settled from its rows.
 * E3. Nothing here is needed after a crash: what is owed follows from the rows.
 */
import { SLOT_STATUSES, type TaskStatus } from '@headrace/core';
import { type StoreEvent, systemTimers } from '@headrace/ports';
import type { ActiveRun } from './active-run.ts';
import { Agenda } from './agenda.ts';
import { DagVersions } from './dag-versions.ts';
import { Decisions } from './decisions.ts';
import { Dispatcher } from './dispatcher.ts';
import { DutyDesk } from './duty-desk.ts';
import { Errands } from './errands.ts';
import { Membership } from './membership.ts';
import { PastWatch } from './past-watch.ts';
import { isPlannedWhenIdle } from './plan-dag.ts';
import { Repairs } from './repairs.ts';
import { RunBook } from './run-book.ts';
import { RunIntake } from './run-intake.ts';
import { RunTimes } from './run-times.ts';
import { SchedulePlanner } from './schedule-planner.ts';
import { DEFAULT_INTERVALS, type SchedulerIntervals, type SchedulerOptions, type SchedulerStatus } from './scheduler-options.ts';
import { StoreClock } from './store-clock.ts';
import { WakeUps } from './wake-ups.ts';

const REDISPATCH_CAP = 20;
const RUNS_PLANNED_AT_ONCE = 100;
const PAUSE_AFTER_ERROR_MS = 500;
const MANY_QUEUED = 20;
const GATHERING_MS = 10;

export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #intervals: SchedulerIntervals;
  readonly #agenda = new Agenda();
  readonly #clock: StoreClock;
  readonly #book: RunBook;
  readonly #membership: Membership;
  readonly #wakeUps: WakeUps;
  readonly #past: PastWatch;
  readonly #intake: RunIntake;
  readonly #planner: SchedulePlanner;
  readonly #decisions: Decisions;
  readonly #dispatcher: Dispatcher;
  readonly #repairs: Repairs;
  readonly #duties: DutyDesk;
  readonly #errands: Errands;
  #working: Promise<void> | undefined;
  #stopped = false;
  #stopListening: (() => Promise<void>) | undefined;

  constructor(options: SchedulerOptions) {
    const { schedulerId, store, queue, dice, log, metrics, timers = systemTimers, observer } = options;
    const agenda = this.#agenda;
    const intervals = { ...DEFAULT_INTERVALS, ...options.intervals };
    const clock = new StoreClock(options.clock);
    const versions = new DagVersions(store);
    const membership = new Membership({ store, schedulerId, ttlMs: intervals.membershipTtl, clock, log, metrics });
    const book = new RunBook((versionId) => versions.get(versionId), intervals);
    const past = new PastWatch(store, book);
    const times = new RunTimes(metrics);
    const onDue = (): void => this.#kick();
    const wakeUps = new WakeUps({ store, membership, book, agenda, clock, timers, onDue });
    const dispatcher = new Dispatcher({
      store,
      queue,
      log,
      metrics,
      unclaimedAfterMs: intervals.unclaimedAfter,
      redispatchCap: REDISPATCH_CAP,
    });
    const duties = new DutyDesk({ duties: options.duties ?? [], clock, timers, log, metrics });
    const common = { book, agenda, past, wakeUps, clock, log, metrics };
    this.#options = options;
    this.#intervals = intervals;
    this.#clock = clock;
    this.#book = book;
    this.#membership = membership;
    this.#wakeUps = wakeUps;
    this.#past = past;
    this.#dispatcher = dispatcher;
    this.#duties = duties;
    this.#intake = new RunIntake({ ...common, store, membership, versions, times, observer });
    this.#decisions = new Decisions({
      ...common,
      schedulerId,
      store,
      dispatcher,
      times,
      observer,
      onFinished: (run) => this.#onFinished(run),
    });
    this.#repairs = new Repairs({ ...common, store, membership, dispatcher, duties, intervals, dice, onDue });
    this.#planner = new SchedulePlanner({
      store,
      log,
      metrics,
      runsAtOnce: RUNS_PLANNED_AT_ONCE,
      ...(options.timetables === undefined ? {} : { timetables: options.timetables }),
      ...(options.schedules === undefined ? {} : { schedules: options.schedules }),
    });
    this.#errands = new Errands(log, metrics, { clock: options.clock, timers });
  }

  /** Resolves when the scheduler is a member and listens. */
  async start(): Promise<void> {
    this.#stopListening = await this.#options.events.listen({
      onEvents: (events) => this.#onEvents(events),
      onGap: () => this.#onGap(),
    });
    await this.#heartbeat();
    const { heartbeat, sweep } = this.#intervals;
    this.#errands.every(heartbeat, 'heartbeat', () => this.#heartbeat());
    this.#errands.every(sweep, 'sweep', () => this.#repairs.sweep());
    this.#errands.every(sweep, 'recovery', () => this.#repairs.recoverMessages());
    this.#duties.performAll();
    this.#kick();
  }

  /** Finishes the step in hand, sends what is decided, and gives the shards to the others. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wakeUps.cancel();
    await this.#errands.stop();
    await this.#duties.stop();
    await this.#stopListening?.();
    await this.#working;
    await this.#dispatcher.settle();
    await this.#options.store.leave(this.#options.schedulerId);
  }

  status(): SchedulerStatus {
    return {
      shards: this.#membership.shards.length,
      activeRuns: this.#book.size,
      lastHeartbeatAt: this.#errands.lastDone('heartbeat'),
      lastTurnAt: this.#errands.lastTurned('heartbeat'),
      stopping: this.#stopped,
    };
  }

  #onEvents(events: readonly StoreEvent[]): void {
    const agenda = this.#agenda;
    for (const event of events) {
      this.#duties.hear(event);
      this.#past.hear(event);
      switch (event.type) {
        case 'task':
          this.#book.hear(event);
          // Somebody else made it ready (a wait has ended, an attempt was given back), or it may have made room for one that waits.
          if (event.to.status === 'scheduled' || (agenda.backlog && !holdsSlot(event.to.status))) agenda.pick = true;
          break;
        case 'run':
          if (this.#book.get(event.runKey) !== undefined) this.#book.reload(event.runKey);
          agenda.start = true;
          break;
        case 'dag':
          agenda.lookAtEverything();
          break;
        case 'pool':
          agenda.pick = true;
          break;
        case 'duty':
          break;
      }
    }
    this.#kick();
  }

  #onGap(): void {
    this.#options.log.warn({ runs: this.#book.size }, 'the event connection was interrupted; all active runs are read anew');
    this.#doubtAll();
    this.#duties.performAll();
    this.#kick();
  }

  /** What is known may be wrong: all is read anew and looked at. */
  #doubtAll(): void {
    this.#book.reloadAll();
    this.#agenda.adopt = true;
    this.#agenda.lookAtEverything();
  }

  async #heartbeat(): Promise<void> {
    await this.#clock.set(() => this.#options.store.now());
    const { gained, lost } = await this.#membership.renew();
    if (gained.length === 0 && lost.length === 0) return;
    this.#agenda.adopt = true;
    if (gained.length > 0) {
      this.#agenda.gained = [...this.#agenda.gained, ...gained];
      this.#agenda.lookAtEverything();
    }
    this.#kick();
  }

  #onFinished(run: ActiveRun): void {
    // A place under the DAG's limit of active runs is free.
    this.#agenda.start = true;
    if (isPlannedWhenIdle(run.dag.spec)) this.#agenda.plan = true;
    this.#duties.hear({ type: 'run', runKey: run.runKey });
  }

  #hasWork(): boolean {
    return !this.#stopped && (!this.#agenda.isEmpty || this.#book.hasPending || this.#book.hasToLoad || this.#past.hasWork);
  }

  #kick(): void {
    if (this.#working !== undefined || !this.#hasWork()) return;
    this.#working = this.#work().finally(() => {
      this.#working = undefined;
      this.#kick();
    });
  }

  async #work(): Promise<void> {
    while (this.#hasWork()) {
      try {
        if (this.#book.hasPending || this.#agenda.pick) {
          const queued = await this.#decisions.decide();
          // Under load a decision on more runs costs little more than one on few; and nobody waits, for the queue is full.
          if (this.#agenda.backlog && queued >= MANY_QUEUED) await this.#errands.pause(GATHERING_MS);
        }
        if (this.#agenda.plan) await this.#planSchedules();
        if (this.#agenda.start) await this.#intake.start();
        if (this.#agenda.adopt) await this.#intake.adoptActive();
        if (this.#book.hasToLoad) await this.#intake.read();
        if (this.#past.hasWork) await this.#past.look();
      } catch (error) {
        // The store is away or refused, or its answer was lost: what was saved is not known. Everything is looked at again when it is back.
        this.#options.metrics.count('headrace_scheduler_errors_total');
        this.#options.log.error({ error }, 'a scheduling step failed and will be done again');
        this.#doubtAll();
        await this.#errands.pause(PAUSE_AFTER_ERROR_MS);
      }
    }
  }

  async #planSchedules(): Promise<void> {
    this.#agenda.plan = false;
    const { created, more } = await this.#planner.plan();
    if (created.length > 0) this.#agenda.start = true;
    if (more) this.#agenda.plan = true;
    await this.#wakeUps.ofNextDue();
  }
}

function holdsSlot(status: TaskStatus): boolean {
  return (SLOT_STATUSES as readonly TaskStatus[]).includes(status);
}
