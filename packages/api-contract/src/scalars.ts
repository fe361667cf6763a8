/** The small types that every resource is made of. */
import type { RunStatus, RunType, TaskStatus } from '@headrace/core';
import { type Static, type TSchema, Type } from 'typebox';

/** What may be unknown is `null`, never left out: the field's presence does not depend on the row. */
export const Nullable = <Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()]);

/** ISO 8601 in UTC, with `Z`, in answers; any offset in requests. */
export const DateTime = Type.String({ format: 'date-time' });
export const Uuid = Type.String({ format: 'uuid' });
/** Of a task's instance. -1: the task is not mapped. */
export const MapIndex = Type.Integer({ minimum: -1, maximum: 2_147_483_647 });
/** Of a version of a DAG, or of a try: they count from 1. */
export const Ordinal = Type.Integer({ minimum: 1, maximum: 2_147_483_647 });
/** Of a try, as an address names it: one that has not begun has the number 0. */
export const TryNumber = Type.Integer({ minimum: 0, maximum: 2_147_483_647 });
/** Of a stored thing that has no name. */
export const RowId = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
/** Free JSON. */
export const JsonObject = Type.Record(Type.String(), Type.Unknown());

export const DagRunState = Type.Enum(['queued', 'running', 'success', 'failed'] satisfies RunStatus[]);

export const DagRunType = Type.Enum(['backfill', 'scheduled', 'manual', 'asset_triggered', 'asset_materialization'] satisfies RunType[]);

/** The states as Airflow writes them: what has not begun is `null`. */
export const TaskInstanceState = Type.Enum([
  'scheduled',
  'queued',
  'running',
  'success',
  'failed',
  'skipped',
  'upstream_failed',
  'up_for_retry',
  'up_for_reschedule',
  'deferred',
  'awaiting_input',
  'restarting',
  'removed',
] satisfies Exclude<TaskStatus, 'none'>[]);
export type TaskInstanceState = Static<typeof TaskInstanceState>;
