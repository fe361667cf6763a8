/** SQL over named rows, in DuckDB. */
import { join } from 'node:path';
import type { Column } from '@headrace/sdk';
import { columnTypeOf, storageExpression } from '../column-types.ts';
import type { Work } from '../connector.ts';
import { firstLines, ident, literal } from '../duckdb.ts';
import { DataError, SqlError } from '../errors.ts';
import { placesOf } from '../lineage/places.ts';
import { sqlLineage } from '../lineage/sql-lineage.ts';
import { connectorOf, openResult } from '../operation.ts';
import { publish } from '../publish.ts';
import { PARQUET, parquetRelation, type Relation, rereadable } from '../relation.ts';
import { agreedColumns } from './agreed-columns.ts';
import type { TransformKind, TransformOperation } from './transform-operation.ts';

/** The query runs once, into a Parquet file that is checked before it is published. */
export const transformByQuery: TransformKind = async ({ operation, inputs, where }, work, connectors) => {
  const schemas: Record<string, readonly Column[]> = {};
  for (const [name, result] of Object.entries(inputs)) schemas[name] = await nameRows(name, await openResult(name, result, work), work);
  for (const [name, source] of Object.entries(operation.sources)) {
    schemas[name] = await nameRows(name, await connectorOf(connectors.sources, source).open(source, work), work);
  }
  const sql = (operation.sql ?? '').trim().replace(/;+$/, '');
  await work.duck.assertSingle(sql, where);
  const rows = await runQuery(sql, operation, where, work);
  const count = await work.duck.count(`select count(*) from (${rows.select})`);
  const result = await publish(operation, rows, { in: count, out: count, deduplicated: 0, quarantined: 0 }, where, work, connectors);
  const columns = await sqlLineage(sql, schemas, work.duck);
  return { ...result, lineage: { ...placesOf(operation, inputs, result), ...(columns === undefined ? {} : { columns }) } };
};

/** Makes rows readable under a name of the user's SQL. */
async function nameRows(name: string, relation: Relation, work: Work): Promise<readonly Column[]> {
  const source = await rereadable(work.duck, relation, join(work.scratch, `read-${encodeURIComponent(name)}.parquet`));
  await work.duck.run(`create view ${ident(name)} as ${source.select}`);
  return relation.columns;
}

async function runQuery(sql: string, operation: TransformOperation, where: string, work: Work): Promise<Relation> {
  const file = join(work.scratch, 'result.parquet');
  try {
    const given = await work.duck.describe(sql, operation.values);
    const own = given.map(({ name, duckType }) => ({ name, type: operation.columns?.[name] ?? columnTypeOf(duckType, name) }));
    const columns = agreedColumns(own, operation.columns, where);
    const select = columns.map((column) => storageExpression(column.name, typeOf(given, column.name), column.type, where));
    await work.duck.run(`copy (select ${select.join(', ')} from (\n${sql}\n)) to ${literal(file)} (${PARQUET})`, operation.values);
    return parquetRelation([file], columns);
  } catch (error) {
    work.signal.throwIfAborted();
    if (error instanceof DataError) throw error;
    throw explainMemory(error, where) ?? new SqlError(`${where}: ${firstLines(error, 6)}`, { cause: error });
  }
}

function typeOf(given: readonly { name: string; duckType: string }[], name: string): string {
  return given.find((column) => column.name === name)?.duckType ?? '';
}

/** What DuckDB says when neither memory nor the room to spill into is enough. */
function explainMemory(error: unknown, where: string): DataError | undefined {
  const message = error instanceof Error ? error.message : String(error);
  if (/max_temp_directory_size|temp_directory_size|No space left|offload/i.test(message) && /Out of Memory|No space left/i.test(message))
    return new DataError(
      'HR_SPILL_FULL',
      `${where}: the query needs more room on the disk of its scratch directory than it may have: ${firstLines(error, 1)}. Read less at once (a partition, fewer columns), or give the worker more room`,
      { cause: error },
    );
  if (!/Out of Memory/i.test(message)) return undefined;
  return new DataError(
    'HR_OUT_OF_MEMORY',
    `${where}: the query needs more memory than it may have, for something that cannot be spilled: ${firstLines(error, 1)}`,
    { cause: error },
  );
}
