import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { partitionAt, partitionOfKey, partitionsBetween, type TimePartitions, type TimeUnit } from '../src/index.ts';
import { localTime } from './support/cron-oracle.ts';
import { propertyRuns } from './support/property-runs.ts';

const utc = (text: string): number => Date.parse(text);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const UNITS: readonly TimeUnit[] = ['hour', 'day', 'week', 'month', 'quarter', 'year'];
const of = (every: TimeUnit, timezone = 'UTC', more: Partial<TimePartitions> = {}): TimePartitions => ({
  kind: 'time',
  every,
  timezone,
  ...more,
});
const keys = (spec: TimePartitions, from: string, until: string): readonly string[] =>
  partitionsBetween(spec, utc(from), utc(until)).map((partition) => partition.key);

const zones = fc.constantFrom(...Intl.supportedValuesOf('timeZone'));
const units = fc.constantFrom(...UNITS);
const instants = fc.integer({
  min: utc('1975-01-01T00:00Z'),
  max: utc('2090-01-01T00:00Z'),
});

/** The longest and the shortest that a partition can be, with an hour or so put on the clock. */
const LENGTHS: Readonly<Record<TimeUnit, readonly [number, number]>> = {
  hour: [1, HOUR],
  day: [DAY - 3 * HOUR, DAY + 3 * HOUR],
  week: [6 * DAY - HOUR, 7 * DAY + 3 * HOUR],
  month: [27 * DAY, 31 * DAY + 3 * HOUR],
  quarter: [88 * DAY, 92 * DAY + 3 * HOUR],
  year: [363 * DAY, 366 * DAY + 3 * HOUR],
};

describe('partitions of time', () => {
  test('tile time in every zone: each begins where the one before ended, and its key names it and no other', () => {
    fc.assert(
      fc.property(zones, units, instants, (zone, unit, instant) => {
        const spec = of(unit, zone);
        const here = partitionAt(spec, instant);
        if (here === undefined) throw new Error('no partition');
        expect(here.start <= instant && instant < here.end).toBe(true);
        expect(partitionOfKey(spec, here.key)).toEqual(here);
        expect(partitionAt(spec, here.start)).toEqual(here);
        expect(partitionAt(spec, here.end - 1)).toEqual(here);
        const next = partitionAt(spec, here.end);
        expect(next?.start).toBe(here.end);
        expect(next !== undefined && next.key > here.key).toBe(true);
        const [shortest, longest] = LENGTHS[unit];
        expect(here.end - here.start).toBeGreaterThanOrEqual(shortest);
        expect(here.end - here.start).toBeLessThanOrEqual(longest);
      }),
      { numRuns: propertyRuns(3_000) },
    );
  });

  test('are those that the clock of the zone shows', () => {
    fc.assert(
      fc.property(zones, instants, (zone, instant) => {
        const { year, month, day, hour } = localTime(zone, instant);
        const date = `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
        expect(partitionAt(of('hour', zone), instant)?.key.slice(0, 13)).toBe(`${date}T${String(hour).padStart(2, '0')}`);
        const shown = partitionAt(of('day', zone), instant)?.key;
        // Only where a clock goes back over midnight does a day show the date of the one before.
        if (shown !== date) expect(localTime(zone, instant).hour).toBe(23);
        expect(partitionAt(of('month', zone), instant)?.key).toBe(shown?.slice(0, 7));
        expect(partitionAt(of('year', zone), instant)?.key).toBe(shown?.slice(0, 4));
      }),
      { numRuns: propertyRuns(1_000) },
    );
  });

  test('are listed without a gap, and the same however the time is cut', () => {
    fc.assert(
      fc.property(
        zones,
        units,
        instants,
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 0, max: 100 }),
        (zone, unit, from, count, share) => {
          const spec = of(unit, zone);
          const until = from + count * LENGTHS[unit][1];
          const cut = from + Math.floor(((until - from) * share) / 100);
          const whole = partitionsBetween(spec, from, until);
          expect([...partitionsBetween(spec, from, cut), ...partitionsBetween(spec, cut, until)]).toEqual(whole);
          for (const [index, one] of whole.entries()) if (index > 0) expect(one.start).toBe(whole[index - 1]?.end);
        },
      ),
      { numRuns: propertyRuns(400) },
    );
  });

  test('a day has 23 hours in spring and 25 in autumn, and the hour that comes twice is two partitions', () => {
    const day = of('day', 'Europe/Berlin');
    const spring = partitionOfKey(day, '2026-03-29');
    const autumn = partitionOfKey(day, '2026-10-25');
    expect(spring && (spring.end - spring.start) / HOUR).toBe(23);
    expect(autumn && (autumn.end - autumn.start) / HOUR).toBe(25);
    const hour = of('hour', 'Europe/Berlin');
    const hours = partitionsBetween(hour, autumn?.start ?? 0, autumn?.end ?? 0).map((partition) => partition.key);
    expect(hours).toHaveLength(25);
    expect(hours.slice(1, 5)).toEqual(['2026-10-25T01', '2026-10-25T02', '2026-10-25T02+01:00', '2026-10-25T03']);
    expect(partitionsBetween(hour, spring?.start ?? 0, spring?.end ?? 0).map((one) => one.key)).not.toContain('2026-03-29T02');
    expect(partitionOfKey(hour, '2026-03-29T02')).toBeUndefined();
  });

  test('clocks that go back by half an hour, or over midnight, leave no gap either', () => {
    expect(keys(of('hour', 'Australia/Lord_Howe'), '2026-04-04T13:00Z', '2026-04-04T16:30Z')).toEqual([
      '2026-04-05T00',
      '2026-04-05T01',
      '2026-04-05T01+10:30',
      '2026-04-05T02',
    ]);
    // St. John's went back from 00:01 to 23:01 of the day before.
    const day = partitionOfKey(of('day', 'America/St_Johns'), '2010-11-07');
    expect(day?.start).toBe(utc('2010-11-07T02:30Z'));
    expect(partitionAt(of('day', 'America/St_Johns'), utc('2010-11-07T03:00Z'))?.key).toBe('2010-11-07');
    // Samoa left out a day.
    expect(keys(of('day', 'Pacific/Apia'), '2011-12-28T12:00Z', '2012-01-01T00:00Z')).toEqual(['2011-12-29', '2011-12-31', '2012-01-01']);
    expect(partitionOfKey(of('day', 'Pacific/Apia'), '2011-12-30')).toBeUndefined();
  });

  test('weeks are those of ISO 8601, quarters begin in January, April, July and October', () => {
    expect(keys(of('week'), '2020-12-21T00:00Z', '2021-01-12T00:00Z')).toEqual(['2020-W52', '2020-W53', '2021-W01', '2021-W02']);
    expect(partitionOfKey(of('week'), '2026-W01')?.start).toBe(utc('2025-12-29T00:00Z'));
    expect(partitionOfKey(of('week'), '2026-W53')?.start).toBe(utc('2026-12-28T00:00Z'));
    expect(partitionOfKey(of('week'), '2025-W53')).toBeUndefined();
    expect(keys(of('quarter'), '2026-01-01T00:00Z', '2027-01-01T00:00Z')).toEqual(['2026-Q1', '2026-Q2', '2026-Q3', '2026-Q4']);
    expect(partitionOfKey(of('quarter'), '2026-Q3')).toEqual({
      key: '2026-Q3',
      start: utc('2026-07-01T00:00Z'),
      end: utc('2026-10-01T00:00Z'),
    });
    expect(keys(of('year'), '2026-06-01T00:00Z', '2029-01-01T00:00Z')).toEqual(['2027', '2028']);
    expect(keys(of('month'), '2026-11-01T00:00Z', '2027-02-01T00:00Z')).toEqual(['2026-11', '2026-12', '2027-01']);
  });

  test.each([
    ['hour', '2026-11-21T24'],
    ['hour', '2026-11-21T06+01:00'],
    ['hour', '2026-11-21'],
    ['day', '2026-02-29'],
    ['day', '2026-13-01'],
    ['day', '2026-00-01'],
    ['day', '0000-01-01'],
    ['day', '2026-1-1'],
    ['week', '2026-W00'],
    ['week', '2026-W54'],
    ['month', '2026-13'],
    ['month', '2026-00'],
    ['quarter', '2026-Q5'],
    ['year', '0000'],
    ['year', '20260'],
  ] as const)('for each %s there is no partition "%s"', (unit, key) => {
    expect(partitionOfKey(of(unit, 'Europe/Berlin'), key)).toBeUndefined();
  });

  test('none begins before the start, and a limit keeps the oldest', () => {
    const spec = of('day', 'UTC', { startAt: utc('2026-11-03T12:00Z') });
    expect(keys(spec, '2026-11-01T00:00Z', '2026-11-06T00:00Z')).toEqual(['2026-11-04', '2026-11-05']);
    expect(partitionAt(spec, utc('2026-11-03T18:00Z'))).toBeUndefined();
    expect(partitionOfKey(spec, '2026-11-03')).toBeUndefined();
    expect(partitionsBetween(spec, 0, utc('2027-01-01T00:00Z'), 2).map((one) => one.key)).toEqual(['2026-11-04', '2026-11-05']);
    expect(partitionsBetween(spec, utc('2026-11-06T00:00Z'), utc('2026-11-06T00:00Z'))).toEqual([]);
  });
});
