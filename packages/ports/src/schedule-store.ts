/** What planning and overlap policies ask of the store beside `SchedulerStore.planDueDags`. */

/** A run that goes on although another of its DAG is due, and whose DAG says that it must make room. */
export interface OvertakenRun {
  readonly dagId: string;
  readonly runId: string;
  /** `cancel`: its teardowns run. `terminate`: all of it ends at once. */
  readonly how: 'cancel' | 'terminate';
}

export interface ScheduleStore {
  /** Has the schedules of these DAGs looked at now, and tells the schedulers. DAGs that are paused or removed are left alone. */
  requestPlan(dagIds: readonly string[]): Promise<void>;
  /** Reads live rows only. A run that was begun after the waiting one was due is not overtaken. */
  overtakenRuns(limit: number): Promise<readonly OvertakenRun[]>;
}
