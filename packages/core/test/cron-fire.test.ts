import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { InvalidZoneError, nextFire, parseCron, previousFire } from '../src/index.ts';
import { firesIn, scan, transitions } from './support/cron-oracle.ts';
import { propertyRuns } from './support/property-runs.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const utc = (text: string): number => Date.parse(text);

/** Zones with all kinds of habits: half hours, midnight, two changes in a month, a lost day, none at all. */
const ZONES = [
  'Europe/Berlin',
  'Europe/London',
  'America/Chicago',
  'America/New_York',
  'America/Sao_Paulo',
  'America/Santiago',
  'America/Havana',
  'America/St_Johns',
  'America/Nuuk',
  'America/Asuncion',
  'Africa/Cairo',
  'Africa/Casablanca',
  'Asia/Gaza',
  'Asia/Tehran',
  'Asia/Amman',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Antarctica/Troll',
  'Pacific/Apia',
  'Pacific/Chatham',
  'UTC',
];

function firesFrom(expression: string, zone: string, from: string, count: number): readonly string[] {
  const cron = parseCron(expression);
  const fires: string[] = [];
  let instant = utc(from);
  for (let index = 0; index < count; index += 1) {
    instant = nextFire(cron, zone, instant);
    fires.push(new Date(instant).toISOString().replace(':00.000Z', 'Z'));
  }
  return fires;
}

describe('fixed hours fire once per local day', () => {
  test('at the first valid instant after the gap when the time is left out', () => {
    // America/Chicago, 9 March 2025: 02:00 CST becomes 03:00 CDT at 08:00Z.
    expect(firesFrom('30 2 * * *', 'America/Chicago', '2025-03-08T00:00Z', 3)).toEqual([
      '2025-03-08T08:30Z',
      '2025-03-09T08:00Z',
      '2025-03-10T07:30Z',
    ]);
    expect(firesFrom('*/20 2 * * *', 'America/Chicago', '2025-03-09T00:00Z', 2)).toEqual(['2025-03-09T08:00Z', '2025-03-10T07:00Z']);
  });

  test('at the first occurrence when the time comes twice', () => {
    // America/Chicago, 2 November 2025: 02:00 CDT becomes 01:00 CST at 07:00Z.
    expect(firesFrom('*/30 1 * * *', 'America/Chicago', '2025-11-02T05:00Z', 3)).toEqual([
      '2025-11-02T06:00Z',
      '2025-11-02T06:30Z',
      '2025-11-03T07:00Z',
    ]);
  });

  test('also where the gap ends the day', () => {
    // America/Nuuk, 30 March 2024: 23:00 becomes 00:00 of the next day at 01:00Z.
    expect(firesFrom('30 23 * * *', 'America/Nuuk', '2024-03-30T12:00Z', 2)).toEqual(['2024-03-31T01:00Z', '2024-04-01T00:30Z']);
  });

  test('not on a day that a zone leaves out', () => {
    // Pacific/Apia went from 29 to 31 December 2011.
    expect(firesFrom('0 9 * * *', 'Pacific/Apia', '2011-12-28T00:00Z', 3)).toEqual([
      '2011-12-28T19:00Z',
      '2011-12-29T19:00Z',
      '2011-12-30T19:00Z',
    ]);
  });
});

describe('hours with * or a step follow elapsed time', () => {
  test('skip what the clock does not show', () => {
    expect(firesFrom('0 */2 * * *', 'America/Chicago', '2025-03-09T05:00Z', 3)).toEqual([
      '2025-03-09T06:00Z',
      '2025-03-09T09:00Z',
      '2025-03-09T11:00Z',
    ]);
    expect(firesFrom('@hourly', 'America/Chicago', '2025-03-09T06:30Z', 3)).toEqual([
      '2025-03-09T07:00Z',
      '2025-03-09T08:00Z',
      '2025-03-09T09:00Z',
    ]);
  });

  test('repeat what the clock shows twice', () => {
    expect(firesFrom('30 * * * *', 'America/Chicago', '2025-11-02T05:40Z', 3)).toEqual([
      '2025-11-02T06:30Z',
      '2025-11-02T07:30Z',
      '2025-11-02T08:30Z',
    ]);
    expect(firesFrom('15 1-3/2 * * *', 'America/Chicago', '2025-11-02T05:40Z', 3)).toEqual([
      '2025-11-02T06:15Z',
      '2025-11-02T07:15Z',
      '2025-11-02T09:15Z',
    ]);
  });
});

describe('rare days', () => {
  test.each([
    ['0 0 29 2 *', '2096-01-01T00:00Z', ['2096-02-29T00:00Z', '2104-02-29T00:00Z']],
    ['0 0 L * *', '2024-02-01T00:00Z', ['2024-02-29T00:00Z', '2024-03-31T00:00Z']],
    ['0 0 L,10 2 *', '2023-02-01T00:00Z', ['2023-02-10T00:00Z', '2023-02-28T00:00Z']],
    ['0 0 * * 5L', '2024-02-01T00:00Z', ['2024-02-23T00:00Z', '2024-03-29T00:00Z']],
    ['0 0 * * 4L', '2024-02-01T00:00Z', ['2024-02-29T00:00Z', '2024-03-28T00:00Z']],
    ['0 0 * * friL,mon', '2024-02-20T00:00Z', ['2024-02-23T00:00Z', '2024-02-26T00:00Z']],
    ['0 0 * * fri#2', '2024-02-01T00:00Z', ['2024-02-09T00:00Z', '2024-03-08T00:00Z']],
    ['0 0 * * 1#5', '2024-02-01T00:00Z', ['2024-04-29T00:00Z', '2024-07-29T00:00Z']],
    ['0 0 * 2 1#5', '2024-02-01T00:00Z', ['2044-02-29T00:00Z', '2072-02-29T00:00Z']],
    ['0 0 13 * 5', '2024-09-01T00:00Z', ['2024-09-06T00:00Z', '2024-09-13T00:00Z', '2024-09-20T00:00Z']],
    ['0 0 13 10 fri', '2024-10-05T00:00Z', ['2024-10-11T00:00Z', '2024-10-13T00:00Z', '2024-10-18T00:00Z']],
    ['0 0 */2 * 1', '2024-06-01T12:00Z', ['2024-06-03T00:00Z', '2024-06-05T00:00Z']],
    ['0 0 */1 * 1', '2024-06-01T12:00Z', ['2024-06-03T00:00Z', '2024-06-10T00:00Z']],
    ['0 0 13 * 0-6', '2024-06-01T12:00Z', ['2024-06-13T00:00Z', '2024-07-13T00:00Z']],
    ['0 0 ? * 7', '2024-06-01T12:00Z', ['2024-06-02T00:00Z', '2024-06-09T00:00Z']],
    ['59 23 31 12 *', '1969-06-01T00:00Z', ['1969-12-31T23:59Z', '1970-12-31T23:59Z']],
    ['0 */12 1 1 *', '0004-06-01T00:00Z', ['0005-01-01T00:00Z', '0005-01-01T12:00Z']],
  ])('%s after %s', (expression, from, expected) => {
    expect(firesFrom(expression, 'UTC', from, expected.length)).toEqual(expected);
    const cron = parseCron(expression);
    const last = utc(expected.at(-1) ?? '');
    expect(previousFire(cron, 'UTC', last)).toBe(utc(expected.at(-2) ?? ''));
    expect(previousFire(cron, 'UTC', last + 1)).toBe(last);
  });
});

test('an unknown zone is refused', () => {
  const cron = parseCron('@daily');
  expect(() => nextFire(cron, 'Europe/Atlantis', 0)).toThrow(InvalidZoneError);
  expect(() => previousFire(cron, '+02:00', 0)).toThrow('"+02:00" is not a time zone: use an IANA name such as "Europe/Berlin" or "UTC"');
});

/** Fires within (from, to), forwards and backwards. */
function walk(expression: string, zone: string, from: number, to: number): readonly number[] {
  const cron = parseCron(expression);
  const forwards: number[] = [];
  for (let fire = nextFire(cron, zone, from); fire < to; fire = nextFire(cron, zone, fire)) forwards.push(fire);
  const backwards: number[] = [];
  for (let fire = previousFire(cron, zone, to); fire > from; fire = previousFire(cron, zone, fire)) backwards.unshift(fire);
  expect(backwards).toEqual(forwards);
  return forwards;
}

const minutes = fc.constantFrom('0', '30', '*/20', '5,35', '59', '7-40/11', '15/20');
const hours = fc.constantFrom('*', '*/2', '*/3', '1-3/2', '0', '1', '2', '3', '0,2', '1-3', '23', '22-23', '0-23', '12');
const days = fc.constantFrom('*', '*', '*', '1-15', '*/2', '10,20,30', '31', '28-31', '1/1');
const months = fc.constantFrom('*', '*', '*', '3-11', '*/2', '1,3,4,9,10,11');
const weekdays = fc.constantFrom('*', '*', '*', '0', '1-5', '6', '*/2', '0-6');
const expressions = fc.tuple(minutes, hours, days, months, weekdays).map((fields) => fields.join(' '));

describe('every fire, by brute force', () => {
  test('within some days anywhere and at any time', () => {
    fc.assert(
      fc.property(
        expressions,
        fc.constantFrom(...ZONES),
        fc.integer({ min: utc('1975-01-01T00:00Z'), max: utc('2037-12-01T00:00Z') }),
        (expression, zone, from) => {
          const to = from + 2 * DAY;
          const expected = firesIn(expression, scan(zone, from - DAY, to + DAY)).filter((fire) => fire > from && fire < to);
          expect(walk(expression, zone, from, to)).toEqual(expected);
        },
      ),
      { numRuns: propertyRuns(150) },
    );
  });

  const CHANGING = ZONES.filter((zone) => zone !== 'UTC' && zone !== 'Asia/Kathmandu');

  test.each(CHANGING)('around every change of the clocks of %s in years from 2000 to 2037', (zone) => {
    // Usually every sixth year, another sixth for each zone; all of them with HEADRACE_PROPERTY_RUNS=6 or more.
    const stride = Math.min(38, Math.max(1, Math.round(600 / propertyRuns(100))));
    let changes = 0;
    for (let year = 2000 + (CHANGING.indexOf(zone) % stride); year <= 2037; year += stride) {
      for (const change of transitions(zone, Date.UTC(year, 0, 1), Date.UTC(year + 1, 0, 1))) {
        changes += 1;
        const seen = scan(zone, change - 2 * DAY, change + 2 * DAY);
        for (const text of fc.sample(expressions, { numRuns: 4, seed: change })) {
          const [from, to] = [change - 20 * HOUR, change + 20 * HOUR];
          const expected = firesIn(text, seen).filter((fire) => fire > from && fire < to);
          expect([text, change, walk(text, zone, from, to)]).toEqual([text, change, expected]);
        }
      }
    }
    // No zone here rests for more than some years; with few years looked at there may be none.
    if (stride <= 6) expect(changes).toBeGreaterThan(0);
  });
});

describe('previous and next', () => {
  test('walk the same instants, strictly in order, far from and near to any change', () => {
    fc.assert(
      fc.property(
        expressions,
        fc.constantFrom(...ZONES),
        fc.integer({ min: utc('1971-01-01T00:00Z'), max: utc('2060-01-01T00:00Z') }),
        (expression, zone, instant) => {
          const cron = parseCron(expression);
          const next = nextFire(cron, zone, instant);
          const previous = previousFire(cron, zone, instant + 1);
          expect(next).toBeGreaterThan(instant);
          expect(previous).toBeLessThanOrEqual(instant);
          expect(nextFire(cron, zone, previous)).toBe(next);
          expect(previousFire(cron, zone, next)).toBe(previous);
          expect(nextFire(cron, zone, next - 1)).toBe(next);
        },
      ),
      { numRuns: propertyRuns(1_000) },
    );
  });
});
