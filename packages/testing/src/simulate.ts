/**
 * Runs DAGs on a virtual clock: the scheduler and the worker of production over a store and a queue in memory, with attempts that come to
 * what a test says, or to what their functions do. No database, no processes, no waiting; the same arguments give the same result.
 */
import { createHash } from 'node:crypto';
import { type DagSpec, type Instant, InvalidDagError, validateDag } from '@headrace/core';
import {
  createAssetDuty,
  createBackfillDuty,
  createDeadlineDuty,
  createOverlapDuty,
  createRunCommands,
  createWaitDuty,
  DagVersions,
  Scheduler,
} from '@headrace/engine';
import { type Log, noMetrics, type RunCommands, type TriggerRequest } from '@headrace/ports';
import { type ConnectionSettings, DAG_BRAND, type DagDefinition, type Duration, durationMs } from '@headrace/sdk';
import { startWorker, type Worker } from '@headrace/worker';
import { createMemoryStore, type MemoryStore } from './memory/store.ts';
import { MemoryBroker } from './memory/task-queue.ts';
import { type AnswerRule, giveAnswers } from './simulation/answers.ts';
import { checkParams } from './simulation/check-params.ts';
import type { OutcomeRule } from './simulation/outcomes.ts';
import { createSimulatedPool, NOT_CONNECTED } from './simulation/pool.ts';
import { recordEvents } from './simulation/recorder.ts';
import { SimulationResult } from './simulation/result.ts';
import { timetablesOf } from './simulation/timetables.ts';
import { Random } from './virtual/random.ts';
import { VirtualTime } from './virtual/virtual-time.ts';

export interface SimulateOptions {
  /** When the DAGs are first seen. ISO 8601, in UTC without an offset. */
  readonly from: string | Date | number;
  /** The last instant at which a schedule makes a run. What was made is carried to its end. */
  readonly to: string | Date | number;
  /** By task id, or by `dag/task`. What is not named succeeds. */
  readonly outcomes?: Readonly<Record<string, OutcomeRule>>;
  /** Calls the tasks' own functions, in this process, where no outcome is given. Extracts, loads, transforms and exports need an outcome. */
  readonly run?: boolean;
  /** What people answer to forms, and what webhooks are called with: by task id, or by `dag/task`. Who is not named never answers. */
  readonly answers?: Readonly<Record<string, AnswerRule>>;
  /** Settings of connections, for functions that are called. By connection id. */
  readonly connections?: Readonly<Record<string, string>>;
  /** How long an attempt takes, and an answer to come, when nothing else is said. Default one second. */
  readonly duration?: Duration;
  /** Slots of pools besides `default_pool`, which has 128 unless it is named here. */
  readonly pools?: Readonly<Record<string, number>>;
  /** What people do, and when. */
  readonly actions?: readonly SimulatedAction[];
  /** Decides the jitter of retries. Default 1. */
  readonly seed?: number;
  /** How long after `to` runs may still go on before the simulation ends. Default 30 days. */
  readonly patience?: Duration;
}

export interface SimulatedAction {
  readonly at: string | Date | number;
  readonly do: (control: SimulationControl) => unknown;
}

/** What a person or a program can do while the DAGs run. */
export interface SimulationControl {
  /** The simulated time. */
  readonly now: Date;
  trigger(dagId: string, request?: Partial<Omit<TriggerRequest, 'dagId'>>): Promise<{ readonly runId: string }>;
  pause(dagId: string, paused?: boolean): Promise<void>;
  readonly runs: RunCommands;
  resizePool(name: string, slots: number): void;
}

/** Something in the simulated system failed, or a test's own code threw. `cause` is the first error. */
export class SimulationError extends Error {
  readonly code = 'HR_SIMULATION';
  constructor(message: string, cause: unknown) {
    super(`The simulation failed: ${message}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = 'SimulationError';
  }
}

/** No events are lost in here, so nothing needs to be looked for often. */
const INTERVALS = {
  heartbeat: 86_400_000,
  membershipTtl: 100 * 365 * 86_400_000,
  sweep: 3_600_000,
  unclaimedAfter: 365 * 86_400_000,
  verifyAfter: 86_400_000,
  verifyAtMost: 30 * 86_400_000,
};
/** No attempt and no worker is lost in a simulation without faults. */
const NEVER_ENDS_MS = 1_000 * 365 * 86_400_000;

/**
 * Simulates one DAG, or several that concern each other.
 * @throws InvalidDagError, RangeError for a date that is none, and SimulationError.
 */
export async function simulate(dags: SimulatedDag | readonly SimulatedDag[], options: SimulateOptions): Promise<SimulationResult> {
  return new Simulation(Array.isArray(dags) ? (dags as readonly SimulatedDag[]) : [dags as SimulatedDag], options).run();
}

/** What a DAG file exports, or a DAG's canonical spec. */
export type SimulatedDag = DagDefinition | DagSpec;

class Simulation {
  readonly #options: SimulateOptions;
  readonly #to: Instant;
  readonly #usualMs: number;
  readonly #patienceMs: number;
  readonly #time: VirtualTime;
  readonly #store: MemoryStore;
  readonly #broker = new MemoryBroker();
  readonly #random: Random;
  readonly #specs: readonly DagSpec[];
  readonly #definitions: readonly DagDefinition[];
  #failure: SimulationError | undefined;

  constructor(dags: readonly SimulatedDag[], options: SimulateOptions) {
    const from = instantOf('from', options.from);
    this.#options = options;
    this.#to = instantOf('to', options.to);
    this.#usualMs = durationMs('duration', options.duration ?? '1 second');
    this.#patienceMs = durationMs('patience', options.patience ?? '30 days');
    this.#time = new VirtualTime(from);
    this.#store = createMemoryStore(this.#time);
    this.#random = new Random(options.seed ?? 1);
    this.#specs = dags.map((dag) => (isDefinition(dag) ? dag.toSpec() : dag));
    this.#definitions = dags.filter(isDefinition);
  }

  async run(): Promise<SimulationResult> {
    const events = recordEvents(this.#store.db);
    this.#setPools();
    for (const spec of this.#specs) await this.#register(spec);
    this.#giveAnswers();
    await this.#startWorker();
    for (const action of this.#options.actions ?? []) this.#plan(action);
    const scheduler = this.#scheduler();
    await scheduler.start();
    await this.#pass();
    await scheduler.stop();
    if (this.#failure !== undefined) throw this.#failure;
    return new SimulationResult(this.#store.db, events);
  }

  async #pass(): Promise<void> {
    const failed = (): boolean => this.#failure !== undefined;
    await this.#time.pass(this.#to, failed);
    this.#endSchedules();
    await this.#time.pass(this.#to + this.#patienceMs, () => failed() || this.#isQuiet());
  }

  #setPools(): void {
    const { db } = this.#store;
    const { pools = {} } = this.#options;
    db.transaction(() => {
      for (const [name, slots] of Object.entries(pools)) db.pools.put(name, { name, slots });
    });
  }

  async #register(spec: DagSpec): Promise<void> {
    const problems = validateDag(spec);
    if (problems.length > 0) throw new InvalidDagError(spec.dagId, problems);
    const graphHash = createHash('sha256').update(JSON.stringify(spec)).digest('hex');
    const dag = { spec: { ...spec, pausedUponCreation: false }, graphHash };
    await this.#store.catalog.saveFile({ file: `${spec.dagId}.ts`, dags: [dag], bundle: { hash: graphHash, code: '' } });
  }

  #scheduler(): Scheduler {
    const { scheduler: store, events, assets, backfills, schedules, waits } = this.#store;
    const log = failingLog((message, error) => this.#fail(message, error));
    return new Scheduler({
      schedulerId: 'simulation',
      store,
      events,
      queue: this.#broker.queue(),
      clock: this.#time,
      timers: this.#time,
      dice: () => this.#random.next(),
      log,
      metrics: noMetrics,
      intervals: INTERVALS,
      timetables: timetablesOf(this.#definitions, store),
      schedules,
      duties: [
        createAssetDuty({ store: assets, log, metrics: noMetrics }),
        createWaitDuty({ store: waits, assets, versions: new DagVersions(store), metrics: noMetrics }),
        createDeadlineDuty({ store: this.#store.deadlines, versions: new DagVersions(store) }),
        createBackfillDuty({ store: backfills, commands: this.#commands(), log, metrics: noMetrics }),
        createOverlapDuty({ store: schedules, commands: this.#commands(), log }),
      ],
    });
  }

  #startWorker(): Promise<Worker> {
    const { attempts, commands, assets } = this.#store;
    const { outcomes = {}, run = false, connections = {} } = this.#options;
    const pool = createSimulatedPool({
      specs: this.#specs,
      definitions: this.#definitions,
      outcomes,
      run,
      usualMs: this.#usualMs,
      time: this.#time,
      onError: (error) => this.#fail('an attempt could not be simulated', error),
    });
    return startWorker({
      workerId: 'worker',
      queues: [...new Set(this.#specs.flatMap((spec) => spec.tasks.map((task) => task.queue)))],
      store: attempts,
      consumer: this.#broker.consumer(),
      pool,
      objects: NO_OBJECTS,
      runs: {
        trigger: (request) => commands.trigger(request),
        loadRun: (dagId, runId) => commands.loadRun(dagId, runId),
        dag: async (dagId) => this.#dagOf(dagId),
        validateParams: (dagId, params) => {
          const definition = this.#definitions.find((dag) => dag.dagId === dagId);
          return checkParams({ definition, paramsDefault: this.#dagOf(dagId)?.spec.paramsDefault ?? {} }, params);
        },
      },
      triggeringEvents: (runKey) => assets.triggeringEvents(runKey),
      connections: (id) => connectionOf(connections, id),
      leaseMs: NEVER_ENDS_MS,
      announceMs: NEVER_ENDS_MS,
      maxAhead: 0,
      log: failingLog((message, error) => this.#fail(message, error)),
      clock: this.#time,
      timers: this.#time,
      dice: () => this.#random.next(),
    });
  }

  #giveAnswers(): void {
    const { answers } = this.#options;
    if (answers === undefined) return;
    const onError = (error: unknown): void => this.#fail('an answer could not be given', error);
    giveAnswers({ store: this.#store, time: this.#time, answers, afterMs: this.#usualMs, onError });
  }

  #dagOf(dagId: string): { readonly spec: DagSpec } | undefined {
    const spec = this.#specs.find((one) => one.dagId === dagId);
    return spec === undefined ? undefined : { spec };
  }

  #plan(action: SimulatedAction): void {
    const at = instantOf('actions, at', action.at);
    this.#time.after(at - this.#time.now(), () => {
      Promise.resolve()
        .then(() => action.do(this.#control()))
        .catch((error: unknown) => this.#fail('an action threw', error));
    });
  }

  #control(): SimulationControl {
    const { commands, db } = this.#store;
    return {
      now: new Date(this.#time.now()),
      trigger: (dagId, request = {}) =>
        commands.trigger({
          runType: 'manual',
          triggeredBy: 'test',
          ...request,
          params: { ...this.#dagOf(dagId)?.spec.paramsDefault, ...request.params },
          dagId,
        }),
      pause: (dagId, paused = true) => commands.setPaused(dagId, paused),
      runs: this.#commands(),
      resizePool: (name, slots) => db.transaction(() => db.pools.put(name, { name, slots })),
    };
  }

  #commands(): RunCommands {
    const { commands, scheduler } = this.#store;
    return createRunCommands({ store: commands, versions: new DagVersions(scheduler), clock: this.#time });
  }

  #endSchedules(): void {
    const { db } = this.#store;
    db.transaction(() => {
      for (const { dagId } of [...db.dags.rows()]) db.dags.change(dagId, { nextDueAt: undefined, planWhenIdle: false });
    });
  }

  /** Nothing runs, and nothing that is due waits to run. */
  #isQuiet(): boolean {
    const { db } = this.#store;
    if (db.runsByStatus.count('running') > 0) return false;
    for (const run of db.runsByStatus.get('queued')) if (run.runAfter <= db.now()) return false;
    return true;
  }

  #fail(message: string, error: unknown): void {
    this.#failure ??= new SimulationError(message, error);
  }
}

function isDefinition(dag: SimulatedDag): dag is DagDefinition {
  return DAG_BRAND in dag;
}

/** @throws RangeError */
function instantOf(what: string, time: string | number | Date): Instant {
  const instant = new Date(time).getTime();
  if (Number.isNaN(instant)) throw new RangeError(`${what}: ${String(time)} is not a date`);
  return instant;
}

/** A task with an outcome needs none of its connections: only the pool knows which one is called. */
function connectionOf(connections: Readonly<Record<string, string>>, id: string): ConnectionSettings {
  return { id, url: connections[id] ?? NOT_CONNECTED };
}

/** Results stay with their task instances. */
const NO_OBJECTS = {
  get: (key: string) => Promise.reject(new Error(`There are no objects in a simulation: ${key}`)),
};

/** Whatever production logs as an error ends the simulation. */
function failingLog(fail: (message: string, error: unknown) => void): Log {
  const log: Log = {
    debug() {},
    info() {},
    warn() {},
    error: (fields, message) => fail(message, fields.error),
    child: () => log,
  };
  return log;
}
