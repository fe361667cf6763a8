import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { runCli } from './support/run-cli.ts';

let folder: string;
let env: Readonly<Record<string, string>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headrace-cli-cursors-'));
  env = { HEADRACE_CONN_LAKE: pathToFileURL(folder).href, HEADRACE_HOME: join(folder, 'home') };
  await put('raw/sales/_headrace/00000007.json', {
    format: 1,
    version: 7,
    committedAt: 1_710_000_000_000,
    loadId: 'abc',
    schemaHash: 'x',
    columns: [{ name: 'id', type: 'int8' }],
    partitionColumns: [],
    rows: 0,
    files: [],
    loads: {},
    cursors: {
      'shop.sales': {
        state: { value: '2024-03-09 10:00:00+00', boundary: ['00ff'], boundaryFrom: '2024-03-09 08:00:00+00' },
        at: 1_710_000_000_000,
        loadId: 'abc',
      },
    },
    superseded: [],
  });
  await put(`_packages/shop/run 1/sales/${'a'.repeat(64)}.parquet`, 'rows');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function put(path: string, content: unknown): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), typeof content === 'string' ? content : JSON.stringify(content));
}

const run = (...args: string[]) => runCli(args, env);

describe('cursors', () => {
  test('are shown, rewound and reset', async () => {
    const listed = await run('cursors', 'list', '--connection', 'lake');
    expect([listed.code, listed.stderr]).toEqual([0, '']);
    expect(listed.stdout).toMatch(/shop\.sales +raw\/sales +2024-03-09 10:00:00\+00 +2024-03-09T16:00:00\.000Z +abc/);
    const shown = await run('cursors', 'show', 'shop.sales', '--connection', 'lake');
    expect(shown.stdout).toContain('remembered rows  1\n');
    const rewound = await run('cursors', 'rewind', 'shop.sales', '--connection', 'lake', '--to', '2024-03-01 00:00:00+00', '-o', 'json');
    expect(JSON.parse(rewound.stdout)).toMatchObject({ name: 'shop.sales', state: { value: '2024-03-01 00:00:00+00' }, load_id: null });
    expect((await run('cursors', 'reset', 'shop.sales', '--connection', 'lake', '--table', 'raw/sales')).code).toBe(0);
    expect(JSON.parse((await run('cursors', 'list', '--connection', 'lake', '-o', 'json')).stdout)).toEqual({
      cursors: [],
      total_entries: 0,
    });
  });

  test('of a connection or a name that is not there are an error', async () => {
    const connection = await run('cursors', 'list', '--connection', 'like');
    expect([connection.code, connection.stderr]).toEqual([2, expect.stringContaining('set HEADRACE_CONN_LIKE to its URL. There are lake')]);
    const name = await run('cursors', 'show', 'shop.salse', '--connection', 'lake');
    expect([name.code, name.stderr]).toEqual([1, expect.stringContaining('There is no cursor "shop.salse" in connection "lake"')]);
  });
});

describe('packages', () => {
  test('are listed, and removed when they are old', async () => {
    const listed = await run('packages', 'list', '-o', 'json');
    expect(JSON.parse(listed.stdout)).toMatchObject({
      packages: [{ dag_id: 'shop', dag_run_id: 'run 1', task_id: 'sales', readable: false }],
    });
    const young = await run('packages', 'clean', '--older-than', '30d', '-o', 'json');
    expect(JSON.parse(young.stdout)).toEqual({ packages: [], total_entries: 0 });
    const all = await run('packages', 'clean', '--older-than', '0s');
    expect([all.code, all.stdout]).toEqual([0, expect.stringContaining('aaaaaaaaaaaa  shop  run 1')]);
    expect((await run('packages', 'clean', '--older-than', 'old')).stderr).toContain('"old" is not a duration');
  });
});
