/** A task of a run that asked for another run. */
export interface ParentTask {
  readonly dagId: string;
  readonly runId: string;
  readonly taskId: string;
}
