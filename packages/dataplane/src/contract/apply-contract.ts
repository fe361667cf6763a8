/** Brings rows into the shape that the contract allows them, against the table as it is. */
import type { Column, Disposition, SchemaContract, SchemaDrift } from '@headrace/sdk';
import { storageType } from '../column-types.ts';
import type { SchemaChange, Work } from '../connector.ts';
import { ident } from '../duckdb.ts';
import { type DataError, SchemaChangedError, TypeMismatchError } from '../errors.ts';
import { isOwnColumn } from '../own-columns.ts';
import { type Refusal, type RefusedRows, refuseAll, splitRows } from '../quarantine/refused-rows.ts';
import type { Relation } from '../relation.ts';
import { type Cast, castOf } from './casts.ts';
import { type ContractPlan, type ContractQuestion, decideContract, type PlannedColumn } from './decide.ts';
import { askForApproval, describeDrift } from './hold.ts';

export interface ContractCase {
  readonly table: string;
  readonly where: string;
  readonly contract: SchemaContract | undefined;
  readonly theirs: boolean;
  readonly disposition: Disposition;
  readonly partition: Readonly<Record<string, string>>;
  readonly held: readonly Column[] | undefined;
  readonly redefines: boolean;
}

export interface FittedRows {
  /** A query; the same as before where nothing had to be done. */
  readonly relation: Relation;
  readonly schema: SchemaChange | undefined;
  readonly drift: readonly SchemaDrift[];
  readonly refused: RefusedRows | undefined;
  /** There is no table, and none may be made. */
  readonly discardAll: boolean;
}

/** Throws SchemaChangedError, ColumnNotFoundError, TypeMismatchError, SchemaRejectedError; ends the attempt where a person must decide. */
export async function applyContract(relation: Relation, given: ContractCase, work: Work): Promise<FittedRows> {
  const question: ContractQuestion = { ...given, rows: relation.columns, isOwn: ownNames(given) };
  let plan = decideContract(question);
  assertAllowed(plan, given);
  if (plan.drift.some(({ action }) => action === 'hold')) {
    await askForApproval(given.table, plan.drift, given.where, work);
    plan = decideContract({ ...question, approved: true });
  }
  if (plan.discardAll) {
    const reason = `${given.table} does not exist, and the contract lets nobody make it`;
    return {
      relation: noRows(relation),
      schema: undefined,
      drift: plan.drift,
      refused: refuseAll(relation, reason, 'contract'),
      discardAll: true,
    };
  }
  const drift = await withCounts(plan, relation, given, work);
  for (const each of drift) work.log.info(`${given.table}: ${describeDrift(each)}`, { ...each });
  const kept = keptRows(plan, relation, given.table);
  return {
    relation: { select: fittedSelect(plan, kept.select), columns: plan.columns.map(({ column }) => column), ...untouched(plan, relation) },
    schema: plan.add.length + plan.widen.length === 0 ? undefined : { add: plan.add, widen: plan.widen },
    drift,
    refused: kept.refused,
    discardAll: false,
  };
}

/** Columns that are the disposition's affair: the target knows what to do with them. */
function ownNames({ partition, disposition }: ContractCase): (name: string) => boolean {
  const marker = typeof disposition === 'object' && 'merge' in disposition ? disposition.deletes?.column : undefined;
  return (name) => isOwnColumn(name) || name in partition || name === marker;
}

function assertAllowed({ refused }: ContractPlan, { where }: ContractCase): void {
  if (refused.length === 0) return;
  throw new SchemaChangedError(
    `${where}: ${refused.join('; ')}. The contract says freeze: change the table, name the columns or cast them in a query, or let the contract evolve`,
  );
}

function noRows(relation: Relation): Relation {
  return { select: `select * from (${relation.select}) where false`, columns: relation.columns };
}

function castFor({ column, from }: PlannedColumn): Cast | undefined {
  return from === undefined ? undefined : castOf(ident(column.name), from, column.type);
}

/** Rows whose values fit, where the contract refuses the others. */
function keptRows(plan: ContractPlan, relation: Relation, table: string): { readonly select: string; readonly refused?: RefusedRows } {
  const refusals: Refusal[] = [
    ...plan.columns.flatMap((planned) =>
      planned.misfit === 'discard_row'
        ? [{ column: planned.column.name, reason: misfitReason(planned, table), condition: misfit(planned) }]
        : [],
    ),
    ...plan.leftOut.flatMap(({ column, misfit: mode }) =>
      mode === 'discard_row'
        ? [{ column: column.name, reason: `${table} has no column "${column.name}"`, condition: `${ident(column.name)} is not null` }]
        : [],
    ),
  ];
  if (refusals.length === 0) return { select: relation.select };
  const { kept, refused } = splitRows(relation, refusals, 'contract');
  return { select: kept, refused };
}

function misfitReason({ column, from }: PlannedColumn, table: string): string {
  return `"${column.name}" is ${column.type} in ${table}, which cannot hold this ${from}`;
}

function misfit(planned: PlannedColumn): string {
  const name = ident(planned.column.name);
  return `${name} is not null and not coalesce(${castFor(planned)?.fits ?? 'false'}, false)`;
}

function fittedSelect(plan: ContractPlan, rows: string): string {
  const columns = plan.columns.map((planned) => {
    const name = ident(planned.column.name);
    if (planned.from === planned.column.type) return name;
    const cast = castFor(planned);
    const nothing = `cast(null as ${storageType(planned.column.type)})`;
    if (!cast) return `${nothing} as ${name}`;
    if (cast.always) return `${cast.expression} as ${name}`;
    return `case when ${cast.fits} then ${cast.expression} else ${nothing} end as ${name}`;
  });
  return `select ${columns.join(', ')} from (${rows})`;
}

/** Rows that are left as they are keep their files. */
function untouched(plan: ContractPlan, relation: Relation): Pick<Relation, 'files'> {
  const same =
    plan.columns.length === relation.columns.length &&
    plan.columns.every(({ column, from, misfit: mode }) => from === column.type && mode === undefined);
  return same && relation.files && plan.leftOut.length === 0 ? { files: relation.files } : {};
}

/** The drift with what is discarded. Throws TypeMismatchError for the first value that does not fit and must. */
async function withCounts(plan: ContractPlan, relation: Relation, given: ContractCase, work: Work): Promise<readonly SchemaDrift[]> {
  const conditions = new Map<string, string>();
  for (const planned of plan.columns) if (planned.misfit !== undefined) conditions.set(planned.column.name, misfit(planned));
  for (const { column } of plan.leftOut) conditions.set(column.name, `${ident(column.name)} is not null`);
  if (conditions.size === 0) return plan.drift;
  const names = [...conditions.keys()];
  const counted = names.map((name, index) => `count(*) filter (where ${conditions.get(name)}) as c${index}`).join(', ');
  const [row = {}] = await work.duck.rows(`select ${counted} from (${relation.select})`);
  const counts = new Map(names.map((name, index) => [name, Number(row[`c${index}`] ?? 0)]));
  const broken = plan.columns.find(({ misfit: mode, column }) => mode === 'fail' && (counts.get(column.name) ?? 0) > 0);
  if (broken) throw await misfitError(broken, relation, given, work);
  return plan.drift.map((each) => {
    const discarded = each.column === undefined ? undefined : counts.get(each.column);
    return discarded === undefined || !each.action.startsWith('discard') ? each : { ...each, discarded };
  });
}

async function misfitError(planned: PlannedColumn, relation: Relation, given: ContractCase, work: Work): Promise<DataError> {
  const { column, from } = planned;
  const numbered = `select *, row_number() over () as headrace_row from (${relation.select})`;
  const [row = {}] = await work.duck.rows(
    `select headrace_row, ${ident(column.name)}::varchar as value from (${numbered}) where ${misfit(planned)} order by headrace_row limit 1`,
  );
  return new TypeMismatchError(
    `${given.where}: row ${row.headrace_row}: column "${column.name}" is ${column.type} in ${given.table}, which cannot hold ${(row.value ?? '').slice(0, 200)} (${from}) without changing it. Widen the column (contract types: 'evolve'), or say in a query what is meant`,
  );
}
