/**
 * Reads a log that may still be growing, in whole lines.
 *
 * G1. A log only grows at its end, so a byte offset stays good: it is what the continuation token carries.
 * G2. A line is given once and whole; what stands after the last line end of a growing log waits for its rest.
 */
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { ObjectStore } from '@headrace/ports';
import { ObjectNotFoundError } from '@headrace/ports';

const NEWLINE = 0x0a;

export interface LogChunk {
  readonly lines: readonly string[];
  /** Of each line the offset after it: where reading goes on for who has had it. */
  readonly ends: readonly number[];
  /** Where the next chunk begins. */
  readonly next: number;
  /** There is nothing after this at the moment. */
  readonly atEnd: boolean;
}

const NOTHING = { lines: [], ends: [] } as const;

export type Objects = Pick<ObjectStore, 'get' | 'head'>;

/**
 * Whole lines from `offset`, about `size` bytes of them.
 * @param grows the last line may be incomplete.
 */
export async function readLogChunk(objects: Objects, key: string, offset: number, size: number, grows: boolean): Promise<LogChunk> {
  const total = (await objects.head(key))?.size ?? 0;
  for (let wanted = size; ; wanted *= 2) {
    const end = Math.min(offset + wanted, total);
    if (end <= offset) return { ...NOTHING, next: offset, atEnd: true };
    const bytes = await read(objects, key, offset, end);
    if (bytes === undefined) return { ...NOTHING, next: offset, atEnd: true };
    const isEnd = end === total;
    const used = isEnd && !grows ? bytes.length : bytes.lastIndexOf(NEWLINE) + 1;
    if (used === 0 && !isEnd) continue;
    return { ...linesOf(bytes.subarray(0, used), offset), next: offset + used, atEnd: isEnd };
  }
}

async function read(objects: Objects, key: string, start: number, end: number): Promise<Buffer | undefined> {
  try {
    return await buffer(await objects.get(key, { start, end }));
  } catch (error) {
    if (error instanceof ObjectNotFoundError) return undefined;
    throw error;
  }
}

function linesOf(bytes: Buffer, offset: number): Pick<LogChunk, 'lines' | 'ends'> {
  const lines: string[] = [];
  const ends: number[] = [];
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline < 0 ? bytes.length : newline;
    lines.push(bytes.toString('utf8', start, end));
    start = end + 1;
    ends.push(offset + Math.min(start, bytes.length));
  }
  return { lines, ends };
}

/** The whole log as a stream of what `render` makes of each line; memory holds one chunk of it. */
export function streamLog(objects: Objects, key: string, chunkBytes: number, render: (line: string) => string): Readable {
  async function* pieces(): AsyncGenerator<string> {
    for (let offset = 0; ; ) {
      const { lines, next, atEnd } = await readLogChunk(objects, key, offset, chunkBytes, false);
      if (lines.length > 0) yield `${lines.map(render).join('\n')}\n`;
      if (atEnd) return;
      offset = next;
    }
  }
  return Readable.from(pieces(), { objectMode: false });
}

export function tokenOf(offset: number): string {
  return Buffer.from(`v1:${offset}`).toString('base64url');
}

/** Undefined: no token of ours. */
export function offsetOf(token: string): number | undefined {
  const digits = /^v1:(\d{1,15})$/.exec(Buffer.from(token, 'base64url').toString('latin1'))?.[1];
  return digits === undefined ? undefined : Number(digits);
}
