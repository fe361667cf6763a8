/** What a decision writes beside the moves: the runs' new status, and news for schedulers that own other runs. */
import type { QueuedTask, RunDecision } from '@headrace/ports';
import type { Queryable } from '../database.ts';
import { TOLD, tellMoves } from '../notification.ts';
import { storableJson } from '../storable-json.ts';

/** Parameters, one array entry a run: keys, states or null, what the runs remember or null. The caller holds the rows' locks. */
const SAVE_RUNS = `
  update dag_run r
  set state = coalesce(s.state, r.state), progress = coalesce(s.progress, r.progress), last_decision_at = now(),
    ended_at = case when s.state is null then r.ended_at when s.state in ('success', 'failed') then now() end
  from unnest($1::bigint[], $2::text[], $3::jsonb[]) as s (id, state, progress)
  where r.id = s.id`;

export async function saveRuns(client: Queryable, runs: readonly RunDecision[]): Promise<void> {
  const changed = runs.filter((run) => run.status !== undefined || run.progress !== undefined);
  if (changed.length === 0) return;
  await client.query({
    name: 'save runs',
    text: SAVE_RUNS,
    values: [
      changed.map((run) => run.runKey),
      changed.map((run) => run.status ?? null),
      changed.map((run) => (run.progress === undefined ? null : storableJson(run.progress))),
    ],
  });
}

/**
 * Slots are given to all schedulers' runs; the owner of a run that is not ours hears of it.
 * Parameters, one array entry a task: runs, task instances, attempts.
 */
const TELL_OTHERS = `
  with queued as (
    select dag_run_id, id, 'queued' as state, attempt, null::timestamptz as due_at, null::jsonb as decision
    from unnest($1::bigint[], $2::bigint[], $3::integer[]) as g (dag_run_id, id, attempt)
  ),
  ${tellMoves('queued')}
  select ${TOLD}`;

export async function tellOthers(client: Queryable, queued: readonly QueuedTask[]): Promise<void> {
  if (queued.length === 0) return;
  await client.query({
    name: 'tell others',
    text: TELL_OTHERS,
    values: [queued.map((task) => task.runKey), queued.map((task) => task.taskInstanceId), queued.map((task) => task.attempt)],
  });
}
