/** Runs that time has made and that wait for asset events (Airflow's AssetAndTimeSchedule). */
import type { HeldRun } from '@headrace/core';
import type { AssetRun } from '@headrace/ports';
import type { Queryable } from '../database.ts';

/** Parameter: DAGs. Oldest first. */
const HELD = `
  select id, dag_id, partition_key from dag_run
  where state = 'queued' and held_for = 'assets' and dag_id = any($1)
  order by run_after, id
  for no key update`;

/** Parameters, one array entry a run: runs, partitions. */
const RELEASE = `
  update dag_run r set held_for = null, partition_key = coalesce(r.partition_key, g.partition_key)
  from unnest($1::bigint[], $2::text[]) as g (id, partition_key)
  where r.id = g.id and r.state = 'queued'
  returning r.id`;

export async function heldRuns(client: Queryable, dagIds: readonly string[]): Promise<ReadonlyMap<string, readonly HeldRun[]>> {
  if (dagIds.length === 0) return new Map();
  const { rows } = await client.query<{ id: string; dag_id: string; partition_key: string | null }>({
    name: 'held runs',
    text: HELD,
    values: [dagIds],
  });
  const byDag = Map.groupBy(rows, (row) => row.dag_id);
  return new Map(
    [...byDag].map(([dagId, held]) => [
      dagId,
      held.map(({ id, partition_key: partition }) => ({ runKey: id, ...(partition === null ? {} : { partition }) })),
    ]),
  );
}

/** Lets them go on. Answers with their keys. */
export async function releaseRuns(client: Queryable, runs: readonly AssetRun[]): Promise<readonly string[]> {
  const held = runs.filter((run) => run.heldRun !== undefined);
  if (held.length === 0) return [];
  const { rows } = await client.query<{ id: string }>({
    name: 'release held runs',
    text: RELEASE,
    values: [held.map((run) => run.heldRun), held.map((run) => run.partition ?? null)],
  });
  return rows.map((row) => row.id);
}
