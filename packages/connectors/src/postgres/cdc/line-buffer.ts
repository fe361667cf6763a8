/** Lines of CSV as bytes: every value is quoted, nothing is null. */

const QUOTE = 0x22;
const COMMA = 0x2c;
const NEWLINE = 0x0a;
const FIRST = 1 << 16;

export class LineBuffer {
  #bytes = Buffer.allocUnsafe(FIRST);
  #size = 0;
  #lineStart = 0;
  #longest = 0;
  #first = true;

  get size(): number {
    return this.#size;
  }

  /** Bytes of the longest line that there ever was; 0 before the first. */
  get longest(): number {
    return this.#longest;
  }

  /** What was written since `clear`, until then. */
  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#size);
  }

  clear(): void {
    // One huge value must not hold its memory for ever.
    if (this.#bytes.length > FIRST * 64) this.#bytes = Buffer.allocUnsafe(FIRST);
    this.#size = 0;
    this.#lineStart = 0;
  }

  nothing(): void {
    this.#reserve(1);
    this.#separate();
  }

  /** Of letters, digits and such. */
  text(text: string): void {
    this.#reserve(text.length + 3);
    this.#separate();
    this.#size += this.#bytes.write(text, this.#size, 'latin1');
  }

  value(value: Buffer): void {
    const escaped = value.includes(QUOTE) ? Buffer.from(value.toString('latin1').replaceAll('"', '""'), 'latin1') : value;
    this.#reserve(escaped.length + 3);
    this.#separate();
    this.#bytes[this.#size++] = QUOTE;
    this.#size += escaped.copy(this.#bytes, this.#size);
    this.#bytes[this.#size++] = QUOTE;
  }

  end(): void {
    this.#reserve(1);
    this.#bytes[this.#size++] = NEWLINE;
    this.#longest = Math.max(this.#longest, this.#size - this.#lineStart);
    this.#lineStart = this.#size;
    this.#first = true;
  }

  #separate(): void {
    if (!this.#first) this.#bytes[this.#size++] = COMMA;
    this.#first = false;
  }

  #reserve(more: number): void {
    if (this.#size + more <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#size + more));
    this.#bytes.copy(larger, 0, 0, this.#size);
    this.#bytes = larger;
  }
}
