/**
 * A function over rows or batches. Where a database's own text can be passed from it and to it, no other form of it is made; else DuckDB
 * writes rows as text into one pipe and reads them from another.
 */
import { createWriteStream, type WriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { finished, pipeline } from 'node:stream/promises';
import { type Column, type Columns, elementType, type TransformedRows } from '@headrace/sdk';
import { MISMATCH_MARK, parseExpression, textExpression } from '../column-types.ts';
import type { Connectors, Work } from '../connector.ts';
import { firstLines, ident, literal, withDuck } from '../duckdb.ts';
import { DataError, TypeMismatchError } from '../errors.ts';
import { placesOf } from '../lineage/places.ts';
import { drainPipe, feedPipe, makePipe } from '../named-pipe.ts';
import { connectorOf, openResult } from '../operation.ts';
import { publish } from '../publish.ts';
import { publishDirectly } from '../publish-directly.ts';
import { PARQUET, parquetRelation, type Relation } from '../relation.ts';
import { RowPass } from './row-pass.ts';
import type { GivenTransform, TransformKind } from './transform-operation.ts';

/** For the query that reads what the function made, beside the one that feeds it. */
const READER = { memoryLimit: '192MB', threads: 1 };

export const transformRows: TransformKind = async (given, work, connectors) => {
  const { operation, inputs, where } = given;
  const [source] = Object.values(operation.sources);
  const to = columnsOf(operation.columns ?? {});
  let pass: RowPass | undefined;
  const open = (from: readonly Column[]): RowPass => {
    pass = passOf(given, from, to, 'copy', work);
    return pass;
  };
  const plain = operation.onError !== 'quarantine' && !to.some(({ type }) => elementType(type));
  const direct = source && plain && (await publishDirectly(operation, source, where, work, connectors, { columns: to, open }));
  if (direct) return { ...direct, transformed: countsOf(pass), lineage: placesOf(operation, inputs, direct) };

  const made = await throughDuck(given, await inputOf(given, work, connectors), to, work);
  const { rows, relation, transformed } = made;
  const counts = { in: rows, out: rows, deduplicated: 0, quarantined: 0 };
  const result = await publish(operation, relation, counts, where, work, connectors);
  return { ...result, transformed, lineage: placesOf(operation, inputs, result) };
};

export function columnsOf(columns: Columns): readonly Column[] {
  return Object.entries(columns).map(([name, type]) => ({ name, type }));
}

/** The one input of a function or a program. */
export async function inputOf({ operation, inputs }: GivenTransform, work: Work, connectors: Connectors): Promise<Relation> {
  const [source] = Object.values(operation.sources);
  if (source !== undefined) return connectorOf(connectors.sources, source).open(source, work);
  const [name = '', result] = Object.entries(inputs)[0] ?? [];
  return openResult(name, result, work);
}

function passOf(
  { operation, where }: GivenTransform,
  from: readonly Column[],
  to: readonly Column[],
  form: 'copy' | 'csv',
  { context }: Work,
  refuse?: (number: number, row: unknown, reason: string) => void,
): RowPass {
  const { row, batch, batchSize } = operation;
  const { log, signal, params, interval } = context;
  return new RowPass({
    where,
    from,
    to,
    form,
    ...(row === undefined ? {} : { row }),
    ...(batch === undefined ? {} : { batch }),
    ...(batchSize === undefined ? {} : { batchSize }),
    ...(refuse === undefined ? {} : { refuse }),
    context: { log, signal, params, interval },
  });
}

function countsOf(pass: RowPass | undefined): TransformedRows {
  return { ...(pass?.counts ?? { read: 0, dropped: 0, failed: 0, made: 0 }) };
}

interface MadeRows {
  readonly relation: Relation;
  readonly rows: number;
  readonly transformed: TransformedRows;
}

async function throughDuck(given: GivenTransform, from: Relation, to: readonly Column[], work: Work): Promise<MadeRows> {
  const [out, back] = [await makePipe(work.scratch, 'rows'), await makePipe(work.scratch, 'made')];
  const refused = given.operation.onError === 'quarantine' ? refusals(join(work.scratch, 'refused.jsonl')) : undefined;
  const pass = passOf(given, from.columns, to, 'csv', work, refused?.refuse);
  const file = join(work.scratch, 'made.parquet');
  const apart = join(work.scratch, 'reader');
  await mkdir(apart, { recursive: true });
  const write = (): Promise<number> =>
    work.duck.run(`copy (${linesOf(from)}) to ${literal(out)} (format csv, header false, quote '', escape '', use_tmp_file false)`);
  const rows = await withDuck(apart, work.signal, READER, async (reader) => {
    const start = async (): Promise<number> => {
      const query = write();
      const stream = drainPipe(out, query);
      const reading = reader.run(`copy (${madeRows(back, to)}) to ${literal(file)} (${PARQUET})`);
      const piped = pipeline(stream, pass);
      const [fed, drained, queried] = await Promise.allSettled([feedPipe(back, pass, reading), piped, query]);
      if (fed.status === 'rejected' && fed.reason !== pass.errored)
        throw drained.status === 'rejected' && isOurs(drained.reason) ? drained.reason : explainMade(fed.reason, given.where);
      if (drained.status === 'rejected') throw drained.reason;
      if (queried.status === 'rejected') throw queried.reason;
      return fed.status === 'fulfilled' ? fed.value : 0;
    };
    try {
      return await (from.feed ? from.feed(start) : start());
    } catch (error) {
      throw (await from.explain?.(error)) ?? error;
    }
  });
  await refused?.end();
  work.progress({ phase: 'transforming', rows });
  const base = parquetRelation([file], to);
  const relation = pass.counts.failed > 0 && refused !== undefined ? { ...base, refused: refused.select } : base;
  return { relation, rows, transformed: countsOf(pass) };
}

function isOurs(error: unknown): boolean {
  return error instanceof DataError;
}

/** One text a row, in the form of `COPY`. */
function linesOf({ select, columns }: Relation): string {
  const fields = columns.map(({ name, type }) => {
    const value = type === 'boolean' ? `case when ${ident(name)} then 't' else 'f' end` : textExpression(ident(name), type);
    const text = ESCAPED.has(type) || elementType(type) ? escaped(value) : value;
    return `case when ${ident(name)} is null then '\\N' else ${text} end`;
  });
  return `select concat(${fields.join(`, chr(9), `)}) from (${select})`;
}

const ESCAPED: ReadonlySet<string> = new Set(['text', 'json', 'bytes', 'numeric']);

function escaped(text: string): string {
  return `replace(replace(replace(replace(${text}, '\\', '\\\\'), chr(9), '\\t'), chr(10), '\\n'), chr(13), '\\r')`;
}

function madeRows(pipe: string, columns: readonly Column[]): string {
  const types = columns.map((_, index) => `'c${index}': 'VARCHAR'`).join(', ');
  const rows = `read_csv(${literal(pipe)}, auto_detect = false, header = false, delim = '\t', quote = '"', escape = '"', nullstr = '\\N', allow_quoted_nulls = false, new_line = '\\n', max_line_size = 8388608, buffer_size = 8388608, columns = {${types}})`;
  const values = columns.map((column, index) => `${parseExpression(`c${index}`, column)} as ${ident(column.name)}`);
  return `select ${values.join(', ')} from ${rows}`;
}

function explainMade(error: unknown, where: string): unknown {
  const message = error instanceof Error ? error.message : String(error);
  const mark = message.indexOf(MISMATCH_MARK);
  return mark < 0
    ? error
    : new TypeMismatchError(`${where}: ${firstLines(message.slice(mark + MISMATCH_MARK.length), 1)}`, { cause: error });
}

/** Rows that failed, in a file until their load puts them aside. */
function refusals(file: string): {
  readonly refuse: (number: number, row: unknown, reason: string) => void;
  readonly end: () => Promise<void>;
  readonly select: string;
} {
  let stream: WriteStream | undefined;
  return {
    refuse(number, row, reason) {
      stream ??= createWriteStream(file);
      const raw = JSON.stringify(row, (_, value: unknown) =>
        typeof value === 'bigint' ? String(value) : value instanceof Uint8Array ? `\\x${Buffer.from(value).toString('hex')}` : value,
      );
      stream.write(`${JSON.stringify({ line: number, reason, raw })}\n`);
    },
    async end() {
      if (stream === undefined) return;
      stream.end();
      await finished(stream);
    },
    select: `select line, null::varchar as "column", reason, raw from read_json(${literal(file)}, format = 'newline_delimited', columns = {line: 'BIGINT', reason: 'VARCHAR', raw: 'VARCHAR'})`,
  };
}
