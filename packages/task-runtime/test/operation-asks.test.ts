/** An operation that needs a person's answer ends its attempt, and begins again with the answer. */
import { attemptOutcome, type Wait } from '@headrace/core';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { decodeValue } from '../src/index.ts';
import { PoolFixture, type RunOptions } from './support/pool-fixture.ts';

let fixture: PoolFixture;
beforeAll(async () => {
  fixture = await PoolFixture.start({ executorsModule: new URL('support/asking-executors.mjs', import.meta.url).href });
});
afterAll(() => fixture.stop());

const task = { retries: { max: 0, delayMs: 0, backoff: 'fixed', maxDelayMs: 0, jitter: 0, rules: [] } } as const;

const operate = (subject: string, options: RunOptions = {}) =>
  fixture.runDefined(`kind: 'load', operation: { subject: ${JSON.stringify(subject)} }`, options);

describe('an operation that asks', () => {
  test('waits without a slot, as a task that awaits input, and goes on with the answer', async () => {
    const { report } = await operate('Change raw/sales?');
    expect(report).toMatchObject({
      outcome: 'deferred',
      wait: {
        key: 'schema-1',
        condition: { kind: 'input', form: { subject: 'Change raw/sales?', body: 'new column', schema: { required: ['approved'] } } },
      },
    });
    expect(attemptOutcome(task, 1, report, 0, 0)).toEqual({ status: 'awaiting_input', attempt: 1 });
    const wait = (report as { wait: Wait }).wait;
    const answered = await operate('Change raw/sales?', {
      attempt: { waits: [{ key: 'schema-1', condition: wait.condition, outcome: 'met', json: '{"approved":true}' }] },
    });
    expect(answered.report).toEqual({ outcome: 'success' });
    expect(decodeValue((answered.result as { readonly json?: string } | undefined)?.json)).toEqual({ answer: { approved: true } });
  });

  test('is not given the answer to another question', async () => {
    const { report } = await operate('Change raw/sales?');
    const { condition } = (report as { wait: Wait }).wait;
    const other = await operate('Change raw/orders?', {
      attempt: { waits: [{ key: 'schema-1', condition, outcome: 'met', json: '{"approved":true}' }] },
    });
    expect(other.report).toMatchObject({ outcome: 'failed', error: { code: 'HR_WAIT_CHANGED' } });
  });
});
