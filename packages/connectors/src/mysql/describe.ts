/** What a server says of tables and queries, without reading a row. */
import { SqlError } from '@headrace/dataplane';
import type { Column } from '@headrace/sdk';
import { columnTypeOfField, commentedType, type FieldFacts } from './column-types.ts';
import type { MysqlClient } from './connect.ts';
import { quoteName } from './sql-text.ts';
import { resolveName } from './target-table.ts';

export interface PresentColumn extends Column {
  readonly field: FieldFacts;
}

/** The columns of a query: it is prepared and not run. */
export async function describeQuery(client: MysqlClient, sql: string, where: string): Promise<readonly PresentColumn[]> {
  const fields = await new Promise<readonly FieldFacts[]>((resolve, reject) => {
    client.raw.prepare(sql, (error, statement) => {
      if (error) return reject(error);
      const { columns } = statement as unknown as { readonly columns: readonly FieldFacts[] };
      statement.close();
      return resolve(columns);
    });
  });
  if (fields.length === 0) throw new SqlError(`${where} gives no rows: it must be one select`);
  return fields.map((field) => ({ name: field.name, type: columnTypeOfField(field), field }));
}

/** The columns of a table or view, with what comments of ours say of them, and how many rows the server believes it has. */
export async function describeTable(
  client: MysqlClient,
  name: string,
): Promise<{ readonly present: readonly PresentColumn[]; readonly expected?: number }> {
  const columns = await describeQuery(client, `select * from ${quoteName(name)}`, `Table "${name}"`);
  const named = await resolveName(client, name);
  const place = [named.database, named.name];
  const comments = await client.rows(
    'select column_name, column_comment from information_schema.columns where table_schema = ? and table_name = ?',
    place,
  );
  const [[rows = null] = []] = await client.rows(
    `select table_rows from information_schema.tables where table_schema = ? and table_name = ? and table_type = 'BASE TABLE'`,
    place,
  );
  const said = new Map(comments.map(([column, comment]) => [column, commentedType(comment ?? '')]));
  const present = columns.map((column) => ({ ...column, type: said.get(column.name) ?? column.type }));
  return { present, ...(rows === null ? {} : { expected: Number(rows) }) };
}

/** Tables and views that a user might have meant, as they would be written. */
export async function tablesOf(client: MysqlClient): Promise<readonly string[]> {
  const rows = await client.rows(
    `select case when table_schema = database() then table_name else concat(table_schema, '.', table_name) end from information_schema.tables
      where table_schema not in ('mysql', 'information_schema', 'performance_schema', 'sys') limit 5000`,
  );
  return rows.map(([name]) => name ?? '');
}
