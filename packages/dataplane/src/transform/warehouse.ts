/**
 * SQL inside a database, as a view or as rows of a table: the query runs where its rows are read and written, and is published with the
 * same record, fence, audit and contract as a load.
 */
import { createHash } from 'node:crypto';
import { type CheckResult, type Column, type DatasetResult, dispositionName, type Place } from '@headrace/sdk';
import { TableAudit, tableChecks } from '../checks/check-published.ts';
import { prepareChecks } from '../checks/check-rows.ts';
import { runChecks, settleChecks } from '../checks/run-checks.ts';
import type { AuditedTable, InsideQuery, TargetConnector, Work, WriteRequest } from '../connector.ts';
import { type ContractPlan, decideContract } from '../contract/decide.ts';
import { DataError, SchemaChangedError } from '../errors.ts';
import { placesOf } from '../lineage/places.ts';
import { sqlLineage } from '../lineage/sql-lineage.ts';
import { loadId } from '../load-id.ts';
import { connectorOf } from '../operation.ts';
import { isOwnColumn } from '../own-columns.ts';
import type { GivenTransform, TransformKind } from './transform-operation.ts';

export const transformInside: TransformKind = async (given, work, connectors) => {
  const { operation, inputs, where } = given;
  const { target, partition, disposition, checks } = operation;
  const connector = connectorOf(connectors.targets, target);
  const { inside, view } = connector;
  if (inside === undefined || view === undefined)
    throw new DataError(
      'HR_DISPOSITION_UNSUPPORTED',
      `${where}: no SQL can be run inside a ${target.connector} connection. Use postgres or mysql`,
    );
  assertForm(given);
  const query = queryOf(given);
  const flight = checks.find(({ onFail, at }) => onFail === 'quarantine' || at === 'flight');
  if (flight !== undefined)
    throw new DataError(
      'HR_CHECK_UNSUPPORTED',
      `${where}: rows that never leave their server cannot be looked at in flight, or put aside. Check them in staging`,
    );
  const id = loadId(work.context, target, partition, 1);
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
  const staged: CheckResult[] = [];
  // A view has no stage: its checks are made of what it shows.
  const isView = operation.form === 'view';
  const ofTable = isView ? checks.map((check) => ({ ...check, at: 'publish' as const })) : tableChecks(checks, operation.publish);
  const audit = new TableAudit(ofTable, surroundings, connector, target);
  const common: Omit<WriteRequest, 'rows'> = {
    target,
    partition,
    disposition,
    loadId: id,
    ...(audit.beforeCommit === undefined ? {} : { audit: audit.beforeCommit }),
    ...(checks.length === 0 || isView
      ? {}
      : {
          async auditStaged(table: AuditedTable) {
            staged.splice(0, staged.length, ...(await runChecks(table, checks, 'staging', surroundings)));
            settleChecks(staged, 'block', where);
          },
        }),
  };
  work.progress({ phase: isView ? 'defining' : 'querying' });
  const { result, plan } = isView
    ? { result: await view(query, common, work), plan: undefined }
    : await writeInside(given, connector, inside, query, common, work);
  const results = [...staged, ...(await audit.afterCommit(connector, target, work))];
  const columns = await sqlLineage(query.sql, schemasOf(given), work.duck);
  const drift = plan?.drift.filter(({ change }) => change !== 'table_added') ?? [];
  const published = {
    ...result,
    checks: results,
    ...(drift.length === 0 ? {} : { drift }),
    lineage: { ...placesOf(operation, inputs, result), ...(columns === undefined ? {} : { columns }) },
  };
  settleChecks(results, 'error', where, published);
  return published;
};

async function writeInside(
  { operation, where }: GivenTransform,
  connector: TargetConnector,
  inside: NonNullable<TargetConnector['inside']>,
  query: InsideQuery,
  common: Omit<WriteRequest, 'rows'>,
  work: Work,
): Promise<{ readonly result: DatasetResult; readonly plan: ContractPlan }> {
  const { target, contract } = operation;
  const relation = await inside(query, target, work);
  const plan = decideContract({
    table: String(target.settings.name),
    rows: relation.columns,
    held: await connector.columns?.(target, work),
    contract: contract ?? 'evolve',
    theirs: false,
    redefines: false,
    isOwn: isOwnColumn,
  });
  const unfit = plan.columns.find(({ misfit }) => misfit !== undefined && misfit !== 'fail');
  const held = plan.drift.some(({ action }) => action === 'hold');
  if (plan.discardAll || plan.leftOut.length > 0 || unfit !== undefined || held)
    throw new SchemaChangedError(
      `${where}: the query's columns are not those of ${String(target.settings.name)}, and the contract would discard or hold rows, which cannot be done to rows that never leave their server. Use evolve or freeze, or change the SQL`,
    );
  if (plan.refused.length > 0) throw new SchemaChangedError(`${where}: ${plan.refused.join('; ')}. Nothing was published`);
  const hash = createHash('sha256')
    .update(JSON.stringify([query.sql, relation.columns, [...(relation.inside?.values ?? [])]]))
    .digest('hex');
  const counts = { in: 0, out: 0, deduplicated: 0, quarantined: 0 };
  const schema = plan.add.length + plan.widen.length === 0 ? undefined : { add: plan.add, widen: plan.widen };
  const request = { ...common, rows: { relation, hash, counts, checks: [] }, ...(schema === undefined ? {} : { schema }) };
  return { result: await connector.write(request, work), plan };
}

function assertForm({ operation: { target, disposition, partition }, where }: GivenTransform): void {
  if (dispositionName(disposition) === 'replace-partition' && Object.keys(partition).length === 0)
    throw new DataError('HR_DISPOSITION_UNSUPPORTED', `${where}: "replace-partition" needs a partition, for example { day: interval.day }`);
  if (String(target.settings.name ?? '') === '')
    throw new DataError('HR_TARGET_NOT_A_TABLE', `${where}: say with "table" what the query becomes`);
}

/** Throws DataError for what is read from another database. */
function queryOf({ operation, inputs, where }: GivenTransform): InsideQuery {
  const { target, sources, sql = '', values = {}, columns } = operation;
  const names: Record<string, string> = {};
  for (const [name, given] of Object.entries(inputs)) {
    const result = given as DatasetResult | undefined;
    if (result?.kind !== 'table' || result.connection !== target.connection) throw elsewhere(name, target, where);
    names[name] = result.table;
  }
  for (const [name, source] of Object.entries(sources)) {
    if (source.connector !== target.connector || source.connection !== target.connection || typeof source.settings.name !== 'string')
      throw elsewhere(name, target, where);
    names[name] = source.settings.name;
  }
  return { sql, values, names, where, ...(columns === undefined ? {} : { columns }) };
}

function elsewhere(name: string, { connection }: Place, where: string): DataError {
  return new DataError(
    'HR_INPUT_UNREADABLE',
    `${where}: "${name}" is no table of connection "${connection}", and SQL inside it reads nothing else. Load it there first`,
  );
}

/** Columns of what is named, as far as they are declared. */
function schemasOf({ operation: { sources }, inputs }: GivenTransform): Readonly<Record<string, readonly Column[] | undefined>> {
  const ofResults = Object.entries(inputs).map(([name, result]) => [name, (result as DatasetResult).columns] as const);
  const ofSources = Object.entries(sources).map(
    ([name, { columns }]) => [name, columns && Object.entries(columns).map(([column, type]) => ({ name: column, type }))] as const,
  );
  return Object.fromEntries([...ofResults, ...ofSources]);
}
