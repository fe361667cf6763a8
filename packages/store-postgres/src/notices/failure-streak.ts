/**
 * Failed runs in a row, and DAGs that pause themselves for it, in the transaction in which a run ends.
 *
 * The DAG's row is locked after those of runs and task instances; whoever locks it elsewhere locks nothing after it.
 */
import { pausedReason, streakAfter } from '@headrace/core';
import type { FailureStreak, RunDecision } from '@headrace/ports';
import type { Queryable } from '../database.ts';
import { tellDag } from '../notification.ts';
import { saveNotices } from './save-notices.ts';

/** Parameter: run keys. */
const LOCK = `
  select r.id, r.run_id, d.dag_id, d.failed_runs, d.paused
  from dag d join dag_run r on r.dag_id = d.dag_id
  where r.id = any($1)
  order by d.dag_id, r.id
  for no key update of d`;

/** Parameters: DAG, failed runs, reason or null. */
const SAVE = `
  update dag set failed_runs = $2, paused = paused or $3::text is not null, paused_reason = coalesce($3, paused_reason)
  where dag_id = $1`;

interface Row {
  readonly id: string;
  readonly run_id: string;
  readonly dag_id: string;
  readonly failed_runs: number;
  readonly paused: boolean;
}

export async function saveFailureStreaks(client: Queryable, runs: readonly RunDecision[]): Promise<void> {
  const ended = new Map<string, { readonly status: 'success' | 'failed'; readonly streak: FailureStreak }>();
  for (const { runKey, status, failureStreak: streak } of runs) {
    if (streak !== undefined && (status === 'success' || status === 'failed')) ended.set(runKey, { status, streak });
  }
  if (ended.size === 0) return;
  const { rows } = await client.query<Row>({ name: 'lock failure streaks', text: LOCK, values: [[...ended.keys()]] });
  const counts = new Map<string, { failedRuns: number; paused: boolean }>();
  for (const row of rows) {
    const run = ended.get(row.id);
    if (run === undefined) continue;
    const known = counts.get(row.dag_id) ?? { failedRuns: row.failed_runs, paused: row.paused };
    const { failedRuns, pause } = streakAfter(known.failedRuns, run.status, run.streak.limit);
    const pausesNow = pause && !known.paused;
    counts.set(row.dag_id, { failedRuns, paused: known.paused || pausesNow });
    if (failedRuns !== known.failedRuns || pausesNow) {
      await client.query(SAVE, [row.dag_id, failedRuns, pausesNow ? pausedReason(failedRuns, row.run_id) : null]);
    }
    if (!pausesNow) continue;
    await saveNotices(client, run.streak.notices);
    await tellDag(client, row.dag_id);
  }
}
