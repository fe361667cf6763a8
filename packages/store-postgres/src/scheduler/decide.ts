/**
 * Saves what was decided on runs, and gives slots.
 *
 * D1. One transaction under one advisory lock: usage of pools, DAGs and queues is counted where nobody else can give a
 *     slot, so no limit is ever exceeded.
 * D2. A run is saved as a whole or not at all: its row and the rows of its changes are locked and compared before
 *     anything is written.
 * D3. Locks are taken in one order everywhere: this lock, runs by key, task instances by id.
 * D4. A task that becomes ready and gets a slot at once is written once.
 */
import { ATTEMPT_LOST } from '@headrace/core';
import type { DecisionBatch, DecisionResult, TaskInstanceChange } from '@headrace/ports';
import type pg from 'pg';
import type { Queryable } from '../database.ts';
import { type Move, saveMoves } from '../moves.ts';
import { tellRevoked } from '../notification.ts';
import { retrying } from '../transaction.ts';
import { lockAndCompare } from './compare.ts';
import { saveRuns, tellOthers } from './decided-runs.ts';
import { type Admit, giveSlots } from './give-slots.ts';
import { beginWithUsage, type Usage } from './usage.ts';

export async function decide(pool: pg.Pool, batch: DecisionBatch, admit: Admit): Promise<DecisionResult> {
  return retrying(() => once(pool, batch, admit));
}

async function once(pool: pg.Pool, batch: DecisionBatch, admit: Admit): Promise<DecisionResult> {
  const client = await pool.connect();
  let broken = false;
  try {
    const usage = await beginWithUsage(client);
    const result = await inTransaction(client, batch, admit, usage);
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch(() => {
      broken = true;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}

async function inTransaction(client: Queryable, batch: DecisionBatch, admit: Admit, usage: Usage): Promise<DecisionResult> {
  const settled = await lockAndCompare(client, batch.runs);
  for (const freed of settled.freed) usage.free(freed);
  const pick = await giveSlots(client, admit, usage, settled);
  const decided = settled.runs.flatMap((run) => run.changes.filter((change) => !pick.moves.has(change.taskInstanceId)).map(asMove));
  const moved = await saveMoves(client, [...decided, ...pick.moves.values()]);
  await saveRuns(client, settled.runs);
  await tellRevoked(client, settled.revoked);
  const queued = pick.queued.filter((task) => moved.has(task.taskInstanceId));
  await tellOthers(
    client,
    queued.filter((task) => usage.isOthers(task.runKey, batch.schedulerId)),
  );
  return { stale: settled.stale, created: [], queued, backlog: pick.backlog };
}

/** The scheduler ends no attempt but those that are lost. */
function asMove(change: TaskInstanceChange): Move {
  const wasLive = change.from === 'queued' || change.from === 'running';
  const isLost = wasLive && (change.to.status === 'failed' || change.to.status === 'up_for_retry');
  return isLost ? { ...change, error: ATTEMPT_LOST } : change;
}
