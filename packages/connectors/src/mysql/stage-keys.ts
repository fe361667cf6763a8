/** What staged rows must be before they are merged: keys without nulls, and of each key the rows that the disposition takes. */
import { DataError } from '@headrace/dataplane';
import type { MysqlClient } from './connect.ts';
import { rowHash } from './row-hash.ts';
import { quote } from './sql-text.ts';
import { ROW, STAGE } from './stage.ts';
import type { TargetTable } from './target-table.ts';

/** Throws DataError for a null in a key. */
export async function assertKeys(client: MysqlClient, table: TargetTable, keys: readonly string[]): Promise<void> {
  const [[nulls = '0'] = []] = await client.rows(
    `select count(*) from ${STAGE} where ${keys.map((key) => `${quote(key)} is null`).join(' or ')}`,
  );
  if (nulls === '0') return;
  throw new DataError(
    'HR_KEY_NULL',
    `${table.label}: ${nulls} rows have a null in their merge key (${keys.join(', ')}). Add checks.notNull, or choose other keys`,
  );
}

/** Removes staged rows that are the same as another one, and answers with their number. */
export async function removeCopies(
  client: MysqlClient,
  table: TargetTable,
  columns: readonly string[],
  keys: readonly string[],
): Promise<number> {
  if (!(await hasDoubles(client, keys))) return 0;
  const hash = rowHash(columns, table);
  return removeNumbered(client, `row_number() over (partition by ${keys.map(quote).join(', ')}, ${hash} order by ${ROW})`);
}

/** Keeps of each key the rows with the highest value of a column (null is the lowest), and answers with how many were removed. */
export async function keepLatest(client: MysqlClient, keys: readonly string[], latest: string): Promise<number> {
  if (!(await hasDoubles(client, keys))) return 0;
  return removeNumbered(client, `rank() over (partition by ${keys.map(quote).join(', ')} order by ${quote(latest)} desc)`);
}

/** Throws DataError where several rows share a key. */
export async function assertUnique(client: MysqlClient, table: TargetTable, keys: readonly string[]): Promise<void> {
  const names = keys.map(quote).join(', ');
  const conflicts = await client.rows(
    `select ${keys.map((key) => `cast(${quote(key)} as char)`).join(', ')} from ${STAGE} group by ${names} having count(*) > 1 order by ${names} limit 3`,
  );
  if (conflicts.length === 0) return;
  const samples = conflicts.map((row) => keys.map((key, index) => `${key}=${row[index]}`).join(' '));
  throw new DataError(
    'HR_DUPLICATE_KEY',
    `${table.label}: several different rows have the same merge key, for example ${samples.join('; ')}. Make the keys unique in the SQL that gives the rows`,
  );
}

async function hasDoubles(client: MysqlClient, keys: readonly string[]): Promise<boolean> {
  return (await client.rows(`select 1 from ${STAGE} group by ${keys.map(quote).join(', ')} having count(*) > 1 limit 1`)).length > 0;
}

/** Removes the rows whose number is more than one. Each statement names the stage once: MySQL opens a temporary table no second time. */
async function removeNumbered(client: MysqlClient, number: string): Promise<number> {
  await client.run('drop temporary table if exists headrace_doubled');
  await client.run(
    `create temporary table headrace_doubled (${ROW} bigint unsigned not null primary key) engine = InnoDB
       select ${ROW} from (select ${ROW}, ${number} as number from ${STAGE}) numbered where number > 1`,
  );
  const { affectedRows } = await client.run(`delete s from ${STAGE} s join headrace_doubled d on d.${ROW} = s.${ROW}`);
  await client.run('drop temporary table headrace_doubled');
  return affectedRows;
}
