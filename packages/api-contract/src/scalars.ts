/** The small types that every resource is made of. */
import type { RunStatus, RunType, TaskStatus } from '@headrace/core';
import { type Static, type TSchema, Type } from 'typebox';

/** What may be unknown is `null`, never left out: the field's presence does not depend on the row. */
export const Nullable = <Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()]);

/** ISO 8601 in UTC, with `Z`, in answers; any offset in requests. */
export const DateTime = Type.String({ format: 'date-time' });
export const Uuid = Type.String({ format: 'uuid' });
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
