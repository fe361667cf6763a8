/**
 * From the stage into the table, in the place of a part of it, inside one transaction. Rows that are the same already are not written: a
 * re-run leaves nothing in the binary log.
 */
import { LOAD_COLUMN } from '@headrace/dataplane';
import type { MysqlClient } from './connect.ts';
import type { RowChanges } from './load-record.ts';
import { hashSums, rowHash } from './row-hash.ts';
import { quote, textLiteral } from './sql-text.ts';
import { STAGE } from './stage.ts';
import type { TargetTable } from './target-table.ts';

/** What part of the table the rows take the place of. */
export type Slice =
  | { readonly kind: 'all' }
  | { readonly kind: 'load'; readonly loadId: string }
  | { readonly kind: 'partition'; readonly values: Readonly<Record<string, string>> };

/** Puts the staged rows in the place of a slice of the table; when they are the same already, nothing is written. */
export async function replaceSlice(
  client: MysqlClient,
  table: TargetTable,
  columns: readonly string[],
  slice: Slice,
  staged: number,
): Promise<RowChanges> {
  const where = condition(slice, table);
  const [[held = '0'] = []] = await client.rows(`select count(*) from ${table.sql} where ${where}`);
  if (Number(held) === staged && (await isSame(client, table, columns, where)))
    return { inserted: 0, updated: 0, deleted: 0, unchanged: staged };
  const { affectedRows: deleted } = held === '0' ? { affectedRows: 0 } : await client.run(`delete from ${table.sql} where ${where}`);
  const names = columns.map(quote).join(', ');
  const mark =
    slice.kind === 'load' ? { column: `, ${quote(LOAD_COLUMN)}`, value: `, ${textLiteral(slice.loadId)}` } : { column: '', value: '' };
  const { affectedRows: inserted } = await client.run(
    `insert into ${table.sql} (${names}${mark.column}) select ${names}${mark.value} from ${STAGE}`,
  );
  return { inserted, updated: 0, deleted, unchanged: 0 };
}

async function isSame(client: MysqlClient, table: TargetTable, columns: readonly string[], where: string): Promise<boolean> {
  const sums = (from: string): string => `select ${hashSums('hash')} from (select ${rowHash(columns, table)} as hash from ${from}) hashed`;
  const [[mine], [theirs]] = [await client.rows(sums(STAGE)), await client.rows(sums(`${table.sql} where ${where}`))];
  return JSON.stringify(mine) === JSON.stringify(theirs);
}

function condition(slice: Slice, table: TargetTable): string {
  if (slice.kind === 'all') return 'true';
  if (slice.kind === 'load') return `${quote(LOAD_COLUMN)} = ${textLiteral(slice.loadId)}`;
  return Object.entries(slice.values)
    .map(([name, value]) => {
      const equal = `${quote(name)} = ${textLiteral(value)}`;
      const isText = /char|text|enum|set/.test(table.columns.get(name)?.kind ?? '');
      // The first part is for an index, the second for what a collation takes for the same.
      return isText ? `${equal} and cast(convert(${quote(name)} using utf8mb4) as binary) = cast(${textLiteral(value)} as binary)` : equal;
    })
    .join(' and ');
}
