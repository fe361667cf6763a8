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

/** A wait was asked for in a way that has no meaning. */
export class WaitUsageError extends Error {
  readonly code = 'HR_BAD_WAIT';
  readonly retryable = false;
  constructor(message: string) {
    super(message);
    this.name = 'WaitUsageError';
  }
}

export class WaitSwallowedError extends Error {
  readonly code = 'HR_WAIT_SWALLOWED';
  readonly retryable = false;
  constructor(taskId: string, key: string, thrown: unknown) {
    super(
      `Task "${taskId}" caught the error with which wait "${key}" ends an attempt, and went on. Let errors with the code HR_SUSPENDED pass: in a catch around a wait, throw them again`,
      thrown === undefined ? undefined : { cause: thrown },
    );
    this.name = 'WaitSwallowedError';
  }
}

/** The task was run again after a wait and did not come to the same one. */
export class WaitChangedError extends Error {
  readonly code = 'HR_WAIT_CHANGED';
  constructor(taskId: string, recorded: string, reached: string) {
    super(
      `Task "${taskId}" came to the ${reached} where it had come to the ${recorded} before. What stands before a wait must lead to the same waits each time the task is run`,
    );
    this.name = 'WaitChangedError';
  }
}

export class WaitTimeoutError extends Error {
  readonly code = 'HR_WAIT_TIMEOUT';
  readonly retryable = false;
  constructor(key: string, condition: string) {
    super(`Wait "${key}" for ${condition} was given up at its timeout`);
    this.name = 'WaitTimeoutError';
  }
}

/** The run or task that was waited for came to a state in which the wait cannot be met. */
export class WaitedForFailedError extends Error {
  readonly code = 'HR_WAITED_FOR_FAILED';
  readonly state: string;
  constructor(what: string, state: string) {
    super(`The task waited for ${what}, which is ${state}`);
    this.name = 'WaitedForFailedError';
    this.state = state;
  }
}

export class AnswerRefusedError extends Error {
  readonly code = 'HR_ANSWER_INVALID';
  constructor(message: string) {
    super(message);
    this.name = 'AnswerRefusedError';
  }
}

/** A sensor has not found what it looks for within its timeout, over all tries and looks. */
export class SensorTimeoutError extends Error {
  readonly code = 'HR_SENSOR_TIMEOUT';
  readonly retryable = false;
  constructor(taskId: string, timeoutMs: number) {
    super(`Sensor "${taskId}" did not find what it looks for within its timeout of ${timeoutMs} ms, counted from its first attempt`);
    this.name = 'SensorTimeoutError';
  }
}

/** Something is mapped over the result of a task, and it has no items. */
export class NotMappableError extends Error {
  readonly code = 'HR_NOT_MAPPABLE';
  readonly retryable = false;
  constructor(taskId: string, given: string) {
    super(`Task "${taskId}" returned ${given}, and a task is mapped over it: return an array or a plain object`);
    this.name = 'NotMappableError';
  }
}

export class UnknownOutletError extends Error {
  readonly code = 'HR_NOT_AN_OUTLET';
  readonly retryable = false;
  constructor(taskId: string, asset: string, outlets: readonly string[]) {
    const known = outlets.length === 0 ? 'It has none' : `Its outlets are ${outlets.map((each) => `"${each}"`).join(', ')}`;
    super(`Asset "${asset}" is no outlet of task "${taskId}". ${known}. Name it in the task's outlets`);
    this.name = 'UnknownOutletError';
  }
}

export class UnknownBranchError extends Error {
  readonly code = 'HR_UNKNOWN_BRANCH';
  readonly retryable = false;
  constructor(taskId: string, target: string, known: readonly string[]) {
    super(
      `Task "${taskId}" chose to go on with "${target}", which is not directly downstream of it. Directly downstream: ${known.join(', ') || 'nothing'}`,
    );
    this.name = 'UnknownBranchError';
  }
}
