/** Runs with all their task instances, each run in one snapshot. */
import type { DagSpec, Decision, Instant, RunProgress, RunStatus, RunType, TaskStatus } from '@headrace/core';
import type { LoadedRun, LoadedTask } from '@headrace/ports';
import type { Queryable } from '../database.ts';
import { NoSuchRowError } from '../errors.ts';
import { stateOf } from '../task-state.ts';

/** Parameter: run keys. A run without task instances is one row. `offset 0`: each run's own are looked up, whatever statistics say. */
const LOAD = `
  select r.id as run_key, r.dag_id, r.run_id, r.version_id, r.state as run_state, r.revision, r.progress,
    r.run_type, r.logical_date, r.interval_start, r.interval_end, r.partition_key, r.started_at, r.run_after, r.trace_parent,
    t.id, t.task_id, t.map_index, t.state, t.attempt, t.due_at, t.decision
  from dag_run r left join lateral (
    select id, task_id, map_index, state, attempt, due_at, decision from task_instance where dag_run_id = r.id offset 0
  ) t on true
  where r.id = any($1)
  order by r.id, t.id`;

interface Row {
  readonly run_key: string;
  readonly dag_id: string;
  readonly run_id: string;
  readonly version_id: string;
  readonly run_state: RunStatus;
  readonly revision: number;
  readonly progress: RunProgress;
  readonly run_type: RunType;
  readonly logical_date: Instant | null;
  readonly interval_start: Instant | null;
  readonly interval_end: Instant | null;
  readonly partition_key: string | null;
  readonly started_at: Instant | null;
  readonly run_after: Instant;
  readonly trace_parent: string | null;
  readonly id: string | null;
  readonly task_id: string;
  readonly map_index: number;
  readonly state: TaskStatus;
  readonly attempt: number;
  readonly due_at: Instant | null;
  readonly decision: Decision | null;
}

export async function loadRuns(db: Queryable, runKeys: readonly string[]): Promise<readonly LoadedRun[]> {
  if (runKeys.length === 0) return [];
  const { rows } = await db.query<Row>({ name: 'load runs', text: LOAD, values: [runKeys] });
  const runs = new Map<string, LoadedRun & { readonly tasks: LoadedTask[] }>();
  for (const row of rows) {
    let run = runs.get(row.run_key);
    if (run === undefined) {
      run = { ...loadedRun(row), tasks: [] };
      runs.set(row.run_key, run);
    }
    if (row.id !== null) run.tasks.push({ taskInstanceId: row.id, taskId: row.task_id, mapIndex: row.map_index, state: stateOf(row) });
  }
  return [...runs.values()];
}

function loadedRun(row: Row): Omit<LoadedRun, 'tasks'> {
  return {
    runKey: row.run_key,
    dagId: row.dag_id,
    runId: row.run_id,
    versionId: row.version_id,
    status: row.run_state,
    revision: row.revision,
    progress: row.started_at === null ? row.progress : { ...row.progress, startedAt: row.started_at },
    runType: row.run_type,
    runAfter: row.run_after,
    ...(row.logical_date === null ? {} : { logicalDate: row.logical_date }),
    ...(row.interval_start === null ? {} : { intervalStart: row.interval_start }),
    ...(row.interval_end === null ? {} : { intervalEnd: row.interval_end }),
    ...(row.partition_key === null ? {} : { partitionKey: row.partition_key }),
    ...(row.trace_parent === null ? {} : { traceParent: row.trace_parent }),
  };
}

/** Parameter: shards. */
const ACTIVE = `select id from dag_run where state = 'running' and id % 32 = any($1) order by id`;

export async function activeRuns(db: Queryable, shards: readonly number[]): Promise<readonly string[]> {
  if (shards.length === 0) return [];
  const { rows } = await db.query<{ id: string }>({ name: 'active runs', text: ACTIVE, values: [shards] });
  return rows.map((row) => row.id);
}

/** Throws NoSuchRowError. */
export async function loadVersion(db: Queryable, versionId: string): Promise<DagSpec> {
  const { rows } = await db.query<{ spec: DagSpec }>('select spec from dag_version where id = $1', [versionId]);
  const [row] = rows;
  if (row === undefined) throw new NoSuchRowError('DAG version', versionId);
  return row.spec;
}
