export { type BackfillDutyOptions, createBackfillDuty } from './backfill-duty.ts';
export { DagVersions } from './dag-versions.ts';
export type { Duty, DutyReport } from './duty.ts';
export { createOverlapDuty, type OverlapDutyOptions } from './overlap-duty.ts';
export { type DagPlan, planDag } from './plan-dag.ts';
export { createRunCommands, RunMovedOnError } from './run-commands.ts';
export { Scheduler, type SchedulerIntervals, type SchedulerOptions } from './scheduler.ts';
export { StoreClock } from './store-clock.ts';
