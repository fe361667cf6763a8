/** What the rows of a lake table (or of a partition) are after a merge, as a query of DuckDB over those that are there and those that are given. Pure. */
import type { Column, MergeDisposition } from '@headrace/sdk';
import { ident } from '../duckdb.ts';
import { DELETED_AT } from '../own-columns.ts';

export interface RowsAndGiven {
  /** A query for the rows that are there, with all columns that the table will have. */
  readonly old: string;
  /** A query for the rows that are given. */
  readonly given: string;
  /** Of the table, as it will be. */
  readonly columns: readonly Column[];
  /** Of the given rows, without one that only says that a row is gone. */
  readonly written: readonly Column[];
  /** The instant of the load, as a literal. */
  readonly at: string;
}

export function sameKeys(keys: readonly string[], left: string, right: string): string {
  return keys.map((key) => `${left}.${ident(key)} = ${right}.${ident(key)}`).join(' and ');
}

export function mergedRows({ old, given, columns, written, at }: RowsAndGiven, disposition: MergeDisposition): string {
  const { merge: keys, strategy = 'upsert', latest, deletes } = disposition;
  const same = (left: string, right: string): string => sameKeys(keys, left, right);
  const newer =
    latest === undefined
      ? 'false'
      : `o.${ident(latest)} > g.${ident(latest)} or (g.${ident(latest)} is null and o.${ident(latest)} is not null)`;
  const flag = deletes === undefined ? 'false' : `coalesce(g.${ident(deletes.column)}, false)`;
  const ctes = [
    `old as (${old})`,
    `fresh as (select * from (${given}) g where not exists (select 1 from old o where ${same('o', 'g')} and (${newer})))`,
    `put as (select * from fresh g where not ${flag})`,
    `gone as (select distinct ${keys.map((key) => `g.${ident(key)}`).join(', ')} from fresh g where ${flag} and not exists (select 1 from put p where ${same('p', 'g')}))`,
  ];
  const mode = deletes?.mode ?? 'ignore';
  const kept = columns.map(({ name }) =>
    mode === 'soft' && name === DELETED_AT
      ? `case when o.${DELETED_AT} is null and x.${ident(keys[0] ?? '')} is not null then ${at} else o.${DELETED_AT} end as ${DELETED_AT}`
      : `o.${ident(name)}`,
  );
  const leaves = [
    ...(strategy === 'insert-only' ? [] : [`not exists (select 1 from put p where ${same('p', 'o')})`]),
    ...(mode === 'hard' ? [`x.${ident(keys[0] ?? '')} is null`] : []),
    'true',
  ];
  const names = new Set(written.map(({ name }) => name));
  const brought = columns.map(({ name }) => {
    if (names.has(name)) return `p.${ident(name)}`;
    return strategy === 'upsert' && name !== DELETED_AT ? `o.${ident(name)}` : `null as ${ident(name)}`;
  });
  const source =
    strategy === 'upsert'
      ? `put p left join old o on ${same('o', 'p')}`
      : strategy === 'insert-only'
        ? `put p where not exists (select 1 from old o where ${same('o', 'p')})`
        : 'put p';
  return `with ${ctes.join(', ')} select ${kept.join(', ')} from old o left join gone x on ${same('x', 'o')} where ${leaves.join(' and ')}
    union all select ${brought.join(', ')} from ${source}`;
}
