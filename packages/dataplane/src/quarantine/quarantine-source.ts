/**
 * Reads what a task refused, to load it after a fix. The source remembers the rows that were read, so that each is loaded again once; rows
 * that are still no values of the declared types go into the quarantine of the task that reads them.
 */
import type { Column, Columns } from '@headrace/sdk';
import { parseExpression, validExpression } from '../column-types.ts';
import type { ReadOptions, SourceConnector } from '../connector.ts';
import { ident, literal } from '../duckdb.ts';
import { TypeMismatchError } from '../errors.ts';
import { lakeSource } from '../lake/lake-source.ts';
import type { Relation } from '../relation.ts';
import { quarantineTable } from './keep-aside.ts';

/** What tells refused rows apart, also after the load that refused them was made again. */
const IDENTITY = `left(md5(concat_ws('|', load_id, coalesce("row"::varchar, ''), raw::varchar)), 16)`;

export const quarantineSource: SourceConnector = {
  async open({ connection, settings, columns: declared }, work, options): Promise<Relation> {
    const table = quarantineTable(String(settings.dag), String(settings.task));
    const kept = await lakeSource.open({ connector: 'lake', connection, kind: 'table', settings: { name: table } }, work);
    const columns = Object.entries((declared ?? {}) as Columns).map(([name, type]): Column => ({ name, type }));
    const all = await work.duck.rows(`select ${IDENTITY} as id, json_type(raw) = 'OBJECT' as whole from (${kept.select})`);
    const lines = all.filter(({ whole }) => whole !== 'true').length;
    if (lines > 0)
      work.log.warn(`${lines} refused rows of ${table} are lines of text that have no columns: correct them where they came from`, {
        lines,
      });
    const wanted = `select * from (${kept.select}) where json_type(raw) = 'OBJECT' and ${IDENTITY} not in (${replayed(options)})`;
    const valid = columns.map((column) => `(${cell(column)} is null or ${validExpression(cell(column), column)})`).join(' and ');
    const values = columns.map((column) => `${parseExpression(cell(column), column)} as ${ident(column.name)}`);
    return {
      columns,
      select: `select ${values.join(', ')} from (${wanted}) where ${valid}`,
      refused: `select null::bigint as line, ${wrongColumns(columns)} as "column", 'not a value of the declared type' as reason, raw::varchar as raw from (${wanted}) where not (${valid})`,
      position: async () => all.flatMap(({ id, whole }) => (whole === 'true' && id !== null ? [id] : [])).sort(),
      explain: (error) => (error instanceof Error ? new TypeMismatchError(`${table}: ${error.message}`, { cause: error }) : error),
    };
  },
};

function replayed(options: ReadOptions | undefined): string {
  const ids = Array.isArray(options?.position) ? options.position.map(String) : [];
  return `select unnest(from_json(${literal(JSON.stringify(ids))}, '["VARCHAR"]'))`;
}

/** The text of a column in the raw row, by a JSON pointer. */
function cell({ name }: Column): string {
  return `json_extract_string(raw, ${literal(`/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`)})`;
}

function wrongColumns(columns: readonly Column[]): string {
  const wrong = columns.map(
    (column) => `case when ${cell(column)} is not null and not ${validExpression(cell(column), column)} then ${literal(column.name)} end`,
  );
  return `concat_ws(', ', ${wrong.join(', ')})`;
}
