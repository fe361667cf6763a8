/**
 * The bytes of files over SFTP, many requests at once, so that a distant server is as fast as its line.
 *
 * T1. A file is as long as it was when it was opened: one that ends earlier, or a connection that is lost, is an error and never a shorter file.
 */
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { DataError } from '@headrace/dataplane';
import type { SFTPWrapper, Stats } from 'ssh2';
import type { SftpSession } from './sftp-session.ts';

/** What every server takes in one request. */
const CHUNK = 32_768;
const AT_ONCE = 32;

/** Opens a file and streams it. `url` is for messages. */
export async function readRemote(session: SftpSession, path: string, url: string): Promise<Readable> {
  const handle = await session.ask<Buffer>(`read ${url}`, (sftp, done) => sftp.open(path, 'r', done));
  const { size } = await session.ask<Stats>(`read ${url}`, (sftp, done) => sftp.fstat(handle, done));
  return Readable.from(chunksOf(session, handle, size, url), { objectMode: false, highWaterMark: CHUNK * AT_ONCE });
}

async function* chunksOf(session: SftpSession, handle: Buffer, size: number, url: string): AsyncGenerator<Buffer> {
  const waiting: Promise<Buffer>[] = [];
  let [asked, read] = [0, 0];
  try {
    while (read < size) {
      for (; asked < size && waiting.length < AT_ONCE; asked += CHUNK) {
        const chunk = readChunk(session, handle, asked, Math.min(CHUNK, size - asked), url);
        // It is looked at in its turn; until then its failure must not count as unhandled.
        chunk.catch(() => {});
        waiting.push(chunk);
      }
      const chunk = await (waiting.shift() as Promise<Buffer>);
      read += chunk.length;
      yield chunk;
    }
  } catch (error) {
    if (error instanceof DataError && error.code === 'HR_CONNECTION_LOST')
      throw new DataError(error.code, `${error.message}, after ${read} of ${size} bytes`, { retryable: true, cause: error });
    throw error;
  } finally {
    await session.ask<void>('close a file', (sftp, done) => sftp.close(handle, done as (error?: Error | null) => void)).catch(() => {});
  }
}

async function readChunk(session: SftpSession, handle: Buffer, from: number, length: number, url: string): Promise<Buffer> {
  const chunk = Buffer.allocUnsafe(length);
  // A server may answer with less than it was asked for.
  for (let filled = 0; filled < length; ) {
    const count = await session.ask<number>(`read ${url}`, (sftp, done) => readInto(sftp, handle, chunk, filled, from + filled, done));
    if (count === 0) {
      throw new DataError('HR_FILE_CHANGED', `${url} became shorter while it was read: read it again when nobody writes to it`, {
        retryable: true,
      });
    }
    filled += count;
  }
  return chunk;
}

/** The end of the file is no error here, but no bytes. */
function readInto(
  sftp: SFTPWrapper,
  handle: Buffer,
  into: Buffer,
  offset: number,
  position: number,
  done: (error: Error | undefined, count: number) => void,
): void {
  const END_OF_FILE = 1;
  sftp.read(handle, into, offset, into.length - offset, position, (error, count) => {
    if (error && (error as { code?: unknown }).code === END_OF_FILE) done(undefined, 0);
    else done(error, count);
  });
}

/** Writes a local file, or text, to a path where nothing may be yet, and sees to it that it is on the disk where the server can. */
export async function writeRemote(
  session: SftpSession,
  from: { readonly file: string } | { readonly text: string },
  path: string,
  url: string,
): Promise<void> {
  const what = `write ${url}`;
  const handle = await session.ask<Buffer>(what, (sftp, done) => sftp.open(path, 'wx', done));
  try {
    const write = (chunk: Buffer, at: number): Promise<void> =>
      session.ask<void>(`${what} (the disk, or the user's quota, may be full)`, (sftp, done) =>
        sftp.write(handle, chunk, 0, chunk.length, at, done as (error?: Error | null) => void),
      );
    if ('text' in from) {
      const bytes = Buffer.from(from.text);
      for (let at = 0; at < bytes.length; at += CHUNK) await write(bytes.subarray(at, at + CHUNK), at);
    } else await writeFile(from.file, write);
    await session
      .ask<void>(what, (sftp, done) => sftp.ext_openssh_fsync(handle, done as (error: Error | undefined) => void))
      .catch((error: unknown) => {
        if (!(error instanceof DataError) || error.code !== 'HR_STORAGE_UNSUPPORTED') throw error;
      });
  } finally {
    await session.ask<void>(what, (sftp, done) => sftp.close(handle, done as (error?: Error | null) => void)).catch(() => {});
  }
}

async function writeFile(file: string, write: (chunk: Buffer, at: number) => Promise<void>): Promise<void> {
  const local = await open(file, 'r');
  try {
    const { size } = await local.stat();
    let next = 0;
    const lane = async (): Promise<void> => {
      while (next < size) {
        const at = next;
        next += CHUNK;
        const { bytesRead, buffer } = await local.read(Buffer.allocUnsafe(CHUNK), 0, CHUNK, at);
        await write(buffer.subarray(0, bytesRead), at);
      }
    };
    const lanes = await Promise.allSettled(Array.from({ length: AT_ONCE }, lane));
    for (const each of lanes) if (each.status === 'rejected') throw each.reason;
  } finally {
    await local.close();
  }
}
