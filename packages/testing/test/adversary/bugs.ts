/**
 * Bugs that are planted to see whether the simulation finds them. Each is a change of what a port, or the simulated worker, does; none
 * is in production code.
 */
import type { Admission, Capacity, DagSpec } from '@headrace/core';
import type { AttemptStore, CommandStore, QueuedTask, RunDecision, RunEvents, SchedulerStore } from '@headrace/ports';
import { type MemoryDatabase, SHARDS } from '../../src/memory/database.ts';
import type { MemoryStore } from '../../src/memory/store.ts';

export const BUGS = [
  'claim without compare-and-set',
  'enqueue without outbox',
  'pool counted outside the transaction',
  'no re-dispatch of stale queued',
  'finish without fence',
  'renewal without fence',
  'release without state check',
  'worker ignores a lost lease',
  'retry off by one',
  'terminal overwritten by a late cancel',
  'leases compared with a process clock',
  'message id reused',
  'catch-up before the start of the DAG',
  'schedule saved apart from its runs',
  'decision on an outdated revision',
  'trigger rule judged too early',
  'lost attempts are not looked for',
  'shards of the dead are not taken over',
  'active runs counted outside the transaction',
  'gap in events ignored',
] as const;

export type Bug = (typeof BUGS)[number];

interface Tools {
  /** Of the process that the port belongs to. */
  readonly skewMs: number;
  readonly dice: () => number;
}

export function withSchedulerBug(bug: Bug | undefined, { db, scheduler: store }: MemoryStore, tools: Tools): SchedulerStore {
  switch (bug) {
    case 'enqueue without outbox': {
      // What was decided is known only to whoever got the answer.
      const known = new Set<string>();
      return {
        ...store,
        decide: async (batch, admit) => {
          const result = await store.decide(batch, admit);
          if (tools.dice() > 0.1) for (const task of result.queued) known.add(task.attemptId);
          return result;
        },
        unclaimed: async (...args) => (await store.unclaimed(...args)).filter((task) => known.has(task.attemptId)),
      };
    }
    case 'pool counted outside the transaction': {
      let before: Capacity | undefined;
      return {
        ...store,
        decide: (batch, admit) =>
          store.decide(batch, (candidates, capacity): Admission => {
            const used = before ?? capacity;
            before = capacity;
            return admit(candidates, { ...capacity, pools: used.pools });
          }),
      };
    }
    case 'no re-dispatch of stale queued':
      return { ...store, unclaimed: async () => [] };
    case 'leases compared with a process clock': {
      // When they are looked for, and again when the decision is saved.
      const now = (): number => db.now() + tools.skewMs;
      return {
        ...store,
        expiredLeases: async (shards) =>
          [...db.tasksByStatus.get('running')]
            .filter((row) => (row.leaseUntil ?? 0) < now() && shards.includes(Number(BigInt(row.runKey) % BigInt(SHARDS))))
            .map(({ runKey, taskInstanceId, state, triesBefore }) => ({
              runKey,
              taskInstanceId,
              attempt: state.attempt,
              triesBefore,
              why: 'lease_expired' as const,
            })),
        decide: (batch, admit) => store.decide({ ...batch, runs: batch.runs.map((run) => judgedAt(db, now(), run)) }, admit),
      };
    }
    case 'message id reused':
      return {
        ...store,
        redispatch: async (attempts, cap) => {
          const { send, lost } = await store.redispatch(attempts, cap);
          return { send: send.map((task): QueuedTask => ({ ...task, sequence: 1 })), lost };
        },
      };
    case 'catch-up before the start of the DAG':
      return {
        ...store,
        planDueDags: (limit, plan) =>
          store.planDueDags(limit, (dag, now) => {
            const { startAt } = dag.spec;
            const spec: DagSpec = startAt === undefined ? dag.spec : { ...dag.spec, startAt: startAt - 60_000 };
            return plan({ ...dag, spec }, now);
          }),
      };
    case 'schedule saved apart from its runs':
      return {
        ...store,
        planDueDags: (limit, plan) =>
          store.planDueDags(limit, (dag, now) => {
            const made = plan(dag, now);
            return tools.dice() < 0.3 ? { ...made, runs: [] } : made;
          }),
      };
    case 'decision on an outdated revision':
      return {
        ...store,
        decide: (batch, admit) => {
          const runs = batch.runs.map((run) => ({ ...run, revision: db.runs.get(run.runKey)?.revision ?? run.revision }));
          return store.decide({ ...batch, runs }, admit);
        },
      };
    case 'trigger rule judged too early':
      return {
        ...store,
        loadVersion: async (versionId) => {
          const spec = await store.loadVersion(versionId);
          const tasks = spec.tasks.map((task) =>
            task.triggerRule === 'all_success' ? { ...task, triggerRule: 'one_success' as const } : task,
          );
          return { ...spec, tasks };
        },
      };
    case 'lost attempts are not looked for':
      return { ...store, expiredLeases: async () => [] };
    case 'shards of the dead are not taken over':
      return {
        ...store,
        heartbeat: async (schedulerId, ttlMs) => {
          db.transaction(() => {
            for (const row of [...db.schedulers.rows()]) db.schedulers.change(row.schedulerId, { leaseUntil: db.now() + ttlMs });
          });
          return store.heartbeat(schedulerId, ttlMs);
        },
      };
    case 'active runs counted outside the transaction':
      return {
        ...store,
        startRuns: async (shards, limit, tasksOf) => {
          const limits = [...db.dags.rows()].map(({ dagId, maxActiveRuns }) => ({ dagId, maxActiveRuns }));
          const more = tools.dice() < 0.3 ? 1 : 0;
          db.transaction(() => {
            for (const { dagId, maxActiveRuns } of limits) db.dags.change(dagId, { maxActiveRuns: maxActiveRuns + more });
          });
          const starting = store.startRuns(shards, limit, tasksOf);
          const restore = (): void =>
            db.transaction(() => {
              for (const { dagId, maxActiveRuns } of limits) db.dags.change(dagId, { maxActiveRuns });
            });
          return starting.finally(restore);
        },
      };
    default:
      return store;
  }
}

/** Of a lost attempt whose lease has ended by then, nobody compares the lease any more. */
function judgedAt(db: MemoryDatabase, now: number, decision: RunDecision): RunDecision {
  const changes = decision.changes.map((change) => {
    const { lost, ...unmarked } = change;
    const isLate = lost === true && (db.tasks.get(change.taskInstanceId)?.leaseUntil ?? 0) < now;
    return isLate ? unmarked : change;
  });
  return { ...decision, changes };
}

export function withAttemptBug(bug: Bug | undefined, { db, attempts: store }: MemoryStore): AttemptStore {
  switch (bug) {
    case 'claim without compare-and-set':
      return {
        ...store,
        claim: async (ref, workerId, leaseMs) => {
          const row = db.tasks.get(ref.taskInstanceId);
          if (row?.state.status === 'running' && row.attemptId === ref.attemptId)
            db.transaction(() => db.tasks.change(ref.taskInstanceId, { workerId }));
          return store.claim(ref, workerId, leaseMs);
        },
      };
    case 'finish without fence':
      return {
        ...store,
        finish: async (outcome, workerId) => {
          const row = db.tasks.get(outcome.taskInstanceId);
          const isHeld = row?.state.status === 'running' && row.attemptId === outcome.attemptId && row.workerId === workerId;
          if (row === undefined || isHeld || row.state.attempt === 0) return store.finish(outcome, workerId);
          db.transaction(() => {
            const state = { ...outcome.to, attempt: row.state.attempt };
            db.tasks.change(row.taskInstanceId, { state, leaseUntil: undefined, endedAt: db.now() });
            db.tell([{ type: 'task', runKey: row.runKey, taskInstanceId: row.taskInstanceId, to: state }]);
          });
          return true;
        },
      };
    case 'renewal without fence':
      return {
        ...store,
        renew: async (refs, workerId, leaseMs) => {
          db.transaction(() => {
            for (const { taskInstanceId } of refs) {
              if (db.tasks.get(taskInstanceId)?.state.status === 'running')
                db.tasks.change(taskInstanceId, { leaseUntil: db.now() + leaseMs });
            }
          });
          return store.renew(refs, workerId, leaseMs);
        },
      };
    case 'release without state check':
      return {
        ...store,
        release: async (ref, workerId) => {
          const row = db.tasks.get(ref.taskInstanceId);
          if (row === undefined || row.state.attempt === 0) return store.release(ref, workerId);
          db.transaction(() =>
            db.tasks.change(ref.taskInstanceId, { state: { status: 'queued', attempt: row.state.attempt }, leaseUntil: undefined }),
          );
          return true;
        },
      };
    default:
      return store;
  }
}

export function withCommandBug(bug: Bug | undefined, { db, commands: store }: MemoryStore): CommandStore {
  if (bug !== 'terminal overwritten by a late cancel') return store;
  return {
    ...store,
    saveCommand: (decision, command, version) => {
      const changes = decision.changes.map((change) => {
        const state = db.tasks.get(change.taskInstanceId)?.state;
        return state === undefined
          ? change
          : { ...change, from: state.status, fromAttempt: state.attempt, to: { ...change.to, attempt: state.attempt } };
      });
      const revision = db.runs.get(decision.runKey)?.revision ?? decision.revision;
      return store.saveCommand({ ...decision, revision, changes }, command, version);
    },
  };
}

export function withEventBug(bug: Bug | undefined, events: RunEvents): RunEvents {
  if (bug !== 'gap in events ignored') return events;
  return { listen: ({ onEvents }) => events.listen({ onEvents, onGap() {} }) };
}
