import { describe, expect, test } from '@jest/globals';
import { type ScheduleSpec, validateDag } from '../src/index.ts';
import { dagSpec, taskSpec } from './support/specs.ts';

const problems = (schedule: ScheduleSpec): readonly string[] =>
  validateDag(dagSpec([taskSpec('a')], { schedule, assets: [{ name: 'a' }] })).map(({ code, message }) => `${code}: ${message}`);

const cron = { kind: 'cron', expression: '@daily', timezone: 'UTC', interval: 'cron' } as const;
const when = { kind: 'asset', name: 'a' } as const;
const everyDay = { unit: 'day', count: 1, timezone: 'Europe/Berlin' } as const;

describe('a schedule', () => {
  test.each<ScheduleSpec>([
    { kind: 'manual' },
    { ...cron, expression: '*/10 * * * * *', jitterMs: 0 },
    { kind: 'crons', expressions: ['@daily', '0 3 * * *'], timezone: 'Asia/Tokyo', interval: { lengthMs: 1 } },
    { kind: 'interval', every: { unit: 'ms', count: 1 } },
    { kind: 'delta', every: everyDay, interval: 'trigger' },
    { kind: 'once' },
    { kind: 'continuous' },
    { kind: 'events', at: [], restrict: true },
    { kind: 'events', at: [1, 2, 3], restrict: false },
    { kind: 'custom', name: 'moon' },
  ])('may be %j', (schedule) => {
    expect(problems(schedule)).toEqual([]);
  });

  test.each<[ScheduleSpec, readonly string[]]>([
    [
      { ...cron, expression: 'x', timezone: 'Mars/Base', jitterMs: -1 },
      ['bad_value: The jitter must be', 'bad_cron: Cron expression "x"', 'bad_timezone: "Mars/Base" is not'],
    ],
    [{ ...cron, interval: { lengthMs: 0 } }, ['bad_value: The data interval must be longer than 0 ms, but is 0']],
    [
      { kind: 'crons', expressions: [], timezone: 'UTC', interval: 'trigger' },
      ['bad_cron: A schedule of several cron expressions needs at least one'],
    ],
    [
      { kind: 'crons', expressions: ['@daily', '99 * * * *'], timezone: '+01:00', interval: { lengthMs: 1.5 } },
      ['bad_cron: Cron expression "99', 'bad_timezone: "+01:00"', 'bad_value: The data interval'],
    ],
    [{ kind: 'interval', every: { unit: 'ms', count: 0 } }, ['bad_value: A schedule must go on by a whole number of ms from 1, but by 0']],
    [{ kind: 'interval', every: { ...everyDay, timezone: 'Nowhere' } }, ['bad_timezone: "Nowhere"']],
    [
      { kind: 'delta', every: { ...everyDay, count: 1.5 }, interval: { lengthMs: -1 } },
      ['bad_value: A schedule must go on by a whole number of day', 'bad_value: The data interval'],
    ],
    [
      { kind: 'events', at: [2, 1], restrict: false },
      ['bad_value: The events of a schedule must be instants in ascending order, but event 1 is 1'],
    ],
    [
      { kind: 'events', at: [1, 1], restrict: false },
      ['bad_value: The events of a schedule must be instants in ascending order, but event 1 is 1'],
    ],
    [
      { kind: 'events', at: [0.5], restrict: false },
      ['bad_value: The events of a schedule must be instants in ascending order, but event 0 is 0.5'],
    ],
    [
      { kind: 'events', at: Array.from({ length: 10_001 }, (_, at) => at), restrict: false },
      ['bad_value: A schedule may list 10000 events, but there are 10001'],
    ],
    [{ kind: 'custom', name: '' }, ['bad_value: The timetable must have a name']],
    [{ kind: 'assets_or_time', when, time: { ...cron, expression: 'x' } }, ['bad_cron: Cron expression "x"']],
  ])('may not be %#', (schedule, expected) => {
    const ofSchedule = problems(schedule).filter((problem) => /^bad_(cron|timezone|value)/.test(problem));
    expect(ofSchedule).toEqual(expected.map((text) => expect.stringContaining(text)));
  });
});
