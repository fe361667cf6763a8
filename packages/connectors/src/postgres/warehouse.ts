/** SQL inside the database: its rows go from table to table there, and views of it are made by the same record and fence as loads. */
import {
  agreedColumns,
  DataError,
  type InsideQuery,
  instantOf,
  type Relation,
  SqlError,
  schemaHash,
  type TargetConnector,
  TypeMismatchError,
} from '@headrace/dataplane';
import { type Column, type ColumnType, decimalSize, type TableResult } from '@headrace/sdk';
import type pg from 'pg';
import { postgresType } from './column-types.ts';
import { applySettings, codeOf, withClient } from './connect.ts';
import { describe } from './select.ts';
import { bindValues, quote, quoteName } from './sql-text.ts';
import { commitLoad } from './target/commit-load.ts';
import { beginAttempt, ensureLoadTable } from './target/load-record.ts';
import { resolveName, type TargetTable } from './target/target-table.ts';

export const postgresInside: Required<Pick<TargetConnector, 'inside' | 'view'>> = {
  inside: (query, target, work) =>
    withClient(work.connection(target.connection), work.signal, async (client): Promise<Relation> => {
      const { sql, settings } = boundSql(query);
      await applySettings(client, settings);
      const given = await describeQuery(client, sql, query);
      const columns = agreedColumns(given, query.columns, query.where);
      const chosen = columns.map((column) => exactly(column, given, query.where));
      return {
        columns,
        select: '',
        inside: { sql: `select ${chosen.join(', ')} from (${sql}\n) headrace_query`, values: settings },
      };
    }),

  view: (query, request, work) =>
    withClient(work.connection(request.target.connection), work.signal, async (client): Promise<TableResult> => {
      const { sql } = boundSql(query);
      const given = await describeQuery(client, sql, query);
      const columns = agreedColumns(given, query.columns, query.where);
      const chosen = columns.map((column) => exactly(column, given, query.where));
      const view = await viewNamed(client, String(request.target.settings.name));
      await ensureLoadTable(client, view.schema);
      await beginAttempt(client, view.schema, request.loadId, view.label, work.fence);
      const none = { in: 0, out: 0, deduplicated: 0, quarantined: 0 };
      const load = { table: view, request, contentHash: '', schemaHash: schemaHash(columns), at: instantOf(work.context), work };
      await commitLoad(client, load, {
        fill: async () => none,
        async apply({ audit }) {
          await define(client, view, `select ${chosen.join(', ')} from (${sql}\n) headrace_query`);
          await audit(view.sql);
          return { inserted: 0, updated: 0, deleted: 0, unchanged: 0, accounted: 0 };
        },
      });
      const { connection } = request.target;
      const changes = { inserted: 0, updated: 0, deleted: 0, unchanged: 0 };
      return {
        kind: 'table',
        connection,
        table: view.label,
        loadId: request.loadId,
        rows: 0,
        counts: none,
        ...changes,
        columns,
        checks: [],
      };
    }),
};

/** The query with its names as tables, and its values as settings. */
function boundSql({ sql, values, names, where }: InsideQuery): ReturnType<typeof bindValues> {
  const bound = bindValues(sql.trim().replace(/;+$/, ''), values, where);
  const tables = Object.entries(names).map(([name, table]) => `${quote(name)} as not materialized (select * from ${quoteName(table)})`);
  return tables.length === 0 ? bound : { ...bound, sql: `with ${tables.join(', ')} select * from (${bound.sql}\n) headrace_named` };
}

async function describeQuery(client: pg.Client, sql: string, { where }: InsideQuery): Promise<readonly Column[]> {
  try {
    return await describe(client, sql, undefined, where);
  } catch (error) {
    throw codeOf(error)?.startsWith('3') ? new SqlError(`${where}: ${(error as Error).message}`, { cause: error }) : error;
  }
}

/** An expression for the column as it is declared: a value that the type cannot hold fails, and is not rounded. */
function exactly({ name, type }: Column, given: readonly Column[], where: string): string {
  const from = given.find((column) => column.name === name)?.type ?? type;
  const column = quote(name);
  if (from === type) return column;
  const to = postgresType(type);
  if (isWider(from, type)) return `${column}::${to} as ${column}`;
  if (!isNumber(from) || !isNumber(type)) {
    throw new TypeMismatchError(
      `${where}: the query gives column "${name}" as ${from}, which is not ${type}. Say in the SQL what is meant, for example ${column}::${to}`,
    );
  }
  const complaint = `('column "${name.replaceAll("'", "''")}" would lose digits of ' || ${column}::text)::${to}`;
  return `case when ${column} is null or ${column}::numeric = ${column}::${to}::numeric then ${column}::${to} else ${complaint} end as ${column}`;
}

const RANK: Readonly<Record<string, number>> = { int2: 1, int4: 2, int8: 3, numeric: 4 };

function isNumber(type: ColumnType): boolean {
  return type in RANK || decimalSize(type) !== undefined;
}

function isWider(from: ColumnType, to: ColumnType): boolean {
  if (to === 'text') return true;
  if (from === 'float4' && to === 'float8') return true;
  return to === 'numeric' ? isNumber(from) : (RANK[from] ?? 9) < (RANK[to] ?? 0);
}

async function viewNamed(client: pg.Client, name: string): Promise<TargetTable> {
  const { schema, table } = await resolveName(client, name);
  const label = `${schema}.${table}`;
  const sql = `${quote(schema)}.${quote(table)}`;
  const { rows } = await client.query<{ kind: string }>('select relkind as kind from pg_class where oid = to_regclass($1)', [sql]);
  const [found] = rows;
  if (found !== undefined && found.kind !== 'v')
    throw new DataError('HR_TARGET_NOT_A_VIEW', `${label} is not a view, and is not replaced by one: drop it, or name the view otherwise`);
  return { schema, name: table, sql, label, exists: found !== undefined, types: new Map() };
}

/** In the open transaction. A view that has other columns than before is made anew, with its owner, comment and grants. */
async function define(client: pg.Client, view: TargetTable, select: string): Promise<void> {
  await client.query('savepoint headrace_view');
  try {
    await client.query(`create or replace view ${view.sql} as ${select}`);
  } catch (error) {
    if (codeOf(error) !== '42P16') throw explainView(error, view);
    await client.query('rollback to savepoint headrace_view');
    const traits = await traitsOf(client, view);
    try {
      await client.query(`drop view ${view.sql}`);
      await client.query(`create view ${view.sql} as ${select}`);
    } catch (refused) {
      throw explainView(refused, view);
    }
    for (const trait of traits) await client.query(trait);
  }
}

/** Statements that give a view of the same name the owner, the comment and the grants that this one has. */
async function traitsOf(client: pg.Client, view: TargetTable): Promise<readonly string[]> {
  const { rows } = await client.query<{ traits: readonly string[] }>(
    `select array(
         select format('grant %s on table %s to %s%s', privilege_type, $1::text, case when grantee = 0 then 'public' else quote_ident(pg_get_userbyid(grantee)) end,
                       case when is_grantable then ' with grant option' else '' end) from aclexplode(c.relacl) where grantee <> c.relowner)
       || case when obj_description(c.oid, 'pg_class') is null then '{}' else array[format('comment on view %s is %L', $1::text, obj_description(c.oid, 'pg_class'))] end
       || case when c.reloptions is null then '{}' else array[format('alter view %s set (%s)', $1::text, array_to_string(c.reloptions, ', '))] end
       || case when pg_get_userbyid(c.relowner) = current_user then '{}' else array[format('alter view %s owner to %I', $1::text, pg_get_userbyid(c.relowner))] end as traits
       from pg_class c where c.oid = $1::text::regclass`,
    [view.sql],
  );
  return rows[0]?.traits ?? [];
}

function explainView(error: unknown, view: TargetTable): unknown {
  const { message = '', detail = '' } = error as { message?: string; detail?: string };
  if (codeOf(error) === '2BP01')
    return new DataError(
      'HR_VIEW_IN_USE',
      `${view.label}: its columns change, but others depend on it (${detail}). Nothing was changed: drop those first, or keep its columns`,
      { cause: error },
    );
  return codeOf(error)?.startsWith('42') ? new SqlError(`${view.label}: ${message}`, { cause: error }) : error;
}
