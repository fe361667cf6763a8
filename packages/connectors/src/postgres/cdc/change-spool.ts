/**
 * Changes of one table, as they come in the log, written down as CSV: a file for each set of columns that the table had meanwhile.
 *
 * C1. A line is the place of the change, what it was, when it was committed, and the values, as the server writes them.
 * C2. A change of a key is two lines: the row of the old key is gone, that of the new one is there.
 * C3. Memory is that of the buffers; a transaction may be of any size.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError } from '@headrace/dataplane';
import { type Column, elementType } from '@headrace/sdk';
import { columnTypeOfField } from '../column-types.ts';
import { quote } from '../sql-text.ts';
import { arrayAsJson } from './array-literal.ts';
import type { ChangesWanted } from './change-rows.ts';
import { LineBuffer } from './line-buffer.ts';
import { type OldRow, parseMessage, type TableShape, type Value } from './log-message.ts';
import { commitOf, orderOf, parseLsn } from './lsn.ts';
import type { PublishedTable } from './published-table.ts';
import type { ChangesTask, LogPosition } from './slot.ts';
import type { SpooledChanges } from './spooled-changes.ts';

export interface LogRange {
  readonly from: LogPosition;
  /** Where the log ended before the table was looked at: a column that came in the range is known. */
  readonly to: string;
}

type Operation = 'insert' | 'update' | 'delete' | 'truncate';

interface Part {
  /** Tells one set of columns from another. */
  readonly text: string;
  readonly file: string;
  /** That are written. */
  readonly columns: readonly Column[];
  /** Where their values are in a row of the log. */
  readonly places: readonly number[];
  /** Where those of the key are. */
  readonly key: readonly number[];
  readonly lists: readonly boolean[];
  readonly lines: LineBuffer;
  handle?: FileHandle;
}

export class ChangeSpool {
  readonly #folder: string;
  readonly #task: ChangesTask;
  readonly #table: PublishedTable;
  readonly #declared: ChangesWanted['declared'];
  /** Commits in `[from, to)` are wanted. */
  readonly #from: bigint;
  readonly #to: bigint;
  readonly #parts: Part[] = [];
  #part: Part | undefined;
  #wanted = false;
  #commit = '';
  #committedAt = '';
  #sequence = 0;
  #rows = 0;

  constructor(folder: string, task: ChangesTask, table: PublishedTable, { declared, present }: ChangesWanted, { from, to }: LogRange) {
    this.#folder = folder;
    this.#task = task;
    this.#table = { ...table, columns: present };
    this.#declared = declared;
    this.#from = parseLsn(from.lsn);
    this.#to = parseLsn(to);
  }

  get rows(): number {
    return this.#rows;
  }

  /** Takes what the log says. Throws DataError for a change that cannot be told. */
  take(data: Buffer): void {
    const message = parseMessage(data);
    if (message === undefined) return;
    if (message.kind === 'begin') {
      this.#wanted = message.lsn >= this.#from && message.lsn < this.#to;
      this.#commit = commitOf(message.lsn);
      this.#committedAt = message.committedAt.toString();
      this.#sequence = 0;
      return;
    }
    if (message.kind === 'shape') {
      if (message.shape.oid === this.#table.oid) this.#part = this.#partOf(message.shape);
      return;
    }
    if (!this.#wanted) return;
    if (message.kind === 'truncate') {
      if (message.oids.includes(this.#table.oid)) this.#truncate();
      return;
    }
    if (message.oid !== this.#table.oid) return;
    const part = this.#part;
    if (part === undefined) throw new TypeError('The log has a change before the columns of its table');
    if (message.kind === 'insert') this.#write(part, 'insert', message.row);
    else if (message.kind === 'delete') this.#write(part, 'delete', message.old.row);
    else this.#update(part, message.old, message.row);
  }

  /** Writes what was taken to the files. To be called now and then. */
  async flush(): Promise<void> {
    for (const part of this.#parts) {
      if (part.lines.size === 0) continue;
      part.handle ??= await open(part.file, 'w', 0o600);
      await part.handle.appendFile(part.lines.bytes());
      part.lines.clear();
    }
  }

  /** The files, in the order in which the tables were so. */
  async finish(): Promise<readonly SpooledChanges[]> {
    await this.flush();
    await this.close();
    return this.#parts
      .filter(({ lines }) => lines.longest > 0)
      .map(({ file, columns, lines }) => ({ file, columns, longest: lines.longest }));
  }

  async close(): Promise<void> {
    for (const part of this.#parts) {
      await part.handle?.close();
      delete part.handle;
    }
  }

  #update(part: Part, old: OldRow | undefined, row: readonly Value[]): void {
    // A long key that was not changed is in the log with the old row.
    const isOld = (index: number): boolean => old !== undefined && (old.whole || part.key.includes(index));
    const known = row.map((value, index) => (value === undefined && isOld(index) ? old?.row[index] : value));
    if (old !== undefined && part.key.some((index) => !same(old.row[index], known[index]))) this.#write(part, 'delete', old.row);
    this.#write(part, 'update', known);
  }

  #truncate(): void {
    const { settings, where, anew } = this.#task;
    if (settings.onTruncate === 'ignore') return;
    if (settings.onTruncate === 'fail')
      throw new DataError(
        'HR_CDC_TRUNCATED',
        `${where}: the table was emptied by TRUNCATE, and the log does not say which rows are gone. ${anew}. To keep the rows that are loaded: onTruncate: 'ignore'`,
      );
    const part = this.#part ?? this.#partWith(this.#table.columns);
    this.#write(
      part,
      'truncate',
      Array.from({ length: Math.max(...part.places) + 1 }, () => null),
    );
  }

  #write(part: Part, operation: Operation, row: readonly Value[]): void {
    this.#sequence += 1;
    this.#rows += 1;
    const { lines } = part;
    lines.text(orderOf(this.#commit, this.#sequence));
    lines.text(operation);
    lines.text(this.#committedAt);
    for (const [index, place] of part.places.entries()) {
      const value = row[place];
      if (value === undefined) throw this.#unchanged(part, index);
      if (value === null) lines.nothing();
      else if (part.lists[index]) lines.value(listValue(value));
      else lines.value(value);
    }
    lines.end();
  }

  #unchanged(part: Part, index: number): DataError {
    const { where, anew } = this.#task;
    return new DataError(
      'HR_CDC_VALUE_MISSING',
      `${where}: an update did not change the long value of column "${part.columns[index]?.name}", so the log does not have it. Let the log have whole rows: alter table ${this.#table.sql} replica identity full. ${anew}`,
    );
  }

  #partOf({ columns }: TableShape): Part {
    const current = new Map(this.#table.columns.map((column) => [column.name, column]));
    // A column that the table has no more keeps its values and the type that it had.
    return this.#partWith(columns.map(({ name, oid, modifier }) => current.get(name) ?? { name, type: columnTypeOfField(oid, modifier) }));
  }

  #partWith(shape: readonly Column[]): Part {
    const declared = this.#declared;
    const places = [...shape.keys()].filter((place) => declared === undefined || Object.hasOwn(declared, shape[place]?.name ?? ''));
    const columns = places.flatMap((place) => shape[place] ?? []);
    const text = JSON.stringify(shape);
    const found = this.#parts.find((part) => part.text === text);
    if (found !== undefined) return found;
    const key = this.#table.key.map((name) => shape.findIndex((column) => column.name === name));
    const lacking = this.#table.key[key.indexOf(-1)];
    if (lacking !== undefined)
      throw new DataError(
        'HR_CDC_KEY_CHANGED',
        `${this.#task.where}: column ${quote(lacking)} of the key was not there when these changes were made. ${this.#task.anew}`,
      );
    const file = join(this.#folder, `changes-${this.#parts.length}.csv`);
    const lists = columns.map(({ type }) => elementType(type) !== undefined);
    const part: Part = { text, file, columns, places, key, lists, lines: new LineBuffer() };
    this.#parts.push(part);
    return part;
  }
}

function listValue(value: Buffer): Buffer {
  const json = arrayAsJson(value.toString());
  return json === undefined ? value : Buffer.from(json);
}

function same(a: Value, b: Value): boolean {
  return a === b || (a instanceof Uint8Array && b instanceof Uint8Array && Buffer.compare(a, b) === 0);
}
