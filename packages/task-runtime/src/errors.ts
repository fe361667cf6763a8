/** What goes wrong with attempts, each with a code that retry rules can name. */

/** The task returned something that could not be given back to a downstream task as it was. */
export class UnstorableResultError extends Error {
  readonly code = 'HR_RESULT_NOT_STORABLE';
  readonly retryable = false;
  readonly path: string;
  constructor(path: string, what: string) {
    super(
      `${path} ${what}, which cannot be stored. Return plain objects, arrays, strings, numbers, booleans, null, bigint, Date, Decimal, Uint8Array, Map or Set`,
    );
    this.name = 'UnstorableResultError';
    this.path = path;
  }
}

export class ResultTooLargeError extends Error {
  readonly code = 'HR_RESULT_TOO_LARGE';
  readonly retryable = false;
  constructor(what: string, maxBytes: number) {
    super(
      `${what} is larger than the limit of ${formatBytes(maxBytes)} (resultBytes). Write the data to a file or a table and return where it is`,
    );
    this.name = 'ResultTooLargeError';
  }
}

export class UndeclaredConnectionError extends Error {
  readonly code = 'HR_CONNECTION_UNDECLARED';
  readonly retryable = false;
  constructor(taskId: string, id: string, declared: readonly string[]) {
    const known = declared.length === 0 ? 'It declares none' : `It declares ${declared.map((each) => `"${each}"`).join(', ')}`;
    super(`Task "${taskId}" did not declare the connection "${id}". ${known}. Add it to the task's options: connections: ['${id}']`);
    this.name = 'UndeclaredConnectionError';
  }
}

/** The bundle of the run's version does not hold what the stored graph says. */
export class CodeUnavailableError extends Error {
  readonly code = 'HR_CODE_UNAVAILABLE';
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CodeUnavailableError';
  }
}

/** `run` was asked to begin within a time, or to stop before it began, and no task process was free: nothing has happened. */
export class NotStartedError extends Error {
  readonly code = 'HR_NOT_STARTED';
  constructor() {
    super('The attempt was not started: no task process was free');
    this.name = 'NotStartedError';
  }
}

/** A frame on the channel between worker and task process that is not of the protocol. */
export class ProtocolError extends Error {
  readonly code = 'HR_TASK_PROTOCOL';
  constructor(message: string) {
    super(message);
    this.name = 'ProtocolError';
  }
}

export function formatBytes(bytes: number): string {
  if (bytes >= 1_048_576) return `${Math.round(bytes / 1_048_576)} MiB`;
  return bytes >= 1_024 ? `${Math.round(bytes / 1_024)} KiB` : `${bytes} bytes`;
}
