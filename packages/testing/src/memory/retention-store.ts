/** Removing what is old: the rules of `RetentionStore`, on tables that are looked through as a whole. */
import type { Instant } from '@headrace/core';
import type { RetentionKind, RetentionResult, RetentionStep, RetentionStore } from '@headrace/ports';
import { partitionText } from '@headrace/ports';
import { forgetAudit } from './audit-store.ts';
import { backfillTables } from './backfill-tables.ts';
import { dataTables } from './data-report-store.ts';
import type { MemoryDatabase } from './database.ts';
import { dropRun, hasLiveTasks } from './deletions.ts';
import { doom, doomedObjects, forgetObjects } from './doomed-objects.ts';
import { forgetLineage } from './lineage-store.ts';
import type { RunRow } from './rows.ts';

export function createRetentionStore(db: MemoryDatabase): RetentionStore {
  let atWork = false;
  /** Runs whose logs, or results, are gone: by key, when they had ended. */
  const cleared = { logs: new Map<string, Instant>(), results: new Map<string, Instant>() };

  function remove(kind: RetentionKind, step: RetentionStep): RetentionResult {
    switch (kind) {
      case 'runs':
        return removeRuns(db, step);
      case 'logs':
      case 'results': {
        const due = endedRuns(db, step.before)
          .filter(({ runKey, endedAt }) => (cleared[kind].get(runKey) ?? -Infinity) < (endedAt ?? 0))
          .slice(0, step.limit);
        if (step.dryRun === true) return { removed: { [kind]: due.length } };
        for (const run of due) {
          doom(db, kind, run);
          cleared[kind].set(run.runKey, run.endedAt ?? 0);
        }
        return { removed: { [kind]: due.length }, ...(due.length < step.limit ? {} : { next: 'more' }) };
      }
      case 'audit':
        return forgetAudit(db, step);
      default: {
        const keys = oldOf(db, kind, step);
        if (step.dryRun !== true) for (const { remove: drop } of keys) drop();
        return { removed: { [kind]: keys.length } };
      }
    }
  }

  return {
    async exclusively(work) {
      if (atWork) return undefined;
      atWork = true;
      try {
        return await work();
      } finally {
        atWork = false;
      }
    },
    remove: async (kind, step) => db.transaction(() => remove(kind, step)),
    doomedObjects: async (limit) => db.transaction(() => doomedObjects(db, limit)),
    forgetObjects: async (ids) => db.transaction(() => forgetObjects(db, ids)),
  };
}

/** The longest ended first. */
function endedRuns(db: MemoryDatabase, before: Instant): readonly RunRow[] {
  return [...db.runs.rows()]
    .filter((run) => hasEnded(run) && (run.endedAt ?? 0) < before)
    .sort((a, b) => (a.endedAt ?? 0) - (b.endedAt ?? 0));
}

function hasEnded({ status }: RunRow): boolean {
  return status === 'success' || status === 'failed';
}

function removeRuns(db: MemoryDatabase, { before, dryRun = false, keepNewest = 0 }: RetentionStep): RetentionResult {
  const removed = { runs: 0, task_instances: 0 };
  const old = endedRuns(db, before).filter((run) => !isKept(db, run, keepNewest) && !hasLiveTasks(db, run.runKey));
  for (const run of old) {
    removed.runs++;
    removed.task_instances += [...db.tasksOfRun.get(run.runKey)].length;
  }
  if (dryRun) return { removed };
  forgetLineage(db, old);
  for (const { runKey } of old) dropRun(db, runKey);
  return { removed };
}

function isKept(db: MemoryDatabase, run: RunRow, keepNewest: number): boolean {
  const others = [...db.runsOfDag.get(run.dagId)].filter(({ runKey }) => runKey !== run.runKey);
  const { logicalDate } = run;
  if (logicalDate !== undefined) {
    const later = others
      .filter((other) => other.logicalDate !== undefined && other.logicalDate > logicalDate)
      .sort((a, b) => (a.logicalDate ?? 0) - (b.logicalDate ?? 0));
    if (later[0] === undefined || !hasEnded(later[0])) return true;
    if (run.runType === 'scheduled' && !later.some(({ runType }) => runType === 'scheduled')) return true;
  }
  const newer = others.filter(
    (other) => other.runAfter > run.runAfter || (other.runAfter === run.runAfter && Number(other.runKey) > Number(run.runKey)),
  );
  if (newer.length < keepNewest) return true;
  if ([...backfillTables(db).backfills.rows()].some((backfill) => backfill.dagId === run.dagId && backfill.completedAt === undefined))
    return true;
  return [...db.openWaits.get('open')].some(
    ({ wait: { condition } }) =>
      condition.kind === 'run' &&
      condition.dagId === run.dagId &&
      ('runId' in condition.run ? condition.run.runId === run.runId : condition.run.logicalDate === logicalDate),
  );
}

interface Old {
  remove(): void;
}

/** What else may go. */
function oldOf(
  db: MemoryDatabase,
  kind: Exclude<RetentionKind, 'runs' | 'logs' | 'results' | 'audit'>,
  { before, keepNewest = 0 }: RetentionStep,
): readonly Old[] {
  switch (kind) {
    case 'notices':
      return [...db.notices.rows()]
        .filter(({ state, createdAt, deliveredAt }) => state !== 'pending' && (deliveredAt ?? createdAt) < before)
        .map(({ key }) => ({ remove: () => void db.notices.delete(key) }));
    case 'data_loads': {
      const { loads } = dataTables(db);
      const placeOf = (load: { connection: string; place: string; partition: Parameters<typeof partitionText>[0] }) =>
        JSON.stringify([load.connection, load.place, partitionText(load.partition)]);
      const newest = new Map([...loads.rows()].map((load) => [placeOf(load), load.id]));
      return [...loads.rows()]
        .filter((load) => load.committedAt < before && newest.get(placeOf(load)) !== load.id)
        .map(({ id }) => ({ remove: () => void loads.delete(id) }));
    }
    case 'data_checks': {
      const { checks } = dataTables(db);
      return [...checks.rows()].filter(({ at }) => at < before).map(({ id }) => ({ remove: () => void checks.delete(id) }));
    }
    case 'asset_events': {
      const { events, queued, runsOfEvent } = db.assetTables;
      const waiting = new Set([...queued.rows()].map(({ eventId }) => eventId));
      const newest = new Map([...events.rows()].map((event) => [`${event.assetId} ${event.partition ?? ''}`, event.eventId]));
      return [...events.rows()]
        .filter(({ eventId, assetId, partition, at }) => {
          const isNeeded =
            waiting.has(eventId) || runsOfEvent.count(eventId) > 0 || newest.get(`${assetId} ${partition ?? ''}`) === eventId;
          return at < before && !isNeeded;
        })
        .map(({ eventId }) => ({ remove: () => void events.delete(eventId) }));
    }
    case 'dag_versions': {
      const needed = new Set<string | undefined>([
        ...[...db.dags.rows()].map(({ versionId }) => versionId),
        ...[...db.runs.rows()].map(({ versionId }) => versionId),
        ...[...db.notices.rows()].map(({ versionId }) => versionId),
        ...[...backfillTables(db).backfills.rows()].map(({ versionId }) => versionId),
      ]);
      return [...db.versions.rows()]
        .filter(({ versionId, createdAt, dagId, number }) => {
          const newer = [...db.versionsOfDag.get(dagId)].filter((other) => other.number > number).length;
          return createdAt < before && !needed.has(versionId) && newer >= Math.max(keepNewest, 1);
        })
        .map(({ versionId }) => ({ remove: () => void db.versions.delete(versionId) }));
    }
    case 'bundles': {
      const needed = new Set([...db.versions.rows()].map(({ bundleHash }) => bundleHash));
      return [...db.bundles.rows()]
        .filter(({ hash }) => !needed.has(hash))
        .map(({ hash }) => ({ remove: () => void db.bundles.delete(hash) }));
    }
    case 'processes':
      return [
        ...[...db.workers.rows()]
          .filter(({ leaseUntil }) => leaseUntil < before)
          .map(({ workerId }) => ({ remove: () => void db.workers.delete(workerId) })),
        ...[...db.schedulers.rows()]
          .filter(({ leaseUntil }) => leaseUntil < before)
          .map(({ schedulerId }) => ({ remove: () => void db.schedulers.delete(schedulerId) })),
      ];
  }
}
