/**
 * The rows of `COPY … TO STDOUT` on one connection or several, as one stream of bytes.
 *
 * C1. Several connections take turns of `TURN` rows, so that the order of the rows follows from their order on each, and a table that is
 *     read again is the same bytes.
 * C2. Rows are counted as they pass, which costs nothing: the server sends each in a message of its own, whose frame is taken off here.
 * C3. The stream ends when every server has said that it has sent all, and how many rows that were (`rowCount`). The first error of one
 *     is the error of all.
 * C4. What is held is bounded: of a connection whose turn it is not, what came with one read of its socket.
 */
import { Readable } from 'node:stream';
import type pg from 'pg';
import { CopyFrames, type CopyPiece } from './copy-frames.ts';

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
  readonly #parts: readonly { readonly frames: CopyFrames; readonly waiting: CopyPiece[]; ended: boolean }[];
  #turn = 0;
  #full = false;
  #passing = false;

  /** Begins to copy. `told` is called with every chunk that passes. */
  constructor(
    statements: readonly CopyStatement[],
    form: CopyForm,
    told: (passed: { readonly rows: number; readonly bytes: number }) => void = () => {},
  ) {
    super({ highWaterMark: 1 << 20 });
    this.#form = form;
    this.#told = told;
    if (form === 'binary') this.push(BINARY_START);
    this.#parts = statements.map(({ sql }, index) => {
      const frames = new CopyFrames(sql, form === 'binary', {
        piece: (piece) => this.#take(index, piece),
        end: (rowCount) => this.#end(index, rowCount),
        error: (error) => this.destroy(error),
      });
      return { frames, waiting: [], ended: false };
    });
    for (const [index, { frames }] of this.#parts.entries()) statements[index]?.client.query(frames);
  }

  override _read(): void {
    this.#full = false;
    this.#pass();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    for (const { frames, waiting } of this.#parts) {
      frames.abandon();
      waiting.length = 0;
    }
    done(error);
  }

  #take(index: number, piece: CopyPiece): void {
    this.#parts[index]?.waiting.push(piece);
    this.#pass();
  }

  #end(index: number, rowCount: number): void {
    this.rowCount += rowCount;
    const part = this.#parts[index];
    if (part) part.ended = true;
    this.#pass();
  }

  /** Passes on what is there, as far as turns and the reader allow, and lets those be read of whom nothing is there. */
  #pass(): void {
    if (this.#passing || this.destroyed) return;
    this.#passing = true;
    while (!this.#full) {
      const part = this.#parts[this.#turn];
      const piece = part?.waiting.shift();
      if (piece !== undefined) this.#push(piece);
      else if (!part?.ended) break;
      if (piece === undefined && this.#parts.every(({ ended, waiting }) => ended && waiting.length === 0)) {
        this.#finish();
        break;
      }
      if (piece?.last ?? true) this.#turn = (this.#turn + 1) % this.#parts.length;
    }
    this.#passing = false;
    for (const { frames, waiting } of this.#parts) {
      if (this.#full || waiting.length > 0) frames.pause();
      else frames.resume();
    }
  }

  #push({ bytes, rows }: CopyPiece): void {
    this.passed.rows += rows;
    this.passed.bytes += bytes.length;
    this.#full = !this.push(bytes);
    this.#told(this.passed);
  }

  #finish(): void {
    if (this.#form === 'binary') this.push(BINARY_END);
    this.push(null);
    this.#full = true;
  }
}
