/**
 * A load whose rows nobody has to see on their way: its target moves them itself, as bytes, with the same commit as any other load.
 *
 * Checks of the new rows are made on the table as it will be, before the commit, where it holds nothing else: that is what `replace` leaves.
 */
import { type DatasetResult, dispositionName, type Source } from '@headrace/sdk';
import { TableAudit, tableChecks } from './checks/check-published.ts';
import { prepareChecks } from './checks/check-rows.ts';
import { settleChecks } from './checks/run-checks.ts';
import type { Connectors, RowStage, Work } from './connector.ts';
import { loadId } from './load-id.ts';
import { connectorOf, type PublishOperation } from './operation.ts';

/** Undefined: not for this load, and nothing was done. Throws as `publish`. */
export async function publishDirectly(
  operation: PublishOperation,
  source: Source,
  where: string,
  work: Work,
  connectors: Connectors,
  through?: RowStage,
): Promise<DatasetResult | undefined> {
  const { target, partition, disposition, generation } = operation;
  const connector = connectorOf(connectors.targets, target);
  if (connector.direct === undefined || source.connector !== target.connector) return undefined;
  if (operation.cursor !== undefined || source.remembers === true || !connector.dispositions.includes(dispositionName(disposition)))
    return undefined;
  if (operation.nested !== undefined && operation.nested !== 'json') return undefined;
  if (operation.naming !== undefined && operation.naming !== 'as-is') return undefined;
  const checks = tableChecks(operation.checks, disposition === 'replace' ? 'audit-then-swap' : operation.publish);
  if (checks.length !== operation.checks.length) return undefined;
  // A contract has a word on whether there may be a new table.
  if (operation.contract !== undefined && (await connector.columns?.(target, work)) === undefined) return undefined;
  const surroundings = await prepareChecks({ where, checks }, work, connectors);
  const audit = new TableAudit(checks, surroundings, connector, target);
  const written = await connector.direct(
    {
      source,
      read: {},
      ...(through === undefined ? {} : { through }),
      target,
      partition,
      disposition,
      loadId: loadId(work.context, target, partition, generation ?? 1),
      ...(generation === undefined ? {} : { generation }),
      ...(audit.beforeCommit === undefined ? {} : { audit: audit.beforeCommit }),
    },
    work,
  );
  if (written === undefined) return undefined;
  const results = await audit.afterCommit(connector, target, work);
  const published = { ...written, checks: results };
  settleChecks(results, 'error', where, published);
  return published;
}
