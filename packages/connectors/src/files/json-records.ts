/**
 * JSON, cut into records as it comes: each becomes one line whose values are the very texts of the file, as strings, so that no reader makes
 * binary fractions of numbers. `{"price": 12345678901234567.89, "tags": ["a"]}` becomes
 * `{"headrace_line":"7","price":"12345678901234567.89","tags":"[\"a\"]"}`.
 *
 * J1. The whole text is checked to be JSON, with the line of what is not; `NaN`, comments and trailing commas are none.
 * J2. Memory holds one record.
 */
import { DataError } from '@headrace/dataplane';
import { JsonFault, recordLine } from './json-record-line.ts';

/** A record of more bytes is refused. */
export const LARGEST_RECORD = 16 * 1024 * 1024;

export interface RefusedRecord {
  readonly line: number;
  readonly reason: string;
  readonly raw: string;
}

/** The shape of the document: a list of records, or records side by side. Known with the first byte that is no space. */
type Shape = 'list' | 'side by side';

export class JsonRecords {
  /** In the order in which they first come. */
  readonly keys = new Map<string, number>();
  records = 0;
  readonly #url: string;
  readonly #whole: ReadonlySet<string>;
  /** Where records stand one on a line, one that is none does not spoil the others. */
  readonly #refuse: ((record: RefusedRecord) => void) | undefined;
  #shape: Shape | undefined;
  /** What came and is not yet cut; latin1, so that a character is a byte. */
  #text = '';
  /** Up to where `#text` was looked through. */
  #at = 0;
  #line = 1;
  #recordStart = -1;
  #recordLine = 1;
  #depth = 0;
  #inString = false;
  /** In a list: what must come next. */
  #expects: 'record' | 'record or end' | 'comma or end' | 'nothing' = 'record or end';

  /** `whole`: the names of columns that are JSON themselves. */
  constructor(url: string, whole: readonly string[], refuse?: (record: RefusedRecord) => void) {
    this.#url = url;
    this.#whole = new Set(whole.map((name) => Buffer.from(JSON.stringify(name)).toString('latin1')));
    this.#refuse = refuse;
  }

  /** The records that are whole now, as lines in latin1. Throws DataError HR_MALFORMED_JSON. */
  write(chunk: Buffer): string {
    this.#text = this.#text.slice(this.#at === 0 ? 0 : this.#cut()) + chunk.toString('latin1');
    return this.#refuse && this.#shapeOf() === 'side by side' ? this.#takeLines(false) : this.#takeRecords();
  }

  end(): string {
    if (this.#refuse && this.#shapeOf() === 'side by side') return this.#takeLines(true);
    if (this.#recordStart >= 0) throw this.#fault(this.#recordLine, 'the file ends in the middle of a record: it was cut off');
    if (this.#shape === 'list' && this.#expects !== 'nothing')
      throw this.#fault(this.#line, 'the file ends before the list does: it was cut off');
    return '';
  }

  /** Drops what was taken. Answers with where the rest begins, to which `#at` then counts. */
  #cut(): number {
    const start = this.#recordStart >= 0 ? this.#recordStart : this.#at;
    this.#at -= start;
    if (this.#recordStart >= 0) this.#recordStart = 0;
    return start;
  }

  #shapeOf(): Shape | undefined {
    if (this.#shape === undefined) {
      const first = /\S/.exec(this.#text)?.[0];
      if (first !== undefined) this.#shape = first === '[' ? 'list' : 'side by side';
    }
    return this.#shape;
  }

  #takeRecords(): string {
    const shape = this.#shapeOf();
    const text = this.#text;
    const lines: string[] = [];
    let at = this.#at;
    for (; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      if (this.#inString) {
        // Over what is neither quote nor backslash at once.
        if (code === 0x5c) at += 1;
        else if (code === 0x22) this.#inString = false;
        else if (code === 0x0a) this.#line += 1;
        continue;
      }
      if (code === 0x0a) this.#line += 1;
      if (this.#depth === 0) {
        if (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) continue;
        this.#between(code, at, shape);
      } else if (code === 0x22) this.#inString = true;
      else if (code === 0x7b || code === 0x5b) this.#depth += 1;
      else if (code === 0x7d || code === 0x5d) {
        this.#depth -= 1;
        if (this.#depth === 0) {
          lines.push(this.#lineOf(text.slice(this.#recordStart, at + 1), this.#recordLine));
          this.#recordStart = -1;
          this.#expects = 'comma or end';
        }
      }
    }
    this.#at = at;
    if (this.#recordStart >= 0 && at - this.#recordStart > LARGEST_RECORD)
      throw this.#fault(this.#recordLine, `the record has more than ${LARGEST_RECORD} bytes, or a quote or bracket in it is never closed`);
    return lines.join('');
  }

  /** What stands between records: brackets of the list, commas, the beginning of a record. */
  #between(code: number, at: number, shape: Shape | undefined): void {
    const character = String.fromCharCode(code);
    if (shape === 'list') {
      if (this.#expects === 'nothing') throw this.#fault(this.#line, `behind the end of the list stands ${JSON.stringify(character)}`);
      if (code === 0x5b && this.records === 0 && !this.#listOpen) {
        this.#listOpen = true;
        return;
      }
      if (code === 0x5d && this.#expects !== 'record') {
        this.#expects = 'nothing';
        return;
      }
      if (code === 0x2c && this.#expects === 'comma or end') {
        this.#expects = 'record';
        return;
      }
      if (this.#expects === 'comma or end')
        throw this.#fault(this.#line, `between two records stands ${JSON.stringify(character)} and no comma`);
    }
    if (code !== 0x7b)
      throw this.#fault(this.#line, `record ${this.records + 1} begins with ${JSON.stringify(character)}: a record must be an object, {…}`);
    this.#recordStart = at;
    this.#recordLine = this.#line;
    this.#depth = 1;
  }

  #listOpen = false;

  #takeLines(isEnd: boolean): string {
    const lines: string[] = [];
    let start = 0;
    for (;;) {
      const end = this.#text.indexOf('\n', start);
      if (end < 0 && !(isEnd && start < this.#text.length)) break;
      const text = this.#text.slice(start, end < 0 ? undefined : end).trim();
      if (text !== '') {
        try {
          lines.push(this.#lineOf(text, this.#line));
        } catch (error) {
          if (!(error instanceof DataError)) throw error;
          this.#refuse?.({
            line: this.#line,
            reason: error.message.replace(`${this.#url}:${this.#line}: `, ''),
            raw: Buffer.from(text.slice(0, 10_000), 'latin1').toString(),
          });
        }
      }
      this.#line += 1;
      start = end < 0 ? this.#text.length : end + 1;
    }
    this.#text = this.#text.slice(start);
    this.#at = 0;
    if (this.#text.length > LARGEST_RECORD) throw this.#fault(this.#line, `the line has more than ${LARGEST_RECORD} bytes`);
    return lines.join('');
  }

  #lineOf(text: string, line: number): string {
    if (text.length > LARGEST_RECORD) throw this.#fault(line, `the record has more than ${LARGEST_RECORD} bytes`);
    this.records += 1;
    try {
      return `{"headrace_line":"${line}"${recordLine(text, this.keys, this.records, this.#whole)}}\n`;
    } catch (error) {
      if (!(error instanceof JsonFault)) throw error;
      const before = text.slice(0, error.at);
      throw this.#fault(line + before.split('\n').length - 1, `record ${this.records}: ${error.message}`);
    }
  }

  #fault(line: number, what: string): DataError {
    return new DataError('HR_MALFORMED_JSON', `${this.#url}:${line}: ${what}`);
  }
}
