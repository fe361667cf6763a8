/**
 * Packed files: gzip (`.gz`, of any number of members) and zstd (`.zst`, of any number of frames). Here and not in DuckDB, which takes a file
 * that was cut off for a whole one.
 */
import { Readable, type Transform } from 'node:stream';
import { createGunzip, createGzip, createZstdCompress, createZstdDecompress } from 'node:zlib';
import { DataError, firstLines } from '@headrace/dataplane';

interface Packing {
  readonly ending: string;
  readonly unpack: () => Transform & { readonly bytesWritten: number };
  readonly pack: () => Transform;
}

const PACKINGS: readonly Packing[] = [
  { ending: '.gz', unpack: createGunzip, pack: () => createGzip({ level: 6 }) },
  { ending: '.zst', unpack: createZstdDecompress, pack: () => createZstdCompress() },
];

function packingOf(path: string): Packing | undefined {
  return PACKINGS.find(({ ending }) => path.toLowerCase().endsWith(ending));
}

/** Whether the name says that the file is packed. */
export function isPacked(path: string): boolean {
  return packingOf(path) !== undefined;
}

/** What packs a file of this name; undefined for a plain one. The same content gives the same bytes. */
export function packer(path: string): Transform | undefined {
  return packingOf(path)?.pack();
}

/** The bytes in a file. Throws DataError HR_FILE_DAMAGED for a packed one that was cut off, changed or has something behind its end. */
export async function* unpacked(file: AsyncIterable<Buffer>, path: string, url: string): AsyncGenerator<Buffer> {
  const packing = packingOf(path);
  if (!packing) {
    yield* file;
    return;
  }
  const packed = new PackedBytes(file);
  if (await packed.isAtEnd()) throw damaged(url, 'it is empty');
  while (!(await packed.isAtEnd())) {
    const unpacker = packing.unpack();
    try {
      for await (const chunk of Readable.from(packed.rest(), { objectMode: true, highWaterMark: 1 }).pipe(unpacker)) yield chunk as Buffer;
    } catch (error) {
      if (packed.failure !== undefined) throw packed.failure;
      throw damaged(url, `${packed.isFirst ? '' : 'behind the end of what is packed: '}${firstLines(error, 1)}`, error);
    } finally {
      unpacker.destroy();
    }
    if (packed.failure !== undefined) throw packed.failure;
    if (unpacker.bytesWritten === 0) throw damaged(url, 'behind its end is something else');
    packed.consumed(unpacker.bytesWritten);
  }
}

/** The bytes of a packed file, of which an unpacker takes as many as belong to it. */
class PackedBytes {
  readonly #chunks: AsyncIterator<Buffer>;
  /** What was given out and may not have been taken. */
  #given: Buffer[] = [];
  failure: unknown;
  isFirst = true;

  constructor(file: AsyncIterable<Buffer>) {
    this.#chunks = file[Symbol.asyncIterator]();
  }

  async isAtEnd(): Promise<boolean> {
    while (this.#given.every((chunk) => chunk.length === 0)) {
      const next = await this.#chunks.next();
      if (next.done) return true;
      this.#given = [next.value];
    }
    return false;
  }

  async *rest(): AsyncGenerator<Buffer> {
    for (let index = 0; ; index += 1) {
      const kept = this.#given[index];
      if (kept !== undefined) {
        yield kept;
        continue;
      }
      let next: IteratorResult<Buffer>;
      try {
        next = await this.#chunks.next();
      } catch (error) {
        // Told by who asks: the unpacker would call it the end of a damaged file.
        this.failure = error;
        return;
      }
      if (next.done) return;
      this.#given.push(next.value);
      // An unpacker holds at most what it was given last.
      if (index >= 64) this.#drop(index - 64);
      yield next.value;
    }
  }

  /** So many bytes from where `rest` began are done with. */
  consumed(bytes: number): void {
    this.isFirst = false;
    let left = bytes;
    this.#given = this.#given.map((chunk) => {
      const taken = Math.min(left, this.#lengths.get(chunk) ?? chunk.length);
      left -= taken;
      return chunk.subarray(Math.min(taken, chunk.length));
    });
    this.#given = this.#given.filter((chunk) => chunk.length > 0);
    this.#lengths.clear();
  }

  /** Of chunks that were dropped, so that they are still counted. */
  readonly #lengths = new Map<Buffer, number>();

  #drop(index: number): void {
    const dropped = this.#given[index];
    if (dropped === undefined || dropped.length === 0) return;
    const empty = Buffer.alloc(0);
    this.#lengths.set(empty, dropped.length);
    this.#given[index] = empty;
  }
}

function damaged(url: string, why: string, cause?: unknown): DataError {
  return new DataError('HR_FILE_DAMAGED', `${url} cannot be unpacked: ${why}. It was cut off or changed on its way: bring it again`, {
    cause,
  });
}
