import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type DueRuns, dueRuns, type ScheduleHistory, type ScheduleSpec } from '../src/index.ts';
import { propertyRuns } from './support/property-runs.ts';

type CronSchedule = Extract<ScheduleSpec, { kind: 'cron' }>;
const DAY = 86_400_000;
const HOUR = 3_600_000;
const utc = (text: string): number => Date.parse(text);
const show = (instant: number | undefined): string => (instant === undefined ? '-' : new Date(instant).toISOString().slice(0, 16));
const intervals = ({ runs }: DueRuns): readonly string[] =>
  runs.map(({ intervalStart, intervalEnd }) => `${show(intervalStart)} ${show(intervalEnd)}`);

function schedule(expression: string, interval: CronSchedule['interval'], timezone = 'UTC'): CronSchedule {
  return { kind: 'cron', expression, timezone, interval };
}

/** Registered long ago and never paused, unless said otherwise. */
function history(more: Partial<ScheduleHistory> = {}): ScheduleHistory {
  return {
    catchup: { kind: 'off' },
    firstSeenAt: utc('2020-01-01T00:00Z'),
    activeSince: utc('2020-01-01T00:00Z'),
    startAt: utc('2020-01-01T00:00Z'),
    ...more,
  };
}

// Airflow 3, authoring-and-scheduling/timetable, "The time when a DAG run is triggered".
describe("Airflow's timetable page: @daily, enabled on January 31 at 15:00", () => {
  const enabled = history({ activeSince: utc('2025-01-31T15:00Z'), firstSeenAt: utc('2025-01-31T15:00Z') });
  const now = utc('2025-01-31T15:00Z');

  test('with the trigger timetable runs first on February 1 at 00:00, and that is its date', () => {
    const before = dueRuns(schedule('@daily', 'trigger'), enabled, now, 10);
    expect(before).toEqual({ runs: [], nextDueAt: utc('2025-02-01T00:00Z') });
    const then = dueRuns(schedule('@daily', 'trigger'), enabled, utc('2025-02-01T00:00Z'), 10);
    const midnight = utc('2025-02-01T00:00Z');
    expect(then).toEqual({
      runs: [{ logicalDate: midnight, intervalStart: midnight, intervalEnd: midnight, runAfter: midnight }],
      scheduledUpTo: midnight,
      nextDueAt: utc('2025-02-02T00:00Z'),
    });
  });

  // The page says that this interval begins on January 31; but that one has not ended yet. Airflow's code, and its run id by
  // `run_after`, mean the one that ended on that day.
  test('with the data interval timetable runs at once, for the interval that ended on January 31 at 00:00', () => {
    const answer = dueRuns(schedule('@daily', 'cron'), enabled, now, 10);
    expect(answer).toEqual({
      runs: [
        {
          logicalDate: utc('2025-01-30T00:00Z'),
          intervalStart: utc('2025-01-30T00:00Z'),
          intervalEnd: utc('2025-01-31T00:00Z'),
          runAfter: utc('2025-01-31T00:00Z'),
        },
      ],
      scheduledUpTo: utc('2025-01-31T00:00Z'),
      nextDueAt: utc('2025-02-01T00:00Z'),
    });
  });
});

// The same page: "If you pause the dags at 3PM on January 31st and re-enable them at 3PM on February 2nd".
describe("Airflow's timetable page: @daily, paused from January 31 15:00 to February 2 15:00", () => {
  const resumed = history({ activeSince: utc('2025-02-02T15:00Z'), scheduledUpTo: utc('2025-01-31T00:00Z') });
  const now = utc('2025-02-02T15:00Z');

  test('with the trigger timetable runs next on February 3 at 00:00', () => {
    expect(dueRuns(schedule('@daily', 'trigger'), resumed, now, 10)).toEqual({
      runs: [],
      scheduledUpTo: utc('2025-01-31T00:00Z'),
      nextDueAt: utc('2025-02-03T00:00Z'),
    });
  });

  test('with the data interval timetable runs at once for February 1 to 2, and not for the day before', () => {
    const answer = dueRuns(schedule('@daily', 'cron'), resumed, now, 10);
    expect(intervals(answer)).toEqual(['2025-02-01T00:00 2025-02-02T00:00']);
    expect(show(answer.nextDueAt)).toBe('2025-02-03T00:00');
  });

  test('with catchup makes up for every day', () => {
    const answer = dueRuns(schedule('@daily', 'cron'), { ...resumed, catchup: { kind: 'all' } }, now, 10);
    expect(intervals(answer)).toEqual(['2025-01-31T00:00 2025-02-01T00:00', '2025-02-01T00:00 2025-02-02T00:00']);
  });
});

// The same page, "Differences between the cron and delta data interval timetables": enabled at 01:05 on February 1.
describe("Airflow's timetable page: */30, enabled on February 1 at 01:05", () => {
  const now = utc('2025-02-01T01:05Z');
  const covered = (startAt: string, catchup: 'all' | 'off'): readonly string[] =>
    intervals(
      dueRuns(
        schedule('*/30 * * * *', 'cron'),
        history({ startAt: utc(startAt), activeSince: now, firstSeenAt: now, catchup: { kind: catchup } }),
        now,
        10,
      ),
    );

  test('started at 00:00 covers both half hours with catchup, the last one without', () => {
    expect(covered('2025-02-01T00:00Z', 'all')).toEqual(['2025-02-01T00:00 2025-02-01T00:30', '2025-02-01T00:30 2025-02-01T01:00']);
    expect(covered('2025-02-01T00:00Z', 'off')).toEqual(['2025-02-01T00:30 2025-02-01T01:00']);
  });

  test('started at 00:10 begins with the first whole half hour', () => {
    expect(covered('2025-02-01T00:10Z', 'all')).toEqual(['2025-02-01T00:30 2025-02-01T01:00']);
    expect(covered('2025-02-01T00:10Z', 'off')).toEqual(['2025-02-01T00:30 2025-02-01T01:00']);
  });
});

describe('an interval of a fixed length', () => {
  // The same page: "Runs every Friday at 18:00 to cover the work week (9:00 Monday to 18:00 Friday)".
  test('ends at the fire time', () => {
    const answer = dueRuns(
      schedule('0 18 * * 5', { lengthMs: 4 * DAY + 9 * HOUR }),
      history({ catchup: { kind: 'all' }, startAt: utc('2025-01-06T09:00Z') }),
      utc('2025-01-11T00:00Z'),
      9,
    );
    expect(answer.runs).toEqual([
      {
        logicalDate: utc('2025-01-06T09:00Z'),
        intervalStart: utc('2025-01-06T09:00Z'),
        intervalEnd: utc('2025-01-10T18:00Z'),
        runAfter: utc('2025-01-10T18:00Z'),
      },
    ]);
  });

  test('does not begin before the start', () => {
    const all = history({ catchup: { kind: 'all' }, startAt: utc('2025-01-06T09:01Z') });
    const answer = dueRuns(schedule('0 18 * * 5', { lengthMs: 4 * DAY + 9 * HOUR }), all, utc('2025-01-11T00:00Z'), 9);
    expect(answer).toEqual({ runs: [], nextDueAt: utc('2025-01-17T18:00Z') });
  });

  test('is, without catchup, made only for what fell into the active time', () => {
    const resumed = history({ activeSince: utc('2025-02-02T15:00Z'), scheduledUpTo: utc('2025-01-31T00:00Z') });
    const answer = dueRuns(schedule('@daily', { lengthMs: DAY }), resumed, utc('2025-02-02T15:00Z'), 10);
    expect(answer).toMatchObject({ runs: [], nextDueAt: utc('2025-02-03T00:00Z') });
  });
});

describe('what bounds a schedule', () => {
  test('start: absent, it is the first registration', () => {
    const { startAt: _, ...unstarted } = history({ firstSeenAt: utc('2025-03-03T12:00Z'), catchup: { kind: 'all' } });
    expect(intervals(dueRuns(schedule('@daily', 'cron'), unstarted, utc('2025-03-05T12:00Z'), 9))).toEqual([
      '2025-03-04T00:00 2025-03-05T00:00',
    ]);
    expect(intervals(dueRuns(schedule('@daily', 'trigger'), unstarted, utc('2025-03-05T12:00Z'), 9))).toHaveLength(2);
  });

  test('start: a fire time on it counts', () => {
    const exact = history({ startAt: utc('2025-03-04T00:00Z'), catchup: { kind: 'all' } });
    expect(intervals(dueRuns(schedule('@daily', 'trigger'), exact, utc('2025-03-04T00:00Z'), 9))).toEqual([
      '2025-03-04T00:00 2025-03-04T00:00',
    ]);
    expect(intervals(dueRuns(schedule('@daily', 'cron'), exact, utc('2025-03-05T00:00Z'), 9))).toEqual([
      '2025-03-04T00:00 2025-03-05T00:00',
    ]);
  });

  test('end: the last run may be due on it, none after it', () => {
    const ending = history({ startAt: utc('2025-03-04T00:00Z'), endAt: utc('2025-03-06T00:00Z'), catchup: { kind: 'all' } });
    const answer = dueRuns(schedule('@daily', 'cron'), ending, utc('2025-04-01T00:00Z'), 9);
    expect(intervals(answer)).toEqual(['2025-03-04T00:00 2025-03-05T00:00', '2025-03-05T00:00 2025-03-06T00:00']);
    expect(answer).not.toHaveProperty('nextDueAt');
    const early = dueRuns(schedule('@daily', 'cron'), { ...ending, endAt: utc('2025-03-05T23:59Z') }, utc('2025-03-05T00:00Z'), 9);
    expect(early.runs).toHaveLength(1);
    expect(early).not.toHaveProperty('nextDueAt');
  });

  test('end: a run that is due exactly then is still waited for', () => {
    const ending = history({ endAt: utc('2025-03-06T00:00Z'), scheduledUpTo: utc('2025-03-05T00:00Z') });
    expect(show(dueRuns(schedule('@daily', 'trigger'), ending, utc('2025-03-05T12:00Z'), 9).nextDueAt)).toBe('2025-03-06T00:00');
  });

  test('limit: the rest is due at once', () => {
    const all = history({ startAt: utc('2025-03-01T00:00Z'), catchup: { kind: 'all' } });
    const answer = dueRuns(schedule('@daily', 'cron'), all, utc('2025-03-10T05:00Z'), 2);
    expect(intervals(answer)).toEqual(['2025-03-01T00:00 2025-03-02T00:00', '2025-03-02T00:00 2025-03-03T00:00']);
    expect(show(answer.scheduledUpTo)).toBe('2025-03-03T00:00');
    expect(show(answer.nextDueAt)).toBe('2025-03-04T00:00');
  });

  test('window: intervals that ended less than that ago', () => {
    const windowed = history({ startAt: utc('2020-01-01T00:00Z'), catchup: { kind: 'window', windowMs: 2 * DAY } });
    const at = (now: string): readonly string[] => intervals(dueRuns(schedule('@daily', 'cron'), windowed, utc(now), 9));
    expect(at('2025-03-10T05:00Z')).toEqual(['2025-03-08T00:00 2025-03-09T00:00', '2025-03-09T00:00 2025-03-10T00:00']);
    expect(at('2025-03-10T00:00Z')).toEqual(['2025-03-08T00:00 2025-03-09T00:00', '2025-03-09T00:00 2025-03-10T00:00']);
    const done = { ...windowed, scheduledUpTo: utc('2025-03-09T00:00Z') };
    expect(intervals(dueRuns(schedule('@daily', 'cron'), done, utc('2025-03-10T05:00Z'), 9))).toEqual([
      '2025-03-09T00:00 2025-03-10T00:00',
    ]);
  });

  test('off: after an outage only the newest missed run is made', () => {
    const outage = history({ scheduledUpTo: utc('2025-03-01T00:00Z') });
    expect(intervals(dueRuns(schedule('@daily', 'trigger'), outage, utc('2025-03-10T05:00Z'), 9))).toEqual([
      '2025-03-10T00:00 2025-03-10T00:00',
    ]);
    expect(intervals(dueRuns(schedule('@daily', 'cron'), outage, utc('2025-03-10T00:00Z'), 9))).toEqual([
      '2025-03-09T00:00 2025-03-10T00:00',
    ]);
  });

  test('off: what falls on the very moment of un-pausing counts', () => {
    const resumed = history({ activeSince: utc('2025-03-10T00:00Z'), scheduledUpTo: utc('2025-03-01T00:00Z') });
    expect(dueRuns(schedule('@daily', 'trigger'), resumed, utc('2025-03-10T00:00Z'), 9).runs).toHaveLength(1);
  });

  test('history: a run is made once', () => {
    for (const interval of ['trigger', 'cron', { lengthMs: HOUR }] as const) {
      const done = history({ scheduledUpTo: utc('2025-03-10T00:00Z') });
      expect(dueRuns(schedule('@daily', interval), done, utc('2025-03-10T05:00Z'), 9)).toEqual({
        runs: [],
        scheduledUpTo: utc('2025-03-10T00:00Z'),
        nextDueAt: utc('2025-03-11T00:00Z'),
      });
    }
  });

  test('history: a changed expression makes no interval that overlaps those already run', () => {
    const changed = history({ scheduledUpTo: utc('2025-03-10T07:30Z'), catchup: { kind: 'all' } });
    expect(intervals(dueRuns(schedule('0 */6 * * *', 'cron'), changed, utc('2025-03-10T20:00Z'), 9))).toEqual([
      '2025-03-10T12:00 2025-03-10T18:00',
    ]);
  });

  test('history: without intervals a changed expression misses no fire', () => {
    const changed = history({ scheduledUpTo: utc('2025-03-10T07:30Z'), catchup: { kind: 'all' } });
    expect(intervals(dueRuns(schedule('0 */6 * * *', 'trigger'), changed, utc('2025-03-10T13:00Z'), 9))).toEqual([
      '2025-03-10T12:00 2025-03-10T12:00',
    ]);
  });

  test('no schedule: nothing is ever due', () => {
    expect(dueRuns({ kind: 'manual' }, history(), utc('2025-03-10T00:00Z'), 9)).toEqual({ runs: [] });
    expect(dueRuns({ kind: 'manual' }, history({ scheduledUpTo: 5 }), utc('2025-03-10T00:00Z'), 9)).toEqual({ runs: [], scheduledUpTo: 5 });
  });

  test('zone: days are those of the place, also when one has 23 hours', () => {
    const all = history({ startAt: utc('2025-03-28T00:00Z'), catchup: { kind: 'all' } });
    expect(intervals(dueRuns(schedule('15 2 * * *', 'cron', 'Europe/Berlin'), all, utc('2025-03-31T12:00Z'), 9))).toEqual([
      '2025-03-28T01:15 2025-03-29T01:15',
      // 30 March: 02:15 is left out; the first valid instant is 03:00, 01:00Z.
      '2025-03-29T01:15 2025-03-30T01:00',
      '2025-03-30T01:00 2025-03-31T00:15',
    ]);
  });
});

describe('any schedule', () => {
  const expressions = fc.constantFrom('@daily', '30 2 * * *', '*/30 * * * *', '0 */5 * * *', '15 1,2,3 * * 0', '0 0 L * *', '@hourly');
  const zones = fc.constantFrom('UTC', 'Europe/Berlin', 'America/Chicago', 'Australia/Lord_Howe', 'Pacific/Apia');
  const starts = fc.integer({ min: utc('2011-01-01T00:00Z'), max: utc('2030-01-01T00:00Z') });

  test('with full catchup makes intervals that abut, each once, in whatever steps it is asked', () => {
    fc.assert(
      fc.property(
        expressions,
        zones,
        starts,
        fc.array(fc.integer({ min: 1, max: 3 * DAY }), { maxLength: 8 }),
        fc.integer({ min: 1, max: 5 }),
        (expression, zone, startAt, waits, limit) => {
          const plan = schedule(expression, 'cron', zone);
          const all: ScheduleHistory = { catchup: { kind: 'all' }, firstSeenAt: startAt, activeSince: startAt, startAt };
          const end = startAt + waits.reduce((sum, wait) => sum + wait, 0);
          const atOnce = dueRuns(plan, all, end, 10_000);
          const stepwise: (typeof atOnce.runs)[number][] = [];
          let now = startAt;
          let scheduledUpTo: number | undefined;
          for (const wait of [0, ...waits]) {
            now += wait;
            for (;;) {
              const part = dueRuns(plan, { ...all, ...(scheduledUpTo === undefined ? {} : { scheduledUpTo }) }, now, limit);
              stepwise.push(...part.runs);
              scheduledUpTo = part.scheduledUpTo;
              if ((part.nextDueAt ?? Infinity) > now) break;
              expect(part.runs).toHaveLength(limit);
            }
          }
          expect(stepwise).toEqual(atOnce.runs);
          for (const [index, run] of atOnce.runs.entries()) {
            expect(run.intervalStart).toBeGreaterThanOrEqual(startAt);
            expect(run.intervalEnd).toBeGreaterThan(run.intervalStart);
            expect(run.runAfter).toBeLessThanOrEqual(end);
            expect([run.runAfter, run.logicalDate]).toEqual([run.intervalEnd, run.intervalStart]);
            if (index > 0) expect(run.intervalStart).toBe(atOnce.runs[index - 1]?.intervalEnd);
          }
        },
      ),
      { numRuns: propertyRuns(150) },
    );
  });

  test('says when to ask next: nothing new is due before, something is then', () => {
    fc.assert(
      fc.property(
        expressions,
        zones,
        starts,
        fc.constantFrom('trigger' as const, 'cron' as const),
        fc.constantFrom('off' as const, 'all' as const),
        (expression, zone, startAt, interval, kind) => {
          const plan = schedule(expression, interval, zone);
          const first = dueRuns(plan, { catchup: { kind }, firstSeenAt: startAt, activeSince: startAt, startAt }, startAt, 100);
          const next = first.nextDueAt ?? 0;
          expect(next).toBeGreaterThan(startAt);
          const since = {
            catchup: { kind },
            firstSeenAt: startAt,
            activeSince: startAt,
            startAt,
            ...(first.scheduledUpTo === undefined ? {} : { scheduledUpTo: first.scheduledUpTo }),
          };
          expect(dueRuns(plan, since, next - 1, 100).runs).toEqual([]);
          expect(dueRuns(plan, since, next, 100).runs).toHaveLength(1);
        },
      ),
      { numRuns: propertyRuns(150) },
    );
  });
});
