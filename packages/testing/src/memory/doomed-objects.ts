/** What runs have left in the object store and that is to be removed. */
import type { Instant } from '@headrace/core';
import type { DoomedObjects } from '@headrace/ports';
import type { MemoryDatabase } from './database.ts';
import type { MemoryTable } from './table.ts';

interface DoomedRow {
  readonly id: string;
  readonly dagId: string;
  readonly runId: string;
  readonly kind: 'logs' | 'results' | 'run';
  readonly at: Instant;
}

const tables = new WeakMap<MemoryDatabase, MemoryTable<DoomedRow>>();

function doomedTable(db: MemoryDatabase): MemoryTable<DoomedRow> {
  const known = tables.get(db) ?? db.table<DoomedRow>('doomed_object');
  tables.set(db, known);
  return known;
}

/** In the transaction in which the rows go, or the mark moves. */
export function doom(
  db: MemoryDatabase,
  kind: DoomedRow['kind'],
  { dagId, runId }: { readonly dagId: string; readonly runId: string },
): void {
  const id = db.nextId('doomed_object');
  doomedTable(db).insert(id, { id, dagId, runId, kind, at: db.now() });
}

export function doomedObjects(db: MemoryDatabase, limit: number): readonly DoomedObjects[] {
  const table = doomedTable(db);
  for (const row of [...table.rows()]) if (livesAgain(db, row)) table.delete(row.id);
  return [...table.rows()]
    .slice(0, limit)
    .map(({ id, dagId, runId, kind }) => ({ id, dagId, runId, kinds: kind === 'run' ? ['logs', 'results'] : [kind] }));
}

export function forgetObjects(db: MemoryDatabase, ids: readonly string[]): void {
  for (const id of ids) doomedTable(db).delete(id);
}

function livesAgain(db: MemoryDatabase, { dagId, runId, kind, at }: DoomedRow): boolean {
  const run = db.runsById.first(`${dagId} ${runId}`);
  if (run === undefined) return false;
  return kind === 'run' || run.endedAt === undefined || run.endedAt > at;
}
