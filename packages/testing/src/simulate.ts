/**
 * Runs DAGs on a virtual clock: the scheduler and the decisions of production, a store and a queue in memory, and workers that give the
 * outcomes that a test says. No database, no processes, no waiting; the same arguments give the same result.
 */
import { createHash } from 'node:crypto';
import { type DagSpec, type Instant, InvalidDagError, validateDag } from '@headrace/core';
import {
  createAssetDuty,
  createBackfillDuty,
  createDeadlineDuty,
  createOverlapDuty,
  createRunCommands,
  DagVersions,
  Scheduler,
} from '@headrace/engine';
import { type ClaimedAttempt, type Log, noMetrics, type RunCommands, type TriggerRequest } from '@headrace/ports';
import { DAG_BRAND, type DagDefinition, type Duration, durationMs } from '@headrace/sdk';
import { createMemoryStore, type MemoryStore } from './memory/store.ts';
import { MemoryBroker } from './memory/task-queue.ts';
import { inPartition } from './simulation/asset-events.ts';
import { type Ending, endingOf, type Outcome, type OutcomeRule, simulatedAttempt } from './simulation/outcomes.ts';
import { recordEvents } from './simulation/recorder.ts';
import { SimulationResult } from './simulation/result.ts';
import { TaskFunctions } from './simulation/task-functions.ts';
import { timetablesOf } from './simulation/timetables.ts';
import { instantOf, SimulatedWorker } from './simulation/worker.ts';
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
  /** Settings of connections, for functions that are called. By connection id. */
  readonly connections?: Readonly<Record<string, string>>;
  /** How long an attempt takes when nothing else is said. Default one second. */
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
const MOST_AT_ONCE = 100_000;

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
  readonly #functions: TaskFunctions;
  /** By task instance and attempt. */
  readonly #results = new Map<string, unknown>();
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
    this.#functions = new TaskFunctions(this.#definitions, this.#store.attempts, this.#results, options.connections ?? {});
  }

  async run(): Promise<SimulationResult> {
    const events = recordEvents(this.#store.db);
    this.#setPools();
    for (const spec of this.#specs) await this.#register(spec);
    await this.#worker().start();
    for (const action of this.#options.actions ?? []) this.#plan(action);
    const scheduler = this.#scheduler();
    await scheduler.start();
    await this.#pass();
    await scheduler.stop();
    if (this.#failure !== undefined) throw this.#failure;
    return new SimulationResult(this.#store.db, events, this.#results);
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
    const { scheduler: store, events, assets, backfills, schedules } = this.#store;
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
        createDeadlineDuty({ store: this.#store.deadlines, versions: new DagVersions(store) }),
        createBackfillDuty({ store: backfills, commands: this.#commands(), log, metrics: noMetrics }),
        createOverlapDuty({ store: schedules, commands: this.#commands(), log }),
      ],
    });
  }

  #worker(): SimulatedWorker {
    return new SimulatedWorker({
      workerId: 'worker',
      store: this.#store.attempts,
      consumer: this.#broker.consumer(),
      time: this.#time,
      queues: [...new Set(this.#specs.flatMap((spec) => spec.tasks.map((task) => task.queue)))],
      slots: MOST_AT_ONCE,
      dice: () => this.#random.next(),
      ending: (claimed, task, signal) => this.#ending(claimed, task, signal),
      onError: (error) => this.#fail('an attempt could not be simulated', error),
    });
  }

  async #ending(claimed: ClaimedAttempt, task: DagSpec['tasks'][number], signal: AbortSignal): Promise<Ending> {
    const outcome = await this.#time.hold(() => this.#outcome(claimed, signal));
    const spec = this.#specs.find((one) => one.dagId === claimed.dagId);
    const bare = endingOf(outcome, task, spec !== undefined && isMappedOver(spec, task.taskId), this.#usualMs);
    const ending = { ...bare, assetEvents: inPartition(bare.assetEvents, spec?.assets ?? [], claimed.partitionKey) };
    if (ending.result !== undefined) this.#results.set(`${claimed.taskInstanceId} ${claimed.attempt}`, ending.result.value);
    return ending;
  }

  async #outcome(claimed: ClaimedAttempt, signal: AbortSignal): Promise<Outcome> {
    const { outcomes = {}, run = false } = this.#options;
    const rule = outcomes[`${claimed.dagId}/${claimed.taskId}`] ?? outcomes[claimed.taskId];
    const given = typeof rule === 'function' ? await rule(simulatedAttempt(claimed, this.#time.now())) : rule;
    if (given !== undefined) return given;
    return run ? this.#functions.call(claimed, signal) : 'success';
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
      trigger: (dagId, request = {}) => commands.trigger({ params: {}, runType: 'manual', triggeredBy: 'test', ...request, dagId }),
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

function isMappedOver(spec: DagSpec, taskId: string): boolean {
  const expands = [...spec.tasks, ...(spec.groups ?? [])].flatMap(({ expand }) => expand?.over ?? []);
  return expands.some(({ source }) => source.kind === 'result' && source.taskId === taskId);
}

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
