/**
 * A table in memory: rows by key, in the order in which they were inserted, with indexes that follow.
 *
 * B1. Rows are never changed in place: a changed row is another object. What was read stays as it was.
 * B2. Every change goes through the journal, so that a transaction can be taken back and watched.
 */

/** A change of one row. `before` is absent of a new row, `after` of a deleted one. */
export interface RowChange {
  readonly table: string;
  readonly key: string;
  readonly before: object | undefined;
  readonly after: object | undefined;
}

export interface Journal {
  /** Called after the change was made. */
  note(change: RowChange, undo: () => void): void;
}

export class DuplicateKeyError extends Error {
  readonly code = 'HR_DUPLICATE_KEY';
  constructor(table: string, key: string) {
    super(`Table ${table} already has a row ${key}`);
    this.name = 'DuplicateKeyError';
  }
}

export class NoSuchRowError extends Error {
  readonly code = 'HR_NO_SUCH_ROW';
  constructor(table: string, key: string) {
    super(`There is no ${table} ${key}`);
    this.name = 'NoSuchRowError';
  }
}

export class MemoryTable<Row extends object> {
  readonly name: string;
  readonly #rows = new Map<string, Row>();
  readonly #indexes: MemoryIndex<Row>[] = [];
  readonly #journal: Journal;

  constructor(name: string, journal: Journal) {
    this.name = name;
    this.#journal = journal;
  }

  get size(): number {
    return this.#rows.size;
  }

  get(key: string): Row | undefined {
    return this.#rows.get(key);
  }

  /** @throws NoSuchRowError */
  require(key: string): Row {
    const row = this.#rows.get(key);
    if (row === undefined) throw new NoSuchRowError(this.name, key);
    return row;
  }

  rows(): IterableIterator<Row> {
    return this.#rows.values();
  }

  /** @throws DuplicateKeyError */
  insert(key: string, row: Row): void {
    if (this.#rows.has(key)) throw new DuplicateKeyError(this.name, key);
    this.put(key, row);
  }

  /** Inserts the row, or replaces the one with this key. */
  put(key: string, row: Row): void {
    const before = this.#rows.get(key);
    this.#set(key, before, row);
    this.#journal.note({ table: this.name, key, before, after: row }, () => this.#set(key, row, before));
  }

  /** Replaces the row by one that differs in these columns. @throws NoSuchRowError */
  change(key: string, columns: Partial<Row>): Row {
    const changed = { ...this.require(key), ...columns };
    this.put(key, changed);
    return changed;
  }

  /** False: there was no such row. */
  delete(key: string): boolean {
    const before = this.#rows.get(key);
    if (before === undefined) return false;
    this.#set(key, before, undefined);
    this.#journal.note({ table: this.name, key, before, after: undefined }, () => this.#set(key, undefined, before));
    return true;
  }

  /** Rows by what `of` says of them; those of which it says nothing are not in it. */
  indexed(of: (row: Row) => string | undefined): MemoryIndex<Row> {
    const index = new MemoryIndex(of);
    for (const [key, row] of this.#rows) index.follow(key, undefined, row);
    this.#indexes.push(index);
    return index;
  }

  #set(key: string, before: Row | undefined, after: Row | undefined): void {
    if (after === undefined) this.#rows.delete(key);
    else this.#rows.set(key, after);
    for (const index of this.#indexes) index.follow(key, before, after);
  }
}

export class MemoryIndex<Row extends object> {
  readonly #of: (row: Row) => string | undefined;
  readonly #found = new Map<string, Map<string, Row>>();

  constructor(of: (row: Row) => string | undefined) {
    this.#of = of;
  }

  /** In the order in which they came under this value. */
  get(value: string): IterableIterator<Row> {
    return (this.#found.get(value) ?? new Map<string, Row>()).values();
  }

  count(value: string): number {
    return this.#found.get(value)?.size ?? 0;
  }

  first(value: string): Row | undefined {
    return this.#found.get(value)?.values().next().value;
  }

  /** The values that some row has. */
  values(): IterableIterator<string> {
    return this.#found.keys();
  }

  follow(key: string, before: Row | undefined, after: Row | undefined): void {
    const from = before === undefined ? undefined : this.#of(before);
    const to = after === undefined ? undefined : this.#of(after);
    if (from !== undefined && from !== to) {
      const rows = this.#found.get(from);
      rows?.delete(key);
      if (rows?.size === 0) this.#found.delete(from);
    }
    if (to === undefined || after === undefined) return;
    const rows = this.#found.get(to);
    if (rows === undefined) this.#found.set(to, new Map([[key, after]]));
    else rows.set(key, after);
  }
}
