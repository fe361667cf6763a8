import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ATTEMPT_LOST, type AttemptError, attemptOutcome, type RetryPolicy, retryDelay } from '../src/index.ts';
import { propertyRuns } from './support/property-runs.ts';
import { NO_RETRIES, taskSpec } from './support/specs.ts';

const policy: RetryPolicy = {
  max: 2,
  delayMs: 1_000,
  backoff: 'fixed',
  maxDelayMs: 5_000,
  jitter: 0,
  rules: [
    { error: 'AuthError', action: 'fail' },
    { error: 'ECONNREFUSED', action: 'retry', delayMs: 20 },
    { error: 'AuthError', action: 'retry', delayMs: 1 },
    { error: 'Slow', action: 'retry' },
  ],
};
const task = taskSpec('load', [], { retries: policy });

function fail(attempt: number, error: Partial<AttemptError> = {}, triesBefore?: number): ReturnType<typeof attemptOutcome> {
  return attemptOutcome(task, attempt, { outcome: 'failed', error: { name: 'Error', message: 'no', ...error } }, 100, 0, triesBefore);
}

describe('the outcome of an attempt', () => {
  test('is what it reports, when it did not fail', () => {
    expect(attemptOutcome(task, 2, { outcome: 'success' }, 100, 0)).toEqual({ status: 'success', attempt: 2 });
    expect(attemptOutcome(task, 2, { outcome: 'skipped', reason: 'no data' }, 100, 0)).toEqual({ status: 'skipped', attempt: 2 });
  });

  test('that was interrupted is another attempt, whatever the retries', () => {
    expect(attemptOutcome({ retries: NO_RETRIES }, 4, { outcome: 'interrupted' }, 100, 0)).toEqual({ status: 'scheduled', attempt: 4 });
  });

  test('is a retry while tries are left, max + 1 in all', () => {
    expect(fail(1)).toEqual({ status: 'up_for_retry', attempt: 1, dueAt: 1_100 });
    expect(fail(2)).toEqual({ status: 'up_for_retry', attempt: 2, dueAt: 1_100 });
    expect(fail(3)).toEqual({ status: 'failed', attempt: 3 });
    expect(attemptOutcome({ retries: NO_RETRIES }, 1, { outcome: 'failed', error: ATTEMPT_LOST }, 100, 0)).toEqual({
      status: 'failed',
      attempt: 1,
    });
  });

  test('does not count the tries before a clear', () => {
    expect(fail(5, {}, 3)).toEqual({ status: 'up_for_retry', attempt: 5, dueAt: 1_100 });
    expect(fail(6, {}, 3)).toEqual({ status: 'failed', attempt: 6 });
  });

  test('follows the first rule that matches the error by name or code', () => {
    expect(fail(1, { name: 'AuthError' })).toEqual({ status: 'failed', attempt: 1 });
    expect(fail(1, { code: 'AuthError' })).toEqual({ status: 'failed', attempt: 1 });
    expect(fail(1, { code: 'ECONNREFUSED' })).toEqual({ status: 'up_for_retry', attempt: 1, dueAt: 120 });
    expect(fail(3, { code: 'ECONNREFUSED' })).toEqual({ status: 'failed', attempt: 3 });
    expect(fail(1, { name: 'Slow' })).toEqual({ status: 'up_for_retry', attempt: 1, dueAt: 1_100 });
    expect(fail(1, { name: 'autherror' })).toEqual({ status: 'up_for_retry', attempt: 1, dueAt: 1_100 });
  });

  test('follows the error itself before any rule', () => {
    expect(fail(1, { retryable: false, code: 'ECONNREFUSED' })).toEqual({ status: 'failed', attempt: 1 });
    expect(fail(1, { retryable: true })).toEqual({ status: 'up_for_retry', attempt: 1, dueAt: 1_100 });
    expect(fail(3, { retryable: true })).toEqual({ status: 'failed', attempt: 3 });
    expect(fail(1, { retryAfterMs: 7_000, code: 'ECONNREFUSED' })).toEqual({ status: 'up_for_retry', attempt: 1, dueAt: 7_100 });
    expect(fail(3, { retryAfterMs: 7_000 })).toEqual({ status: 'failed', attempt: 3 });
    expect(fail(1, { retryAfterMs: 7_000, name: 'AuthError' })).toEqual({ status: 'failed', attempt: 1 });
  });

  test('takes no nonsense as a delay', () => {
    expect(fail(1, { retryAfterMs: Number.NaN })).toEqual({ status: 'up_for_retry', attempt: 1, dueAt: 1_100 });
    expect(fail(1, { retryAfterMs: Number.POSITIVE_INFINITY, code: 'ECONNREFUSED' })).toEqual({
      status: 'up_for_retry',
      attempt: 1,
      dueAt: 120,
    });
    expect(fail(1, { retryAfterMs: -5 })).toEqual({ status: 'up_for_retry', attempt: 1, dueAt: 100 });
  });

  test('backs off by the number of the try, not of the attempt', () => {
    const exponential = { retries: { ...policy, backoff: 'exponential' as const } };
    const lost = { outcome: 'failed', error: ATTEMPT_LOST } as const;
    expect(attemptOutcome(exponential, 2, lost, 0, 0)).toEqual({ status: 'up_for_retry', attempt: 2, dueAt: 2_000 });
    expect(attemptOutcome(exponential, 12, lost, 0, 0, 11)).toEqual({ status: 'up_for_retry', attempt: 12, dueAt: 1_000 });
  });

  test('of a lost attempt has a name and a message', () => {
    expect(ATTEMPT_LOST).toEqual({
      name: 'AttemptLost',
      message: 'The attempt stopped renewing its lease: its worker died, was cut off, or never got the message',
    });
  });
});

describe('the retry delay', () => {
  const exponential: RetryPolicy = { ...policy, backoff: 'exponential', delayMs: 1_000, maxDelayMs: 10_000 };

  test('is the same each time when fixed, also above the cap of exponential ones', () => {
    expect([1, 2, 9].map((tryNumber) => retryDelay({ ...policy, delayMs: 7_000 }, tryNumber, 0.5))).toEqual([7_000, 7_000, 7_000]);
  });

  test('doubles up to the cap when exponential', () => {
    expect([1, 2, 3, 4, 5, 60, 5_000].map((tryNumber) => retryDelay(exponential, tryNumber, 0))).toEqual([
      1_000, 2_000, 4_000, 8_000, 10_000, 10_000, 10_000,
    ]);
  });

  test('loses up to the jitter share, after the cap', () => {
    expect(retryDelay({ ...exponential, jitter: 0.5 }, 9, 0.5)).toBe(7_500);
    expect(retryDelay({ ...exponential, jitter: 1 }, 1, 0.25)).toBe(750);
  });

  test('that was asked for is taken as it is', () => {
    expect(retryDelay({ ...exponential, jitter: 1 }, 3, 0.9, 123_456.4)).toBe(123_456);
    expect(retryDelay(exponential, 3, 0, -1)).toBe(0);
    expect(retryDelay(exponential, 3, 0, 0)).toBe(0);
  });

  test('is whole and within [delay × (1 − jitter), delay]', () => {
    fc.assert(
      fc.property(
        fc.nat(100_000),
        fc.nat(1_000_000),
        fc.constantFrom('fixed' as const, 'exponential' as const),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.integer({ min: 1, max: 100 }),
        (delayMs, maxDelayMs, backoff, jitter, dice, tryNumber) => {
          let full = delayMs;
          if (backoff === 'exponential') {
            for (let more = 1; more < tryNumber && full < maxDelayMs; more += 1) full *= 2;
            full = Math.min(full, maxDelayMs);
          }
          const delay = retryDelay({ ...policy, delayMs, maxDelayMs, backoff, jitter }, tryNumber, dice);
          expect(Number.isInteger(delay)).toBe(true);
          expect(delay).toBeGreaterThanOrEqual(full * (1 - jitter) - 0.5);
          expect(delay).toBeLessThanOrEqual(full + 0.5);
        },
      ),
      { numRuns: propertyRuns(300) },
    );
  });
});
