import { join } from 'node:path';
import type { Column, Columns, DatasetResult, Source } from '@headrace/sdk';
import { columnTypeOf, storageExpression } from './column-types.ts';
import type { Work } from './connector.ts';
import { firstLines, ident, literal, type SqlValue } from './duckdb.ts';
import { ColumnNotFoundError, DataError, SqlError } from './errors.ts';
import { connectorOf, type Execute, openResult, type PublishOperation } from './operation.ts';
import { publish } from './publish.ts';
import { parquetRelation, type Relation, rereadable } from './relation.ts';

interface TransformOperation extends PublishOperation {
  readonly sources: Readonly<Record<string, Source>>;
  readonly sql: string;
  readonly values: Readonly<Record<string, SqlValue>>;
  readonly columns?: Columns;
}

/** SQL over named rows → a lake table. The query runs once, into a Parquet file that is checked before it is published. */
export const executeTransform: Execute = async (request, work, connectors): Promise<DatasetResult> => {
  const operation = request.operation as unknown as TransformOperation;
  const where = `transform "${request.context.taskId}"`;
  for (const [name, result] of Object.entries(request.inputs)) await nameRows(name, await openResult(name, result, work), work);
  for (const [name, source] of Object.entries(operation.sources)) {
    await nameRows(name, await connectorOf(connectors.sources, source).open(source, work), work);
  }
  const sql = operation.sql.trim().replace(/;+$/, '');
  await work.duck.assertSingle(sql, where);
  const rows = await runQuery(sql, operation, where, work);
  const count = await work.duck.count(`select count(*) from (${rows.select})`);
  const result = await publish(operation, rows, { in: count, out: count, deduplicated: 0, quarantined: 0 }, where, work, connectors);
  work.log.info(`transformed into ${result.rows} rows`, { rows: result.rows, kind: result.kind });
  return result;
};

/** Makes rows readable under a name of the user's SQL. */
async function nameRows(name: string, relation: Relation, work: Work): Promise<void> {
  const source = await rereadable(work.duck, relation, join(work.scratch, `read-${encodeURIComponent(name)}.parquet`));
  await work.duck.run(`create view ${ident(name)} as ${source.select}`);
}

async function runQuery(sql: string, operation: TransformOperation, where: string, work: Work): Promise<Relation> {
  const file = join(work.scratch, 'result.parquet');
  try {
    const given = await work.duck.describe(sql, operation.values);
    const columns = agreedColumns(given, operation.columns, where);
    const select = columns.map((column) => storageExpression(column.name, typeOf(given, column.name), column.type, where));
    await work.duck.run(
      `copy (select ${select.join(', ')} from (\n${sql}\n)) to ${literal(file)} (format parquet, compression zstd)`,
      operation.values,
    );
    return parquetRelation([file], columns);
  } catch (error) {
    work.signal.throwIfAborted();
    if (error instanceof DataError) throw error;
    throw new SqlError(`${where}: ${firstLines(error, 6)}`, { cause: error });
  }
}

function typeOf(given: readonly { name: string; duckType: string }[], name: string): string {
  return given.find((column) => column.name === name)?.duckType ?? '';
}

/** The declared columns, all of which the query must give and no others; without a declaration, the query's own. */
function agreedColumns(
  given: readonly { name: string; duckType: string }[],
  declared: Columns | undefined,
  where: string,
): readonly Column[] {
  const names = given.map(({ name }) => name);
  const doubled = names.find((name, index) => names.indexOf(name) !== index);
  if (doubled !== undefined) throw new SqlError(`${where}: the query gives two columns "${doubled}". Name one of them otherwise with "as"`);
  if (!declared) return given.map(({ name, duckType }) => ({ name, type: columnTypeOf(duckType, name) }));
  for (const name of Object.keys(declared)) {
    if (!names.includes(name)) throw new ColumnNotFoundError(`${where}: the query`, name, names);
  }
  const extra = names.find((name) => !(name in declared));
  if (extra !== undefined)
    throw new SqlError(
      `${where}: the query gives a column "${extra}" that is not declared in "columns". Declare it or leave it out of the SQL`,
    );
  return Object.entries(declared).map(([name, type]) => ({ name, type }));
}
