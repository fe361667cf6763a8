/** In which states runs and their tasks are, for those who follow them. Reads live rows and the runs that are asked for, never history. */
import type { RunStatus, RunType, TaskStatus } from '@headrace/core';

export interface RunStateRecord {
  readonly runKey: string;
  readonly dagId: string;
  readonly runId: string;
  readonly runType: RunType;
  readonly status: RunStatus;
}

export interface TaskStateRecord {
  readonly taskInstanceId: string;
  readonly runKey: string;
  readonly dagId: string;
  readonly runId: string;
  readonly taskId: string;
  readonly mapIndex: number;
  readonly attempt: number;
  readonly status: TaskStatus;
}

export interface States {
  /** All that are running, and those of the keys. */
  readonly runs: readonly RunStateRecord[];
  /** All that hold a slot, and all of the runs of the keys. */
  readonly tasks: readonly TaskStateRecord[];
}

export interface StateStore {
  states(runKeys: readonly string[]): Promise<States>;
}
