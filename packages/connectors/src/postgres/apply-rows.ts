/**
 * From the stage into the table, inside one transaction. Only rows that differ are written, so that a re-run writes nothing:
 * no dead rows, no triggers, no changes for whoever follows the table.
 */
import { DataError } from '@headrace/dataplane';
import type { Column } from '@headrace/sdk';
import type pg from 'pg';
import type { RowChanges } from './load-record.ts';
import { quote } from './sql-text.ts';
import { STAGE } from './stage.ts';
import { LOAD_COLUMN, type TargetTable } from './target-table.ts';

/**
 * Removes staged rows that are the same as another one, and answers with their number.
 * Throws DataError for a null in a key, and for two different rows with the same keys.
 */
export async function deduplicate(
  client: pg.Client,
  table: TargetTable,
  columns: readonly Column[],
  keys: readonly string[],
): Promise<number> {
  const names = keys.map(quote).join(', ');
  const { rows: nulls } = await client.query<{ count: string }>(
    `select count(*) as count from ${STAGE} where ${keys.map((key) => `${quote(key)} is null`).join(' or ')}`,
  );
  if (nulls[0]?.count !== '0')
    throw new DataError(
      'HR_KEY_NULL',
      `${table.label}: ${nulls[0]?.count} rows have a null in their merge key (${keys.join(', ')}). Add checks.notNull, or choose other keys`,
    );
  const { rows: doubled } = await client.query(`select 1 from ${STAGE} group by ${names} having count(*) > 1 limit 1`);
  if (doubled.length === 0) return 0;
  const all = columns.map(({ name }) => comparable(name, table)).join(', ');
  const { rowCount } = await client.query(
    `delete from ${STAGE} where ctid in (select ctid from (select ctid, row_number() over (partition by ${all}) as copy from ${STAGE}) copies where copy > 1)`,
  );
  const { rows: conflicts } = await client.query<Record<string, unknown>>(
    `select ${keys.map((key) => `${quote(key)}::text`).join(', ')} from ${STAGE} group by ${names} having count(*) > 1 order by 1 limit 3`,
  );
  if (conflicts.length > 0) {
    const samples = conflicts.map((row) => keys.map((key) => `${key}=${String(row[key])}`).join(' '));
    throw new DataError(
      'HR_DUPLICATE_KEY',
      `${table.label}: several different rows have the same merge key, for example ${samples.join('; ')}. Make the keys unique in the SQL that gives the rows`,
    );
  }
  return rowCount ?? 0;
}

/** Updates rows with the same keys, where they differ, and inserts the others. */
export async function mergeRows(
  client: pg.Client,
  table: TargetTable,
  columns: readonly Column[],
  keys: readonly string[],
  staged: number,
): Promise<RowChanges> {
  await lock(client, table);
  const same = keys.map((key) => `t.${quote(key)} = s.${quote(key)}`).join(' and ');
  const others = columns.filter(({ name }) => !keys.includes(name));
  let updated = 0;
  if (others.length > 0) {
    const sets = others.map(({ name }) => `${quote(name)} = s.${quote(name)}`).join(', ');
    const differs = others
      .map(({ name }) => `${comparable(name, table, 't.')} is distinct from ${comparable(name, table, 's.')}`)
      .join(' or ');
    updated = (await client.query(`update ${table.sql} t set ${sets} from ${STAGE} s where ${same} and (${differs})`)).rowCount ?? 0;
  }
  const names = columns.map(({ name }) => quote(name)).join(', ');
  const inserted =
    (
      await client.query(
        `insert into ${table.sql} (${names}) select ${names} from ${STAGE} s where not exists (select 1 from ${table.sql} t where ${same})`,
      )
    ).rowCount ?? 0;
  return { inserted, updated, deleted: 0, unchanged: staged - inserted - updated };
}

/** What part of the table the rows take the place of. */
export type Slice =
  | { readonly kind: 'all' }
  | { readonly kind: 'load'; readonly loadId: string }
  | { readonly kind: 'partition'; readonly values: Readonly<Record<string, string>> };

/** Puts the staged rows in the place of a slice of the table; when they are the same already, nothing is written. */
export async function replaceSlice(
  client: pg.Client,
  table: TargetTable,
  columns: readonly Column[],
  slice: Slice,
  staged: number,
): Promise<RowChanges> {
  await lock(client, table);
  const { where, values } = condition(slice, table);
  const compared = columns.map(({ name }) => comparable(name, table)).join(', ');
  const { rows } = await client.query<{ held: string; differs: boolean }>(
    `select (select count(*) from ${table.sql} where ${where}) as held,
            exists (select ${compared} from ${STAGE} except all select ${compared} from ${table.sql} where ${where}) as differs`,
    values,
  );
  const held = Number(rows[0]?.held ?? 0);
  if (held === staged && rows[0]?.differs === false) return { inserted: 0, updated: 0, deleted: 0, unchanged: staged };
  const deleted = (await client.query(`delete from ${table.sql} where ${where}`, values)).rowCount ?? 0;
  const names = columns.map(({ name }) => quote(name));
  const inserted =
    slice.kind === 'load'
      ? await client.query(
          `insert into ${table.sql} (${[...names, quote(LOAD_COLUMN)].join(', ')}) select ${names.join(', ')}, $1 from ${STAGE}`,
          [slice.loadId],
        )
      : await client.query(`insert into ${table.sql} (${names.join(', ')}) select ${names.join(', ')} from ${STAGE}`);
  return { inserted: inserted.rowCount ?? 0, updated: 0, deleted, unchanged: 0 };
}

function condition(slice: Slice, table: TargetTable): { readonly where: string; readonly values: string[] } {
  if (slice.kind === 'all') return { where: 'true', values: [] };
  if (slice.kind === 'load') return { where: `${quote(LOAD_COLUMN)} = $1`, values: [slice.loadId] };
  const names = Object.keys(slice.values);
  return {
    where: names.map((name, index) => `${quote(name)} = $${index + 1}::text::${table.types.get(name) ?? 'text'}`).join(' and '),
    values: Object.values(slice.values),
  };
}

/** Readers go on; other writers wait until the commit. */
async function lock(client: pg.Client, table: TargetTable): Promise<void> {
  await client.query(`lock table ${table.sql} in share row exclusive mode`);
}

/** Types that have no equality are compared as text. */
function comparable(name: string, table: TargetTable, prefix = ''): string {
  const type = table.types.get(name) ?? 'text';
  return `${prefix}${quote(name)}${/^(json|xml|point|polygon|box|circle|path|lseg|line)$/.test(type) ? '::text' : ''}`;
}
