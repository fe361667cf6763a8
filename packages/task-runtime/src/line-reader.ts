/** Cuts a stream of bytes into lines, holding at most one unfinished line of bounded length. */
import { ProtocolError } from './errors.ts';

const NEWLINE = 0x0a;

export class LineReader {
  readonly #maxBytes: number;
  readonly #onLine: (line: string) => void;
  #held: Buffer[] = [];
  #heldBytes = 0;

  constructor(maxBytes: number, onLine: (line: string) => void) {
    this.#maxBytes = maxBytes;
    this.#onLine = onLine;
  }

  /** Throws ProtocolError for a line above the limit, and what `onLine` throws. */
  push(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const line = this.#heldBytes === 0 ? chunk.toString('utf8', start, end) : this.#complete(chunk.subarray(start, end));
      start = end + 1;
      this.#onLine(line);
    }
    if (start === chunk.length) return;
    this.#hold(chunk.subarray(start));
  }

  #complete(end: Buffer): string {
    this.#hold(end);
    const line = Buffer.concat(this.#held).toString('utf8');
    this.#held = [];
    this.#heldBytes = 0;
    return line;
  }

  #hold(piece: Buffer): void {
    this.#held.push(piece);
    this.#heldBytes += piece.length;
    if (this.#heldBytes > this.#maxBytes) throw new ProtocolError(`a line is longer than ${this.#maxBytes} bytes`);
  }
}
