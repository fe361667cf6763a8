/** What tasks read and wrote. */
import type { Instant } from '@headrace/core';
import {
  type CheckRecord,
  type DataFilter,
  type DataReport,
  type DataReportStore,
  type LoadRecord,
  type NewestFirst,
  type PartitionValues,
  partitionText,
  type Range,
} from '@headrace/ports';
import type { MemoryDatabase } from './database.ts';
import { saveLineage } from './lineage-store.ts';
import type { TaskInstanceRow } from './rows.ts';
import type { MemoryTable } from './table.ts';

interface DataTables {
  readonly loads: MemoryTable<LoadRecord>;
  readonly checks: MemoryTable<CheckRecord>;
}

const tables = new WeakMap<MemoryDatabase, DataTables>();

export function dataTables(db: MemoryDatabase): DataTables {
  const known = tables.get(db);
  if (known !== undefined) return known;
  const made = { loads: db.table<LoadRecord>('data_load'), checks: db.table<CheckRecord>('data_check') };
  tables.set(db, made);
  return made;
}

/** In the transaction of the outcome. */
export function saveDataReport(db: MemoryDatabase, task: TaskInstanceRow, { loads, checks }: DataReport): void {
  const kept = dataTables(db);
  const { dagId, runId, intervalStart, intervalEnd } = db.runs.require(task.runKey);
  const { taskId, mapIndex, taskInstanceId, state } = task;
  const ofTry = { dagId, runId, taskId, mapIndex, attempt: state.attempt, taskInstanceId };
  saveLineage(db, task, { loads, checks });
  for (const { lineage: _, ...load } of loads) {
    const id = db.nextId('data_load');
    kept.loads.insert(id, {
      ...load,
      ...ofTry,
      id,
      checks: checks.length,
      checksFailed: checks.filter(({ ok }) => !ok).length,
      ...(intervalStart === undefined ? {} : { intervalStart }),
      ...(intervalEnd === undefined ? {} : { intervalEnd }),
      committedAt: db.now(),
    });
  }
  for (const check of checks) {
    const id = db.nextId('data_check');
    kept.checks.insert(id, { ...check, ...ofTry, id, at: db.now() });
  }
}

export function createDataReportStore(db: MemoryDatabase): DataReportStore {
  const { loads, checks } = dataTables(db);
  return {
    async loads({ loadId, quarantined, drifted, ...filter }, page) {
      const found = [...loads.rows()].filter(
        (load) =>
          matches(load, load.committedAt, filter) &&
          (loadId === undefined || load.loadId === loadId) &&
          (quarantined !== true || load.rowsQuarantined > 0) &&
          (drifted !== true || load.drift !== undefined),
      );
      return newest(found, page);
    },
    async checks({ ok, name, ...filter }, page) {
      const found = [...checks.rows()].filter(
        (check) => matches(check, check.at, filter) && (ok === undefined || check.ok === ok) && (name === undefined || check.name === name),
      );
      return newest(found, page);
    },
    async newestLoads({ connection, place, dagIds }, { limit, after }) {
      const byPartition = new Map<string, LoadRecord>();
      for (const load of loads.rows()) {
        const partition = partitionText(load.partition);
        if (dagIds?.includes(load.dagId) === false) continue;
        if (load.connection !== connection || load.place !== place || (after !== undefined && partition <= after)) continue;
        const known = byPartition.get(partition);
        if (known === undefined || Number(known.id) < Number(load.id)) byPartition.set(partition, load);
      }
      return [...byPartition]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .slice(0, limit)
        .map(([, load]) => load);
    },
  };
}

function newest<T extends { readonly id: string }>(found: readonly T[], { limit, before }: NewestFirst): readonly T[] {
  return found
    .filter(({ id }) => before === undefined || Number(id) < Number(before))
    .sort((a, b) => Number(b.id) - Number(a.id))
    .slice(0, limit);
}

type OfPlace = Omit<DataFilter, 'at' | 'partition' | 'dagIds'> & { readonly partition: PartitionValues };

function matches(row: OfPlace, at: Instant, { partition, at: range, dagIds, ...filter }: DataFilter): boolean {
  const names = ['dagId', 'runId', 'taskId', 'mapIndex', 'connection', 'place'] as const;
  return (
    names.every((name) => filter[name] === undefined || filter[name] === row[name]) &&
    (dagIds === undefined || (row.dagId !== undefined && dagIds.includes(row.dagId))) &&
    (partition === undefined || partition === partitionText(row.partition)) &&
    within(at, range)
  );
}

function within(at: Instant, { gte, gt, lte, lt }: Range = {}): boolean {
  return (
    (gte === undefined || at >= gte) && (gt === undefined || at > gt) && (lte === undefined || at <= lte) && (lt === undefined || at < lt)
  );
}
