/** When the scheduler must wake up although nobody tells it anything. */
import type { Queryable } from '../database.ts';
import { IS_IDLE } from './idle-dags.ts';
import { OPEN_BACKFILLS, PARTITION_IS_FREE, WAITING_DAGS } from './waiting-dags.ts';

/**
 * The next instant at which a schedule, a queued run or a retry of these shards is due. For a schedule or a run it may
 * have passed: then there is something to do now. A run that its DAG's limit or a pause holds back is not due, and a
 * retry that was due is in the hands of whoever has its run. Parameter: shards.
 */
const NEXT_DUE = `
  with recursive ${WAITING_DAGS},
  ${OPEN_BACKFILLS}
  select least(
    (select min(next_due_at) from dag where next_due_at is not null and not paused and removed_at is null),
    (select now() from dag d where d.plan_when_idle and not d.paused and d.removed_at is null and ${IS_IDLE} limit 1),
    (select min(q.run_after) from open_dags d cross join lateral (
      select run_after from dag_run q
      where q.state = 'queued' and q.held_for is null and q.backfill_id is null and q.dag_id = d.dag_id and q.id % 32 = any($1)
        and ${PARTITION_IS_FREE}
      order by q.run_after limit 1
    ) q where d.places > 0),
    (select min(q.run_after) from open_backfills b cross join lateral (
      select run_after from dag_run q
      where q.backfill_id = b.id and q.state = 'queued' and q.held_for is null and q.id % 32 = any($1)
      order by q.run_after limit 1
    ) q where b.places > 0),
    (select min(due_at) from task_instance t
      where t.state in ('up_for_retry', 'up_for_reschedule') and t.due_at > now() and t.dag_run_id % 32 = any($1))
  ) as due`;

export async function nextDue(db: Queryable, shards: readonly number[]): Promise<number | undefined> {
  const { rows } = await db.query<{ due: number | null }>({ name: 'next due', text: NEXT_DUE, values: [shards] });
  return rows[0]?.due ?? undefined;
}
