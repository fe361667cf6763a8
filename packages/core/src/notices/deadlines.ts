/**
 * Deadlines of runs: until when a run must have succeeded, and whether it will.
 *
 * L1. A run that succeeded at its deadline has met it. One that failed has not, but has until then to be run anew.
 * L2. A deadline is missed once and predicted at most once, and never predicted after it was missed.
 * L3. `checkAt` is never later than the deadline, and no prediction before it would be different while nothing happens in the run.
 *
 * Source: Airflow 3, howto/deadline-alerts.
 */
import type { DagSpec, Instant, Milliseconds } from '../model/dag.ts';
import type { DeadlineSpec } from '../model/notice-spec.ts';
import type { RunStatus, TaskStatus } from '../model/states.ts';
import { isTerminal } from '../model/states.ts';
import type { Forecast, TaskProgress } from './forecast.ts';
import { isoInstant } from './iso-instant.ts';
import { type DeadlinePayload, MOST_FAILED_TASKS, type Notice, type RunIdentity, runFacts, tell } from './notice.ts';

/** What a deadline is counted from. */
export interface DeadlineReferences {
  readonly queuedAt: Instant;
  readonly logicalDate?: Instant;
  readonly intervalEnd?: Instant;
  /** From queued to ended, of the newest successful runs, newest first. Only for `average_runtime`. */
  readonly runDurations?: readonly Milliseconds[];
}

/** When the deadline is. Undefined: this run has not what it is counted from. */
export function deadlineDue({ from, withinMs }: DeadlineSpec, run: DeadlineReferences): Instant | undefined {
  switch (from.kind) {
    case 'run_queued':
      return run.queuedAt + withinMs;
    case 'logical_date':
      return run.logicalDate === undefined ? undefined : run.logicalDate + withinMs;
    case 'interval_end':
      return run.intervalEnd === undefined ? undefined : run.intervalEnd + withinMs;
    case 'fixed':
      return from.at + withinMs;
    case 'average_runtime': {
      const durations = (run.runDurations ?? []).slice(0, from.maxRuns);
      if (durations.length < Math.max(1, from.minRuns)) return undefined;
      const mean = durations.reduce((sum, one) => sum + one, 0) / durations.length;
      return Math.round(run.queuedAt + mean + withinMs);
    }
  }
}

export interface DeadlineStanding {
  readonly dueAt: Instant;
  /** A miss was already foreseen, or nobody wants to know. */
  readonly predicted: boolean;
  readonly status: RunStatus;
  readonly endedAt?: Instant;
}

export interface DeadlineJudgement {
  readonly state: 'pending' | 'met' | 'missed';
  /** Of a pending one: when to look again. */
  readonly checkAt?: Instant;
  /** A miss is foreseen now. */
  readonly expectedAt?: Instant;
}

/** Looking again at once and at once would tell nothing new. */
const SOONEST_MS = 1_000;

/** How a deadline stands. `expected`: as forecast, if anything is known. */
export function judgeDeadline(standing: DeadlineStanding, expected: Forecast | undefined, now: Instant): DeadlineJudgement {
  const { dueAt, predicted, status, endedAt } = standing;
  if (status === 'success' && endedAt !== undefined) return { state: endedAt <= dueAt ? 'met' : 'missed' };
  if (now >= dueAt) return { state: 'missed' };
  if (predicted || status === 'failed' || expected === undefined) return { state: 'pending', checkAt: dueAt };
  if (expected.at > dueAt) return { state: 'pending', checkAt: dueAt, expectedAt: expected.at };
  const soonest = now + SOONEST_MS;
  const next = Math.min(now + (dueAt - expected.at), expected.leapsAt);
  return { state: 'pending', checkAt: Math.min(dueAt, Math.max(soonest, next)) };
}

/** What a judgement tells, and to whom; nothing when it is neither missed nor foreseen to be. */
export function deadlineNotices(
  dag: Pick<DagSpec, 'deadlines'>,
  run: RunIdentity & { readonly status: RunStatus },
  deadline: { readonly name: string; readonly dueAt: Instant },
  judgement: DeadlineJudgement,
  details: { readonly tasks?: readonly TaskProgress[]; readonly criticalPath?: readonly string[] } = {},
): readonly Notice[] {
  const spec = dag.deadlines?.find((one) => one.name === deadline.name);
  const event = judgement.state === 'missed' ? 'deadline.missed' : judgement.expectedAt !== undefined ? 'deadline.predicted' : undefined;
  if (spec === undefined || event === undefined) return [];
  const open = (details.tasks ?? []).filter(({ status }) => !isTerminal(status) && WORTH_TELLING.has(status)).map((task) => task.taskId);
  const openTasks = [...new Set(open)].slice(0, MOST_FAILED_TASKS);
  const { criticalPath = [] } = details;
  const payload: DeadlinePayload = {
    event,
    ...runFacts(run),
    deadline: deadline.name,
    dueAt: isoInstant(deadline.dueAt),
    state: run.status,
    ...(judgement.expectedAt === undefined ? {} : { expectedAt: isoInstant(judgement.expectedAt) }),
    ...(criticalPath.length === 0 ? {} : { criticalPath: criticalPath.slice(0, MOST_FAILED_TASKS) }),
    ...(openTasks.length === 0 ? {} : { openTasks }),
  };
  return tell(`${event} "${deadline.name}" of run ${run.runKey}`, spec.notify, payload, run.versionId);
}

/** What waits for others is not what holds a run up. */
const WORTH_TELLING: ReadonlySet<TaskStatus> = new Set<TaskStatus>([
  'scheduled',
  'queued',
  'running',
  'restarting',
  'up_for_retry',
  'up_for_reschedule',
  'deferred',
  'awaiting_input',
]);
