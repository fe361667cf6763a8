/**
 * How long lists were found to be whose rows are too many to be counted for every page of them.
 *
 * LL1. Of a list that is longer than anybody counts only that is kept: whatever is counted of it comes to the same "more than so many".
 *      A list gets shorter only by deletion, so this is good for ten seconds.
 * LL2. A count of more than a thousand rows is good for two seconds: what it costs is more than all the rest of the page.
 * LL3. A shorter list is always counted.
 */
import { BoundedMap } from './bounded-map.ts';

const TOO_LONG_FOR_MS = 10_000;
const COUNTED_FOR_MS = 2_000;
const SHORT = 1_000;
const MOST_KEPT = 1_000;

interface Length {
  readonly rows: number;
  /** False: it has more than `rows`. */
  readonly isAll: boolean;
  readonly goodUntil: number;
}

export class ListLengths {
  readonly #now: () => number;
  /** By statement and parameters. */
  readonly #lengths = new BoundedMap<string, Length>(MOST_KEPT);

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** What counting up to one row beyond the bound would come to, if that is known. */
  of(key: string, bound: number): number | undefined {
    const known = this.#lengths.get(key);
    if (known === undefined || known.goodUntil <= this.#now()) return undefined;
    if (known.isAll) return Math.min(known.rows, bound + 1);
    return known.rows >= bound ? bound + 1 : undefined;
  }

  /** What counting up to one row beyond the bound came to. */
  keep(key: string, bound: number, counted: number): void {
    this.#lengths.delete(key);
    if (counted > bound) this.#lengths.set(key, { rows: bound, isAll: false, goodUntil: this.#now() + TOO_LONG_FOR_MS });
    else if (counted > SHORT) this.#lengths.set(key, { rows: counted, isAll: true, goodUntil: this.#now() + COUNTED_FOR_MS });
  }
}
