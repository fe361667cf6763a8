/** The records of an answer, and their values as rows of text. */
import { createHash } from 'node:crypto';
import { ColumnNotFoundError, DataError, nearest, TypeMismatchError } from '@headrace/dataplane';
import type { Column } from '@headrace/sdk';
import { exactText, isObject, kindOf, parseExact } from './exact-json.ts';
import { type JsonPath, jsonPath, valueAt, valuesAt } from './json-path.ts';

/** Of a record; DuckDB is told to take no longer lines. */
export const MOST_RECORD_BYTES = 8_388_608;

/** The JSON of an answer. Throws DataError HR_HTTP_ANSWER, which another try may mend: a broken connection can cut an answer off. */
export function answerJson(body: Buffer, shown: string): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    throw new DataError('HR_HTTP_ANSWER', `${shown} answers with bytes that are no UTF-8, as JSON must be`);
  }
  try {
    return parseExact(text);
  } catch (error) {
    if (error instanceof RangeError) throw new DataError('HR_HTTP_ANSWER', `${shown} answers with JSON that is nested too deeply`);
    const start = text
      .trimStart()
      .slice(0, 80)
      .replaceAll(/[\s\p{Cc}]+/gu, ' ');
    const what =
      text.trim() === '' ? 'nothing' : /^[{[]/.test(start) ? 'JSON that is cut off or malformed' : `text that is no JSON: ${start}`;
    throw new DataError('HR_HTTP_ANSWER', `${shown} answers with ${what} (${body.length} bytes)`, { retryable: true });
  }
}

/** Throws DataError HR_REST_RECORDS with what is there instead. */
export function recordsOf(json: unknown, path: JsonPath, where: string): readonly unknown[] {
  const found = valuesAt(json, path);
  if ('values' in found) {
    const [first] = found.values;
    if (found.values.length === 1 && Array.isArray(first) && path.steps.every(({ name, item }) => name !== undefined || item !== undefined))
      throw new DataError('HR_REST_RECORDS', `${where}: ${path.text} leads to a list, not to its records: write ${path.text}[*]`);
    return found.values;
  }
  const { at, found: there, missing } = found;
  const near = missing !== undefined && isObject(there) ? nearest(missing, Object.keys(there)) : '';
  throw new DataError(
    'HR_REST_RECORDS',
    `${where}: the records are not at ${path.text}: ${at} is ${kindOf(there)}${missing === undefined ? ', not a list' : `, without "${missing}"`}${near}`,
  );
}

/** Makes rows of records, and remembers what it has seen of them. */
export class RecordRows {
  readonly #columns: readonly { readonly column: Column; readonly path: JsonPath }[];
  readonly #optional: ReadonlySet<string>;
  readonly #where: string;
  readonly #unseen: Set<string>;
  readonly #members = new Set<string>();
  #lastPage = new Set<string>();
  #thisPage = new Set<string>();
  #pageHash = '';
  rows = 0;
  /** Records that were on the page before, too. */
  repeated = 0;

  constructor(columns: readonly Column[], paths: Readonly<Record<string, string>>, optional: readonly string[], where: string) {
    this.#columns = columns.map((column) => ({
      column,
      path:
        paths[column.name] === undefined
          ? { text: column.name, steps: [{ name: column.name }] }
          : jsonPath(where, paths[column.name] ?? ''),
    }));
    this.#optional = new Set(optional);
    this.#where = where;
    this.#unseen = new Set(columns.map(({ name }) => name));
  }

  /** One line of CSV: page, record, values. */
  line(record: unknown, page: number, number: number): string {
    const place = `${this.#where}: page ${page}, record ${number}`;
    if (!isObject(record) && this.#columns.some(({ path }) => path.steps.length > 0))
      throw new DataError('HR_REST_RECORDS', `${place} is ${kindOf(record)}, not an object`);
    if (isObject(record) && this.#members.size < 200) for (const name of Object.keys(record)) this.#members.add(name);
    let line = `${page},${number}`;
    for (const { column, path } of this.#columns) {
      const value = valueAt(record, path);
      if (value !== undefined) this.#unseen.delete(column.name);
      const text = column.type === 'json' && value !== undefined && value !== null ? JSON.stringify(value) : exactText(value);
      if (text?.isWellFormed() === false)
        throw new TypeMismatchError(`${place}: column "${column.name}" has half a character (a lone surrogate), which no text can hold`);
      line += text === null ? ',' : `,"${text.replaceAll('"', '""')}"`;
    }
    if (line.length > MOST_RECORD_BYTES / 4 && Buffer.byteLength(line) >= MOST_RECORD_BYTES)
      throw new DataError('HR_RECORD_TOO_LARGE', `${place} has more than ${MOST_RECORD_BYTES} bytes`);
    const identity = createHash('md5').update(JSON.stringify(record)).digest('base64');
    if (this.#lastPage.has(identity)) this.repeated += 1;
    this.#thisPage.add(identity);
    this.rows += 1;
    return `${line}\n`;
  }

  /** After the last record of a page. Throws DataError HR_REST_ENDLESS for a page that is the one before it. */
  endPage(page: number): void {
    const hash = createHash('md5')
      .update([...this.#thisPage].join())
      .digest('base64');
    if (this.#thisPage.size > 0 && hash === this.#pageHash)
      throw new DataError(
        'HR_REST_ENDLESS',
        `${this.#where}: page ${page} has the same records as page ${page - 1}. Does the API know the parameter by which it is asked for a page?`,
      );
    this.#pageHash = hash;
    this.#lastPage = this.#thisPage;
    this.#thisPage = new Set();
  }

  /** After the last page. Throws ColumnNotFoundError for a column that no record had. */
  end(): void {
    if (this.rows === 0) return;
    for (const name of this.#unseen)
      if (!this.#optional.has(name))
        throw new ColumnNotFoundError(`${this.#where} (no record; if that can be, name the column in "optional")`, name, [
          ...this.#members,
        ]);
  }
}
