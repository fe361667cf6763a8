/** Brings a source file to the local disk as what its reader takes: unpacked, and as UTF-8. */
import { createReadStream, createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { DataError, localFile, type Work } from '@headrace/dataplane';
import { transcoded } from './encodings.ts';
import type { SourceFile } from './source-file.ts';
import { diskFull } from './text-columns.ts';
import { isPacked, unpacked } from './unpack.ts';

export interface TextWanted {
  readonly encoding: unknown;
  readonly onBad: 'fail' | 'mark';
}

/** The bytes of the file, unpacked; told as progress. */
export async function* bytesOf({ root, path, url, bytes: totalBytes }: SourceFile, work: Work): AsyncGenerator<Buffer> {
  const local = root.localPath(path);
  const stream = local === undefined ? await root.read(path) : createReadStream(local, { highWaterMark: 1 << 20 });
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    work.progress({ phase: 'reading', bytes, totalBytes });
  });
  // Paused until it is read from: a listener alone would let it run.
  stream.pause();
  try {
    yield* unpacked(stream, path, url);
  } finally {
    stream.destroy();
  }
}

/** A local file of UTF-8 text. `inPlace`: it is the source file itself, which somebody may change. */
export async function localText(
  source: SourceFile,
  wanted: TextWanted,
  work: Work,
): Promise<{ readonly file: string; readonly inPlace: boolean }> {
  const encoding = String(wanted.encoding ?? 'utf-8');
  const plain = /^utf-?8$/i.test(encoding);
  if (plain && !isPacked(source.path)) {
    const file = await localFile(source.root, source.path, work, 'files').catch((error: unknown) =>
      Promise.reject(diskFull(error, source.url) ?? error),
    );
    await assertNotWide(file, source.url);
    return { file, inPlace: source.root.localPath(source.path) !== undefined };
  }
  const file = join(work.scratch, `text-${source.index}`);
  const bytes = bytesOf(source, work);
  await write(plain ? bytes : transcoded(bytes, { encoding, url: source.url, onBad: wanted.onBad }), file, source.url, work);
  if (plain) await assertNotWide(file, source.url);
  await assertUnchanged(source);
  return { file, inPlace: false };
}

export async function write(chunks: AsyncIterable<Buffer | string>, file: string, url: string, { signal }: Work): Promise<void> {
  try {
    await pipeline(Readable.from(chunks, { objectMode: true, highWaterMark: 2 }), createWriteStream(file, { encoding: 'latin1' }), {
      signal,
    });
  } catch (error) {
    signal.throwIfAborted();
    throw diskFull(error, url) ?? error;
  }
}

/** Throws DataError HR_FILE_CHANGED when the file is no longer what it was when its reading began: rows may be of both. */
export async function assertUnchanged({ root, path, url, bytes, changedAt }: SourceFile): Promise<void> {
  const now = await root.facts(path);
  if (now?.bytes === bytes && now.changedAt.getTime() === changedAt.getTime()) return;
  throw new DataError(
    'HR_FILE_CHANGED',
    `${url} ${now === undefined ? 'was removed' : 'was changed'} while it was read. Nothing was taken of it; whoever writes it should write it under another name and then rename it`,
    { retryable: true },
  );
}

async function assertNotWide(file: string, url: string): Promise<void> {
  const handle = await open(file);
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0).finally(() => handle.close());
  const mark = buffer.subarray(0, bytesRead).toString('hex');
  const encoding = mark === 'fffe' ? 'utf-16le' : mark === 'feff' ? 'utf-16be' : undefined;
  if (encoding !== undefined)
    throw new DataError(
      'HR_ENCODING',
      `${url}:1: the file begins with the mark of ${encoding}, but is read as utf-8. Say encoding: '${encoding}'`,
    );
}
