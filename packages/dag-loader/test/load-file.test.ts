import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { listDagFiles } from '../src/index.ts';
import { asError, asLoaded, dagFolder, goodDag } from './dag-folder.ts';

describe('a DAG file becomes a canonical graph and a bundle', () => {
  test('tasks are sorted and carry the line of the file where they were written', async () => {
    await using folder = await dagFolder({ 'shop/sales.ts': goodDag('sales') });
    const loaded = asLoaded(await folder.loader().loadFile('shop/sales.ts'));
    const [dag] = loaded.dags;
    expect(dag?.spec.tasks.map((task) => [task.taskId, task.upstream, task.source])).toEqual([
      ['first', [], { file: 'shop/sales.ts', line: 4, column: 17 }],
      ['second', ['first'], { file: 'shop/sales.ts', line: 5, column: 3 }],
    ]);
  });

  test('the same sources in another folder give the same hashes, and no path of the machine is inside', async () => {
    const files = {
      'a.ts': goodDag('a', "import { z } from 'zod'; import { tag } from './_lib/tag.ts'; export const used = [z.string(), tag];"),
      '_lib/tag.ts': "export const tag = 'x';",
    };
    await using one = await dagFolder(files);
    await using other = await dagFolder(files);
    const [first, second] = [asLoaded(await one.loader().loadFile('a.ts')), asLoaded(await other.loader().loadFile('a.ts'))];
    expect(second.bundle).toEqual(first.bundle);
    expect(second.dags).toEqual(first.dags);
    expect(first.bundle.code).not.toContain('headrace-dags-');
    expect(first.bundle.code).not.toMatch(/(^|["' ])(\.\.\/)+(packages|node_modules)/m);
    expect(JSON.parse(first.bundle.sourceMap ?? '').sources).toEqual(
      expect.arrayContaining(['a.ts', '_lib/tag.ts', '@headrace/sdk/src/dag.ts']),
    );
  });

  test('the source map carries the sources of the user, as they were written, and of nobody else', async () => {
    const sources = {
      'shop/sales.ts': goodDag(
        'sales',
        "import { z } from 'zod'; import { tag } from '../_lib/tag.ts'; export const used = [z.string(), tag];",
      ),
      '_lib/tag.ts': "// What is sold: Käse.\nexport const tag: string = 'x';\n",
    };
    await using folder = await dagFolder(sources);
    const { bundle } = asLoaded(await folder.loader().loadFile('shop/sales.ts'));
    const map = JSON.parse(bundle.sourceMap ?? '') as { sources: string[]; sourcesContent: (string | null)[] };
    expect(map.sourcesContent).toHaveLength(map.sources.length);
    const kept = map.sources.flatMap((name, index) => (map.sourcesContent[index] === null ? [] : [[name, map.sourcesContent[index]]]));
    expect(Object.fromEntries(kept)).toEqual(sources);
  });

  test('the graph hash changes with the graph only, the bundle hash with the code', async () => {
    await using folder = await dagFolder({ 'a.ts': goodDag('a') });
    const loader = folder.loader();
    const before = asLoaded(await loader.loadFile('a.ts'));
    await folder.write('a.ts', `// A comment.\n\n${goodDag('a')}`);
    const commented = asLoaded(await loader.loadFile('a.ts'));
    expect(commented.bundle.hash).toBe(before.bundle.hash);
    expect(commented.dags[0]?.graphHash).toBe(before.dags[0]?.graphHash);
    await folder.write('a.ts', goodDag('a').replace('first + 1', 'first + 2'));
    const recoded = asLoaded(await loader.loadFile('a.ts'));
    expect(recoded.bundle.hash).not.toBe(before.bundle.hash);
    expect(recoded.dags[0]?.graphHash).toBe(before.dags[0]?.graphHash);
    await folder.write('a.ts', goodDag('a').replaceAll("'second'", "'third'"));
    expect(asLoaded(await loader.loadFile('a.ts')).dags[0]?.graphHash).not.toBe(before.dags[0]?.graphHash);
  });

  test('a module that makes no DAG is no error, and is not even evaluated', async () => {
    await using folder = await dagFolder({ 'rates.ts': "export const rate = 2; throw new Error('evaluated');" });
    expect(asLoaded(await folder.loader().loadFile('rates.ts')).dags).toEqual([]);
  });

  test('several DAGs of one file are found under any name, but not twice under one id', async () => {
    const two = (a: string, b: string) => `import { dag, task } from '@headrace/sdk';
export const one = dag('${a}', {}, () => task('t', () => 1));
export default dag('${b}', {}, () => task('t', () => 1));
export { one as again };`;
    await using folder = await dagFolder({ 'two.ts': two('a', 'b'), 'same.ts': two('c', 'c') });
    const loader = folder.loader();
    expect(
      asLoaded(await loader.loadFile('two.ts'))
        .dags.map((dag) => dag.spec.dagId)
        .sort(),
    ).toEqual(['a', 'b']);
    expect(asError(await loader.loadFile('same.ts'))).toMatchObject({ code: 'HR_DUPLICATE_DAG', message: expect.stringContaining('"c"') });
  });

  test('two DAGs of a file say the same about an asset, or nothing', async () => {
    const two = (more: string) => `import { asset, dag, task } from '@headrace/sdk';
export const one = dag('one', {}, () => task('t', { outlets: [asset('orders', { uri: 's3://lake/orders' })] }, () => 1));
export const two = dag('two', {}, () => task('t', { inlets: [asset('orders'${more})] }, () => 1));`;
    await using folder = await dagFolder({ 'good.ts': two(''), 'bad.ts': two(", { uri: 's3://lake/other' }") });
    const loader = folder.loader();
    expect(asLoaded(await loader.loadFile('good.ts')).dags).toHaveLength(2);
    expect(asError(await loader.loadFile('bad.ts'))).toMatchObject({
      code: 'HR_DUPLICATE_ASSET',
      message: expect.stringContaining('"orders"'),
    });
  });

  test('a function that the graph names must be in the file', async () => {
    const text = `import { dag, notify, task } from '@headrace/sdk';
const made = dag('told', { onFailure: notify.run('page', () => 1) }, () => task('t', () => 1));
export default { ...made, hooks: new Map() };`;
    await using folder = await dagFolder({ 'told.ts': text, 'good.ts': text.replace('{ ...made, hooks: new Map() }', 'made') });
    const loader = folder.loader();
    expect(asLoaded(await loader.loadFile('good.ts')).dags[0]?.spec.notices).toEqual([
      { on: ['failure'], via: { kind: 'code', hook: 'page' } },
    ]);
    expect(asError(await loader.loadFile('told.ts'))).toMatchObject({ code: 'HR_DAG_FORMAT', message: expect.stringContaining('"page"') });
  });

  test('a native package stays outside of the bundle', async () => {
    await using folder = await dagFolder({ 'native.ts': goodDag('native', "export const lazy = () => import('@duckdb/node-api');") });
    const { code } = asLoaded(await folder.loader().loadFile('native.ts')).bundle;
    expect(code).toContain('import("@duckdb/node-api")');
  });
});

describe('which files are DAG files', () => {
  test('tests, declarations, helpers, packages and hidden folders are not; a loop of links ends', async () => {
    await using folder = await dagFolder({
      'a.ts': '',
      'deep/er/b.ts': '',
      'a.test.ts': '',
      'types.d.ts': '',
      '_helper.ts': '',
      '_lib/c.ts': '',
      'node_modules/x/index.ts': '',
      '.git/d.ts': '',
      'read.md': '',
    });
    await symlink(folder.dagsDir, join(folder.dagsDir, 'deep', 'loop'));
    await symlink(join(folder.dagsDir, 'round.ts'), join(folder.dagsDir, 'round.ts'));
    await symlink(join(folder.dagsDir, 'a.ts'), join(folder.dagsDir, 'alias.ts'));
    expect(await listDagFiles(folder.dagsDir)).toEqual(['a.ts', 'deep/er/b.ts']);
  });
});

describe('params are checked by the schema of the DAG itself', () => {
  const schema = 'z.object({ day: z.string(), limit: z.number().int().min(1).default(10) })';
  const text = `import { dag, task } from '@headrace/sdk'; import { z } from 'zod';
export default dag('p', { params: ${schema} }, ({ params }) => task('t', { in: { day: params.day } }, ({ day }) => day.length));`;

  test('valid ones come back parsed, others with the path of what is wrong', async () => {
    await using folder = await dagFolder({ 'p.ts': text, 'plain.ts': goodDag('plain') });
    const loader = folder.loader();
    const { bundle, dags } = asLoaded(await loader.loadFile('p.ts'));
    expect(dags[0]?.spec).toMatchObject({ paramsDefault: { limit: 10 }, paramsSchema: { type: 'object', required: ['day'] } });
    const check = (params: unknown) => loader.validateParams({ bundleCode: bundle.code, dagId: 'p', params });
    expect(await check({ day: '2017-01-01' })).toEqual({ kind: 'valid', params: { day: '2017-01-01', limit: 10 } });
    expect(await check({ day: '2017-01-01', limit: 0 })).toMatchObject({ kind: 'invalid', issues: [{ path: ['limit'] }] });
    expect(await check(null)).toMatchObject({ kind: 'invalid' });
    const plain = asLoaded(await loader.loadFile('plain.ts'));
    expect(await loader.validateParams({ bundleCode: plain.bundle.code, dagId: 'plain', params: { x: 1 } })).toEqual({
      kind: 'invalid',
      issues: [{ path: ['x'], message: 'The DAG has no params' }],
    });
    await expect(loader.validateParams({ bundleCode: plain.bundle.code, dagId: 'other', params: {} })).rejects.toMatchObject({
      code: 'HR_DAG_FORMAT',
    });
  });
});
