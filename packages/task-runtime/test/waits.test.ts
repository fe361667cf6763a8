import { createHash } from 'node:crypto';
import type { Wait } from '@headrace/core';
import type { EndedWait } from '@headrace/ports';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { decodeValue } from '../src/index.ts';
import { PoolFixture } from './support/pool-fixture.ts';

let fixture: PoolFixture;

beforeAll(async () => {
  fixture = await PoolFixture.start();
});

afterAll(() => fixture.stop());

const resultOf = (result: { result?: { kind: string; json?: string } }): unknown => decodeValue(result.result?.json);
const run = (body: string, waits: readonly EndedWait[] = [], openWait?: Wait) =>
  fixture.runDefined(`run: async ({ wait, log }) => { ${body} }`, {
    attempt: { ...(waits.length === 0 ? {} : { waits }), ...(openWait === undefined ? {} : { openWait }) },
  });

describe('a wait', () => {
  test('ends the attempt with what is waited for, and answers at once when it has ended', async () => {
    const body = `await wait.for('1 hour'); return 'after'`;
    const before = Date.now();
    const { report } = await run(body);
    expect(report).toMatchObject({ outcome: 'deferred', wait: { key: '1', condition: { kind: 'time' }, onTimeout: 'fail' } });
    const at = report.outcome === 'deferred' && report.wait.condition.kind === 'time' ? report.wait.condition.at : 0;
    expect(at).toBeGreaterThanOrEqual(before + 3_600_000);
    const ended = await run(body, [{ key: '1', condition: { kind: 'time', at }, outcome: 'met' }]);
    expect(resultOf(ended)).toBe('after');
  });

  test('that is over soon, or over already, stays in the process, and is told with the next one', async () => {
    const body = `await wait.for(30); await wait.until('2020-01-01'); await wait.asset('sales', { timeout: '1 day', onTimeout: 'skip' });`;
    const { report, endedWaits } = await run(body);
    expect(report).toMatchObject({
      outcome: 'deferred',
      wait: { key: '3', condition: { kind: 'asset', name: 'sales' }, onTimeout: 'skip' },
    });
    expect(endedWaits).toMatchObject([
      { key: '1', outcome: 'met' },
      { key: '2', outcome: 'met' },
    ]);
    const again = await run(`${body} return 'sold'`, [
      ...(endedWaits ?? []),
      { key: '3', condition: { kind: 'asset', name: 'sales' }, outcome: 'met', json: '{"asset":"sales","extra":{},"at":5}' },
    ]);
    expect(resultOf(again)).toBe('sold');
  });

  test('gives what came: an event, a state, a body, undefined when it was given up', async () => {
    const body = `return [await wait.asset('a'), await wait.run({ dagId: 'x', runId: 'r' }), await wait.webhook(), await wait.asset('b')];`;
    const ended = await run(body, [
      { key: '1', condition: { kind: 'asset', name: 'a' }, outcome: 'met', json: '{"asset":"a","partition":"p","extra":{"n":1},"at":5}' },
      { key: '2', condition: runOf('x'), outcome: 'met', json: '"success"' },
      { key: '3', condition: { kind: 'webhook' }, outcome: 'met', json: '{"$date":"of the caller"}' },
      { key: '4', condition: { kind: 'asset', name: 'b' }, outcome: 'timeout' },
    ]);
    expect(resultOf(ended)).toEqual([
      { asset: 'a', partition: 'p', extra: { n: 1 }, at: new Date(5) },
      'success',
      { $date: 'of the caller' },
      undefined,
    ]);
  });

  test('for a run that came to a state that fails it throws, and the retry policy has the word', async () => {
    const body = `await wait.run({ dagId: 'x', runId: 'r' });`;
    const first = await run(body);
    expect(first.report).toMatchObject({ outcome: 'deferred', wait: { condition: { states: ['success'], failOn: ['failed'] } } });
    const { report } = await run(body, [{ key: '1', condition: runOf('x'), outcome: 'failed', json: '"failed"' }]);
    expect(report).toMatchObject({
      outcome: 'failed',
      error: { code: 'HR_WAITED_FOR_FAILED', message: expect.stringContaining('failed') },
    });
    expect(report.outcome === 'failed' && report.error).not.toHaveProperty('retryable');
  });

  test('announces the address of a webhook once, and keeps only a hash of its token', async () => {
    const body = `await wait.webhook({ announce: (path) => log.info(path) });`;
    const waiting = await run(body);
    const [path = ''] = fixture.messagesOf(waiting);
    expect(path).toMatch(/^\/headrace\/v1\/waits\/[\w-]{43}$/);
    const tokenHash = createHash('sha256')
      .update(path.split('/').at(-1) ?? '')
      .digest('hex');
    expect(waiting.report).toMatchObject({ outcome: 'deferred', wait: { condition: { kind: 'webhook' }, tokenHash } });
    const ended = await run(body, [{ key: '1', condition: { kind: 'webhook' }, outcome: 'met', json: '1' }]);
    expect(fixture.messagesOf(ended)).toEqual([]);
  });

  test('that user code catches fails the attempt and says so', async () => {
    for (const body of [
      `try { await wait.for('1 h') } catch {} return 1`,
      `try { await wait.for('1 h') } catch (cause) { throw new Error('wrapped', { cause }) }`,
      `wait.for('1 h').then(() => 1); return 1`,
    ]) {
      const { report } = await run(body);
      expect(report).toMatchObject({
        outcome: 'failed',
        error: { code: 'HR_WAIT_SWALLOWED', message: expect.stringContaining('HR_SUSPENDED') },
      });
    }
  });

  test('lets finally blocks run, and several at once are one after the other', async () => {
    const { report, ...rest } = await run(`try { await Promise.all([wait.for('1 h'), wait.asset('a')]) } finally { log.info('closed') }`);
    expect(report).toMatchObject({ outcome: 'deferred', wait: { condition: { kind: 'time' } } });
    expect(fixture.messagesOf({ report, ...rest })).toEqual(['closed']);
  });

  test('that is another one than before fails the attempt', async () => {
    const { report } = await run(`await wait.asset('b')`, [{ key: '1', condition: { kind: 'asset', name: 'a' }, outcome: 'met' }]);
    expect(report).toMatchObject({
      outcome: 'failed',
      error: { code: 'HR_WAIT_CHANGED', message: expect.stringMatching(/asset "b".*asset "a"/) },
    });
    const renamed = await run(`await wait.asset('a', { key: 'new' })`, [
      { key: 'old', condition: { kind: 'asset', name: 'a' }, outcome: 'met' },
    ]);
    expect(renamed.report).toMatchObject({ error: { code: 'HR_WAIT_CHANGED' } });
    const twice = await run(`await wait.for(1, { key: 'k' }); await wait.for(1, { key: 'k' })`);
    expect(twice.report).toMatchObject({ outcome: 'failed', error: { code: 'HR_BAD_WAIT' } });
  });

  test('with nonsense for a time or a duration is refused', async () => {
    for (const body of [
      `await wait.until('tomorrow')`,
      `await wait.until('2030-01-01T00:00')`,
      `await wait.for(NaN)`,
      `await wait.for('soon')`,
    ]) {
      const { report } = await run(body);
      expect(report.outcome === 'failed' && report.error.code).toMatch(/HR_BAD_WAIT|HR_BAD_DURATION/);
    }
  });
});

describe('a form', () => {
  const form = (more: string) => `
    const schema = { '~standard': { version: 1, vendor: 'test',
      validate: (value) => (typeof value.rows === 'number' ? { value: { rows: BigInt(value.rows) } } : { issues: [{ message: 'rows is missing' }] }),
      jsonSchema: { input: () => ({ type: 'object', required: ['rows'] }) } } };
    return wait.input({ subject: 'Load it?', schema, ${more} }, { timeout: '1 day', onTimeout: 'continue' });`;

  test('is shown as JSON Schema, and its answer comes in the types of the schema', async () => {
    const { report } = await run(form(`body: 'many rows', assignees: ['ada']`));
    expect(report).toMatchObject({
      outcome: 'deferred',
      wait: {
        condition: { kind: 'input', form: { subject: 'Load it?', body: 'many rows', schema: { required: ['rows'] }, assignees: ['ada'] } },
        onTimeout: 'continue',
        timeoutAt: expect.any(Number),
      },
    });
    const condition = report.outcome === 'deferred' ? report.wait.condition : { kind: 'webhook' as const };
    expect(resultOf(await run(form(''), [{ key: '1', condition, outcome: 'met', json: '{"rows":7}' }]))).toEqual({ rows: 7n });
    const wrong = await run(form(''), [{ key: '1', condition, outcome: 'met', json: '{}' }]);
    expect(wrong.report).toMatchObject({ outcome: 'failed', error: { code: 'HR_ANSWER_INVALID' } });
    expect(resultOf(await run(form('default: { rows: 1 }'), [{ key: '1', condition, outcome: 'timeout' }]))).toEqual({ rows: 1 });
  });

  test('whose default its own schema refuses is refused', async () => {
    const { report } = await run(form('default: {}'));
    expect(report).toMatchObject({ outcome: 'failed', error: { code: 'HR_ANSWER_INVALID', message: expect.stringContaining('default') } });
  });
});

describe('a poll', () => {
  test('looks in the process, again later, until it has found or its time is over', async () => {
    const body = (look: string, options = `{ every: '5 min', timeout: '1 h', onTimeout: 'continue' }`) =>
      `return [await wait.poll(${look}, ${options})];`;
    const { report } = await run(body('() => false'));
    expect(report).toMatchObject({ outcome: 'rescheduled', wait: { key: '1', condition: { kind: 'poll', everyMs: 300_000 } } });
    if (report.outcome !== 'rescheduled' || report.wait?.timeoutAt === undefined) throw new Error('no wait');
    expect(report.wait.timeoutAt - report.dueAt).toBeGreaterThan(3_000_000);
    const soon = Date.now() + 2_000;
    const again = await run(body('() => undefined'), [], { ...report.wait, timeoutAt: soon });
    expect(again.report).toMatchObject({ outcome: 'rescheduled', dueAt: soon, wait: { timeoutAt: soon } });
    const found = await run(body('async () => 5n'), [], report.wait);
    expect(resultOf(found)).toEqual([5n]);
    expect(found.endedWaits).toMatchObject([{ key: '1', outcome: 'met', json: '{"$bigint":"5"}' }]);
    expect(resultOf(await run(body('() => false'), [], { ...report.wait, timeoutAt: 1 }))).toEqual([undefined]);
    const failing = await run(body('() => false', `{ timeout: 1 }`), [], { ...report.wait, timeoutAt: 1, onTimeout: 'fail' });
    expect(failing.report).toMatchObject({ outcome: 'failed', error: { code: 'HR_WAIT_TIMEOUT', retryable: false } });
    const skipping = await run(body('() => false'), [], { ...report.wait, timeoutAt: 1, onTimeout: 'skip' });
    expect(skipping.report.outcome).toBe('skipped');
  });

  test('that has found is not asked again after a later wait', async () => {
    const body = `const found = await wait.poll(() => { log.info('looked'); return 'it'; }); await wait.for('1 h'); return found;`;
    const { report, endedWaits, ...rest } = await run(body);
    expect(report.outcome).toBe('deferred');
    expect(fixture.messagesOf({ report, ...rest })).toEqual(['looked']);
    const condition = { kind: 'time', at: 0 } as const;
    const ended = await run(body, [...(endedWaits ?? []), { key: '2', condition, outcome: 'met' }]);
    expect(resultOf(ended)).toBe('it');
    expect(fixture.messagesOf(ended)).toEqual([]);
  });
});

describe('a sensor', () => {
  const sensor = (mode: string, softFail = false, everyMs = 20, timeoutMs = 60_000) =>
    `flow: { sensor: { mode: '${mode}', everyMs: ${everyMs}, timeoutMs: ${timeoutMs}, softFail: ${softFail} } },`;

  test('that pokes looks in its process until it has found', async () => {
    const ended = await fixture.runDefined(
      `${sensor('poke')} run: () => { globalThis.looks = (globalThis.looks ?? 0) + 1; return globalThis.looks >= 3 && globalThis.looks }`,
    );
    expect(resultOf(ended)).toBe(3);
  });

  test('that reschedules ends its attempt between looks', async () => {
    const before = Date.now();
    const { report } = await fixture.runDefined(`${sensor('reschedule', false, 30_000)} run: () => false`, {
      attempt: { firstStartedAt: before },
    });
    expect(report.outcome === 'rescheduled' && report.dueAt).toBeGreaterThanOrEqual(before + 30_000);
    const last = await fixture.runDefined(`${sensor('reschedule', false, 30_000)} run: () => false`, {
      attempt: { firstStartedAt: before - 50_000 },
    });
    expect(last.report).toEqual({ outcome: 'rescheduled', dueAt: before + 10_000 });
  });

  test('fails without another try, or is skipped, when its time in all is over', async () => {
    for (const mode of ['poke', 'reschedule']) {
      const over = { attempt: { firstStartedAt: Date.now() - 61_000, attempt: 3 } };
      const { report } = await fixture.runDefined(`${sensor(mode)} run: () => false`, over);
      expect(report).toMatchObject({ outcome: 'failed', error: { code: 'HR_SENSOR_TIMEOUT', retryable: false } });
      const soft = await fixture.runDefined(`${sensor(mode, true)} run: () => false`, over);
      expect(soft.report.outcome).toBe('skipped');
      const found = await fixture.runDefined(`${sensor(mode)} run: () => true`, over);
      expect(found.report.outcome).toBe('success');
    }
  });

  test('that is deferred waits no longer than it may in all', async () => {
    const { report } = await fixture.runDefined(`${sensor('deferred', true)} run: ({ wait }) => wait.asset('a')`, {
      attempt: { firstStartedAt: 1_000 },
    });
    expect(report).toMatchObject({ outcome: 'deferred', wait: { timeoutAt: 61_000, onTimeout: 'skip' } });
  });
});

function runOf(dagId: string): EndedWait['condition'] {
  return { kind: 'run', dagId, run: { runId: 'r' }, states: ['success'], failOn: ['failed'] };
}

describe('a task that asks for a run of another DAG', () => {
  const task = `run: () => ({ [OUTCOME_BRAND]: true, result: undefined, trigger: { dagId: 'x', params: { n: 1 }, wait: { states: ['success'], failOn: ['failed'] } } })`;
  const ended = (outcome: EndedWait['outcome'], json = '"success"') =>
    fixture.runDefined(task, { attempt: { waits: [{ key: 'triggered', condition: runOf('x'), outcome, json }] } });

  test('says which, and is done with its id when the run has ended well', async () => {
    const { trigger, report } = await fixture.runDefined(task);
    expect([report, trigger]).toMatchObject([{ outcome: 'success' }, { dagId: 'x', params: { n: 1 } }]);
    const done = await ended('met');
    expect(done).not.toHaveProperty('trigger');
    expect(resultOf(done)).toBe('r');
    expect((await ended('failed', '"failed"')).report).toMatchObject({ outcome: 'failed', error: { code: 'HR_WAITED_FOR_FAILED' } });
  });
});
