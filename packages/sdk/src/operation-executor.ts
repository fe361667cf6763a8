/** Between a task process and the data plane: what executes operations, and what it is asked. */
import type { TaskKind } from '@headrace/core';
import type { InputRequest, TaskContext, WaitOptions } from './task-context.ts';

/**
 * What the data plane executes for `extract`, `load`, `transform` and `export` tasks, and how it looks for what a ready-made sensor waits
 * for. A task process gets one by the module specifier in its start options (`export const executors: OperationExecutors`).
 */
export type OperationExecutors = Readonly<Record<Exclude<TaskKind, 'task'>, OperationExecutor>> & {
  /** For sensors with an operation. Answers with what it has found, or undefined: then it is asked again later. */
  readonly look?: OperationExecutor;
};

/** What of the context an executor needs. */
export type OperationContext = Omit<TaskContext, 'wait' | 'emit' | 'triggeringEvents' | 'partitionKey'> &
  Partial<Pick<TaskContext, 'partitionKey'>>;

export type OperationExecutor = (request: OperationRequest) => Promise<unknown>;

export interface OperationRequest {
  readonly operation: Readonly<Record<string, unknown>>;
  /** Results of the upstream tasks named in `inputs`. */
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly context: OperationContext;
  /** Identifies the attempt in commits to targets: rises with every attempt of the task instance. */
  readonly fence: { readonly taskInstanceId: string; readonly attempt: number; readonly attemptId: string };
  /** A directory of this attempt alone, removed afterwards. */
  readonly scratch: string;
  /** Told as often as the executor likes; passed on about once a second. */
  readonly progress?: (progress: OperationProgress) => void;
  /**
   * Waits, without a slot, for a person's answer: the attempt ends here and the operation begins again when there is one. Until then
   * nothing may have been published.
   */
  readonly ask?: <Answer>(form: InputRequest<Answer>, options: WaitOptions) => Promise<Answer>;
}

/** How far an operation is. All figures count from its beginning. */
export interface OperationProgress {
  /** What it does now: `reading`, `checking`, `writing` … */
  readonly phase: string;
  readonly rows?: number;
  readonly bytes?: number;
  /** When they can be told: for an estimate of what is left. */
  readonly totalRows?: number;
  readonly totalBytes?: number;
}
