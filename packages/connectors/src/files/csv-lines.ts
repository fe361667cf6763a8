/** Lines of a CSV file: which one is the header, and at which one a record stands. For errors, so that they name a line. */
import { createReadStream } from 'node:fs';
import { DataError, firstLines } from '@headrace/dataplane';
import type { Columns } from '@headrace/sdk';
import { parse } from 'csv-parse';
import type { CsvDialect } from './csv-dialect.ts';

/** In bytes. */
const LONGEST_HEADER = 1024 * 1024;

/** The names of the columns in their order: of the header, else the declared ones, else `column_1` … Throws DataError HR_CSV_HEADER. */
export async function readHeader(file: string, url: string, dialect: CsvDialect, declared?: Columns): Promise<readonly string[]> {
  const { headerLine } = dialect;
  const line = Math.max(headerLine, 1 + (headerLine === 0 ? dialect.skip : 0));
  const names = await firstRecord(file, url, dialect, line);
  if (headerLine === 0) {
    if (declared) return Object.keys(declared);
    if (names === undefined)
      throw new DataError('HR_CSV_HEADER', `${url} is empty and has no header, so its columns are not known: declare "columns"`);
    return names.map((_, index) => `column_${index + 1}`);
  }
  if (names === undefined) throw new DataError('HR_CSV_HEADER', `${url} is empty: line ${line} must name the columns`);
  const first = names[0] ?? '';
  if (first.startsWith('\ufeff'))
    throw new DataError('HR_CSV_HEADER', `${url}:1: the file begins with two byte order marks. Have it written with one or none`);
  const nul = names.find((name) => name.includes('\0'));
  if (nul !== undefined)
    throw new DataError(
      'HR_CSV_HEADER',
      `${url}:${line}: the header holds zero bytes: the file is damaged, or encoded otherwise, for example as utf-16le`,
    );
  const seen = new Set<string>();
  for (const name of names) {
    const folded = name.trim().toLowerCase();
    if (folded === '')
      throw new DataError(
        'HR_CSV_HEADER',
        `${url}:${line}: the header has a column without a name. It is: ${names.join(dialect.delimiter).slice(0, 200)}`,
      );
    if (seen.has(folded))
      throw new DataError(
        'HR_CSV_HEADER',
        `${url}:${line}: the header names the column "${name}" twice. Names that differ only in their case are the same`,
      );
    seen.add(folded);
  }
  return names;
}

async function firstRecord(file: string, url: string, dialect: CsvDialect, line: number): Promise<readonly string[] | undefined> {
  const bytes = createReadStream(file);
  const parser = parse({
    delimiter: dialect.delimiter,
    quote: dialect.quote === '' ? false : dialect.quote,
    escape: dialect.escape === '' ? null : dialect.escape,
    ...(dialect.comment === '' ? {} : { comment: dialect.comment }),
    from_line: line,
    to: 1,
    relax_column_count: true,
    bom: true,
    trim: dialect.trim,
    max_record_size: LONGEST_HEADER,
    skip_empty_lines: true,
  });
  bytes.on('error', (error) => parser.destroy(error));
  try {
    for await (const record of bytes.pipe(parser)) return record as string[];
    return undefined;
  } catch (error) {
    throw new DataError('HR_CSV_HEADER', `${url}:${line}: the header cannot be read: ${firstLines(error, 1)}`, { cause: error });
  } finally {
    bytes.destroy();
  }
}

/** The line at which the record of this number, from 1 behind the header, begins. Undefined when the file has no such record. */
export async function lineOfRecord(file: string, dialect: CsvDialect, record: number, columns: number): Promise<number | undefined> {
  const code = (text: string): number => (text === '' ? -1 : text.charCodeAt(0));
  const [quote, escaping, comment] = [code(dialect.quote), code(dialect.escape), code(dialect.comment)];
  const lastOfDelimiter = code(dialect.delimiter.slice(-1));
  const end = (await endsInCarriageReturn(file)) ? 0x0d : 0x0a;
  let left = record + dialect.headerLine + dialect.skip;
  let line = 1;
  let begin = 1;
  let length = 0;
  let quoted = false;
  let escaped = false;
  let fieldStart = true;
  let inComment = false;
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    for (const byte of chunk) {
      if (byte === end) {
        line += 1;
        if (!quoted) {
          // A line without anything is a record only where there is one column, or before the header, whose lines are counted.
          const counts = !inComment && (length > 0 || columns === 1 || left > record);
          if (counts) {
            left -= 1;
            if (left === 0) return begin;
          }
          begin = line;
          length = 0;
          fieldStart = true;
          inComment = false;
          continue;
        }
      }
      if (byte !== 0x0d) length += 1;
      if (inComment) continue;
      if (escaped) escaped = false;
      else if (quoted && byte === escaping && escaping !== quote) escaped = true;
      else if (byte === quote && (quoted || fieldStart)) quoted = !quoted;
      else if (byte === comment && !quoted && length === 1) inComment = true;
      // A quote that was doubled opens again what it closed.
      fieldStart = byte === lastOfDelimiter || byte === quote;
    }
  }
  return length > 0 && left === 1 ? begin : undefined;
}

async function endsInCarriageReturn(file: string): Promise<boolean> {
  for await (const chunk of createReadStream(file, { end: 1 << 20 }) as AsyncIterable<Buffer>)
    if (chunk.includes(0x0a)) return false;
    else if (chunk.includes(0x0d)) return true;
  return false;
}

/** The first line that does not end like the first one. */
export async function firstOtherLineEnd(file: string): Promise<number | undefined> {
  let first: string | undefined;
  let line = 1;
  let last = 0;
  const compare = (found: string): boolean => {
    first ??= found;
    return found === first;
  };
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    for (const byte of chunk) {
      if (last === 0x0d && byte !== 0x0a) {
        if (!compare('\r')) return line;
        line += 1;
      }
      if (byte === 0x0a) {
        if (!compare(last === 0x0d ? '\r\n' : '\n')) return line;
        line += 1;
      }
      last = byte;
    }
  }
  return undefined;
}
