/** `COPY … TO STDOUT (FORMAT BINARY)` of one column of type bytea, as the values, in lists that came together. */
import type { Readable } from 'node:stream';

const SIGNATURE = 11;
const FIELDS = 2;
const LENGTH = 4;

/** A list is over before the next is asked for: its values are parts of what was received. Memory is that of the largest value. */
export async function* copiedValues(stream: Readable): AsyncGenerator<readonly Buffer[]> {
  let rest: Buffer = Buffer.alloc(0);
  const pending: Buffer[] = [];
  let size = 0;
  let needed = SIGNATURE + 2 * LENGTH;
  let begun = false;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    pending.push(chunk);
    size += chunk.length;
    // A value of many chunks is put together once.
    if (size < needed) continue;
    rest = pending.length === 1 ? chunk : Buffer.concat(pending);
    let at = 0;
    if (!begun) {
      at = SIGNATURE + 2 * LENGTH + rest.readUInt32BE(SIGNATURE + LENGTH);
      begun = true;
    }
    const values: Buffer[] = [];
    needed = FIELDS + LENGTH;
    while (rest.length - at >= FIELDS && rest.readInt16BE(at) !== -1) {
      if (rest.length - at < FIELDS + LENGTH) break;
      const length = rest.readUInt32BE(at + FIELDS);
      const end = at + FIELDS + LENGTH + length;
      if (end > rest.length) {
        needed = end - at;
        break;
      }
      values.push(rest.subarray(at + FIELDS + LENGTH, end));
      at = end;
    }
    if (values.length > 0) yield values;
    rest = rest.subarray(at);
    pending.length = 0;
    pending.push(rest);
    size = rest.length;
  }
}
