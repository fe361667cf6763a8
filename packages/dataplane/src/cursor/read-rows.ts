/**
 * Reads a source into one Parquet file, whole or only what is new, and says what becomes of its cursor.
 *
 * 1. A stream need not be sorted: the new cursor is the largest value of all rows, known when all are there.
 * 2. The rows that are handed on and the move of the cursor belong together: the load commits both or neither.
 */
import { join } from 'node:path';
import type { Column, CursorState } from '@headrace/sdk';
import type { Connectors, ReadRange, Work } from '../connector.ts';
import { ident, literal } from '../duckdb.ts';
import { ColumnNotFoundError, DataError } from '../errors.ts';
import { connectorOf } from '../operation.ts';
import { fingerprint, PARQUET, type ParquetFile, type Relation, writeParquet } from '../relation.ts';
import { boundaryOf, findKnown, MOST_IDENTITIES, tooMany, unknownRows } from './boundary.ts';
import { sameCursor } from './cursor-state.ts';
import { before, type CursorColumn, cursorColumn, typed } from './cursor-values.ts';
import { type IncrementalTask, planRead, type ReadPlan, rangeOf } from './read-plan.ts';
import type { ReadResult } from './read-result.ts';

type Onward = Extract<ReadPlan, { kind: 'onward' }>;

export async function readRows(task: IncrementalTask, work: Work, connectors: Connectors): Promise<ReadResult> {
  const plan = await planRead(task, work, connectors);
  const { relation, range, column } = await openPlanned(task, plan, work, connectors);
  const file = join(work.scratch, 'read.parquet');
  const wanted = range && column ? { ...relation, select: chosen(relation.select, range, column) } : relation;
  const written = await writeParquet(work.duck, wanted, file);
  if (column) await checkMissing(file, column, task, work);
  if (plan.kind !== 'onward') return { relation, written, deduplicated: 0 };
  const rows = { file, columns: relation.columns };
  const position = await relation.position?.();
  const kept = position === undefined ? plan.before?.position : position;
  const after = column ? await newState(plan, task, rows, column, range?.from, work) : {};
  const move = { name: plan.name, before: plan.before, after: { ...after, ...(kept === undefined ? {} : { position: kept }) } };
  work.log.info(
    sameCursor(move.before, move.after)
      ? `the cursor "${plan.name}" stays at ${shown(move.after)}`
      : `the cursor "${plan.name}" goes from ${shown(plan.before)} to ${shown(move.after)} with these rows`,
    { cursor: plan.name },
  );
  return { relation, move, ...(column ? await withoutKnown(plan, task, rows, column, written, work) : { written, deduplicated: 0 }) };
}

/** The source as the plan wants it. What values of the column look like is known when its type is. */
async function openPlanned(
  { source, cursor, where }: IncrementalTask,
  plan: ReadPlan,
  work: Work,
  connectors: Connectors,
): Promise<{ readonly relation: Relation; readonly range?: ReadRange; readonly column?: CursorColumn }> {
  const connector = connectorOf(connectors.sources, source);
  const position = plan.kind === 'onward' ? plan.before?.position : undefined;
  const remembered = position === undefined ? {} : { position };
  if (cursor === undefined || plan.kind === 'all') return { relation: await connector.open(source, work, remembered) };
  const declared = source.columns?.[cursor.column];
  const opened = declared === undefined ? await connector.open(source, work, remembered) : undefined;
  const type = declared ?? opened?.columns.find(({ name }) => name === cursor.column)?.type;
  if (type === undefined) {
    throw new ColumnNotFoundError(`${where}, cursor: the source`, cursor.column, opened?.columns.map(({ name }) => name) ?? []);
  }
  const column = cursorColumn(cursor.column, type, where);
  const range = await rangeOf(plan, { source, cursor, where }, column, work);
  const relation =
    opened && range === undefined ? opened : await connector.open(source, work, { ...remembered, ...(range ? { range } : {}) });
  checkKey(cursor.key, relation.columns, where);
  return { relation, column, ...(range === undefined ? {} : { range }) };
}

function checkKey(key: readonly string[] | undefined, columns: readonly Column[], where: string): void {
  const names = columns.map(({ name }) => name);
  const strange = key?.find((name) => !names.includes(name));
  if (strange !== undefined) throw new ColumnNotFoundError(`${where}, cursor key: the source`, strange, names);
}

/** The rows of the range, also from a source that cannot choose them itself. */
function chosen(select: string, { from, to, missing }: ReadRange, column: CursorColumn): string {
  const name = ident(column.name);
  const within = [`${name} is not null`];
  if (from !== undefined) within.push(`${name} >= ${typed(from, column)}`);
  if (to !== undefined) within.push(`${name} < ${typed(to, column)}`);
  return `select * from (${select}) where (${within.join(' and ')})${missing ? ` or ${name} is null` : ''}`;
}

async function checkMissing(file: string, column: CursorColumn, { cursor, where }: IncrementalTask, work: Work): Promise<void> {
  if ((cursor?.onMissing ?? 'fail') !== 'fail') return;
  const count = await work.duck.count(`select count(*) from read_parquet(${literal(file)}) where ${ident(column.name)} is null`);
  if (count === 0) return;
  throw new DataError(
    'HR_CURSOR_MISSING',
    `${where}: ${count} ${count === 1 ? 'row has' : 'rows have'} no value in "${column.name}", so the cursor cannot tell whether they are new. Say onMissing: 'exclude' to leave such rows out, or 'include' to read them in every run`,
  );
}

interface Rows {
  readonly file: string;
  readonly columns: readonly Column[];
}

/** The cursor when these rows are loaded. */
async function newState(
  plan: Onward,
  { cursor, where }: IncrementalTask,
  rows: Rows,
  column: CursorColumn,
  readFrom: string | undefined,
  work: Work,
): Promise<CursorState> {
  const held = plan.before?.value;
  const largest = await largestValue(rows.file, column, held, where, work);
  if (largest === undefined) return {};
  if (!plan.recognise) return { value: largest };
  // What is not read again next time need not be recognised; what was not read now cannot be.
  const lagged = await before(work.duck, largest, cursor?.lag, column, where);
  const from = readFrom === undefined ? lagged : await later(lagged, readFrom, column, work);
  const found = await boundaryOf(work.duck, { ...rows, cursor: column, key: cursor?.key }, from, where);
  // A row that the source shows at one time and hides at another is still known while the cursor stands.
  const boundary = largest === held ? [...new Set([...(plan.before?.boundary ?? []), ...found])].sort() : found;
  if (boundary.length > MOST_IDENTITIES) throw tooMany(boundary.length, column.name, from, where);
  return { value: largest, boundary, boundaryFrom: from };
}

/** Of all rows and what was there before. Throws DataError for one after which nothing could ever come. */
async function largestValue(
  file: string,
  column: CursorColumn,
  held: string | undefined,
  where: string,
  work: Work,
): Promise<string | undefined> {
  const heldValue = held === undefined ? '' : ` union all select ${typed(held, column)}`;
  const [row] = await work.duck.rows(
    `select cast(max(value) as varchar) as value from (select ${ident(column.name)} as value from read_parquet(${literal(file)})${heldValue})`,
  );
  const value = row?.value ?? undefined;
  if (value === 'infinity') {
    throw new DataError(
      'HR_CURSOR_VALUE',
      `${where}: a row has "infinity" in "${column.name}", after which no row would ever be new. Leave such rows out at the source, for example with "where"`,
    );
  }
  return value;
}

async function later(a: string, b: string, column: CursorColumn, work: Work): Promise<string> {
  const [row] = await work.duck.rows(`select cast(greatest(${typed(a, column)}, ${typed(b, column)}) as varchar) as value`);
  return row?.value ?? a;
}

/** Leaves out what was loaded before. */
async function withoutKnown(
  plan: Onward,
  { cursor }: IncrementalTask,
  rows: Rows,
  column: CursorColumn,
  written: ParquetFile,
  work: Work,
): Promise<{ readonly written: ParquetFile; readonly deduplicated: number }> {
  const { value, boundary = [] } = plan.before ?? {};
  if (!plan.recognise || value === undefined || boundary.length === 0) return { written, deduplicated: 0 };
  const known = await findKnown(work.duck, { ...rows, cursor: column, key: cursor?.key }, boundary, value);
  if (known === 0) return { written, deduplicated: 0 };
  const file = join(work.scratch, 'new.parquet');
  const fresh = await work.duck.run(`copy (${unknownRows(rows)}) to ${literal(file)} (${PARQUET})`);
  return { written: { file, rows: fresh, ...(await fingerprint(file)) }, deduplicated: known };
}

function shown(state: CursorState | null): string {
  if (state === null) return 'nothing';
  return state.value ?? (state.position === undefined ? 'nothing' : 'a position of its source');
}
