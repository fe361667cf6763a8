/**
 * Names for the statements that are asked again and again, so that a connection parses and plans them once.
 *
 * SN1. A text has the same name on every connection, for good.
 * SN2. A connection keeps each statement that has a name: there are at most so many, and only a text that comes again gets one. Nobody
 *      fills the server's memory with all combinations of filters that there are.
 */
import type pg from 'pg';

const MOST_NAMED = 500;
const MOST_SEEN = 2_000;

export class StatementNames {
  readonly #names = new Map<string, string>();
  /** Texts that came once, the oldest first. */
  readonly #seen = new Set<string>();
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** The statement, by its name if it has one. */
  named(text: string, values: readonly unknown[]): pg.QueryConfig {
    const name = this.#names.get(text) ?? this.#nameOf(text);
    return name === undefined ? { text, values: [...values] } : { name, text, values: [...values] };
  }

  #nameOf(text: string): string | undefined {
    if (this.#names.size >= MOST_NAMED) return undefined;
    if (this.#seen.delete(text)) {
      const name = `${this.#prefix} ${this.#names.size}`;
      this.#names.set(text, name);
      return name;
    }
    this.#seen.add(text);
    const oldest = this.#seen.values().next().value;
    if (this.#seen.size > MOST_SEEN && oldest !== undefined) this.#seen.delete(oldest);
    return undefined;
  }
}
