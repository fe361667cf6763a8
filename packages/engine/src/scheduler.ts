/**
 * The scheduler: hears what happened, lets the core decide, saves, dispatches.
 *
 * E1. One loop does all work, one step at a time: start runs, plan schedules, load runs, decide. What arrives meanwhile is
 *     gathered, so load makes batches and idleness costs nothing.
 * E2. A run is decided upon only while its shard is ours; when it may have been missed something (a gap in the events, a
 *     shard gained, a decision refused as stale) it is loaded anew and settled from its rows.
 * E3. Nothing here is needed after a crash: what is owed follows from the rows.
 */
import type { Effect, RunEvent } from '@headrace/core';
import { admit } from '@headrace/core';
import type { Clock, LoadedRun, Log, LostAttempt, Metrics, RunEvents, SchedulerStore, StoreEvent, TaskQueue } from '@headrace/ports';
import { ActiveRun, isEmpty, type RunOutcome } from './active-run.ts';
import { Alarm } from './alarm.ts';
import { DagVersions } from './dag-versions.ts';
import { Dispatcher } from './dispatcher.ts';
import { Errands } from './errands.ts';
import { initialTasks } from './initial-tasks.ts';
import { SchedulePlanner } from './schedule-planner.ts';
import { StoreClock } from './store-clock.ts';

export interface SchedulerOptions {
  readonly schedulerId: string;
  readonly store: SchedulerStore;
  readonly events: RunEvents;
  readonly queue: TaskQueue;
  readonly clock: Clock;
  /** In [0, 1), for the jitter of retries. */
  readonly dice: () => number;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly intervals?: Partial<SchedulerIntervals>;
}

/** All in milliseconds. */
export interface SchedulerIntervals {
  /** Membership is renewed this often … */
  readonly heartbeat: number;
  /** … and ends this long after the last renewal: how long a dead scheduler's shards wait. */
  readonly membershipTtl: number;
  /** How often leases and unclaimed attempts are looked through. */
  readonly sweep: number;
  readonly unclaimedAfter: number;
  /** A run of which nothing was heard for so long is compared with its rows; then after twice as long, up to `verifyAtMost`. */
  readonly verifyAfter: number;
  readonly verifyAtMost: number;
}

const DEFAULT_INTERVALS: SchedulerIntervals = {
  heartbeat: 1_000,
  membershipTtl: 5_000,
  sweep: 2_000,
  unclaimedAfter: 5_000,
  verifyAfter: 30_000,
  verifyAtMost: 300_000,
};

const RUNS_STARTED_AT_ONCE = 200;
const RUNS_LOADED_AT_ONCE = 200;
const LOST_AT_ONCE = 500;
const REDISPATCH_CAP = 20;
const RUNS_PLANNED_AT_ONCE = 100;

export class Scheduler {
  readonly versions: DagVersions;
  readonly #options: SchedulerOptions;
  readonly #intervals: SchedulerIntervals;
  readonly #clock: StoreClock;
  readonly #dispatcher: Dispatcher;
  readonly #planner: SchedulePlanner;
  readonly #alarm: Alarm;
  readonly #errands: Errands;

  readonly #runs = new Map<string, ActiveRun>();
  readonly #pending = new Map<string, RunEvent[]>();
  readonly #toLoad = new Set<string>();
  /** Task events that came while runs were being read: the snapshot may be older than they are. */
  #heardWhileReading: StoreEvent[] | undefined;
  #shards: readonly number[] = [];
  #startRuns = false;
  #plan = false;
  #pick = false;
  #backlog = false;
  #working: Promise<void> | undefined;
  #stopped = false;
  #stopListening: (() => Promise<void>) | undefined;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#intervals = { ...DEFAULT_INTERVALS, ...options.intervals };
    this.#clock = new StoreClock(options.clock);
    this.versions = new DagVersions(options.store);
    const { store, queue, log, metrics } = options;
    this.#dispatcher = new Dispatcher({
      store,
      queue,
      log,
      metrics,
      unclaimedAfterMs: this.#intervals.unclaimedAfter,
      redispatchCap: REDISPATCH_CAP,
    });
    this.#planner = new SchedulePlanner({ store, log, metrics, runsAtOnce: RUNS_PLANNED_AT_ONCE });
    this.#alarm = new Alarm(this.#clock, () => this.#onAlarm());
    this.#errands = new Errands(log, metrics);
  }

  /** Resolves when the scheduler is a member and listens. */
  async start(): Promise<void> {
    await this.#clock.set(() => this.#options.store.now());
    this.#stopListening = await this.#options.events.listen({
      onEvents: (events) => this.#onEvents(events),
      onGap: () => this.#onGap(),
    });
    await this.#heartbeat();
    this.#errands.every(this.#intervals.heartbeat, 'heartbeat', () => this.#heartbeat());
    this.#errands.every(this.#intervals.sweep, 'sweep', () => this.#sweep());
    this.#plan = true;
    this.#startRuns = true;
    this.#kick();
  }

  /** Finishes the step in hand, sends what is decided, and gives the shards to the others. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#alarm.cancel();
    await this.#errands.stop();
    await this.#stopListening?.();
    await this.#working;
    await this.#dispatcher.settle();
    await this.#options.store.leave(this.#options.schedulerId);
  }

  /** For health and tests. */
  status(): { readonly shards: number; readonly activeRuns: number; readonly lastHeartbeatAt: number | undefined } {
    return { shards: this.#shards.length, activeRuns: this.#runs.size, lastHeartbeatAt: this.#errands.lastDone('heartbeat') };
  }

  #onEvents(events: readonly StoreEvent[]): void {
    for (const event of events) {
      switch (event.type) {
        case 'task':
          this.#onTaskMoved(event);
          break;
        case 'run':
          if (this.#runs.has(event.runKey)) this.#toLoad.add(event.runKey);
          this.#startRuns = true;
          break;
        case 'dag':
          this.#plan = true;
          this.#startRuns = true;
          this.#pick = true;
          break;
      }
    }
    this.#kick();
  }

  #onTaskMoved(event: Extract<StoreEvent, { type: 'task' }>): void {
    this.#heardWhileReading?.push(event);
    // Any move may have freed a slot that a waiting task of ours can use.
    if (this.#backlog) this.#pick = true;
    const run = this.#runs.get(event.runKey);
    const task = run?.taskOf(event.taskInstanceId);
    if (run === undefined || task === undefined) return;
    this.#post(event.runKey, { type: 'task.moved', task, to: event.to });
  }

  #post(runKey: string, event: RunEvent): void {
    const pending = this.#pending.get(runKey);
    if (pending === undefined) this.#pending.set(runKey, [event]);
    else pending.push(event);
  }

  #onGap(): void {
    this.#options.log.warn({ runs: this.#runs.size }, 'the event connection was interrupted; all active runs are read anew');
    for (const runKey of this.#runs.keys()) this.#toLoad.add(runKey);
    this.#startRuns = true;
    this.#plan = true;
    this.#pick = true;
    this.#kick();
  }

  #onAlarm(): void {
    const now = this.#clock.now();
    for (const run of this.#runs.values()) {
      if (run.wakeAt === undefined) continue;
      if (run.wakeAt > now) {
        this.#alarm.notLaterThan(run.wakeAt);
        continue;
      }
      run.wakeAt = undefined;
      this.#post(run.runKey, { type: 'tick' });
    }
    this.#plan = true;
    this.#startRuns = true;
    this.#kick();
  }

  async #heartbeat(): Promise<void> {
    const { store, schedulerId, log, metrics } = this.#options;
    await this.#clock.set(() => store.now());
    const shards = await store.heartbeat(schedulerId, this.#intervals.membershipTtl);
    const before = new Set(this.#shards);
    const now = new Set(shards);
    const gained = shards.filter((shard) => !before.has(shard));
    const lost = this.#shards.filter((shard) => !now.has(shard));
    this.#shards = shards;
    metrics.gauge('headrace_scheduler_shards', shards.length);
    if (lost.length > 0) {
      log.info({ lost: lost.length, owned: shards.length }, 'shards went to another scheduler');
      const mine = new Set(await store.activeRuns(shards));
      for (const runKey of this.#runs.keys()) if (!mine.has(runKey)) this.#forget(runKey);
    }
    if (gained.length > 0) {
      log.info({ gained: gained.length, owned: shards.length }, 'shards were gained');
      for (const runKey of await store.activeRuns(gained)) if (!this.#runs.has(runKey)) this.#toLoad.add(runKey);
      this.#startRuns = true;
      this.#pick = true;
      this.#kick();
    }
  }

  /** Repairs what events cannot tell: workers that died, messages that vanished, runs of which nothing is heard. */
  async #sweep(): Promise<void> {
    const { store } = this.#options;
    const expired = await store.expiredLeases(this.#shards, LOST_AT_ONCE);
    this.#onLost(expired);
    this.#onLost(await this.#dispatcher.recover(this.#shards));
    this.#verifyQuietRuns();
    if (this.#backlog) this.#pick = true;
    const next = await store.nextDue(this.#shards);
    if (next !== undefined) this.#alarm.notLaterThan(next);
    this.#kick();
  }

  #onLost(attempts: readonly LostAttempt[]): void {
    const { log, metrics, dice } = this.#options;
    for (const attempt of attempts) {
      metrics.count('headrace_attempts_lost_total', { reason: attempt.why });
      log.warn({ ...attempt }, 'an attempt was lost');
      const run = this.#runs.get(attempt.runKey);
      const task = run?.taskOf(attempt.taskInstanceId);
      if (run === undefined || task === undefined) {
        this.#toLoad.add(attempt.runKey);
        continue;
      }
      this.#post(run.runKey, { type: 'task.lost', task, attempt: attempt.attempt, dice: dice() });
    }
  }

  #verifyQuietRuns(): void {
    const now = this.#clock.now();
    for (const run of this.#runs.values()) {
      if (this.#toLoad.size >= RUNS_LOADED_AT_ONCE) return;
      if (run.verifyAt > now) continue;
      run.verifyEveryMs = Math.min(run.verifyEveryMs * 2, this.#intervals.verifyAtMost);
      run.verifyAt = now + run.verifyEveryMs;
      this.#toLoad.add(run.runKey);
    }
  }

  #kick(): void {
    if (this.#working !== undefined || this.#stopped) return;
    this.#working = this.#work().finally(() => {
      this.#working = undefined;
      if (this.#hasWork()) this.#kick();
    });
  }

  #hasWork(): boolean {
    return !this.#stopped && (this.#plan || this.#startRuns || this.#pick || this.#toLoad.size > 0 || this.#pending.size > 0);
  }

  async #work(): Promise<void> {
    while (this.#hasWork()) {
      try {
        if (this.#pending.size > 0 || this.#pick) await this.#decide();
        if (this.#plan) await this.#planSchedules();
        if (this.#startRuns) await this.#start();
        if (this.#toLoad.size > 0) await this.#load();
      } catch (error) {
        // The store is away or refused: nothing was saved. Look at everything again when it is back.
        this.#options.metrics.count('headrace_scheduler_errors_total');
        this.#options.log.error({ error }, 'a scheduling step failed and will be done again');
        for (const runKey of this.#runs.keys()) this.#toLoad.add(runKey);
        this.#startRuns = true;
        this.#plan = true;
        this.#pick = true;
        await this.#errands.pause(500);
      }
    }
  }

  async #planSchedules(): Promise<void> {
    this.#plan = false;
    const { created, more } = await this.#planner.plan();
    if (created.length > 0) this.#startRuns = true;
    if (more) this.#plan = true;
    const next = await this.#options.store.nextDue(this.#shards);
    if (next !== undefined) this.#alarm.notLaterThan(next);
  }

  async #start(): Promise<void> {
    this.#startRuns = false;
    const started = await this.#reading(() =>
      this.#options.store.startRuns(this.#shards, RUNS_STARTED_AT_ONCE, async ({ versionId }) => initialTasks(await this.versions.get(versionId))),
    );
    if (started.length === 0) return;
    this.#options.metrics.count('headrace_runs_started_total', {}, started.length);
    this.#pick = true;
    if (started.length === RUNS_STARTED_AT_ONCE) this.#startRuns = true;
  }

  async #load(): Promise<void> {
    const wanted = [...this.#toLoad].slice(0, RUNS_LOADED_AT_ONCE);
    for (const runKey of wanted) {
      this.#toLoad.delete(runKey);
      this.#forget(runKey);
    }
    await this.#reading(() => this.#options.store.loadRuns(wanted));
  }

  /** Reads runs and takes them in hand, with what was heard of them meanwhile. */
  async #reading(read: () => Promise<readonly LoadedRun[]>): Promise<readonly LoadedRun[]> {
    const heard: StoreEvent[] = [];
    this.#heardWhileReading = heard;
    try {
      const runs = await read();
      for (const run of runs) await this.#adopt(run);
      this.#heardWhileReading = undefined;
      const taken = new Set(runs.map((run) => run.runKey));
      for (const event of heard) if (event.type === 'task' && taken.has(event.runKey)) this.#onTaskMoved(event);
      return runs;
    } finally {
      this.#heardWhileReading = undefined;
    }
  }

  /** Takes a run in hand. The tick settles it: whatever its rows call for is decided, heard of or not. */
  async #adopt(loaded: LoadedRun): Promise<void> {
    if (loaded.status !== 'running') return;
    const run = new ActiveRun(loaded, await this.versions.get(loaded.versionId));
    run.verifyEveryMs = this.#intervals.verifyAfter;
    run.verifyAt = this.#clock.now() + run.verifyEveryMs;
    this.#runs.set(run.runKey, run);
    this.#post(run.runKey, { type: 'tick' });
  }

  #forget(runKey: string): void {
    this.#runs.delete(runKey);
    this.#pending.delete(runKey);
  }

  async #decide(): Promise<void> {
    const { store, schedulerId, log, metrics } = this.#options;
    const began = this.#clock.monotonic();
    const now = this.#clock.now();
    const outcomes = new Map<string, RunOutcome>();
    for (const [runKey, events] of this.#pending) {
      const run = this.#runs.get(runKey);
      if (run === undefined) continue;
      const { outcome, rejected } = run.decide(events, now);
      if (rejected.length > 0) {
        for (const { event, why } of rejected) log.warn({ dagId: run.dagId, runId: run.runId, event, why }, 'an event did not fit the run; it is read anew');
        this.#toLoad.add(runKey);
        continue;
      }
      run.verifyAt = now + this.#intervals.verifyAfter;
      run.verifyEveryMs = this.#intervals.verifyAfter;
      if (isEmpty(outcome.decision)) this.#advance(run, outcome);
      else outcomes.set(runKey, outcome);
    }
    this.#pending.clear();
    const pick = this.#pick;
    this.#pick = false;
    if (outcomes.size === 0 && !pick) return;

    const result = await store.decide({ schedulerId, runs: [...outcomes.values()].map((outcome) => outcome.decision) }, admit);
    const stale = new Set(result.stale);
    for (const [runKey, outcome] of outcomes) {
      const run = this.#runs.get(runKey);
      if (stale.has(runKey)) this.#toLoad.add(runKey);
      else if (run !== undefined) this.#advance(run, outcome);
    }
    for (const task of result.queued) {
      const run = this.#runs.get(task.runKey);
      const index = run?.taskOf(task.taskInstanceId);
      if (run === undefined || index === undefined) continue;
      const { outcome } = run.decide([{ type: 'task.moved', task: index, to: { status: 'queued', attempt: task.attempt } }], now);
      run.state = outcome.next;
    }
    this.#backlog = result.backlog;
    this.#dispatcher.send(result.queued);
    metrics.observe('headrace_decision_seconds', (this.#clock.monotonic() - began) / 1_000);
    metrics.count('headrace_decided_runs_total', {}, outcomes.size);
    metrics.gauge('headrace_active_runs', this.#runs.size);
  }

  #advance(run: ActiveRun, outcome: RunOutcome): void {
    run.state = outcome.next;
    for (const effect of outcome.effects) this.#perform(run, effect);
  }

  #perform(run: ActiveRun, effect: Effect): void {
    switch (effect.type) {
      case 'wake':
        run.wakeAt = run.wakeAt === undefined ? effect.at : Math.min(run.wakeAt, effect.at);
        this.#alarm.notLaterThan(effect.at);
        break;
      case 'announce':
        this.#announce(run, effect.status);
        break;
      case 'revoke':
        // Only commands revoke, and the store announces it with the command.
        break;
    }
  }

  #announce(run: ActiveRun, status: Extract<Effect, { type: 'announce' }>['status']): void {
    if (status !== 'success' && status !== 'failed') return;
    this.#options.metrics.count('headrace_runs_finished_total', { state: status });
    this.#options.log.info({ dagId: run.dagId, runId: run.runId, state: status }, 'a run has finished');
    this.#forget(run.runKey);
    // A place under the DAG's limit of active runs is free.
    this.#startRuns = true;
  }
}
