/**
 * What a schema contract makes of rows and a table: how each column is written, what changes of the table, and what was found. Pure.
 *
 * D1. A column of the rows is written, left out, or fails the task; each difference is in `drift`.
 * D2. The table's types never become narrower, and no value is changed on its way into a narrower one: it fits, or the mode says what
 *     becomes of it.
 */
import type { Column, ColumnType, ContractMode, SchemaContract, SchemaDrift } from '@headrace/sdk';
import { castOf } from './casts.ts';
import { widened } from './widening.ts';

export interface ContractQuestion {
  /** For messages and the drift. */
  readonly table: string;
  readonly rows: readonly Column[];
  /** Undefined: there is no table. */
  readonly held: readonly Column[] | undefined;
  readonly contract: SchemaContract | undefined;
  /** The table is somebody else's: where the contract says nothing of new columns, the target has the word. */
  readonly theirs: boolean;
  /** The rows take the place of all there is, and the target lets their columns be the table's. */
  readonly redefines: boolean;
  /** Columns that are the target's or the disposition's own affair. */
  readonly isOwn: (name: string) => boolean;
  /** A person has approved what `hold` holds. */
  readonly approved?: boolean;
}

/** What becomes of values that do not fit the type they are written as. */
export type Misfit = 'fail' | 'discard_row' | 'discard_value';

export interface PlannedColumn {
  readonly column: Column;
  /** Its type in the rows. Undefined: the rows do not have it, it is null. */
  readonly from: ColumnType | undefined;
  readonly misfit?: Misfit;
}

/** A column that the table does not get: its values are counted, or their rows put aside. */
export interface LeftOut {
  readonly column: Column;
  readonly misfit: 'discard_row' | 'discard_value';
}

export interface ContractPlan {
  readonly columns: readonly PlannedColumn[];
  readonly leftOut: readonly LeftOut[];
  readonly add: readonly Column[];
  readonly widen: readonly Column[];
  readonly drift: readonly SchemaDrift[];
  /** What fails the task, one sentence each. */
  readonly refused: readonly string[];
  /** All rows go to quarantine: there is no table, and none may be made. */
  readonly discardAll: boolean;
}

/** Decides. A `hold` that is not approved stands in `drift` as such, and what is planned then must not be done. */
export function decideContract(question: ContractQuestion): ContractPlan {
  const modes = modesOf(question);
  if (question.held === undefined) return decideTable(question, modes);
  const plan = { columns: [] as PlannedColumn[], leftOut: [] as LeftOut[], add: [] as Column[], widen: [] as Column[] };
  const drift: SchemaDrift[] = [];
  const refused: string[] = [];
  const held = new Map(question.held.map((column) => [column.name, column.type]));
  for (const column of question.rows) {
    const type = held.get(column.name);
    if (question.isOwn(column.name) || type === column.type) plan.columns.push({ column, from: column.type });
    else if (type === undefined) decideColumn(question, modes, column, plan, drift, refused);
    else decideType(question, modes, { name: column.name, type }, column.type, plan, drift, refused);
  }
  const given = new Set(question.rows.map(({ name }) => name));
  for (const column of question.held) {
    if (given.has(column.name) || question.isOwn(column.name)) continue;
    const drops = question.redefines && (modes.columns ?? 'evolve') === 'evolve';
    if (question.redefines && !drops) plan.columns.push({ column, from: undefined });
    drift.push({
      table: question.table,
      change: 'column_missing',
      column: column.name,
      from: column.type,
      action: drops ? 'evolve' : 'kept',
    });
  }
  return { ...plan, drift, refused, discardAll: false };
}

interface Modes {
  readonly tables: ContractMode;
  /** Undefined: nothing is said, and the target has the word. */
  readonly columns: ContractMode | undefined;
  /** Undefined: nothing is said, and values decide. */
  readonly types: ContractMode | undefined;
  readonly widenToText: boolean;
  /** Approved holds act as `evolve`, and are called what they are. */
  readonly called: (mode: ContractMode) => SchemaDrift['action'];
}

function modesOf({ contract, theirs, approved = false }: ContractQuestion): Modes {
  const given = typeof contract === 'string' ? { tables: contract, columns: contract, types: contract } : (contract ?? {});
  const acted = (mode: ContractMode): ContractMode => (mode === 'hold' && approved ? 'evolve' : mode);
  const held = (['tables', 'columns', 'types'] as const).some((part) => given[part] === 'hold');
  return {
    tables: acted(given.tables ?? 'evolve'),
    columns: given.columns === undefined && theirs ? undefined : acted(given.columns ?? 'evolve'),
    types: given.types && acted(given.types),
    widenToText: 'widenToText' in given && given.widenToText === true,
    called: (mode) => (mode === 'evolve' && approved && held ? 'approved' : mode),
  };
}

function decideTable({ table, rows }: ContractQuestion, { tables, called }: Modes): ContractPlan {
  const discardAll = tables === 'discard_row' || tables === 'discard_value';
  return {
    columns: rows.map((column) => ({ column, from: column.type })),
    leftOut: [],
    add: [],
    widen: [],
    drift: [{ table, change: 'table_added', action: discardAll ? 'discard_row' : called(tables) }],
    refused: tables === 'freeze' ? [`${table} does not exist, and the contract (tables: 'freeze') lets nobody make it`] : [],
    discardAll,
  };
}

type OpenPlan = { readonly columns: PlannedColumn[]; readonly leftOut: LeftOut[]; readonly add: Column[]; readonly widen: Column[] };

function decideColumn(
  { table }: ContractQuestion,
  { columns: mode, called }: Modes,
  column: Column,
  plan: OpenPlan,
  drift: SchemaDrift[],
  refused: string[],
): void {
  drift.push({ table, change: 'column_added', column: column.name, to: column.type, action: mode === undefined ? 'kept' : called(mode) });
  if (mode === undefined) plan.columns.push({ column, from: column.type });
  else if (mode === 'evolve' || mode === 'hold') {
    plan.add.push(column);
    plan.columns.push({ column, from: column.type });
  } else if (mode === 'freeze') refused.push(`the rows have a column "${column.name}" (${column.type}) that ${table} has not`);
  else plan.leftOut.push({ column, misfit: mode });
}

function decideType(
  { table, redefines }: ContractQuestion,
  { types: mode, widenToText, called }: Modes,
  held: Column,
  from: ColumnType,
  plan: OpenPlan,
  drift: SchemaDrift[],
  refused: string[],
): void {
  const found = { table, column: held.name, from: held.type, to: from } as const;
  if (redefines && (mode ?? 'evolve') === 'evolve') {
    plan.columns.push({ column: { name: held.name, type: from }, from });
    drift.push({ ...found, change: 'type_changed', action: called('evolve') });
    return;
  }
  const cast = castOf('x', from, held.type);
  if (cast?.always) {
    plan.columns.push({ column: held, from });
    return;
  }
  const sum = mode === 'evolve' || mode === 'hold' ? widened(held.type, from, widenToText) : undefined;
  if (sum !== undefined && mode !== undefined) {
    const column = { name: held.name, type: sum };
    plan.widen.push(column);
    plan.columns.push({ column, from });
    drift.push({ ...found, change: 'type_widened', to: sum, action: called(mode) });
    return;
  }
  if (mode === 'discard_row' || mode === 'discard_value') {
    plan.columns.push({ column: held, from, misfit: mode });
    drift.push({ ...found, change: 'type_changed', action: mode });
  } else if (mode !== undefined && (mode === 'freeze' || cast === undefined)) {
    drift.push({ ...found, change: 'type_changed', action: 'freeze' });
    refused.push(`column "${held.name}" is ${held.type} in ${table} and ${from} in the rows`);
  } else if (mode === undefined && (cast === undefined || from === 'text')) {
    // Nothing is said, and it is not for us to say what the text or the time means: the target takes it or refuses.
    plan.columns.push({ column: { name: held.name, type: from }, from });
    drift.push({ ...found, change: 'type_changed', action: 'kept' });
  } else {
    plan.columns.push({ column: held, from, misfit: 'fail' });
    drift.push({ ...found, change: 'type_changed', action: 'kept' });
  }
}
