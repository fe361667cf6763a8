import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { newestSnapshot, ORPHAN_AFTER_MS, removeOrphans } from '@headrace/dataplane';
import { extract, load, type PackageResult } from '@headrace/sdk';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cleanPackages, findCursor, listCursors, listPackages, resetCursor, rewindCursor } from '../src/admin.ts';
import { lake, packages, postgres } from '../src/index.ts';
import { openRoot } from '../src/roots/open-root.ts';
import { createRig, only, type Rig, type RunOptions } from './support/rig.ts';

let rig: Rig;
const connection = (id: string) => ({ id, url: rig.connections[id] ?? '' });
const OPEN: RunOptions = {
  interval: { start: new Date('2024-03-10T06:00:00Z'), end: new Date('2024-03-10T06:00:00Z'), day: '2024-03-10', hour: '2024-03-10T06' },
};

beforeAll(async () => {
  rig = await createRig();
  const pos = await rig.client('pos');
  await pos.query(
    `create table source as select i::int8 as id, (i * 1.1)::numeric as amount, '{"a": 9007199254740993}'::json as extra from generate_series(1, 100) i`,
  );
}, 60_000);
afterAll(() => rig.close());

const source = () => postgres('pos').table('source');
const read = (runId: string, where?: string): Promise<PackageResult> =>
  rig.run(
    only(() => extract('read', { from: where === undefined ? source() : postgres('pos').table('source', { where }) })),
    { runId },
  ) as Promise<PackageResult>;

describe('a package', () => {
  test('is loaded into another target later, when its source is no more, value for value', async () => {
    const made = await read('first');
    await rig.runAll(() => {
      load('by_run', {
        from: packages('lake').of({ dag: 'rig', run: 'first', task: 'read' }),
        into: postgres('reporting').table('by_run'),
      });
      load('by_id', {
        from: packages('lake').id(made.package.slice(0, 12), { columns: { id: 'int8', extra: 'json' } }),
        into: postgres('reporting').table('by_id'),
      });
    });
    const reporting = await rig.client('reporting');
    const { rows } = await reporting.query(`select count(*)::int as n, sum(amount)::text as amount, max(extra::text) as extra from by_run`);
    expect(rows).toEqual([{ n: 100, amount: '5555.0', extra: '{"a": 9007199254740993}' }]);
    expect((await reporting.query('select * from by_id where id = 7')).fields.map(({ name }) => name)).toEqual(['id', 'extra']);
  });

  test('of its extract is the newest, and of no extract is an error that says where to look', async () => {
    await read('second');
    const newest = await read('second', 'id > 50');
    const again = () =>
      rig.runAll(() =>
        load('put', { from: packages('lake').of({ dag: 'rig', run: 'second', task: 'read' }), into: lake('lake').table('again') }),
      );
    expect((await again()).put).toMatchObject({ rows: newest.rows });
    await expect(
      rig.runAll(() =>
        load('put', { from: packages('lake').of({ dag: 'rig', run: 'third', task: 'read' }), into: lake('lake').table('again') }),
      ),
    ).rejects.toThrow(/no package of task "read" in run "third" of DAG "rig" under .*_packages.*headrace packages list/);
    await expect(
      rig.runAll(() =>
        load('put', { from: packages('lake').id(newest.package, { columns: { id: 'int4' } }), into: lake('lake').table('again') }),
      ),
    ).rejects.toThrow(/column "id" is int8, and declared as int4/);
  });

  test('is listed, and removed with all that belongs to it', async () => {
    const made = await read('old');
    const folder = fileURLToPath(rig.connections.lake ?? '');
    expect((await listPackages(connection('lake'))).filter(({ run }) => run === 'old')).toMatchObject([
      { dag: 'rig', task: 'read', id: made.package },
    ]);
    expect(await cleanPackages(connection('lake'), Date.now() - 86_400_000)).toEqual([]);
    expect((await cleanPackages(connection('lake'), Date.now() + 1000)).map(({ id }) => id)).toContain(made.package);
    expect(await listPackages(connection('lake'))).toEqual([]);
    expect(existsSync(join(folder, made.files[0]?.path ?? ''))).toBe(false);
  });
});

describe('files of a lake table that no snapshot names', () => {
  test('are removed when they are older than a day; what is the table, or another table below it, stays', async () => {
    const put = (name: string, loads: number) =>
      rig.runAll(() => load('put', { from: source(), into: lake('lake').table(name), disposition: 'append', generation: loads }));
    await put('raw/outer', 1);
    await put('raw/outer/inner', 1);
    const folder = fileURLToPath(rig.connections.lake ?? '');
    await mkdir(join(folder, 'raw/outer/inner'), { recursive: true });
    const orphan = join(folder, 'raw/outer/part-00000000-dead-0.parquet');
    const other = join(folder, 'raw/outer/inner/part-00000000-dead-0.parquet');
    const mine = join(folder, 'raw/outer/part of mine.parquet');
    for (const file of [orphan, other, mine]) await writeFile(file, 'rows that nobody committed');
    const root = await openRoot(connection('lake'));
    const newest = await newestSnapshot(root, 'raw/outer');
    if (!newest) throw new TypeError('No table');
    expect(await removeOrphans(root, 'raw/outer', newest, Date.now())).toBe(0);
    expect(await removeOrphans(root, 'raw/outer', newest, Date.now() + ORPHAN_AFTER_MS + 60_000)).toBe(1);
    await root.close();
    expect([orphan, other, mine].map((file) => existsSync(file))).toEqual([false, true, true]);
    expect(existsSync(join(folder, newest.files[0]?.path ?? ''))).toBe(true);
  });
});

describe('cursors of a connection', () => {
  test.each(['lake', 'reporting'])('of %s are listed, rewound and reset, and the next run does as they say', async (id) => {
    const name = id === 'lake' ? 'raw/followed' : 'raw.followed';
    const into = id === 'lake' ? lake(id).table(name) : postgres(id).table(name);
    const put = async () =>
      (await rig.runAll(() => load('follow', { from: source(), into, disposition: { merge: ['id'] }, cursor: { column: 'id' } }), OPEN))
        .follow;
    if (id === 'lake') {
      const appended = await rig.runAll(
        () => load('follow', { from: source(), into, disposition: 'append', cursor: { column: 'id' } }),
        OPEN,
      );
      expect(appended.follow).toMatchObject({ rows: 100 });
    } else expect(await put()).toMatchObject({ rows: 100 });
    expect(await listCursors(connection(id))).toMatchObject([{ name: 'rig.follow', table: name, state: { value: '100' } }]);
    expect(await rewindCursor(connection(id), 'rig.follow', '91')).toMatchObject({ state: { value: '91' } });
    if (id === 'reporting') expect(await put()).toMatchObject({ counts: { in: 10 }, unchanged: 10 });
    await resetCursor(connection(id), 'rig.follow', name);
    expect(await listCursors(connection(id))).toEqual([]);
    if (id === 'reporting') expect(await put()).toMatchObject({ counts: { in: 100 }, unchanged: 100 });
    await expect(findCursor(connection(id), 'rig.folow')).rejects.toThrow(/There is no cursor "rig.folow" in connection/);
  });

  test('that keeps none are an error that says who does', async () => {
    await expect(listCursors({ id: 'mail', url: 'smtp://secret@mail' })).rejects.toThrow(
      /Connection "mail" keeps no cursors: its URL begins with "smtp:"/,
    );
  });
});
