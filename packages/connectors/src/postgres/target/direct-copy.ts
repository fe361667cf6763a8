/**
 * PostgreSQL to PostgreSQL: `COPY … TO STDOUT (FORMAT binary)` of one server is the `COPY … FROM STDIN` of the other, inside the load's own
 * transaction. The rows pass through this process as bytes that nobody looks at.
 *
 * D1. Only between columns of the same built-in type, digits included: then their binary form is the same value in both.
 * D2. Rows that one server says it sent are the rows that the other says it got, or nothing is committed.
 * D3. A table that lacks a column of the rows, or has another, is for its contract to judge.
 * D4. Where this is not for a load, `undefined` is answered and nothing was done: the rows then go through DuckDB.
 */
import { pipeline } from 'node:stream/promises';
import {
  type DirectRequest,
  instantOf,
  isOwnColumn,
  LOAD_COLUMN,
  type RowStage,
  RowsUnaccountedError,
  SqlError,
  schemaHash,
  type Work,
} from '@headrace/dataplane';
import {
  type Column,
  type ColumnType,
  type ConnectionSettings,
  decimalSize,
  elementType,
  type OperationProgress,
  type RowCounts,
  type TableResult,
} from '@headrace/sdk';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { applySettings, codeOf, withClient } from '../connect.ts';
import { CopiedRows } from '../copied-rows.ts';
import { chosenColumns, describe, type Select, selectOf } from '../select.ts';
import { withSlices } from '../slices.ts';
import { quote } from '../sql-text.ts';
import { expectedRows } from '../table-size.ts';
import { type Applied, type Committed, commitLoad, type LoadCommit } from './commit-load.ts';
import { beginAttempt, ensureLoadTable, knownLoad } from './load-record.ts';
import { removeEarlier, replaceSlice } from './replace-rows.ts';
import { columnsOfTable, findTable, type TargetTable } from './target-table.ts';
import { createTwin, dropTwin, exchange, type Twin } from './twin-table.ts';

/** What is copied from where, once it is known that it can be. */
interface Stream {
  readonly connection: ConnectionSettings;
  readonly source: pg.Client;
  readonly select: Select;
  /** What the source has. */
  readonly present: readonly Column[];
  /** As they are written. */
  readonly columns: readonly Column[];
  /** As they are read, where they are written otherwise. */
  readonly read?: readonly Column[];
  /** What the rows pass through: then they are text on their way. */
  readonly through?: ReturnType<RowStage['open']>;
}

export async function copyDirectly(request: DirectRequest, work: Work): Promise<TableResult | undefined> {
  const { source, target, disposition } = request;
  if (target.kind !== 'table' || (disposition !== 'replace' && disposition !== 'append')) return undefined;
  if (request.schema !== undefined || request.cursor !== undefined || request.read.range !== undefined) return undefined;
  const connection = work.connection(source.connection);
  return withClient(connection, work.signal, async (from) => {
    const select = selectOf(source);
    await applySettings(from, select.values);
    const present = await describe(from, select.sql, select.name, select.where);
    const columns = chosenColumns(present, source, select.where);
    const { through } = request;
    const stream = { connection, source: from, select, present };
    // The text of a decimal is that of the same number without a size.
    const asText = (type: ColumnType | undefined): ColumnType | undefined => (through && type && decimalSize(type) ? 'numeric' : type);
    const typeOf = (name: string): ColumnType | undefined => present.find((column) => column.name === name)?.type;
    if (columns.some(({ name, type }) => type !== typeOf(name) && type !== asText(typeOf(name)))) return undefined;
    if (through !== undefined) {
      // A further column would have to pass through the function, and lists are written otherwise in text.
      if (disposition === 'append' || columns.some(({ type }) => elementType(type))) return undefined;
      const stage = through.open(columns);
      return withClient(work.connection(target.connection), work.signal, async (into) =>
        load(into, { ...stream, columns: through.columns, read: columns, through: stage }, undefined, request, work),
      );
    }
    const types = await binaryTypes(from, select.sql, columns);
    if (types === undefined) return undefined;
    return withClient(work.connection(target.connection), work.signal, async (into) =>
      load(into, { ...stream, columns }, types, request, work),
    );
  });
}

async function load(
  client: pg.Client,
  stream: Stream,
  types: ReadonlyMap<string, string> | undefined,
  request: DirectRequest,
  work: Work,
): Promise<TableResult | undefined> {
  const { columns } = stream;
  const { target, disposition, loadId } = request;
  const name = String(target.settings.name);
  const held = await columnsOfTable(client, name);
  if (!sameColumns(columns, held)) return undefined;
  if (types === undefined && columns.some((column) => held?.some(({ name, type }) => name === column.name && type !== column.type)))
    return undefined;
  const own: readonly Column[] = disposition === 'append' ? [{ name: LOAD_COLUMN, type: 'text' }] : [];
  const table = await findTable(client, name, { written: columns, own, change: undefined });
  const taken = await typesTaken(client, table, columns);
  if (columns.some(({ name }) => types !== undefined && !sameBinary(types.get(name), taken?.get(name)))) return undefined;
  await ensureLoadTable(client, table.schema);
  // Loaded before: probably the same rows, and then comparing them is worth it.
  if ((await knownLoad(client, table.schema, loadId)) !== undefined) return undefined;
  await beginAttempt(client, table.schema, loadId, table.label, work.fence);
  const commit: LoadCommit = { table, request, contentHash: '', schemaHash: schemaHash(columns), at: instantOf(work.context), work };
  const done = disposition === 'append' && table.exists ? await append(client, stream, commit) : await exchangeFor(client, stream, commit);
  if (done === undefined) return undefined;
  const { counts, changes } = done;
  work.log.info(`${table.label}: ${changes.inserted} inserted, ${changes.deleted} deleted`, { ...changes });
  return {
    kind: 'table',
    connection: target.connection,
    table: table.label,
    loadId,
    rows: counts.out,
    counts,
    ...changes,
    columns,
    checks: [],
  };
}

/** Straight into the table, where nobody sees the rows before the commit. */
function append(client: pg.Client, stream: Stream, load: LoadCommit): Promise<Committed | undefined> {
  const { table, request, work } = load;
  return commitLoad(client, load, {
    fill: () => copy(client, stream, table, table.sql, { loadId: request.loadId, freeze: false }, work),
    async apply({ counts, known, audit }) {
      // Another attempt has committed while these rows were on their way.
      const deleted = known ? await removeEarlier(client, table, request.loadId) : 0;
      await audit(table.sql);
      return { inserted: counts.out, updated: 0, deleted, unchanged: 0, accounted: counts.out };
    },
  });
}

/** Into a table aside that takes the target's name: one that is not there yet, or one that is replaced. */
function exchangeFor(client: pg.Client, stream: Stream, load: LoadCommit): Promise<Committed | undefined> {
  const { table, request, work } = load;
  let twin: Twin | undefined;
  return commitLoad(client, load, {
    async fill() {
      twin = await createTwin(client, table, work.fence.attemptId, undefined);
      if (twin === undefined) return undefined;
      const loadId = request.disposition === 'append' ? request.loadId : undefined;
      return copy(client, stream, table, twin.sql, { loadId, freeze: true }, work);
    },
    async apply({ counts, audit }): Promise<Applied | undefined> {
      if (twin === undefined) return undefined;
      await audit(twin.sql);
      const deleted = await exchange(client, table, twin);
      if (deleted !== undefined) return { inserted: counts.out, updated: 0, deleted, unchanged: 0, accounted: counts.out };
      const slice = request.disposition === 'append' ? { kind: 'load' as const, loadId: request.loadId } : { kind: 'all' as const };
      const changes = await replaceSlice(client, twin.sql, table, stream.columns, slice, counts.out);
      await dropTwin(client, twin);
      return { ...changes, accounted: changes.inserted + changes.unchanged };
    },
  });
}

/** Moves the rows. Throws RowsUnaccountedError when the servers' counts differ, SqlError for what the source's query cannot compute. */
async function copy(
  client: pg.Client,
  stream: Stream,
  table: TargetTable,
  into: string,
  { loadId, freeze }: { readonly loadId: string | undefined; readonly freeze: boolean },
  work: Work,
): Promise<RowCounts> {
  const { source, select, columns, read = columns, through } = stream;
  const names = columns.map(({ name }) => quote(name));
  // A load id is hexadecimal.
  const chosen = [...read.map(({ name }) => quote(name)), ...(loadId === undefined ? [] : [`'${loadId}'::text`])];
  const form = through === undefined ? 'binary' : 'text';
  const copyOf = (rows: string): string => `copy (select ${chosen.join(', ')} from (${rows}\n) headrace_source) to stdout (format ${form})`;
  const given = loadId === undefined ? names : [...names, quote(LOAD_COLUMN)];
  const expected = await expectedRows(source, select);
  return withSlices(source, select, stream.present, stream.connection, work, async (slices) => {
    const statements = slices.map(({ client: reader, sql }) => ({ client: reader, sql: copyOf(sql) }));
    const rows = new CopiedRows(statements, form, (passed) => work.progress(moving(passed, expected)));
    const sink = client.query(copyFrom(`copy ${into} (${given.join(', ')}) from stdin (format ${form}${freeze ? ', freeze' : ''})`));
    try {
      await (through === undefined ? pipeline(rows, sink) : pipeline(rows, through, sink));
    } catch (error) {
      // A value that the source's own query cannot compute, for example.
      throw /^(22|42)/.test(codeOf(error) ?? '') ? new SqlError(`${select.where}: ${(error as Error).message}`, { cause: error }) : error;
    }
    if (through !== undefined && through.counts.read !== rows.rowCount)
      throw new RowsUnaccountedError(table.label, { in: rows.rowCount, out: through.counts.read, deduplicated: 0, quarantined: 0 });
    const counts = { in: through?.counts.made ?? rows.rowCount, out: sink.rowCount, deduplicated: 0, quarantined: 0 };
    if (counts.in !== counts.out) throw new RowsUnaccountedError(table.label, counts);
    work.progress({ phase: 'writing', rows: counts.out });
    return counts;
  });
}

/** An estimate of the server that was passed is none. */
function moving(passed: { readonly rows: number; readonly bytes: number }, expected: number | undefined): OperationProgress {
  return { phase: 'moving rows', ...passed, ...(expected === undefined || expected < passed.rows ? {} : { totalRows: expected }) };
}

/** The types of the columns as their server writes them; undefined when one is not built in, and so may be another on another server. */
async function binaryTypes(client: pg.Client, sql: string, columns: readonly Column[]): Promise<ReadonlyMap<string, string> | undefined> {
  const { fields } = await client.query(
    `select ${columns.map(({ name }) => quote(name)).join(', ')} from (${sql}\n) headrace_source limit 0`,
  );
  if (fields.some(({ dataTypeID }) => dataTypeID >= FIRST_OF_USERS)) return undefined;
  const { rows } = await client.query<{ name: string; type: string }>(
    'select name, format_type(oid, modifier) as type from unnest($1::text[], $2::oid[], $3::int[]) as field (name, oid, modifier)',
    [fields.map(({ name }) => name), fields.map(({ dataTypeID }) => dataTypeID), fields.map(({ dataTypeModifier }) => dataTypeModifier)],
  );
  return new Map(rows.map(({ name, type }) => [name, type]));
}

/** The types that the table takes, in the same words. */
async function typesTaken(
  client: pg.Client,
  table: TargetTable,
  columns: readonly Column[],
): Promise<ReadonlyMap<string, string> | undefined> {
  const nulls = columns.map(({ name }) => `null::${table.types.get(name) ?? 'text'} as ${quote(name)}`);
  return binaryTypes(client, `select ${nulls.join(', ')}`, columns);
}

/** FirstNormalObjectId of PostgreSQL's access/transam.h: lower oids are the same on every server. */
const FIRST_OF_USERS = 16_384;

/** What a contract would have a word on is not for here. */
function sameColumns(columns: readonly Column[], held: readonly Column[] | undefined): boolean {
  const kept = held?.filter(({ name }) => !isOwnColumn(name));
  return kept === undefined || (kept.length === columns.length && columns.every(({ name }) => kept.some((column) => column.name === name)));
}

function sameBinary(from: string | undefined, to: string | undefined): boolean {
  if (from === undefined || to === undefined) return false;
  return from === to || (to === 'text' && /^character varying(\(\d+\))?$/.test(from)) || (to === 'numeric' && from.startsWith('numeric('));
}
