/** Rows out of DuckDB, in bounded batches of documents. */
import { StringDecoder } from 'node:string_decoder';
import { DataError, drainPipe, ident, literal, makePipe, textExpression, type Work } from '@headrace/dataplane';
import type { Column } from '@headrace/sdk';
import type { Document } from 'mongodb';
import { toBson, type WriteOptions } from './to-bson.ts';

const BATCH_ROWS = 1_000;
const BATCH_BYTES = 8_388_608;

export interface StagedRow {
  /** From 0, in the order of the rows. */
  readonly ordinal: number;
  /** BSON values by column. */
  readonly values: ReadonlyMap<string, unknown>;
}

/** Streams the rows of a query. `together` are columns by which rows that are equal stay in one batch; the query must sort by them. */
export async function* stagedRows(
  select: string,
  columns: readonly Column[],
  options: WriteOptions,
  where: string,
  work: Work,
  together: readonly string[] = [],
): AsyncGenerator<readonly StagedRow[]> {
  const pipe = await makePipe(work.scratch, 'mongodb');
  const texts = columns.map((column, index) => `${textExpression(ident(column.name), column.type)} as c${index}`);
  const query = work.duck.runInOneThread(
    `copy (select ${texts.join(', ')} from (${select})) to ${literal(pipe)} (format json, use_tmp_file false)`,
  );
  query.catch(() => {});
  const keys = together.map((name) => columns.findIndex((column) => column.name === name));
  let [batch, bytes, ordinal, last]: [StagedRow[], number, number, string | undefined] = [[], 0, 0, undefined];
  try {
    for await (const line of linesOf(drainPipe(pipe, query))) {
      const texts = JSON.parse(line) as Record<string, string | null>;
      const key = JSON.stringify(keys.map((index) => texts[`c${index}`]));
      if ((batch.length >= BATCH_ROWS || bytes >= BATCH_BYTES) && (keys.length === 0 || key !== last)) {
        yield batch;
        [batch, bytes] = [[], 0];
      }
      last = key;
      const row = ordinal + 1;
      const values = new Map(
        columns.map((column, index) => [column.name, toBson(texts[`c${index}`] ?? null, column, options, where, row)]),
      );
      batch.push({ ordinal, values });
      ordinal += 1;
      bytes += line.length;
    }
    await query;
  } finally {
    // Whoever wants no more of it has closed the pipe, and the query ends with it.
    await query.catch(() => {});
  }
  if (batch.length > 0) yield batch;
}

/** Columns with dotted names are fields of nested documents. Throws DataError for two that are in each other's way. */
export function documentOf(values: ReadonlyMap<string, unknown>): Document {
  const document: Document = {};
  for (const [path, value] of values) {
    const names = path.split('.');
    let into = document;
    for (const name of names.slice(0, -1)) {
      into[name] ??= {};
      into = into[name] as Document;
    }
    into[names.at(-1) ?? path] = value;
  }
  return document;
}

/** Throws DataError for names that MongoDB has for itself, and for a column below another one. */
export function checkNames(columns: readonly Column[], where: string): void {
  const names = columns.map(({ name }) => name);
  for (const name of names) {
    const wrong =
      name.startsWith('$') || name.includes('\0') || name.split('.').includes('') || names.some((other) => name.startsWith(`${other}.`));
    if (wrong)
      throw new DataError(
        'HR_FIELD_NAME',
        `${where}: "${name}" cannot be a field beside the others: it begins with "$", has an empty part, or lies inside another column. Rename it in SQL`,
      );
  }
}

/** Lines end with `\n` alone: other characters that end lines may stand in text. */
async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + decoder.write(chunk)).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}
