import { describe, expect, test } from '@jest/globals';
import { exclusionOf, needsUnendedRuns, type OverlapPolicy, overlapVerdict, type ScheduleSpec, type UnendedRun } from '../src/index.ts';

const running = (runKey: string, partitionKey?: string): UnendedRun => ({
  runKey,
  status: 'running',
  ...(partitionKey === undefined ? {} : { partitionKey }),
});
const queued = (runKey: string, partitionKey?: string): UnendedRun => ({ ...running(runKey, partitionKey), status: 'queued' });
const MADE = { make: true, replaces: [] };
const NOT_MADE = { make: false, replaces: [] };

describe('a run whose DAG has', () => {
  test.each<[string, OverlapPolicy, readonly UnendedRun[], object]>([
    ['nothing under way: any policy makes it', 'skip', [], MADE],
    ['nothing under way: any policy makes it', 'buffer_one', [], MADE],
    ['nothing under way: any policy makes it', 'cancel_other', [], MADE],
    ['one that runs: allow makes it', 'allow', [running('1')], MADE],
    ['many that wait: buffer_all makes it', 'buffer_all', [running('1'), queued('2'), queued('3')], MADE],
    ['one that runs: skip does not', 'skip', [running('1')], NOT_MADE],
    ['one that waits: skip does not', 'skip', [queued('1')], NOT_MADE],
    ['one that runs: buffer_one keeps it', 'buffer_one', [running('1')], MADE],
    [
      'one that runs and one that waits: it takes the place of that',
      'buffer_one',
      [running('1'), queued('2')],
      { make: true, replaces: ['2'] },
    ],
    ['one that is about to run: it waits behind that', 'buffer_one', [queued('1')], MADE],
    [
      'one about to run and one behind it: it takes the place of the second',
      'buffer_one',
      [queued('1'), queued('2')],
      { make: true, replaces: ['2'] },
    ],
    ['one that runs: cancel_other makes it, and another rule ends that', 'cancel_other', [running('1')], MADE],
    ['one that waits: cancel_other takes its place', 'cancel_other', [running('1'), queued('2')], { make: true, replaces: ['2'] }],
    ['one that waits: terminate_other takes its place', 'terminate_other', [queued('2')], { make: true, replaces: ['2'] }],
  ])('%s (%s)', (_, policy, unended, verdict) => {
    expect(overlapVerdict(policy, unended, {})).toEqual(verdict);
  });

  test('runs of other partitions overlaps none of them', () => {
    const unended = [running('1', 'a'), queued('2', 'b'), running('3')];
    expect(overlapVerdict('skip', unended, { partitionKey: 'c' })).toEqual(MADE);
    expect(overlapVerdict('skip', unended, { partitionKey: 'b' })).toEqual(NOT_MADE);
    expect(overlapVerdict('cancel_other', unended, { partitionKey: 'b' })).toEqual({ make: true, replaces: ['2'] });
  });
});

describe('what whoever starts and plans runs must know', () => {
  const daily: ScheduleSpec = { kind: 'cron', expression: '@daily', timezone: 'UTC', interval: 'cron' };
  test('runs are kept apart under every policy but allow, by partition where there are partitions', () => {
    expect(exclusionOf({ schedule: daily })).toBe('none');
    expect(exclusionOf({ schedule: daily, overlap: 'allow', partitions: { kind: 'dynamic' } })).toBe('none');
    for (const overlap of ['skip', 'buffer_one', 'buffer_all', 'cancel_other', 'terminate_other'] as const) {
      expect(exclusionOf({ schedule: daily, overlap })).toBe('dag');
      expect(exclusionOf({ schedule: daily, overlap, partitions: { kind: 'dynamic' } })).toBe('partition');
      expect(exclusionOf({ schedule: { ...daily, partitioned: true }, overlap })).toBe('partition');
    }
  });

  test('unended runs are asked for only where they decide', () => {
    expect(needsUnendedRuns({ schedule: daily })).toBe(false);
    expect(needsUnendedRuns({ schedule: daily, overlap: 'buffer_all' })).toBe(false);
    expect(needsUnendedRuns({ schedule: daily, overlap: 'skip' })).toBe(true);
    expect(needsUnendedRuns({ schedule: { kind: 'continuous' } })).toBe(true);
    expect(
      needsUnendedRuns({ schedule: { kind: 'assets_or_time', when: { kind: 'asset', name: 'a' }, time: { kind: 'continuous' } } }),
    ).toBe(true);
  });
});
