/**
 * A fault schedule: what is run, by whom, what people do meanwhile, and how often which fault strikes. Plain JSON, made from a seed;
 * whoever shrinks one takes parts of it away.
 */
import { type DagSpec, type TriggerRule, validateDag } from '@headrace/core';
import { Random } from '../../src/virtual/random.ts';
import { dagSpec, retries, taskSpec } from '../support/specs.ts';

/** Probabilities of a port call, message or event, unless it says otherwise. A schedule has some of the faults, each at a rate of its own. */
export interface FaultRates {
  /** The call fails and nothing was done. */
  readonly errorBefore: number;
  /** The call is carried out and fails. */
  readonly errorAfter: number;
  /** The call takes long on its way there or back. */
  readonly delay: number;
  /** The process dies during the call, before or after it is carried out. */
  readonly kill: number;
  /** The process reaches nobody for up to two leases. */
  readonly cutOff: number;
  /** The process stands still for up to three leases. */
  readonly pause: number;
  /** A message is taken and lost. */
  readonly loseMessage: number;
  /** A message comes again. */
  readonly repeatMessage: number;
  /** A message comes late, and so out of order. */
  readonly delayMessage: number;
  /** Events come late. */
  readonly delayEvents: number;
  /** The connection for events is lost for a while; then a gap is told. */
  readonly loseEvents: number;
  /** Nobody is told which attempts are revoked. */
  readonly loseRevoked: number;
  /** Per second: the queue is emptied. */
  readonly wipe: number;
  /** Per second: nobody reaches the queue for a while. */
  readonly cutQueue: number;
  /** How far a process's clock is off, at most, in milliseconds. */
  readonly skewMs: number;
}

export type FaultName = keyof FaultRates;

/** What every execution of a task comes to. */
export type PlannedOutcome = 'success' | 'failed' | 'skipped';

export interface Command {
  readonly atMs: number;
  readonly kind: 'trigger' | 'cancel' | 'clear' | 'pause' | 'unpause' | 'resize' | 'mark';
  readonly dag: number;
  /** Chooses among the runs and tasks that there are then. */
  readonly choice: number;
}

export interface FaultSchedule {
  readonly seed: number;
  readonly dags: readonly DagSpec[];
  /** By `dag/task`. Absent: success. */
  readonly outcomes: Readonly<Record<string, PlannedOutcome>>;
  readonly pools: Readonly<Record<string, number>>;
  readonly schedulers: number;
  readonly workers: number;
  readonly slots: number;
  readonly faults: FaultRates;
  /** How long faults strike. Then all is made well. */
  readonly faultMs: number;
  readonly commands: readonly Command[];
}

export const NO_FAULTS: FaultRates = {
  errorBefore: 0,
  errorAfter: 0,
  delay: 0,
  kill: 0,
  cutOff: 0,
  pause: 0,
  loseMessage: 0,
  repeatMessage: 0,
  delayMessage: 0,
  delayEvents: 0,
  loseEvents: 0,
  loseRevoked: 0,
  wipe: 0,
  cutQueue: 0,
  skewMs: 0,
};

/** The highest rate of each fault. */
const HIGHEST: FaultRates = {
  errorBefore: 0.1,
  errorAfter: 0.1,
  delay: 0.2,
  kill: 0.03,
  cutOff: 0.02,
  pause: 0.02,
  loseMessage: 0.3,
  repeatMessage: 0.3,
  delayMessage: 0.3,
  delayEvents: 0.3,
  loseEvents: 0.1,
  loseRevoked: 0.5,
  wipe: 0.1,
  cutQueue: 0.05,
  skewMs: 3_600_000,
};

/** The beginning of all simulated time: a minute of 2026. */
export const START = Date.UTC(2026, 0, 1);
export const MINUTE_MS = 60_000;

const RULES: readonly TriggerRule[] = [
  'all_success',
  'all_success',
  'all_success',
  'all_failed',
  'all_done',
  'all_done_min_one_success',
  'all_skipped',
  'one_failed',
  'one_success',
  'one_done',
  'none_failed',
  'none_failed_min_one_success',
  'none_skipped',
  'always',
];

const FAULT_NAMES = Object.keys(HIGHEST) as readonly FaultName[];

export function faultSchedule(seed: number): FaultSchedule {
  const random = new Random(seed);
  const dags = Array.from({ length: random.between(1, 3) }, (_, index) => randomDag(random, index));
  const faultMs = random.between(15, 60) * 1_000;
  return {
    seed,
    dags,
    outcomes: randomOutcomes(random, dags),
    pools: { default_pool: random.between(1, 5), side: random.between(1, 3) },
    schedulers: random.between(2, 3),
    workers: random.between(3, 4),
    slots: random.between(1, 4),
    faults: swarm(random),
    faultMs,
    commands: randomCommands(random, dags.length, faultMs),
  };
}

/** Each fault is there or not, and if so at a rate between a tenth of the highest and the highest. */
function swarm(random: Random): FaultRates {
  const share = random.next();
  const rates: Record<FaultName, number> = { ...NO_FAULTS };
  for (const name of FAULT_NAMES) if (random.chance(share)) rates[name] = HIGHEST[name] * (0.1 + 0.9 * random.next());
  return rates;
}

function randomDag(random: Random, index: number): DagSpec {
  const isScheduled = random.chance(0.4);
  const limits = {
    maxActiveRuns: random.between(1, 3),
    maxActiveTasks: random.between(1, 6),
    ...(isScheduled
      ? {
          schedule: { kind: 'cron' as const, expression: '* * * * *', timezone: 'UTC', interval: 'cron' as const },
          startAt: START,
          endAt: START + random.between(1, 2) * MINUTE_MS,
          catchup: { kind: 'all' as const },
        }
      : {}),
  };
  const count = random.between(1, 6);
  const make = (rule: () => TriggerRule): DagSpec =>
    dagSpec(
      `dag${index}`,
      Array.from({ length: count }, (_, task) =>
        taskSpec(
          `t${task}`,
          Array.from({ length: task }, (_, source) => `t${source}`).filter(() => random.chance(0.45)),
          {
            triggerRule: rule(),
            retries: retries(random.between(0, 2), random.between(0, 3) * 500),
            pool: random.chance(0.25) ? 'side' : 'default_pool',
            priorityWeight: random.between(1, 3),
            executionTimeoutMs: 60_000,
          },
        ),
      ),
      limits,
    );
  const spec = make(() => random.pick(RULES));
  return validateDag(spec).length === 0 ? spec : make(() => 'all_success');
}

function randomOutcomes(random: Random, dags: readonly DagSpec[]): Readonly<Record<string, PlannedOutcome>> {
  const outcomes: Record<string, PlannedOutcome> = {};
  for (const { dagId, tasks } of dags) {
    for (const { taskId } of tasks) {
      const dice = random.next();
      if (dice < 0.3) outcomes[`${dagId}/${taskId}`] = dice < 0.2 ? 'failed' : 'skipped';
    }
  }
  return outcomes;
}

function randomCommands(random: Random, dags: number, faultMs: number): readonly Command[] {
  const command = (kind: Command['kind'], atMs = random.between(0, faultMs)): Command => ({
    atMs,
    kind,
    dag: random.between(0, dags - 1),
    choice: random.between(0, 1_000_000),
  });
  const triggers = Array.from({ length: random.between(1, 4) }, () => command('trigger', random.between(0, Math.floor(faultMs / 2))));
  const kinds = ['cancel', 'clear', 'clear', 'clear', 'pause', 'unpause', 'resize', 'mark'] as const;
  // Mostly while there is something to command.
  const soonAfter = (): number => random.pick(triggers).atMs + random.between(0, 12_000);
  const others = random.chance(0.4) ? [] : Array.from({ length: random.between(1, 8) }, () => command(random.pick(kinds), soonAfter()));
  return [...triggers, ...others].sort((a, b) => a.atMs - b.atMs);
}
