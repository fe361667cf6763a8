/** Backfills in memory. */
import type { BackfillMove } from '@headrace/core';
import {
  BackfillEndedError,
  BackfillNotFoundError,
  type BackfillRecord,
  BackfillRunningError,
  type BackfillStep,
  type BackfillStore,
  DagNotFoundError,
  type NewBackfill,
  type RunToClear,
  UnknownOrderError,
} from '@headrace/ports';
import { type BackfillRunRow, type BackfillTables, backfillTables } from './backfill-tables.ts';
import type { MemoryDatabase } from './database.ts';
import { insertRun } from './insert-run.ts';
import { compareIds } from './order.ts';

export function createBackfillStore(db: MemoryDatabase): BackfillStore {
  const tables = backfillTables(db);
  const { backfills, dates } = tables;
  const change = (backfillId: string, fields: Partial<BackfillRecord>): BackfillRecord => {
    const record = backfills.get(backfillId);
    if (record === undefined) throw new BackfillNotFoundError(backfillId);
    if (record.completedAt !== undefined) throw new BackfillEndedError(backfillId);
    db.tell([{ type: 'duty', duty: 'backfill' }]);
    return backfills.change(backfillId, { ...fields, updatedAt: db.now() });
  };
  return {
    create: async (backfill) => db.transaction(() => create(db, tables, backfill)),
    get: async (backfillId) => backfills.get(backfillId),
    async list(dagId, { limit, offset, orderBy = [] }) {
      const unknown = orderBy.find((column) => column !== 'id' && column !== '-id');
      if (unknown !== undefined) throw new UnknownOrderError(unknown, ['id']);
      const sign = orderBy[0] === '-id' ? -1 : 1;
      const items = [...backfills.rows()].filter((record) => record.dagId === dagId);
      items.sort((a, b) => sign * compareIds(a.backfillId, b.backfillId));
      return { items: items.slice(offset, offset + limit), total: items.length };
    },
    async runs(backfillId, { limit, offset }) {
      const items = datesOf(tables, backfillId).map(({ position, logicalDate, partitionKey, state, reason, runKey }) => {
        const runId = runKey === undefined ? undefined : db.runs.get(runKey)?.runId;
        return {
          position,
          logicalDate,
          state,
          ...(partitionKey === undefined ? {} : { partitionKey }),
          ...(reason === undefined ? {} : { reason }),
          ...(runId === undefined ? {} : { runId }),
        };
      });
      return { items: items.slice(offset, offset + limit), total: items.length };
    },
    setPaused: async (backfillId, paused) => db.transaction(() => change(backfillId, { paused })),
    cancel: async (backfillId) =>
      db.transaction(() => {
        const now = db.now();
        const record = change(backfillId, { paused: true, completedAt: now, cancelledAt: now });
        for (const date of datesOf(tables, backfillId)) {
          if (isOpen(date)) dates.change(keyOf(date), { state: 'skipped', reason: 'cancelled' });
        }
        return record;
      }),
    existing: async (dagId, logicalDates) =>
      logicalDates.flatMap((logicalDate) => {
        const run = db.runsByDate.first(`${dagId} ${logicalDate}`);
        return run === undefined ? [] : [{ runKey: run.runKey, runId: run.runId, logicalDate, status: run.status }];
      }),
    advance: async (limit, decide) => db.transaction(() => advance(db, tables, limit, decide)),
    noteCleared: async (backfillId, position, skipped) =>
      db.transaction(() => {
        const key = keyOf({ backfillId, position });
        if (dates.get(key)?.state !== 'clearing') return;
        dates.change(key, skipped === undefined ? { state: 'made' } : { state: 'skipped', reason: skipped });
      }),
    async cancelledRuns(limit) {
      const queued = [...db.runsByStatus.get('queued')].filter(
        (run) => run.backfillId !== undefined && backfills.get(run.backfillId)?.cancelledAt !== undefined,
      );
      const first = queued.sort((a, b) => compareIds(a.runKey, b.runKey)).slice(0, limit);
      return first.map(({ dagId, runId }) => ({ dagId, runId }));
    },
  };
}

function keyOf({ backfillId, position }: Pick<BackfillRunRow, 'backfillId' | 'position'>): string {
  return `${backfillId} ${position}`;
}

function isOpen({ state }: BackfillRunRow): boolean {
  return state === 'waiting' || state === 'clearing';
}

function datesOf({ dates }: BackfillTables, backfillId: string): readonly BackfillRunRow[] {
  return [...dates.rows()].filter((date) => date.backfillId === backfillId).sort((a, b) => a.position - b.position);
}

function create(db: MemoryDatabase, { backfills, dates }: BackfillTables, backfill: NewBackfill): BackfillRecord {
  const { entries, ...fields } = backfill;
  const dag = db.dags.get(backfill.dagId);
  if (dag?.versionId === undefined || dag.removedAt !== undefined) throw new DagNotFoundError(backfill.dagId);
  const open = [...backfills.rows()].find((record) => record.dagId === backfill.dagId && record.completedAt === undefined);
  if (open !== undefined) throw new BackfillRunningError(backfill.dagId, open.backfillId);
  const backfillId = db.nextId('backfill');
  const now = db.now();
  const record: BackfillRecord = { ...fields, backfillId, paused: false, createdAt: now, updatedAt: now };
  backfills.insert(backfillId, record);
  for (const { action: _, ...entry } of entries)
    dates.insert(keyOf({ backfillId, position: entry.position }), { ...entry, backfillId, state: 'waiting' });
  db.tell([{ type: 'duty', duty: 'backfill' }]);
  return record;
}

function advance(db: MemoryDatabase, tables: BackfillTables, limit: number, decide: Parameters<BackfillStore['advance']>[1]): BackfillStep {
  const open = [...tables.backfills.rows()].filter((record) => {
    const dag = db.dags.get(record.dagId);
    return record.completedAt === undefined && !record.paused && dag !== undefined && !dag.paused && dag.removedAt === undefined;
  });
  const created: string[] = [];
  const toClear: RunToClear[] = [];
  const completed: string[] = [];
  for (const record of open.sort((a, b) => compareIds(a.backfillId, b.backfillId))) {
    settleCleared(db, tables, record);
    const { backfillId, reprocess, maxActiveRuns } = record;
    const waiting = datesOf(tables, backfillId)
      .filter((date) => date.state === 'waiting')
      .slice(0, limit)
      .map(({ position, logicalDate }) => {
        const run = db.runsByDate.first(`${record.dagId} ${logicalDate}`);
        return { position, ...(run === undefined ? {} : { run: { runId: run.runId, status: run.status } }) };
      });
    const live = liveRuns(db, record) + datesOf(tables, backfillId).filter((date) => date.state === 'clearing').length;
    for (const move of decide({ backfillId, reprocess, maxActiveRuns, live, waiting })) created.push(...carryOut(db, tables, record, move));
    for (const { state, position, runKey } of datesOf(tables, backfillId)) {
      const run = runKey === undefined ? undefined : db.runs.get(runKey);
      if (state === 'clearing' && run !== undefined)
        toClear.push({ backfillId, position, dagId: record.dagId, runId: run.runId, onLatestVersion: record.versionId === undefined });
    }
    if (!datesOf(tables, backfillId).some(isOpen) && liveRuns(db, record) === 0) {
      tables.backfills.change(backfillId, { completedAt: db.now(), updatedAt: db.now() });
      completed.push(backfillId);
    }
  }
  db.tell(created.map((runKey) => ({ type: 'run', runKey })));
  return { open: open.length, created, toClear, completed };
}

function liveRuns(db: MemoryDatabase, { dagId, backfillId }: BackfillRecord): number {
  const live = [...db.liveRunsOfDag.get(`queued ${dagId}`), ...db.liveRunsOfDag.get(`running ${dagId}`)];
  return live.filter((run) => run.backfillId === backfillId).length;
}

/** A run whose revision has risen was cleared, though nobody lived to say so. */
function settleCleared(db: MemoryDatabase, tables: BackfillTables, { backfillId }: BackfillRecord): void {
  for (const date of datesOf(tables, backfillId)) {
    if (date.state !== 'clearing' || date.runKey === undefined) continue;
    if ((db.runs.get(date.runKey)?.revision ?? 0) > (date.runRevision ?? 0)) tables.dates.change(keyOf(date), { state: 'made' });
  }
}

/** Answers with the key of the run that was made. What is no longer as it was stays as it is. */
function carryOut(
  db: MemoryDatabase,
  { dates }: BackfillTables,
  record: BackfillRecord,
  { position, action }: BackfillMove,
): readonly string[] {
  const { backfillId, dagId, params, priorityClass, user } = record;
  const key = keyOf({ backfillId, position });
  const date = dates.require(key);
  const run = action.kind === 'create' ? undefined : db.runsById.first(`${dagId} ${action.runId}`);
  switch (action.kind) {
    case 'skip':
      dates.change(key, { state: 'skipped', reason: action.reason, ...(run === undefined ? {} : { runKey: run.runKey }) });
      return [];
    case 'clear':
      if (run?.status !== 'success' && run?.status !== 'failed') return [];
      db.runs.change(run.runKey, { backfillId, priorityClass, params, runType: 'backfill', triggeredBy: 'backfill' });
      dates.change(key, { state: 'clearing', runKey: run.runKey, runRevision: run.revision });
      return [];
    case 'create': {
      const name = `backfill__${new Date(date.logicalDate).toISOString()}`;
      const made = insertRun(db, {
        dagId,
        versionId: record.versionId ?? db.dags.require(dagId).versionId ?? '',
        // Somebody may have called a run of another date so.
        runId: db.runsById.count(`${dagId} ${name}`) > 0 ? `${name}_${backfillId}` : name,
        runType: 'backfill',
        runAfter: date.intervalEnd,
        params,
        triggeredBy: 'backfill',
        logicalDate: date.logicalDate,
        intervalStart: date.intervalStart,
        intervalEnd: date.intervalEnd,
        backfillId,
        priorityClass,
        ...(date.partitionKey === undefined ? {} : { partitionKey: date.partitionKey }),
        ...(user === undefined ? {} : { user }),
      });
      if (!('runKey' in made)) return [];
      dates.change(key, { state: 'made', runKey: made.runKey });
      return [made.runKey];
    }
  }
}
