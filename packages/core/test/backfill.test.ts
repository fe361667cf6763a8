import { describe, expect, test } from '@jest/globals';
import {
  advanceBackfill,
  type BackfilledDag,
  type BackfillRequest,
  backfillDates,
  type ExistingRun,
  MOST_BACKFILL_RUNS,
  planBackfill,
  type ScheduleSpec,
} from '../src/index.ts';
import { taskSpec } from './support/specs.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const utc = (text: string): number => Date.parse(text);
const NOW = utc('2025-03-01T12:00Z');
const TIMES = { firstSeenAt: utc('2025-01-01T00:00Z') };
const daily: ScheduleSpec = { kind: 'cron', expression: '@daily', timezone: 'UTC', interval: 'cron' };
const dag = (more: Partial<BackfilledDag> = {}): BackfilledDag => ({ dagId: 'shop', schedule: daily, tasks: [], ...more });
const range = (from: string, to: string, more: Partial<BackfillRequest> = {}): BackfillRequest => ({
  from: utc(from),
  to: utc(to),
  reprocess: 'none',
  backwards: false,
  ...more,
});
const dates = (of: BackfilledDag, request: BackfillRequest): readonly string[] =>
  planBackfill(of, request, [], NOW, TIMES).map((entry) => new Date(entry.logicalDate).toISOString().slice(0, 16));

describe('the dates of a backfill', () => {
  test('are the logical dates in the range, both ends included', () => {
    expect(dates(dag(), range('2025-02-01T00:00Z', '2025-02-03T00:00Z'))).toEqual([
      '2025-02-01T00:00',
      '2025-02-02T00:00',
      '2025-02-03T00:00',
    ]);
    expect(dates(dag(), range('2025-02-01T00:01Z', '2025-02-02T23:59Z'))).toEqual(['2025-02-02T00:00']);
  });

  test('are not bound by the start of the DAG, but end with what has ended', () => {
    expect(dates(dag({ startAt: utc('2025-02-20T00:00Z') }), range('2024-12-31T00:00Z', '2024-12-31T00:00Z'))).toEqual([
      '2024-12-31T00:00',
    ]);
    expect(dates(dag(), range('2025-02-27T00:00Z', '2026-02-27T00:00Z'))).toEqual(['2025-02-27T00:00', '2025-02-28T00:00']);
  });

  test('come backwards if asked, and with their partitions', () => {
    const partitioned = dag({ schedule: { ...daily, partitioned: true } });
    const entries = planBackfill(partitioned, range('2025-02-01T00:00Z', '2025-02-03T00:00Z', { backwards: true }), [], NOW, TIMES);
    expect(entries.map(({ position, partitionKey }) => [position, partitionKey])).toEqual([
      [0, '2025-02-03'],
      [1, '2025-02-02'],
      [2, '2025-02-01'],
    ]);
  });

  test.each<[string, ScheduleSpec, readonly string[]]>([
    ['trigger', { ...daily, interval: 'trigger' }, ['2025-02-01T00:00', '2025-02-02T00:00']],
    ['length', { ...daily, interval: { lengthMs: 36 * HOUR } }, ['2025-02-01T12:00']],
    [
      'crons',
      { kind: 'crons', expressions: ['0 1 * * *', '0 2 1 * *'], timezone: 'UTC', interval: 'trigger' },
      ['2025-02-01T01:00', '2025-02-01T02:00'],
    ],
    ['steps', { kind: 'interval', every: { unit: 'ms', count: 10 * HOUR } }, ['2025-02-01T06:00', '2025-02-01T16:00']],
    [
      'delta',
      { kind: 'delta', every: { unit: 'day', count: 1, timezone: 'UTC' }, interval: 'trigger' },
      ['2025-02-01T00:00', '2025-02-02T00:00'],
    ],
    ['events', { kind: 'events', at: [utc('2025-02-01T05:00Z'), utc('2025-02-05T05:00Z')], restrict: false }, ['2025-02-01T05:00']],
    [
      'time and assets',
      { kind: 'assets_or_time', when: { kind: 'asset', name: 'a' }, time: daily },
      ['2025-02-01T00:00', '2025-02-02T00:00'],
    ],
  ])('of %s', (_, schedule, expected) => {
    expect(dates(dag({ schedule }), range('2025-02-01T00:00Z', '2025-02-02T00:00Z'))).toEqual(expected);
  });

  test('of a timetable of its own are those that it answers', () => {
    const own = dag({ schedule: { kind: 'custom', name: 'weekly' } });
    const request = range('2025-02-01T00:00Z', '2025-02-15T00:00Z');
    const timetables = (_: string, { last, earliest }: { last: { end: number } | undefined; earliest: number }) => {
      const start = last?.end ?? earliest;
      return { start, end: start + 7 * DAY };
    };
    expect(planBackfill(own, request, [], NOW, { ...TIMES, timetables }).map((entry) => entry.logicalDate)).toEqual(
      ['2025-02-01T00:00Z', '2025-02-08T00:00Z', '2025-02-15T00:00Z'].map(utc),
    );
    expect(backfillDates(own, request, NOW, TIMES)).toEqual({
      asks: { name: 'weekly', question: { last: undefined, earliest: request.from, latest: undefined } },
    });
    expect(() => planBackfill(own, request, [], NOW, TIMES)).toThrow('has not answered yet');
  });
});

// Airflow 3, core-concepts/backfill, "Control over data reprocessing".
describe('a date at which there is a run', () => {
  const at = (day: string, status: ExistingRun['status']): ExistingRun => ({ logicalDate: utc(day), runId: `${status}_run`, status });
  const existing = [
    at('2025-02-01T00:00Z', 'success'),
    at('2025-02-02T00:00Z', 'failed'),
    at('2025-02-03T00:00Z', 'running'),
    at('2025-02-04T00:00Z', 'queued'),
  ];
  const planned = (reprocess: BackfillRequest['reprocess']): readonly string[] =>
    planBackfill(dag(), range('2025-02-01T00:00Z', '2025-02-05T00:00Z', { reprocess }), existing, NOW, TIMES).map(({ action }) =>
      action.kind === 'skip' ? `skip: ${action.reason}` : action.kind,
    );

  test('is left alone, run anew if it failed, or run anew in any case; never while it is under way', () => {
    const inFlight = ['skip: in flight', 'skip: in flight', 'create'];
    expect(planned('none')).toEqual(['skip: already exists', 'skip: already exists', ...inFlight]);
    expect(planned('failed')).toEqual(['skip: already exists', 'clear', ...inFlight]);
    expect(planned('completed')).toEqual(['clear', 'clear', ...inFlight]);
  });
});

describe('a backfill is refused', () => {
  const some = range('2025-02-01T00:00Z', '2025-02-02T00:00Z');
  test.each<[string, BackfilledDag, BackfillRequest, string]>([
    ['without a schedule', dag({ schedule: { kind: 'manual' } }), some, 'no schedule in time'],
    ['of assets', dag({ schedule: { kind: 'assets', when: { kind: 'asset', name: 'a' } } }), some, 'no schedule in time'],
    ['of once', dag({ schedule: { kind: 'once' } }), some, 'no schedule in time'],
    ['of continuous', dag({ schedule: { kind: 'continuous' } }), some, 'no schedule in time'],
    ['the wrong way round', dag(), range('2025-02-02T00:00Z', '2025-02-01T00:00Z'), 'ends before it begins'],
    ['of the future', dag(), range('2025-03-02T00:00Z', '2025-04-01T00:00Z'), 'lies in the future'],
    [
      'of a DAG that allows none',
      dag({ allowedRunTypes: ['scheduled', 'manual'] }),
      some,
      'allows no backfill runs, only scheduled, manual',
    ],
    [
      'backwards where the past matters',
      dag({ tasks: [{ ...taskSpec('a'), dependsOnPast: true }] }),
      { ...some, backwards: true },
      'its task "a" depends on the run before',
    ],
    [
      'of too many dates',
      dag({ schedule: { ...daily, expression: '* * * * *' } }),
      range('2025-01-01T00:00Z', '2025-02-01T00:00Z'),
      `more than ${MOST_BACKFILL_RUNS} dates`,
    ],
  ])('%s', (_, of, request, message) => {
    expect(() => planBackfill(of, request, [], NOW, TIMES)).toThrow(
      expect.objectContaining({ code: 'HR_BACKFILL_REFUSED', message: expect.stringContaining(message) }),
    );
  });

  test('but not forwards where the past matters', () => {
    expect(dates(dag({ tasks: [{ ...taskSpec('a'), dependsOnPast: true }] }), some)).toHaveLength(2);
  });
});

describe('what a backfill does next', () => {
  const waiting = Array.from({ length: 10 }, (_, position) => ({ position }));
  const progress = { backfillId: '1', reprocess: 'failed', maxActiveRuns: 2, live: 0, waiting } as const;

  test('is as many runs as may run, and as many ahead', () => {
    expect(advanceBackfill(progress).map((move) => move.position)).toEqual([0, 1, 2, 3]);
    expect(advanceBackfill({ ...progress, live: 3 }).map((move) => move.position)).toEqual([0]);
    expect(advanceBackfill({ ...progress, live: 4 })).toEqual([]);
    expect(advanceBackfill({ ...progress, live: 9 })).toEqual([]);
  });

  test('skips dates without taking a place, but not beyond one for which there is none', () => {
    const mixed = [
      { position: 0, run: { runId: 'a', status: 'success' } },
      { position: 1, run: { runId: 'b', status: 'failed' } },
      { position: 2 },
      { position: 3, run: { runId: 'c', status: 'running' } },
      { position: 4 },
      { position: 5, run: { runId: 'd', status: 'success' } },
    ] as const;
    expect(advanceBackfill({ ...progress, live: 2, waiting: mixed }).map(({ position, action }) => `${position} ${action.kind}`)).toEqual([
      '0 skip',
      '1 clear',
      '2 create',
      '3 skip',
    ]);
  });
});
