/** Retries of a task, in canonical form. */
import type { RepeatPolicy, RetryPolicy, RetryRule } from '@headrace/core';
import { DagDefinitionError, shown } from '../definition-error.ts';
import { type Duration, durationMs } from '../duration.ts';
import { wholeNumber } from './checked-values.ts';

export interface RetryOptions {
  /** Tries after the first. */
  readonly max?: number;
  /** Before the next try. Default 30 s. */
  readonly delay?: Duration;
  /** `exponential`: the delay doubles with every try. Default `fixed`. */
  readonly backoff?: 'fixed' | 'exponential';
  /** Cap of an exponential delay. Default 1 hour, or `delay` where that is longer. */
  readonly maxDelay?: Duration;
  /** Share of the delay that is random, 0..1, so that failed tasks do not return all at once. `true` is 0.5. Default 0. */
  readonly jitter?: boolean | number;
  /** Exceptions by error; the first that matches wins. */
  readonly on?: readonly RetryOn[];
}

export interface RetryOn {
  /** The error's `name` or `code`, e.g. `'ECONNREFUSED'`, or its class. */
  readonly error: string | (abstract new (...args: never[]) => Error);
  readonly action: 'fail' | 'retry';
  /** For `retry`: this delay instead of the policy's. */
  readonly delay?: Duration;
}

/** How often a run or a group is run anew as a whole. A number is short for `{ max }`. */
export type RepeatOptions = number | { readonly max: number /** Default 30 s. */; readonly delay?: Duration };

const HOUR_MS = 3_600_000;
const DEFAULT_DELAY_MS = 30_000;

/** `layers` in order of precedence; each field is the first one's that has it. Throws DagDefinitionError. */
export function retryPolicy(where: string, layers: readonly (number | RetryOptions)[]): RetryPolicy {
  const merged: RetryOptions = Object.assign(
    {},
    ...layers.toReversed().map((layer) => (typeof layer === 'number' ? { max: layer } : layer)),
  );
  const delayMs = merged.delay === undefined ? DEFAULT_DELAY_MS : durationMs(`${where}, retries.delay`, merged.delay);
  const maxDelayMs = merged.maxDelay === undefined ? Math.max(HOUR_MS, delayMs) : durationMs(`${where}, retries.maxDelay`, merged.maxDelay);
  if (maxDelayMs < delayMs) throw new DagDefinitionError('HR_BAD_OPTION', `${where}, retries.maxDelay: is shorter than retries.delay`);
  const backoff = merged.backoff ?? 'fixed';
  if (backoff !== 'fixed' && backoff !== 'exponential')
    throw new DagDefinitionError('HR_BAD_OPTION', `${where}, retries.backoff: ${shown(backoff)} is neither 'fixed' nor 'exponential'`);
  return {
    max: wholeNumber(`${where}, retries.max`, merged.max ?? 0, 0),
    delayMs,
    backoff,
    maxDelayMs,
    jitter: jitterShare(where, merged.jitter),
    rules: (merged.on ?? []).map((on) => retryRule(where, on)),
  };
}

/** Throws HR_BAD_OPTION, HR_BAD_DURATION. */
export function repeatPolicy(where: string, options: RepeatOptions): RepeatPolicy {
  const { max, delay } = typeof options === 'number' ? { max: options, delay: undefined } : options;
  return {
    max: wholeNumber(`${where}.max`, max, 0),
    delayMs: delay === undefined ? DEFAULT_DELAY_MS : durationMs(`${where}.delay`, delay),
  };
}

function jitterShare(where: string, jitter: boolean | number | undefined): number {
  const share = jitter === true ? 0.5 : jitter === false || jitter === undefined ? 0 : jitter;
  if (typeof share !== 'number' || !(share >= 0 && share <= 1))
    throw new DagDefinitionError('HR_BAD_OPTION', `${where}, retries.jitter: ${shown(share)} is not between 0 and 1`);
  return share;
}

function retryRule(where: string, on: RetryOn): RetryRule {
  const error = typeof on.error === 'function' ? on.error.name : on.error;
  if (typeof error !== 'string' || error === '')
    throw new DagDefinitionError('HR_BAD_OPTION', `${where}, retries.on: an error is given by its class, name or code`);
  if (on.action !== 'fail' && on.action !== 'retry')
    throw new DagDefinitionError(
      'HR_BAD_OPTION',
      `${where}, retries.on ${error}: action is ${shown(on.action)}, expected 'fail' or 'retry'`,
    );
  if (on.delay === undefined) return { error, action: on.action };
  if (on.action === 'fail')
    throw new DagDefinitionError('HR_BAD_OPTION', `${where}, retries.on ${error}: a delay makes no sense with action: 'fail'`);
  return { error, action: 'retry', delayMs: durationMs(`${where}, retries.on ${error}, delay`, on.delay) };
}
