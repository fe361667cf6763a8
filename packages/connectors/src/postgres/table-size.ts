/** What the catalog says of how much there is in a table, with its partitions and children. */
import type pg from 'pg';
import type { Select } from './select.ts';
import { quoteName } from './sql-text.ts';

export interface TableSize {
  /** `pg_class.relkind` of the table and of all that its rows lie in. */
  readonly kinds: readonly string[];
  /** Of the largest of them. */
  readonly pages: number;
  /** As the planner estimates it: of the density when the table was last analysed, and its pages now. Absent where it was never analysed. */
  readonly rows?: number;
}

/** Of a table or anything else that has a name, in quotes. */
export async function sizeOfTable(client: pg.Client, name: string): Promise<TableSize> {
  const { rows } = await client.query<{ kinds: string[] | null; pages: string | null; rows: string | null }>(
    `with recursive tree as (
       select to_regclass($1)::oid as oid
       union
       select i.inhrelid from pg_inherits i join tree on i.inhparent = tree.oid
     ), parts as (
       select c.relkind, c.reltuples, c.relpages,
              case when c.relkind in ('r', 'm') then pg_relation_size(c.oid) / current_setting('block_size')::int8 else 0 end as pages
         from tree join pg_class c on c.oid = tree.oid
     )
     select array_agg(distinct relkind::text) as kinds, max(pages) as pages,
            case when bool_and(relkind in ('r', 'm', 'p') and (relkind = 'p' or pages = 0 or (relpages > 0 and reltuples >= 0)))
                 then round(sum(case when relkind <> 'p' and relpages > 0 then reltuples::float8 / relpages * pages else 0 end)) end as rows
       from parts`,
    [name],
  );
  const [size] = rows;
  return {
    kinds: size?.kinds ?? [],
    pages: Number(size?.pages ?? 0),
    ...(size?.rows === null || size?.rows === undefined ? {} : { rows: Number(size.rows) }),
  };
}

/** An estimate of the rows of a whole table. Undefined for a query, for a table with a condition, and where the server has none. */
export async function expectedRows(client: pg.Client, { name, conditional }: Select): Promise<number | undefined> {
  return name === undefined || conditional ? undefined : (await sizeOfTable(client, quoteName(name))).rows;
}
