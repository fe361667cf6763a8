import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { InvalidZoneError, isZone, localDay, localHour } from '../src/index.ts';
import { civilDay, dayNumber, daysInMonth, weekday } from '../src/schedule/civil-time.ts';
import { getZone } from '../src/schedule/zone.ts';
import { localTime } from './support/cron-oracle.ts';
import { propertyRuns } from './support/property-runs.ts';

const utc = (text: string): number => Date.parse(text);
const zones = fc.constantFrom(...Intl.supportedValuesOf('timeZone'));

describe('a zone', () => {
  test('shows the same local time as the runtime, everywhere and always', () => {
    fc.assert(
      fc.property(zones, fc.integer({ min: utc('1970-01-01T00:00Z'), max: utc('2100-01-01T00:00Z') }), (name, instant) => {
        const { year, month, day, hour } = localTime(name, instant);
        const pad = (value: number): string => String(value).padStart(2, '0');
        expect(localHour(instant, name)).toBe(`${year}-${pad(month)}-${pad(day)}T${pad(hour)}`);
        expect(localDay(instant, name)).toBe(`${year}-${pad(month)}-${pad(day)}`);
      }),
      { numRuns: propertyRuns(1_000) },
    );
  });

  test('gives periods that hold the instant, abut, and have one offset', () => {
    fc.assert(
      fc.property(zones, fc.integer({ min: utc('1971-01-01T00:00Z'), max: utc('2037-01-01T00:00Z') }), (name, instant) => {
        const zone = getZone(name);
        const period = zone.periodAt(instant);
        expect(period.from <= instant && instant < period.until).toBe(true);
        expect(zone.periodAt(period.from)).toBe(period);
        expect(zone.periodAt(period.until).from).toBe(period.until);
        expect(zone.periodAt(period.from - 1).until).toBe(period.from);
        expect([zone.offsetAt(period.from), zone.offsetAt(period.until - 1)]).toEqual([period.offset, period.offset]);
      }),
      { numRuns: propertyRuns(300) },
    );
  });

  test('knows changes that follow each other within a week, and to the second', () => {
    // America/Recife had eight days of summer time in October 2000; Africa/Monrovia left -00:44:30 in 1972.
    const recife = getZone('America/Recife');
    expect([utc('2000-10-10T00:00Z'), utc('2000-10-20T00:00Z')].map((instant) => recife.offsetAt(instant) / 3_600_000)).toEqual([-2, -3]);
    expect(recife.periodAt(utc('2000-10-10T00:00Z'))).toEqual({
      from: utc('2000-10-08T03:00Z'),
      until: utc('2000-10-15T02:00Z'),
      offset: -7_200_000,
    });
    expect(getZone('Africa/Monrovia').offsetAt(utc('1971-06-01T00:00Z'))).toBe(-(44 * 60 + 30) * 1_000);
    expect(getZone('Africa/Monrovia').periodAt(utc('1972-01-07T00:44:30Z')).from).toBe(utc('1972-01-07T00:44:30Z'));
  });

  test('counts years before the first as the calendar does', () => {
    expect(localDay(utc('0000-12-31T23:59:59Z'), 'UTC')).toBe('0000-12-31');
    expect(localDay(utc('0001-01-01T00:00:00Z'), 'UTC')).toBe('0001-01-01');
    expect(getZone('UTC').offsetAt(utc('-000010-01-01T00:00:00Z'))).toBe(0);
  });

  test('is opened once, and answers the same after its cache was full', () => {
    const berlin = getZone('Europe/Berlin');
    expect(getZone('Europe/Berlin')).toBe(berlin);
    expect(berlin.name).toBe('Europe/Berlin');
    const summer = utc('2025-07-01T00:00Z');
    expect(berlin.offsetAt(summer)).toBe(7_200_000);
    for (let year = 0; year < 500; year += 1) berlin.offsetAt(summer + year * 365 * 86_400_000);
    expect(berlin.offsetAt(summer)).toBe(7_200_000);
  });

  test('is an IANA name that the runtime knows', () => {
    expect(['Europe/Berlin', 'UTC', 'europe/berlin', 'Asia/Kathmandu'].map(isZone)).toEqual([true, true, true, true]);
    expect(['', '+02:00', '-05', 'Europe/Atlantis', 'CEST2', '__proto__'].map(isZone)).toEqual([false, false, false, false, false, false]);
    expect(() => localDay(0, 'Nowhere')).toThrow(new InvalidZoneError('Nowhere'));
    try {
      localHour(0, 'Nowhere');
    } catch (error) {
      expect(error).toMatchObject({ code: 'HR_INVALID_ZONE', name: 'InvalidZoneError', zone: 'Nowhere' });
    }
    expect(() => localDay(Number.NaN, 'UTC')).toThrow(RangeError);
  });
});

describe('the calendar', () => {
  test('agrees with the runtime on any day', () => {
    fc.assert(
      fc.property(fc.integer({ min: -800_000, max: 800_000 }), (number) => {
        const date = new Date(number * 86_400_000);
        const { year, month, day } = civilDay(number);
        expect([year, month, day, weekday(number)]).toEqual([
          date.getUTCFullYear(),
          date.getUTCMonth() + 1,
          date.getUTCDate(),
          date.getUTCDay(),
        ]);
        expect(dayNumber(year, month, day)).toBe(number);
        expect(daysInMonth(year, month)).toBe(new Date(Date.UTC(2000 + (((year % 400) + 400) % 400), month, 0)).getUTCDate());
      }),
      { numRuns: propertyRuns(2_000) },
    );
  });

  test('knows the leap years', () => {
    expect([1900, 2000, 2023, 2024, 2100].map((year) => daysInMonth(year, 2))).toEqual([28, 29, 28, 29, 28]);
    expect(Array.from({ length: 12 }, (_, month) => daysInMonth(2023, month + 1)).join(' ')).toBe('31 28 31 30 31 30 31 31 30 31 30 31');
  });
});
