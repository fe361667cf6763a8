/**
 * Timetables against brute force, in every zone that the runtime knows. By default a sample that takes seconds; all of it, 50,000 random
 * expressions and every change of the clocks from 2000 to 2037, with HEADRACE_PROPERTY_RUNS=420.
 */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { dueRuns, nextFire, parseCron, previousFire, type ScheduledRun, type ScheduleSpec } from '../src/index.ts';
import { firesBySecond, firesIn, localTime, scan, transitions } from './support/cron-oracle.ts';
import { propertyRuns } from './support/property-runs.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const utc = (text: string): number => Date.parse(text);

const ZONES = Intl.supportedValuesOf('timeZone');

const minutes = fc.constantFrom('0', '30', '*/20', '5,35', '59', '7-40/11', '15/20', '*');
const hours = fc.constantFrom('*', '*/2', '*/3', '1-3/2', '0', '1', '2', '3', '0,2', '1-3', '23', '22-23', '0-23', '12');
const days = fc.constantFrom('*', '*', '*', '1-15', '*/2', '10,20,30', '31', '28-31', '1/1');
const months = fc.constantFrom('*', '*', '*', '3-11', '*/2', '1,3,4,9,10,11');
const weekdays = fc.constantFrom('*', '*', '*', '0', '1-5', '6', '*/2', '0-6');
const expressions = fc.tuple(minutes, hours, days, months, weekdays).map((fields) => fields.join(' '));
const seconds = fc.constantFrom('0', '30', '*/20', '5,35', '59');

/** Fires within (from, to), which next and previous must agree upon. */
function walk(expression: string, zone: string, from: number, to: number): readonly number[] {
  const cron = parseCron(expression);
  const forwards: number[] = [];
  for (let fire = nextFire(cron, zone, from); fire < to; fire = nextFire(cron, zone, fire)) forwards.push(fire);
  const backwards: number[] = [];
  for (let fire = previousFire(cron, zone, to); fire > from; fire = previousFire(cron, zone, fire)) backwards.unshift(fire);
  expect(backwards).toEqual(forwards);
  return forwards;
}

test('random expressions, zones and times fire as a minute-by-minute look says', () => {
  fc.assert(
    fc.property(
      expressions,
      fc.constantFrom(...ZONES),
      fc.integer({ min: utc('1975-01-01T00:00Z') / MINUTE, max: utc('2037-12-01T00:00Z') / MINUTE }),
      fc.integer({ min: 6, max: 48 }),
      (expression, zone, fromMinute, length) => {
        const from = fromMinute * MINUTE;
        const to = from + length * HOUR;
        const expected = firesIn(expression, scan(zone, from - DAY, to + DAY)).filter((fire) => fire > from && fire < to);
        expect(walk(expression, zone, from, to)).toEqual(expected);
      },
    ),
    { numRuns: propertyRuns(120) },
  );
});

function runsBetween(schedule: ScheduleSpec, startAt: number, to: number): readonly ScheduledRun[] {
  const history = { catchup: { kind: 'all' }, firstSeenAt: startAt, activeSince: startAt, startAt } as const;
  return dueRuns(schedule, history, to, 100_000).runs;
}

/** No gap, no overlap, strictly increasing: what every timetable with intervals promises. */
function expectAbutting(runs: readonly ScheduledRun[], startAt: number): void {
  for (const [index, run] of runs.entries()) {
    expect(run.intervalEnd).toBeGreaterThan(run.intervalStart);
    expect(run.intervalStart).toBeGreaterThanOrEqual(startAt);
    if (index > 0) expect(run.intervalStart).toBe(runs[index - 1]?.intervalEnd);
  }
}

function expectIncreasing(instants: readonly number[]): void {
  for (const [index, instant] of instants.entries()) if (index > 0) expect(instant).toBeGreaterThan(instants[index - 1] ?? Infinity);
}

function lookAround(zone: string, change: number, seed: number): void {
  const seen = scan(zone, change - 3 * DAY, change + 3 * DAY);
  const [from, to] = [change - 20 * HOUR, change + 20 * HOUR];
  for (const text of fc.sample(expressions, { numRuns: 3, seed })) {
    const expected = firesIn(text, seen).filter((fire) => fire > from && fire < to);
    expect([text, walk(text, zone, from, to)]).toEqual([text, expected]);
    const intervals = runsBetween({ kind: 'cron', expression: text, timezone: zone, interval: 'cron' }, from, to);
    expectAbutting(intervals, from);
    const [first] = intervals;
    if (first !== undefined)
      expect(expected.filter((fire) => fire > first.intervalStart)).toEqual(
        intervals.map((run) => run.intervalEnd).filter((fire) => fire < to),
      );
  }
  const [second = '0'] = fc.sample(seconds, { numRuns: 1, seed });
  const [minute = '0'] = fc.sample(minutes, { numRuns: 1, seed });
  const hour = localTime(zone, change - MINUTE).hour;
  for (const withSeconds of [`${second} ${minute} ${hour},${(hour + 1) % 24} * * *`, `${second} ${minute} */1 * * *`]) {
    const near = firesBySecond(withSeconds, zone, change - 70 * MINUTE, change + 70 * MINUTE).filter(
      (fire) => fire >= change - 60 * MINUTE,
    );
    expect([withSeconds, walk(withSeconds, zone, change - HOUR - 1, change + 70 * MINUTE + 1)]).toEqual([withSeconds, near]);
  }
  lookAtSteps(zone, change, seen);
}

/** A step of a day from a local time is a fixed time every day; of a month, a fixed time on that day of the month. */
function lookAtSteps(zone: string, change: number, seen: ReturnType<typeof scan>): void {
  const startAt = change - 2 * DAY + (change % 7) * 20 * MINUTE;
  const { hour, minute } = localTime(zone, startAt);
  const every = { unit: 'day', count: 1, timezone: zone } as const;
  const daily = runsBetween({ kind: 'interval', every }, startAt, change + 2 * DAY);
  expectAbutting(daily, startAt);
  const expected = firesIn(`${minute} ${hour} * * *`, seen).filter((fire) => fire > startAt && fire <= change + 2 * DAY);
  expect(daily.map((run) => run.intervalEnd)).toEqual(expected);
  const fires = runsBetween({ kind: 'delta', every, interval: 'trigger' }, startAt, change + 2 * DAY).map((run) => run.intervalEnd);
  expect(fires).toEqual([startAt, ...expected]);
  for (const step of [{ unit: 'ms', count: 11 * HOUR } as const, { unit: 'month', count: 1, timezone: zone } as const]) {
    const runs = runsBetween({ kind: 'interval', every: step }, change - 70 * DAY, change + 70 * DAY);
    expectAbutting(runs, change - 70 * DAY);
    expectIncreasing(
      runsBetween({ kind: 'delta', every: step, interval: 'trigger' }, change - 70 * DAY, change + 70 * DAY).map((run) => run.runAfter),
    );
  }
  const crons = runsBetween(
    { kind: 'crons', expressions: [`${minute} ${hour} * * *`, '*/30 * * * *'], timezone: zone, interval: 'trigger' },
    change - DAY,
    change + DAY,
  );
  const merged = new Set([...firesIn(`${minute} ${hour} * * *`, seen), ...firesIn('*/30 * * * *', seen)]);
  expect(crons.map((run) => run.runAfter)).toEqual(
    [...merged].filter((fire) => fire >= change - DAY && fire <= change + DAY).sort((a, b) => a - b),
  );
}

describe('around changes of the clocks from 2000 to 2037', () => {
  // How many of all zones and of their years are looked at.
  const share = Math.min(1, propertyRuns(100) / 42_000);
  const zones =
    share >= 1
      ? ZONES
      : fc.sample(fc.constantFrom(...ZONES), { numRuns: Math.max(6, Math.round(ZONES.length * Math.sqrt(share))), seed: 7 });
  const stride = share >= 1 ? 1 : Math.max(1, Math.round(1 / Math.sqrt(share)));

  test('every timetable fires as a look at every minute says, and its intervals abut', () => {
    let changes = 0;
    for (const [index, zone] of zones.entries()) {
      for (let year = 2000 + (index % Math.min(stride, 12)); year <= 2037; year += Math.min(stride, 12)) {
        for (const change of transitions(zone, Date.UTC(year, 0, 1), Date.UTC(year + 1, 0, 1))) {
          changes += 1;
          lookAround(zone, change, change);
        }
      }
    }
    if (share >= 1) process.stderr.write(`${changes} changes of the clocks in ${zones.length} zones\n`);
    expect(changes).toBeGreaterThan(0);
  }, 7_200_000);
});
