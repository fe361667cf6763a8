/** Timetables and overlap policies through the scheduler of production, on a virtual clock. */
import type { DagSpec, OverlapPolicy } from '@headrace/core';
import { dag, task, timetable } from '@headrace/sdk';
import { describe, expect, test } from '@jest/globals';
import { simulate } from '../src/index.ts';
import { dagSpec, taskSpec } from './support/specs.ts';

const time = (date: Date | undefined): string => date?.toISOString().slice(11, 19) ?? 'never';

/** Hourly runs that take two and a half hours each. */
const slow = (overlap: OverlapPolicy, more: Partial<DagSpec> = {}): DagSpec =>
  dagSpec('slow', [taskSpec('work', [], { executionTimeoutMs: 36_000_000 })], {
    schedule: { kind: 'cron', expression: '@hourly', timezone: 'UTC', interval: 'trigger' },
    startAt: Date.UTC(2026, 0, 1, 1),
    overlap,
    ...more,
  });

async function played(spec: DagSpec): Promise<readonly string[]> {
  const { runs } = await simulate(spec, { from: '2026-01-01', to: '2026-01-01T05:45:00Z', duration: '150 minutes' });
  return runs.map((run) => `${time(run.logicalDate).slice(0, 2)}h ${time(run.startedAt)} ${time(run.endedAt)} ${run.status}`);
}

describe('hourly runs that take two and a half hours', () => {
  test('overlap with allow', async () => {
    expect(await played(slow('allow'))).toEqual([1, 2, 3, 4, 5].map((hour) => `0${hour}h 0${hour}:00:00 0${hour + 2}:30:00 success`));
  });

  test('are left out with skip', async () => {
    expect(await played(slow('skip'))).toEqual(['01h 01:00:00 03:30:00 success', '04h 04:00:00 06:30:00 success']);
  });

  test('take each other’s place with buffer_one', async () => {
    expect(await played(slow('buffer_one'))).toEqual([
      '01h 01:00:00 03:30:00 success',
      '03h 03:30:00 06:00:00 success',
      '05h 06:00:00 08:30:00 success',
    ]);
  });

  test('wait for each other with buffer_all', async () => {
    expect((await played(slow('buffer_all'))).slice(0, 3)).toEqual([
      '01h 01:00:00 03:30:00 success',
      '02h 03:30:00 06:00:00 success',
      '03h 06:00:00 08:30:00 success',
    ]);
    expect(await played(slow('buffer_all'))).toHaveLength(5);
  });

  test.each(['cancel_other', 'terminate_other'] as const)('end each other with %s', async (overlap) => {
    const runs = await played(slow(overlap));
    expect(runs.slice(0, 4)).toEqual([1, 2, 3, 4].map((hour) => `0${hour}h 0${hour}:00:00 0${hour + 1}:00:00 failed`));
    expect(runs.slice(4)).toEqual(['05h 05:00:00 07:30:00 success']);
  });
});

test('a continuous DAG runs again in the moment in which its run has ended', async () => {
  const spec = dagSpec('stream', [taskSpec('work')], { schedule: { kind: 'continuous' }, startAt: Date.UTC(2026, 0, 1), maxActiveRuns: 1 });
  const { runs } = await simulate(spec, { from: '2026-01-01', to: '2026-01-01T00:05:00Z', duration: '1 minute' });
  expect(runs.length).toBeGreaterThanOrEqual(5);
  for (const [index, run] of runs.entries()) {
    const before = runs[index - 1];
    if (before === undefined) continue;
    expect(run.interval?.start).toEqual(before.interval?.end);
    expect((run.startedAt?.getTime() ?? 0) - (before.endedAt?.getTime() ?? 0)).toBeLessThanOrEqual(2);
  }
});

test('a timetable of the DAG file’s own says when its runs come', async () => {
  const weekdays = dag(
    'weekdays',
    {
      schedule: timetable('weekdays', ({ last, earliest }) => {
        let start = Math.ceil((last?.end ?? earliest) / 86_400_000) * 86_400_000;
        while ([0, 6].includes(new Date(start).getUTCDay())) start += 86_400_000;
        return { start, end: start + 86_400_000, runAfter: start + 30 * 3_600_000 };
      }),
      start: '2026-01-01',
    },
    () => {
      task('work', async () => 1);
    },
  );
  const { runs } = await simulate(weekdays, { from: '2026-01-01', to: '2026-01-08' });
  // 3 and 4 January are a weekend.
  expect(runs.map((run) => `${run.logicalDate?.toISOString().slice(0, 10)} ${run.startedAt?.toISOString().slice(0, 16)}`)).toEqual([
    '2026-01-01 2026-01-02T06:00',
    '2026-01-02 2026-01-03T06:00',
    '2026-01-05 2026-01-06T06:00',
    '2026-01-06 2026-01-07T06:00',
  ]);
});
