/**
 * Puts staged rows in the place of a slice of the table, inside one transaction. Only a slice that differs is written, so that a
 * re-run writes nothing: no dead rows, no triggers, no changes for whoever follows the table.
 */
import { LOAD_COLUMN } from '@headrace/dataplane';
import type { Column } from '@headrace/sdk';
import type pg from 'pg';
import { quote } from '../sql-text.ts';
import { comparables, names } from './compare.ts';
import type { LoadRecord, RowChanges } from './load-record.ts';
import type { TargetTable } from './target-table.ts';

/** What part of the table the rows take the place of. */
export type Slice =
  | { readonly kind: 'all' }
  | { readonly kind: 'load'; readonly loadId: string }
  | { readonly kind: 'partition'; readonly values: Readonly<Record<string, string>> };

export async function replaceSlice(
  client: pg.Client,
  stage: string,
  table: TargetTable,
  columns: readonly Column[],
  slice: Slice,
  staged: number,
): Promise<RowChanges> {
  await lockSlice(client, table, slice);
  const { where, values } = condition(slice, table);
  const compared = comparables(columns, table);
  const { rows } = await client.query<{ held: string }>(`select count(*) as held from ${table.sql} where ${where}`, values);
  const held = Number(rows[0]?.held ?? 0);
  if (held === staged) {
    const { rows: found } = await client.query<{ differs: boolean }>(
      `select exists (select ${compared} from ${stage} except all select ${compared} from ${table.sql} where ${where}) as differs`,
      values,
    );
    if (found[0]?.differs === false) return { inserted: 0, updated: 0, deleted: 0, unchanged: staged };
  }
  const deleted = held === 0 ? 0 : ((await client.query(`delete from ${table.sql} where ${where}`, values)).rowCount ?? 0);
  const list = names(columns);
  const inserted =
    slice.kind === 'load'
      ? await client.query(`insert into ${table.sql} (${list}, ${quote(LOAD_COLUMN)}) select ${list}, $1 from ${stage}`, [slice.loadId])
      : await client.query(`insert into ${table.sql} (${list}) select ${list} from ${stage}`);
  return { inserted: inserted.rowCount ?? 0, updated: 0, deleted, unchanged: 0 };
}

/** Of a load whose rows went straight into the table: removes what an earlier attempt of the same load committed meanwhile. */
export async function removeEarlier(client: pg.Client, table: TargetTable, loadId: string): Promise<number> {
  const { rowCount } = await client.query(
    `delete from ${table.sql} where ${quote(LOAD_COLUMN)} = $1 and xmin <> pg_current_xact_id()::xid`,
    [loadId],
  );
  return rowCount ?? 0;
}

/**
 * Whether the slice still holds exactly the rows that a load wrote: as many, and all written by its transaction. Every insert and update
 * leaves the writer's number in the row, so that this needs no comparison of values. Locks out other writers of the slice.
 */
export async function holdsLoad(client: pg.Client, table: TargetTable, slice: Slice, load: LoadRecord): Promise<boolean> {
  if (load.rowsXid === null) return false;
  await lockSlice(client, table, slice);
  const { where, values } = condition(slice, table);
  const { rows } = await client.query<{ held: string; written: string }>(
    `select count(*) as held, count(*) filter (where xmin = $${values.length + 1}::xid) as written from ${table.sql} where ${where}`,
    [...values, load.rowsXid],
  );
  return Number(rows[0]?.held) === load.rows && Number(rows[0]?.written) === load.rows;
}

/** Readers go on; other writers of the table wait until the commit. */
export async function lockTable(client: pg.Client, table: TargetTable): Promise<void> {
  await client.query(`lock table ${table.sql} in share row exclusive mode`);
}

/** The rows of one load are nobody else's, and its record is locked already. */
async function lockSlice(client: pg.Client, table: TargetTable, slice: Slice): Promise<void> {
  if (slice.kind !== 'load') await lockTable(client, table);
}

function condition(slice: Slice, table: TargetTable): { readonly where: string; readonly values: string[] } {
  if (slice.kind === 'all') return { where: 'true', values: [] };
  if (slice.kind === 'load') return { where: `${quote(LOAD_COLUMN)} = $1`, values: [slice.loadId] };
  const columns = Object.keys(slice.values);
  return {
    where: columns.map((name, index) => `${quote(name)} = $${index + 1}::text::${table.types.get(name) ?? 'text'}`).join(' and '),
    values: Object.values(slice.values),
  };
}
