import { type Static, Type } from 'typebox';
import { DateTime } from './scalars.ts';

export const UpcomingRunsQuery = Type.Object(
  { limit: Type.Integer({ minimum: 1, maximum: 100, default: 1 }) },
  { additionalProperties: false },
);

/** The runs that the schedule will make next, the first of them first. */
export const UpcomingRuns = Type.Object({
  upcoming_runs: Type.Array(
    Type.Object({ logical_date: DateTime, data_interval_start: DateTime, data_interval_end: DateTime, run_after: DateTime }),
  ),
});
export type UpcomingRuns = Static<typeof UpcomingRuns>;
