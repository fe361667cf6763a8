/**
 * Any program over rows: each row is a line of JSON on its standard input, and each line that it prints is a row, or a word to us.
 *
 * P1. Nothing that it prints is published before it has ended with code 0 and has read all rows, or has said that it needs no more.
 * P2. Numbers that JavaScript's cannot hold (int8, decimals) are texts in JSON, on both ways.
 */
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Readable, Transform, type TransformCallback, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Column, elementType } from '@headrace/sdk';
import { MISMATCH_MARK, parseExpression, textExpression, validExpression } from '../column-types.ts';
import type { Work } from '../connector.ts';
import { firstLines, ident, literal } from '../duckdb.ts';
import { DataError, TypeMismatchError } from '../errors.ts';
import { placesOf } from '../lineage/places.ts';
import { drainPipe, makePipe } from '../named-pipe.ts';
import { publish } from '../publish.ts';
import { PARQUET, parquetRelation, type Relation } from '../relation.ts';
import { LONGEST_ROW, PrintedRows } from './printed-rows.ts';
import { type RunningProgram, startProgram } from './program-process.ts';
import type { TransformKind } from './transform-operation.ts';
import { columnsOf, inputOf } from './transform-rows.ts';

export const transformByProgram: TransformKind = async (given, work, connectors) => {
  const { operation, inputs, where } = given;
  const { program = { command: [''] }, onError } = operation;
  const to = columnsOf(operation.columns ?? {});
  const from = await inputOf(given, work, connectors);
  const folder = join(work.scratch, 'program');
  await mkdir(folder, { recursive: true });
  const running = startProgram(program, folder, where, work.log);
  const printed = new PrintedRows(where, work, program.maxRows);
  const lines = join(work.scratch, 'printed.csv');
  const abort = (): void => void running.stop();
  work.signal.addEventListener('abort', abort);
  let read = 0;
  try {
    read = await converse(from, running, printed, lines, where, work);
  } catch (error) {
    await running.stop();
    throw error;
  } finally {
    work.signal.removeEventListener('abort', abort);
  }
  const made = await rowsOf(lines, printed, to, onError === 'quarantine', where, work);
  const counts = { in: made.rows, out: made.rows, deduplicated: 0, quarantined: 0 };
  const result = await publish(operation, made.relation, counts, where, work, connectors);
  const failed = made.refused;
  const dropped = Math.max(0, read - made.rows - failed);
  return { ...result, transformed: { read, dropped, failed, made: made.rows }, lineage: placesOf(operation, inputs, result) };
};

/** Gives it the rows, takes what it prints, and waits for its end. Answers with the number of rows that it was given. */
async function converse(
  from: Relation,
  running: RunningProgram,
  printed: PrintedRows,
  file: string,
  where: string,
  work: Work,
): Promise<number> {
  const given = new CountedLines();
  const pipe = await makePipe(work.scratch, 'input');
  const start = async (): Promise<void> => {
    const query = work.duck.run(
      `copy (${jsonLines(from)}) to ${literal(pipe)} (format csv, header false, quote '', escape '', use_tmp_file false)`,
    );
    const [fed, queried, taken, ended] = await Promise.allSettled([
      feed(drainPipe(pipe, query), given, running.stdin),
      query,
      pipeline(running.stdout, printed, createWriteStream(file)).catch(async (error: unknown) => {
        await running.stop();
        throw error;
      }),
      running.ended,
    ]);
    work.signal.throwIfAborted();
    // What it printed wrong is why it was ended.
    if (taken.status === 'rejected') throw taken.reason;
    if (ended.status === 'rejected') throw ended.reason;
    if (fed.status === 'rejected' && !isClosed(fed.reason)) throw fed.reason;
    if (printed.isDone) return;
    if (fed.status === 'rejected') throw unread(given.lines, where);
    if (queried.status === 'rejected') throw queried.reason;
  };
  try {
    await (from.feed ? from.feed(start) : start());
  } catch (error) {
    throw (await from.explain?.(error)) ?? error;
  }
  return given.lines;
}

/**
 * Where the program reads no more, the query must see that nobody does: the pipe is closed then, but not before the query has opened it, or
 * it would wait for a reader for ever.
 */
async function feed(rows: Readable, given: CountedLines, stdin: Writable): Promise<void> {
  let flows = false;
  rows.once('data', () => {
    flows = true;
  });
  // What ends a stream that the pipeline has let go of already is known from elsewhere.
  given.on('error', () => {});
  rows.on('error', (error) => given.destroy(error));
  rows.pipe(given);
  try {
    await pipeline(given, stdin);
  } catch (error) {
    rows.unpipe(given);
    if (flows) rows.destroy();
    else rows.once('data', () => rows.destroy());
    rows.resume();
    throw error;
  }
}

function isClosed(error: unknown): boolean {
  const { code } = (error ?? {}) as { readonly code?: string };
  return code === 'EPIPE' || code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE' || code === 'ERR_STREAM_DESTROYED';
}

function unread(rows: number, where: string): DataError {
  return new DataError(
    'HR_PROGRAM_INPUT_UNREAD',
    `${where}: the program closed its input with rows left in it, after at most ${rows}. Read all of it, or print {"headrace":{"done":true}} before. Nothing was published`,
  );
}

class CountedLines extends Transform {
  lines = 0;
  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) this.lines += 1;
    done(null, chunk);
  }
}

function jsonLines({ select, columns }: Relation): string {
  return `select json_object(${columns.map((column) => `${literal(column.name)}, ${jsonValue(column)}`).join(', ')})::varchar from (${select})`;
}

function jsonValue({ name, type }: Column): string {
  const value = ident(name);
  if (elementType(type)) return `case when ${value} is null then null else ${textExpression(value, type)}::json end`;
  switch (type) {
    case 'boolean':
    case 'int2':
    case 'int4':
    case 'json':
      return value;
    case 'float4':
    case 'float8':
      return `case when isfinite(${value}) then to_json(${value}) else to_json(${value}::varchar) end`;
    case 'timestamp':
      return `replace(${textExpression(value, type)}, ' ', 'T')`;
    case 'timestamptz':
      return `regexp_replace(replace(${textExpression(value, type)}, ' ', 'T'), '\\+00$', 'Z')`;
    default:
      return textExpression(value, type);
  }
}

interface ProgramRows {
  readonly relation: Relation;
  readonly rows: number;
  readonly refused: number;
}

async function rowsOf(
  file: string,
  printed: PrintedRows,
  to: readonly Column[],
  quarantine: boolean,
  where: string,
  work: Work,
): Promise<ProgramRows> {
  const lines = `read_csv(${literal(file)}, auto_detect = false, header = false, delim = '\t', quote = '"', escape = '"', nullstr = '\\N', allow_quoted_nulls = false, new_line = '\\n', max_line_size = ${2 * LONGEST_ROW}, buffer_size = ${4 * LONGEST_ROW}, columns = {'line': 'BIGINT', 'text': 'VARCHAR'})`;
  if (printed.rows === 0) return { relation: withRefused(parquetRelation([], to), [], printed), rows: 0, refused: printed.refused.length };
  const cell = ({ name }: Column): string =>
    `json_extract_string(text, ${literal(`/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`)})`;
  const valid = to.map((column) => `(${cell(column)} is null or ${validExpression(cell(column), column)})`).join(' and ');
  const fits = `case when json_valid(text) then ${valid} else false end`;
  if (!quarantine) {
    const [bad] = await work.duck.rows(`select line, substr(text, 1, 200) as text from ${lines} where not json_valid(text) limit 1`);
    if (bad !== undefined)
      throw new DataError(
        'HR_PROGRAM_OUTPUT',
        `${where}: line ${bad.line} that the program printed is no JSON: ${bad.text}. Nothing was published`,
      );
  }
  const values = to.map(
    (column) => `${parseExpression(cell(column), column, `'line ' || line || ' that the program printed: '`)} as ${ident(column.name)}`,
  );
  const made = join(work.scratch, 'program.parquet');
  let rows: number;
  try {
    rows = await work.duck.run(
      `copy (select ${values.join(', ')} from ${lines}${quarantine ? ` where ${fits}` : ''}) to ${literal(made)} (${PARQUET})`,
    );
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const mark = message.indexOf(MISMATCH_MARK);
    throw mark < 0
      ? error
      : new TypeMismatchError(`${where}: ${firstLines(message.slice(mark + MISMATCH_MARK.length), 1)}`, { cause: error });
  }
  const misfits = quarantine
    ? [
        `select line, null::varchar as "column", 'not a row with values of the declared types' as reason, text as raw from ${lines} where not (${fits})`,
      ]
    : [];
  return {
    relation: withRefused(parquetRelation([made], to), misfits, printed),
    rows,
    refused: printed.rows - rows + printed.refused.length,
  };
}

function withRefused(relation: Relation, misfits: readonly string[], { refused }: PrintedRows): Relation {
  const own = refused.map(
    // Its number is that of a row that came in; those of the others are lines that were printed.
    ({ row, reason, raw }) =>
      `select null::bigint as line, null::varchar as "column", ${literal(row === null ? reason : `row ${row}: ${reason}`)} as reason, ${literal(raw)} as raw`,
  );
  const all = [...misfits, ...own];
  return all.length === 0 ? relation : { ...relation, refused: all.join(' union all ') };
}
