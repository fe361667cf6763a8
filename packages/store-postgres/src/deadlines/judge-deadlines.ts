/**
 * Deadlines whose time to be looked at has come, judged where nobody else judges them.
 *
 * Promises: a deadline is in one hand at a time (others pass over it); the verdict and its notices are saved together.
 */
import type { Instant, RunStatus, RunType, TaskProgress, TaskStatus } from '@headrace/core';
import type { DeadlineStore, DeadlineVerdict, WatchedDeadline } from '@headrace/ports';
import type pg from 'pg';
import type { Queryable } from '../database.ts';
import { saveNotices } from '../notices/save-notices.ts';
import { present } from '../queries/optional.ts';
import { timestampOrNull } from '../timestamp.ts';
import { transaction } from '../transaction.ts';

const ANY_DUE = `select exists (select from deadline where state = 'pending' and check_at <= now()) as found`;

/** Parameter: how many. */
const DUE = `
  select d.dag_run_id, d.name, d.due_at, d.predicted_at, r.dag_id, r.run_id, r.version_id, r.revision, r.run_type, r.logical_date,
    r.interval_start, r.interval_end, r.partition_key, r.state as run_state, r.run_after, r.ended_at, now() as now
  from deadline d join dag_run r on r.id = d.dag_run_id
  where d.state = 'pending' and d.check_at <= now()
  order by d.check_at
  limit $1
  for no key update of d skip locked`;

/** Parameter: runs. */
const PROGRESS = `
  select t.dag_run_id, t.task_id, t.map_index, t.state, coalesce(t.first_started_at, t.started_at) as started_at, t.due_at
  from unnest($1::bigint[]) as r (id) cross join lateral (select * from task_instance i where i.dag_run_id = r.id offset 0) t`;

/** Parameters, one array entry a verdict: runs, names, states, when to look again, when the end is expected. */
const SAVE = `
  update deadline d
  set state = v.state, check_at = v.check_at,
    predicted_at = case when v.expected_at is not null then now() else d.predicted_at end,
    expected_at = coalesce(v.expected_at, d.expected_at)
  from unnest($1::bigint[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[]) as v (run, name, state, check_at, expected_at)
  where d.dag_run_id = v.run and d.name = v.name`;

interface DueRow {
  readonly dag_run_id: string;
  readonly name: string;
  readonly due_at: Instant;
  readonly predicted_at: Instant | null;
  readonly dag_id: string;
  readonly run_id: string;
  readonly version_id: string;
  readonly revision: number;
  readonly run_type: RunType;
  readonly logical_date: Instant | null;
  readonly interval_start: Instant | null;
  readonly interval_end: Instant | null;
  readonly partition_key: string | null;
  readonly run_state: RunStatus;
  readonly run_after: Instant;
  readonly ended_at: Instant | null;
  readonly now: Instant;
}

interface ProgressRow {
  readonly dag_run_id: string;
  readonly task_id: string;
  readonly map_index: number;
  readonly state: TaskStatus;
  readonly started_at: Instant | null;
  readonly due_at: Instant | null;
}

export async function judgeDeadlines(pool: pg.Pool, limit: number, judge: Parameters<DeadlineStore['judge']>[1]): Promise<number> {
  const { rows } = await pool.query<{ found: boolean }>({ name: 'any due deadline', text: ANY_DUE });
  if (rows[0]?.found !== true) return 0;
  return transaction(pool, async (client) => {
    const due = await client.query<DueRow>({ name: 'due deadlines', text: DUE, values: [limit] });
    const [first] = due.rows;
    if (first === undefined) return 0;
    const running = due.rows.filter((row) => row.run_state === 'running').map((row) => row.dag_run_id);
    const progress = await progressOf(client, [...new Set(running)]);
    const verdicts = await judge(
      due.rows.map((row) => watched(row, progress.get(row.dag_run_id) ?? [])),
      first.now,
    );
    await saveVerdicts(client, verdicts);
    await saveNotices(
      client,
      verdicts.flatMap((verdict) => verdict.notices),
    );
    return due.rows.length;
  });
}

/** By run. */
export async function progressOf(client: Queryable, runKeys: readonly string[]): Promise<ReadonlyMap<string, readonly TaskProgress[]>> {
  if (runKeys.length === 0) return new Map();
  const { rows } = await client.query<ProgressRow>({ name: 'progress of runs', text: PROGRESS, values: [runKeys] });
  const byRun = Map.groupBy(rows, (row) => row.dag_run_id);
  return new Map([...byRun].map(([runKey, tasks]) => [runKey, tasks.map(progress)]));
}

function progress(row: ProgressRow): TaskProgress {
  return {
    taskId: row.task_id,
    mapIndex: row.map_index,
    status: row.state,
    ...present({ startedAt: row.started_at, dueAt: row.due_at }),
  };
}

function watched(row: DueRow, tasks: readonly TaskProgress[]): WatchedDeadline {
  return {
    runKey: row.dag_run_id,
    dagId: row.dag_id,
    runId: row.run_id,
    versionId: row.version_id,
    revision: row.revision,
    runType: row.run_type,
    status: row.run_state,
    runAfter: row.run_after,
    name: row.name,
    dueAt: row.due_at,
    predicted: row.predicted_at !== null,
    tasks,
    ...present({
      logicalDate: row.logical_date,
      intervalStart: row.interval_start,
      intervalEnd: row.interval_end,
      partitionKey: row.partition_key,
      endedAt: row.ended_at,
    }),
  };
}

async function saveVerdicts(client: Queryable, verdicts: readonly DeadlineVerdict[]): Promise<void> {
  if (verdicts.length === 0) return;
  await client.query({
    name: 'save deadlines',
    text: SAVE,
    values: [
      verdicts.map((one) => one.runKey),
      verdicts.map((one) => one.name),
      verdicts.map((one) => one.state),
      verdicts.map((one) => (one.state === 'pending' ? timestampOrNull(one.checkAt) : null)),
      verdicts.map((one) => timestampOrNull(one.expectedAt)),
    ],
  });
}
