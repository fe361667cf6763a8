/** Collects the conditions of a list, with their parameters numbered as they come. */
import type { Range, Visible } from '@headrace/ports';
import { timestamp } from '../timestamp.ts';

const BOUNDS = [
  ['>=', 'gte'],
  ['>', 'gt'],
  ['<=', 'lte'],
  ['<', 'lt'],
] as const;

export class Conditions {
  readonly #terms: string[] = [];
  readonly values: unknown[];
  #keys = 0;

  /** `values`: those of a statement that these conditions are a part of. */
  constructor(values: unknown[] = []) {
    this.values = values;
  }

  /** The same plan is good whatever the values are: what they fit is found by an index of keys. */
  get haveOnePlan(): boolean {
    return this.#keys === this.values.length;
  }

  /** As `add`, for what an index of keys finds: the id of a DAG, a run or a task. */
  key(term: string, value: unknown): this {
    if (value !== undefined) this.#keys++;
    return this.add(term, value);
  }

  /** `term` has `?` where the value belongs. Nothing is added for an undefined value. */
  add(term: string, value: unknown): this {
    if (value === undefined) return this;
    const place = this.place(value);
    this.#terms.push(term.replaceAll('?', () => place));
    return this;
  }

  /** The place of a value in a condition that is made by the caller. */
  place(value: unknown): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }

  /** A fixed condition. */
  require(term: string): this {
    this.#terms.push(term);
    return this;
  }

  /** One of the values; a single one is compared as such, so that an index of it in an order serves. */
  anyOf(expression: string, values: readonly unknown[] | undefined): this {
    return values?.length === 1 ? this.add(`${expression} = ?`, values[0]) : this.add(`${expression} = any(?)`, values);
  }

  /**
   * One of the values, of which we know all that there are. They stand in the statement as they stand here: how many rows are of one
   * differs by orders of magnitude, and each gets a plan of its own. A value that there is not fits nothing.
   */
  known<Value extends string>(expression: string, values: readonly Value[] | undefined, all: readonly Value[]): this {
    if (values === undefined) return this;
    const found = all.filter((one) => values.includes(one)).map((one) => `'${one}'`);
    if (found.length === 0) return this.require('false');
    return this.require(found.length === 1 ? `${expression} = ${found[0]}` : `${expression} in (${found.join(', ')})`);
  }

  /** Visible objects only: for each group its ids, and its globs as patterns of `like`. */
  visible(expression: string, visible: Visible | undefined): this {
    for (const group of visible ?? []) {
      const ids = this.place(group.filter((glob) => !glob.includes('*')));
      const patterns = this.place(group.filter((glob) => glob.includes('*')).map(likePattern));
      this.require(`(${expression} = any(${ids}::text[]) or ${expression} like any(${patterns}::text[]))`);
    }
    return this;
  }

  range(expression: string, range: Range | undefined): this {
    for (const [operator, name] of BOUNDS) {
      const bound = range?.[name];
      if (bound !== undefined) this.add(`${expression} ${operator} ?::timestamptz`, timestamp(bound));
    }
    return this;
  }

  /** Of a length of time; bounds are milliseconds. */
  lengths(expression: string, range: Range | undefined): this {
    for (const [operator, name] of BOUNDS) this.add(`${expression} ${operator} ?::float8 * interval '1 millisecond'`, range?.[name]);
    return this;
  }

  /** Airflow's patterns: `%` and `_` stand for any text and any character, the pattern may stand anywhere, and `a | b` is either. */
  like(expression: string, pattern: string | undefined): this {
    if (pattern === undefined) return this;
    const patterns = pattern.split('|').flatMap((one) => (one.trim() === '' ? [] : [`%${one.trim()}%`]));
    return this.add(`${expression} ilike any(?::text[])`, patterns.length === 0 ? ['%|%'] : patterns);
  }

  /** ` where …`, or nothing. */
  get sql(): string {
    return this.#terms.length === 0 ? '' : ` where ${this.#terms.join(' and ')}`;
  }

  /** The same conditions, to which others are added without changing these. */
  copy(): Conditions {
    const copy = new Conditions([...this.values]);
    for (const term of this.#terms) copy.require(term);
    copy.#keys = this.#keys;
    return copy;
  }
}

/** `*` is any text; what `like` reads otherwise stands for itself. */
function likePattern(glob: string): string {
  return glob.replaceAll(/[\\%_]/g, '\\$&').replaceAll('*', '%');
}
