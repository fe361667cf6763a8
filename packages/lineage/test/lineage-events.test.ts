import type { DataReport, NewLoad, NewNotice } from '@headrace/ports';
import { describe, expect, test } from '@jest/globals';
import { type DatasetName, datasetName, LineageEvents } from '../src/index.ts';
import { problemsOf } from './validate-event.ts';

const events = new LineageEvents({ namespace: 'here', producer: 'urn:headrace', version: '0.1.0' });
const run = { runKey: '7', dagId: 'sales', runId: 'manual__1', revision: 2, intervalStart: 0, intervalEnd: 86_400_000 };
const attempt = { ...run, taskInstanceId: '9', taskId: 'load_sales', mapIndex: -1, attempt: 2 };
const task = { kind: 'load', doc: 'Loads sales' } as const;

interface Event {
  readonly eventType: string;
  readonly eventTime: string;
  readonly run: { readonly runId: string; readonly facets: Readonly<Record<string, Readonly<Record<string, unknown>>>> };
  readonly job: { readonly name: string; readonly namespace: string };
  readonly inputs: readonly (DatasetName & Readonly<Record<string, unknown>>)[];
  readonly outputs: readonly (DatasetName & { readonly facets: Readonly<Record<string, unknown>>; readonly outputFacets: object })[];
}

function eventOf(notice: NewNotice | undefined): Event {
  if (notice === undefined) throw new Error('nothing was told');
  return (notice.payload as { openLineage: Event }).openLineage;
}

const load: NewLoad = {
  kind: 'table',
  connection: 'dwh',
  place: 'mart.sales',
  partition: {},
  rowsIn: 12,
  rowsOut: 10,
  rowsDeduplicated: 1,
  rowsQuarantined: 1,
  bytes: 300,
  version: 4,
  unchanged: false,
  schemaHash: 'x',
  columns: [
    { name: 'day', type: 'date' },
    { name: 'amount', type: 'decimal(18,2)' },
  ],
  lineage: {
    reads: [{ input: 'raw', connector: 'lake', connection: 'lake', name: 'raw/sales' }],
    writes: [{ connector: 'postgres', connection: 'dwh', name: 'mart.sales' }],
    columns: {
      day: [{ input: 'raw', column: 'sold_at' }],
      amount: [
        { input: 'raw', column: 'price' },
        { input: 'raw', column: 'count' },
      ],
    },
  },
};
const check = {
  connection: 'dwh',
  place: 'mart.sales',
  partition: {},
  name: 'not_null',
  columns: ['day', 'amount'],
  severity: 'block',
  ok: false,
  count: 3,
  samples: [],
};
const urls: Readonly<Record<string, string>> = {
  dwh: 'postgres://loader:s3cret@db.example:6432/warehouse?sslkey=abc',
  lake: 's3://bucket/lake?accessKeyId=AK&secretAccessKey=s3cret',
};

function ended(
  data: DataReport | undefined,
  report: Parameters<LineageEvents['attemptEnded']>[2]['report'] = { outcome: 'success' },
  cancelled = false,
) {
  const end = { startedAt: 1_000, endedAt: 2_000, report, cancelled, ...(data === undefined ? {} : { data }) };
  return events.attemptEnded(attempt, task, end, (connection) => urls[connection]);
}

describe('an OpenLineage event', () => {
  test('of whatever happens is as the specification says', () => {
    const told = [
      events.runStarted(run, { description: 'Sales' }, 1_000),
      ...events.runEnded(run, {}, 'COMPLETE', { startedAt: 1_000, endedAt: 2_000 }),
      ...events.runEnded(run, {}, 'FAIL', { startedAt: 1_000, endedAt: 2_000 }),
      ...events.runEnded(run, {}, 'ABORT', { startedAt: 1_000, endedAt: 2_000 }),
      events.attemptStarted(attempt, task, 1_000),
      events.attemptStarted(attempt, undefined, 1_000),
      events.attemptGone(attempt, task, 'FAIL', 2_000, 'Its worker died'),
      ...ended({ loads: [load], checks: [check, { ...check, columns: [], ok: true }] }),
      ...ended({ loads: [], checks: [check] }, { outcome: 'failed', error: { name: 'CheckFailed', message: 'no', stack: 'at x:1:2' } }),
      ...ended(undefined, { outcome: 'skipped', reason: 'nothing to do' }),
      ...ended(undefined, { outcome: 'interrupted' }),
      ...ended({
        loads: [
          { ...load, lineage: { reads: [], writes: [] } },
          { ...load, columns: [] },
        ],
        checks: [],
      }),
    ];
    for (const notice of told) expect(problemsOf(eventOf(notice))).toEqual([]);
    expect(JSON.stringify(told)).not.toContain('s3cret');
  });

  test('is found to be wrong by the same validation', () => {
    const event = eventOf(events.runStarted(run, {}, 1_000));
    expect(problemsOf({ ...event, eventType: 'BEGUN' })).not.toEqual([]);
    expect(problemsOf({ ...event, run: { runId: '7', facets: {} } })).not.toEqual([]);
    const { parent } = eventOf(events.attemptStarted(attempt, task, 1_000)).run.facets;
    const broken = { ...event, run: { ...event.run, facets: { parent: { ...parent, job: {} } } } };
    expect(problemsOf(broken)).not.toEqual([]);
  });

  test('of a load names what it read and wrote, with columns, checks and figures', () => {
    const [, notice] = ended({ loads: [load], checks: [check] });
    const { eventType, inputs, outputs, job } = eventOf(notice);
    expect({ eventType, job }).toMatchObject({ eventType: 'COMPLETE', job: { namespace: 'here', name: 'sales.load_sales' } });
    expect(inputs).toEqual([{ namespace: 's3://bucket', name: 'lake/raw/sales' }]);
    const raw = { namespace: 's3://bucket', name: 'lake/raw/sales' };
    expect(outputs).toMatchObject([
      {
        namespace: 'postgres://db.example:6432',
        name: 'warehouse.mart.sales',
        facets: {
          schema: {
            fields: [
              { name: 'day', type: 'date' },
              { name: 'amount', type: 'decimal(18,2)' },
            ],
          },
          columnLineage: {
            fields: {
              day: { inputFields: [{ ...raw, field: 'sold_at' }] },
              amount: {
                inputFields: [
                  { ...raw, field: 'price' },
                  { ...raw, field: 'count' },
                ],
              },
            },
          },
          version: { datasetVersion: '4' },
          dataQualityAssertions: {
            assertions: [
              { assertion: 'not_null', column: 'day', success: false, severity: 'block', actual: '3' },
              { assertion: 'not_null', column: 'amount', success: false },
            ],
          },
        },
        outputFacets: { outputStatistics: { rowCount: 10, size: 300 } },
      },
    ]);
  });

  test('of an attempt hangs on its run, and each try is a run of its own', () => {
    const parent = eventOf(events.runStarted(run, {}, 1_000)).run.runId;
    const [start, end] = ended(undefined).map(eventOf);
    expect(start?.run.facets.parent).toMatchObject({ run: { runId: parent }, job: { name: 'sales' } });
    expect(start?.run.runId).toBe(end?.run.runId);
    const next = eventOf(events.attemptStarted({ ...attempt, attempt: 3 }, task, 1_000));
    expect(new Set([parent, start?.run.runId, next.run.runId]).size).toBe(3);
  });

  test('says how it ended: what failed, what was taken back', () => {
    const typeOf = (notices: readonly NewNotice[]) => eventOf(notices[1]).eventType;
    expect(typeOf(ended(undefined, { outcome: 'skipped' }))).toBe('COMPLETE');
    const failed = ended(undefined, { outcome: 'failed', error: { name: 'TypeError', message: 'no such column' } });
    expect(typeOf(failed)).toBe('FAIL');
    expect(eventOf(failed[1]).run.facets.errorMessage).toMatchObject({
      message: 'TypeError: no such column',
      programmingLanguage: 'JavaScript',
    });
    expect(typeOf(ended(undefined, { outcome: 'interrupted' }))).toBe('ABORT');
    expect(typeOf(ended(undefined, { outcome: 'failed', error: { name: 'E', message: '' } }, true))).toBe('ABORT');
  });

  test('of a start is the same notice whoever tells it, and an end another one', () => {
    const start = events.attemptStarted(attempt, task, 1_000);
    const [again, end] = ended(undefined);
    expect(again?.key).toBe(start.key);
    expect(end?.key).not.toBe(start.key);
    expect(start.target).toEqual({ kind: 'lineage' });
    expect(start.payload).toMatchObject({ event: 'lineage.start', dagId: 'sales', runId: 'manual__1' });
  });
});

describe('the name of a dataset', () => {
  test.each([
    ['postgresql://u:p@db/app', 'orders', 'postgres://db:5432', 'app.public.orders'],
    ['postgres://db:6432,other:6433/app?sslmode=require', 'mart.orders', 'postgres://db:6432', 'app.mart.orders'],
    ['postgres://u:p@[::1]:5433/my%20app', 's.t', 'postgres://[::1]:5433', 'my app.s.t'],
    ['mysql://u:p@db/shop', 'orders', 'mysql://db:3306', 'shop.orders'],
    ['mariadb://db:3307/shop', 'other.orders', 'mysql://db:3307', 'other.orders'],
    ['mongodb+srv://u:p@cluster.example/shop', 'orders', 'mongodb://cluster.example:27017', 'shop.orders'],
    ['s3://bucket/prefix/?region=eu', 'raw/sales', 's3://bucket', 'prefix/raw/sales'],
    ['s3://bucket', 'raw/sales', 's3://bucket', 'raw/sales'],
    ['gs://bucket/x', '/a.csv', 'gs://bucket', 'x/a.csv'],
    ['file:///data/lake', 'raw/sales', 'file', '/data/lake/raw/sales'],
    ['file:///', 'a.csv', 'file', '/a.csv'],
    ['sftp://u:p@host/in', 'a.csv', 'sftp://host:22', 'in/a.csv'],
    ['https://api.example/v1?token=x', 'orders', 'https://api.example', 'v1/orders'],
    [undefined, 'orders', 'headrace://crm', 'orders'],
  ])('of %s and %s', (url, name, namespace, full) => {
    expect(datasetName({ connection: 'crm', name }, url)).toEqual({ namespace, name: full });
  });
});
