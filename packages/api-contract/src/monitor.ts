import { type Static, Type } from 'typebox';
import { DateTime, Nullable } from './scalars.ts';

const Status = Type.Enum(['healthy', 'unhealthy']);

export const HealthInfo = Type.Object({
  metadatabase: Type.Object({ status: Nullable(Status) }),
  scheduler: Type.Object({ status: Nullable(Status), latest_scheduler_heartbeat: Nullable(DateTime) }),
  /** Headrace has none: both are null, as in an Airflow without one. */
  triggerer: Type.Object({ status: Type.Null(), latest_triggerer_heartbeat: Type.Null() }),
  /** DAG files are loaded by the scheduler: it has the scheduler's status. */
  dag_processor: Type.Object({ status: Nullable(Status), latest_dag_processor_heartbeat: Nullable(DateTime) }),
  /** Ours. Unhealthy: no living worker. */
  workers: Type.Object({
    status: Nullable(Status),
    alive: Type.Integer(),
    slots: Type.Integer(),
    latest_worker_heartbeat: Nullable(DateTime),
  }),
});
export type HealthInfo = Static<typeof HealthInfo>;

export const VersionInfo = Type.Object({ version: Type.String(), git_version: Nullable(Type.String()) });
export type VersionInfo = Static<typeof VersionInfo>;
