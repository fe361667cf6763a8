/**
 * What is told to whom when a run or a task has come to something.
 *
 * N1. A notice follows from specs and facts alone: whoever decides the same, makes the same notices with the same keys.
 * N2. A key names the occasion (run, task, attempt, what happened) and the target: the same thing is told to the same target once.
 * N3. A payload is plain JSON; instants in it are ISO 8601 text in UTC, absent facts are absent fields.
 */
import type { Instant } from '../model/dag.ts';
import type { NoticeTarget } from '../model/notice-spec.ts';
import type { RunStatus, RunType, TaskStatus } from '../model/states.ts';
import { isoInstant } from './iso-instant.ts';

/** To be delivered, as the outbox takes it. */
export interface Notice {
  readonly key: string;
  readonly target: NoticeTarget;
  readonly payload: NoticePayload;
  /** The DAG version whose function a `code` target means. */
  readonly versionId?: string;
}

/** Of which run something is told. */
export interface RunIdentity {
  readonly runKey: string;
  readonly dagId: string;
  readonly runId: string;
  readonly versionId?: string;
  /** Of a decision by a scheduler or a person: two of them may come to the same without an attempt in between. */
  readonly revision?: number;
  readonly runType?: RunType;
  readonly logicalDate?: Instant;
  readonly intervalStart?: Instant;
  readonly intervalEnd?: Instant;
  readonly partitionKey?: string;
}

/** What every payload about a run says. */
export interface RunFacts {
  readonly dagId: string;
  readonly runId: string;
  readonly runType?: RunType;
  readonly logicalDate?: string;
  readonly intervalStart?: string;
  readonly intervalEnd?: string;
  readonly partitionKey?: string;
}

export interface TaskNoticePayload extends RunFacts {
  readonly event: 'task.success' | 'task.failure' | 'task.retry' | 'task.skipped';
  readonly taskId: string;
  /** −1: not mapped. */
  readonly mapIndex: number;
  /** Attempts begun so far. */
  readonly attempt: number;
  readonly state: TaskStatus;
  /** Of a retry: when the next try begins. */
  readonly dueAt?: string;
  readonly error?: { readonly name: string; readonly message: string; readonly code?: string };
  /** Why the scheduler, or a person, decided so. */
  readonly reason?: string;
}

export interface RunNoticePayload extends RunFacts {
  readonly event: 'run.success' | 'run.failure';
  readonly state: RunStatus;
  /** Ids of tasks that failed, at most `MOST_FAILED_TASKS`. */
  readonly failedTasks?: readonly string[];
}

export interface DagPausedPayload {
  readonly event: 'dag.paused';
  readonly dagId: string;
  readonly reason: string;
  readonly failedRuns: number;
  readonly lastRunId: string;
}

export interface DeadlinePayload extends RunFacts {
  readonly event: 'deadline.missed' | 'deadline.predicted';
  readonly deadline: string;
  readonly dueAt: string;
  readonly state: RunStatus;
  /** Of a prediction: when the run is expected to end, and by which tasks. */
  readonly expectedAt?: string;
  readonly criticalPath?: readonly string[];
  /** Tasks that have not ended, at most `MOST_FAILED_TASKS`. */
  readonly openTasks?: readonly string[];
}

export interface FreshnessPayload {
  readonly event: 'freshness.missed' | 'freshness.predicted';
  readonly asset: string;
  /** The DAG that states the expectation. */
  readonly dagId: string;
  /** The partition that should be there; absent for an asset without time partitions. */
  readonly partition?: string;
  readonly dueAt: string;
  /** When it was last updated; absent: never. */
  readonly updatedAt?: string;
  readonly expectedAt?: string;
}

export type NoticePayload = TaskNoticePayload | RunNoticePayload | DagPausedPayload | DeadlinePayload | FreshnessPayload;

/** Lists of tasks in payloads end here: a notice is for people. */
export const MOST_FAILED_TASKS = 20;

/** @returns the facts of a run that its payloads begin with. */
export function runFacts(run: RunIdentity): RunFacts {
  const { dagId, runId, runType, logicalDate, intervalStart, intervalEnd, partitionKey } = run;
  return {
    dagId,
    runId,
    ...(runType === undefined ? {} : { runType }),
    ...(logicalDate === undefined ? {} : { logicalDate: isoInstant(logicalDate) }),
    ...(intervalStart === undefined ? {} : { intervalStart: isoInstant(intervalStart) }),
    ...(intervalEnd === undefined ? {} : { intervalEnd: isoInstant(intervalEnd) }),
    ...(partitionKey === undefined ? {} : { partitionKey }),
  };
}

/** A target as text, the same for the same target. */
export function targetName(target: NoticeTarget): string {
  switch (target.kind) {
    case 'webhook':
      return `webhook:${target.connection}`;
    case 'email':
      return `email:${target.connection}:${target.to.join(',')}`;
    case 'code':
      return `code:${target.hook}`;
    case 'lineage':
      return 'lineage';
  }
}

/** One notice for each target, each target once however often it is named. */
export function tell(occasion: string, targets: readonly NoticeTarget[], payload: NoticePayload, versionId?: string): readonly Notice[] {
  const notices = new Map<string, Notice>();
  for (const target of targets) {
    const key = `${occasion} to ${targetName(target)}`;
    if (!notices.has(key)) notices.set(key, { key, target, payload, ...(versionId === undefined ? {} : { versionId }) });
  }
  return [...notices.values()];
}
