/** Why a notice could not be delivered, in words for whoever reads the outbox. No message holds a URL: those of webhooks are secrets. */

export class UnknownConnectionError extends Error {
  readonly code = 'HR_CONNECTION_UNKNOWN';
  constructor(id: string) {
    super(`This worker has no connection "${id}": set HEADRACE_CONN_${id.toUpperCase()} to its URL`);
    this.name = 'UnknownConnectionError';
  }
}

export class BadConnectionError extends Error {
  readonly code = 'HR_NOTICE_CONNECTION';
  constructor(id: string, expected: string) {
    super(`The connection "${id}" cannot deliver this notice: it must be ${expected}`);
    this.name = 'BadConnectionError';
  }
}

/** The target answered, and refused. */
export class RefusedError extends Error {
  readonly code = 'HR_NOTICE_REFUSED';
  /** No later try will be answered otherwise. */
  readonly final: boolean;
  /** When the target asked to be left alone for so long. */
  readonly retryAfterMs: number | undefined;
  constructor(
    message: string,
    options: { readonly final?: boolean; readonly retryAfterMs?: number | undefined; readonly cause?: unknown } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.name = 'RefusedError';
    this.final = options.final ?? false;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** A function of a DAG file failed, or could not be called. */
export class HookFailedError extends Error {
  readonly code = 'HR_HOOK_FAILED';
  constructor(hook: string, why: string) {
    super(`The function "${hook}" was not able to take the notice: ${why}`);
    this.name = 'HookFailedError';
  }
}

/** Nothing was tried: there was no place to do it. It does not count against the tries. */
export class NoPlaceError extends Error {
  readonly code = 'HR_NOTICE_NO_PLACE';
  constructor(why: string) {
    super(`The notice waits: ${why}`);
    this.name = 'NoPlaceError';
  }
}
