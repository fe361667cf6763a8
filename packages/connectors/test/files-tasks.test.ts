import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exportTo, extract, load } from '@headrace/sdk';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { files, lake } from '../src/index.ts';
import { createRig, type Rig } from './support/rig.ts';

const columns = { id: 'int4', note: 'text' } as const;

describe('files in tasks', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await createRig();
    await mkdir(join(rig.folder, 'inbox'), { recursive: true });
  }, 60_000);
  afterAll(() => rig.close());
  const put = (name: string, content: string) => writeFile(join(rig.folder, 'inbox', name), content);

  test('each run loads the files that came since the last one, and the rows of each file once', async () => {
    const run = async (runId: string) =>
      rig.runAll(
        () => {
          const sales = extract('sales', {
            from: files('inbox').csv('new-*.csv', { columns, onlyNew: true, settle: '0s', fileColumn: '_file' }),
          });
          load('raw', { from: sales, into: lake('lake').table('raw'), disposition: 'append' });
        },
        { runId },
      );
    await put('new-1.csv', 'id,note\n1,a\n2,b\n');
    expect((await run('manual__1')).raw).toMatchObject({ rows: 2 });
    await put('new-2.csv', 'id,note\n3,c\n');
    expect((await run('manual__2')).raw).toMatchObject({ rows: 1 });
    expect((await run('manual__3')).raw).toMatchObject({ rows: 0 });
  }, 60_000);

  test('bad rows of several files are kept aside, counted, and the rest is exported as a workbook and as folders', async () => {
    await put('mixed-1.csv', 'id,note\n1,a\nx,b\n');
    await put('mixed-2.csv', 'id,note\n3\n4,d\n');
    const results = await rig.runAll(() => {
      const mixed = extract('mixed', { from: files('inbox').csv('mixed-*.csv', { columns, badRows: 'quarantine' }) });
      const table = load('table', { from: mixed, into: lake('lake').table('mixed') });
      exportTo('book', { from: table, into: files('reports').excel('mixed.xlsx') });
      exportTo('folders', { from: table, into: files('reports').ndjson('mixed/part.ndjson', { partitionBy: ['note'] }) });
    });
    expect(results.mixed).toMatchObject({ rows: 2, counts: { in: 4, out: 2, quarantined: 2 } });
    expect(results.book).toMatchObject({ kind: 'file', rows: 2, path: 'mixed.xlsx' });
    const manifest = JSON.parse(await readFile(join(rig.folder, 'reports', 'mixed', '_manifest.json'), 'utf8')) as {
      files: { path: string }[];
    };
    expect(manifest.files.map(({ path }) => path.split('/')[0])).toEqual(['note=a', 'note=d']);
  }, 60_000);
});
