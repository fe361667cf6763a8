import type { DagSpec } from '@headrace/core';
import { DuplicateDagError } from '@headrace/ports';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type TestDatabase, testDatabase } from '../../../tests/support/test-database.ts';
import { dagSpec, hash, saveDag, startedRun, taskSpec } from './support/scenario.ts';

const ONE = dagSpec('one', [taskSpec('a')], { tags: ['sales', 'daily'] });
const TWO = dagSpec('two', [taskSpec('a')]);

let db: TestDatabase;

beforeAll(async () => {
  db = await testDatabase();
});

beforeEach(() => db.clean());

afterAll(() => db.drop());

function save(file: string, specs: readonly DagSpec[], code = 'code') {
  return db.store.catalog.saveFile({
    file,
    dags: specs.map((spec) => ({ spec, graphHash: hash(spec) })),
    bundle: { hash: hash(code), code, sourceMap: 'map' },
  });
}

describe('a DAG file', () => {
  test('gives a DAG a new version only when its graph or the bundle differs', async () => {
    expect(await save('f.ts', [ONE, TWO])).toEqual({ newVersions: ['one', 'two'], removed: [] });
    expect(await save('f.ts', [ONE, TWO])).toEqual({ newVersions: [], removed: [] });
    expect(await save('f.ts', [{ ...ONE, description: 'now with words' }, TWO])).toEqual({ newVersions: ['one'], removed: [] });
    expect(await save('f.ts', [{ ...ONE, description: 'now with words' }, TWO], 'other code')).toEqual({
      newVersions: ['one', 'two'],
      removed: [],
    });
    expect(await db.store.queries.dag('one')).toMatchObject({
      versionNumber: 3,
      file: 'f.ts',
      paused: false,
      removed: false,
      bundleHash: hash('other code'),
    });
    expect(await db.store.queries.version('one', 1)).toMatchObject({ spec: ONE, bundleHash: hash('code') });
  });

  test('that no longer holds a DAG marks it removed, and it may come back with its history', async () => {
    await save('f.ts', [ONE, TWO]);
    const run = await startedRun(db.store, ONE);
    expect(await save('f.ts', [TWO])).toEqual({ newVersions: [], removed: ['one'] });
    expect(await db.store.queries.dag('one')).toMatchObject({ removed: true });
    expect(await save('f.ts', [ONE, TWO])).toEqual({ newVersions: [], removed: [] });
    expect(await db.store.queries.dag('one')).toMatchObject({ removed: false, versionNumber: 1 });
    expect(await db.store.queries.run('one', run.runId)).toMatchObject({ status: 'running' });
  });

  test('that holds a DAG of another file is refused as a whole', async () => {
    await save('f.ts', [ONE]);
    await expect(save('g.ts', [TWO, ONE])).rejects.toThrow(DuplicateDagError);
    expect(await db.store.queries.dag('two')).toBeUndefined();
    await expect(save('h.ts', [TWO, TWO])).rejects.toThrow(DuplicateDagError);
    const both = await Promise.allSettled([save('x.ts', [TWO]), save('y.ts', [TWO])]);
    expect(both.filter((one) => one.status === 'rejected')).toHaveLength(1);
  });

  test('may be moved: what was removed there is taken up here', async () => {
    await save('f.ts', [ONE]);
    await db.store.catalog.removeFile('f.ts');
    expect(await save('g.ts', [ONE])).toEqual({ newVersions: [], removed: [] });
    expect(await db.store.queries.dag('one')).toMatchObject({ file: 'g.ts', removed: false });
  });

  test('starts paused only when the DAG says so, and a pause outlives new versions', async () => {
    await save('f.ts', [{ ...ONE, pausedUponCreation: true }]);
    expect(await db.store.queries.dag('one')).toMatchObject({ paused: true });
    await db.store.commands.setPaused('one', false);
    await save('f.ts', [{ ...ONE, pausedUponCreation: true, description: 'new' }]);
    expect(await db.store.queries.dag('one')).toMatchObject({ paused: false, versionNumber: 2 });
  });
});

test('an import error stays until the file is good or gone, and the DAG keeps its last good version', async () => {
  await save('f.ts', [ONE]);
  const error = { file: 'f.ts', line: 3, column: 7, code: 'HR_BUNDLE', message: 'Unexpected "}"\0' };
  await db.store.catalog.saveImportError({ file: 'f.ts', code: 'HR_TIMEOUT', message: 'too slow' });
  await db.store.catalog.saveImportError(error);
  await db.store.catalog.saveImportError({ file: 'g.ts', code: 'HR_TIMEOUT', message: 'too slow' });
  const [stored, ...others] = await db.store.catalog.importErrors();
  expect(stored).toMatchObject({ ...error, message: 'Unexpected "}"' });
  expect(others).toHaveLength(1);
  expect(await db.store.queries.dag('one')).toMatchObject({ hasImportErrors: true, removed: false });
  expect(await db.store.catalog.files()).toEqual(['f.ts', 'g.ts']);
  await db.store.catalog.removeFile('g.ts');
  await save('f.ts', [ONE]);
  expect(await db.store.catalog.importErrors()).toEqual([]);
  expect(await db.store.catalog.files()).toEqual(['f.ts']);
});

test('a worker reads the bundle of the version its attempt is pinned to', async () => {
  await save('f.ts', [ONE], 'old');
  const old = (await db.store.queries.dag('one'))?.versionId ?? '';
  await save('f.ts', [ONE], 'new');
  expect(await db.store.attempts.bundle(old)).toEqual({
    versionId: old,
    dagId: 'one',
    hash: hash('old'),
    code: 'old',
    sourceMap: 'map',
    file: 'f.ts',
    spec: ONE,
  });
  await expect(db.store.attempts.bundle('999999')).rejects.toThrow('There is no DAG version 999999');
  expect(await db.store.scheduler.loadVersion(old)).toEqual(ONE);
});

test('fifty unchanged files are saved again without new versions', async () => {
  for (let index = 0; index < 50; index++) await saveDag(db.store, dagSpec(`dag_${index}`, [taskSpec('a')]));
  const again = await Promise.all(
    Array.from({ length: 50 }, (_, index) => save(`dag_${index}.ts`, [dagSpec(`dag_${index}`, [taskSpec('a')])], 'export default 1')),
  );
  expect(again.flatMap((one) => one.newVersions)).toEqual([]);
});
