/**
 * The scheduler: hears what happened, lets the core decide, saves, dispatches.
 *
 * E1. One loop does all work, one step at a time: decide, plan schedules, start runs, read runs. What arrives meanwhile
 *     is gathered, so load makes batches and idleness costs nothing.
 * E2. A run is decided upon while its shard is ours. Whenever something of it may have been missed (a gap in the events,
 *     a shard gained, a decision refused as stale) it is read anew and settled from its rows.
 * E3. Nothing here is needed after a crash: what is owed follows from the rows.
 */
import { admit, type Effect, type Instant, SLOT_STATUSES, type TaskStatus } from '@headrace/core';
import { type DecisionResult, type LoadedRun, type LostAttempt, type SchedulerStore, type StoreEvent, systemTimers } from '@headrace/ports';
import { type ActiveRun, isEmpty, type RunOutcome } from './active-run.ts';
import { Alarm } from './alarm.ts';
import { DagVersions } from './dag-versions.ts';
import { Dispatcher } from './dispatcher.ts';
import { DutyDesk } from './duty-desk.ts';
import { Errands } from './errands.ts';
import { initialTasks } from './initial-tasks.ts';
import { Membership } from './membership.ts';
import { PastWatch } from './past-watch.ts';
import { isPlannedWhenIdle } from './plan-dag.ts';
import { RunBook } from './run-book.ts';
import { observedChange, type RunChange, withObserved } from './run-observer.ts';
import { RunTimes } from './run-times.ts';
import { SchedulePlanner } from './schedule-planner.ts';
import { DEFAULT_INTERVALS, type SchedulerIntervals, type SchedulerOptions, type SchedulerStatus } from './scheduler-options.ts';
import { StoreClock } from './store-clock.ts';

const RUNS_STARTED_AT_ONCE = 200;
const RUNS_READ_AT_ONCE = 200;
const LOST_AT_ONCE = 500;
const REDISPATCH_CAP = 20;
const RUNS_PLANNED_AT_ONCE = 100;
const PAUSE_AFTER_ERROR_MS = 500;
const MANY_QUEUED = 20;
const GATHERING_MS = 10;

export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #intervals: SchedulerIntervals;
  readonly #clock: StoreClock;
  readonly #book: RunBook;
  readonly #dispatcher: Dispatcher;
  readonly #planner: SchedulePlanner;
  readonly #alarm: Alarm;
  readonly #errands: Errands;
  readonly #versions: DagVersions;
  readonly #membership: Membership;
  readonly #duties: DutyDesk;
  readonly #past: PastWatch;
  readonly #times: RunTimes;

  /** What the loop has to do. */
  readonly #due = { plan: true, start: true, pick: false, adopt: false };
  /** Tasks wait for a slot that some limit refuses them. */
  #backlog = false;
  /** When to look for runs of ours that are not in hand: one that did not know yet that its shards are ours may have started some. */
  #adoptAt = 0;
  /** When all duties are performed though nothing called for it. */
  #dutiesAt = 0;
  /** … and one of them may get it then, although none ends. */
  #pickAt: Instant | undefined;
  #working: Promise<void> | undefined;
  #stopped = false;
  #stopListening: (() => Promise<void>) | undefined;

  constructor(options: SchedulerOptions) {
    const { store, queue, log, metrics, timers = systemTimers } = options;
    this.#options = options;
    this.#intervals = { ...DEFAULT_INTERVALS, ...options.intervals };
    this.#clock = new StoreClock(options.clock);
    this.#versions = new DagVersions(store);
    this.#membership = new Membership({
      store,
      schedulerId: options.schedulerId,
      ttlMs: this.#intervals.membershipTtl,
      clock: this.#clock,
      log,
      metrics,
    });
    this.#book = new RunBook((versionId) => this.#versions.get(versionId), this.#intervals);
    this.#past = new PastWatch(store, this.#book);
    this.#times = new RunTimes(metrics);
    this.#dispatcher = new Dispatcher({
      store,
      queue,
      log,
      metrics,
      unclaimedAfterMs: this.#intervals.unclaimedAfter,
      redispatchCap: REDISPATCH_CAP,
    });
    this.#planner = new SchedulePlanner({
      store,
      log,
      metrics,
      runsAtOnce: RUNS_PLANNED_AT_ONCE,
      ...(options.timetables === undefined ? {} : { timetables: options.timetables }),
      ...(options.schedules === undefined ? {} : { schedules: options.schedules }),
    });
    this.#alarm = new Alarm(this.#clock, () => this.#onAlarm(), timers);
    this.#errands = new Errands(log, metrics, { clock: options.clock, timers });
    this.#duties = new DutyDesk({ duties: options.duties ?? [], clock: this.#clock, timers, log, metrics });
  }

  /** Resolves when the scheduler is a member and listens. */
  async start(): Promise<void> {
    this.#stopListening = await this.#options.events.listen({
      onEvents: (events) => this.#onEvents(events),
      onGap: () => this.#onGap(),
    });
    await this.#heartbeat();
    this.#errands.every(this.#intervals.heartbeat, 'heartbeat', () => this.#heartbeat());
    this.#errands.every(this.#intervals.sweep, 'sweep', () => this.#sweep());
    this.#errands.every(this.#intervals.sweep, 'recovery', () => this.#recover());
    this.#duties.performAll();
    this.#kick();
  }

  /** Finishes the step in hand, sends what is decided, and gives the shards to the others. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#alarm.cancel();
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
    for (const event of events) {
      this.#duties.hear(event);
      this.#past.hear(event);
      switch (event.type) {
        case 'task':
          this.#book.hear(event);
          // Somebody else made it ready (a wait has ended, an attempt was given back), or it may have made room for one that waits.
          if (event.to.status === 'scheduled' || (this.#backlog && !holdsSlot(event.to.status))) this.#due.pick = true;
          break;
        case 'run':
          if (this.#book.get(event.runKey) !== undefined) this.#book.reload(event.runKey);
          this.#due.start = true;
          break;
        case 'dag':
          this.#lookAtEverything();
          break;
        case 'pool':
          this.#due.pick = true;
          break;
        case 'duty':
          break;
      }
    }
    this.#kick();
  }

  #onGap(): void {
    this.#options.log.warn({ runs: this.#book.size }, 'the event connection was interrupted; all active runs are read anew');
    this.#book.reloadAll();
    this.#due.adopt = true;
    this.#lookAtEverything();
    this.#duties.performAll();
    this.#kick();
  }

  #onAlarm(): void {
    const now = this.#clock.now();
    for (const run of this.#book.runs()) {
      if (run.wakeAt === undefined) continue;
      if (run.wakeAt > now) {
        this.#alarm.notLaterThan(run.wakeAt);
        continue;
      }
      run.wakeAt = undefined;
      this.#book.post(run.runKey, { type: 'tick' });
    }
    this.#alarmOfPick(now);
    this.#due.plan = true;
    this.#due.start = true;
    this.#kick();
  }

  #alarmOfPick(now: Instant): void {
    if (this.#pickAt === undefined) return;
    if (this.#pickAt > now) {
      this.#alarm.notLaterThan(this.#pickAt);
      return;
    }
    this.#pickAt = undefined;
    this.#due.pick = true;
  }

  #lookAtEverything(): void {
    this.#due.plan = true;
    this.#due.start = true;
    this.#due.pick = true;
  }

  async #heartbeat(): Promise<void> {
    await this.#clock.set(() => this.#options.store.now());
    const { gained, lost } = await this.#membership.renew();
    if (!gained && !lost) return;
    this.#due.adopt = true;
    if (gained) this.#lookAtEverything();
    this.#kick();
    if (lost) await this.#forgetOthers();
  }

  /** Of the runs in hand those that are no longer ours, or no longer running. What is taken in hand meanwhile stays. */
  async #forgetOthers(): Promise<void> {
    const held = [...this.#book.runs()].map((run) => run.runKey);
    const active = new Set(await this.#options.store.activeRuns(this.#membership.shards));
    for (const runKey of held) if (!active.has(runKey)) this.#book.forget(runKey);
    this.#times.keep((runKey) => active.has(runKey));
  }

  /** Messages that vanished. Apart from the sweep: a queue that is away must not hold up what the store alone can repair. */
  async #recover(): Promise<void> {
    this.#onLost(await this.#dispatcher.recover(this.#membership.shards));
    this.#kick();
  }

  /** Repairs what events cannot tell: workers that died, runs of which nothing is heard. */
  async #sweep(): Promise<void> {
    const { store } = this.#options;
    this.#onLost(await store.expiredLeases(this.#membership.shards, LOST_AT_ONCE));
    this.#past.sweep();
    this.#book.reloadQuiet(this.#clock.now(), RUNS_READ_AT_ONCE);
    if (this.#clock.now() >= this.#adoptAt) {
      this.#adoptAt = this.#clock.now() + this.#intervals.verifyAfter;
      this.#due.adopt = true;
    }
    if (this.#backlog) this.#due.pick = true;
    await this.#setAlarm();
    if (this.#clock.now() >= this.#dutiesAt) {
      this.#dutiesAt = this.#clock.now() + this.#intervals.duties;
      this.#duties.performAll();
    }
    this.#kick();
  }

  #onLost(attempts: readonly LostAttempt[]): void {
    const { log, metrics, dice } = this.#options;
    for (const attempt of attempts) {
      metrics.count('headrace_attempts_lost_total', { reason: attempt.why });
      log.warn({ ...attempt }, 'an attempt was lost');
      const task = this.#book.get(attempt.runKey)?.nodeOf(attempt.taskInstanceId);
      if (task === undefined) this.#book.reload(attempt.runKey);
      else
        this.#book.post(attempt.runKey, {
          type: 'task.lost',
          task,
          attempt: attempt.attempt,
          triesBefore: attempt.triesBefore,
          claimed: attempt.why === 'lease_expired',
          dice: dice(),
        });
    }
  }

  #hasWork(): boolean {
    const { plan, start, pick, adopt } = this.#due;
    return !this.#stopped && (plan || start || pick || adopt || this.#book.hasPending || this.#book.hasToLoad || this.#past.hasWork);
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
        if (this.#book.hasPending || this.#due.pick) await this.#decide();
        if (this.#due.plan) await this.#planSchedules();
        if (this.#due.start) await this.#startRuns();
        if (this.#due.adopt) await this.#adoptActive();
        if (this.#book.hasToLoad) await this.#readRuns();
        if (this.#past.hasWork) await this.#past.look();
      } catch (error) {
        // The store is away or refused, or its answer was lost: what was saved is not known. Everything is looked at again when it is back.
        this.#options.metrics.count('headrace_scheduler_errors_total');
        this.#options.log.error({ error }, 'a scheduling step failed and will be done again');
        this.#book.reloadAll();
        this.#due.adopt = true;
        this.#lookAtEverything();
        await this.#errands.pause(PAUSE_AFTER_ERROR_MS);
      }
    }
  }

  async #planSchedules(): Promise<void> {
    this.#due.plan = false;
    const { created, more } = await this.#planner.plan();
    if (created.length > 0) this.#due.start = true;
    if (more) this.#due.plan = true;
    await this.#setAlarm();
  }

  async #setAlarm(): Promise<void> {
    const next = await this.#options.store.nextDue(this.#membership.shards);
    if (next !== undefined) this.#alarm.notLaterThan(next);
  }

  async #startRuns(): Promise<void> {
    this.#due.start = false;
    const started = await this.#book.read(this.#clock.now(), () =>
      this.#options.store.startRuns(this.#membership.shards, RUNS_STARTED_AT_ONCE, async ({ versionId }) =>
        this.#createdTasks(initialTasks(await this.#versions.get(versionId))),
      ),
    );
    if (started.length === 0) return;
    this.#tellStarted(started);
    for (const { runKey } of started) this.#adopted(runKey);
    this.#times.started(started, this.#clock.now());
    this.#due.pick = true;
    if (started.length === RUNS_STARTED_AT_ONCE) this.#due.start = true;
  }

  #createdTasks<T extends readonly object[]>(tasks: T): T {
    this.#options.metrics.count('headrace_task_instances_created_total', {}, tasks.length);
    return tasks;
  }

  #tellStarted(started: readonly LoadedRun[]): void {
    const { observer } = this.#options;
    observer?.started?.(
      started.flatMap(({ tasks: _, ...run }) => {
        const dag = this.#book.get(run.runKey)?.dag.spec;
        return dag === undefined ? [] : [{ run, dag }];
      }),
    );
  }

  /** Takes runs in hand that are running and ours and that the book does not have: a shard was gained, or an answer was lost. */
  async #adoptActive(): Promise<void> {
    this.#due.adopt = false;
    const active = await this.#options.store.activeRuns(this.#membership.shards);
    for (const runKey of active) if (this.#book.get(runKey) === undefined) this.#book.reload(runKey);
  }

  async #readRuns(): Promise<void> {
    const wanted = this.#book.takeToLoad(RUNS_READ_AT_ONCE);
    const read = await this.#book.read(this.#clock.now(), () => this.#options.store.loadRuns(wanted));
    for (const { runKey } of read) {
      this.#adopted(runKey);
      // Whoever waits for it, waits for the run as it is now.
      this.#past.changed(runKey);
    }
  }

  #adopted(runKey: string): void {
    const run = this.#book.get(runKey);
    if (run === undefined) return;
    this.#past.adopted(run);
    if (run.hasReady) this.#due.pick = true;
    if (run.wakeAt !== undefined) this.#alarm.notLaterThan(run.wakeAt);
  }

  async #decide(): Promise<void> {
    const { store, schedulerId, metrics, observer } = this.#options;
    const began = this.#clock.monotonic();
    const outcomes = this.#outcomes();
    const { pick } = this.#due;
    this.#due.pick = false;
    if (outcomes.size === 0 && !pick) return;

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
      if (stale.has(run.runKey)) this.#book.reload(run.runKey);
      else {
        const change = changes.get(run);
        if (change !== undefined) observer?.ended?.(change);
        this.#advance(run, outcome, result.created);
      }
    }
    this.#noteQueued(result.queued);
    this.#backlog = result.backlog;
    this.#pickAt = result.nextAdmissionAt;
    this.#alarmOfPick(this.#clock.now());
    if (result.created.length > 0) {
      this.#createdTasks(result.created);
      this.#due.pick = true;
    }
    this.#dispatcher.send(result.queued);
    metrics.observe('headrace_decision_seconds', (this.#clock.monotonic() - began) / 1_000);
    metrics.gauge('headrace_active_runs', this.#book.size);
    // Under load a decision on more runs costs little more than one on few; and nobody waits, for the queue is full.
    if (this.#backlog && result.queued.length >= MANY_QUEUED) await this.#errands.pause(GATHERING_MS);
  }

  #observedChanges(outcomes: ReadonlyMap<ActiveRun, RunOutcome>): ReadonlyMap<ActiveRun, RunChange> {
    if (this.#options.observer === undefined) return new Map();
    const now = this.#clock.now();
    return new Map(
      [...outcomes].flatMap(([run, { decision }]) => {
        const change = observedChange(run, decision, now);
        return change === undefined ? [] : [[run, change] as const];
      }),
    );
  }

  /** What the pending events lead to, of runs for which that is something to save. */
  #outcomes(): ReadonlyMap<ActiveRun, RunOutcome> {
    const now = this.#clock.now();
    const outcomes = new Map<ActiveRun, RunOutcome>();
    for (const [run, events] of this.#book.takePending(now)) {
      const { outcome, rejected } = run.decide(events, now);
      if (rejected.length > 0) {
        this.#options.log.warn({ dagId: run.dagId, runId: run.runId, rejected }, 'events did not fit the run; it is read anew');
        this.#book.reload(run.runKey);
      } else if (isEmpty(outcome.decision)) this.#advance(run, outcome);
      else outcomes.set(run, outcome);
    }
    return outcomes;
  }

  #noteQueued(queued: Awaited<ReturnType<SchedulerStore['decide']>>['queued']): void {
    for (const { runKey, taskInstanceId, attempt } of queued) {
      const run = this.#book.get(runKey);
      const task = run?.nodeOf(taskInstanceId);
      if (run === undefined || task === undefined) continue;
      run.observe({ type: 'task.moved', task, to: { status: 'queued', attempt } }, this.#clock.now());
      this.#times.gotSlot(run, this.#clock.now());
    }
  }

  #advance(run: ActiveRun, outcome: RunOutcome, created: DecisionResult['created'] = []): void {
    if (!run.advance(outcome, created)) this.#book.reload(run.runKey);
    this.#past.changed(run.runKey);
    for (const effect of outcome.effects) this.#perform(run, effect);
  }

  #perform(run: ActiveRun, effect: Effect): void {
    switch (effect.type) {
      case 'wake':
        run.wakeAt = run.wakeAt === undefined ? effect.at : Math.min(run.wakeAt, effect.at);
        this.#alarm.notLaterThan(effect.at);
        break;
      case 'announce':
        if (effect.status === 'success' || effect.status === 'failed') this.#onFinished(run, effect.status);
        break;
      case 'revoke':
        // The store tells the workers when it saves the command that revoked the attempt.
        break;
    }
  }

  #onFinished(run: ActiveRun, state: 'success' | 'failed'): void {
    this.#times.finished(run, state, this.#clock.now());
    this.#options.log.info({ dagId: run.dagId, runId: run.runId, state }, 'a run has finished');
    this.#book.forget(run.runKey);
    // A place under the DAG's limit of active runs is free.
    this.#due.start = true;
    if (isPlannedWhenIdle(run.dag.spec)) this.#due.plan = true;
    this.#duties.hear({ type: 'run', runKey: run.runKey });
  }
}

function holdsSlot(status: TaskStatus): boolean {
  return (SLOT_STATUSES as readonly TaskStatus[]).includes(status);
}
