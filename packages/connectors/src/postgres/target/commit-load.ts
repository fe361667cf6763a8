/**
 * The one transaction of a load: its record is claimed, the table and its schema are changed, the cursor moves, what was done is noted,
 * and all of it is committed. See `load-record.ts` for what makes it happen once.
 */
import { DataError, RowsUnaccountedError, type Work, type WriteRequest } from '@headrace/dataplane';
import { dispositionName, type RowCounts } from '@headrace/sdk';
import type pg from 'pg';
import { moveCursor } from '../cursor-table.ts';
import { auditedTable } from './audited-table.ts';
import { claimLoad, type LoadRecord, type RowChanges, recordChanges } from './load-record.ts';
import { changeTable, type TargetTable } from './target-table.ts';

export interface LoadCommit {
  readonly table: TargetTable;
  readonly request: Omit<WriteRequest, 'rows'>;
  /** SHA-256 over columns and content; empty where the rows never passed through here. */
  readonly contentHash: string;
  readonly schemaHash: string;
  /** The instant that the load speaks of. */
  readonly at: Date;
  readonly work: Work;
}

export interface CommitSteps {
  /**
   * Brings rows to where nobody sees them, before the load is claimed, and answers with their counts: its record is locked only from then on.
   * Undefined: not like this; then everything is rolled back.
   */
  readonly fill: () => Promise<RowCounts | undefined>;
  /** Makes them the table's. Undefined as for `fill`. */
  readonly apply: (applying: Applying) => Promise<Applied | undefined>;
}

export interface Applying {
  readonly counts: RowCounts;
  /** What this load left when it committed before. */
  readonly known: LoadRecord | undefined;
  /** Runs the request's audit on a table of this transaction, and throws what it throws. */
  readonly audit: (sql: string) => Promise<void>;
  /** The same for what the request wants to see of the new rows alone. */
  readonly auditStaged: (sql: string) => Promise<void>;
  /** Changes the table's schema as the request wants it. For `apply` to call before rows are written. */
  readonly changeSchema: () => Promise<void>;
}

/** What was done. `accounted`: staged rows that were seen to have arrived, or to be there already. */
export interface Applied extends RowChanges {
  readonly accounted: number;
  readonly rowsXid?: string | null;
}

export interface Committed {
  readonly counts: RowCounts;
  readonly changes: RowChanges;
}

/** Throws FencedCommitError, CursorMovedError, RowsUnaccountedError, what the audit throws, and HR_CONSTRAINT_VIOLATED. Then nothing has happened. */
export async function commitLoad(client: pg.Client, load: LoadCommit, { fill, apply }: CommitSteps): Promise<Committed | undefined> {
  const { table, request, work } = load;
  work.signal.throwIfAborted();
  await client.query('begin');
  try {
    const counts = await fill();
    if (counts === undefined) {
      await client.query('rollback');
      return undefined;
    }
    work.log.debug('staged', { table: table.label, rows: counts.out });
    const claim = {
      loadId: request.loadId,
      generation: request.generation ?? 1,
      target: table.label,
      disposition: dispositionName(request.disposition),
      partition: request.partition,
      contentHash: load.contentHash,
      schemaHash: load.schemaHash,
      counts,
      asOf: load.at,
    };
    const known = await claimLoad(client, table.schema, claim, work);
    const applied = await apply({
      counts,
      known,
      audit: async (sql) => {
        if (request.audit) await request.audit(await auditedTable(client, sql));
      },
      auditStaged: async (sql) => {
        if (request.auditStaged) await request.auditStaged(await auditedTable(client, sql));
      },
      changeSchema: async () => {
        if (request.schema) await changeTable(client, table.sql, request.schema);
      },
    });
    if (applied === undefined) {
      await client.query('rollback');
      return undefined;
    }
    const { accounted, rowsXid = null, ...changes } = applied;
    if (accounted !== counts.out) throw new RowsUnaccountedError(table.label, { ...counts, out: accounted });
    if (request.cursor) await moveCursor(client, table.schema, table.name, request.cursor, request.loadId);
    await recordChanges(client, table.schema, request.loadId, { ...changes, rowsXid }, work.fence);
    work.log.debug('applied', { table: table.label, ...changes });
    work.signal.throwIfAborted();
    await client.query('commit');
    return { counts, changes };
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw explain(error, table);
  }
}

/** A constraint of the user's table that the rows break. */
function explain(error: unknown, table: TargetTable): unknown {
  if (error instanceof DataError) return error;
  const { code, detail, message } = error as { code?: string; detail?: string; message?: string };
  if (!code?.startsWith('23')) return error;
  return new DataError('HR_CONSTRAINT_VIOLATED', `${table.label}: ${message ?? ''}${detail ? ` (${detail})` : ''}. Nothing was changed`, {
    cause: error,
  });
}
