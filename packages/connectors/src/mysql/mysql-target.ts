/**
 * Writes to a table: rows are staged in the session, then one transaction claims the load's record, changes the table, moves the cursor and
 * commits them all. Until the commit readers see the old rows, after it the new ones.
 *
 * T1. A change of a table's definition is a commit of its own in MySQL, so it comes before the transaction: a table that was not there is
 *     empty, and a new column null, until the commit of the first rows. An audit of such a load sees a copy of the table instead.
 * T2. Loads into one table follow one another (`get_lock`); what else writes to it is held off by InnoDB's locks of rows alone.
 */
import {
  ColumnNotFoundError,
  DataError,
  instantOf,
  ownColumns,
  RowsUnaccountedError,
  type TargetConnector,
  type Work,
  type WriteRequest,
} from '@headrace/dataplane';
import { type Column, type Columns, type Disposition, dispositionName, type TableResult } from '@headrace/sdk';
import type { Application } from './application.ts';
import { applyRows, prepareStage } from './apply-rows.ts';
import { auditCopy, auditedTable, copyTable } from './audit.ts';
import { errnoOf, type MysqlClient, messageOf, withClient } from './connect.ts';
import { ensureCursorTable, moveCursor, mysqlCursors } from './cursor-table.ts';
import { describeTable } from './describe.ts';
import { claimLoad, ensureLoadTable, instantText, type RowChanges, recordChanges } from './load-record.ts';
import { quote } from './sql-text.ts';
import { STAGE, stageRows } from './stage.ts';
import { withTableLock } from './table-lock.ts';
import {
  assertColumnsOf,
  changedTable,
  changeTable,
  createTable,
  ensureDatabase,
  findTable,
  plannedTable,
  type TableIndexes,
  type TargetTable,
  withColumns,
} from './target-table.ts';
import { mysqlInside } from './warehouse.ts';

export const mysqlTarget: TargetConnector = {
  dispositions: ['append', 'replace', 'replace-partition', 'merge', 'scd2'],
  cursors: mysqlCursors,
  ...mysqlInside,

  columns(target, work) {
    return withClient(work.connection(target.connection), work.signal, async (client) => {
      const table = await findTable(client, String(target.settings.name));
      if (!table.exists) return undefined;
      const { columns: declared = {} } = target as { readonly columns?: Columns };
      const { present } = await describeTable(client, `${table.database}.${table.name}`);
      return present.map(({ name, type }): Column => ({ name, type: declared[name] ?? type }));
    });
  },

  inspect(target, work, use) {
    return withClient(work.connection(target.connection), work.signal, async (client) =>
      use(await auditedTable(client, (await findTable(client, String(target.settings.name))).sql)),
    );
  },

  write(request, work): Promise<TableResult> {
    return withClient(work.connection(request.target.connection), work.signal, (client) => writeTable(client, request, work));
  },
};

/** Where the rows go, and how the table must be before they can. */
interface Plan {
  readonly found: TargetTable;
  /** As it will be. */
  readonly table: TargetTable;
  /** All columns of a table that is to be made. */
  readonly wanted: readonly Column[];
  /** The columns of the rows that are written. */
  readonly written: readonly Column[];
  /** What is staged: with the column that says that a row is gone. */
  readonly staging: TargetTable;
  readonly keys: readonly string[];
  readonly indexes: TableIndexes;
}

async function writeTable(client: MysqlClient, request: WriteRequest, work: Work): Promise<TableResult> {
  const { target, rows, loadId, disposition } = request;
  const plan = await planOf(client, request);
  const { table } = plan;
  await ensureDatabase(client, table.database);
  // Where temporary tables are made, too.
  await client.run(`use ${quote(table.database)}`);
  const staged = await stageRows(client, rows.relation, plan.staging, plan.keys, work);
  const given = rows.relation.inside === undefined ? rows.counts : { ...rows.counts, in: staged, out: staged };
  if (staged !== given.out) throw new RowsUnaccountedError(table.label, { ...given, out: staged });
  work.log.debug('staged', { table: table.label, rows: staged });
  const deduplicated = await prepareStage(client, plan.staging, disposition, rows.relation.columns);
  const counts = { ...given, out: staged - deduplicated, deduplicated: given.deduplicated + deduplicated };
  if (request.auditStaged) await request.auditStaged(await auditedTable(client, STAGE));
  await ensureLoadTable(client, table.database);
  if (request.cursor !== undefined) await ensureCursorTable(client, table.database);
  work.signal.throwIfAborted();
  const application: Application = {
    client,
    table,
    columns: plan.written.map(({ name }) => name),
    disposition,
    partition: request.partition,
    loadId,
    instant: instantText(instantOf(work.context)),
    staged: counts.out,
    prior: undefined,
  };
  const changes = await withTableLock(client, table, async () => {
    const audited = await define(application, plan, request);
    work.log.debug('defined', { table: table.label });
    return commit(application, { ...request, rows: { ...rows, counts } }, work, audited);
  });
  work.log.info(
    `${table.label}: ${changes.inserted} inserted, ${changes.updated} updated, ${changes.deleted} deleted, ${changes.unchanged} unchanged`,
    { ...changes },
  );
  return {
    kind: 'table',
    connection: target.connection,
    table: table.label,
    loadId,
    rows: counts.out,
    counts,
    ...changes,
    columns: rows.relation.columns,
    checks: rows.checks,
    ...(request.cursor === undefined ? {} : { cursor: request.cursor }),
  };
}

async function planOf(client: MysqlClient, request: WriteRequest): Promise<Plan> {
  const { target, rows, disposition, schema = { add: [], widen: [] } } = request;
  if (target.kind !== 'table')
    throw new DataError('HR_TARGET_NOT_A_TABLE', `Connection "${target.connection}": rows are written to a table, not to a ${target.kind}`);
  const { columns } = rows.relation;
  const keys = keysOf(disposition);
  for (const name of disposition === 'replace-partition' ? Object.keys(request.partition) : namedBy(disposition)) {
    if (!columns.some((column) => column.name === name))
      throw new ColumnNotFoundError(
        'What the disposition names: the rows',
        name,
        columns.map((column) => column.name),
      );
  }
  const marker = typeof disposition === 'object' && 'merge' in disposition ? disposition.deletes?.column : undefined;
  const written = columns.filter(({ name }) => name !== marker);
  const own = ownColumns(disposition);
  const wanted = [...written, ...own];
  const found = await findTable(client, String(target.settings.name));
  const indexes = indexesOf(disposition, keys, own);
  const table = found.exists
    ? changedTable(found, schema, client)
    : plannedTable(found, wanted, [...indexes.primary, ...indexes.search], client);
  assertColumnsOf(table, written, '');
  assertColumnsOf(table, own, `, which "${dispositionName(disposition)}" needs,`);
  const staging = marker === undefined ? table : withColumns(table, [{ name: marker, type: 'boolean' }], client);
  return { found, table, wanted, written, staging, keys, indexes };
}

function keysOf(disposition: Disposition): readonly string[] {
  if (typeof disposition === 'string') return [];
  return 'scd2' in disposition ? disposition.scd2 : disposition.merge;
}

function namedBy(disposition: Disposition): readonly string[] {
  if (typeof disposition === 'string') return [];
  const others = 'scd2' in disposition ? [disposition.validFrom] : [disposition.latest, disposition.deletes?.column];
  return [...keysOf(disposition), ...others.filter((name) => name !== undefined)];
}

/** By what a new table is searched. */
function indexesOf(disposition: Disposition, keys: readonly string[], own: readonly Column[]): TableIndexes {
  if (disposition === 'append') return { primary: [], search: own.map(({ name }) => name) };
  const unique = typeof disposition === 'object' && 'merge' in disposition && disposition.strategy !== 'delete-insert';
  return unique ? { primary: keys, search: [] } : { primary: [], search: keys };
}

/** Makes or changes the table, if it must be. True: the rows were audited on a copy before that. */
async function define(application: Application, { found, wanted, indexes }: Plan, { schema, audit }: WriteRequest): Promise<boolean> {
  const { client, table } = application;
  const change = schema ?? { add: [], widen: [] };
  if (found.exists && change.add.length + change.widen.length === 0) return false;
  const make = (into: TargetTable, temporary: boolean) =>
    found.exists ? changeTable(client, { ...found, sql: into.sql }, change) : createTable(client, into, wanted, { ...indexes, temporary });
  if (audit !== undefined) {
    const copy = async (into: TargetTable): Promise<void> => {
      if (found.exists) await copyTable(client, found, [...found.columns.keys()]);
      await make(into, true);
    };
    await auditCopy(application, copy, audit);
  }
  await make(table, false);
  return audit !== undefined;
}

/** The one transaction. */
async function commit(application: Application, request: WriteRequest, work: Work, audited: boolean): Promise<RowChanges> {
  const { client, table, loadId, disposition } = application;
  const { audit, cursor, rows, partition } = request;
  work.signal.throwIfAborted();
  await client.run('start transaction');
  try {
    const prior = await claimLoad(client, table.database, {
      loadId,
      dagId: work.context.dagId,
      runId: work.context.runId,
      taskId: work.context.taskId,
      mapIndex: work.context.mapIndex,
      ...work.fence,
      target: table.label,
      disposition: dispositionName(disposition),
      partition,
      intervalStart: work.context.interval.start,
      intervalEnd: work.context.interval.end,
      validAt: dispositionName(disposition) === 'scd2' ? application.instant : undefined,
      contentHash: rows.hash,
      counts: rows.counts,
    });
    if (cursor !== undefined) await moveCursor(client, table, cursor, loadId);
    const changes = await applyRows({ ...application, prior });
    await recordChanges(client, table.database, loadId, changes);
    work.log.debug('applied', { table: table.label, ...changes });
    if (audit !== undefined && !audited) await audit(await auditedTable(client, table.sql));
    work.signal.throwIfAborted();
    await client.run('commit');
    return changes;
  } catch (error) {
    await client.run('rollback').catch(() => {});
    throw explainApply(error, table);
  }
}

/** A constraint of the user's table that the rows break: a key, a foreign key, a check, a value that must be. */
function explainApply(error: unknown, table: TargetTable): unknown {
  if (error instanceof DataError) return error;
  const { sqlState } = (error ?? {}) as { readonly sqlState?: string };
  if (!sqlState?.startsWith('23') && errnoOf(error) !== 4025 && errnoOf(error) !== 1364) return error;
  return new DataError('HR_CONSTRAINT_VIOLATED', `${table.label}: ${messageOf(error)}. Nothing was changed`, { cause: error });
}
