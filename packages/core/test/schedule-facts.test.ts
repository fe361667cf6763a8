import { describe, expect, test } from '@jest/globals';
import {
  describeSchedule,
  intervalFor,
  intervalFrom,
  isLatestRun,
  runsFromDue,
  type ScheduleSpec,
  scheduledPartition,
  summarizeSchedule,
  timezoneOf,
  upcomingRuns,
} from '../src/index.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const utc = (text: string): number => Date.parse(text);
const when = { kind: 'asset', name: 'a' } as const;
const dailyCron = { kind: 'cron', expression: '0 6 * * *', timezone: 'Europe/Berlin', interval: 'cron' } as const;
const byDay = { unit: 'day', count: 2, timezone: 'Asia/Tokyo' } as const;
const AT = utc('2025-02-03T12:00Z');

describe('the data interval of a manual run at 2025-02-03T12:00Z', () => {
  test.each<[string, ScheduleSpec, string, string]>([
    ['manual', { kind: 'manual' }, '2025-02-03T12:00Z', '2025-02-03T12:00Z'],
    ['assets', { kind: 'assets', when }, '2025-02-03T12:00Z', '2025-02-03T12:00Z'],
    ['once', { kind: 'once' }, '2025-02-03T12:00Z', '2025-02-03T12:00Z'],
    ['cron intervals: the last whole one', dailyCron, '2025-02-02T05:00Z', '2025-02-03T05:00Z'],
    ['of time and assets', { kind: 'assets_and_time', when, time: dailyCron }, '2025-02-02T05:00Z', '2025-02-03T05:00Z'],
    ['cron trigger', { ...dailyCron, interval: 'trigger' }, '2025-02-03T12:00Z', '2025-02-03T12:00Z'],
    ['cron with a length', { ...dailyCron, interval: { lengthMs: HOUR } }, '2025-02-03T11:00Z', '2025-02-03T12:00Z'],
    [
      'several crons',
      { kind: 'crons', expressions: ['@daily'], timezone: 'UTC', interval: { lengthMs: 2 * HOUR } },
      '2025-02-03T10:00Z',
      '2025-02-03T12:00Z',
    ],
    ['steps of days', { kind: 'interval', every: byDay }, '2025-02-01T12:00Z', '2025-02-03T12:00Z'],
    ['delta', { kind: 'delta', every: byDay, interval: 'trigger' }, '2025-02-03T12:00Z', '2025-02-03T12:00Z'],
    ['events', { kind: 'events', at: [utc('2025-01-01T00:00Z')], restrict: false }, '2025-02-03T12:00Z', '2025-02-03T12:00Z'],
    [
      'events, restricted',
      { kind: 'events', at: [5, utc('2025-01-01T00:00Z'), utc('2026-01-01T00:00Z')], restrict: true },
      '2025-01-01T00:00Z',
      '2025-01-01T00:00Z',
    ],
    [
      'events, restricted, before the first',
      { kind: 'events', at: [utc('2026-01-01T00:00Z')], restrict: true },
      '2026-01-01T00:00Z',
      '2026-01-01T00:00Z',
    ],
  ])('%s', (_, schedule, start, end) => {
    expect(intervalFor(schedule, AT)).toEqual({ start: utc(start), end: utc(end) });
  });

  test('on a fire time ends there', () => {
    expect(intervalFor(dailyCron, utc('2025-02-03T05:00Z'))).toEqual({ start: utc('2025-02-02T05:00Z'), end: utc('2025-02-03T05:00Z') });
  });
});

test('an interval asked for by its start ends where the schedule says', () => {
  expect(intervalFrom(dailyCron, utc('2025-03-29T05:00Z')).end).toBe(utc('2025-03-30T04:00Z'));
  expect(intervalFrom({ kind: 'interval', every: byDay }, AT).end).toBe(AT + 2 * DAY);
  expect(intervalFrom({ ...dailyCron, interval: { lengthMs: HOUR } }, AT).end).toBe(AT + HOUR);
  expect(intervalFrom({ ...dailyCron, interval: 'trigger' }, AT).end).toBe(AT);
  expect(intervalFrom({ kind: 'manual' }, AT)).toEqual({ start: AT, end: AT });
});

describe('in words', () => {
  test.each<[ScheduleSpec, string | null, string, string]>([
    [{ kind: 'manual' }, null, 'Never, external triggers only', 'UTC'],
    [{ kind: 'assets', when }, 'assets', 'When its assets have events', 'UTC'],
    [dailyCron, '0 6 * * *', 'At "0 6 * * *" in Europe/Berlin, data since the time before', 'Europe/Berlin'],
    [
      { ...dailyCron, interval: { lengthMs: 36 * HOUR }, partitioned: true, jitterMs: 90_000 },
      '0 6 * * *',
      'At "0 6 * * *" in Europe/Berlin, data of 36 h before, a partition each, up to 90 s later',
      'Europe/Berlin',
    ],
    [
      { kind: 'crons', expressions: ['@daily', '@hourly'], timezone: 'Asia/Tokyo', interval: 'trigger' },
      '@daily, @hourly',
      'At "@daily" and "@hourly" in Asia/Tokyo',
      'Asia/Tokyo',
    ],
    [
      { kind: 'interval', every: byDay },
      'every 2 days in Asia/Tokyo',
      'Every 2 days in Asia/Tokyo, data since the time before',
      'Asia/Tokyo',
    ],
    [
      { kind: 'delta', every: { unit: 'ms', count: 7 * DAY }, interval: { lengthMs: DAY } },
      'every 7 days',
      'Every 7 days, data of 1 day before',
      'UTC',
    ],
    [
      { kind: 'delta', every: { unit: 'month', count: 1, timezone: 'UTC' }, interval: 'trigger' },
      'every month in UTC',
      'Every month in UTC',
      'UTC',
    ],
    [{ kind: 'once' }, '@once', 'Once, at its start', 'UTC'],
    [{ kind: 'continuous' }, '@continuous', 'Again as soon as the run before has ended', 'UTC'],
    [{ kind: 'events', at: [1, 2], restrict: false }, '2 events', 'At 2 given times', 'UTC'],
    [{ kind: 'events', at: [1], restrict: false, description: 'Games' }, 'Games', 'Games', 'UTC'],
    [{ kind: 'custom', name: 'moon' }, 'moon', 'As its own timetable "moon" says', 'UTC'],
    [{ kind: 'custom', name: 'moon', description: 'At high tide' }, 'At high tide', 'At high tide', 'UTC'],
    [
      { kind: 'assets_and_time', when, time: dailyCron },
      'assets and 0 6 * * *',
      'At "0 6 * * *" in Europe/Berlin, data since the time before, and then when its assets have events',
      'Europe/Berlin',
    ],
    [
      { kind: 'assets_or_time', when, time: { kind: 'once' } },
      'assets or @once',
      'Once, at its start, or when its assets have events',
      'UTC',
    ],
  ])('%j', (schedule, summary, description, zone) => {
    expect([summarizeSchedule(schedule), describeSchedule(schedule), timezoneOf(schedule)]).toEqual([summary, description, zone]);
  });
});

describe('whether a run is the latest (core-concepts/dags, "Latest Only")', () => {
  const scheduled = (intervalEnd: string) => ({ runType: 'scheduled', intervalEnd: utc(intervalEnd) }) as const;
  test('depends on whether the next one is due', () => {
    expect(isLatestRun(dailyCron, scheduled('2025-02-03T05:00Z'), utc('2025-02-04T04:59Z'))).toBe(true);
    expect(isLatestRun(dailyCron, scheduled('2025-02-03T05:00Z'), utc('2025-02-04T05:00Z'))).toBe(false);
    expect(isLatestRun(dailyCron, { ...scheduled('2025-02-03T05:00Z'), runType: 'backfill' }, utc('2025-02-09T05:00Z'))).toBe(false);
    const events: ScheduleSpec = { kind: 'events', at: [1_000], restrict: false };
    expect(isLatestRun(events, { runType: 'scheduled', intervalEnd: 1_000 }, utc('2025-02-09T05:00Z'))).toBe(true);
    const steps: ScheduleSpec = { kind: 'interval', every: { unit: 'ms', count: DAY } };
    expect(isLatestRun(steps, { runType: 'scheduled', intervalEnd: AT }, AT + DAY - 1)).toBe(true);
    expect(isLatestRun(steps, { runType: 'scheduled', intervalEnd: AT }, AT + DAY - 1, AT - 2 * DAY + HOUR)).toBe(false);
  });

  test('is always so of runs that no time made', () => {
    expect(isLatestRun(dailyCron, { runType: 'manual', intervalEnd: 5 }, AT)).toBe(true);
    expect(isLatestRun(dailyCron, { runType: 'asset_triggered' }, AT)).toBe(true);
    expect(isLatestRun({ kind: 'once' }, { runType: 'scheduled', intervalEnd: 5 }, AT)).toBe(true);
  });
});

describe('the runs that come next', () => {
  const history = { catchup: { kind: 'off' }, firstSeenAt: utc('2025-01-01T00:00Z'), activeSince: utc('2025-01-01T00:00Z') } as const;
  const logical = (runs: readonly { readonly logicalDate: number }[]): readonly string[] =>
    runs.map((run) => new Date(run.logicalDate).toISOString().slice(0, 16));

  test('begin with what is due and not made', () => {
    const runs = upcomingRuns(dailyCron, { ...history, scheduledUpTo: utc('2025-01-20T05:00Z') }, AT, 3);
    expect(logical(runs)).toEqual(['2025-02-02T05:00', '2025-02-03T05:00', '2025-02-04T05:00']);
    expect(upcomingRuns({ kind: 'manual' }, history, AT, 3)).toEqual([]);
    expect(upcomingRuns({ kind: 'continuous' }, history, AT, 3)).toHaveLength(1);
    expect(upcomingRuns({ kind: 'once' }, { ...history, startAt: AT + DAY }, AT, 3)).toHaveLength(1);
  });

  test('follow from when the DAG is due', () => {
    const spec = { dagId: 'shop', schedule: dailyCron, startAt: utc('2025-01-01T00:00Z') };
    expect(logical(runsFromDue(spec, 0, utc('2025-02-04T05:00Z'), 2))).toEqual(['2025-02-03T05:00', '2025-02-04T05:00']);
    expect(logical(runsFromDue({ ...spec, endAt: utc('2025-02-04T05:00Z') }, 0, utc('2025-02-04T05:00Z'), 2))).toEqual([
      '2025-02-03T05:00',
    ]);
    const late = runsFromDue({ ...spec, schedule: { ...dailyCron, jitterMs: HOUR } }, 0, utc('2025-02-04T05:40Z'), 1);
    expect(logical(late)).toEqual(['2025-02-03T05:00']);
    expect(late[0]?.runAfter).toBeGreaterThan(utc('2025-02-04T05:00Z'));
    expect(runsFromDue({ ...spec, schedule: { kind: 'once' } }, 0, AT, 2)).toEqual([
      { logicalDate: spec.startAt, intervalStart: spec.startAt, intervalEnd: spec.startAt, runAfter: AT },
    ]);
    expect(runsFromDue({ ...spec, schedule: { kind: 'custom', name: 'moon' } }, 0, AT, 2)).toEqual([]);
  });
});

test('a partitioned schedule names the partition in which its interval begins', () => {
  const schedule: ScheduleSpec = { ...dailyCron, partitioned: true };
  const start = utc('2025-02-03T23:30Z');
  expect(scheduledPartition({ schedule }, start)).toBe('2025-02-04');
  expect(scheduledPartition({ schedule, partitions: { kind: 'time', every: 'month', timezone: 'UTC' } }, start)).toBe('2025-02');
  expect(scheduledPartition({ schedule: { kind: 'assets_and_time', when, time: { ...dailyCron, partitioned: true } } }, start)).toBe(
    '2025-02-04',
  );
  expect(scheduledPartition({ schedule: dailyCron, partitions: { kind: 'time', every: 'day', timezone: 'UTC' } }, start)).toBeUndefined();
});
