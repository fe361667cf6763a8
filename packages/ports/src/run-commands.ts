/** Commands on runs that need the core's decision: what the API calls and the engine does, over a `CommandStore`. */
import type { Instant } from '@headrace/core';

/** Which task instances of a run, and of which other runs of its DAG, a command is about. */
export interface TaskSelection {
  /** Tasks or groups by id, or `[id, map index]`. Absent: all tasks of the run. */
  readonly taskIds?: readonly (string | readonly [taskId: string, mapIndex: number])[];
  readonly includeUpstream?: boolean;
  readonly includeDownstream?: boolean;
  /** The same tasks in the DAG's runs with an earlier logical date, too. */
  readonly includePast?: boolean;
  /** … and in those with a later one. */
  readonly includeFuture?: boolean;
  /** Only tell what would be changed. */
  readonly dryRun?: boolean;
}

export interface ClearRequest extends TaskSelection {
  /** Of these, only what is `failed` or `upstream_failed`. */
  readonly onlyFailed?: boolean;
  /** Of these, only what runs. With `onlyFailed`: both. */
  readonly onlyRunning?: boolean;
  /** Of the iterations of a loop, also those that came after them. Without it an iteration is cleared alone. */
  readonly includeLaterIterations?: boolean;
  /** Change nothing if any of them runs, instead of stopping it. */
  readonly preventRunning?: boolean;
  /** Go on with the newest version of the DAG instead of the one the run is pinned to. */
  readonly onLatestVersion?: boolean;
}

export interface MarkRequest extends TaskSelection {
  readonly status: 'success' | 'failed';
}

/** The run a command begins with, or the runs of the DAG with a logical date in a range (bounds inclusive). */
export type RunSelection = { readonly runId: string } | { readonly from?: Instant; readonly to?: Instant };

export interface ChangeResult {
  readonly affected: readonly { readonly runId: string; readonly taskId: string; readonly mapIndex: number }[];
}

/**
 * `user` is who asked, for the run's history. All may throw an error with the code `HR_RUN_BUSY`: nothing of that run was changed, ask
 * again. What concerns several runs is one transaction for each.
 */
export interface RunCommands {
  /**
   * Ends the run as failed: nothing more starts, live attempts are told to stop, and teardowns whose setups succeeded still run;
   * with `terminate` not even those.
   */
  cancelRun(
    dagId: string,
    runId: string,
    user?: string,
    options?: { readonly terminate?: boolean },
  ): Promise<'ok' | 'not_found' | 'already_finished'>;
  /** Says what the run came to. What lives is stopped and failed, what has not begun is skipped, teardowns still run. */
  markRun(dagId: string, runId: string, status: 'success' | 'failed', user?: string): Promise<'ok' | 'not_found'>;
  /** Has task instances run anew; a finished run goes back to `queued`. Throws TasksRunningError with `preventRunning`. */
  clear(dagId: string, runs: RunSelection, request: ClearRequest, user?: string): Promise<ChangeResult | 'not_found'>;
  /** Says what task instances came to; what is downstream of them is decided as if it had happened. */
  markTasks(dagId: string, runs: RunSelection, request: MarkRequest, user?: string): Promise<ChangeResult | 'not_found'>;
}

export class TasksRunningError extends Error {
  readonly code = 'HR_TASK_RUNNING';
  constructor(running: ChangeResult['affected']) {
    const names = running
      .slice(0, 5)
      .map(({ runId, taskId, mapIndex }) => `${taskId}${mapIndex < 0 ? '' : `[${mapIndex}]`} of run ${runId}`);
    const more = running.length > names.length ? ` and ${running.length - names.length} more` : '';
    super(`Running: ${names.join(', ')}${more}. Nothing was cleared`);
    this.name = 'TasksRunningError';
  }
}
