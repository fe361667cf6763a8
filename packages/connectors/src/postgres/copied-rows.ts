/**
 * The rows of `COPY … TO STDOUT` on one connection or several, as one stream of bytes.
 *
 * C1. The streams of several connections are joined between rows, never within one: in the order in which they come.
 * C2. Rows are counted as they pass, which costs nothing: the server sends each in a message of its own, whose frame is taken off here.
 * C3. The stream ends when every server has said that it has sent all, and how many rows that were (`rowCount`). The first error of one
 *     is the error of all.
 * C4. Nobody is read who cannot be passed on: what holds is that of the reader's side, and less than `LONG_ROW` a connection.
 */
import { Readable } from 'node:stream';
import type pg from 'pg';
import { CopyFrames } from './copy-frames.ts';

export type CopyForm = 'csv' | 'text' | 'binary';

/** One connection's part of the rows. */
export interface CopyStatement {
  readonly client: pg.Client;
  /** `copy … to stdout (…)`, in the form that the stream is of. */
  readonly sql: string;
}

/** What a file of the binary form begins with (signature, no flags, no extension) and ends with. */
const BINARY_START = Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)]);
const BINARY_END = Buffer.from([0xff, 0xff]);

export class CopiedRows extends Readable {
  /** Rows and bytes that have passed so far. */
  readonly passed = { rows: 0, bytes: 0 };
  /** What the servers said they have sent. Known when the stream has ended. */
  rowCount = 0;
  readonly #form: CopyForm;
  readonly #told: (passed: { readonly rows: number; readonly bytes: number }) => void;
  readonly #parts: readonly CopyFrames[];
  #running: number;
  /** The part that is within a long row: the others wait until that is through. */
  #speaking: CopyFrames | undefined;
  readonly #waiting = new Map<CopyFrames, { readonly bytes: Buffer; readonly rows: number; readonly whole: boolean }[]>();
  #paused = false;

  /** Begins to copy. `told` is called with every chunk that passes. */
  constructor(
    statements: readonly CopyStatement[],
    form: CopyForm,
    told: (passed: { readonly rows: number; readonly bytes: number }) => void = () => {},
  ) {
    super({ highWaterMark: 1 << 20 });
    this.#form = form;
    this.#told = told;
    this.#running = statements.length;
    if (form === 'binary') this.push(BINARY_START);
    this.#parts = statements.map(({ sql }) => {
      const part = new CopyFrames(sql, form === 'binary', {
        rows: (bytes, rows, whole) => this.#take(part, bytes, rows, whole),
        end: (rowCount) => this.#ended(rowCount),
        error: (error) => this.destroy(error),
      });
      return part;
    });
    for (const [index, part] of this.#parts.entries()) statements[index]?.client.query(part);
  }

  override _read(): void {
    this.#paused = false;
    this.#resume();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    for (const part of this.#parts) part.abandon();
    this.#waiting.clear();
    done(error);
  }

  #take(part: CopyFrames, bytes: Buffer, rows: number, whole: boolean): void {
    if (this.#speaking !== undefined && this.#speaking !== part) {
      const queue = this.#waiting.get(part) ?? [];
      queue.push({ bytes, rows, whole });
      this.#waiting.set(part, queue);
      part.pause();
      return;
    }
    this.#pass(bytes, rows);
    this.#speaking = whole ? undefined : part;
    if (whole) this.#letSpeak();
    if (this.#paused) for (const each of this.#parts) each.pause();
  }

  /** Those that had to wait, until one of them is within a long row itself. */
  #letSpeak(): void {
    if (this.#waiting.size === 0) return;
    for (const [part, queue] of this.#waiting) {
      this.#waiting.delete(part);
      for (const { bytes, rows, whole } of queue) {
        this.#pass(bytes, rows);
        this.#speaking = whole ? undefined : part;
      }
      if (this.#speaking !== undefined) break;
    }
    if (!this.#paused) this.#resume();
  }

  #resume(): void {
    for (const part of this.#parts) if (!this.#waiting.has(part)) part.resume();
  }

  #pass(bytes: Buffer, rows: number): void {
    this.passed.rows += rows;
    this.passed.bytes += bytes.length;
    if (!this.push(bytes)) this.#paused = true;
    this.#told(this.passed);
  }

  #ended(rowCount: number): void {
    this.rowCount += rowCount;
    this.#running -= 1;
    if (this.#running > 0) return;
    if (this.#form === 'binary') this.push(BINARY_END);
    this.push(null);
  }
}
