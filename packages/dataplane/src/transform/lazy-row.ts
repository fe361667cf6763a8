/**
 * A row that is still a piece of a line of text: what is not asked for is never looked at, and what is not changed is copied as it came.
 *
 * R1. Its columns are properties of its class, not its own: `{ ...row, amount }` is a patch of one column, and costs no more.
 */
import type { Column, RowValue } from '@headrace/sdk';
import { type Decode, decoderOf, NULL_FIELD, unescapeField } from './row-text.ts';

export interface RowReader {
  /** The row that stands in `text` from `start` to `end`. */
  row(text: string, start: number, end: number): LazyRow;
}

export interface LazyRow {
  toJSON(): Readonly<Record<string, RowValue>>;
}

/** What the data plane sees of a row. */
export abstract class RowLine implements LazyRow {
  readonly #text: string;
  readonly #start: number;
  readonly #end: number;
  /** Where fields end, as far as was looked. */
  readonly #ends: number[] = [];
  #changes: unknown[] | undefined;

  constructor(text: string, start: number, end: number) {
    this.#text = text;
    this.#start = start;
    this.#end = end;
  }

  abstract toJSON(): Readonly<Record<string, RowValue>>;

  static start(row: RowLine, index: number): number {
    return index === 0 ? row.#start : RowLine.end(row, index - 1) + 1;
  }

  static end(row: RowLine, index: number): number {
    const ends = row.#ends;
    while (ends.length <= index) {
      const from = ends.length === 0 ? row.#start : (ends[ends.length - 1] ?? 0) + 1;
      const tab = row.#text.indexOf('\t', from);
      ends.push(tab < 0 || tab > row.#end ? row.#end : tab);
    }
    return ends[index] ?? row.#end;
  }

  static field(row: RowLine, index: number): string {
    return row.#text.slice(RowLine.start(row, index), RowLine.end(row, index));
  }

  static get(row: RowLine, index: number, decode: Decode): RowValue {
    const changed = row.#changes?.[index];
    if (changed !== undefined) return changed as RowValue;
    const field = RowLine.field(row, index);
    return field === NULL_FIELD ? null : decode(unescapeField(field));
  }

  static set(row: RowLine, index: number, value: unknown): void {
    row.#changes ??= [];
    row.#changes[index] = value;
  }

  static changes(row: RowLine): readonly unknown[] | undefined {
    return row.#changes;
  }
}

/** A reader of rows with these columns. */
export function rowReader(columns: readonly Column[]): RowReader {
  class Row extends RowLine {
    toJSON(): Record<string, RowValue> {
      return Object.fromEntries(columns.map(({ name }) => [name, (this as unknown as Record<string, RowValue>)[name] ?? null]));
    }
  }
  for (const [index, { name, type }] of columns.entries()) {
    const decode = decoderOf(type);
    Object.defineProperty(Row.prototype, name, {
      get(this: Row) {
        return RowLine.get(this, index, decode);
      },
      set(this: Row, value: unknown) {
        RowLine.set(this, index, value);
      },
      enumerable: true,
    });
  }
  return { row: (text, start, end) => new Row(text, start, end) };
}
