export * from './admission/admission.ts';
export { admit } from './admission/admit.ts';
export { effectiveWeights } from './admission/effective-weights.ts';
export { filledLimits, type LimitedTask, type SlotLimit, slotLimits } from './admission/slot-limits.ts';
export { fullAfterTaking, tokenAt } from './admission/token-bucket.ts';
export { comparePriority, type Priority } from './admission/turns.ts';
export { type AssetLeaf, assetConditionOf, assetsIn, conditionMet, consumedAssets } from './assets/asset-condition.ts';
export { assetProblems } from './assets/asset-problems.ts';
export { type Consumption, type ConsumptionPlan, consume, type HeldRun, type QueuedEvent } from './assets/consume.ts';
export { checkAssetEvent, InvalidAssetEventError, MOST_EXTRA_BYTES } from './assets/event-limits.ts';
export { dimensionsOf, intervalOfKey, joinKey, keyOfInstant, listKeys, partitionKeyProblem, splitKey } from './assets/partition-keys.ts';
export { sourcePartitions, targetPartition } from './assets/partition-mapping.ts';
export { type PartitionFacts, type PartitionStatus, partitionStatus } from './assets/partition-status.ts';
export { partitionAt, partitionOfKey, partitionsBetween, type TimePartition, type TimePartitions } from './assets/time-partitions.ts';
export { type EventTime, triggeredInterval } from './assets/triggered-interval.ts';
export * from './backfill/advance-backfill.ts';
export * from './backfill/plan-backfill.ts';
export { type ExplainFacts, explain, type KnownWorker } from './explain/explain.ts';
export { explainRun, type RunStanding } from './explain/explain-run.ts';
export type { SlotStanding } from './explain/explain-slot.ts';
export type { ExplainedRule, Explanation } from './explain/explanation.ts';
export { type OriginEvent, type RunOrigin, type RunReason, whyRun } from './explain/why-run.ts';
export { ATTEMPT_LOST, attemptOutcome, errorOfDecision } from './flow/attempt-outcome.ts';
export * from './flow/attempt-report.ts';
export { retryDelay } from './flow/backoff.ts';
export { expandNodes, type NodeExpansion } from './flow/expand-nodes.ts';
export { judgeNode } from './flow/judge-node.ts';
export type { Judgement } from './flow/judgement.ts';
export { type PastRun, unmetPast, waitsForPast } from './flow/past.ts';
export * from './flow/run.ts';
export { nodeAt, nodesOf } from './flow/run-index.ts';
export { newRun, restoreRun, type StoredRun } from './flow/run-state.ts';
export { step } from './flow/step.ts';
export { judge, TRIGGER_RULES, type UpstreamCounts, type Verdict } from './flow/trigger-rule.ts';
export * from './model/asset-spec.ts';
export { compileDag, type Dag, expandTasks, InvalidDagError } from './model/compiled-dag.ts';
export * from './model/dag.ts';
export type { DagProblem } from './model/dag-problem.ts';
export * from './model/flow-spec.ts';
export * from './model/limit-spec.ts';
export * from './model/notice-spec.ts';
export * from './model/schedule-spec.ts';
export * from './model/states.ts';
export {
  drawTransitions,
  isLegalMove,
  type Mover,
  TASK_STATUSES,
  TASK_TRANSITIONS,
  type Transition,
  type TransitionTable,
} from './model/transitions.ts';
export { validateDag } from './model/validate-dag.ts';
export * from './model/wait-spec.ts';
export * from './notices/deadlines.ts';
export { type DecidedRun, decisionNotices } from './notices/decision-notices.ts';
export * from './notices/failure-streak.ts';
export * from './notices/forecast.ts';
export * from './notices/freshness.ts';
export * from './notices/notice.ts';
export { runNotices } from './notices/run-notices.ts';
export { attemptNotices, type TaskSubject, taskNotices } from './notices/task-notices.ts';
export { bytesText, describeProgress, durationText } from './progress/describe-progress.ts';
export * from './progress/progress-estimate.ts';
export { CRON_MACROS, InvalidCronError, parseCron } from './schedule/cron.ts';
export type { Cron } from './schedule/cron-calendar.ts';
export { nextFire, previousFire } from './schedule/cron-fire.ts';
export { nextQuestion } from './schedule/due-of-function.ts';
export { anchorOf, dueRuns, timetableOf } from './schedule/due-runs.ts';
export { runsFromDue } from './schedule/next-runs.ts';
export {
  type Exclusion,
  exclusionOf,
  needsUnendedRuns,
  type OverlapVerdict,
  overlapVerdict,
  type UnendedRun,
} from './schedule/overlap.ts';
export { scheduledPartition } from './schedule/run-partition.ts';
export {
  describeSchedule,
  intervalFor,
  intervalFrom,
  isLatestRun,
  summarizeSchedule,
  timezoneOf,
  upcomingRuns,
} from './schedule/schedule-facts.ts';
export type { DueRuns, ScheduledRun, ScheduleHistory } from './schedule/schedule-history.ts';
export * from './schedule/timetable-function.ts';
export { InvalidZoneError, isZone, localDay, localHour } from './schedule/zone.ts';
export * from './versions/diff-specs.ts';
export * from './waits/judge-wait.ts';
