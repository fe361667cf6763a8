/** What each disposition does with staged rows. */
import { DataError } from '@headrace/dataplane';
import { type Column, type Disposition, dispositionName } from '@headrace/sdk';
import type { Application } from './application.ts';
import type { MysqlClient } from './connect.ts';
import { keepVersions } from './keep-versions.ts';
import type { RowChanges } from './load-record.ts';
import { mergeRows } from './merge-rows.ts';
import { replaceSlice, type Slice } from './replace-rows.ts';
import { assertKeys, assertUnique, keepLatest, removeCopies } from './stage-keys.ts';
import type { TargetTable } from './target-table.ts';

/** Removes staged rows that the disposition does not take, and answers with their number. Throws DataError for keys that are not what they must be. */
export async function prepareStage(
  client: MysqlClient,
  table: TargetTable,
  disposition: Disposition,
  columns: readonly Column[],
): Promise<number> {
  if (typeof disposition === 'string') return 0;
  const names = columns.map(({ name }) => name);
  if ('scd2' in disposition) {
    const { scd2, validFrom } = disposition;
    const keys = validFrom === undefined ? scd2 : [...scd2, validFrom];
    await assertKeys(client, table, keys);
    const copies = await removeCopies(client, table, names, scd2);
    await assertUnique(client, table, keys);
    return copies;
  }
  const { merge: keys, strategy, latest } = disposition;
  await assertKeys(client, table, keys);
  const older = latest === undefined ? 0 : await keepLatest(client, keys, latest);
  const copies = await removeCopies(client, table, names, keys);
  // Without "latest", the rows of a key are replaced together.
  if (strategy !== 'delete-insert' || latest !== undefined) await assertUnique(client, table, keys);
  return older + copies;
}

/** Changes the table, inside the load's transaction. */
export async function applyRows(application: Application): Promise<RowChanges> {
  const { client, table, columns, disposition, staged } = application;
  if (typeof disposition === 'string') return replaceSlice(client, table, columns, sliceOf(application), staged);
  if ('scd2' in disposition) return keepVersions({ ...application, disposition });
  return mergeRows({ ...application, disposition });
}

function sliceOf({ disposition, loadId, partition }: Application): Slice {
  if (disposition === 'append') return { kind: 'load', loadId };
  if (disposition === 'replace-partition') return { kind: 'partition', values: partition };
  if (disposition === 'replace') return { kind: 'all' };
  throw new DataError('HR_DISPOSITION_UNSUPPORTED', `MySQL cannot "${dispositionName(disposition)}"`);
}
