/** Planning on demand, and runs that must make room for others. */
import type { OvertakenRun, ScheduleStore } from '@headrace/ports';
import type { Database } from '../database.ts';
import { tellDag } from '../notification.ts';
import { transaction } from '../transaction.ts';

/** Parameter: DAGs. */
const REQUEST = `
  update dag set next_due_at = now()
  where dag_id = any($1) and not paused and removed_at is null and (next_due_at is null or next_due_at > now())
  returning dag_id`;

/**
 * Parameter: how many. A run that was cleared and waits again overtakes nothing: it was somebody's wish, not the schedule's.
 */
const OVERTAKEN = `
  select d.dag_id, r.run_id, d.ends_other as how
  from dag d cross join lateral (
    select a.id, a.run_id from dag_run a
    where a.state = 'running' and a.dag_id = d.dag_id and a.backfill_id is null
      -- One that is being cancelled already only has its teardowns left.
      and (d.ends_other = 'terminate' or not a.progress ? 'ending')
      and exists (
      select from dag_run q
      where q.state = 'queued' and q.held_for is null and q.backfill_id is null and q.dag_id = d.dag_id and q.run_after <= now()
        and q.run_type = 'scheduled' and q.revision = 0
        and (d.exclusion <> 'partition' or q.partition_key = a.partition_key))
    offset 0
  ) r
  where d.ends_other is not null and not d.paused and d.removed_at is null
  order by r.id
  limit $1`;

export function createScheduleStore(database: Database): ScheduleStore {
  const work = () => database.lane('work');
  return {
    async requestPlan(dagIds) {
      if (dagIds.length === 0) return;
      await transaction(work(), async (client) => {
        const { rows } = await client.query<{ dag_id: string }>({ name: 'request plan', text: REQUEST, values: [dagIds] });
        for (const row of rows) await tellDag(client, row.dag_id);
      });
    },

    async overtakenRuns(limit) {
      const { rows } = await work().query<{ dag_id: string; run_id: string; how: OvertakenRun['how'] }>({
        name: 'overtaken runs',
        text: OVERTAKEN,
        values: [limit],
      });
      return rows.map(({ dag_id: dagId, run_id: runId, how }) => ({ dagId, runId, how }));
    },
  };
}
