/**
 * Lists that were found to be longer than anybody counts. Whatever is counted of them comes to the same "more than so many", so that the
 * next page of one need not count ten thousand rows again.
 *
 * LL1. Only that a list is too long to be counted is kept, never a count: a total that is exact is always counted.
 * LL2. A list gets shorter only by deletion: what is kept is good for a few seconds.
 */

const GOOD_FOR_MS = 10_000;
const MOST_KEPT = 1_000;

interface LongList {
  /** It has more rows than this. */
  readonly beyond: number;
  readonly at: number;
}

export class LongLists {
  readonly #now: () => number;
  /** By statement and parameters, the oldest first. */
  readonly #lists = new Map<string, LongList>();

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  hasMoreThan(rows: number, key: string): boolean {
    const known = this.#lists.get(key);
    return known !== undefined && known.beyond >= rows && this.#now() - known.at < GOOD_FOR_MS;
  }

  keep(key: string, beyond: number): void {
    this.#lists.delete(key);
    this.#lists.set(key, { beyond, at: this.#now() });
    const oldest = this.#lists.keys().next().value;
    if (this.#lists.size > MOST_KEPT && oldest !== undefined) this.#lists.delete(oldest);
  }
}
