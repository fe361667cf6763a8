import { mkdir, symlink, truncate, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Source } from '@headrace/sdk';
import { files } from '../../src/index.ts';
import { type BadCase, inbox } from './bad-case.ts';

const refusedPath = (path: string): BadCase => ({
  what: `Place: the path ${JSON.stringify(path)}`,
  make: () => inbox.csv(path),
  error: ['', /is not a (path|glob) inside/],
});
const pair = (name: string, first: string, second: string, make: () => Source, error: BadCase['error'] & {}): BadCase => ({
  what: `Files together: ${name}`,
  make: async (bench) => {
    await bench.put('day-1.csv', first);
    await bench.put('day-2.csv', second);
    return make();
  },
  error,
});

export const placeCases: readonly BadCase[] = [
  refusedPath('../secret.csv'),
  refusedPath('/etc/passwd'),
  refusedPath('a/../../secret.csv'),
  refusedPath('a\\..\\secret.csv'),
  refusedPath('a\0.csv'),
  refusedPath('../*.csv'),
  {
    what: 'Place: a link that leads out of the root',
    make: async (bench) => {
      await writeFile(join(bench.folder, 'secret.csv'), 'k\n1\n');
      await symlink(join(bench.folder, 'secret.csv'), join(bench.folder, 'inbox', 'link.csv'));
      return inbox.csv('link.csv');
    },
    error: ['HR_FILE_OUTSIDE', /link\.csv is a link that leads out/],
  },
  {
    what: 'Place: a link to nothing',
    make: async (bench) => {
      await symlink('nowhere.csv', join(bench.folder, 'inbox', 'dangling.csv'));
      return inbox.csv('dangling.csv');
    },
    error: ['HR_FILE_NOT_FOUND', /dangling\.csv/],
  },
  {
    what: 'Place: a folder for a file',
    make: async (bench) => {
      await mkdir(join(bench.folder, 'inbox', 'folder.csv'), { recursive: true });
      return inbox.csv('folder.csv');
    },
    error: ['HR_FILE_NOT_FOUND', /folder\.csv/],
  },
  {
    what: 'Place: no such file',
    make: (bench) => bench.put('prices.csv', 'k\n').then(() => inbox.csv('price.csv')),
    error: ['HR_FILE_NOT_FOUND', /price\.csv.*did you mean "prices\.csv"/],
  },
  {
    what: 'Place: a file for a folder',
    make: (bench) => bench.put('prices.csv', 'k\n').then(() => inbox.csv('prices.csv/x.csv')),
    error: ['HR_FILE_NOT_FOUND', /prices\.csv\/x\.csv/],
  },
  { what: 'Place: a glob that nothing matches', make: () => inbox.csv('nothing-*.csv'), error: ['HR_FILE_NOT_FOUND', /nothing-\*\.csv/] },
  {
    what: 'Place: no new file, and no columns',
    make: () => inbox.csv('nothing-*.csv', { onlyNew: true }),
    error: ['HR_NO_FILES', /nothing-\*\.csv/],
  },
  {
    what: 'Place: a kind that nobody knows',
    make: () => ({ ...files('inbox').csv('x.csv'), kind: 'doc' }),
    error: ['HR_FILE_KIND', /"doc"/],
  },
  pair('other columns', 'a,b\n1,2\n', 'a,c\n1,2\n', () => inbox.csv('day-*.csv'), [
    'HR_FILES_DIFFER',
    /day-2\.csv has no column "b", unlike .*day-1\.csv/,
  ]),
  pair('a column more', 'a\n1\n', 'a,c\n1,2\n', () => inbox.csv('day-*.csv'), ['HR_FILES_DIFFER', /day-2\.csv has a column "c"/]),
  pair('a declared column that one has not', 'a,b\n1,2\n', 'a,c\n1,2\n', () => inbox.csv('day-*.csv', { columns: { b: 'int4' } }), [
    'HR_COLUMN_NOT_FOUND',
    /day-2\.csv.*"b"/,
  ]),
  pair('a bad row in the second', 'a,b\n1,2\n', 'a,b\n1\n', () => inbox.csv('day-*.csv'), ['HR_BAD_ROW', /day-2\.csv:2: /]),
  pair('a bad value in the second', 'a,b\n1,2\n', 'a,b\nx,2\n', () => inbox.csv('day-*.csv', { columns: { a: 'int4' } }), [
    'HR_TYPE_MISMATCH',
    /day-2\.csv:2: column "a"/,
  ]),
  pair('the column of the file is one of the files', 'a,b\n1,2\n', 'a,b\n1,2\n', () => inbox.csv('day-*.csv', { fileColumn: 'a' }), [
    'HR_COLUMN_TWICE',
    /day-1\.csv has a column "a" itself/,
  ]),
];

/** What happens to a file between its opening and the end of its reading. */
export const meanwhile: readonly (readonly [what: string, change: (file: string) => Promise<void>, message: RegExp])[] = [
  ['grows', (file) => writeFile(file, '3\n', { flag: 'a' }), /moving\.csv was changed while it was read/],
  ['is cut off', (file) => truncate(file, 4), /moving\.csv was changed while it was read/],
  ['is removed', (file) => unlink(file), /moving\.csv was removed while it was read/],
];
