/** What the server is made of: its processes, settings and packages. */
import { type Static, Type } from 'typebox';
import { orderBy, paging } from './paging.ts';
import { timeRange } from './ranges.ts';
import { DateTime, Nullable } from './scalars.ts';

export const Job = Type.Object({
  /** Made of its name; the same as long as the process lives. */
  id: Type.Integer(),
  dag_id: Type.Null(),
  dag_display_name: Type.Null(),
  state: Nullable(Type.Enum(['running', 'failed'], { description: 'failed: it has not been heard of for longer than its lease' })),
  job_type: Nullable(Type.Enum(['SchedulerJob', 'WorkerJob'])),
  start_date: Nullable(DateTime),
  end_date: Type.Null(),
  latest_heartbeat: Nullable(DateTime),
  executor_class: Type.Null(),
  hostname: Nullable(Type.String()),
  unixname: Type.Null(),
});
export type Job = Static<typeof Job>;

export const JobCollection = Type.Object({ jobs: Type.Array(Job), total_entries: Type.Integer() });

export const JobListQuery = Type.Object(
  {
    ...paging,
    order_by: orderBy('id'),
    is_alive: Type.Optional(Type.Boolean()),
    job_state: Type.Optional(Type.String()),
    job_type: Type.Optional(Type.String()),
    hostname: Type.Optional(Type.String()),
    executor_class: Type.Optional(Type.String()),
    ...timeRange('start_date'),
    ...timeRange('end_date'),
  },
  { additionalProperties: false },
);
export type JobListQuery = Static<typeof JobListQuery>;

export const ConfigQuery = Type.Object({ section: Type.Optional(Type.String()) }, { additionalProperties: false });

export const Config = Type.Object({
  sections: Type.Array(
    Type.Object({ name: Type.String(), options: Type.Array(Type.Object({ key: Type.String(), value: Type.String() })) }),
  ),
});
export type Config = Static<typeof Config>;

export const PackageListQuery = Type.Object({ ...paging }, { additionalProperties: false });

/** Always empty: Headrace is extended by packages that DAG files import, not by plugins in the server. */
export const PluginCollection = Type.Object({ plugins: Type.Array(Type.Object({ name: Type.String() })), total_entries: Type.Integer() });
export const PluginImportErrorCollection = Type.Object({
  import_errors: Type.Array(Type.Object({ source: Type.String(), error: Type.String() })),
  total_entries: Type.Integer(),
});

export const ProviderCollection = Type.Object({
  providers: Type.Array(
    Type.Object({
      package_name: Type.String(),
      description: Type.String(),
      version: Type.String(),
      documentation_url: Nullable(Type.String()),
    }),
  ),
  total_entries: Type.Integer(),
});
