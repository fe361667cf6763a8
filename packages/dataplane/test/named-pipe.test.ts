import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DEFAULT_LIMITS, type DuckSession, drainPipe, feedPipe, literal, makePipe, withDuck } from '../src/index.ts';

describe('a named pipe between a stream and DuckDB', () => {
  let scratch: string;
  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'headrace-pipe-'));
  });
  afterAll(() => rm(scratch, { recursive: true, force: true }));

  const duck = <T>(use: (duck: DuckSession) => Promise<T>, signal = new AbortController().signal) =>
    withDuck(scratch, signal, DEFAULT_LIMITS, use);
  const read = (pipe: string) =>
    `select count(a) from read_csv(${literal(pipe)}, auto_detect = false, header = false, columns = {'a': 'INTEGER'})`;
  const lines = (count: number) =>
    Readable.from(
      (function* () {
        for (let i = 0; i < count; i += 1) yield `${i}\n`;
      })(),
    );

  test.each([0, 1, 200_000])('carries all of %i rows', async (rows) => {
    const counted = await duck(async (session) => {
      const pipe = await makePipe(scratch, 'in');
      return feedPipe(pipe, lines(rows), session.count(read(pipe)));
    });
    expect(counted).toBe(rows);
  });

  // Node has four threads for what blocks, unless told otherwise, and each query that waits for its input holds one.
  test('carries rows while more queries wait for theirs than there are threads', async () => {
    const counts = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        duck(async (session) => {
          const pipe = await makePipe(scratch, 'in');
          return feedPipe(pipe, lines(1000 + index), session.count(read(pipe)));
        }),
      ),
    );
    expect(counts).toEqual(Array.from({ length: 12 }, (_, index) => 1000 + index));
  });

  test('ends with the error of the stream, before its first byte or after many', async () => {
    for (const before of [0, 50_000]) {
      const failing = Readable.from(
        (function* () {
          for (let i = 0; i < before; i += 1) yield `${i}\n`;
          throw new Error('the source broke');
        })(),
      );
      await expect(
        duck(async (session) => {
          const pipe = await makePipe(scratch, 'in');
          return feedPipe(pipe, failing, session.count(read(pipe)));
        }),
      ).rejects.toThrow('the source broke');
    }
  });

  test('ends with the error of the query, before it reads or while it does', async () => {
    await expect(
      duck(async (session) => {
        const pipe = await makePipe(scratch, 'in');
        return feedPipe(pipe, lines(1_000_000), session.count(`select nothing from (${read(pipe)})`));
      }),
    ).rejects.toThrow('nothing');
    await expect(
      duck(async (session) => {
        const pipe = await makePipe(scratch, 'in');
        const rows = Readable.from(
          (function* () {
            for (let i = 0; i < 500_000; i += 1) yield i === 1000 ? 'x\n' : `${i}\n`;
          })(),
        );
        return feedPipe(pipe, rows, session.count(read(pipe)));
      }),
    ).rejects.toThrow('Could not convert');
  });

  test('ends when the attempt is aborted while rows flow', async () => {
    const abort = new AbortController();
    const endless = Readable.from(
      (function* () {
        for (let i = 0; ; i += 1) {
          if (i === 100_000) abort.abort(new Error('the attempt was revoked'));
          yield `${i}\n`;
        }
      })(),
      { signal: abort.signal },
    );
    await expect(
      duck(async (session) => {
        const pipe = await makePipe(scratch, 'in');
        return feedPipe(pipe, endless, session.count(read(pipe)));
      }, abort.signal),
    ).rejects.toThrow('the attempt was revoked');
  });

  test('gives what a query writes, or its error', async () => {
    const written = await duck(async (session) => {
      const pipe = await makePipe(scratch, 'out');
      const query = session.run(
        `copy (select i from range(100000) t(i)) to ${literal(pipe)} (format csv, header false, use_tmp_file false)`,
      );
      return (await Promise.all([buffer(drainPipe(pipe, query)), query]))[0];
    });
    expect(written.toString().trimEnd().split('\n')).toHaveLength(100_000);
    for (const failing of ['select nothing', `select case when i = 50000 then error('at row 50000') else i end from range(100000) t(i)`]) {
      await expect(
        duck(async (session) => {
          const pipe = await makePipe(scratch, 'out');
          const query = session.run(`copy (${failing}) to ${literal(pipe)} (format csv, header false, use_tmp_file false)`);
          await Promise.all([buffer(drainPipe(pipe, query)), query]);
        }),
      ).rejects.toThrow(/nothing|at row 50000/);
    }
  });
});
