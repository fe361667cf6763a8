import type { AttemptProgress } from '@headrace/core';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parseFrame } from '../src/protocol.ts';
import { PoolFixture, type RunOptions } from './support/pool-fixture.ts';

let fixture: PoolFixture;
beforeAll(async () => {
  fixture = await PoolFixture.start({ executorsModule: new URL('support/data-executors.mjs', import.meta.url).href });
});
afterAll(() => fixture.stop());

function operate(operation: object, options: RunOptions = {}, more = '') {
  return fixture.runDefined(`kind: 'load', operation: ${JSON.stringify(operation)}, ${more}`, options);
}

const check = { check: 'not_null', columns: ['id'], severity: 'warn', ok: false, count: 2, samples: ['id=null'] };
const result = {
  kind: 'lake',
  connection: 'lake',
  table: 'raw/sales',
  partition: { day: '2017-06-19' },
  version: 3,
  loadId: 'L1',
  unchanged: false,
  rows: 3,
  bytes: 120,
  counts: { in: 5, out: 3, deduplicated: 1, quarantined: 1 },
  columns: [{ name: 'id', type: 'bigint' }],
  checks: [check],
  drift: [{ table: 'raw/sales', change: 'column_added', column: 'x', action: 'evolve' }],
  quarantine: '_quarantine/1.parquet',
  cursor: { name: 'c', before: null, after: { value: '9', boundary: ['aa', 'bb'] } },
};
const target = { connector: 'lake', connection: 'lake', kind: 'table', settings: { name: 'raw/sales' } };

describe('what a data task read and wrote', () => {
  test('is reported with its success', async () => {
    const { report, data } = await operate({ target, disposition: { merge: ['id'] }, partition: { day: '2017-06-19' }, result });
    expect(report).toEqual({ outcome: 'success' });
    expect(data).toEqual({
      loads: [
        {
          kind: 'lake',
          connection: 'lake',
          place: 'raw/sales',
          partition: { day: '2017-06-19' },
          rowsIn: 5,
          rowsOut: 3,
          rowsDeduplicated: 1,
          rowsQuarantined: 1,
          unchanged: false,
          schemaHash: expect.stringMatching(/^[0-9a-f]{64}$/),
          columns: [{ name: 'id', type: 'bigint' }],
          loadId: 'L1',
          bytes: 120,
          version: 3,
          disposition: 'merge',
          drift: result.drift,
          cursor: { name: 'c', before: null, after: { value: '9', rowsAtBoundary: 2 } },
          quarantine: '_quarantine/1.parquet',
        },
      ],
      checks: [
        {
          connection: 'lake',
          place: 'raw/sales',
          partition: { day: '2017-06-19' },
          loadId: 'L1',
          name: 'not_null',
          columns: ['id'],
          severity: 'warn',
          stage: 'staging',
          ok: false,
          count: 2,
          samples: ['id=null'],
        },
      ],
    });
  });

  test('is told with the events of its outlets, where the task does not say otherwise', async () => {
    const { assetEvents } = await operate({ target, result }, {}, `flow: { outlets: [{ name: 'sales' }] },`);
    expect(assetEvents).toEqual([{ asset: 'sales', extra: { loadId: 'L1', rows: 3, version: 3 } }]);
  });

  test('is, of a task that its checks failed, those checks', async () => {
    const failure = { code: 'HR_CHECK_FAILED', results: [{ ...check, severity: 'block', at: 'flight', name: 'mine' }, 'nonsense'] };
    const { report, data } = await operate({ target, partition: {}, failure });
    expect(report).toMatchObject({ outcome: 'failed', error: { code: 'HR_CHECK_FAILED' } });
    expect(data).toMatchObject({
      loads: [],
      checks: [{ connection: 'lake', place: 'raw/sales', name: 'not_null', stage: 'flight', count: 2, detail: { name: 'mine' } }],
    });
  });

  test('is, of a task that failed after its rows were published, the load too', async () => {
    const { data } = await operate({ target, failure: { code: 'HR_CHECK_FAILED', results: [], published: result } });
    expect(data?.loads).toMatchObject([{ loadId: 'L1', rowsOut: 3 }]);
  });

  test('is nothing where there are no rows, or another error', async () => {
    expect(await operate({ target, result: { rows: 3 } })).not.toHaveProperty('data');
    expect(await operate({ target, failure: { code: 'HR_OTHER', results: [check] } })).not.toHaveProperty('data');
  });

  test('shows no secret of a connection', async () => {
    const connections = [{ id: 'lake', url: 's3://lake?accessKeyId=AK&secretAccessKey=very/secret' }];
    const { data } = await operate({ target, result: { ...result, quarantine: 'at very/secret' } }, { connections });
    expect(data?.loads[0]?.quarantine).toBe('at ***');
  });
});

describe('how far a data task is', () => {
  test('is told at once, then once a second, and stands in its log', async () => {
    const told: { progress: AttemptProgress; runMs: number }[] = [];
    const ended = await operate(
      { target, tells: [{ phase: 'reading' }, { phase: 'reading', rows: 1 }], forMs: 1_400, result },
      { onProgress: (progress, runMs) => told.push({ progress, runMs }) },
    );
    expect(told[0]?.progress).toEqual({ phase: 'reading' });
    expect(told.length).toBeGreaterThanOrEqual(2);
    expect(told.length).toBeLessThanOrEqual(4);
    expect(told[1]).toMatchObject({ progress: { phase: 'writing', totalRows: 10_000 } });
    const lines = fixture.logOf(ended).filter(({ stream }) => stream === 'progress');
    expect(lines).toHaveLength(told.length);
    expect(lines[1]?.message).toMatch(/^writing: \d+ rows, \d+ rows\/s, \d %, about .+ left$/);
    expect(lines[1]?.fields).toMatchObject({ phase: 'writing', totalRows: 10_000, fraction: expect.any(Number) });
  });

  test('is believed only in whole figures', () => {
    const frame = (more: object) => () => parseFrame(JSON.stringify({ type: 'progress', run: 1, phase: 'reading', ...more }));
    expect(frame({ rows: 3, totalBytes: 4 })()).toMatchObject({ rows: 3 });
    expect(frame({ rows: -1 })).toThrow(/not of protocol/);
    expect(frame({ bytes: '1' })).toThrow(/not of protocol/);
    expect(frame({ phase: 1 })).toThrow(/not of protocol/);
  });

  test('and a report only in the form of one', () => {
    const end = (data: unknown) => () =>
      parseFrame(JSON.stringify({ type: 'end', run: 1, bundles: 1, ending: { outcome: 'success', data } }));
    expect(end({ loads: [], checks: [] })()).toMatchObject({ type: 'end' });
    expect(end({ loads: [{ kind: 'lake' }], checks: [] })).toThrow(/not of protocol/);
    expect(end({ loads: [] })).toThrow(/not of protocol/);
  });
});
