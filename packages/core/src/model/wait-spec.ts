/** What a task instance can wait for without holding a slot. Plain JSON: it is stored, and survives restarts. */
import type { Instant, Milliseconds } from './instant.ts';
import type { RunStatus, TaskStatus } from './states.ts';

export type WaitCondition =
  | { readonly kind: 'time'; readonly at: Instant }
  /** An event of the asset after `since` (default: since the wait began), of this partition if one is given. */
  | { readonly kind: 'asset'; readonly name: string; readonly partition?: string; readonly since?: Instant }
  /** A run, or a task in it, in one of these states. `failOn`: states that fail the wait. */
  | {
      readonly kind: 'run';
      readonly dagId: string;
      /** By id, or by logical date. */
      readonly run: { readonly runId: string } | { readonly logicalDate: Instant };
      readonly taskId?: string;
      readonly states: readonly (RunStatus | TaskStatus)[];
      readonly failOn: readonly (RunStatus | TaskStatus)[];
    }
  /** A call of `POST /headrace/v1/waits/{token}`; its body is the wait's result. */
  | { readonly kind: 'webhook' }
  /** A person's answer: the task is `awaiting_input`. */
  | { readonly kind: 'input'; readonly form: InputForm }
  /**
   * Looked at by a worker every so often, in a task process with the task's connections: a file, an object, a SQL or HTTP condition, the
   * task's own function. The task is `up_for_reschedule` between looks.
   */
  | { readonly kind: 'poll'; readonly everyMs: Milliseconds };

export interface InputForm {
  readonly subject: string;
  /** Markdown. */
  readonly body?: string;
  /** JSON Schema of the answer. */
  readonly schema: Readonly<Record<string, unknown>>;
  readonly default?: unknown;
  /** User names who may answer; empty: everybody with the right to edit the DAG. */
  readonly assignees: readonly string[];
}

/** A wait that a task instance entered. */
export interface Wait {
  /** Within the task: by which its result is found when the task goes on. */
  readonly key: string;
  readonly condition: WaitCondition;
  /** When it is given up. Absent: never. */
  readonly timeoutAt?: Instant;
  /** What then becomes of the task. */
  readonly onTimeout: 'fail' | 'skip' | 'continue';
  /** Of a webhook: SHA-256, in hexadecimal, of the token in its address. The token itself is kept nowhere. */
  readonly tokenHash?: string;
}
