/** The outbox of notices: written in the transaction of what they tell of, delivered at least once. */
import type { NoticeTarget } from '@headrace/core';

export interface NewNotice {
  /** The same thing is told to the same target once: a second notice with this key is dropped. */
  readonly key: string;
  readonly target: NoticeTarget;
  /** What is told: a JSON object with `event` (`task.failure`, `run.success`, `deadline.missed`, …) and the ids of what it is about. */
  readonly payload: Readonly<Record<string, unknown>>;
}
