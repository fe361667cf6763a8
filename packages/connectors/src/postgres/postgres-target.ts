/**
 * Writes to a table: rows are staged in the session, then one transaction claims the load's record, changes the table and
 * commits both. Until the commit readers see the old rows, after it the new ones.
 */
import {
  ColumnNotFoundError,
  DataError,
  RowsUnaccountedError,
  type TargetConnector,
  type Work,
  type WriteRequest,
} from '@headrace/dataplane';
import type { TableResult } from '@headrace/sdk';
import type pg from 'pg';
import { deduplicate, mergeRows, replaceSlice, type Slice } from './apply-rows.ts';
import { withClient } from './connect.ts';
import { ensureCursorTable, moveCursor, postgresCursors } from './cursor-table.ts';
import { claimLoad, ensureLoadTable, type RowChanges, recordChanges } from './load-record.ts';
import { stageRows } from './stage.ts';
import { createTable, findTable, type TargetTable } from './target-table.ts';

export const postgresTarget: TargetConnector = {
  dispositions: ['append', 'replace', 'replace-partition', 'merge'],
  cursors: postgresCursors,

  write(request, work): Promise<TableResult> {
    return withClient(work.connection(request.target.connection), work.signal, (client) => writeTable(client, request, work));
  },
};

async function writeTable(client: pg.Client, request: WriteRequest, work: Work): Promise<TableResult> {
  const { target, rows, loadId, disposition, partition } = request;
  if (target.kind !== 'table')
    throw new DataError('HR_TARGET_NOT_A_TABLE', `Connection "${target.connection}": rows are written to a table, not to a ${target.kind}`);
  const { columns } = rows.relation;
  const keys = typeof disposition === 'object' && 'merge' in disposition ? disposition.merge : [];
  const needed = disposition === 'replace-partition' ? Object.keys(partition) : keys;
  for (const name of needed) {
    if (!columns.some((column) => column.name === name))
      throw new ColumnNotFoundError(
        'The key of the disposition: the rows',
        name,
        columns.map((column) => column.name),
      );
  }
  const table = await findTable(client, String(target.settings.name), columns, disposition === 'append');
  const staged = await stageRows(client, rows.relation, table, work);
  if (staged !== rows.counts.out) throw new RowsUnaccountedError(table.label, { ...rows.counts, out: staged });
  await client.query('analyze pg_temp.headrace_stage');
  work.log.debug('staged', { table: table.label, rows: staged });
  const deduplicated = keys.length > 0 ? await deduplicate(client, table, columns, keys) : 0;
  const counts = { ...rows.counts, out: staged - deduplicated, deduplicated: rows.counts.deduplicated + deduplicated };
  await ensureLoadTable(client, table.schema);
  if (request.cursor !== undefined) await ensureCursorTable(client, table.schema);

  work.signal.throwIfAborted();
  await client.query('begin');
  let changes: RowChanges;
  try {
    await claimLoad(client, table.schema, {
      loadId,
      dagId: work.context.dagId,
      runId: work.context.runId,
      taskId: work.context.taskId,
      mapIndex: work.context.mapIndex,
      ...work.fence,
      target: table.label,
      disposition: typeof disposition === 'string' ? disposition : 'merge',
      partition,
      intervalStart: work.context.interval.start,
      intervalEnd: work.context.interval.end,
      contentHash: rows.hash,
      counts,
    });
    if (request.cursor !== undefined) await moveCursor(client, table.schema, table.name, request.cursor, loadId);
    if (!table.exists) await createTable(client, table, keys);
    changes =
      keys.length > 0
        ? await mergeRows(client, table, columns, keys, counts.out)
        : await replaceSlice(client, table, columns, sliceOf(request), counts.out);
    if (changes.inserted + changes.updated + changes.unchanged !== counts.out) {
      throw new RowsUnaccountedError(table.label, { ...counts, out: changes.inserted + changes.updated + changes.unchanged });
    }
    await recordChanges(client, table.schema, loadId, changes);
    work.log.debug('applied', { table: table.label, ...changes });
    work.signal.throwIfAborted();
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw explainApply(error, table);
  }
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
    columns,
    checks: rows.checks,
    ...(request.cursor === undefined ? {} : { cursor: request.cursor }),
  };
}

function sliceOf({ disposition, loadId, partition }: WriteRequest): Slice {
  if (disposition === 'append') return { kind: 'load', loadId };
  if (disposition === 'replace-partition') return { kind: 'partition', values: partition };
  return { kind: 'all' };
}

/** A constraint of the user's table that the rows break. */
function explainApply(error: unknown, table: TargetTable): unknown {
  if (error instanceof DataError) return error;
  const { code, detail, message } = error as { code?: string; detail?: string; message?: string };
  if (!code?.startsWith('23')) return error;
  return new DataError('HR_CONSTRAINT_VIOLATED', `${table.label}: ${message ?? ''}${detail ? ` (${detail})` : ''}. Nothing was changed`, {
    cause: error,
  });
}
