/** Carries out a fault schedule: faults for a while, then all is made well, and then everything must come to its end. */
import { createHash } from 'node:crypto';
import { type AttemptReport, isTerminal, type TaskSpec } from '@headrace/core';
import { createRunCommands, DagVersions, Scheduler } from '@headrace/engine';
import { type AttemptStore, type ClaimedAttempt, noMetrics, silentLog } from '@headrace/ports';
import { createMemoryStore, type MemoryStore } from '../../src/memory/store.ts';
import { MemoryBroker } from '../../src/memory/task-queue.ts';
import { Random } from '../../src/virtual/random.ts';
import { VirtualTime } from '../../src/virtual/virtual-time.ts';
import { type Bug, withAttemptBug, withCommandBug, withEventBug, withSchedulerBug } from './bugs.ts';
import { checkEnd } from './end.ts';
import { faultyEvents } from './faulty-events.ts';
import { FaultyQueue } from './faulty-queue.ts';
import { Invariants, type Violation } from './invariants.ts';
import { Outside } from './outside.ts';
import { type Fate, SimProcess } from './process.ts';
import { type Command, type FaultSchedule, NO_FAULTS, START } from './schedule.ts';
import { SimWorker } from './sim-worker.ts';

export interface Outcome {
  readonly violations: readonly Violation[];
  /** What happened, a line each, when it was asked for. */
  readonly trace: readonly string[];
  /** Runs and attempts that there were. */
  readonly runs: number;
  readonly attempts: number;
}

export interface RunOptions {
  readonly bug?: Bug;
  readonly traced?: boolean;
}

const LEASE_MS = 8_000;
const INTERVALS = {
  heartbeat: 3_000,
  membershipTtl: 9_000,
  sweep: 4_000,
  unclaimedAfter: 5_000,
  verifyAfter: 15_000,
  verifyAtMost: 60_000,
};
/** After the faults have ended everything must have come to its end within this time. */
const BOUND_MS = 600_000;
const QUIET_MS = 20_000;
/** Within this time what was sent before the faults ended arrives. */
const ON_THE_WAY_MS = 15_000;
/** A dead worker's messages are given to others after so long. */
const STALLED_MS = 3_000;

export async function runSchedule(schedule: FaultSchedule, { bug, traced = false }: RunOptions = {}): Promise<Outcome> {
  return new World(schedule, bug, traced).run();
}

class World {
  readonly #schedule: FaultSchedule;
  readonly #bug: Bug | undefined;
  readonly #time = new VirtualTime(START);
  readonly #store: MemoryStore;
  readonly #broker = new MemoryBroker();
  readonly #queue: FaultyQueue;
  readonly #invariants: Invariants;
  readonly #outside: Outside;
  readonly #fate: Fate;
  readonly #trace: string[] = [];
  readonly #tasks = new Map<string, TaskSpec>();
  readonly #processes = new Set<SimProcess>();
  #striking = true;
  #born = 0;

  constructor(schedule: FaultSchedule, bug: Bug | undefined, traced: boolean) {
    this.#schedule = schedule;
    this.#bug = bug;
    this.#store = createMemoryStore(this.#time);
    const { db } = this.#store;
    this.#invariants = new Invariants(db, START);
    this.#outside = new Outside((id) => this.#onOverlap(id));
    const trace = traced ? (line: () => string) => void this.#trace.push(`${this.#time.now() - START} ${line()}`) : () => {};
    this.#fate = { time: this.#time, random: new Random(schedule.seed ^ 0x5eed), faults: schedule.faults, trace };
    this.#queue = new FaultyQueue(this.#broker, this.#fate);
    if (traced) db.watch((changes) => trace(() => JSON.stringify(changes.map(({ table, key, after }) => [table, key, after]))));
  }

  async run(): Promise<Outcome> {
    const { dags, pools, schedulers, workers, commands, faultMs } = this.#schedule;
    const { db, catalog } = this.#store;
    db.transaction(() => {
      for (const [name, slots] of Object.entries(pools)) db.pools.put(name, { name, slots });
    });
    for (const spec of dags) {
      const hash = createHash('sha1').update(spec.dagId).digest('hex');
      await catalog.saveFile({ file: `${spec.dagId}.ts`, dags: [{ spec, graphHash: hash }], bundle: { hash, code: '' } });
    }
    for (const { versionId, spec } of db.versions.rows())
      for (const task of spec.tasks) this.#tasks.set(`${versionId} ${task.taskId}`, task);
    for (let index = 0; index < schedulers; index++) this.#bear('scheduler', index);
    for (let index = 0; index < workers; index++) this.#bear('worker', index);
    const api = new SimProcess('api', this.#fate, { leaseMs: LEASE_MS, slowMs: 400 }, () => {});
    for (const command of commands) this.#time.after(command.atMs, () => void this.#obey(api, command).catch(() => {}));
    for (let at = 1_000; at < faultMs; at += 1_000) this.#time.after(at, () => this.#queue.strike());

    await this.#time.pass(START + faultMs, () => this.#invariants.violations.length > 0);
    if (this.#invariants.violations.length === 0) await this.#heal(api);
    const { violations } = this.#invariants;
    return { violations, trace: this.#trace, runs: db.runs.size, attempts: db.tries.size + db.tasks.size };
  }

  /** Nothing goes wrong any more, and whoever died or stood still is back. */
  async #heal(api: SimProcess): Promise<void> {
    const { db, commands } = this.#store;
    this.#fate.trace(() => 'all is well');
    this.#fate.faults = NO_FAULTS;
    this.#striking = false;
    for (const process of this.#processes) process.resume();
    // People have had their say; what they said last is still on its way.
    api.kill();
    await this.#time.pass(this.#time.now() + ON_THE_WAY_MS);
    db.transaction(() => {
      for (const { name } of [...db.pools.rows()]) db.pools.put(name, { name, slots: Math.max(1, db.pools.require(name).slots) });
    });
    for (const { dagId } of [...db.dags.rows()]) await commands.setPaused(dagId, false);
    const end = this.#time.now() + BOUND_MS;
    const failed = (): boolean => this.#invariants.violations.length > 0;
    await this.#time.pass(end, () => failed() || this.#isAtRest());
    if (failed()) return;
    if (!this.#isAtRest()) {
      const open = [...db.runs.rows()].filter((run) => !isTerminal(run.status as 'success')).map((run) => this.#describe(run.runKey));
      this.#invariants.violated('I15', `did not come to an end within ${BOUND_MS} ms: ${open.join('; ')}`);
      return;
    }
    await this.#time.pass(this.#time.now() + QUIET_MS);
    const changes: string[] = [];
    const stop = db.watch((all) => {
      for (const { table, key } of all) if (table !== 'scheduler' && table !== 'worker') changes.push(`${table} ${key}`);
    });
    await this.#time.pass(this.#time.now() + QUIET_MS);
    stop();
    if (changes.length > 0) this.#invariants.violated('I18', `at rest something was written: ${changes.slice(0, 5).join(', ')}`);
    checkEnd(this.#store, this.#schedule, this.#time.now(), (invariant, what) => this.#invariants.violated(invariant, what));
  }

  #isAtRest(): boolean {
    const { db } = this.#store;
    if (db.runsByStatus.count('running') > 0 || db.runsByStatus.count('queued') > 0) return false;
    // Schedules that have not come to their end.
    for (const dag of db.dags.rows()) if (dag.nextDueAt !== undefined) return false;
    return true;
  }

  #describe(runKey: string): string {
    const { db } = this.#store;
    const { dagId, runId, status } = db.runs.require(runKey);
    const tasks = [...db.tasksOfRun.get(runKey)].map(({ taskId, state }) => `${taskId} ${state.status} ${state.attempt}`);
    return `${dagId}/${runId} ${status} (${tasks.join(', ')})`;
  }

  /** A process that dies is followed by another one. */
  #bear(kind: 'scheduler' | 'worker', index: number): void {
    const name = `${kind}-${index}.${this.#born++}`;
    const process: SimProcess = new SimProcess(name, this.#fate, { leaseMs: LEASE_MS, slowMs: 0 }, () => {
      this.#processes.delete(process);
      const { random } = this.#fate;
      this.#time.after(this.#striking ? random.between(100, 10_000) : 100, () => this.#bear(kind, index));
    });
    this.#processes.add(process);
    const started = kind === 'scheduler' ? this.#startScheduler(process) : this.#startWorker(process);
    // A process that cannot start ends, and is started anew.
    started.catch(() => process.kill());
  }

  async #startScheduler(process: SimProcess): Promise<void> {
    const { random } = this.#fate;
    const skewMs = process.clock.now() - this.#time.now();
    const store = withSchedulerBug(this.#bug, this.#store, { skewMs, dice: () => random.next() });
    const scheduler = new Scheduler({
      schedulerId: process.name,
      store: process.behind('store', store),
      events: withEventBug(this.#bug, faultyEvents(this.#store.events, process, this.#fate)),
      queue: process.behind('queue', this.#queue.sender()),
      clock: process.clock,
      timers: process.timers,
      dice: () => random.next(),
      log: silentLog,
      metrics: noMetrics,
      intervals:
        this.#bug === 'gap in events ignored' ? { ...INTERVALS, verifyAfter: 10 * BOUND_MS, verifyAtMost: 10 * BOUND_MS } : INTERVALS,
    });
    await scheduler.start();
  }

  async #startWorker(process: SimProcess): Promise<void> {
    const { random } = this.#fate;
    const consumer = this.#broker.consumer();
    const store = process.behind('attempts', fenced(withAttemptBug(this.#bug, this.#store), this.#store, this.#invariants));
    const worker = new SimWorker({
      workerId: process.name,
      process,
      store,
      consumer: {
        ...consumer,
        // A message reaches the worker's code when the worker runs.
        start: (queues, concurrency, handler) =>
          consumer.start(
            queues,
            concurrency,
            (message, queue, passOn) => new Promise((resolve) => process.run(() => resolve(handler(message, queue, passOn)))),
          ),
      },
      slots: this.#schedule.slots,
      leaseMs: LEASE_MS,
      random,
      task: (versionId, taskId) => this.#task(versionId, taskId),
      report: (claimed) => this.#report(claimed),
      outside: this.#outside,
      loseRevoked: () => random.chance(this.#fate.faults.loseRevoked),
      bugs: { keepsChild: this.#bug === 'worker ignores a lost lease', triesOnceMore: this.#bug === 'retry off by one' },
    });
    this.#onDeathOf(process, () => this.#time.after(STALLED_MS, () => void consumer.close()));
    await worker.start();
  }

  #onDeathOf(process: SimProcess, work: () => void): void {
    const look = (): void => {
      if (process.alive) this.#time.after(500, look);
      else work();
    };
    look();
  }

  #task(versionId: string, taskId: string): TaskSpec {
    const task = this.#tasks.get(`${versionId} ${taskId}`);
    if (task === undefined) throw new RangeError(`Version ${versionId} has no task ${taskId}`);
    return task;
  }

  #report({ dagId, taskId }: ClaimedAttempt): AttemptReport {
    const outcome = this.#schedule.outcomes[`${dagId}/${taskId}`] ?? 'success';
    return outcome === 'failed' ? { outcome, error: { name: 'Error', message: 'as planned' } } : { outcome };
  }

  async #obey(api: SimProcess, { kind, dag, choice }: Command): Promise<void> {
    if (!api.alive) return;
    const { db, scheduler } = this.#store;
    const dagId = this.#schedule.dags[dag % this.#schedule.dags.length]?.dagId ?? '';
    const store = api.behind('commands', withCommandBug(this.#bug, this.#store));
    const commands = createRunCommands({ store, versions: new DagVersions(scheduler), clock: api.clock });
    const runs = [...db.runsOfDag.get(dagId)];
    const run = runs[choice % Math.max(1, runs.length)];
    this.#fate.trace(() => `${kind} ${dagId} ${run?.runId}`);
    switch (kind) {
      case 'trigger':
        await store.trigger({ dagId, params: {}, runType: 'manual', triggeredBy: 'test' });
        break;
      case 'pause':
      case 'unpause':
        await store.setPaused(dagId, kind === 'pause');
        break;
      case 'resize': {
        const { name } = [...db.pools.rows()][choice % db.pools.size] ?? { name: 'default_pool' };
        db.transaction(() => db.pools.put(name, { name, slots: choice % 5 }));
        break;
      }
      case 'cancel':
        if (run !== undefined) await commands.cancelRun(dagId, run.runId);
        break;
      case 'clear': {
        if (run === undefined) break;
        const tasks = this.#schedule.dags[dag % this.#schedule.dags.length]?.tasks ?? [];
        const taskId = tasks[choice % Math.max(1, tasks.length)]?.taskId ?? '';
        await commands.clear(dagId, { runId: run.runId }, { taskIds: [taskId], includeDownstream: choice % 3 > 0 });
        break;
      }
      case 'mark':
        if (run !== undefined) await commands.markRun(dagId, run.runId, choice % 2 === 0 ? 'success' : 'failed');
        break;
    }
  }

  /** A worker that stands still cannot stop its child, and one that is told of a revoked attempt late stops it late. */
  #onOverlap(taskInstanceId: string): void {
    const { db } = this.#store;
    const { runKey } = db.tasks.require(taskInstanceId);
    if (this.#schedule.faults.pause > 0 || db.runs.require(runKey).revision > 0) return;
    this.#invariants.violated('I4', `two attempts of task instance ${taskInstanceId} were at work at the same time`);
  }
}

/** I13: what an attempt writes after it was fenced changes nothing; I4: what a worker is told was recorded is recorded. */
function fenced(store: AttemptStore, { db }: MemoryStore, invariants: Invariants): AttemptStore {
  async function checked<T>(what: string, taskInstanceId: string, attemptId: string, workerId: string, work: () => Promise<T>): Promise<T> {
    const before = db.tasks.get(taskInstanceId);
    const isHeld = before?.attemptId === attemptId && before.workerId === workerId && before.leaseUntil !== undefined;
    const answer = work();
    if (!isHeld && db.tasks.get(taskInstanceId) !== before)
      invariants.violated('I13', `a fenced ${what} of attempt ${attemptId} changed task instance ${taskInstanceId}`);
    return answer;
  }
  return {
    ...store,
    finish: async (outcome, workerId) => {
      const { taskInstanceId, attemptId, to } = outcome;
      const recorded = await checked('ending', taskInstanceId, attemptId, workerId, () => store.finish(outcome, workerId));
      const row = db.tasks.get(taskInstanceId);
      const isThere =
        row?.attemptId !== attemptId || row.state.status === to.status || row.state.status === 'none' || row.state.status !== 'running';
      if (recorded && !isThere) invariants.violated('I4', `the ending of attempt ${attemptId} was said to be recorded and is not`);
      return recorded;
    },
    release: (ref, workerId) => checked('release', ref.taskInstanceId, ref.attemptId, workerId, () => store.release(ref, workerId)),
    renew: (refs, workerId, leaseMs) => {
      const before = new Map(refs.map((ref) => [ref.taskInstanceId, db.tasks.get(ref.taskInstanceId)]));
      const held = new Set<string>();
      for (const { taskInstanceId, attemptId } of refs) {
        const row = before.get(taskInstanceId);
        if (row?.attemptId === attemptId && row.workerId === workerId && row.leaseUntil !== undefined) held.add(taskInstanceId);
      }
      const answer = store.renew(refs, workerId, leaseMs);
      for (const [taskInstanceId, row] of before) {
        if (!held.has(taskInstanceId) && db.tasks.get(taskInstanceId) !== row)
          invariants.violated('I13', `a fenced renewal changed task instance ${taskInstanceId}`);
      }
      return answer;
    },
  };
}
