/**
 * An Excel workbook, `.xlsx`. Rows become XML inside DuckDB; the zip holds no times, so that the same rows give the same bytes.
 *
 * E1. A number is a number cell where Excel's 15 digits hold it, a moment where its milliseconds do, else a text cell: no digit is lost.
 * E2. Texts are text cells: nothing of them is ever a formula.
 * E3. Rows that are too many for a sheet go on in a next one.
 */
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { DataError, ident, literal, type Work } from '@headrace/dataplane';
import { type Column, decimalSize } from '@headrace/sdk';
import { ZipFile } from 'yazl';
import { copyLines, type RowsToWrite } from './row-lines.ts';
import { escapedXml, plainTextOf, UNWRITABLE_MARK } from './value-texts.ts';

const MOST_ROWS = 1_048_576;
const MOST_COLUMNS = 16_384;
const LONGEST_TEXT = 32_767;
const HEADER_STYLE = 1;
const DATE_STYLE = 2;
const TIME_STYLE = 3;
const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006';
const XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
/** Of the parts: the first moment that a zip can name, the same in every time zone. */
const FIRST_MOMENT = new Date(1980, 0, 1);

/** `rowsPerSheet` is Excel's limit, less the header. */
export async function writeExcel(rows: RowsToWrite, file: string, work: Work, rowsPerSheet = MOST_ROWS - 1): Promise<number> {
  const { columns, select, settings, url } = rows;
  if (columns.length > MOST_COLUMNS)
    throw new DataError('HR_EXCEL_LIMIT', `${url}: Excel knows ${MOST_COLUMNS} columns, and these are ${columns.length}`);
  const title = sheetTitle(settings.sheet, url);
  const count = await work.duck.count(`select count(*) from (${select})`);
  const sheets = Math.max(1, Math.ceil(count / rowsPerSheet));
  const zip = new ZipFile();
  const add = (text: string, path: string): void =>
    zip.addBuffer(Buffer.from(text), path, { mtime: FIRST_MOMENT, forceDosTimestamp: true });
  const names = Array.from({ length: sheets }, (_, index) => (index === 0 ? title : `${title.slice(0, 25)} ${index + 1}`));
  add(contentTypes(sheets), '[Content_Types].xml');
  add(relationships([['officeDocument', 'xl/workbook.xml']]), '_rels/.rels');
  add(workbook(names), 'xl/workbook.xml');
  add(
    relationships([...names.map((_, index) => ['worksheet', `worksheets/sheet${index + 1}.xml`] as const), ['styles', 'styles.xml']]),
    'xl/_rels/workbook.xml.rels',
  );
  add(STYLES, 'xl/styles.xml');
  const parts: string[] = [];
  for (let index = 0; index < sheets; index += 1) {
    const part = `${file}.sheet-${index + 1}`;
    parts.push(part);
    await copyLines(work.duck, sheetLines(select, columns, index * rowsPerSheet, rowsPerSheet), part);
    zip.addFile(part, `xl/worksheets/sheet${index + 1}.xml`, { mtime: FIRST_MOMENT, mode: 0o100644, forceDosTimestamp: true });
  }
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(file), { signal: work.signal });
  for (const part of parts) await rm(part);
  return count;
}

/** The whole part as lines: head, header, rows, tail. */
function sheetLines(select: string, columns: readonly Column[], from: number, most: number): string {
  const header = columns.map(
    ({ name }, index) =>
      `<c r="${letters(index)}1" s="${HEADER_STYLE}" t="inlineStr"><is><t xml:space="preserve">${xmlText(name)}</t></is></c>`,
  );
  const pane =
    '<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>';
  const head = `${XML}<worksheet xmlns="${MAIN}">${pane}<sheetData><row r="1">${header.join('')}</row>`;
  const cells = columns.map((column, index) => `coalesce(${cellOf(column, letters(index))}, '')`);
  const row = `'<row r="' || (headrace_row + 1) || '">' || ${cells.join(' || ')} || '</row>'`;
  const slice = `select *, row_number() over () as headrace_row from (select * from (${select}) limit ${most} offset ${from})`;
  return `select ${literal(head)} as line union all (select ${row} from (${slice})) union all select '</sheetData></worksheet>'`;
}

/** The XML of a cell; null where the value is. */
function cellOf(column: Column, letter: string): string {
  const { name, type } = column;
  const value = ident(name);
  const at = `'<c r="${letter}' || (headrace_row + 1) || '"'`;
  const number = (text: string, style = 0): string => `${at} || '${style === 0 ? '' : ` s="${style}"`}><v>' || ${text} || '</v></c>'`;
  const text = textCell(column, at);
  const fits = (digits: string): string => `length(regexp_replace(${digits}, '[^0-9]', '', 'g')) <= 15`;
  if (decimalSize(type)) return `case when ${fits(`${value}::varchar`)} then ${number(`${value}::varchar`)} else ${text} end`;
  switch (type) {
    case 'boolean':
      return `${at} || ' t="b"><v>' || (case when ${value} then '1' else '0' end) || '</v></c>' || left(${value}::varchar, 0)`;
    case 'int2':
    case 'int4':
      return number(`${value}::varchar`);
    case 'int8':
      return `case when ${value} between -999999999999999 and 999999999999999 then ${number(`${value}::varchar`)} else ${text} end`;
    case 'numeric':
      return `case when regexp_full_match(${value}, '-?(0|[1-9][0-9]*)(\\.[0-9]*[1-9])?') and ${fits(value)} then ${number(value)} else ${text} end`;
    case 'float4':
    case 'float8':
      return `case when isfinite(${value}) then ${number(`${value}::varchar`)} else ${text} end`;
    case 'date':
      return `case when ${value} between date '1900-03-01' and date '9999-12-31' then ${number(`(${value} - date '1899-12-30')::varchar`, DATE_STYLE)} else ${text} end`;
    case 'timestamp':
    case 'timestamptz': {
      // Of an instant: the time in UTC.
      const moment = type === 'timestamp' ? value : `(${value} at time zone 'UTC')`;
      const serial = `(epoch_us(${moment}) / 86400000000.0 + 25569)::varchar`;
      return `case when ${moment} between timestamp '1900-03-01' and timestamp '9999-12-31' and epoch_us(${moment}) % 1000 = 0 then ${number(serial, TIME_STYLE)} else ${text} end`;
    }
    default:
      return text;
  }
}

function textCell(column: Column, at: string): string {
  const text = plainTextOf(column);
  const long = `error(${literal(UNWRITABLE_MARK)} || 'row ' || headrace_row || ${literal(`, column "${column.name}": a cell of Excel holds ${LONGEST_TEXT} characters. Shorten the text, or write CSV`)})`;
  // `_x0041_` in a text would be read as a letter; what XML cannot hold is written so.
  const controls = CONTROLS.reduce(
    (inner, code) => `replace(${inner}, chr(${code}), '_x${code.toString(16).toUpperCase().padStart(4, '0')}_')`,
    `regexp_replace(${text}, '_(x[0-9A-Fa-f]{4}_)', '_x005F_\\1', 'g')`,
  );
  const safe = `case when regexp_matches(${text}, '[\\x00-\\x1F]|_x[0-9A-Fa-f]{4}_') then ${controls} else ${text} end`;
  return `case when length(${text}) > ${LONGEST_TEXT} then ${long} else ${at} || ' t="inlineStr"><is><t xml:space="preserve">' || ${escapedXml(safe)} || '</t></is></c>' end`;
}

const CONTROLS = Array.from({ length: 32 }, (_, code) => code).filter((code) => code !== 9 && code !== 10);

function letters(index: number): string {
  const rest = Math.floor(index / 26);
  return `${rest === 0 ? '' : letters(rest - 1)}${String.fromCharCode(65 + (index % 26))}`;
}

function sheetTitle(given: unknown, url: string): string {
  const title = given === undefined || typeof given === 'number' ? 'Sheet1' : String(given);
  if (title === '' || title.length > 31 || /[\\/?*[\]:]/.test(title))
    throw new DataError(
      'HR_EXCEL_LIMIT',
      `${url}: "${title}" cannot be the name of a sheet: it has up to 31 characters, and none of \\ / ? * [ ] :`,
    );
  return title;
}

function xmlText(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replace(/\p{Cc}/gu, '\ufffd');
}

function contentTypes(sheets: number): string {
  const part = (path: string, type: string): string =>
    `<Override PartName="/xl/${path}" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.${type}+xml"/>`;
  const all = Array.from({ length: sheets }, (_, index) => part(`worksheets/sheet${index + 1}.xml`, 'worksheet'));
  return `${XML}<Types xmlns="${PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>${part('workbook.xml', 'sheet.main')}${all.join('')}${part('styles.xml', 'styles')}</Types>`;
}

function relationships(all: readonly (readonly [type: string, target: string])[]): string {
  const each = all.map(([type, target], index) => `<Relationship Id="rId${index + 1}" Type="${OFFICE}/${type}" Target="${target}"/>`);
  return `${XML}<Relationships xmlns="${PACKAGE}/relationships">${each.join('')}</Relationships>`;
}

function workbook(names: readonly string[]): string {
  const sheets = names.map((name, index) => `<sheet name="${xmlText(name)}" sheetId="${index + 1}" r:id="rId${index + 1}"/>`);
  return `${XML}<workbook xmlns="${MAIN}" xmlns:r="${OFFICE}"><sheets>${sheets.join('')}</sheets></workbook>`;
}

/** By number: plain, header, date, moment. */
const STYLES = `${XML}<styleSheet xmlns="${MAIN}"><numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/><numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss.000"/></numFmts><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="4"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/><xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/><xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/><xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs></styleSheet>`;
