/** What people and programs do to DAGs and runs. Each is one transaction; the scheduler hears of it by an event. */
import type { Instant, RunStatus, RunType } from '@headrace/core';
import type { Range } from './page.ts';
import type { ParentTask } from './parent-task.ts';
import type { RunRecord } from './query-store.ts';
import type { LoadedRun, NewTaskInstance, RunDecision } from './scheduler-store.ts';

export interface TriggerRequest {
  readonly dagId: string;
  /** Absent: `manual__<run after>`, made unique. */
  readonly runId?: string;
  readonly logicalDate?: Instant;
  readonly intervalStart?: Instant;
  readonly intervalEnd?: Instant;
  /** Absent: now. */
  readonly runAfter?: Instant;
  /** The partition that the run is of. */
  readonly partitionKey?: string;
  /** Already validated against the DAG's params. */
  readonly params: Readonly<Record<string, unknown>>;
  readonly note?: string;
  readonly runType: RunType;
  /** The same request, sent again, is answered with the run that it made. */
  readonly idempotency?: { readonly key: string; readonly requestHash: string };
  /** `operator`: a task of another run. */
  readonly triggeredBy: 'cli' | 'rest_api' | 'ui' | 'test' | 'operator';
  readonly user?: string;
  /** The task that asked for it. */
  readonly parent?: ParentTask;
  /** The W3C `traceparent` of what asked for it. */
  readonly traceParent?: string;
}

/** For the run's history. */
export interface CommandRecord {
  readonly name: string;
  readonly user?: string;
  /**
   * What the run was when the decision was made: its start, and task instances that come to be, do not raise its revision, and the
   * decision does not know of them.
   */
  readonly seen?: { readonly status: RunStatus; readonly tasks: number };
}

/** The run goes on with another version of its DAG: tasks that are new there are added, those that are no longer there become `removed`. */
export interface VersionChange {
  readonly versionId: string;
  /** All tasks of that version, as they are when they are new in the run. */
  readonly tasks: readonly NewTaskInstance[];
}

/** `live`: it has not ended, and nothing was deleted. */
export type Deletion = 'deleted' | 'live' | 'not_found';

export interface TriggeredRun {
  readonly runKey: string;
  readonly runId: string;
  /** It was there: the request had been sent before, with the same idempotency key. */
  readonly replayed?: true;
  /** As it was made. Absent where it was there, or where the store does not know without reading it. */
  readonly run?: RunRecord;
}

export interface CommandStore {
  /** Creates a queued run. Throws DagNotFoundError, InvalidRunIdError, RunExistsError (same run id or, unless null, same logical date), IdempotencyKeyReusedError. */
  trigger(request: TriggerRequest): Promise<TriggeredRun>;
  setPaused(dagId: string, paused: boolean): Promise<void>;
  setNote(runKey: string, note: string | null): Promise<void>;
  setTaskNote(taskInstanceId: string, note: string | null): Promise<void>;
  /** The run and its task instances, locked for nobody: `saveCommand` checks the revision. Undefined: no such run. */
  loadRun(dagId: string, runId: string): Promise<LoadedRun | undefined>;
  /**
   * Saves what a command decided, if the run is still at that revision, raises the revision, and archives the tries of
   * cleared task instances with their results and logs. Attempts taken away from workers are announced as revoked.
   * False: the run has moved on; load and decide again.
   */
  saveCommand(decision: RunDecision, command: CommandRecord, version?: VersionChange): Promise<boolean>;
  /** Ids of the DAG's runs with a logical date in the range, oldest first. */
  runIds(dagId: string, logicalDate: Range): Promise<readonly string[]>;
  /** The id of the DAG's newest version. Undefined: no such DAG. */
  latestVersion(dagId: string): Promise<string | undefined>;
  /**
   * Deletes a run that has ended, or has not begun, with its task instances, tries, results and history. What it did stays: the rows that
   * it loaded, its loads and checks, the events of its assets. Its schedule does not make it again.
   */
  deleteRun(dagId: string, runId: string): Promise<Deletion>;
  /**
   * Deletes a task instance that is `removed`: one that the run's version of the DAG no longer has. Any other is a node of its run, which
   * would not be whole without it: `needed`.
   */
  deleteTaskInstance(taskInstanceId: string): Promise<'deleted' | 'needed' | 'not_found'>;
  /**
   * Deletes a DAG without live runs, with all of its runs, a batch at a time, and its versions. From the first batch on it makes no runs.
   * A file that still holds it brings it back, without its history, when it is loaded next. Stopped in between, it can be asked for again.
   */
  deleteDag(dagId: string): Promise<Deletion>;
  /** False: it was so before. Throws DagNotFoundError. */
  setFavorite(user: string, dagId: string, favorite: boolean): Promise<boolean>;
  /**
   * Gives a task instance that has succeeded another result, or, with undefined, none. Tasks that begin later get it.
   * `no_result`: there is none to replace or remove; `has_result`: there is one already, and another was to be added.
   */
  setResult(
    taskInstanceId: string,
    change: { readonly how: 'add' | 'replace'; readonly json: string } | { readonly how: 'remove' },
  ): Promise<'ok' | 'not_succeeded' | 'no_result' | 'has_result'>;
}

export class DagNotFoundError extends Error {
  readonly code = 'HR_DAG_NOT_FOUND';
  constructor(dagId: string) {
    super(`There is no DAG "${dagId}"`);
    this.name = 'DagNotFoundError';
  }
}

export class RunExistsError extends Error {
  readonly code = 'HR_RUN_EXISTS';
  constructor(dagId: string, what: string) {
    super(`DAG "${dagId}" already has a run with ${what}`);
    this.name = 'RunExistsError';
  }
}

export class InvalidRunIdError extends Error {
  readonly code = 'HR_INVALID_RUN_ID';
  constructor(runId: string) {
    super(`"${runId}" cannot be a run id: use 1 to 250 letters, digits and _ . ~ : + -`);
    this.name = 'InvalidRunIdError';
  }
}

export class IdempotencyKeyReusedError extends Error {
  readonly code = 'HR_IDEMPOTENCY_KEY_REUSED';
  constructor(dagId: string, key: string) {
    super(`The idempotency key "${key}" was sent before with another request to DAG "${dagId}": take a new key for a new request`);
    this.name = 'IdempotencyKeyReusedError';
  }
}
