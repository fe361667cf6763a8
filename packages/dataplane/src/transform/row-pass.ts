/**
 * A user's function on the way of rows: lines of text in, lines of text out.
 *
 * P1. Every row that comes in is dropped, failed, or something was made of it: `counts` says how many of each.
 * P2. At most one piece of the stream and one batch are in memory; who reads slowly slows down who writes.
 */
import { Transform, type TransformCallback } from 'node:stream';
import type { Column, RowContext } from '@headrace/sdk';
import { DataError } from '../errors.ts';
import { RowLine, rowReader } from './lazy-row.ts';
import { type Encode, encoderOf, escapeField, NULL_FIELD, quoteField, unescapeField } from './row-text.ts';

export interface RowPassOptions {
  readonly where: string;
  readonly from: readonly Column[];
  readonly to: readonly Column[];
  /** `copy`: as PostgreSQL reads it. `csv`: with tabs and quotes, `\N` for null. */
  readonly form: 'copy' | 'csv';
  readonly row?: RowFunction;
  readonly batch?: BatchFunction;
  readonly batchSize?: number;
  readonly context: Omit<RowContext, 'number'>;
  /** Given a row that failed. Absent: it ends the stream. */
  readonly refuse?: (number: number, row: unknown, reason: string) => void;
}

export type RowFunction = (row: unknown, context: RowContext) => unknown;
export type BatchFunction = (rows: readonly unknown[], context: RowContext) => unknown;

const NEWLINE = 10;
const BATCH = 1000;

export class RowPass extends Transform {
  readonly counts = { read: 0, dropped: 0, failed: 0, made: 0 };
  readonly #options: RowPassOptions;
  readonly #reader: ReturnType<typeof rowReader>;
  readonly #encoders: readonly Encode[];
  /** Of each column that goes out the index of the same one that comes in, or −1. */
  readonly #same: readonly number[];
  /** The same by name alone: what is set on the row itself. */
  readonly #named: readonly number[];
  readonly #inPlace: boolean;
  readonly #context: { -readonly [Key in keyof RowContext]: RowContext[Key] };
  #rest: Buffer | undefined;
  #batch: RowLine[] = [];
  #text = '';
  /** Where the next character stands that CSV takes otherwise than COPY. */
  #nextSpecial = -1;

  constructor(options: RowPassOptions) {
    super({ writableHighWaterMark: 1 << 20, readableHighWaterMark: 1 << 20 });
    const { from, to } = options;
    this.#options = options;
    this.#reader = rowReader(from);
    this.#encoders = to.map(encoderOf);
    this.#named = to.map(({ name }) => from.findIndex((column) => column.name === name));
    this.#same = to.map(({ type }, index) => (from[this.#named[index] ?? -1]?.type === type ? (this.#named[index] ?? -1) : -1));
    this.#inPlace = from.length === to.length && this.#same.every((source, index) => source === index);
    this.#context = { number: 0, ...options.context };
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const last = chunk.lastIndexOf(NEWLINE);
    if (last < 0) {
      this.#rest = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
      done();
      return;
    }
    const whole = chunk.subarray(0, last + 1);
    const text = (this.#rest === undefined ? whole : Buffer.concat([this.#rest, whole])).toString('utf8');
    this.#rest = last + 1 === chunk.length ? undefined : chunk.subarray(last + 1);
    this.#pass(text, done);
  }

  override _flush(done: TransformCallback): void {
    if (this.#rest !== undefined) {
      done(new DataError('HR_ROWS_CUT', `${this.#options.where}: the rows end in the middle of one`));
      return;
    }
    this.#runBatch().then(
      (made) => {
        if (made !== '') this.push(Buffer.from(made));
        done();
      },
      (error: Error) => done(error),
    );
  }

  #pass(text: string, done: TransformCallback): void {
    const { row: each } = this.#options;
    this.#text = text;
    this.#nextSpecial = -1;
    try {
      if (each === undefined) {
        this.#passBatches(text).then(
          (made) => (made === '' ? done() : done(null, Buffer.from(made))),
          (error: Error) => done(error),
        );
        return;
      }
      let made = '';
      for (let start = 0; start < text.length; ) {
        const end = text.indexOf('\n', start);
        made += this.#one(this.#reader.row(text, start, end) as RowLine, start, end, each);
        start = end + 1;
      }
      if (made === '') done();
      else done(null, Buffer.from(made));
    } catch (error) {
      done(error as Error);
    }
  }

  #one(row: RowLine, start: number, end: number, each: RowFunction): string {
    const { counts } = this;
    counts.read += 1;
    this.#context.number = counts.read;
    try {
      const result = each(row, this.#context);
      if (result === undefined) {
        counts.dropped += 1;
        return '';
      }
      if (!Array.isArray(result)) {
        const line = this.#line(result, row, start, end);
        counts.made += 1;
        return line;
      }
      let lines = '';
      for (const one of result) lines += this.#line(one, row, start, end);
      counts.made += result.length;
      if (result.length === 0) counts.dropped += 1;
      return lines;
    } catch (error) {
      return this.#failed(counts.read, row, error);
    }
  }

  /** A row as it goes out: what is not changed is copied, in pieces as long as can be. */
  #line(result: unknown, row: RowLine, start: number, end: number): string {
    if (typeof result !== 'object' || result === null || result instanceof Promise)
      throw new TypeError(
        `the function returned ${result instanceof Promise ? 'a promise (use "batch" for what must be awaited)' : String(result)}, not a row`,
      );
    const own = result === row ? undefined : (result as Readonly<Record<string, unknown>>);
    const changes = RowLine.changes(row);
    const plain = this.#inPlace && (this.#options.form === 'copy' || (this.#same.length > 1 && !this.#isSpecial(start, end)));
    let line = '';
    let copied = start;
    for (let index = 0; index < this.#same.length; index += 1) {
      const value = this.#changed(own, changes, index);
      if (plain) {
        if (value === undefined) continue;
        line += this.#text.slice(copied, RowLine.start(row, index)) + this.#encoded(value, index);
        copied = RowLine.end(row, index);
      } else {
        line += (index === 0 ? '' : '\t') + (value === undefined ? this.#copied(row, index) : this.#encoded(value, index));
      }
    }
    return plain ? line + this.#text.slice(copied, end + 1) : `${line}\n`;
  }

  #changed(own: Readonly<Record<string, unknown>> | undefined, changes: readonly unknown[] | undefined, index: number): unknown {
    const value = own?.[this.#options.to[index]?.name ?? ''];
    return value === undefined && changes !== undefined ? changes[this.#named[index] ?? -1] : value;
  }

  #copied(row: RowLine, index: number): string {
    const source = this.#same[index] ?? -1;
    const { name = '', type } = this.#options.to[index] ?? {};
    if (source < 0) throw new TypeError(`the row has no value for column "${name}" (${type})`);
    const field = RowLine.field(row, source);
    return this.#options.form === 'copy' || field === NULL_FIELD ? field : quoteField(unescapeField(field));
  }

  #encoded(value: unknown, index: number): string {
    if (value === null) return NULL_FIELD;
    const text = this.#encoders[index]?.(value) ?? '';
    return this.#options.form === 'copy' ? escapeField(text) : quoteField(text);
  }

  #isSpecial(start: number, end: number): boolean {
    if (this.#nextSpecial < start) {
      const found = [this.#text.indexOf('\\', start), this.#text.indexOf('"', start)].filter((at) => at >= 0);
      this.#nextSpecial = found.length === 0 ? this.#text.length : Math.min(...found);
    }
    return this.#nextSpecial < end;
  }

  async #passBatches(text: string): Promise<string> {
    let made = '';
    for (let start = 0; start < text.length; ) {
      const end = text.indexOf('\n', start);
      this.#batch.push(this.#reader.row(text, start, end) as RowLine);
      if (this.#batch.length >= (this.#options.batchSize ?? BATCH)) made += await this.#runBatch();
      start = end + 1;
    }
    return made;
  }

  /** Rows of a batch are whole: there is no row that a new one would be a patch of. A batch that fails, fails as one. */
  async #runBatch(): Promise<string> {
    const { batch, to } = this.#options;
    if (batch === undefined || this.#batch.length === 0) return '';
    const { counts } = this;
    const rows = this.#batch;
    this.#batch = [];
    const first = counts.read + 1;
    counts.read += rows.length;
    this.#context.number = first;
    try {
      const results = await batch(
        rows.map((row) => row.toJSON()),
        this.#context,
      );
      if (!Array.isArray(results)) throw new TypeError('the function returned no list of rows');
      const lines = results.map(
        (result: Readonly<Record<string, unknown>>) => `${to.map((column, index) => this.#whole(result, column, index)).join('\t')}\n`,
      );
      counts.made += results.length;
      counts.dropped += Math.max(0, rows.length - results.length);
      return lines.join('');
    } catch (error) {
      return rows.map((row, index) => this.#failed(first + index, row, error)).join('');
    }
  }

  #whole(result: Readonly<Record<string, unknown>>, { name, type }: Column, index: number): string {
    const value = result?.[name];
    if (value === undefined) throw new TypeError(`a row has no value for column "${name}" (${type})`);
    return this.#encoded(value, index);
  }

  #failed(number: number, row: RowLine, error: unknown): '' {
    const { refuse, where } = this.#options;
    const reason = error instanceof Error ? error.message : String(error);
    if (refuse === undefined) throw new DataError('HR_ROW_FAILED', `${where}: row ${number}: ${reason}`, { cause: error });
    refuse(number, row, reason);
    this.counts.failed += 1;
    return '';
  }
}
