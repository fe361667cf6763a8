/**
 * The rows of a query as CSV, made of the packets of the protocol byte by byte: no cell becomes a JavaScript value.
 *
 * V1. Null is an empty field; every other text is quoted; numbers and times stand as the server writes them; binary is hexadecimal.
 * V2. What waits to be read is one chunk and what came with it: when nobody reads, nothing is taken from the server.
 */
import { Readable } from 'node:stream';
import { DataError } from '@headrace/dataplane';
import type mysql from 'mysql2';
import type { MysqlClient } from './connect.ts';

/** How a column is written; undefined: it is left out. */
export type CellWriter = 'plain' | 'text' | 'hex' | 'bits' | undefined;

/** What is used of the driver beyond its types: its state that takes the packets of rows, and what it calls in it. */
interface RowState {
  row: (packet: Packet, connection: unknown) => unknown;
}

interface Packet {
  readonly buffer: Uint8Array;
  readonly offset: number;
  readonly end: number;
  isEOF(): boolean;
}

const CHUNK = 1 << 20;
const COMMA = 0x2c;
const QUOTE = 0x22;
const NEWLINE = 0x0a;
const NULL_CELL = 0xfb;
const HEX = Buffer.from('0123456789abcdef');

/** Runs the query. `writers` are for the columns of the query, in their order; `told` is called with rows and bytes so far. */
export function rowsAsCsv(
  client: MysqlClient,
  sql: string,
  writers: readonly CellWriter[],
  told: (rows: number, bytes: number) => void,
): Readable {
  let rows = 0;
  let bytes = 0;
  let started = false;
  const stream = new Readable({
    highWaterMark: CHUNK,
    read() {
      if (started) client.raw.resume();
      else start();
    },
    destroy(error, done) {
      client.raw.destroy();
      done(error);
    },
  });
  const encoder = new CsvEncoder(writers, (chunk) => {
    bytes += chunk.length;
    told(rows, bytes);
    if (!stream.push(chunk)) client.raw.pause();
  });

  function start(): void {
    started = true;
    const command = client.raw.query(sql, (error: unknown) => {
      if (error) stream.destroy(error instanceof Error ? error : new Error(String(error)));
      else {
        encoder.flush();
        stream.push(null);
      }
    }) as mysql.Query & RowState;
    const last = command.row;
    if (typeof last !== 'function') throw new TypeError('This version of mysql2 takes rows otherwise');
    command.on('fields', (fields: readonly unknown[] | undefined) => {
      if (fields?.length !== writers.length)
        stream.destroy(new DataError('HR_SCHEMA_CHANGED', 'The columns of the query changed while it was read', { retryable: true }));
    });
    command.row = function row(this: RowState, packet: Packet, connection: unknown): unknown {
      if (packet.isEOF()) return last.call(this, packet, connection);
      encoder.append(packet.buffer, packet.offset, packet.end);
      rows += 1;
      return row;
    };
  }
  return stream;
}

/** Appends rows to chunks of about a megabyte. */
class CsvEncoder {
  readonly #writers: readonly CellWriter[];
  readonly #emit: (chunk: Buffer) => void;
  #out = Buffer.allocUnsafe(2 * CHUNK);
  #length = 0;

  constructor(writers: readonly CellWriter[], emit: (chunk: Buffer) => void) {
    this.#writers = writers;
    this.#emit = emit;
  }

  /** One row of the text protocol: each cell its length and its bytes. */
  append(row: Uint8Array, start: number, end: number): void {
    // Every byte may need two, and every cell two quotes and a comma.
    this.#reserve(2 * (end - start) + 24 * this.#writers.length + 1);
    const out = this.#out;
    let at = this.#length;
    let offset = start;
    let first = true;
    for (const writer of this.#writers) {
      let length = row[offset++] ?? 0;
      const isNull = length === NULL_CELL;
      if (length > NULL_CELL) {
        const width = length === 0xfc ? 2 : length === 0xfd ? 3 : 8;
        length = 0;
        for (let index = width - 1; index >= 0; index -= 1) length = length * 256 + (row[offset + index] ?? 0);
        offset += width;
      }
      const stop = isNull ? offset : offset + length;
      if (writer !== undefined) {
        if (first) first = false;
        else out[at++] = COMMA;
        if (isNull) {
          // Nothing at all is null.
        } else if (writer === 'plain') {
          for (let index = offset; index < stop; index += 1) out[at++] = row[index] as number;
        } else if (writer === 'bits') {
          let value = 0n;
          for (let index = offset; index < stop; index += 1) value = value * 256n + BigInt(row[index] as number);
          at += out.write(value.toString(), at, 'latin1');
        } else {
          out[at++] = QUOTE;
          if (writer === 'hex') {
            for (let index = offset; index < stop; index += 1) {
              const byte = row[index] as number;
              out[at++] = HEX[byte >> 4] as number;
              out[at++] = HEX[byte & 15] as number;
            }
          } else {
            for (let index = offset; index < stop; index += 1) {
              const byte = row[index] as number;
              out[at++] = byte;
              if (byte === QUOTE) out[at++] = QUOTE;
            }
          }
          out[at++] = QUOTE;
        }
      }
      offset = stop;
    }
    out[at++] = NEWLINE;
    this.#length = at;
    if (at >= CHUNK) this.flush();
  }

  /** Gives away what is there. */
  flush(): void {
    if (this.#length === 0) return;
    const chunk = this.#out.subarray(0, this.#length);
    this.#out = Buffer.allocUnsafe(2 * CHUNK);
    this.#length = 0;
    this.#emit(chunk);
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#out.length) return;
    this.flush();
    if (bytes > this.#out.length) this.#out = Buffer.allocUnsafe(bytes);
  }
}
