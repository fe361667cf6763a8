/** The tables of backfills in a database. */
import type { Instant } from '@headrace/core';
import type { BackfillRecord, BackfillRunRecord } from '@headrace/ports';
import type { MemoryDatabase } from './database.ts';
import type { MemoryTable } from './table.ts';

export interface BackfillRunRow extends Omit<BackfillRunRecord, 'runId'> {
  readonly backfillId: string;
  readonly intervalStart: Instant;
  readonly intervalEnd: Instant;
  readonly runKey?: string;
  /** Of a run that is being cleared: its revision before that. */
  readonly runRevision?: number;
}

export interface BackfillTables {
  readonly backfills: MemoryTable<BackfillRecord>;
  /** (`${backfillId} ${position}`) */
  readonly dates: MemoryTable<BackfillRunRow>;
}

const tables = new WeakMap<MemoryDatabase, BackfillTables>();

export function backfillTables(db: MemoryDatabase): BackfillTables {
  const known = tables.get(db);
  if (known !== undefined) return known;
  const made = { backfills: db.table<BackfillRecord>('backfill'), dates: db.table<BackfillRunRow>('backfill_run') };
  tables.set(db, made);
  return made;
}
