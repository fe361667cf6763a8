/** DAGs that say how fresh assets must be, found by a partial index of their versions, and their active runs. */
import type { DagSpec, Instant } from '@headrace/core';
import type { FreshnessExpectation } from '@headrace/ports';
import type { Queryable } from '../database.ts';
import { present } from '../queries/optional.ts';
import { progressOf } from './judge-deadlines.ts';

const EXPECTATIONS = `
  select d.dag_id, d.version_id, v.spec, d.active_since, d.next_due_at
  from dag_version v join dag d on d.version_id = v.id and d.dag_id = v.dag_id
  where jsonb_path_exists(v.spec, '$.assets[*].freshness') and not d.paused and d.removed_at is null`;

/** Parameters: DAGs, how many of each in each state. */
const ACTIVE = `
  select r.id, r.dag_id, r.run_after
  from unnest($1::text[]) as a (dag_id) cross join lateral (
    (select * from dag_run q where q.dag_id = a.dag_id and q.state = 'running' order by q.id limit $2)
    union all
    (select * from dag_run q where q.dag_id = a.dag_id and q.state = 'queued' order by q.run_after, q.id limit $2)
  ) r`;
const MOST_RUNS = 10;

interface Row {
  readonly dag_id: string;
  readonly version_id: string;
  readonly spec: DagSpec;
  readonly active_since: Instant;
  readonly next_due_at: Instant | null;
}

export async function freshnessExpectations(db: Queryable): Promise<readonly FreshnessExpectation[]> {
  const { rows } = await db.query<Row>({ name: 'freshness expectations', text: EXPECTATIONS });
  if (rows.length === 0) return [];
  const active = await db.query<{ id: string; dag_id: string; run_after: Instant }>({
    name: 'active runs of DAGs',
    text: ACTIVE,
    values: [rows.map((row) => row.dag_id), MOST_RUNS],
  });
  const progress = await progressOf(
    db,
    active.rows.map((run) => run.id),
  );
  const runs = Map.groupBy(active.rows, (run) => run.dag_id);
  return rows.map((row) => ({
    dagId: row.dag_id,
    versionId: row.version_id,
    spec: row.spec,
    activeSince: row.active_since,
    activeRuns: (runs.get(row.dag_id) ?? []).map((run) => ({ runAfter: run.run_after, tasks: progress.get(run.id) ?? [] })),
    ...present({ nextDueAt: row.next_due_at }),
  }));
}
