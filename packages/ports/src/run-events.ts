/** News from the store, for the scheduler. It is a hint: what it misses is found by a reload, which `onGap` asks for. */
import type { TaskState } from '@headrace/core';

export type StoreEvent =
  /** A task instance was moved by somebody else: a worker ended or gave back an attempt, another scheduler gave a slot. A claim is not told. */
  | { readonly type: 'task'; readonly runKey: string; readonly taskInstanceId: string; readonly to: TaskState }
  /** A run was created, or a command changed it: load it. */
  | { readonly type: 'run'; readonly runKey: string }
  /** A DAG was registered, changed, paused or un-paused, or a schedule needs a look. */
  | { readonly type: 'dag'; readonly dagId: string }
  /** A pool was created or changed: what waits may get a slot. */
  | { readonly type: 'pool'; readonly pool: string }
  /** One of the scheduler's duties (by its name) has something to do. */
  | { readonly type: 'duty'; readonly duty: string };

export interface RunEvents {
  listen(listener: RunEventsListener): Promise<() => Promise<void>>;
}

export interface RunEventsListener {
  /** In order of commit. */
  onEvents(events: readonly StoreEvent[]): void;
  /** The connection was lost and is back: events may be missing, so everything owned must be looked at anew. */
  onGap(): void;
}
