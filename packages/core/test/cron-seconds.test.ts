import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { nextFire, parseCron, previousFire } from '../src/index.ts';
import { firesBySecond, transitions } from './support/cron-oracle.ts';
import { propertyRuns } from './support/property-runs.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const utc = (text: string): number => Date.parse(text);

function walk(expression: string, zone: string, from: number, to: number): readonly number[] {
  const cron = parseCron(expression);
  const forwards: number[] = [];
  for (let fire = nextFire(cron, zone, from - 1); fire <= to; fire = nextFire(cron, zone, fire)) forwards.push(fire);
  const backwards: number[] = [];
  for (let fire = previousFire(cron, zone, to + 1); fire >= from; fire = previousFire(cron, zone, fire)) backwards.unshift(fire);
  expect(backwards).toEqual(forwards);
  return forwards;
}

const shown = (fires: readonly number[]): readonly string[] => fires.map((fire) => new Date(fire).toISOString().slice(11, 19));

describe('six fields: seconds first', () => {
  test('a second of a minute', () => {
    expect(shown(walk('*/20 30 6 * * *', 'UTC', utc('2026-11-21T00:00Z'), utc('2026-11-22T00:00Z')))).toEqual([
      '06:30:00',
      '06:30:20',
      '06:30:40',
    ]);
    expect(shown(walk('59 * * * * *', 'UTC', utc('2026-11-21T00:00:59Z'), utc('2026-11-21T00:02:58Z')))).toEqual(['00:00:59', '00:01:59']);
  });

  test('five fields mean the first second', () => {
    const cron = parseCron('*/5 * * * *');
    expect(cron.seconds).toEqual([0]);
    for (let instant = utc('2026-03-29T00:00Z'); instant < utc('2026-03-29T04:00Z'); instant = nextFire(cron, 'Europe/Berlin', instant)) {
      expect(nextFire(cron, 'Europe/Berlin', instant)).toBe(nextFire(parseCron('0 */5 * * * *'), 'Europe/Berlin', instant));
    }
  });

  test('what the clock leaves out fires once, at the first second after the gap', () => {
    // Europe/Berlin, 29 March 2026: 02:00 becomes 03:00 at 01:00Z.
    const [from, to] = [utc('2026-03-29T00:30Z'), utc('2026-03-29T01:30Z')];
    expect(shown(walk('15,45 10,20 2 * * *', 'Europe/Berlin', from, to))).toEqual(['01:00:00']);
  });
});

const seconds = fc.constantFrom('0', '30', '*/20', '5,35', '59', '7-40/11', '*');
const minutes = fc.constantFrom('0', '30', '*/20', '5,35', '59', '7-40/11');
const hours = fc.constantFrom('*', '*/2', '1-3/2', '0', '1', '2', '3', '0,2', '1-3', '22-23', '0-23');
const expressions = fc.tuple(seconds, minutes, hours).map((fields) => [...fields, '* * *'].join(' '));
const ZONES = ['Europe/Berlin', 'America/Chicago', 'America/Havana', 'Australia/Lord_Howe', 'Africa/Casablanca', 'Antarctica/Troll'];

test('every second around a change of the clocks, by brute force', () => {
  const changes = ZONES.flatMap((zone) =>
    transitions(zone, utc('2011-01-01T00:00Z'), utc('2012-01-01T00:00Z')).map((at) => [zone, at] as const),
  );
  expect(changes.length).toBeGreaterThan(8);
  fc.assert(
    fc.property(expressions, fc.constantFrom(...changes), (expression, [zone, change]) => {
      const [from, to] = [change - 90 * MINUTE, change + 90 * MINUTE];
      const expected = firesBySecond(expression, zone, from - 2 * HOUR, to).filter((fire) => fire >= from);
      expect(walk(expression, zone, from, to)).toEqual(expected);
    }),
    { numRuns: propertyRuns(60) },
  );
});
