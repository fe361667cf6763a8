export { type AnyAsset, type Asset, type AssetOptions, all, any, asset, type Condition } from './assets/asset.ts';
export { type Emit, MetadataError } from './assets/emit.ts';
export { type Partitions, partitions, type TimePartitionOptions } from './assets/partitions.ts';
export * from './check-result.ts';
export * from './checks.ts';
export * from './columns.ts';
export { connection } from './connection.ts';
export * from './contract.ts';
export * from './cursor.ts';
export type { CursorHomeSpec } from './cursor-home.ts';
export * from './dag.ts';
export * from './dataset.ts';
export * from './definition.ts';
export { DagDefinitionError, type DagDefinitionErrorCode } from './definition-error.ts';
export * from './disposition.ts';
export { type Duration, durationMs } from './duration.ts';
export * from './export.ts';
export * from './extract.ts';
export { type BranchOptions, branch, type SwitchOptions, switchOn } from './flow/branch.ts';
export { chain, cross } from './flow/chain.ts';
export { type GroupOf, type GroupOptions, group, type MappedGroupOptions } from './flow/group.ts';
export { type Again, again, type Done, done, type LoopOptions, type LoopScope, loop } from './flow/loop.ts';
export { type Combination, type EachInput, type ItemOf, type Label, product, zip } from './flow/mapping.ts';
export { type SetupTask, setup, type TeardownOptions, type TeardownTask, teardown, using } from './flow/setup.ts';
export { latestOnly, type ShortCircuitOptions, shortCircuit } from './flow/short-circuit.ts';
export { type Group, isTask, type Wire, type Wires } from './flow/wiring.ts';
export * from './load.ts';
export { type Deadline, type DeadlineOptions, deadline } from './notices/deadline.ts';
export { type EmailOptions, type Notifier, type Notifiers, notify } from './notices/notify.ts';
export { defineOperation, type OperationParts } from './operation.ts';
export * from './operation-executor.ts';
export type { LimitKey, LimitOptions } from './options/limits.ts';
export type { RepeatOptions, RetryOn, RetryOptions } from './options/retries.ts';
export type { CommonTaskOptions, TaskDefaults } from './options/task-options.ts';
export * from './outcomes.ts';
export { jsonSchemaOf } from './params.ts';
export {
  isReference,
  type ReferenceTo,
  type RunIdentity,
  type RunValues,
  referenceName,
  resolveReferences,
  runValues,
  text,
} from './references.ts';
export type { PatchOf, RowOf, RowValue, ValueOf } from './row-values.ts';
export type { RunValue } from './run-value.ts';
export type { Catchup } from './schedule/catchup.ts';
export { type CronOptions, type CronsOptions, cron, crons } from './schedule/cron.ts';
export type { GivenSchedule } from './schedule/given-schedule.ts';
export { continuous, type EventsOptions, events, once, type TimetableOptions, timetable } from './schedule/moments.ts';
export { assetsAndTime, assetsOrTime, manual, onAssets, type Schedule, type TimeSchedule } from './schedule/schedule.ts';
export { type EveryOptions, every, interval, type Step, type StepOptions } from './schedule/steps.ts';
export { zoneOf } from './schedule/timetable-of.ts';
export { type MappedTaskOptions, type NoInputs, type TaskArguments, type TaskInputs, type TaskOptions, task } from './task.ts';
export * from './task-context.ts';
export * from './transform.ts';
export * from './transform-options.ts';
export { variable, variableId, variableNameOf } from './variable.ts';
export { type Approval, type ApprovalOptions, approval, type InputOptions, input, yesOrNo } from './waits/approval.ts';
export { type ConditionOptions, type ConditionParts, defineCondition } from './waits/condition.ts';
export { type PatienceOptions, type SensorOptions, sensor } from './waits/sensor.ts';
export { type DagWithParams, type TriggerDagOptions, triggerDag } from './waits/trigger-dag.ts';
export {
  type WaitForAssetOptions,
  type WaitForRunOptions,
  type WaitUntilOptions,
  waitForAsset,
  waitForRun,
  waitUntil,
} from './waits/wait-for.ts';
