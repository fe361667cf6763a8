/**
 * Writes to a table: rows are brought to where nobody sees them, then one transaction claims the load's record, changes the table and
 * commits both. Until the commit readers see the old rows, after it the new ones. In which way is chosen in `target/load-ways.ts`.
 */
import {
  assertNamedColumns,
  ColumnNotFoundError,
  DataError,
  instantOf,
  ownColumns,
  rowKeys,
  schemaHash,
  type TargetConnector,
  type Work,
  type WriteRequest,
} from '@headrace/dataplane';
import type { Column, TableResult } from '@headrace/sdk';
import type pg from 'pg';
import { withClient } from './connect.ts';
import { ensureCursorTable, postgresCursors } from './cursor-table.ts';
import { copyDirectly } from './target/direct-copy.ts';
import { beginAttempt, ensureLoadTable } from './target/load-record.ts';
import { appendRows, applyRows, exchangeTable, leaveRows } from './target/load-ways.ts';
import { postgresFacts } from './target/table-facts.ts';
import { findTable } from './target/target-table.ts';
import { postgresInside } from './warehouse.ts';

export const postgresTarget: TargetConnector = {
  dispositions: ['append', 'replace', 'replace-partition', 'merge', 'scd2'],
  ...postgresFacts,
  cursors: postgresCursors,
  direct: copyDirectly,
  ...postgresInside,

  write(request, work): Promise<TableResult> {
    return withClient(work.connection(request.target.connection), work.signal, (client) => writeTable(client, request, work));
  },
};

async function writeTable(client: pg.Client, request: WriteRequest, work: Work): Promise<TableResult> {
  const { target, rows, loadId, disposition, partition, schema } = request;
  if (target.kind !== 'table')
    throw new DataError('HR_TARGET_NOT_A_TABLE', `Connection "${target.connection}": rows are written to a table, not to a ${target.kind}`);
  const { columns } = rows.relation;
  if (typeof disposition === 'object') assertNamedColumns(columns, disposition);
  else if (disposition === 'replace-partition') assertPartition(columns, partition);
  const gone = typeof disposition === 'object' && 'merge' in disposition ? disposition.deletes?.column : undefined;
  const written = columns.filter(({ name }) => name !== gone);
  const table = await findTable(client, String(target.settings.name), { written, own: ownColumns(disposition), change: schema });
  await ensureLoadTable(client, table.schema);
  if (request.cursor) await ensureCursorTable(client, table.schema);
  await beginAttempt(client, table.schema, loadId, table.label, work.fence);

  const load = { table, request, contentHash: rows.hash, schemaHash: schemaHash(columns), at: instantOf(work.context), work };
  const given = { load, rows, written, keyed: typeof disposition === 'string' ? undefined : { columns, ...rowKeys(disposition) } };
  const { counts, changes } =
    (await leaveRows(client, given)) ??
    (await exchangeTable(client, given)) ??
    (await appendRows(client, given)) ??
    (await applyRows(client, given));
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
    columns: written,
    checks: rows.checks,
    ...(request.cursor === undefined ? {} : { cursor: request.cursor }),
  };
}

function assertPartition(columns: readonly Column[], partition: Readonly<Record<string, string>>): void {
  const names = columns.map(({ name }) => name);
  for (const name of Object.keys(partition))
    if (!names.includes(name)) throw new ColumnNotFoundError('The disposition: the rows', name, names);
}
