/**
 * Publishes rows whose JSON is taken apart: each list's table by a load of its own, and the rows they belong to last. Killed in between,
 * the next attempt makes the same tables; until it has, lists may be newer than their rows.
 */
import { type CursorMove, type DatasetResult, dispositionName, type NestedLoad, type RowCounts } from '@headrace/sdk';
import type { Connectors, Work } from '../connector.ts';
import { DataError } from '../errors.ts';
import { loadId } from '../load-id.ts';
import type { PublishOperation } from '../operation.ts';
import type { Relation } from '../relation.ts';
import { takeApart } from './take-apart.ts';

const DEPTH = 5;

export type Publish = (
  operation: PublishOperation,
  rows: Relation,
  counts: RowCounts,
  where: string,
  work: Work,
  connectors: Connectors,
  cursor?: CursorMove,
) => Promise<DatasetResult>;

/** `publish` publishes one table. Throws as it does, and DataError for what cannot be done with lists apart. */
export async function publishNested(
  publish: Publish,
  ...[operation, rows, counts, where, work, connectors, cursor]: Parameters<Publish>
): Promise<DatasetResult> {
  assertPossible(operation, where);
  const { target, partition, disposition, nested } = operation;
  const depth = typeof nested === 'object' ? nested.depth : DEPTH;
  // An append adds the same row again with another load; what is replaced is the same row.
  const identity =
    disposition === 'append' ? loadId(work.context, target, partition, operation.generation ?? 1, cursor) : JSON.stringify(partition);
  const { rows: parents, tables } = await takeApart(rows, identity, depth, where, work);
  const loads: NestedLoad[] = [];
  for (const { name, relation } of tables) {
    const table = `${String(target.settings.name)}__${name}`;
    const held = await work.duck.count(`select count(*) from (${relation.select})`);
    const result = await publish(
      { ...operation, target: { ...target, settings: { ...target.settings, name: table } }, checks: [], nested: 'json' },
      relation,
      { in: held, out: held, deduplicated: 0, quarantined: 0 },
      `${where}, table "${table}"`,
      work,
      connectors,
    );
    loads.push({ table, rows: held, ...('loadId' in result ? { loadId: result.loadId } : {}), columns: result.columns });
  }
  const result = await publish({ ...operation, nested: 'json' }, parents, counts, where, work, connectors, cursor);
  return { ...result, nested: loads };
}

function assertPossible({ disposition, contract, checks }: PublishOperation, where: string): void {
  const name = dispositionName(disposition);
  const refuse = (what: string): DataError =>
    new DataError(
      'HR_NESTED_UNSUPPORTED',
      `${where}: nested data cannot be taken apart with ${what}. Keep it as JSON, or use another task for that`,
    );
  if (name === 'merge' || name === 'scd2') throw refuse(`the disposition "${name}", which would leave lists of rows that are gone`);
  const modes = typeof contract === 'string' ? [contract] : [contract?.columns, contract?.types];
  if (modes.includes('discard_row') || checks.some(({ onFail }) => onFail !== undefined))
    throw refuse('rows put into quarantine here, whose lists would stay: check them in an extract before');
}
