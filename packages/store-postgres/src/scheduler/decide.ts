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
import { errorOfDecision } from '@headrace/core';
import type { DecisionBatch, DecisionResult, RunDecision, TaskInstanceChange } from '@headrace/ports';
import type pg from 'pg';
import type { Queryable } from '../database.ts';
import { type Move, saveMoves } from '../moves.ts';
import { saveFailureStreaks } from '../notices/failure-streak.ts';
import { saveNotices } from '../notices/save-notices.ts';
import { tellRevoked } from '../notification.ts';
import { retrying } from '../transaction.ts';
import { lockAndCompare } from './compare.ts';
import { saveRuns, tellOthers } from './decided-runs.ts';
import { type Admit, giveSlots, type LaneTurn } from './give-slots.ts';
import { addTasks, type InsertedTask } from './insert-tasks.ts';
import { beginWithUsage, type Usage } from './usage.ts';

export async function decide(pool: pg.Pool, batch: DecisionBatch, admit: Admit, turn: LaneTurn): Promise<DecisionResult> {
  return retrying(() => once(pool, batch, admit, turn));
}

async function once(pool: pg.Pool, batch: DecisionBatch, admit: Admit, turn: LaneTurn): Promise<DecisionResult> {
  const client = await pool.connect();
  let broken = false;
  try {
    const usage = await beginWithUsage(client);
    const result = await inTransaction(client, batch, admit, usage, turn);
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

async function inTransaction(client: Queryable, batch: DecisionBatch, admit: Admit, usage: Usage, turn: LaneTurn): Promise<DecisionResult> {
  const settled = await lockAndCompare(client, batch.runs);
  for (const freed of settled.freed) usage.free(freed);
  const pick = await giveSlots(client, admit, usage, settled, turn);
  const decided = settled.runs.flatMap((run) => run.changes);
  const moved = await saveMoves(client, [
    ...decided.filter((change) => !pick.moves.has(change.taskInstanceId)).map(asMove),
    ...withMapIndexes([...pick.moves.values()], decided),
  ]);
  const created = await addAll(client, settled.runs);
  await saveRuns(client, settled.runs);
  await saveNotices(
    client,
    settled.runs.flatMap((run) => run.notices ?? []),
  );
  await saveFailureStreaks(client, settled.runs);
  await tellRevoked(client, settled.revoked);
  const queued = pick.queued.filter((task) => moved.has(task.taskInstanceId));
  await tellOthers(
    client,
    queued.filter((task) => usage.isOthers(task.runKey, batch.schedulerId)),
  );
  return {
    stale: settled.stale,
    created,
    queued,
    backlog: pick.backlog || created.length > 0,
    ...(pick.nextAt === undefined ? {} : { nextAdmissionAt: pick.nextAt }),
  };
}

/** A task that is given a slot with the very decision that made it one of many. */
function withMapIndexes(moves: readonly Move[], decided: readonly TaskInstanceChange[]): readonly Move[] {
  const mapIndexes = new Map<string, number>();
  for (const { taskInstanceId, mapIndex } of decided) if (mapIndex !== undefined) mapIndexes.set(taskInstanceId, mapIndex);
  if (mapIndexes.size === 0) return moves;
  return moves.map((move) => {
    const mapIndex = mapIndexes.get(move.taskInstanceId);
    return mapIndex === undefined ? move : { ...move, mapIndex };
  });
}

/** They contend for slots with the next decision. */
async function addAll(client: Queryable, runs: readonly RunDecision[]): Promise<readonly InsertedTask[]> {
  const added: InsertedTask[] = [];
  for (const { runKey, created = [] } of runs) if (created.length > 0) added.push(...(await addTasks(client, runKey, created)));
  return added;
}

function asMove(change: TaskInstanceChange): Move {
  const error = errorOfDecision(change);
  return error === undefined ? change : { ...change, error };
}
