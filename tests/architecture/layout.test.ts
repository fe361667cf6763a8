import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ROOT, sourceFiles } from './workspace.ts';

/** What a reader finds at the top, and nothing else. Files that begin with a dot are tools' own. */
const TOP_LEVEL = [
  'CHANGELOG.md',
  'LICENSE',
  'README.md',
  'apps',
  'dags',
  'docker',
  'docker-compose.yml',
  'docs',
  'migrations',
  'package-lock.json',
  'package.json',
  'packages',
  'tests',
  'tsconfig.json',
];

/** A file longer than this has more than one subject, as a rule. */
const LINE_LIMIT = 400;

/** File → why it is one subject all the same. */
const LONG_FILES: Readonly<Record<string, string>> = {
  'packages/client/src/generated/operations.ts': 'it is generated',
};

/** Made by installing, building or measuring; not in the repository. */
const UNTRACKED = ['node_modules', 'reports', 'coverage', 'dist'];

const files = sourceFiles('packages', 'apps', 'dags', 'tests');

describe('the layout', () => {
  test('has the top level that its readers know', () => {
    const top = readdirSync(ROOT).filter((name) => !name.startsWith('.') && !UNTRACKED.includes(name));
    expect(top.sort()).toEqual(TOP_LEVEL);
  });

  test('names files and folders for their subject, in kebab-case', () => {
    const wrong = files.filter(
      (file) => !file.split('/').every((part) => /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+)*$/.test(part) || part.startsWith('.')),
    );
    // A DAG file, and a folder of what it needs, has the name of its DAG, and DAG ids are written with underscores.
    expect(wrong.filter((file) => !/^dags\/[a-z0-9_/]+\.ts$/.test(file))).toEqual([]);
  });

  test('has no drawer for odds and ends', () => {
    const drawer = /^(utils?|helpers?|managers?|misc|common|shared|stuff)$/;
    const parts = (file: string): string[] => file.split('/').flatMap((part) => part.split('.')[0]?.split('-') ?? []);
    expect(files.filter((file) => parts(file).some((part) => drawer.test(part)))).toEqual([]);
  });

  test(`has no source file over ${LINE_LIMIT} lines without a reason`, () => {
    const sources = files.filter((file) => !/(^|\/)(tests?|conformance)\//.test(file));
    const long = sources.filter((file) => readFileSync(join(ROOT, file), 'utf8').split('\n').length > LINE_LIMIT);
    expect(long).toEqual(Object.keys(LONG_FILES).sort());
  });

  test('keeps barrels to one index.ts for each package', () => {
    const barrels = files.filter((file) => basename(file) === 'index.ts');
    expect(barrels.filter((file) => !/^(packages|apps)\/[^/]+\/src\/index\.ts$/.test(file))).toEqual([]);
  });

  test('keeps what is installed, built or private out of the repository', () => {
    const ignored = readFileSync(join(ROOT, '.gitignore'), 'utf8').split('\n');
    expect(ignored).toEqual(
      expect.arrayContaining(['node_modules/', 'dist/', 'coverage/', 'reports/', '.headrace/', '.env', '*.tsbuildinfo']),
    );
  });
});

test('the test files that are started first are there', () => {
  const { LONG_FILES: first } = createRequire(import.meta.url)('../../.config/longest-first.cjs') as {
    readonly LONG_FILES: readonly string[];
  };
  expect(first.length).toBeGreaterThan(10);
  expect(first.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});
