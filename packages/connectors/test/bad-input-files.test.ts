import { execFile } from 'node:child_process';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { writeParquet } from '@headrace/dataplane';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { filesSource } from '../src/files/files-source.ts';
import { files } from '../src/index.ts';
import type { BadCase } from './bad-input/bad-case.ts';
import { csvCases } from './bad-input/csv-cases.ts';
import { jsonCases } from './bad-input/json-cases.ts';
import { packedCases } from './bad-input/packed-cases.ts';
import { meanwhile, placeCases } from './bad-input/place-cases.ts';
import { xmlCases } from './bad-input/xml-cases.ts';
import { createFileBench, type FileBench } from './support/file-bench.ts';

const cases: readonly BadCase[] = [...csvCases, ...jsonCases, ...xmlCases, ...packedCases, ...placeCases];
const target = files('reports').csv('out.csv');

describe('bad input ends in an error with its place, or in quarantine with its reason, and nothing partial is seen', () => {
  let bench: FileBench;
  beforeAll(async () => {
    bench = await createFileBench();
    await bench.write(target, { select: `select 'before' as state`, columns: [{ name: 'state', type: 'text' }] });
  });
  afterAll(() => bench.close());

  test('there are more than a hundred kinds', () => {
    expect(new Set(cases.map(({ what }) => what)).size).toBe(cases.length);
    expect(cases.length).toBeGreaterThan(100);
  });

  test.each(cases.map((each) => [each.what, each] as const))('%s', async (_, { make, error, quarantine }) => {
    const source = await make(bench);
    const moved = bench
      .read(source)
      .then(async (read) => ({ read, written: await bench.write(files('reports').csv('moved.csv'), read.package) }));
    if (error !== undefined) {
      const [code, message] = error;
      const failure = await moved.then(
        () => undefined,
        (thrown: unknown) => thrown as Error & { readonly code?: string; readonly retryable?: boolean },
      );
      expect(failure?.message).toMatch(message);
      expect(failure?.message.length).toBeLessThan(1500);
      if (code !== '') expect(failure).toMatchObject({ code, retryable: false });
      expect(await bench.list('reports')).toEqual(['out.csv']);
      return;
    }
    const [taken = 0, refused = []] = quarantine ?? [];
    const { read, written } = await moved;
    expect([read.count, written.rows]).toEqual([taken, taken]);
    expect(read.refused).toHaveLength(refused.length);
    const reasons = read.refused.map(({ line, reason }) => `${line ?? ''} ${reason}`);
    for (const [index, pattern] of refused.entries()) expect(reasons[index]).toMatch(pattern);
    await rm(join(bench.folder, 'reports', 'moved.csv'));
  });

  test.each(meanwhile)('a file that %s while it is read', async (_, change, message) => {
    const file = await bench.put('moving.csv', 'k\n1\n2\n');
    const { work } = bench;
    const relation = await filesSource.open(files('inbox').csv('moving.csv'), work);
    await change(file);
    await expect(writeParquet(work.duck, relation, join(bench.folder, 'moving.parquet'))).rejects.toMatchObject({
      code: 'HR_FILE_CHANGED',
      retryable: true,
      message: expect.stringMatching(message),
    });
  });

  test.each(['out.csv', 'out.csv.gz', 'out.csv.zst'])(
    'a disk that is full: what was at %s before stays',
    async (name) => {
      const script = fileURLToPath(new URL('./support/write-with-little-room.ts', import.meta.url));
      // The signal that ends a process which writes too much is ignored, so that the write fails as on a full disk.
      const { stdout } = await promisify(execFile)('bash', [
        '-c',
        `trap '' XFSZ; ulimit -f 256; exec "$0" "$@"`,
        process.execPath,
        script,
        '200000',
        name,
      ]);
      expect(JSON.parse(stdout)).toMatchObject({
        code: 'HR_DISK_FULL',
        message: expect.stringContaining(name),
        left: [{ k: '1' }],
        files: [name],
      });
    },
    30_000,
  );

  test('nothing is left in the folders of the attempts', async () => {
    expect((await readdir(bench.folder)).filter((name) => name.startsWith('attempt-'))).toEqual([]);
  });
});
