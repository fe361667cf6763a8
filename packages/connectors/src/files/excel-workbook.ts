/**
 * What a reader has to know of an Excel workbook: its sheets, its shared texts, and which cells hold dates. A workbook is a zip file of XML.
 *
 * W1. Sheets are streamed; the shared texts, which any cell may name, are in memory, and bounded.
 */
import { DataError, firstLines } from '@headrace/dataplane';
import { SaxesParser, type SaxesTagPlain } from 'saxes';
import { type Entry, openPromise, type ZipFile } from 'yauzl';

const MOST_SHARED = 128 * 1024 * 1024;
/** Formats that Excel has built in and that show a date, a time, or both. */
const BUILT_IN_DATES = [...range(14, 22), ...range(27, 36), ...range(45, 47), ...range(50, 58)];

export interface Workbook {
  readonly sharedTexts: readonly string[];
  /** By style number: whether numbers of that style are shown as a date. */
  readonly dateStyles: ReadonlySet<number>;
  readonly startsIn1904: boolean;
  readonly sheet: { readonly name: string; readonly chunks: () => AsyncGenerator<string> };
}

/** Opens the sheet of that name or number, runs `use`, and closes the file. Throws DataError HR_FILE_DAMAGED, HR_SHEET_NOT_FOUND. */
export async function withWorkbook<T>(
  file: string,
  url: string,
  wanted: string | number,
  use: (workbook: Workbook) => Promise<T>,
): Promise<T> {
  let zip: ZipFile | undefined;
  try {
    zip = await openPromise(file, { lazyEntries: true, autoClose: false });
    const entries = await entriesOf(zip);
    return await use(await workbookOf(zip, entries, url, wanted));
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw new DataError('HR_FILE_DAMAGED', `${url} cannot be read as an Excel workbook (.xlsx): ${firstLines(error, 1)}`, { cause: error });
  } finally {
    zip?.close();
  }
}

async function entriesOf(zip: ZipFile): Promise<ReadonlyMap<string, Entry>> {
  const entries = new Map<string, Entry>();
  for await (const entry of zip.eachEntry()) entries.set(entry.fileName, entry);
  return entries;
}

async function workbookOf(zip: ZipFile, entries: ReadonlyMap<string, Entry>, url: string, wanted: string | number): Promise<Workbook> {
  const parts = (path: string): AsyncGenerator<string> => textOf(zip, entries.get(path));
  const sheets: { readonly name: string; readonly id: string }[] = [];
  let startsIn1904 = false;
  await eachElement(parts('xl/workbook.xml'), (name, attributes) => {
    if (name === 'sheet') sheets.push({ name: attributes.name ?? '', id: attributes['r:id'] ?? '' });
    if (name === 'workbookPr') startsIn1904 = attributes.date1904 === '1' || attributes.date1904 === 'true';
  });
  if (sheets.length === 0) throw new DataError('HR_FILE_DAMAGED', `${url} is no Excel workbook (.xlsx): it has no sheets`);
  const sheet = typeof wanted === 'number' ? sheets[wanted - 1] : sheets.find(({ name }) => name === wanted);
  if (!sheet)
    throw new DataError(
      'HR_SHEET_NOT_FOUND',
      `${url} has no sheet ${JSON.stringify(wanted)}. Its sheets are ${sheets.map(({ name }) => `"${name}"`).join(', ')}`,
    );
  const targets = new Map<string, string>();
  await eachElement(parts('xl/_rels/workbook.xml.rels'), (name, { Id = '', Target = '' }) => {
    if (name === 'Relationship') targets.set(Id, Target.startsWith('/') ? Target.slice(1) : `xl/${Target}`);
  });
  const path = targets.get(sheet.id) ?? '';
  if (!entries.has(path)) throw new DataError('HR_FILE_DAMAGED', `${url}: the sheet "${sheet.name}" is not in the file`);
  return {
    sharedTexts: await sharedTextsOf(parts('xl/sharedStrings.xml'), url),
    dateStyles: await dateStylesOf(parts('xl/styles.xml')),
    startsIn1904,
    sheet: { name: sheet.name, chunks: () => parts(path) },
  };
}

async function* textOf(zip: ZipFile, entry: Entry | undefined): AsyncGenerator<string> {
  if (!entry) return;
  const decoder = new TextDecoder('utf-8', { fatal: true });
  for await (const chunk of await zip.openReadStreamPromise(entry)) yield decoder.decode(chunk as Buffer, { stream: true });
  yield decoder.decode();
}

async function eachElement(
  chunks: AsyncIterable<string>,
  see: (name: string, attributes: Readonly<Record<string, string>>) => void,
): Promise<void> {
  const parser = new SaxesParser();
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', (tag) => see(localName(tag.name), (tag as SaxesTagPlain).attributes));
  for await (const chunk of chunks) parser.write(chunk);
}

async function sharedTextsOf(chunks: AsyncIterable<string>, url: string): Promise<readonly string[]> {
  const texts: string[] = [];
  let size = 0;
  let text = '';
  let inText = false;
  let inReading = false;
  const parser = new SaxesParser();
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name }) => {
    if (localName(name) === 'si') text = '';
    // How a Japanese text is pronounced is no part of it.
    if (localName(name) === 'rPh') inReading = true;
    inText = localName(name) === 't' && !inReading;
  });
  parser.on('text', (part) => {
    if (inText) text += part;
  });
  parser.on('closetag', ({ name }) => {
    inText = false;
    if (localName(name) === 'rPh') inReading = false;
    if (localName(name) !== 'si') return;
    size += text.length;
    if (size > MOST_SHARED)
      throw new DataError(
        'HR_FILE_DAMAGED',
        `${url} has more than ${MOST_SHARED} characters of shared texts, which cannot be kept. Save it as CSV`,
      );
    texts.push(plainText(text));
  });
  for await (const chunk of chunks) parser.write(chunk);
  return texts;
}

/** Excel writes what XML cannot hold as `_x0001_`. */
export function plainText(text: string): string {
  return text.replace(/_x([0-9A-Fa-f]{4})_/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

async function dateStylesOf(chunks: AsyncIterable<string>): Promise<ReadonlySet<number>> {
  const dates = new Set<string>(BUILT_IN_DATES.map(String));
  const styles = new Set<number>();
  let inCells = false;
  let style = 0;
  await eachElement(chunks, (name, { numFmtId = '0', formatCode = '' }) => {
    if (name === 'numFmt' && isDateFormat(formatCode)) dates.add(numFmtId);
    if (name === 'cellXfs' || name === 'cellStyleXfs' || name === 'cellStyles') inCells = name === 'cellXfs';
    if (name !== 'xf' || !inCells) return;
    if (dates.has(numFmtId)) styles.add(style);
    style += 1;
  });
  return styles;
}

function isDateFormat(code: string): boolean {
  return /[ymdhs]/i.test(code.replace(/"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]/gi, '').replace(/general/gi, ''));
}

export function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}
