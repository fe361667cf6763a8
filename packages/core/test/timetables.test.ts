import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  type DueRuns,
  dueRuns,
  nextQuestion,
  type ScheduleHistory,
  type ScheduleSpec,
  type TimetableFunctions,
  type TimetableQuestion,
} from '../src/index.ts';
import { propertyRuns } from './support/property-runs.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const utc = (text: string): number => Date.parse(text);
const show = (instant: number | undefined): string => (instant === undefined ? '-' : new Date(instant).toISOString().slice(0, 16));
const intervals = ({ runs }: DueRuns): readonly string[] =>
  runs.map(({ intervalStart, intervalEnd }) => `${show(intervalStart)} ${show(intervalEnd)}`);
const ends = ({ runs }: DueRuns): readonly string[] => runs.map((run) => show(run.runAfter));

/** Registered long ago and never paused, unless said otherwise. */
function history(more: Partial<ScheduleHistory> = {}): ScheduleHistory {
  const long = utc('2020-01-01T00:00Z');
  return { catchup: { kind: 'off' }, firstSeenAt: long, activeSince: long, startAt: long, ...more };
}
const all = (startAt: string, more: Partial<ScheduleHistory> = {}): ScheduleHistory =>
  history({ startAt: utc(startAt), catchup: { kind: 'all' }, ...more });

const halfHours: ScheduleSpec = { kind: 'interval', every: { unit: 'ms', count: 30 * MINUTE } };

// Airflow 3, authoring-and-scheduling/timetable, "Differences between the cron and delta data interval timetables": a timedelta of 30
// minutes, enabled at 01:05 on February 1.
describe("Airflow's timetable page: every 30 minutes, enabled on February 1 at 01:05", () => {
  const now = utc('2025-02-01T01:05Z');
  const covered = (startAt: string, kind: 'all' | 'off'): readonly string[] =>
    intervals(dueRuns(halfHours, history({ startAt: utc(startAt), activeSince: now, firstSeenAt: now, catchup: { kind } }), now, 10));

  test('started at 00:00 covers both half hours with catchup', () => {
    expect(covered('2025-02-01T00:00Z', 'all')).toEqual(['2025-02-01T00:00 2025-02-01T00:30', '2025-02-01T00:30 2025-02-01T01:00']);
  });

  test('started at 00:10 is aligned with the start with catchup', () => {
    expect(covered('2025-02-01T00:10Z', 'all')).toEqual(['2025-02-01T00:10 2025-02-01T00:40']);
  });

  // There Airflow takes 00:35 to 01:05, up to the very moment. Ours stay those of the start, so that pausing, backfills and manual runs
  // all speak of the same intervals.
  test('without catchup covers the last whole interval since the start', () => {
    expect(covered('2025-02-01T00:00Z', 'off')).toEqual(['2025-02-01T00:30 2025-02-01T01:00']);
    expect(covered('2025-02-01T00:10Z', 'off')).toEqual(['2025-02-01T00:10 2025-02-01T00:40']);
  });
});

// The same page, "MultipleCronTriggerTimetable": at 1:10 and 2:40 each day.
describe('several crons', () => {
  const schedule: ScheduleSpec = { kind: 'crons', expressions: ['10 1 * * *', '40 2 * * *'], timezone: 'UTC', interval: 'trigger' };

  test('fire whenever one of them does', () => {
    expect(ends(dueRuns(schedule, all('2025-02-01T00:00Z'), utc('2025-02-03T00:00Z'), 10))).toEqual([
      '2025-02-01T01:10',
      '2025-02-01T02:40',
      '2025-02-02T01:10',
      '2025-02-02T02:40',
    ]);
  });

  test('fire once where they meet, and cover the interval they are given', () => {
    const meeting: ScheduleSpec = { ...schedule, expressions: ['0 * * * *', '0 */2 * * *'], interval: { lengthMs: HOUR } };
    expect(intervals(dueRuns(meeting, all('2025-02-01T00:00Z'), utc('2025-02-01T02:00Z'), 10))).toEqual([
      '2025-02-01T00:00 2025-02-01T01:00',
      '2025-02-01T01:00 2025-02-01T02:00',
    ]);
  });
});

describe('steps', () => {
  // The same page, "DeltaTriggerTimetable": once every week.
  test('of elapsed time fire on the start and then every so often', () => {
    const weekly: ScheduleSpec = { kind: 'delta', every: { unit: 'ms', count: 7 * DAY }, interval: { lengthMs: 4 * DAY + 9 * HOUR } };
    const due = dueRuns(weekly, all('2025-01-03T18:00Z', { startAt: utc('2025-01-03T18:00Z') }), utc('2025-01-20T00:00Z'), 10);
    // The first one would begin before the start.
    expect(intervals(due)).toEqual(['2025-01-06T09:00 2025-01-10T18:00', '2025-01-13T09:00 2025-01-17T18:00']);
    const plain: ScheduleSpec = { ...weekly, interval: 'trigger' };
    expect(ends(dueRuns(plain, all('2025-01-03T18:00Z'), utc('2025-01-12T00:00Z'), 10))).toEqual(['2025-01-03T18:00', '2025-01-10T18:00']);
  });

  test('of months keep the day where the month has it', () => {
    const monthly: ScheduleSpec = { kind: 'interval', every: { unit: 'month', count: 1, timezone: 'UTC' } };
    expect(intervals(dueRuns(monthly, all('2024-01-31T06:00Z'), utc('2024-05-01T00:00Z'), 10))).toEqual([
      '2024-01-31T06:00 2024-02-29T06:00',
      '2024-02-29T06:00 2024-03-31T06:00',
      '2024-03-31T06:00 2024-04-30T06:00',
    ]);
  });

  test('of days keep the local time, also when a day has 23 hours', () => {
    const daily: ScheduleSpec = { kind: 'interval', every: { unit: 'day', count: 1, timezone: 'Europe/Berlin' } };
    expect(intervals(dueRuns(daily, all('2025-03-28T23:00Z'), utc('2025-03-31T12:00Z'), 10))).toEqual([
      '2025-03-28T23:00 2025-03-29T23:00',
      '2025-03-29T23:00 2025-03-30T22:00',
    ]);
    const third: ScheduleSpec = { kind: 'delta', every: { unit: 'day', count: 3, timezone: 'Pacific/Apia' }, interval: 'trigger' };
    // Samoa left out December 30, 2011: the step that falls on it has no time.
    expect(ends(dueRuns(third, all('2011-12-27T20:00Z'), utc('2012-01-06T00:00Z'), 10))).toEqual([
      '2011-12-27T20:00',
      '2012-01-01T20:00',
      '2012-01-04T20:00',
    ]);
  });

  test('catch up by a window, from what was made before, and up to the end', () => {
    const now = utc('2025-02-01T06:00Z');
    const windowed = history({ startAt: utc('2025-02-01T00:00Z'), catchup: { kind: 'window', windowMs: HOUR } });
    expect(intervals(dueRuns(halfHours, windowed, now, 10))).toEqual([
      '2025-02-01T05:00 2025-02-01T05:30',
      '2025-02-01T05:30 2025-02-01T06:00',
    ]);
    const made = all('2025-02-01T00:00Z', { scheduledUpTo: utc('2025-02-01T05:00Z'), endAt: utc('2025-02-01T05:40Z') });
    const due = dueRuns(halfHours, made, now, 10);
    expect(intervals(due)).toEqual(['2025-02-01T05:00 2025-02-01T05:30']);
    expect(due).not.toHaveProperty('nextDueAt');
  });
});

describe('once', () => {
  test('is one run at the start, whatever the catchup', () => {
    for (const kind of ['off', 'all'] as const) {
      const due = dueRuns(
        { kind: 'once' },
        history({ startAt: utc('2021-05-05T05:00Z'), catchup: { kind } }),
        utc('2025-01-01T00:00Z'),
        10,
      );
      const at = utc('2021-05-05T05:00Z');
      expect(due).toEqual({ runs: [{ logicalDate: at, intervalStart: at, intervalEnd: at, runAfter: at }], scheduledUpTo: at });
    }
  });

  test('is waited for, and never repeated, and not made after the end', () => {
    const start = utc('2025-05-05T05:00Z');
    expect(dueRuns({ kind: 'once' }, history({ startAt: start }), start - 1, 10)).toEqual({ runs: [], nextDueAt: start });
    expect(dueRuns({ kind: 'once' }, history({ startAt: start, scheduledUpTo: start }), start + DAY, 10)).toEqual({
      runs: [],
      scheduledUpTo: start,
    });
    expect(dueRuns({ kind: 'once' }, history({ startAt: start, endAt: start - 1 }), start + DAY, 10)).toEqual({ runs: [] });
  });
});

describe('continuous', () => {
  const start = utc('2025-05-05T05:00Z');
  const idle = history({ startAt: start, activeRuns: 0 });

  test('makes a run when none is active, from where the one before ended', () => {
    const first = dueRuns({ kind: 'continuous' }, idle, start + 5, 10);
    expect(first).toEqual({
      runs: [{ logicalDate: start, intervalStart: start, intervalEnd: start + 5, runAfter: start + 5 }],
      scheduledUpTo: start + 5,
      whenIdle: true,
    });
    const active = { ...idle, scheduledUpTo: start + 5, activeRuns: 1 };
    expect(dueRuns({ kind: 'continuous' }, active, start + 500, 10)).toEqual({ runs: [], scheduledUpTo: start + 5, whenIdle: true });
    const next = dueRuns({ kind: 'continuous' }, { ...active, activeRuns: 0 }, start + 900, 10);
    expect(next.runs).toMatchObject([{ intervalStart: start + 5, intervalEnd: start + 900 }]);
  });

  test('never makes an empty interval, begins at its start and ends at its end', () => {
    expect(dueRuns({ kind: 'continuous' }, idle, start - 10, 10)).toEqual({ runs: [], nextDueAt: start + 1 });
    expect(dueRuns({ kind: 'continuous' }, idle, start, 10)).toEqual({ runs: [], nextDueAt: start + 1 });
    expect(dueRuns({ kind: 'continuous' }, { ...idle, endAt: start + 10 }, start + 11, 10)).toEqual({ runs: [] });
    expect(dueRuns({ kind: 'continuous' }, { ...idle, endAt: start }, start + 11, 10)).toEqual({ runs: [] });
  });
});

// Airflow 3, authoring-and-scheduling/timetable, "EventsTimetable": its three games in Chicago.
describe('events', () => {
  const at = [utc('2022-04-05T13:27Z'), utc('2022-04-17T13:27Z'), utc('2022-04-23T01:50Z')];
  const games: ScheduleSpec = { kind: 'events', at, restrict: false };

  test('fire at each, and then no more', () => {
    const due = dueRuns(games, all('2022-01-01T00:00Z'), utc('2022-04-20T00:00Z'), 10);
    expect(ends(due)).toEqual(['2022-04-05T13:27', '2022-04-17T13:27']);
    expect(due.nextDueAt).toBe(at[2]);
    const last = dueRuns(games, all('2022-01-01T00:00Z', { scheduledUpTo: at[1] ?? 0 }), utc('2023-01-01T00:00Z'), 10);
    expect(ends(last)).toEqual(['2022-04-23T01:50']);
    expect(last).not.toHaveProperty('nextDueAt');
  });

  test('that passed before the DAG was active are not made up for without catchup', () => {
    const late = history({ startAt: utc('2022-01-01T00:00Z'), activeSince: utc('2022-04-18T00:00Z') });
    expect(dueRuns(games, late, utc('2022-04-18T00:00Z'), 10)).toEqual({ runs: [], nextDueAt: at[2] });
    expect(dueRuns({ kind: 'events', at: [], restrict: false }, late, 0, 10)).toEqual({ runs: [] });
  });
});

describe('time and assets', () => {
  const time = { kind: 'cron', expression: '@daily', timezone: 'UTC', interval: 'trigger' } as const;
  const when = { kind: 'asset', name: 'a' } as const;
  test('take their time from the timetable', () => {
    for (const kind of ['assets_and_time', 'assets_or_time'] as const) {
      expect(ends(dueRuns({ kind, when, time }, all('2025-02-01T00:00Z'), utc('2025-02-02T01:00Z'), 10))).toEqual([
        '2025-02-01T00:00',
        '2025-02-02T00:00',
      ]);
    }
    expect(dueRuns({ kind: 'assets', when }, all('2025-02-01T00:00Z'), utc('2025-02-02T01:00Z'), 10)).toEqual({ runs: [] });
  });
});

describe('jitter', () => {
  const schedule: ScheduleSpec = { kind: 'cron', expression: '@hourly', timezone: 'UTC', interval: 'cron', jitterMs: 10 * MINUTE };
  const plain: ScheduleSpec = { kind: 'cron', expression: '@hourly', timezone: 'UTC', interval: 'cron' };
  const from = '2025-02-01T00:00Z';

  test('makes runs later, by up to so much, and changes nothing else', () => {
    const now = utc('2025-02-03T00:30Z');
    const late = dueRuns(schedule, all(from, { dagId: 'shop' }), now, 100).runs;
    const exact = dueRuns(plain, all(from), now, 100).runs;
    expect(late.map(({ runAfter: _, ...rest }) => rest)).toEqual(exact.map(({ runAfter: _, ...rest }) => rest));
    const delays = late.map((run) => run.runAfter - run.intervalEnd);
    for (const delay of delays) expect(delay >= 0 && delay <= 10 * MINUTE).toBe(true);
    // Neither always the same nor all in one corner.
    expect(new Set(delays).size).toBeGreaterThan(40);
    expect(Math.max(...delays) - Math.min(...delays)).toBeGreaterThan(5 * MINUTE);
    expect(dueRuns(schedule, all(from, { dagId: 'shop' }), now, 100).runs).toEqual(late);
    expect(dueRuns(schedule, all(from, { dagId: 'other' }), now, 100).runs).not.toEqual(late);
  });

  test('is waited for: a run is not due before its delayed time, and then it is', () => {
    const { nextDueAt = 0 } = dueRuns(schedule, all(from, { dagId: 'shop' }), utc(from), 10);
    expect(nextDueAt).toBeGreaterThan(utc('2025-02-01T01:00Z'));
    expect(dueRuns(schedule, all(from, { dagId: 'shop' }), nextDueAt - 1, 10).runs).toEqual([]);
    expect(dueRuns(schedule, all(from, { dagId: 'shop' }), nextDueAt, 10).runs).toHaveLength(1);
    expect(dueRuns(schedule, history({ startAt: utc(from), dagId: 'shop' }), nextDueAt, 10).runs).toHaveLength(1);
  });

  test('never reaches the next fire time, so the order stays', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.integer({ min: 1, max: 10 * DAY }),
        fc.constantFrom('*/7 * * * *', '@hourly', '@daily'),
        (dagId, jitterMs, expression) => {
          const wide: ScheduleSpec = { kind: 'cron', expression, timezone: 'Europe/Berlin', interval: 'trigger', jitterMs };
          const { runs } = dueRuns(wide, all('2025-03-29T00:00Z', { dagId }), utc('2025-03-31T00:00Z'), 60);
          for (const [index, run] of runs.entries()) {
            const next = runs[index + 1];
            if (next !== undefined) expect(run.runAfter).toBeLessThan(next.intervalEnd);
            expect(run.runAfter - run.intervalEnd).toBeLessThanOrEqual(jitterMs);
          }
        },
      ),
      { numRuns: propertyRuns(50) },
    );
  });
});

describe('a timetable of the user’s own', () => {
  /** Every day at six, as a function of the question. */
  const daily = (question: TimetableQuestion) => {
    const from = question.last === undefined ? question.earliest : question.last.end;
    const start = Math.ceil(from / DAY) * DAY;
    return { start, end: start + DAY, runAfter: start + DAY + 6 * HOUR };
  };
  const schedule: ScheduleSpec = { kind: 'custom', name: 'daily' };
  const answering: TimetableFunctions = (_, question) => daily(question);

  test('is asked for one interval after another', () => {
    const due = dueRuns(schedule, all('2025-02-01T12:00Z', { timetables: answering }), utc('2025-02-04T07:00Z'), 10);
    expect(due.runs.map((run) => `${show(run.logicalDate)} ${show(run.runAfter)}`)).toEqual([
      '2025-02-02T00:00 2025-02-03T06:00',
      '2025-02-03T00:00 2025-02-04T06:00',
    ]);
    expect(due).toMatchObject({
      scheduledFrom: utc('2025-02-03T00:00Z'),
      scheduledUpTo: utc('2025-02-04T00:00Z'),
      nextDueAt: utc('2025-02-05T06:00Z'),
    });
  });

  test('that has not answered yet leaves the question, and what is known', () => {
    const known = (name: string, question: TimetableQuestion) =>
      question.last === undefined && name === 'daily' ? daily(question) : 'pending';
    const due = dueRuns(schedule, all('2025-02-01T12:00Z', { timetables: known }), utc('2025-02-04T07:00Z'), 10);
    const last = { start: utc('2025-02-02T00:00Z'), end: utc('2025-02-03T00:00Z') };
    expect(due.runs).toHaveLength(1);
    expect(due.asks).toEqual({ name: 'daily', question: { last, earliest: utc('2025-02-01T12:00Z'), latest: undefined } });
    const none = dueRuns(schedule, all('2025-02-01T12:00Z'), utc('2025-02-04T07:00Z'), 10);
    expect(none).toEqual({ runs: [], asks: { name: 'daily', question: nextQuestion(all('2025-02-01T12:00Z')) } });
  });

  test('without catchup makes the newest, once it is known to be that', () => {
    const answers = new Map<string, ReturnType<typeof daily>>();
    const slow: TimetableFunctions = (_, question) => answers.get(JSON.stringify(question)) ?? 'pending';
    let scheduled: Partial<ScheduleHistory> = { scheduledFrom: utc('2025-02-01T00:00Z'), scheduledUpTo: utc('2025-02-02T00:00Z') };
    const made: string[] = [];
    for (let turn = 0; turn < 20; turn += 1) {
      const due = dueRuns(schedule, history({ timetables: slow, ...scheduled }), utc('2025-02-09T07:00Z'), 10);
      made.push(...due.runs.map((run) => show(run.logicalDate)));
      scheduled = {
        ...(due.scheduledFrom === undefined ? {} : { scheduledFrom: due.scheduledFrom }),
        ...(due.scheduledUpTo === undefined ? {} : { scheduledUpTo: due.scheduledUpTo }),
      };
      if (due.asks === undefined) break;
      answers.set(JSON.stringify(due.asks.question), daily(due.asks.question));
    }
    expect(made).toEqual(['2025-02-08T00:00']);
    expect(show(scheduled.scheduledUpTo)).toBe('2025-02-09T00:00');
  });

  test('by a window makes what ended in it', () => {
    const windowed = history({
      timetables: answering,
      startAt: utc('2025-02-01T00:00Z'),
      activeSince: utc('2025-02-01T00:00Z'),
      catchup: { kind: 'window', windowMs: 2 * DAY },
    });
    expect(dueRuns(schedule, windowed, utc('2025-02-09T07:00Z'), 10).runs.map((run) => show(run.intervalEnd))).toEqual([
      '2025-02-08T00:00',
      '2025-02-09T00:00',
    ]);
  });

  test('need not tell what is passed over: it is asked from when the DAG was active', () => {
    const since = { activeSince: utc('2025-06-01T00:00Z'), startAt: utc('2020-01-01T00:00Z') };
    expect(nextQuestion(history(since)).earliest).toBe(since.activeSince);
    expect(nextQuestion(history({ ...since, catchup: { kind: 'all' } })).earliest).toBe(since.startAt);
    expect(nextQuestion(history({ ...since, catchup: { kind: 'window', windowMs: DAY } })).earliest).toBe(since.activeSince - DAY);
    expect(nextQuestion(history({ ...since, scheduledUpTo: 7 }))).toMatchObject({ last: { start: 7, end: 7 }, earliest: since.startAt });
  });

  test('ends when it says so, or its DAG does', () => {
    const two: TimetableFunctions = (_, question) =>
      question.last !== undefined && question.last.end > utc('2025-02-02T00:00Z') ? undefined : daily(question);
    const due = dueRuns(schedule, all('2025-02-01T00:00Z', { timetables: two }), utc('2025-03-01T00:00Z'), 10);
    expect(due.runs).toHaveLength(2);
    expect(due).not.toHaveProperty('nextDueAt');
    const ended = dueRuns(
      schedule,
      all('2025-02-01T00:00Z', { timetables: answering, endAt: utc('2025-02-02T06:00Z') }),
      utc('2025-03-01T00:00Z'),
      10,
    );
    expect(ended.runs).toHaveLength(1);
    expect(ended).not.toHaveProperty('nextDueAt');
  });

  test('in steps makes the same runs as at once', () => {
    const now = utc('2025-02-20T07:00Z');
    const atOnce = dueRuns(schedule, all('2025-02-01T00:00Z', { timetables: answering }), now, 100).runs;
    const stepwise: DueRuns['runs'][number][] = [];
    let scheduled: Partial<ScheduleHistory> = {};
    for (;;) {
      const due = dueRuns(schedule, all('2025-02-01T00:00Z', { timetables: answering, ...scheduled }), now, 3);
      stepwise.push(...due.runs);
      if ((due.nextDueAt ?? Infinity) > now) break;
      scheduled = { scheduledFrom: due.scheduledFrom ?? 0, scheduledUpTo: due.scheduledUpTo ?? 0 };
    }
    expect(stepwise).toEqual(atOnce);
    expect(atOnce).toHaveLength(19);
  });

  test.each([
    [{ start: 5, end: 6 }, 'begins before the earliest time'],
    [{ start: utc('2025-02-02T00:00Z'), end: utc('2025-02-01T00:00Z') }, 'ends before it begins'],
    [{ start: Number.NaN, end: 3 }, 'these are not whole milliseconds'],
    [{ start: utc('2025-02-02T00:00Z'), end: utc('2025-02-03T00:00Z'), runAfter: 0.5 }, 'these are not whole milliseconds'],
  ])('that answers %j is refused: it %s', (answer, what) => {
    expect(() => dueRuns(schedule, all('2025-02-01T00:00Z', { timetables: () => answer }), utc('2025-03-01T00:00Z'), 10)).toThrow(what);
  });

  test('that does not go on is refused', () => {
    const stuck: TimetableFunctions = () => ({ start: utc('2025-02-02T00:00Z'), end: utc('2025-02-03T00:00Z') });
    expect(() => dueRuns(schedule, all('2025-02-01T00:00Z', { timetables: stuck }), utc('2025-03-01T00:00Z'), 10)).toThrow(
      expect.objectContaining({ code: 'HR_BAD_TIMETABLE_ANSWER', message: expect.stringContaining('does not lie after the last one') }),
    );
  });
});
