/** Rows on their way into a table: copied as CSV through a pipe to where nobody sees them yet. */
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { DataError, drainPipe, ident, literal, makePipe, type Relation, SqlError, TypeMismatchError, type Work } from '@headrace/dataplane';
import { type Column, elementType } from '@headrace/sdk';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { postgresType } from '../column-types.ts';
import { applySettings, codeOf } from '../connect.ts';
import { listAsLiteral } from '../lists.ts';
import { quote } from '../sql-text.ts';
import type { TargetTable } from './target-table.ts';

/** The name of the session's temporary table. */
export const STAGE = 'pg_temp.headrace_stage';

export interface CopyOptions {
  /** For a table made in the same transaction: rows are visible to everybody from the commit on, to older snapshots too. */
  readonly freeze?: boolean;
  /** A further column that has the same value in every row. */
  readonly constant?: { readonly name: string; readonly value: string };
}

/** Makes the temporary table, where nothing is locked for anybody, and copies the rows there. */
export async function stageRows(client: pg.Client, relation: Relation, table: TargetTable, work: Work): Promise<number> {
  // A column that only says that a row is gone is not the table's.
  const columns = relation.columns.map(({ name, type }) => `${quote(name)} ${table.types.get(name) ?? postgresType(type)}`);
  await client.query(`create temporary table headrace_stage (${columns.join(', ')})`);
  const rows = await copyRows(client, relation, STAGE, table, work);
  await client.query(`analyze ${STAGE}`);
  return rows;
}

/** Copies the rows into `into` and answers with their number. Throws TypeMismatchError with row, column and value. */
export async function copyRows(
  client: pg.Client,
  relation: Relation,
  into: string,
  table: TargetTable,
  work: Work,
  { freeze = false, constant }: CopyOptions = {},
): Promise<number> {
  if (relation.inside !== undefined) return insertInside(client, relation, into, table, constant);
  const pipe = await makePipe(work.scratch, 'stage');
  const values = [...relation.columns.map(textExpression), ...(constant ? [`${literal(constant.value)} as ${ident(constant.name)}`] : [])];
  const names = [...relation.columns.map(({ name }) => name), ...(constant ? [constant.name] : [])];
  // Everything but null is quoted, so that neither an empty text nor a lone \. means something else to COPY.
  const query = work.duck.run(
    `copy (select ${values.join(', ')} from (${relation.select})) to ${literal(pipe)} (format csv, header false, delimiter ',', quote '"', escape '"', nullstr '', force_quote *, use_tmp_file false)`,
  );
  const sink = client.query(
    copyFrom(`copy ${into} (${names.map(quote).join(', ')}) from stdin (format csv, null ''${freeze ? ', freeze' : ''})`),
  );
  let bytes = 0;
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      work.progress({ phase: 'writing', bytes });
      done(null, chunk);
    },
  });
  try {
    await Promise.all([pipeline(drainPipe(pipe, query), counted, sink), query]);
  } catch (error) {
    await query.catch(() => {});
    throw explainCopy(error, table);
  }
  work.progress({ phase: 'writing', rows: sink.rowCount, bytes });
  return sink.rowCount;
}

/** Rows that are on this server already. */
async function insertInside(
  client: pg.Client,
  { inside, columns }: Relation,
  into: string,
  table: TargetTable,
  constant: CopyOptions['constant'],
): Promise<number> {
  const { sql, values } = inside ?? { sql: '', values: new Map() };
  const names = [...columns.map(({ name }) => quote(name)), ...(constant ? [quote(constant.name)] : [])];
  // A load id is hexadecimal.
  const chosen = [...columns.map(({ name }) => quote(name)), ...(constant ? [`'${constant.value}'::text`] : [])];
  try {
    await applySettings(client, values);
    const { rowCount } = await client.query(
      `insert into ${into} (${names.join(', ')}) select ${chosen.join(', ')} from (${sql}\n) headrace_inside`,
    );
    return rowCount ?? 0;
  } catch (error) {
    const code = codeOf(error) ?? '';
    const message = `${table.label}: ${(error as Error).message}`;
    if (code.startsWith('22')) throw new TypeMismatchError(message, { cause: error });
    throw code.startsWith('42') ? new SqlError(message, { cause: error }) : error;
  }
}

/** A value as PostgreSQL reads it. */
function textExpression(column: Column): string {
  const name = ident(column.name);
  if (elementType(column.type)) return `${listAsLiteral(column)} as ${name}`;
  if (column.type === 'bytes') return `'\\x' || lower(hex(${name})) as ${name}`;
  if (column.type === 'date' || column.type === 'timestamp' || column.type === 'timestamptz')
    return `replace(${name}::varchar, ' (BC)', ' BC') as ${name}`;
  return name;
}

function explainCopy(error: unknown, table: TargetTable): unknown {
  if (error instanceof DataError) return error;
  const { where: place, message } = error as { where?: string; message: string };
  const row = /line (\d+)(?:, column ([^:]+)(?:: (.*))?)?/s.exec(place ?? '');
  if (row && codeOf(error)?.startsWith('22')) {
    const type = table.types.get(row[2] ?? '');
    return new TypeMismatchError(
      `${table.label}: row ${row[1]}, column "${row[2] ?? '?'}"${type ? ` (${type})` : ''} cannot take ${(row[3] ?? 'the value').slice(0, 200)}: ${message}`,
      { cause: error },
    );
  }
  return error;
}
