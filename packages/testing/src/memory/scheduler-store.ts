/** The scheduler's side of the store. */
import type { Instant, TaskStatus } from '@headrace/core';
import type { RunBefore, SchedulerStore } from '@headrace/ports';
import type { MemoryDatabase } from './database.ts';
import { decide } from './decide.ts';
import { loadRuns } from './load-runs.ts';
import { expiredLeases, redispatch, unclaimed } from './lost-attempts.ts';
import { forgetDead, heartbeat, leave } from './membership.ts';
import { compareIds } from './order.ts';
import { isPlannedNow, planDueDags } from './plan-due-dags.ts';
import type { RunRow } from './rows.ts';
import { isOf, openBackfills, openDags, startRuns } from './start-runs.ts';

export function createSchedulerStore(db: MemoryDatabase): SchedulerStore {
  return {
    now: async () => db.now(),
    heartbeat: async (schedulerId, ttlMs) => db.transaction(() => heartbeat(db, schedulerId, ttlMs)),
    leave: async (schedulerId) => db.transaction(() => leave(db, schedulerId)),
    activeRuns: async (shards) => activeRuns(db, shards),
    loadRuns: async (runKeys) => loadRuns(db, runKeys),
    loadVersion: async (versionId) => db.versions.require(versionId).spec,
    runsBefore: async (runKeys) => runsBefore(db, runKeys),
    startRuns: async (shards, limit, tasksOf) => startRuns(db, shards, limit, tasksOf),
    decide: async (batch, admit) => db.transaction(() => decide(db, batch, admit)),
    planDueDags: async (limit, plan) => db.transaction(() => planDueDags(db, limit, plan)),
    nextDue: async (shards) => nextDue(db, shards),
    expiredLeases: async (shards, limit) => expiredLeases(db, shards, limit),
    unclaimed: async (shards, olderThanMs, limit) => unclaimed(db, shards, olderThanMs, limit),
    redispatch: async (attempts, cap) => db.transaction(() => redispatch(db, attempts, cap)),
    forgetDead: async (deadForMs) => db.transaction(() => forgetDead(db, deadForMs)),
  };
}

/** Of each run the one with the newest logical date before its own. */
function runsBefore(db: MemoryDatabase, runKeys: readonly string[]): ReadonlyMap<string, RunBefore> {
  const found = new Map<string, RunBefore>();
  for (const runKey of runKeys) {
    const run = db.runs.get(runKey);
    if (run?.logicalDate === undefined) continue;
    let before: RunRow | undefined;
    for (const other of db.runsOfDag.get(run.dagId)) {
      const isEarlier = other.logicalDate !== undefined && other.logicalDate < run.logicalDate;
      if (isEarlier && (other.logicalDate ?? 0) > (before?.logicalDate ?? -Infinity)) before = other;
    }
    if (before === undefined) continue;
    const tasks = new Map<string, TaskStatus[]>();
    for (const { taskId, state } of db.tasksOfRun.get(before.runKey)) {
      const statuses = tasks.get(taskId);
      if (statuses === undefined) tasks.set(taskId, [state.status]);
      else statuses.push(state.status);
    }
    found.set(runKey, { runKey: before.runKey, tasks });
  }
  return found;
}

function activeRuns(db: MemoryDatabase, shards: readonly number[]): readonly string[] {
  const keys: string[] = [];
  for (const { runKey } of db.runsByStatus.get('running')) if (isOf(shards, runKey)) keys.push(runKey);
  return keys.sort(compareIds);
}

/** A run that its DAG's limit or a pause holds back is not due, and a retry that was due is in the hands of whoever has its run. */
function nextDue(db: MemoryDatabase, shards: readonly number[]): Instant | undefined {
  const now = db.now();
  let earliest = Infinity;
  for (const dag of db.dags.rows()) {
    if (dag.nextDueAt !== undefined && !dag.paused && dag.removedAt === undefined) earliest = Math.min(earliest, dag.nextDueAt);
  }
  for (const dag of db.dags.rows()) if (isPlannedNow(db, dag)) earliest = Math.min(earliest, now);
  for (const { places, runs } of [...openDags(db), ...openBackfills(db)]) {
    if (places <= 0) continue;
    for (const run of runs) if (isOf(shards, run.runKey)) earliest = Math.min(earliest, run.runAfter);
  }
  for (const status of ['up_for_retry', 'up_for_reschedule']) {
    for (const { state, runKey } of db.tasksByStatus.get(status)) {
      if ('dueAt' in state && state.dueAt !== undefined && state.dueAt > now && isOf(shards, runKey))
        earliest = Math.min(earliest, state.dueAt);
    }
  }
  return earliest === Infinity ? undefined : earliest;
}
