/** Commands on a run that need the core's decision: what the API calls and the engine does, over a `CommandStore`. */
export interface ClearRequest {
  /** Tasks by id, or `[task id, map index]`. Absent: all tasks of the run. */
  readonly taskIds?: readonly (string | readonly [taskId: string, mapIndex: number])[];
  /** Of these, only what is `failed` or `upstream_failed`. */
  readonly onlyFailed?: boolean;
  readonly includeUpstream?: boolean;
  readonly includeDownstream?: boolean;
  /** Go on with the newest version of the DAG instead of the one the run is pinned to. */
  readonly onLatestVersion?: boolean;
  /** Only tell what would be cleared. */
  readonly dryRun?: boolean;
}

export interface ClearResult {
  readonly affected: readonly { readonly taskId: string; readonly mapIndex: number }[];
}

/** `user` is who asked, for the run's history. Both may throw an error with the code `HR_RUN_BUSY`: nothing was changed, ask again. */
export interface RunCommands {
  /** Ends the run as failed: nothing more starts, live attempts are told to stop. */
  cancelRun(dagId: string, runId: string, user?: string): Promise<'ok' | 'not_found' | 'already_finished'>;
  /** Has task instances run anew; a finished run goes back to `queued`. */
  clear(dagId: string, runId: string, request: ClearRequest, user?: string): Promise<ClearResult | 'not_found'>;
}
