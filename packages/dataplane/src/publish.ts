/**
 * What load, transform and export end with: rows are checked, fitted to their table's contract, and brought to their target in one step.
 *
 * P1. Rows in = rows out + deduplicated + quarantined, counted before the commit and again after it.
 * P2. Nothing is published while a check blocks, a contract freezes or holds, or too many rows are refused; the rows that were refused are
 *     in quarantine all the same.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import {
  type CheckResult,
  type CursorMove,
  type DatasetResult,
  dispositionName,
  type Place,
  type RowCounts,
  type SchemaDrift,
} from '@headrace/sdk';
import { TableAudit, tableChecks } from './checks/check-published.ts';
import { checkInFlight, checkRows, prepareChecks } from './checks/check-rows.ts';
import { settleChecks } from './checks/run-checks.ts';
import type { Connectors, TargetConnector, Work } from './connector.ts';
import { applyContract } from './contract/apply-contract.ts';
import { renameRows } from './contract/rename-rows.ts';
import { DataError, RowsUnaccountedError } from './errors.ts';
import { loadId } from './load-id.ts';
import { type Publish, publishNested } from './nested/publish-nested.ts';
import { connectorOf, type PublishOperation } from './operation.ts';
import { assertLimit, keepAside } from './quarantine/keep-aside.ts';
import { type RefusedRows, refusedBySource } from './quarantine/refused-rows.ts';
import { fingerprint, type Relation, writeParquet, writtenRelation } from './relation.ts';

/** Checks staged rows and publishes them, with the move of the cursor that they were read by. `relation` must be readable more than once. */
export async function publish(...[operation, rows, ...rest]: Parameters<Publish>): Promise<DatasetResult> {
  const apart = operation.nested !== undefined && operation.nested !== 'json' && rows.columns.some(({ type }) => type === 'json');
  return apart ? publishNested(publishTable, operation, rows, ...rest) : publishTable(operation, rows, ...rest);
}

async function publishTable(
  asked: PublishOperation,
  rows: Relation,
  counts: RowCounts,
  where: string,
  work: Work,
  connectors: Connectors,
  cursor?: CursorMove,
): Promise<DatasetResult> {
  const connector = connectorOf(connectors.targets, asked.target);
  assertDisposition(asked, connector, where);
  const id = loadId(work.context, asked.target, asked.partition, asked.generation ?? 1, cursor);
  const renamed = renameRows(asked, rows);
  const { target, partition, disposition, checks, generation } = renamed.operation;
  const history = connector.history;
  const surroundings = await prepareChecks(
    {
      where,
      checks,
      ...(history === undefined ? {} : { history: async (loads: number) => (await history(target, partition, id, work)).slice(0, loads) }),
    },
    work,
    connectors,
  );
  const fitted = await fitRows(renamed.operation, renamed.relation, surroundings, connector, work);
  const refused = [...(rows.refused === undefined ? [] : [refusedBySource(rows.refused)]), ...fitted.refused];
  const stage = asked.stage ?? (target.connector === 'lake' ? target.connection : undefined);
  const kept = await keepAside(refused, stage, id, where, work);
  const settled = await settleCounts(fitted.relation, counts, kept.rows, rows.refused, where, work);
  assertLimit(asked.maxQuarantined, settled, where);

  const staging = await checkRows(fitted.relation, checks, 'staging', surroundings, work);
  if (fitted.discardAll) return withFacts(nothingWritten(target, partition, id, settled), staging, fitted.drift, kept.table);
  const audit = new TableAudit(tableChecks(checks, asked.publish), surroundings, connector, target);
  const checked = [...fitted.results, ...staging];
  const staged = { relation: fitted.relation, hash: await contentHash(fitted.relation), counts: settled, checks: checked };
  const written = await connector.write(
    {
      target,
      rows: staged,
      partition,
      disposition,
      loadId: id,
      ...(generation === undefined ? {} : { generation }),
      ...(fitted.schema === undefined ? {} : { schema: fitted.schema }),
      ...(cursor === undefined ? {} : { cursor }),
      ...(audit.beforeCommit === undefined ? {} : { audit: audit.beforeCommit }),
    },
    work,
  );
  if ('counts' in written) assertCounts(written.counts, where);
  const results = [...checked, ...(await audit.afterCommit(connector, target, work))];
  const published = withFacts(written, results, [...renamed.drift, ...fitted.drift], kept.table);
  settleChecks(results, 'error', where, published);
  return published;
}

function assertDisposition({ target, partition, disposition }: PublishOperation, connector: TargetConnector, where: string): void {
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
}

interface FittedLoad {
  readonly relation: Relation;
  readonly schema?: Parameters<TargetConnector['write']>[0]['schema'];
  readonly refused: readonly RefusedRows[];
  readonly drift: readonly SchemaDrift[];
  /** There is no table, and none may be made. */
  readonly discardAll: boolean;
  readonly results: readonly CheckResult[];
}

/** Rows as they are to be written: checked in flight, then fitted to the table. What was changed or taken out is written down anew. */
async function fitRows(
  operation: PublishOperation,
  relation: Relation,
  surroundings: Awaited<ReturnType<typeof prepareChecks>>,
  connector: TargetConnector,
  work: Work,
): Promise<FittedLoad> {
  const { target, partition, disposition, contract } = operation;
  const flight = await checkInFlight(relation, operation.checks, surroundings, work);
  const passed = flight.refused === undefined ? [] : [flight.refused];
  if (connector.columns === undefined) {
    return { relation: await writtenDown(flight.relation, work), refused: passed, drift: [], discardAll: false, results: flight.results };
  }
  const fitted = await applyContract(
    flight.relation,
    {
      table: String(target.settings.name ?? target.connection),
      where: surroundings.where,
      contract,
      theirs: operation.theirs === true,
      disposition,
      partition,
      held: await connector.columns(target, work),
      redefines: connector.redefines === true && disposition === 'replace',
    },
    work,
  );
  return {
    relation: await writtenDown(fitted.relation, work),
    ...(fitted.schema === undefined ? {} : { schema: fitted.schema }),
    refused: [...passed, ...(fitted.refused === undefined ? [] : [fitted.refused])],
    drift: fitted.drift,
    discardAll: fitted.discardAll,
    results: flight.results,
  };
}

/** Rows in a file, so that they are computed once and their hash is that of their content. */
async function writtenDown(relation: Relation, work: Work): Promise<Relation> {
  if (relation.files) return relation;
  return writtenRelation(await writeParquet(work.duck, relation, join(work.scratch, 'fitted.parquet')), relation.columns);
}

/** What became of the rows. Throws RowsUnaccountedError. */
async function settleCounts(
  relation: Relation,
  given: RowCounts,
  quarantined: number,
  refusedBefore: string | undefined,
  where: string,
  work: Work,
): Promise<RowCounts> {
  const before =
    refusedBefore === undefined
      ? 0
      : await work.duck.count(`select count(distinct line) + count(*) filter (line is null) from (${refusedBefore})`);
  const counts = {
    in: given.in + before,
    out: await work.duck.count(`select count(*) from (${relation.select})`),
    deduplicated: given.deduplicated,
    quarantined: given.quarantined + quarantined,
  };
  assertCounts(counts, where);
  return counts;
}

function assertCounts(counts: RowCounts, where: string): void {
  if (counts.in !== counts.out + counts.deduplicated + counts.quarantined) throw new RowsUnaccountedError(where, counts);
}

function withFacts<R extends DatasetResult>(
  result: R,
  checks: readonly CheckResult[],
  drift: readonly SchemaDrift[],
  quarantine: string | undefined,
): R {
  return { ...result, checks, ...(drift.length === 0 ? {} : { drift }), ...(quarantine === undefined ? {} : { quarantine }) };
}

/** What a load says that was not let make its table. It moves no cursor either. */
function nothingWritten(
  { connector, connection, settings }: Place,
  partition: Readonly<Record<string, string>>,
  id: string,
  counts: RowCounts,
): DatasetResult {
  const common = { connection, table: String(settings.name), loadId: id, rows: 0, counts, columns: [], checks: [] };
  if (connector === 'lake') return { kind: 'lake', ...common, partition, version: 0, unchanged: true, bytes: 0 };
  return { kind: 'table', ...common, inserted: 0, updated: 0, deleted: 0, unchanged: 0 };
}

async function contentHash(relation: Relation): Promise<string> {
  const hash = createHash('sha256')
    .update(JSON.stringify(relation.columns))
    .update(relation.files ? '' : relation.select);
  const facts = relation.written ?? (await Promise.all((relation.files ?? []).map(fingerprint)));
  for (const { sha256 } of facts) hash.update(sha256);
  return hash.digest('hex');
}
