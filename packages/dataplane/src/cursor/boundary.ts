/**
 * The rows around a cursor: which of those that are read again were loaded before.
 *
 * 1. A row is known by its key and its value in the cursor's column, or by all its values; of equal rows the first, second … are
 *    different rows, so that a third one that comes late is not taken for one of two that were loaded.
 * 2. Only rows between `boundaryFrom` and the cursor can have been loaded before: nothing else is compared or remembered.
 */
import type { Column } from '@headrace/sdk';
import { type DuckSession, ident, literal } from '../duckdb.ts';
import { DataError } from '../errors.ts';
import { type CursorColumn, typed } from './cursor-values.ts';

/** More identities than this are not kept with a cursor. */
export const MOST_IDENTITIES = 20_000;

/** Hexadecimal digits of an identity: 80 bits, so that among 20,000 of them no two rows are ever taken for one. */
const DIGITS = 20;

/** Parquet files of one read, and how its rows are known. */
export interface ReadRows {
  readonly file: string;
  readonly columns: readonly Column[];
  readonly cursor: CursorColumn;
  readonly key?: readonly string[] | undefined;
}

/** Makes the table `headrace_known`: numbers of the rows of the file that are among the identities. Answers with how many there are. */
export async function findKnown(duck: DuckSession, rows: ReadRows, identities: readonly string[], upTo: string): Promise<number> {
  await duck.run(`create temp table headrace_identities as select unnest(json_extract_string($list, '$[*]')) as id`, {
    list: JSON.stringify(identities),
  });
  const identified = identify(rows, `${ident(rows.cursor.name)} <= ${typed(upTo, rows.cursor)}`);
  await duck.run(`create temp table headrace_known as select number from (${identified}) where id in (select id from headrace_identities)`);
  return duck.count('select count(*) from headrace_known');
}

/** The rows of the file that `findKnown` did not find. */
export function unknownRows({ file, columns }: Pick<ReadRows, 'file' | 'columns'>): string {
  const names = columns.map(({ name }) => ident(name)).join(', ');
  return `select ${names} from ${numbered(file)} where file_row_number not in (select number from headrace_known)`;
}

/** Identities of the rows from a value on, sorted. Throws DataError when they are too many to be kept. */
export async function boundaryOf(duck: DuckSession, rows: ReadRows, from: string, where: string): Promise<readonly string[]> {
  const wanted = `${ident(rows.cursor.name)} >= ${typed(from, rows.cursor)}`;
  const count = await duck.count(`select count(*) from ${numbered(rows.file)} where ${wanted}`);
  if (count > MOST_IDENTITIES) throw tooMany(count, rows.cursor.name, from, where);
  const found = await duck.rows(`select distinct id from (${identify(rows, wanted)}) order by id`);
  return found.flatMap(({ id }) => (typeof id === 'string' ? [id] : []));
}

export function tooMany(count: number, column: string, from: string, where: string): DataError {
  return new DataError(
    'HR_CURSOR_BOUNDARY',
    `${where}: ${count} rows have "${column}" from ${from} on, and would have to be remembered to be recognised when they are read again; at most ${MOST_IDENTITIES} can be. Load them with disposition { merge: [...] }, which needs none of that, or choose a shorter lag or a column with more different values`,
  );
}

/** `number` and `id` of the rows that the condition chooses. All rows of one identity must be among them or none. */
function identify({ file, columns, cursor, key }: ReadRows, condition: string): string {
  const parts = key ? columns.filter(({ name }) => name === cursor.name || key.includes(name)) : columns;
  const row = `md5(concat(${parts.map(unmistakable).join(', ')}))`;
  const id = key ? '"row"' : `md5(concat("row", '#', row_number() over (partition by "row" order by number)))`;
  return `select number, substr(${id}, 1, ${DIGITS}) as id
            from (select file_row_number as number, ${row} as "row" from ${numbered(file)} where ${condition})`;
}

/** A value as text that no other value, and no two values one after the other, can be. */
function unmistakable({ name, type }: Column): string {
  const text = type === 'bytes' ? `hex(${ident(name)})` : `cast(${ident(name)} as varchar)`;
  return `case when ${ident(name)} is null then 'n' else concat('v', length(${text}), ':', ${text}) end`;
}

function numbered(file: string): string {
  return `read_parquet(${literal(file)}, file_row_number = true)`;
}
