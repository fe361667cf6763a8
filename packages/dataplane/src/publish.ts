/** What load, transform and export end with: rows are checked, and brought to their target in one step. */
import { createHash } from 'node:crypto';
import { type CursorMove, type DatasetResult, dispositionName, type RowCounts } from '@headrace/sdk';
import { checkStaged } from './checks/check-staged.ts';
import type { Connectors, Work } from './connector.ts';
import { DataError, RowsUnaccountedError } from './errors.ts';
import { loadId } from './load-id.ts';
import { connectorOf, type PublishOperation } from './operation.ts';
import { fingerprint, type Relation } from './relation.ts';

/** Checks staged rows and publishes them, with the move of the cursor that they were read by. `relation` must be readable more than once. */
export async function publish(
  operation: PublishOperation,
  relation: Relation,
  counts: RowCounts,
  where: string,
  work: Work,
  connectors: Connectors,
  cursor?: CursorMove,
): Promise<DatasetResult> {
  const { target, partition, disposition, checks, generation = 1 } = operation;
  const connector = connectorOf(connectors.targets, target);
  const name = dispositionName(disposition);
  if (!connector.dispositions.includes(name)) {
    throw new DataError(
      'HR_DISPOSITION_UNSUPPORTED',
      `${where}: a ${target.connector} target cannot "${name}"; use ${connector.dispositions.join(', ')}`,
    );
  }
  if (name === 'replace-partition' && Object.keys(partition).length === 0) {
    throw new DataError('HR_DISPOSITION_UNSUPPORTED', `${where}: "replace-partition" needs a partition, for example { day: interval.day }`);
  }
  if (counts.in !== counts.out + counts.deduplicated + counts.quarantined) throw new RowsUnaccountedError(where, counts);
  const results = await checkStaged(relation, checks, where, work);
  const hash = await contentHash(relation);
  const rows = { relation, hash, counts, checks: results };
  const id = loadId(work.context, target, partition, generation, cursor);
  return connector.write({ target, rows, partition, disposition, loadId: id, ...(cursor === undefined ? {} : { cursor }) }, work);
}

async function contentHash(relation: Relation): Promise<string> {
  const hash = createHash('sha256')
    .update(JSON.stringify(relation.columns))
    .update(relation.files ? '' : relation.select);
  for (const file of relation.files ?? []) hash.update((await fingerprint(file)).sha256);
  return hash.digest('hex');
}
