/** How an API is talked to, as a DAG says it: limits, tries and patience. */
import { DagDefinitionError, type Duration, durationMs, type Reference } from '@headrace/sdk';

export interface TrafficOptions {
  /** Sent besides those of the connection. Secrets belong in the connection. */
  readonly headers?: Readonly<Record<string, string | Reference<string>>>;
  /** At most so many requests within any span of so long. Counted for each attempt of a task: for all tasks together use a pool. */
  readonly rateLimit?: { readonly requests: number; readonly per: Duration };
  /** Of a request that is refused for a passing reason, or whose connection breaks. Default 4, the first after half a second, doubled each time. */
  readonly retries?: { readonly max?: number; readonly delay?: Duration };
  /** How long a request may wait in all, also when the server asks for it with `Retry-After`; then the attempt ends, and says when to come back. Default 5 minutes. */
  readonly maxWait?: Duration;
  /** Of one request with its whole answer. Default 1 minute. */
  readonly requestTimeout?: Duration;
}

/** The same as plain data, in milliseconds. */
export interface Traffic {
  readonly headers: Readonly<Record<string, string>>;
  readonly rateLimit?: { readonly requests: number; readonly perMs: number };
  readonly retries: { readonly max: number; readonly delayMs: number };
  readonly maxWaitMs: number;
  readonly requestTimeoutMs: number;
}

/** Throws DagDefinitionError: HR_BAD_OPTION, HR_BAD_DURATION. Headers may still be references. */
export function checkedTraffic(where: string, options: TrafficOptions): Omit<Traffic, 'headers'> & Pick<TrafficOptions, 'headers'> {
  const { headers = {}, rateLimit, retries = {}, maxWait = '5 minutes', requestTimeout = '1 minute' } = options;
  return {
    headers,
    ...(rateLimit === undefined
      ? {}
      : {
          rateLimit: {
            requests: atLeastOne(`${where}, rateLimit.requests`, rateLimit.requests),
            perMs: longerThanNothing(`${where}, rateLimit.per`, rateLimit.per),
          },
        }),
    retries: {
      max: wholeNumber(`${where}, retries.max`, retries.max ?? 4),
      delayMs: longerThanNothing(`${where}, retries.delay`, retries.delay ?? '500ms'),
    },
    maxWaitMs: durationMs(`${where}, maxWait`, maxWait),
    requestTimeoutMs: longerThanNothing(`${where}, requestTimeout`, requestTimeout),
  };
}

export function wholeNumber(what: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new DagDefinitionError('HR_BAD_OPTION', `${what}: ${value} is no whole number`);
}

export function atLeastOne(what: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new DagDefinitionError('HR_BAD_OPTION', `${what}: ${value} is no whole number of at least 1`);
}

export function longerThanNothing(what: string, duration: Duration): number {
  const ms = durationMs(what, duration);
  if (ms > 0) return ms;
  throw new DagDefinitionError('HR_BAD_DURATION', `${what}: must be longer than nothing`);
}
