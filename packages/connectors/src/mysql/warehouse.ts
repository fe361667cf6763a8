/**
 * SQL inside the database: its rows go from table to table there.
 *
 * A view is made by a statement that is a commit of its own, as every change of a definition is in MySQL: it is audited under another name,
 * made while no other load of the name runs, and noted afterwards. A retry makes it again.
 */
import {
  agreedColumns,
  type InsideQuery,
  type Relation,
  SqlError,
  type TargetConnector,
  TypeMismatchError,
  type Work,
} from '@headrace/dataplane';
import { type Column, type ColumnType, decimalSize, dispositionName, type TableResult } from '@headrace/sdk';
import { auditedTable } from './audit.ts';
import { errnoOf, type MysqlClient, messageOf, withClient } from './connect.ts';
import { describeQuery } from './describe.ts';
import { claimLoad, ensureLoadTable, type LoadClaim, recordChanges } from './load-record.ts';
import { runAsIs } from './run-as-is.ts';
import { bindValues, quote, quoteName } from './sql-text.ts';
import { withTableLock } from './table-lock.ts';
import { ensureDatabase, resolveName, type TargetTable } from './target-table.ts';

export const mysqlInside: Required<Pick<TargetConnector, 'inside' | 'view'>> = {
  inside: (query, target, work) =>
    withClient(work.connection(target.connection), work.signal, async (client): Promise<Relation> => {
      const { columns, sql } = await selected(client, query);
      return { columns, select: '', inside: { sql, values: new Map() } };
    }),

  view: (query, request, work) =>
    withClient(work.connection(request.target.connection), work.signal, async (client): Promise<TableResult> => {
      const { columns, sql } = await selected(client, query);
      const { database, name } = await resolveName(client, String(request.target.settings.name));
      const label = `${database}.${name}`;
      const view: TargetTable = { database, name, sql: `${quote(database)}.${quote(name)}`, label, exists: false, columns: new Map() };
      await ensureDatabase(client, database);
      await ensureLoadTable(client, database);
      const none = { in: 0, out: 0, deduplicated: 0, quarantined: 0 };
      const changes = { inserted: 0, updated: 0, deleted: 0, unchanged: 0 };
      const claim = claimOf(request, label, none, work);
      await withTableLock(client, view, async () => {
        // Throws for an attempt that was overtaken, before anything is changed.
        await inTransaction(client, 'rollback', () => claimLoad(client, database, claim));
        if (request.audit) await auditAside(client, view, sql, request.audit);
        work.signal.throwIfAborted();
        await runAsIs(client, `create or replace view ${view.sql} as ${sql}`).catch((error: unknown) => {
          throw explain(error, label);
        });
        await inTransaction(client, 'commit', async () => {
          await claimLoad(client, database, claim);
          await recordChanges(client, database, request.loadId, changes);
        });
      });
      const { connection } = request.target;
      return { kind: 'table', connection, table: label, loadId: request.loadId, rows: 0, counts: none, ...changes, columns, checks: [] };
    }),
};

/** The whole query, its columns as they are declared. */
async function selected(client: MysqlClient, query: InsideQuery): Promise<{ readonly columns: readonly Column[]; readonly sql: string }> {
  const { where, names, columns: declared } = query;
  const own = bindValues(query.sql.trim().replace(/;+$/, ''), query.values, where);
  const tables = Object.entries(names).map(([name, table]) => `${quote(name)} as (select * from ${quoteName(table)})`);
  const sql = tables.length === 0 ? own : `with ${tables.join(', ')} select * from (${own}\n) headrace_named`;
  let given: readonly Column[];
  try {
    given = await describeQuery(client, `select * from (${sql}\n) headrace_query`, where);
  } catch (error) {
    throw errnoOf(error) === undefined ? error : new SqlError(`${where}: ${messageOf(error)}`, { cause: error });
  }
  const columns = agreedColumns(given, declared, where);
  const chosen = columns.map((column) => exactly(column, given, where));
  return { columns, sql: `select ${chosen.join(', ')} from (${sql}\n) headrace_query` };
}

const WHOLE: Readonly<Record<string, number>> = { int2: 5, int4: 10, int8: 19 };

/** An expression for the column as it is declared. MySQL fails for a number that is too large, but rounds without a word: that fails here. */
function exactly({ name, type }: Column, given: readonly Column[], where: string): string {
  const from = given.find((column) => column.name === name)?.type ?? type;
  const column = quote(name);
  const size = decimalSize(type);
  if (from === type || (type in WHOLE && from in WHOLE) || isText(from, type)) return column;
  if (type === 'boolean' && from in WHOLE) return column;
  const digits = decimalSize(from);
  if (size && (from in WHOLE || (digits !== undefined && digits.scale <= size.scale))) return column;
  if (size && digits) {
    const cut = `cast(${column} as decimal(65, ${size.scale}))`;
    return `case when ${column} is null or ${column} = ${cut} then ${cut} else cast(concat('would lose digits: ', ${column}) as decimal(65, ${size.scale})) end as ${column}`;
  }
  if (type in WHOLE && digits?.scale === 0) return column;
  throw new TypeMismatchError(
    `${where}: the query gives column "${name}" as ${from}, which is not ${type}. Say in the SQL what is meant, with cast(${column} as …)`,
  );
}

function isText(from: ColumnType, to: ColumnType): boolean {
  return (to === 'text' || to === 'json' || to === 'numeric') && (from === 'text' || from === 'json');
}

function claimOf(
  request: Parameters<typeof mysqlInside.view>[1],
  target: string,
  counts: LoadClaim['counts'],
  { context, fence }: Work,
): LoadClaim {
  return {
    loadId: request.loadId,
    dagId: context.dagId,
    runId: context.runId,
    taskId: context.taskId,
    mapIndex: context.mapIndex,
    ...fence,
    target,
    disposition: dispositionName(request.disposition),
    partition: request.partition,
    intervalStart: context.interval.start,
    intervalEnd: context.interval.end,
    validAt: undefined,
    contentHash: '',
    counts,
  };
}

async function auditAside(
  client: MysqlClient,
  view: TargetTable,
  sql: string,
  audit: (table: Awaited<ReturnType<typeof auditedTable>>) => Promise<void>,
): Promise<void> {
  const aside = `${quote(view.database)}.${quote(`_headrace_${view.name}`.slice(0, 64))}`;
  try {
    await runAsIs(client, `create or replace view ${aside} as ${sql}`).catch((error: unknown) => {
      throw explain(error, view.label);
    });
    await audit(await auditedTable(client, aside));
  } finally {
    await client.run(`drop view if exists ${aside}`).catch(() => {});
  }
}

async function inTransaction(client: MysqlClient, end: 'commit' | 'rollback', use: () => Promise<unknown>): Promise<void> {
  await client.run('start transaction');
  try {
    await use();
    await client.run(end);
  } catch (error) {
    await client.run('rollback').catch(() => {});
    throw error;
  }
}

function explain(error: unknown, label: string): unknown {
  return errnoOf(error) === undefined ? error : new SqlError(`${label}: ${messageOf(error)}`, { cause: error });
}
