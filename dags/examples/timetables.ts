import { continuous, cron, crons, dag, events, every, interval, once, task, timetable } from '@headrace/sdk';

const DAY_MS = 86_400_000;

const shown = (): void => {
  task('show', ({ interval, log }) => log.info(`from ${interval.start.toISOString()} to ${interval.end.toISOString()}`));
};

const common = { start: '2026-01-01', paused: true, tags: ['example'] } as const;

/** At 2:15 in Berlin, also in the nights in which clocks change; each run stands for the day before. */
export const nightly = dag(
  'example_cron',
  { ...common, schedule: cron('15 2 * * *', { timezone: 'Europe/Berlin', interval: '1 day' }), catchup: { window: '7 days' } },
  shown,
);

/** Every half minute: six fields, seconds first. */
export const seconds = dag('example_cron_seconds', { ...common, schedule: cron('*/30 * * * * *', { interval: 'trigger' }) }, shown);

/** When the shops open, and once more on Saturdays. */
export const opening = dag(
  'example_crons',
  { ...common, schedule: crons(['0 9 * * 1-5', '30 7 * * 6'], { timezone: 'Europe/Berlin' }) },
  shown,
);

/** Local days that abut: one of 23 hours, one of 25 a year. */
export const days = dag(
  'example_interval',
  { ...common, schedule: interval('1 day', { timezone: 'Europe/Berlin' }), catchup: 'all' },
  shown,
);

export const quarterHours = dag('example_every', { ...common, schedule: every('15 minutes', { jitter: '1 minute' }) }, shown);

export const single = dag('example_once', { ...common, schedule: once() }, shown);

/** A run as soon as the one before has ended; one that fails five times in a row pauses the DAG. */
export const endless = dag(
  'example_continuous',
  { ...common, schedule: continuous(), maxActiveRuns: 1, maxConsecutiveFailedRuns: 5 },
  shown,
);

export const closings = dag(
  'example_events',
  { ...common, schedule: events(['2026-03-31T20:00Z', '2026-06-30T20:00Z', '2026-09-30T20:00Z', '2026-12-31T20:00Z'], { restrict: true }) },
  shown,
);

/** A timetable of one's own is a pure function: after each interval it says which comes next. Here: working days only. */
export const workingDays = dag(
  'example_timetable',
  {
    ...common,
    schedule: timetable('working_days', ({ last, earliest }) => {
      let start = last?.end ?? Math.ceil(earliest / DAY_MS) * DAY_MS;
      while ([0, 6].includes(new Date(start).getUTCDay())) start += DAY_MS;
      return { start, end: start + DAY_MS };
    }),
    catchup: 'all',
  },
  shown,
);
