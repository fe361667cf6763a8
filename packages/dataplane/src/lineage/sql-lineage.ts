/** Column lineage of a query, from what DuckDB's parser makes of it. Nothing where that is not certain. */
import type { Column, Lineage } from '@headrace/sdk';
import { type DuckSession, literal } from '../duckdb.ts';
import { columnLineage } from './column-lineage.ts';

/** Undefined: it cannot be told. SQL of another dialect is parsed where it is the same. Never throws. */
export async function sqlLineage(
  sql: string,
  schemas: Readonly<Record<string, readonly Column[] | undefined>>,
  duck: DuckSession,
): Promise<NonNullable<Lineage['columns']> | undefined> {
  try {
    const [row] = await duck.rows(`select json_serialize_sql(${literal(sql.trim().replace(/;+$/, ''))}) as tree`);
    const known = new Map(Object.entries(schemas).map(([name, columns]) => [name.toLowerCase(), columns?.map((column) => column.name)]));
    return columnLineage(JSON.parse(row?.tree ?? 'null'), known);
  } catch {
    return undefined;
  }
}
