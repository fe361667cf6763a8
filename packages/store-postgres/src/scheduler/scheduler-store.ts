/** The scheduler's side of the store. */
import type { Instant } from '@headrace/core';
import type { SchedulerStore } from '@headrace/ports';
import type { Database } from '../database.ts';
import { observed } from '../observed.ts';
import { retrying } from '../transaction.ts';
import { decide } from './decide.ts';
import { LaneTurn } from './give-slots.ts';
import { activeRuns, loadRuns, loadVersion } from './load-runs.ts';
import { expiredLeases, redispatch, unclaimed } from './lost-attempts.ts';
import { forgetDead, heartbeat, leave } from './membership.ts';
import { nextDue } from './next-due.ts';
import { planDueDags } from './plan-due-dags.ts';
import { runsBefore } from './runs-before.ts';
import { startRuns } from './start-runs.ts';

export function createSchedulerStore(database: Database): SchedulerStore {
  const work = () => database.lane('work');
  const leases = () => database.lane('leases');
  const turn = new LaneTurn();
  const timed = <T>(operation: string, run: () => Promise<T>) => observed(database.metrics, operation, run);
  return {
    async now() {
      const { rows } = await leases().query<{ now: Instant }>('select clock_timestamp() as now');
      return (rows[0] as { now: Instant }).now;
    },
    heartbeat: (schedulerId, ttlMs) => timed('heartbeat', () => heartbeat(leases(), schedulerId, ttlMs)),
    leave: (schedulerId) => leave(leases(), schedulerId),
    activeRuns: (shards) => activeRuns(work(), shards),
    loadRuns: (runKeys) => timed('load_runs', () => loadRuns(work(), runKeys)),
    loadVersion: (versionId) => loadVersion(work(), versionId),
    runsBefore: (runKeys) => timed('runs_before', () => runsBefore(work(), runKeys)),
    startRuns: (shards, limit, tasksOf) => timed('start_runs', () => startRuns(work(), shards, limit, tasksOf)),
    decide: (batch, admit) => timed('decide', () => decide(work(), batch, admit, turn)),
    planDueDags: (limit, plan) => timed('plan_due_dags', () => planDueDags(work(), limit, plan)),
    nextDue: (shards) => timed('next_due', () => nextDue(work(), shards)),
    expiredLeases: (shards, limit) => timed('expired_leases', () => expiredLeases(work(), shards, limit)),
    unclaimed: (shards, olderThanMs, limit) => timed('unclaimed', () => unclaimed(work(), shards, olderThanMs, limit)),
    redispatch: (attempts, cap) => timed('redispatch', () => retrying(() => redispatch(work(), attempts, cap))),
    forgetDead: (deadForMs) => forgetDead(leases(), deadForMs),
  };
}
