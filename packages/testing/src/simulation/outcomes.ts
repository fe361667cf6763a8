/** What attempts come to in a simulation, as a test says it. */
import type { AttemptError, AttemptReport, Decision, Instant, Milliseconds, RunType, TaskSpec } from '@headrace/core';
import type { ClaimedAttempt, NewAssetEvent } from '@headrace/ports';
import { type Duration, durationMs } from '@headrace/sdk';

/** More than a word about how an attempt ends. */
export interface DetailedOutcome {
  readonly status: 'success' | 'failed' | 'skipped';
  /** How long the attempt takes. Default: the simulation's `duration`. */
  readonly duration?: Duration;
  /** Of a success. What is mapped over must be an array or an object. */
  readonly result?: unknown;
  /** Of the success of a branch or a short circuit: the direct downstream tasks to go on with. */
  readonly follow?: readonly string[];
  /** Of the success of a loop's gate: another iteration follows. */
  readonly again?: boolean;
  /** Of a success: events of the task's outlets, instead of one for each. */
  readonly assetEvents?: readonly NewAssetEvent[];
  /** Of a failure. Default: an ordinary error, which retries may follow. */
  readonly error?: Partial<AttemptError>;
}

export type Outcome = DetailedOutcome['status'] | DetailedOutcome;

/** What an outcome may depend on. */
export interface SimulatedAttempt {
  readonly dagId: string;
  readonly runId: string;
  readonly runType: RunType;
  readonly taskId: string;
  /** −1: not an instance of a mapped task. */
  readonly mapIndex: number;
  /** 1 for the first try, as `context.attempt` is. */
  readonly attempt: number;
  readonly params: Readonly<Record<string, unknown>>;
  readonly logicalDate: Date | undefined;
  readonly interval: { readonly start: Date; readonly end: Date };
  readonly partitionKey: string | undefined;
  /** The simulated time. */
  readonly now: Date;
}

export type OutcomeRule = Outcome | ((attempt: SimulatedAttempt) => Outcome | undefined | Promise<Outcome | undefined>);

/** An attempt's end, ready to be recorded. */
export interface Ending {
  readonly report: AttemptReport;
  readonly durationMs: Milliseconds;
  /** Present, perhaps undefined, when the attempt gave one. */
  readonly result?: { readonly value: unknown };
  readonly assetEvents: readonly NewAssetEvent[];
}

export class MissingResultError extends Error {
  readonly code = 'HR_SIMULATION_RESULT';
  constructor(taskId: string) {
    super(
      `Other tasks are mapped over the result of task "${taskId}", so the simulation must know it: ` +
        `outcomes: { ${JSON.stringify(taskId)}: { status: 'success', result: [ … ] } }`,
    );
    this.name = 'MissingResultError';
  }
}

/** @throws MissingResultError */
export function endingOf(outcome: Outcome, task: TaskSpec, isMappedOver: boolean, usualMs: Milliseconds): Ending {
  const detailed: DetailedOutcome = typeof outcome === 'string' ? { status: outcome } : outcome;
  const duration = detailed.duration === undefined ? usualMs : durationMs(`outcome of task "${task.taskId}", duration`, detailed.duration);
  const none: Ending = { report: { outcome: 'skipped' }, durationMs: duration, assetEvents: [] };
  switch (detailed.status) {
    case 'skipped':
      return none;
    case 'failed':
      return { ...none, report: { outcome: 'failed', error: { name: 'Error', message: 'as the simulation says', ...detailed.error } } };
    case 'success': {
      if (isMappedOver && itemsOf(detailed.result) === undefined) throw new MissingResultError(task.taskId);
      const decision = decisionOf(detailed);
      return {
        report: { outcome: 'success', ...(decision === undefined ? {} : { decision }) },
        durationMs: duration,
        ...('result' in detailed ? { result: { value: detailed.result } } : {}),
        assetEvents: detailed.assetEvents ?? (task.outlets ?? []).map((asset) => ({ asset })),
      };
    }
  }
}

function decisionOf({ result, follow, again }: Pick<DetailedOutcome, 'result' | 'follow' | 'again'>): Decision | undefined {
  const items = itemsOf(result);
  if (items === undefined && follow === undefined && again === undefined) return undefined;
  return {
    ...(items === undefined ? {} : { items }),
    ...(follow === undefined ? {} : { follow }),
    ...(again === undefined ? {} : { again }),
  };
}

function itemsOf(result: unknown): number | undefined {
  if (Array.isArray(result)) return result.length;
  return typeof result === 'object' && result !== null ? Object.keys(result).length : undefined;
}

export function simulatedAttempt(claimed: ClaimedAttempt, now: Instant): SimulatedAttempt {
  const { dagId, runId, runType, taskId, mapIndex, attempt, triesBefore, params, logicalDate, runAfter, partitionKey } = claimed;
  return {
    dagId,
    runId,
    runType,
    taskId,
    mapIndex,
    attempt: attempt - triesBefore,
    params,
    logicalDate: logicalDate === undefined ? undefined : new Date(logicalDate),
    interval: { start: new Date(claimed.intervalStart ?? runAfter), end: new Date(claimed.intervalEnd ?? runAfter) },
    partitionKey,
    now: new Date(now),
  };
}
