/** An Excel workbook, `.xlsx`: the rows of one sheet as texts, numbers as Excel shows them (15 digits), dates as ISO 8601. */
import { join } from 'node:path';
import { DataError, localFile } from '@headrace/dataplane';
import type { Columns } from '@headrace/sdk';
import { SaxesParser, type SaxesTagPlain } from 'saxes';
import { localName, plainText, type Workbook, withWorkbook } from './excel-workbook.ts';
import { assertUnchanged, write } from './local-text.ts';
import type { OpenFile } from './source-file.ts';
import { openRecords } from './text-records.ts';

const DAY_MILLISECONDS = 86_400_000;

export const openExcel: OpenFile = async (source, place, work) => {
  const { root, path, url, index } = source;
  const { sheet = 1, header = 1, nulls = [], badRows } = place.settings;
  const local = await localFile(root, path, work, 'files');
  const file = join(work.scratch, `records-${index}.ndjson`);
  const keys = await withWorkbook(local, url, typeof sheet === 'number' ? sheet : String(sheet), async (workbook) => {
    const rows = new SheetRows(
      workbook,
      url,
      Number(header),
      new Set(Array.isArray(nulls) ? nulls.map(String) : [String(nulls)]),
      place.columns ?? {},
    );
    const lines = async function* (): AsyncGenerator<Buffer> {
      for await (const chunk of workbook.sheet.chunks()) yield Buffer.from(rows.write(chunk));
      yield Buffer.from(rows.end());
    };
    await write(lines(), file, url, work);
    return rows.names();
  });
  await assertUnchanged(source);
  return openRecords({ file, url, keys, quarantine: badRows === 'quarantine' }, place, work);
};

/** Turns chunks of a sheet into lines of records. */
class SheetRows {
  readonly #parser = new SaxesParser();
  readonly #workbook: Workbook;
  readonly #url: string;
  readonly #headerRow: number;
  readonly #nulls: ReadonlySet<string>;
  /** Columns whose binary fractions are wanted as they are. */
  readonly #floats: ReadonlySet<string>;
  readonly #names = new Map<number, string>();
  #sawHeader = false;
  #row = 0;
  #column = 0;
  #type = 'n';
  #style = 0;
  #text = '';
  #takesText = false;
  #cells = new Map<number, string>();
  #lines: string[] = [];

  constructor(workbook: Workbook, url: string, headerRow: number, nulls: ReadonlySet<string>, columns: Columns) {
    this.#floats = new Set(Object.entries(columns).flatMap(([name, type]) => (type === 'float4' || type === 'float8' ? [name] : [])));
    this.#workbook = workbook;
    this.#url = url;
    this.#headerRow = headerRow;
    this.#nulls = nulls;
    this.#parser.on('error', (error) => {
      throw this.#fault('HR_FILE_DAMAGED', `the sheet is no XML: ${error.message}`);
    });
    this.#parser.on('opentag', (tag) => this.#openTag(localName(tag.name), (tag as SaxesTagPlain).attributes));
    this.#parser.on('text', (text) => {
      if (this.#takesText) this.#text += text;
    });
    this.#parser.on('closetag', ({ name }) => this.#closeTag(localName(name)));
  }

  write(chunk: string): string {
    this.#parser.write(chunk);
    return this.#lines.splice(0).join('');
  }

  end(): string {
    this.#parser.close();
    return this.#lines.splice(0).join('');
  }

  /** Throws when there is no header. */
  names(): readonly string[] {
    if (this.#names.size === 0) throw this.#fault('HR_EXCEL_HEADER', `row ${this.#headerRow} is empty: it must name the columns`);
    return [...this.#names.values()];
  }

  #openTag(name: string, attributes: Readonly<Record<string, string>>): void {
    if (name === 'row') {
      this.#row = attributes.r === undefined ? this.#row + 1 : Number(attributes.r);
      this.#column = 0;
      this.#cells = new Map();
    } else if (name === 'c') {
      this.#column = attributes.r === undefined ? this.#column + 1 : columnNumber(attributes.r);
      this.#type = attributes.t ?? 'n';
      this.#style = Number(attributes.s ?? 0);
      this.#text = '';
    }
    this.#takesText = name === 'v' || (name === 't' && this.#type === 'inlineStr');
  }

  #closeTag(name: string): void {
    this.#takesText = false;
    if (name === 'c') {
      const value = this.#value();
      if (value !== undefined && !this.#nulls.has(value)) this.#cells.set(this.#column, value);
    } else if (name === 'row') this.#endRow();
  }

  #endRow(): void {
    if (this.#row === this.#headerRow) {
      for (const [column, text] of this.#cells) {
        const taken = [...this.#names.values()].some((name) => name.toLowerCase() === text.trim().toLowerCase());
        if (taken || text.trim() === '')
          throw this.#fault('HR_EXCEL_HEADER', `row ${this.#row} names the column "${text}" twice, or a column without a name`);
        this.#names.set(column, text);
      }
      this.#sawHeader = true;
    }
    if (this.#row <= this.#headerRow || this.#cells.size === 0) return;
    if (!this.#sawHeader) throw this.#fault('HR_EXCEL_HEADER', `row ${this.#headerRow} is empty: it must name the columns`);
    const record: Record<string, string> = { headrace_line: String(this.#row) };
    for (const [column, text] of this.#cells) {
      const name = this.#names.get(column);
      if (name === undefined)
        throw this.#fault(
          'HR_BAD_ROW',
          `row ${this.#row} has the value ${JSON.stringify(text.slice(0, 100))} in column ${column}, which has no name`,
        );
      record[name] = text;
    }
    this.#lines.push(`${JSON.stringify(record)}\n`);
  }

  #value(): string | undefined {
    const text = this.#text;
    switch (this.#type) {
      case 's':
        return this.#workbook.sharedTexts[Number(text)];
      case 'inlineStr':
      case 'str':
        return plainText(text);
      case 'b':
        return text === '1' ? 'true' : 'false';
      case 'e':
      case 'd':
        return text;
      default:
        if (text === '') return undefined;
        return this.#workbook.dateStyles.has(this.#style) ? dateText(Number(text), this.#workbook.startsIn1904) : this.#numberText(text);
    }
  }

  #numberText(text: string): string {
    const name = this.#names.get(this.#column);
    return name !== undefined && this.#floats.has(name) ? text : numberText(text);
  }

  #fault(code: string, what: string): DataError {
    return new DataError(code, `${this.#url}:${this.#row}: sheet "${this.#workbook.sheet.name}": ${what}`);
  }
}

function columnNumber(reference: string): number {
  let column = 0;
  for (const letter of reference) {
    if (letter < 'A' || letter > 'Z') break;
    column = column * 26 + letter.charCodeAt(0) - 64;
  }
  return column;
}

/** Excel counts in binary fractions and shows 15 digits: 0.30000000000000004 is 0.3. */
function numberText(text: string): string {
  if (/^-?\d{1,15}$/.test(text)) return text;
  const [digits = '', exponent = '0'] = Number(text).toPrecision(15).split('e');
  const shift = Number(exponent);
  const [whole = '', fraction = ''] = digits.split('.');
  if (shift === 0) return fraction === '' ? whole : `${whole}.${fraction}`.replace(/\.?0+$/, '');
  if (Math.abs(shift) > 40) return String(Number(text));
  const sign = whole.startsWith('-') ? '-' : '';
  const all = `${whole.replace('-', '')}${fraction}`;
  if (shift < 0) return `${sign}0.${'0'.repeat(-shift - 1)}${all}`.replace(/\.?0+$/, '');
  return `${sign}${all.padEnd(shift + 1, '0').slice(0, shift + 1)}`;
}

/** A day, a moment to the millisecond, which is as far as Excel counts, or, below one day, a time of day. */
function dateText(serial: number, startsIn1904: boolean): string {
  const milliseconds = Math.round(serial * DAY_MILLISECONDS);
  const day = Math.floor(milliseconds / DAY_MILLISECONDS);
  const isWhole = milliseconds === day * DAY_MILLISECONDS;
  // Excel believes that 1900 was a leap year: until that day it is one ahead.
  const since1970 = day - 25569 + (startsIn1904 ? 1462 : day < 60 ? 1 : 0);
  const moment = new Date(milliseconds - day * DAY_MILLISECONDS + since1970 * DAY_MILLISECONDS);
  const [date = '', clock = ''] = moment.toISOString().replace('Z', '').split('T');
  if (day === 0 && !isWhole) return clock;
  return isWhole ? date : `${date} ${clock}`;
}
