/** Staged rows into a table by their keys, inside one transaction, by statements about sets. Only rows that differ are written. */
import { DELETED_AT } from '@headrace/dataplane';
import type { Column, MergeDisposition } from '@headrace/sdk';
import type pg from 'pg';
import { quote } from '../sql-text.ts';
import { comparable, comparables, differs, names, sameKeys } from './compare.ts';
import type { RowChanges } from './load-record.ts';
import { lockTable } from './replace-rows.ts';
import type { TargetTable } from './target-table.ts';

export interface Merge {
  readonly stage: string;
  readonly table: TargetTable;
  /** That are written: without the column that says that a row is gone. */
  readonly columns: readonly Column[];
  readonly disposition: MergeDisposition;
  /** When rows that are deleted softly were. */
  readonly at: Date;
  readonly staged: number;
}

export async function mergeRows(client: pg.Client, merge: Merge): Promise<RowChanges> {
  const { disposition, staged, table, stage } = merge;
  const { strategy = 'upsert', deletes, latest, merge: keys } = disposition;
  await lockTable(client, table);
  if (latest !== undefined) {
    await run(
      client,
      `delete from ${stage} s using ${table.sql} t where ${sameKeys(keys)}
          and (t.${quote(latest)} > s.${quote(latest)} or (s.${quote(latest)} is null and t.${quote(latest)} is not null))`,
    );
  }
  const there = deletes ? `s.${quote(deletes.column)} is not true` : 'true';
  const deleted = await deleteRows(client, merge, there);
  const written =
    strategy === 'delete-insert'
      ? await replaceGroups(client, merge, there)
      : { inserted: 0, updated: strategy === 'upsert' ? await updateRows(client, merge, there) : 0, deleted: 0 };
  const inserted = strategy === 'delete-insert' ? written.inserted : await insertRows(client, merge, there);
  const changed = inserted + written.updated + deleted;
  return { inserted, updated: written.updated, deleted: deleted + written.deleted, unchanged: Math.max(0, staged - changed) };
}

/** Applies the rows that say that a row is gone. Keys that the load has rows for as well are not gone. */
async function deleteRows(client: pg.Client, { stage, table, disposition, at }: Merge, there: string): Promise<number> {
  const { deletes, merge: keys } = disposition;
  if (deletes === undefined || deletes.mode === 'ignore') return 0;
  const gone = `exists (select from ${stage} s where ${sameKeys(keys)} and not (${there}))
    and not exists (select from ${stage} s where ${sameKeys(keys)} and ${there})`;
  return deletes.mode === 'hard'
    ? run(client, `delete from ${table.sql} t where ${gone}`)
    : run(client, `update ${table.sql} t set ${DELETED_AT} = $1 where ${DELETED_AT} is null and ${gone}`, [at]);
}

async function updateRows(client: pg.Client, { stage, table, columns, disposition }: Merge, there: string): Promise<number> {
  const others = columns.filter(({ name }) => !disposition.merge.includes(name));
  const soft = disposition.deletes?.mode === 'soft';
  const sets = [...others.map(({ name }) => `${quote(name)} = s.${quote(name)}`), ...(soft ? [`${DELETED_AT} = null`] : [])];
  if (sets.length === 0) return 0;
  const changed = soft ? `(${differs(others, table)} or t.${DELETED_AT} is not null)` : differs(others, table);
  return run(
    client,
    `update ${table.sql} t set ${sets.join(', ')} from ${stage} s where ${sameKeys(disposition.merge)} and ${there} and ${changed}`,
  );
}

async function insertRows(client: pg.Client, { stage, table, columns, disposition }: Merge, there: string): Promise<number> {
  return run(
    client,
    `insert into ${table.sql} (${names(columns)}) select ${names(columns, 's.')} from ${stage} s
      where ${there} and not exists (select from ${table.sql} t where ${sameKeys(disposition.merge)})`,
  );
}

/** Replaces the rows of each key whose rows are not exactly those of the load. */
async function replaceGroups(
  client: pg.Client,
  { stage, table, columns, disposition }: Merge,
  there: string,
): Promise<{ readonly inserted: number; readonly updated: 0; readonly deleted: number }> {
  const { merge: keys, deletes } = disposition;
  const soft = deletes?.mode === 'soft';
  const given = `select ${comparables(columns, table, 's.')}${soft ? ', null::timestamptz' : ''} from ${stage} s where ${there}`;
  const held = `select ${comparables(columns, table, 't.')}${soft ? `, t.${DELETED_AT}` : ''} from ${table.sql} t
    where exists (select from ${stage} s where ${sameKeys(keys)} and ${there})`;
  const aliases = [...columns.map(({ name }) => quote(name)), ...(soft ? [DELETED_AT] : [])].join(', ');
  await client.query(
    `create temporary table headrace_keys on commit drop as
       select distinct ${keys.map((key) => `${comparable(key, table)}`).join(', ')}
         from ((${given} except all ${held}) union all (${held} except all ${given})) differing(${aliases})`,
  );
  const deleted = await run(client, `delete from ${table.sql} t using headrace_keys s where ${sameKeys(keys)}`);
  const inserted = await run(
    client,
    `insert into ${table.sql} (${names(columns)}) select ${names(columns, 's.')} from ${stage} s
      where ${there} and exists (select from headrace_keys t where ${sameKeys(keys)})`,
  );
  return { inserted, updated: 0, deleted };
}

async function run(client: pg.Client, sql: string, values: readonly unknown[] = []): Promise<number> {
  return (await client.query(sql, [...values])).rowCount ?? 0;
}
