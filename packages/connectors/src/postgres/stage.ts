/** Rows on their way into a table: copied into a temporary table of the session first, where nothing is locked for anybody. */
import { pipeline } from 'node:stream/promises';
import { DataError, drainPipe, ident, literal, makePipe, type Relation, TypeMismatchError, type Work } from '@headrace/dataplane';
import type { Column } from '@headrace/sdk';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { codeOf } from './connect.ts';
import { quote } from './sql-text.ts';
import type { TargetTable } from './target-table.ts';

/** The name of the temporary table. */
export const STAGE = 'pg_temp.headrace_stage';

/** Copies the rows, as CSV through a pipe, and answers with their number. Throws TypeMismatchError with row, column and value. */
export async function stageRows(client: pg.Client, relation: Relation, table: TargetTable, work: Work): Promise<number> {
  const columns = relation.columns.map(({ name }) => `${quote(name)} ${table.types.get(name) ?? 'text'}`);
  await client.query(`create temporary table headrace_stage (${columns.join(', ')})`);
  const pipe = await makePipe(work.scratch, 'stage');
  const select = relation.columns.map(textExpression).join(', ');
  // Everything but null is quoted, so that neither an empty text nor a lone \. means something else to COPY.
  const query = work.duck.run(
    `copy (select ${select} from (${relation.select})) to ${literal(pipe)} (format csv, header false, delimiter ',', quote '"', escape '"', nullstr '', force_quote *, use_tmp_file false)`,
  );
  const sink = client.query(
    copyFrom(`copy ${STAGE} (${relation.columns.map(({ name }) => quote(name)).join(', ')}) from stdin (format csv, null '')`),
  );
  try {
    await Promise.all([pipeline(drainPipe(pipe, query), sink), query]);
  } catch (error) {
    await query.catch(() => {});
    throw explainCopy(error, table);
  }
  return sink.rowCount;
}

/** A value as PostgreSQL reads it. */
function textExpression(column: Column): string {
  const name = ident(column.name);
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
