/** Collects the conditions of a list, with their parameters numbered as they come. */
import type { Range } from '@headrace/ports';
import { timestamp } from '../timestamp.ts';

export class Conditions {
  readonly #terms: string[] = [];
  readonly values: unknown[] = [];

  /** `term` has `?` where the value belongs. Nothing is added for an undefined value. */
  add(term: string, value: unknown): this {
    if (value === undefined) return this;
    this.values.push(value);
    this.#terms.push(term.replaceAll('?', `$${this.values.length}`));
    return this;
  }

  /** A fixed condition. */
  require(term: string): this {
    this.#terms.push(term);
    return this;
  }

  range(expression: string, range: Range | undefined): this {
    const bounds = [
      ['>=', range?.gte],
      ['>', range?.gt],
      ['<=', range?.lte],
      ['<', range?.lt],
    ] as const;
    for (const [operator, bound] of bounds) if (bound !== undefined) this.add(`${expression} ${operator} ?::timestamptz`, timestamp(bound));
    return this;
  }

  /** Airflow's patterns: `%` and `_` stand for any text and any character, and the pattern may stand anywhere. */
  like(expression: string, pattern: string | undefined): this {
    return this.add(`${expression} ilike ?`, pattern === undefined ? undefined : `%${pattern}%`);
  }

  /** ` where …`, or nothing. */
  get sql(): string {
    return this.#terms.length === 0 ? '' : ` where ${this.#terms.join(' and ')}`;
  }
}
