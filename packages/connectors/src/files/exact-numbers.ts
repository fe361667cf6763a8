/**
 * JSON, with the fractional numbers of its records written as strings, so that no reader makes binary fractions of them:
 * `{"price": 12345678901234567.89}` becomes `{"price": "12345678901234567.89"}`. Everything else passes byte for byte.
 * Numbers inside nested objects and lists stay as they are.
 */
import { Transform, type TransformCallback } from 'node:stream';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = new Set([0x7b, 0x5b]);
const CLOSE = new Set([0x7d, 0x5d]);
const LIST = 0x5b;
const NUMBER = new Set([...'0123456789+-.eE'].map((character) => character.charCodeAt(0)));
const NUMBER_START = new Set([...'-0123456789'].map((character) => character.charCodeAt(0)));
const FRACTION = /[.eE]/;

export class ExactNumbers extends Transform {
  /** 1 where records stand side by side, 2 where they stand in a list. */
  #recordDepth = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** The digits of a number that the last chunk ended in. */
  #number = '';

  /** Whether the document is one list of records. Known after the first byte that is not a space. */
  get isList(): boolean {
    return this.#recordDepth === 2;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    let from = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at] as number;
      if (this.#number !== '') {
        if (NUMBER.has(byte)) {
          this.#number += String.fromCharCode(byte);
          continue;
        }
        this.#pushNumber();
        from = at;
      }
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (byte === BACKSLASH) this.#escaped = true;
        else if (byte === QUOTE) this.#inString = false;
      } else if (byte === QUOTE) this.#inString = true;
      else if (OPEN.has(byte)) {
        if (this.#recordDepth === 0) this.#recordDepth = byte === LIST ? 2 : 1;
        this.#depth += 1;
      } else if (CLOSE.has(byte)) this.#depth -= 1;
      else if (this.#depth === this.#recordDepth && NUMBER_START.has(byte)) {
        if (at > from) this.push(chunk.subarray(from, at));
        this.#number = String.fromCharCode(byte);
      }
    }
    if (this.#number === '' && from < chunk.length) this.push(chunk.subarray(from));
    done();
  }

  override _flush(done: TransformCallback): void {
    if (this.#number !== '') this.#pushNumber();
    done();
  }

  #pushNumber(): void {
    this.push(FRACTION.test(this.#number) ? `"${this.#number}"` : this.#number);
    this.#number = '';
  }
}
