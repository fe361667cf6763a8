/** Deadlines of runs, and how long runs and tasks usually take. */
import type { Instant, TaskDurations, TaskProgress } from '@headrace/core';
import type { DeadlineStore, FreshnessExpectation, NewDeadline, UnwatchedRun, WatchedDeadline } from '@headrace/ports';
import type { MemoryDatabase } from './database.ts';
import { compareIds } from './order.ts';
import type { DeadlineRow, RunRow, TaskInstanceRow } from './rows.ts';
import { saveNotices } from './save-notices.ts';

export function createDeadlineStore(db: MemoryDatabase): DeadlineStore {
  /** Those that somebody judges at present: others pass over them. */
  const locked = new Set<string>();
  return {
    expectations: async () => expectations(db),
    unwatched: async (limit) => unwatched(db, limit),
    watch: async (deadlines) =>
      db.transaction(() => {
        for (const deadline of deadlines) watch(db, deadline);
      }),
    async judge(limit, judge) {
      const now = db.now();
      const due = [...db.deadlines.rows()]
        .filter((row) => row.checkAt !== undefined && row.checkAt <= now && !locked.has(keyOf(row)))
        .sort((a, b) => (a.checkAt ?? 0) - (b.checkAt ?? 0))
        .slice(0, limit);
      if (due.length === 0) return 0;
      for (const row of due) locked.add(keyOf(row));
      try {
        const verdicts = await judge(
          due.map((row) => watched(db, row)),
          now,
        );
        db.transaction(() => {
          for (const { runKey, name, state, checkAt, expectedAt, notices } of verdicts) {
            const predicted = expectedAt === undefined ? {} : { predictedAt: now, expectedAt };
            db.deadlines.change(`${runKey} ${name}`, { state, checkAt: state === 'pending' ? checkAt : undefined, ...predicted });
            saveNotices(db, notices);
          }
        });
      } finally {
        for (const row of due) locked.delete(keyOf(row));
      }
      return due.length;
    },
    async nextCheck() {
      const checks = [...db.deadlines.rows()].flatMap((row) => (row.checkAt === undefined ? [] : [row.checkAt]));
      return checks.length === 0 ? undefined : Math.min(...checks);
    },
    runDurations: async (dagId, runs) => newestSuccesses(db, dagId, runs).map((run) => Math.max(0, endOf(run) - run.queuedAt)),
    taskDurations: async (dagId, runs) => taskDurations(db, dagId, runs),
  };
}

function keyOf(row: Pick<DeadlineRow, 'runKey' | 'name'>): string {
  return `${row.runKey} ${row.name}`;
}

function unwatched(db: MemoryDatabase, limit: number): readonly UnwatchedRun[] {
  const active = ['running', 'queued'].flatMap((status) => [...db.runsByStatus.get(status)]);
  const found = active.flatMap((run): UnwatchedRun[] => {
    const { spec } = db.versions.require(run.versionId);
    if (spec.deadlines === undefined || db.deadlinesOfRun.count(run.runKey) > 0) return [];
    const { runKey, dagId, versionId, queuedAt, logicalDate, intervalEnd } = run;
    const times = { ...(logicalDate === undefined ? {} : { logicalDate }), ...(intervalEnd === undefined ? {} : { intervalEnd }) };
    return [{ runKey, dagId, versionId, spec, queuedAt, ...times }];
  });
  return found.slice(0, limit);
}

function expectations(db: MemoryDatabase): readonly FreshnessExpectation[] {
  return [...db.dags.rows()].flatMap((dag): FreshnessExpectation[] => {
    if (dag.paused || dag.removedAt !== undefined || dag.versionId === undefined) return [];
    const { spec } = db.versions.require(dag.versionId);
    if (spec.assets?.some((asset) => asset.freshness !== undefined) !== true) return [];
    const active = ['running', 'queued'].flatMap((status) => [...db.liveRunsOfDag.get(`${status} ${dag.dagId}`)]);
    const { dagId, versionId, activeSince, nextDueAt } = dag;
    const activeRuns = active.map(({ runKey, runAfter }) => ({ runAfter, tasks: [...db.tasksOfRun.get(runKey)].map(progressOf) }));
    return [{ dagId, versionId, spec, activeSince, activeRuns, ...(nextDueAt === undefined ? {} : { nextDueAt }) }];
  });
}

function watch(db: MemoryDatabase, { runKey, name, dueAt, checkAt }: NewDeadline): void {
  if (db.runs.get(runKey) === undefined || db.deadlines.get(`${runKey} ${name}`) !== undefined) return;
  const state = dueAt === undefined ? 'void' : 'pending';
  const check = dueAt === undefined ? undefined : (checkAt ?? dueAt);
  db.deadlines.insert(`${runKey} ${name}`, { runKey, name, dueAt, state, checkAt: check, predictedAt: undefined, expectedAt: undefined });
}

function watched(db: MemoryDatabase, row: DeadlineRow): WatchedDeadline {
  const run = db.runs.require(row.runKey);
  const tasks = run.status === 'running' ? [...db.tasksOfRun.get(run.runKey)].map(progressOf) : [];
  const { runKey, dagId, runId, versionId, revision, runType, status, runAfter } = run;
  return {
    ...{ runKey, dagId, runId, versionId, revision, runType, status, runAfter },
    name: row.name,
    dueAt: row.dueAt ?? 0,
    predicted: row.predictedAt !== undefined,
    tasks,
    ...(run.logicalDate === undefined ? {} : { logicalDate: run.logicalDate }),
    ...(run.intervalStart === undefined ? {} : { intervalStart: run.intervalStart }),
    ...(run.intervalEnd === undefined ? {} : { intervalEnd: run.intervalEnd }),
    ...(run.partitionKey === undefined ? {} : { partitionKey: run.partitionKey }),
    ...(run.endedAt === undefined ? {} : { endedAt: run.endedAt }),
  };
}

function progressOf(task: TaskInstanceRow): TaskProgress {
  const startedAt = beginningOf(task);
  const dueAt = 'dueAt' in task.state ? task.state.dueAt : undefined;
  return {
    taskId: task.taskId,
    mapIndex: task.mapIndex,
    status: task.state.status,
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(dueAt === undefined ? {} : { dueAt }),
  };
}

function beginningOf(task: TaskInstanceRow): Instant | undefined {
  return task.firstStartedAt ?? task.startedAt;
}

function endOf(run: RunRow): Instant {
  return run.endedAt ?? run.queuedAt;
}

function newestSuccesses(db: MemoryDatabase, dagId: string, count: number): readonly RunRow[] {
  const succeeded = [...db.runsOfDag.get(dagId)].filter((run) => run.status === 'success' && run.endedAt !== undefined);
  return succeeded.sort((a, b) => endOf(b) - endOf(a) || compareIds(b.runKey, a.runKey)).slice(0, count);
}

function taskDurations(db: MemoryDatabase, dagId: string, count: number): readonly TaskDurations[] {
  const spans = new Map<string, number[]>();
  for (const run of newestSuccesses(db, dagId, count)) {
    const done = [...db.tasksOfRun.get(run.runKey)].filter((task) => task.state.status === 'success' && task.startedAt !== undefined);
    for (const [taskId, instances] of Map.groupBy(done, (task) => task.taskId)) {
      const begin = Math.min(...instances.map((task) => beginningOf(task) ?? Infinity));
      const end = Math.max(...instances.map((task) => task.endedAt ?? begin));
      spans.set(taskId, [...(spans.get(taskId) ?? []), Math.max(0, end - begin)]);
    }
  }
  return [...spans].map(([taskId, lengths]) => {
    const sorted = lengths.toSorted((a, b) => a - b);
    const meanMs = Math.round(sorted.reduce((sum, one) => sum + one, 0) / sorted.length);
    return { taskId, runs: sorted.length, meanMs, p90Ms: Math.round(sorted[Math.ceil(sorted.length * 0.9) - 1] ?? 0) };
  });
}
