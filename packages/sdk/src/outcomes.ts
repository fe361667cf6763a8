/** What a task function throws to end its attempt otherwise than by success or an ordinary failure. Known by `name`, so that any copy of the SDK will do. */
import { type Duration, durationMs } from './duration.ts';

/** The task instance ends as `skipped`. */
export class SkipTask extends Error {
  readonly code = 'HR_SKIP_TASK';
  constructor(reason = 'The task skipped itself') {
    super(reason);
    this.name = 'SkipTask';
  }
}

/** The task instance fails now, whatever its retry policy says. */
export class FailTask extends Error {
  readonly code = 'HR_FAIL_TASK';
  readonly retryable = false;
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'FailTask';
  }
}

/** The attempt fails; if the policy allows another, it begins after this long instead of the policy's delay. */
export class RetryTask extends Error {
  readonly code = 'HR_RETRY_TASK';
  readonly retryAfterMs: number;
  constructor(options: { readonly after: Duration; readonly message?: string; readonly cause?: unknown }) {
    super(options.message ?? 'The task asked to be tried again later', 'cause' in options ? { cause: options.cause } : undefined);
    this.name = 'RetryTask';
    this.retryAfterMs = durationMs('RetryTask after', options.after);
  }
}

/** Ends the task as skipped. */
export function skip(reason?: string): never {
  throw new SkipTask(reason);
}
