/**
 * One `COPY … TO STDOUT` on one connection: takes the frames of the protocol off the rows. Of the binary form also what stands before
 * the first row and after the last.
 *
 * F1. Pieces end where rows end, and after every `TURN` rows; but a row that is longer than `LONG_ROW` comes in several, so that it is not held.
 * F2. The bytes of the socket are used as they are: frames are closed up in place.
 * F3. Before and after the rows the connection belongs to its client, which hears of errors and of the end.
 */
import type { Socket } from 'node:net';
import type pg from 'pg';

export interface CopyPiece {
  readonly bytes: Buffer;
  /** How many rows begin in it. */
  readonly rows: number;
  /** `TURN` rows have passed since the last such piece. */
  readonly last: boolean;
}

export interface RowReceiver {
  piece(piece: CopyPiece): void;
  /** The server has sent so many. */
  end(rowCount: number): void;
  error(error: Error): void;
}

/** Rows that one connection gives before another does. */
const TURN = 1_000;
const LONG_ROW = 1 << 20;
/** Of a message: its letter, and its length, which counts itself. */
const FRAME = 5;
/** The binary form's signature, flags, and the length of what an extension adds. */
const SIGNATURE = 11 + 4 + 4;
const LAST = -1;

const COPY_DATA = letter('d');
/** May stand between rows: the answer to the statement, a parameter's new value, a notice, a notification. */
const BETWEEN: ReadonlySet<number> = new Set(['H', 'S', 'N', 'A'].map(letter));
const COPY_DONE = letter('c');

export class CopyFrames implements pg.Submittable {
  readonly #sql: string;
  readonly #binary: boolean;
  readonly #receiver: RowReceiver;
  #socket: Socket | undefined;
  /** The client's own listener, while rows are on their way. */
  #client: ((chunk: Buffer) => void) | undefined;
  /** The beginning of a message, and how long it must be to be looked at again. */
  #held: Buffer[] = [];
  #heldBytes = 0;
  #needed = FRAME;
  /** Bytes that are missing of a long row. */
  #missing = 0;
  /** Rows since the last turn ended. */
  #inTurn = 0;
  #begun = false;
  #abandoned = false;
  #paused = false;

  constructor(sql: string, binary: boolean, receiver: RowReceiver) {
    this.#sql = sql;
    this.#binary = binary;
    this.#receiver = receiver;
  }

  submit(connection: pg.Connection): void {
    const socket = (connection as unknown as { readonly stream: Socket }).stream;
    this.#socket = socket;
    this.#client = socket.listeners('data')[0] as (chunk: Buffer) => void;
    socket.removeListener('data', this.#client);
    socket.on('data', this.#onData);
    if (this.#paused) socket.pause();
    connection.query(this.#sql);
  }

  pause(): void {
    this.#paused = true;
    if (this.#client !== undefined) this.#socket?.pause();
  }

  resume(): void {
    this.#paused = false;
    if (this.#client !== undefined) this.#socket?.resume();
  }

  /** Hands on nothing more. The connection is of no further use. */
  abandon(): void {
    this.#abandoned = true;
    this.#held = [];
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    this.#receiver.end(Number(/^COPY (\d+)/.exec(text)?.[1] ?? 0));
  }

  handleError(error: Error): void {
    if (!this.#abandoned) this.#receiver.error(error);
  }

  handleReadyForQuery(): void {}

  readonly #onData = (arrived: Buffer): void => {
    if (this.#abandoned) return;
    const chunk = this.#withHeld(arrived);
    if (chunk === undefined) return;
    let at = Math.min(this.#missing, chunk.length);
    if (at > 0) {
      this.#missing -= at;
      this.#give(chunk.subarray(0, at), 0);
    }
    let from = at;
    let to = at;
    let rows = 0;
    while (chunk.length - at >= FRAME) {
      const kind = chunk[at] as number;
      const end = at + 1 + chunk.readInt32BE(at + 1);
      if (kind !== COPY_DATA && !BETWEEN.has(kind)) {
        if (to > from) this.#give(chunk.subarray(from, to), rows);
        // An error is for the client to read.
        this.#detach(chunk.subarray(kind === COPY_DONE ? end : at));
        return;
      }
      if (end > chunk.length) break;
      if (kind === COPY_DATA) {
        const begin = this.#begin(chunk, at + FRAME, end);
        if (begin < end) {
          chunk.copyWithin(to, begin, end);
          to += end - begin;
          rows += 1;
          if (this.#inTurn + rows === TURN) {
            this.#give(chunk.subarray(from, to), rows);
            from = to;
            rows = 0;
          }
        }
      }
      at = end;
    }
    if (to > from) this.#give(chunk.subarray(from, to), rows);
    this.#keep(chunk, at);
  };

  #give(bytes: Buffer, rows: number): void {
    this.#inTurn += rows;
    const last = this.#inTurn === TURN && this.#missing === 0;
    if (last) this.#inTurn = 0;
    this.#receiver.piece({ bytes, rows, last });
  }

  /** Where a row begins in a message; at its end, when it is none. */
  #begin(chunk: Buffer, start: number, end: number): number {
    if (!this.#binary) return start;
    let begin = start;
    if (!this.#begun) {
      begin += SIGNATURE + chunk.readInt32BE(start + SIGNATURE - 4);
      this.#begun = true;
    }
    return begin < end && chunk.readInt16BE(begin) === LAST ? end : begin;
  }

  /** Keeps the beginning of a message, or hands on that of a long row. */
  #keep(chunk: Buffer, at: number): void {
    const left = chunk.length - at;
    if (left === 0) return;
    const length = left < FRAME ? FRAME : 1 + chunk.readInt32BE(at + 1);
    if (left >= LONG_ROW && chunk[at] === COPY_DATA) {
      this.#missing = length - left;
      this.#give(chunk.subarray(this.#begin(chunk, at + FRAME, at + length)), 1);
      return;
    }
    this.#held = [chunk.subarray(at)];
    this.#heldBytes = left;
    this.#needed = Math.min(length, LONG_ROW);
  }

  /** What was held and what has come, once that is enough to be looked at. */
  #withHeld(chunk: Buffer): Buffer | undefined {
    if (this.#held.length === 0) return chunk;
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
    if (this.#heldBytes < this.#needed) return undefined;
    const whole = Buffer.concat(this.#held);
    this.#held = [];
    this.#heldBytes = 0;
    return whole;
  }

  #detach(rest: Buffer): void {
    const [socket, client] = [this.#socket, this.#client];
    this.#client = undefined;
    if (socket === undefined || client === undefined) return;
    socket.removeListener('data', this.#onData);
    socket.on('data', client);
    if (rest.length > 0) client(rest);
    // What is paused would never hear of the end.
    socket.resume();
  }
}

function letter(text: string): number {
  return text.charCodeAt(0);
}
