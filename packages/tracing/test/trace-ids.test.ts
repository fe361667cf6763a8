import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatTraceParent, parseTraceParent, spanOfAttempt, traceOfRun } from '../src/index.ts';

const run = { runKey: '7', dagId: 'sales', runId: 'manual__1', runAfter: 1_000 };
const given = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

describe('the trace of a run', () => {
  test('follows from the run, and is another one for each', () => {
    const { traceId, spanId, parent } = traceOfRun(run);
    expect(traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(spanId).toMatch(/^[0-9a-f]{16}$/);
    expect(parent).toBeUndefined();
    expect(traceOfRun({ ...run })).toEqual(traceOfRun(run));
    for (const other of [{ runKey: '8' }, { dagId: 'x' }, { runId: 'x' }, { runAfter: 2 }])
      expect(traceOfRun({ ...run, ...other }).traceId).not.toBe(traceId);
  });

  test('is that of whoever asked for it; two runs in one trace have spans of their own', () => {
    const one = traceOfRun({ ...run, traceParent: given });
    const two = traceOfRun({ ...run, runKey: '8', traceParent: given });
    expect(one).toMatchObject({ traceId: '0af7651916cd43dd8448eb211c80319c', parent: { spanId: 'b7ad6b7169203331', flags: 1 } });
    expect(two.traceId).toBe(one.traceId);
    expect(two.spanId).not.toBe(one.spanId);
  });

  test('has a span for each try and its parts', () => {
    const attempt = { runKey: '7', taskInstanceId: '9', attempt: 1 };
    const ids = [
      spanOfAttempt(attempt),
      spanOfAttempt(attempt, 'queue'),
      spanOfAttempt({ ...attempt, attempt: 2 }),
      spanOfAttempt({ ...attempt, taskInstanceId: '10' }),
    ];
    expect(new Set(ids).size).toBe(4);
  });
});

describe('a traceparent', () => {
  test('is read and written', () => {
    expect(formatTraceParent(parseTraceParent(given) ?? { traceId: '', spanId: '', flags: 0 })).toBe(given);
    // A later version may say more at its end.
    expect(parseTraceParent(`cc${given.slice(2)}-more`)).toMatchObject({ flags: 1 });
  });

  test.each([
    ['nothing', ''],
    ['a forbidden version', `ff${given.slice(2)}`],
    ['a trace of zeros', `00-${'0'.repeat(32)}-b7ad6b7169203331-01`],
    ['a span of zeros', `00-0af7651916cd43dd8448eb211c80319c-${'0'.repeat(16)}-01`],
    ['capitals', given.toUpperCase()],
    ['a long text', `${given}-${'x'.repeat(500)}`],
  ])('that is %s is none', (_, text) => {
    expect(parseTraceParent(text)).toBeUndefined();
  });

  test('that is anything makes no error', () => {
    fc.assert(fc.property(fc.string(), (text) => (parseTraceParent(text)?.traceId.length ?? 32) === 32));
  });
});
