/** What users wrote, as versions keep it: asked for as it is, and compared. */
import type { DagSource, DagVersionDiff } from '@headrace/api-contract';
import type { StoredBundle } from '@headrace/ports';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { buildApi } from '../src/index.ts';
import { authorization, createFixture } from './support/fixture.ts';

/** What is in the bundles of both versions besides what a user wrote. */
const NOT_THE_USERS = { '@headrace/sdk/src/dag.ts': null, 'node_modules/zod/index.js': null };
const SOURCES: Readonly<Record<number, Readonly<Record<string, string | null>>>> = {
  2: { 'sales.ts': 'const rows: number = 1;\n', '_lib/tag.ts': "export const tag: string = 'x';\n", ...NOT_THE_USERS },
  3: { 'sales.ts': 'const rows: number = 2;\n', '_lib/tag.ts': "export const tag: string = 'x';\n", ...NOT_THE_USERS },
};

let app: FastifyInstance;
/** Versions of which the source map is one without sources, as bundles of before have it. */
const bare = new Set<number>();
beforeEach(async () => {
  bare.clear();
  const { deps } = createFixture();
  const load = async (dagId: string, number: number): Promise<StoredBundle | undefined> => {
    const version = await deps.dagVersions.load(dagId, number);
    const sources = SOURCES[number] ?? {};
    const contents = bare.has(number) ? {} : { sourcesContent: Object.values(sources) };
    return version && { ...version, sourceMap: JSON.stringify({ version: 3, sources: Object.keys(sources), ...contents }) };
  };
  app = await buildApi({ ...deps, dagVersions: { ...deps.dagVersions, load } });
});
afterEach(() => app.close());

const get = (url: string, accept = 'application/json') => app.inject({ url, headers: { authorization, accept } });
const diff = async () => (await get('/headrace/v1/dags/sales/versions/2/diff/3')).json<DagVersionDiff>().code;

describe('the source of a DAG', () => {
  test('is that of the newest version, or of the one asked for', async () => {
    expect((await get('/api/v2/dagSources/sales')).json<DagSource>()).toEqual({
      content: 'const rows: number = 2;\n',
      dag_id: 'sales',
      version_number: 3,
      dag_display_name: 'sales',
    });
    expect((await get('/api/v2/dagSources/sales?version_number=2')).json<DagSource>()).toMatchObject({
      content: 'const rows: number = 1;\n',
      version_number: 2,
    });
  });

  test('comes as plain text to who wants that, and in no other form', async () => {
    const text = await get('/api/v2/dagSources/sales', 'text/plain');
    expect([text.statusCode, text.headers['content-type'], text.body]).toEqual([
      200,
      'text/plain; charset=utf-8',
      'const rows: number = 2;\n',
    ]);
    expect((await get('/api/v2/dagSources/sales', 'image/png, */*')).headers['content-type']).toContain('application/json');
    expect((await get('/api/v2/dagSources/sales', 'image/png')).json()).toMatchObject({ code: 'HR_NOT_ACCEPTABLE', status: 406 });
  });

  test('is the part of the bundle where no original is kept', async () => {
    bare.add(3);
    expect((await get('/api/v2/dagSources/sales')).json<DagSource>().content).toBe('var rows = 2;\nvar same = 2;\n');
  });

  test('is not found for a DAG or a version that there is not', async () => {
    expect((await get('/api/v2/dagSources/nothing')).json()).toMatchObject({ code: 'HR_DAG_NOT_FOUND' });
    expect((await get('/api/v2/dagSources/sales?version_number=9')).json()).toMatchObject({ code: 'HR_VERSION_NOT_FOUND' });
  });
});

describe('the code of two versions', () => {
  test('is compared as it was written, without what no user wrote', async () => {
    const code = await diff();
    expect(code.map(({ file, change }) => [file, change])).toEqual([['sales.ts', 'changed']]);
    expect(code[0]?.diff).toContain('-const rows: number = 1;\n+const rows: number = 2;\n');
  });

  test('is compared as it was bundled where one of them has no originals', async () => {
    bare.add(2);
    expect((await diff()).find(({ file }) => file === 'sales.ts')?.diff).toContain('-var rows = 1;\n+var rows = 2;\n');
  });
});
