/**
 * The ways in which rows get into a table, from the cheapest to the one that always works. Each answers with undefined when it is not for
 * this load; then it has done nothing.
 */
import { instantOf, LOAD_COLUMN, RowsUnaccountedError, type StagedRows } from '@headrace/dataplane';
import type { Column, RowCounts } from '@headrace/sdk';
import type pg from 'pg';
import { type Applied, type Committed, commitLoad, type LoadCommit } from './commit-load.ts';
import { deduplicate, type KeyedRows } from './deduplicate.ts';
import { keepVersions } from './history-rows.ts';
import { hasLaterLoad, knownLoad, lastLoad } from './load-record.ts';
import { mergeRows } from './merge-rows.ts';
import { holdsLoad, removeEarlier, replaceSlice, type Slice } from './replace-rows.ts';
import { copyRows, STAGE, stageRows } from './stage.ts';
import { addKeys, createTable } from './target-table.ts';
import { createTwin, dropTwin, exchange, type Twin } from './twin-table.ts';

export interface LoadRows {
  readonly load: LoadCommit;
  readonly rows: StagedRows;
  /** Columns that are written. */
  readonly written: readonly Column[];
  readonly keyed: KeyedRows | undefined;
}

type Way = (client: pg.Client, given: LoadRows) => Promise<Committed | undefined>;

/** The rows are there: the same content was loaded before, and nobody has written to them since. Neither side is compared. */
export const leaveRows: Way = async (client, { load, rows }) => {
  const { table, request } = load;
  const slice = sliceOf(load);
  // Only of files is the hash one of their content.
  if (slice === undefined || !table.exists || request.schema || rows.relation.files === undefined) return undefined;
  const candidates = [
    await knownLoad(client, table.schema, request.loadId),
    slice.kind === 'all' ? await lastLoad(client, table.schema, table.label) : undefined,
  ];
  const same = candidates.find(
    (known) =>
      known?.contentHash === load.contentHash &&
      known.schemaHash === load.schemaHash &&
      known.disposition === request.disposition &&
      known.rows === rows.counts.out,
  );
  if (same === undefined) return undefined;
  return commitLoad(client, load, {
    fill: async () => rows.counts,
    async apply({ counts, audit }) {
      if (!(await holdsLoad(client, table, slice, same))) return undefined;
      await audit(table.sql);
      return { inserted: 0, updated: 0, deleted: 0, unchanged: counts.out, accounted: counts.out, rowsXid: same.rowsXid };
    },
  });
};

/** Into a new table that takes the target's name: one that is not there yet, or one that is replaced. */
export const exchangeTable: Way = async (client, given) => {
  const { load, rows, keyed } = given;
  const { table, request, work } = load;
  const { disposition } = request;
  if (table.exists) {
    if (disposition !== 'replace') return undefined;
    // Probably the same rows again: comparing them is worth it.
    const known = await knownLoad(client, table.schema, request.loadId);
    if (known?.disposition === disposition && (rows.relation.inside !== undefined || known.rows === rows.counts.out)) return undefined;
  } else if (typeof disposition === 'object' && ('scd2' in disposition || disposition.deletes)) return undefined;
  let twin: Twin | undefined;
  return commitLoad(client, load, {
    async fill() {
      twin = await createTwin(client, table, work.fence.attemptId, request.schema);
      if (twin === undefined) return undefined;
      const constant = disposition === 'append' ? { name: LOAD_COLUMN, value: request.loadId } : undefined;
      const copied = await copyRows(client, rows.relation, twin.sql, table, work, { freeze: true, ...(constant ? { constant } : {}) });
      return countsOf(client, given, twin.sql, copied, keyed);
    },
    async apply({ counts, audit, auditStaged, changeSchema }) {
      if (twin === undefined) return undefined;
      await auditStaged(twin.sql);
      await audit(twin.sql);
      const deleted = await exchange(client, table, twin);
      if (deleted === undefined) {
        await changeSchema();
        const applied = await applyStaged(client, given, twin.sql, counts);
        await dropTwin(client, twin);
        await audit(table.sql);
        return applied;
      }
      if (!table.exists) await addKeys(client, table, disposition);
      return { inserted: counts.out, updated: 0, deleted, unchanged: 0, accounted: counts.out };
    },
  });
};

/** Straight into the table, where nobody sees them before the commit: an append that was never made before. */
export const appendRows: Way = async (client, { load, rows }) => {
  const { table, request, work } = load;
  if (request.disposition !== 'append' || !table.exists || request.schema || request.auditStaged) return undefined;
  if (await knownLoad(client, table.schema, request.loadId)) return undefined;
  return commitLoad(client, load, {
    async fill() {
      const copied = await copyRows(client, rows.relation, table.sql, table, work, {
        constant: { name: LOAD_COLUMN, value: request.loadId },
      });
      return counted(rows, copied, table.label);
    },
    async apply({ counts, known, audit }) {
      // Another attempt has committed while these rows were on their way.
      const deleted = known ? await removeEarlier(client, table, request.loadId) : 0;
      await audit(table.sql);
      return { inserted: counts.out, updated: 0, deleted, unchanged: 0, accounted: counts.out };
    },
  });
};

/** Through a temporary table of the session, and from there by statements about sets. */
export const applyRows = async (client: pg.Client, given: LoadRows): Promise<Committed> => {
  const { load, rows, keyed } = given;
  const { table, request, work } = load;
  const copied = await stageRows(client, rows.relation, table, work);
  const staged = await countsOf(client, given, STAGE, copied, keyed);
  const committed = await commitLoad(client, load, {
    fill: async () => staged,
    async apply({ counts, audit, auditStaged, changeSchema }) {
      await auditStaged(STAGE);
      if (!table.exists && (await createTable(client, table))) await addKeys(client, table, request.disposition);
      await changeSchema();
      const applied = await applyStaged(client, given, STAGE, counts);
      await audit(table.sql);
      return applied;
    },
  });
  if (committed === undefined) throw new TypeError('Rows that are staged can always be applied');
  return committed;
};

async function applyStaged(client: pg.Client, { load, written }: LoadRows, stage: string, counts: RowCounts): Promise<Applied> {
  const { table, request } = load;
  const { disposition } = request;
  const at = instantOf(load.work.context);
  const staged = counts.out;
  if (typeof disposition === 'object' && 'scd2' in disposition) {
    const later = await hasLaterLoad(client, table.schema, table.label, request.loadId, at, load.work);
    const changes = await keepVersions(client, { stage, table, columns: written, disposition, at, staged, later });
    return { ...changes, accounted: staged };
  }
  if (typeof disposition === 'object') {
    const changes = await mergeRows(client, { stage, table, columns: written, disposition, at, staged });
    return { ...changes, accounted: staged };
  }
  const changes = await replaceSlice(client, stage, table, written, sliceOf(load) ?? { kind: 'all' }, staged);
  return { ...changes, accounted: changes.inserted + changes.unchanged };
}

async function countsOf(
  client: pg.Client,
  { load, rows }: LoadRows,
  stage: string,
  copied: number,
  keyed: KeyedRows | undefined,
): Promise<RowCounts> {
  const counts = counted(rows, copied, load.table.label);
  const removed = keyed ? await deduplicate(client, stage, load.table, keyed) : 0;
  return { ...counts, out: counts.out - removed, deduplicated: counts.deduplicated + removed };
}

/** Throws RowsUnaccountedError when other than the expected number of rows arrived. */
function counted({ counts, relation }: StagedRows, copied: number, label: string): RowCounts {
  if (relation.inside !== undefined) return { ...counts, in: copied, out: copied };
  if (copied !== counts.out) throw new RowsUnaccountedError(label, { ...counts, out: copied });
  return counts;
}

function sliceOf({ request: { disposition, loadId, partition } }: LoadCommit): Slice | undefined {
  if (disposition === 'append') return { kind: 'load', loadId };
  if (disposition === 'replace-partition') return { kind: 'partition', values: partition };
  return disposition === 'replace' ? { kind: 'all' } : undefined;
}
