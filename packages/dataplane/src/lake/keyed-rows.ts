/** Rows that are to be merged into a lake table by their keys: written down once, with keys that are there and, where they must be, unique. */

import { join } from 'node:path';
import type { Disposition, RowCounts } from '@headrace/sdk';
import type { Work } from '../connector.ts';
import { ident } from '../duckdb.ts';
import { DataError } from '../errors.ts';
import { assertNamedColumns, rowKeys } from '../named-columns.ts';
import { parquetRelation, type Relation, writeParquet } from '../relation.ts';

export interface KeyedRows {
  readonly relation: Relation;
  readonly counts: RowCounts;
}

/** Throws DataError for a null in a key, for different rows with the same key, and for columns that are not there or of the wrong type. */
export async function keyedRows(
  relation: Relation,
  counts: RowCounts,
  disposition: Exclude<Disposition, string>,
  where: string,
  work: Work,
): Promise<KeyedRows> {
  assertNamedColumns(relation.columns, disposition);
  const { keys, latest, several } = rowKeys(disposition);
  const file = join(work.scratch, 'given.parquet');
  await writeParquet(work.duck, relation, file);
  const given = parquetRelation([file], relation.columns);
  const list = keys.map(ident).join(', ');

  const nulls = await work.duck.count(
    `select count(*) from (${given.select}) where ${keys.map((key) => `${ident(key)} is null`).join(' or ')}`,
  );
  if (nulls > 0)
    throw new DataError(
      'HR_KEY_NULL',
      `${where}: ${nulls} rows have a null in their key (${keys.join(', ')}). Add checks.notNull, or choose other keys`,
    );
  const doubled = `select 1 from (${given.select}) group by ${list} having count(*) > 1`;
  if (several || (await work.duck.rows(`${doubled} limit 1`)).length === 0) return { relation: given, counts };

  const top = latest === undefined ? '' : ` qualify rank() over (partition by ${list} order by ${ident(latest)} desc nulls last) = 1`;
  const unique = join(work.scratch, 'given-once.parquet');
  const select = `select distinct * from (select * from (${given.select})${top})`;
  const { rows } = await writeParquet(work.duck, { select, columns: relation.columns }, unique);
  const once = parquetRelation([unique], relation.columns);
  const conflicts = await work.duck.rows(
    `select ${keys.map((key) => `cast(${ident(key)} as varchar) as ${ident(key)}`).join(', ')} from (${once.select}) group by all having count(*) > 1 order by 1 limit 3`,
  );
  if (conflicts.length > 0) {
    const samples = conflicts.map((row) => keys.map((key) => `${key}=${row[key] ?? 'null'}`).join(' '));
    throw new DataError(
      'HR_DUPLICATE_KEY',
      `${where}: several different rows have the same key, for example ${samples.join('; ')}. Make the keys unique in the SQL that gives the rows, or say with "latest" which of them is right`,
    );
  }
  const removed = counts.out - rows;
  return { relation: once, counts: { ...counts, out: rows, deduplicated: counts.deduplicated + removed } };
}
