export * from './admission.ts';
export { admit } from './admit.ts';
export { ATTEMPT_LOST, attemptOutcome } from './attempt-outcome.ts';
export * from './attempt-report.ts';
export { retryDelay } from './backoff.ts';
export { compileDag, type Dag, expandTasks, InvalidDagError } from './compiled-dag.ts';
export { CRON_MACROS, InvalidCronError, parseCron } from './cron.ts';
export type { Cron } from './cron-calendar.ts';
export { nextFire, previousFire } from './cron-fire.ts';
export * from './dag.ts';
export { type DueRuns, dueRuns, type ScheduledRun, type ScheduleHistory } from './due-runs.ts';
export { type Explanation, explain } from './explain.ts';
export * from './run.ts';
export { newRun, restoreRun } from './run-state.ts';
export * from './states.ts';
export { step } from './step.ts';
export {
  drawTransitions,
  isLegalMove,
  type Mover,
  TASK_STATUSES,
  TASK_TRANSITIONS,
  type Transition,
  type TransitionTable,
} from './transitions.ts';
export { judge, TRIGGER_RULES, type UpstreamCounts, type Verdict } from './trigger-rule.ts';
export { type DagProblem, validateDag } from './validate-dag.ts';
export { InvalidZoneError, isZone, localDay, localHour } from './zone.ts';
