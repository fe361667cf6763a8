/** Makes keys unique where the disposition needs them so, before anything is changed. */
import { DataError, type RowKeys } from '@headrace/dataplane';
import type { Column } from '@headrace/sdk';
import type pg from 'pg';
import { quote } from '../sql-text.ts';
import { comparables } from './compare.ts';
import type { TargetTable } from './target-table.ts';

export interface KeyedRows extends RowKeys {
  /** All columns of the staged rows. */
  readonly columns: readonly Column[];
}

/**
 * Removes staged rows that others stand for, and answers with their number.
 * Throws DataError for a null in a key, and for two different rows with the same keys.
 */
export async function deduplicate(client: pg.Client, stage: string, table: TargetTable, given: KeyedRows): Promise<number> {
  const { keys, columns, latest, several } = given;
  const list = keys.map(quote).join(', ');
  const { rows: nulls } = await client.query<{ count: string }>(
    `select count(*) as count from ${stage} where ${keys.map((key) => `${quote(key)} is null`).join(' or ')}`,
  );
  if (nulls[0]?.count !== '0')
    throw new DataError(
      'HR_KEY_NULL',
      `${table.label}: ${nulls[0]?.count} rows have a null in their key (${keys.join(', ')}). Add checks.notNull, or choose other keys`,
    );
  if (several) return 0;
  const { rows: doubled } = await client.query(`select 1 from ${stage} group by ${list} having count(*) > 1 limit 1`);
  if (doubled.length === 0) return 0;
  let removed = 0;
  if (latest !== undefined)
    removed += await removeAll(client, stage, `rank() over (partition by ${list} order by ${quote(latest)} desc nulls last)`);
  removed += await removeAll(client, stage, `row_number() over (partition by ${comparables(columns, table)})`);
  const { rows: conflicts } = await client.query<Record<string, unknown>>(
    `select ${keys.map((key) => `${quote(key)}::text`).join(', ')} from ${stage} group by ${list} having count(*) > 1 order by 1 limit 3`,
  );
  if (conflicts.length > 0) {
    const samples = conflicts.map((row) => keys.map((key) => `${key}=${String(row[key])}`).join(' '));
    throw new DataError(
      'HR_DUPLICATE_KEY',
      `${table.label}: several different rows have the same key, for example ${samples.join('; ')}. Make the keys unique in the SQL that gives the rows, or say with "latest" which of them is right`,
    );
  }
  return removed;
}

/** Removes the rows whose number is above 1. */
async function removeAll(client: pg.Client, stage: string, number: string): Promise<number> {
  const { rowCount } = await client.query(
    `delete from ${stage} where ctid in (select ctid from (select ctid, ${number} as n from ${stage}) numbered where n > 1)`,
  );
  return rowCount ?? 0;
}
