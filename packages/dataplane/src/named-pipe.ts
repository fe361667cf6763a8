/**
 * Named pipes between a stream of this process and a DuckDB query, so that a table of any size passes without a file.
 *
 * N1. Neither side waits for ever for the other: when the query ends, by success or error, the stream's side ends too.
 * N2. No end of a pipe waits on a thread, neither to be opened nor to be read or written: the queries themselves occupy the few threads that
 *     there are, and as many queries as threads, each waiting for its input, would leave none to bring it.
 */
import { execFile } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { DataError } from './errors.ts';
import { countPipe } from './operation-meter.ts';

const run = promisify(execFile);
let made = 0;

/** Makes a pipe in the directory and answers with its path. */
export async function makePipe(directory: string, name: string): Promise<string> {
  made += 1;
  const path = join(directory, `${name}-${made}.pipe`);
  try {
    await run('mkfifo', ['-m', '600', path]);
  } catch (error) {
    throw new DataError(
      'HR_NO_NAMED_PIPE',
      `Cannot make a named pipe in ${directory}: the command "mkfifo" failed. It is part of every Linux and macOS`,
      {
        cause: error,
      },
    );
  }
  return path;
}

/**
 * Writes the stream into the pipe while `query` reads it. Resolves with the query's result when both have ended.
 * An error of the stream wins over the query's: it is the cause.
 */
export async function feedPipe<T>(path: string, source: Readable, query: Promise<T>): Promise<T> {
  let ended = false;
  const outcome = query.then(
    (value) => ({ ok: true as const, value }),
    (error: unknown) => ({ ok: false as const, error }),
  );
  void outcome.then(() => {
    ended = true;
  });
  let sourceError: unknown;
  source.once('error', (error) => {
    sourceError ??= error;
  });
  // Opening for writing without blocking fails with ENXIO until the query has opened its end.
  let descriptor: number | undefined;
  while (!ended && descriptor === undefined && sourceError === undefined) {
    descriptor = openWithoutWaiting(path);
    if (descriptor === undefined) await sleep(1);
  }
  if (descriptor === undefined) {
    source.destroy();
    // A failed source that never wrote: let the query see an empty input, and end.
    if (!ended) await releaseReader(path, () => ended);
  } else {
    const sink = new Socket({ fd: descriptor, readable: false, writable: true });
    const counted = countPipe(sink, 'written');
    try {
      await pipeline(source, sink);
    } catch (error) {
      // EPIPE: the query stopped reading, and says why.
      if (!isBrokenPipe(error)) sourceError ??= error;
      sink.destroy();
    } finally {
      counted();
    }
  }
  const result = await outcome;
  if (sourceError !== undefined && !isBrokenPipe(sourceError)) throw sourceError;
  if (!result.ok) throw result.error;
  return result.value;
}

/**
 * The bytes that `query` writes to the pipe. The stream fails with the query's error.
 *
 * So that the end of the input is the end of the query, and not that nobody writes yet, a writing end is held until then.
 */
export function drainPipe(path: string, query: Promise<unknown>): Readable {
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const held = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  const stream = new Socket({ fd: reader, readable: true, writable: false });
  stream.once('close', countPipe(stream, 'read'));
  query.then(
    () => closeSync(held),
    (error: unknown) => {
      closeSync(held);
      stream.destroy(error instanceof Error ? error : new Error(String(error)));
    },
  );
  return stream;
}

/** A plain descriptor, which the socket made of it owns; undefined while nobody reads. */
function openWithoutWaiting(path: string): number | undefined {
  try {
    return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (codeOf(error) === 'ENXIO') return undefined;
    throw error;
  }
}

/** Opens and closes the writing end until the query has seen the end of its input. */
async function releaseReader(path: string, ended: () => boolean): Promise<void> {
  while (!ended()) {
    const descriptor = openWithoutWaiting(path);
    if (descriptor !== undefined) new Socket({ fd: descriptor, readable: false, writable: true }).destroy();
    await sleep(1);
  }
}

/** By its property, not its class: an error of Node itself may be of another realm. */
function codeOf(error: unknown): unknown {
  return (error as { readonly code?: unknown } | null | undefined)?.code;
}

function isBrokenPipe(error: unknown): boolean {
  return codeOf(error) === 'EPIPE' || codeOf(error) === 'ERR_STREAM_PREMATURE_CLOSE';
}
