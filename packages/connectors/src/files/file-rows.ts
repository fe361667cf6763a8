/** One local file of rows in each format. The same rows give the same bytes. */
import { createWriteStream } from 'node:fs';
import { Readable, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { DataError, firstLines, ident, literal, type Work } from '@headrace/dataplane';
import { csvDialect } from './csv-dialect.ts';
import { writeExcel } from './excel-target.ts';
import { type RowsToWrite, type RowText, rowLines, rowText } from './row-lines.ts';
import { diskFull } from './text-columns.ts';
import { packer } from './unpack.ts';
import { jsonOf, plainTextOf, UNWRITABLE_MARK, xmlOf } from './value-texts.ts';

const BLOCK = 1_048_576;

/** Writes `file` and answers with the number of rows. */
type WriteRows = (rows: RowsToWrite, file: string, work: Work) => Promise<number>;

const KINDS: Readonly<Record<string, WriteRows>> = {
  csv: writeCsv,
  json: (rows, file, work) => writeJson(rows, file, work, true),
  ndjson: (rows, file, work) => writeJson(rows, file, work, false),
  xml: writeXml,
  parquet: ({ select }, file, { duck }) => duck.run(`copy (${select}) to ${literal(file)} (format parquet, compression zstd)`),
  excel: writeExcel,
};

/** Throws DataError: HR_FILE_KIND, HR_VALUE_UNWRITABLE, HR_DISK_FULL and what is wrong with the options. */
export async function writeRows(kind: string, rows: RowsToWrite, file: string, work: Work): Promise<number> {
  const write = KINDS[kind];
  if (!write) throw new DataError('HR_FILE_KIND', `A file cannot be written as "${kind}"; use ${Object.keys(KINDS).join(', ')}`);
  try {
    return await write(rows, file, work);
  } catch (error) {
    work.signal.throwIfAborted();
    const message = error instanceof Error ? error.message : String(error);
    const mark = message.indexOf(UNWRITABLE_MARK);
    if (mark >= 0)
      throw new DataError('HR_VALUE_UNWRITABLE', `${rows.url}: ${firstLines(message.slice(mark + UNWRITABLE_MARK.length), 1)}`);
    throw diskFull(error, rows.url) ?? error;
  }
}

async function writeCsv(rows: RowsToWrite, file: string, work: Work): Promise<number> {
  const { settings, columns, select, url } = rows;
  if (settings.excel === true) return writeExcelCsv(rows, file, work);
  const dialect = csvDialect(settings, url);
  const texts = columns.map((column) => `${plainTextOf(column, dialect)} as ${ident(column.name)}`);
  const options = [
    'format csv',
    `header ${dialect.headerLine > 0}`,
    `delimiter ${literal(dialect.delimiter)}`,
    `quote ${literal(dialect.quote)}`,
    `escape ${literal(dialect.escape)}`,
    `nullstr ${literal(dialect.nulls[0] ?? '')}`,
  ];
  return assemble(rows, '', await rowText(`select ${texts.join(', ')} from (${select})`, options, work), '', file, work);
}

/**
 * What a double click opens as a table: every value in quotes, lines end as Excel ends them, and a text that begins like a formula has a `'`
 * before it, so that nothing of it is ever executed.
 */
async function writeExcelCsv(rows: RowsToWrite, file: string, work: Work): Promise<number> {
  const { columns, select, settings, url } = rows;
  const { delimiter, dates, timestamps, decimal } = csvDialect(settings, url);
  const forms = { decimal, ...(dates === undefined ? {} : { dates }), ...(timestamps === undefined ? {} : { timestamps }) };
  const quoted = (text: string): string => `'"' || replace(${text}, '"', '""') || '"'`;
  const fields = columns.map((column) => {
    const text = plainTextOf(column, forms);
    const harmless = column.type === 'text' || column.type === 'json' ? `regexp_replace(${text}, '^([=+@\\t\\r-])', '''\\1')` : text;
    return `coalesce(${quoted(harmless)}, '')`;
  });
  const lines = await rowLines(`select ${fields.join(` || ${literal(delimiter)} || `)} || chr(13) as line from (${select})`, work);
  const header = columns.map(({ name }) => `"${name.replace(/^[=+@\t\r-]/, "'$&").replaceAll('"', '""')}"`).join(delimiter);
  return assemble(rows, `\ufeffsep=${delimiter}\r\n${header}\r\n`, lines, '', file, work);
}

async function writeJson(rows: RowsToWrite, file: string, work: Work, asList: boolean): Promise<number> {
  const members = rows.columns.map(
    ({ name, type }, index) =>
      `${literal(`${index === 0 ? '' : ','}${JSON.stringify(name)}:`)} || coalesce(${jsonOf(ident(name), type)}, 'null')`,
  );
  const object = `'{' || ${members.join(' || ')} || '}'`;
  const line = asList ? `case when row_number() over () = 1 then '[' else ',' end || ${object}` : object;
  const lines = await rowLines(`select ${line} as line from (${rows.select})`, work);
  return assemble(rows, '', lines, asList ? (any) => (any ? ']\n' : '[]\n') : '', file, work);
}

const XML_NAME = /^[\p{L}_][\p{L}\p{N}_.-]*$/u;

async function writeXml(rows: RowsToWrite, file: string, work: Work): Promise<number> {
  const [row = 'row', ...outer] = String(rows.settings.record ?? 'rows/row')
    .split('/')
    .reverse();
  const around = outer.length === 0 ? ['rows'] : outer.reverse();
  for (const name of [row, ...around, ...rows.columns.map((column) => column.name)])
    if (!XML_NAME.test(name))
      throw new DataError(
        'HR_XML_NAME',
        `${rows.url}: "${name}" cannot be the name of an XML element. Name the column otherwise in the SQL`,
      );
  const elements = rows.columns.map((column) => `coalesce('<${column.name}>' || ${xmlOf(column)} || '</${column.name}>', '')`);
  const line = `'<${row}>' || ${elements.join(' || ')} || '</${row}>'`;
  const lines = await rowLines(`select ${line} as line from (select *, row_number() over () as headrace_row from (${rows.select}))`, work);
  const open = around.map((name) => `<${name}>`).join('');
  const close = [...around]
    .reverse()
    .map((name) => `</${name}>`)
    .join('');
  return assemble(rows, `<?xml version="1.0" encoding="UTF-8"?>\n${open}\n`, lines, `${close}\n`, file, work);
}

/** Head, rows and tail as one file, in its encoding and packed as its name says. Answers with the number of rows. */
async function assemble(
  rows: RowsToWrite,
  head: string,
  lines: RowText,
  /** May depend on whether there are any rows. */
  tail: string | ((any: boolean) => string),
  file: string,
  { signal }: Work,
): Promise<number> {
  const encode = encoderOf(String(rows.settings.encoding ?? 'utf-8'), rows.url);
  const whole = async function* (): AsyncGenerator<Buffer> {
    if (head !== '') yield encode(Buffer.from(head));
    let any = false;
    for await (const block of blocksOf(lines.stream)) {
      any = true;
      yield encode(block);
    }
    const last = typeof tail === 'string' ? tail : tail(any);
    if (last !== '') yield encode(Buffer.from(last));
    yield encode(Buffer.alloc(0), true);
  };
  try {
    const pack = packer(rows.name);
    if (pack) await packInto(pack, whole(), file, signal);
    else await pipeline(Readable.from(whole(), { objectMode: true, highWaterMark: 2 }), createWriteStream(file), { signal });
  } finally {
    // Whoever takes no more of the text ends the query, too.
    lines.stream.destroy();
    await lines.rows.catch(() => {});
  }
  return lines.rows;
}

/** Blocks of the same size, however the bytes come: what a packer makes of them depends on it. */
async function* blocksOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let [block, filled] = [Buffer.allocUnsafe(BLOCK), 0];
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      const copied = chunk.copy(block, filled, at);
      at += copied;
      filled += copied;
      if (filled < BLOCK) continue;
      yield block;
      [block, filled] = [Buffer.allocUnsafe(BLOCK), 0];
    }
  }
  if (filled > 0) yield block.subarray(0, filled);
}

/**
 * Each chunk is packed before the next is given, and the end is told after the last: what zstd makes of a chunk depends on whether it knows by
 * then that it is the last, and the same rows shall give the same bytes.
 */
async function packInto(pack: Transform, chunks: AsyncIterable<Buffer>, file: string, signal: AbortSignal): Promise<void> {
  const written = pipeline(pack, createWriteStream(file), { signal });
  // Awaited at the end; until then its failure is seen by the race.
  written.catch(() => {});
  for await (const chunk of chunks) {
    if (chunk.length === 0) continue;
    const taken = new Promise<void>((resolve, reject) => {
      pack.write(chunk, (error) => (error ? reject(error) : resolve()));
    });
    await Promise.race([taken, written]);
  }
  pack.end();
  await written;
}

/** From UTF-8. Throws DataError HR_ENCODING for an encoding that cannot be written, and for a character that it does not have. */
function encoderOf(encoding: string, url: string): (chunk: Buffer, isLast?: boolean) => Buffer {
  const name = encoding.toLowerCase();
  if (name === 'utf-8' || name === 'utf8') return (chunk) => chunk;
  if (name !== 'utf-16le' && name !== 'latin1' && name !== 'iso-8859-1')
    throw new DataError('HR_ENCODING', `${url} cannot be written in "${encoding}"; use utf-8, utf-16le or latin1`);
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let isFirst = true;
  return (chunk, isLast = false) => {
    const text = decoder.decode(chunk, { stream: !isLast });
    if (name === 'utf-16le') {
      const marked = isFirst && !text.startsWith('\ufeff') ? `\ufeff${text}` : text;
      isFirst = false;
      return Buffer.from(marked, 'utf16le');
    }
    const bytes = Buffer.from(text, 'latin1');
    const other = bytes.toString('latin1') === text ? undefined : [...text].find((character) => (character.codePointAt(0) ?? 0) > 0xff);
    if (other !== undefined)
      throw new DataError('HR_ENCODING', `${url}: the character "${other}" cannot be written in ${encoding}. Write utf-8`);
    return bytes;
  };
}
