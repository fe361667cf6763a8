import { readFile, rename, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { Relation } from '@headrace/dataplane';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { writeExcel } from '../src/files/excel-target.ts';
import { files } from '../src/index.ts';
import { createFileBench, type FileBench } from './support/file-bench.ts';

let bench: FileBench;
beforeAll(async () => {
  bench = await createFileBench();
});
afterEach(async () => {
  for (const folder of ['inbox', 'reports']) for (const file of await bench.list(folder)) await rm(join(bench.folder, folder, file));
});
afterAll(() => bench.close());

const inbox = files('inbox');
const reports = files('reports');
const columns = { id: 'int4', note: 'text' } as const;

describe('files that match a glob are one source', () => {
  test('in the order of their paths, by the names of their columns, with the file of each row', async () => {
    await bench.put('sales-2.csv', 'note,id\nb,2\n');
    await bench.put('sales-10.csv', 'id,note\n10,c\n');
    await bench.put('sales-1.csv', 'id,note\n1,a\n');
    await bench.put('other.csv', 'x\n');
    const { rows, columns: found } = await bench.read(inbox.csv('sales-*.csv', { columns, fileColumn: '_file' }));
    expect(rows).toEqual([
      { id: '1', note: 'a', _file: 'sales-1.csv' },
      { id: '10', note: 'c', _file: 'sales-10.csv' },
      { id: '2', note: 'b', _file: 'sales-2.csv' },
    ]);
    expect(found.map(({ name, type }) => `${name} ${type}`)).toEqual(['id int4', 'note text', '_file text']);
    expect((await bench.read(inbox.csv('**/sales-?.csv'))).count).toBe(2);
  });

  test('rows that are kept aside name their file', async () => {
    await bench.put('a.csv', 'id,note\n1,a\nx,b\n');
    await bench.put('b.csv', 'id,note\n2\n3,c\n');
    const { count, refused } = await bench.read(inbox.csv('{a,b}.csv', { columns, badRows: 'quarantine' }));
    expect(count).toBe(2);
    expect(refused.map(({ reason }) => reason).sort()).toEqual([
      expect.stringMatching(/^a\.csv: record 2; .*x/),
      expect.stringMatching(/^b\.csv:2: .*Found: 1/),
    ]);
  });

  test('JSON, XML and Parquet too; of bad values the file and the line', async () => {
    await bench.put('a.json', '{"id":1,"note":"a"}');
    await bench.put('b.json', '[{"note":"b",\n"id":"x"}]');
    await expect(bench.read(inbox.json('*.json', { columns }))).rejects.toMatchObject({
      code: 'HR_TYPE_MISMATCH',
      message: expect.stringMatching(/b\.json:1: column "id"/),
    });
    expect((await bench.read(inbox.json('*.json'))).rows).toHaveLength(2);
  });

  test('three hundred files', async () => {
    for (let index = 0; index < 300; index += 1) await bench.put(`many/${index}.csv`, `id,note\n${index},n\n`);
    expect((await bench.read(inbox.csv('many/*.csv', { columns }))).count).toBe(300);
  });
});

describe('only new files', () => {
  const read = (position?: unknown, settle: '0s' | '1 hour' = '0s') =>
    bench.read(inbox.csv('*.csv', { columns, onlyNew: true, settle }), position);

  test('are those that no load before has read; what is gone is forgotten', async () => {
    await bench.put('a.csv', 'id,note\n1,a\n');
    const first = await read();
    expect(first.count).toBe(1);
    await bench.put('b.csv', 'id,note\n2,b\n');
    const second = await read(first.position);
    expect(second.rows).toEqual([{ id: '2', note: 'b' }]);
    expect((await read(second.position)).count).toBe(0);
    await rm(join(bench.folder, 'inbox', 'a.csv'));
    const third = await read(second.position);
    expect(third.count).toBe(0);
    expect((third.position as { seen: unknown[][] }).seen.map(([path]) => path)).toEqual(['b.csv']);
  });

  test('a file that is read again after an attempt that failed, because its position was not stored', async () => {
    await bench.put('a.csv', 'id,note\n1,a\n');
    await read();
    expect((await read()).count).toBe(1);
  });

  test('a file that came under another name or with other bytes is new', async () => {
    const file = await bench.put('a.csv', 'id,note\n1,a\n');
    const { position } = await read();
    await rename(file, join(bench.folder, 'inbox', 'c.csv'));
    expect((await read(position)).count).toBe(1);
    await bench.put('a.csv', 'id,note\n1,a\n2,b\n');
    expect((await read(position)).count).toBe(3);
  });

  test('a file that was changed just now waits for the next run', async () => {
    const file = await bench.put('a.csv', 'id,note\n1,a\n');
    const first = await read(undefined, '1 hour');
    expect(first.count).toBe(0);
    expect(first.position).toEqual({ seen: [] });
    await utimes(file, new Date(), new Date());
    expect((await read(first.position)).count).toBe(1);
  });
});

const sales: Relation = {
  select: `select * from (values (1, 'a', date '2017-06-19'), (2, 'b', date '2017-06-20'), (3, 'c', date '2017-06-19'), (4, 'd', null)) t(id, note, day)`,
  columns: [
    { name: 'id', type: 'int4' },
    { name: 'note', type: 'text' },
    { name: 'day', type: 'date' },
  ],
};

describe('targets of several files', () => {
  const manifest = async (): Promise<readonly { readonly path: string; readonly rows: number }[]> =>
    JSON.parse(await readFile(join(bench.folder, 'reports', 'sales', '_manifest.json'), 'utf8')).files;

  test('append writes a file of its own for each load, and the same one again', async () => {
    const target = reports.csv('out/sales.csv.gz');
    await bench.write(target, sales, { disposition: 'append', loadId: 'one' });
    await bench.write(target, sales, { disposition: 'append', loadId: 'two' });
    await bench.write(target, sales, { disposition: 'append', loadId: 'one' });
    expect(await bench.list('reports')).toEqual(['out/sales-one.csv.gz', 'out/sales-two.csv.gz']);
    expect((await bench.read(reports.csv('out/sales-*.csv.gz'))).count).toBe(8);
  });

  test('folders by a column: the manifest names the files that count, and replaced ones go', async () => {
    const target = reports.csv('sales/part.csv', { partitionBy: ['day'] });
    await bench.write(target, sales, { loadId: 'one' });
    expect((await manifest()).map(({ path, rows }) => [path, rows])).toEqual([
      ['day=2017-06-19/part-one.csv', 2],
      ['day=2017-06-20/part-one.csv', 1],
      ['day=__HIVE_DEFAULT_PARTITION__/part-one.csv', 1],
    ]);
    expect((await bench.read(reports.csv('sales/day=2017-06-19/part-one.csv'))).rows).toEqual([
      { id: '1', note: 'a' },
      { id: '3', note: 'c' },
    ]);
    await bench.write(target, { ...sales, select: `${sales.select} where id = 2` }, { loadId: 'two' });
    expect(await bench.list('reports')).toEqual(['sales/_manifest.json', 'sales/day=2017-06-20/part-two.csv']);
  });

  test('replace-partition replaces the files of that partition only', async () => {
    const target = reports.csv('sales/part.csv');
    await bench.write(target, sales, { disposition: 'replace-partition', partition: { day: '2017-06-19' }, loadId: 'one' });
    await bench.write(target, sales, { disposition: 'replace-partition', partition: { day: '2017-06-20' }, loadId: 'two' });
    await bench.write(target, sales, { disposition: 'replace-partition', partition: { day: '2017-06-19' }, loadId: 'three' });
    expect((await manifest()).map(({ path }) => path)).toEqual(['day=2017-06-19/part-three.csv', 'day=2017-06-20/part-two.csv']);
  });
});

describe('Excel', () => {
  const formulas: Relation = {
    select: `select * from (values ('=1+1'), ('+1'), ('@x'), ('-1'), ('plain')) t(note)`,
    columns: [{ name: 'note', type: 'text' }],
  };

  test('a CSV for Excel opens as a table and runs nothing', async () => {
    await bench.write(reports.csv('excel.csv', { excel: true, delimiter: ';' }), formulas);
    expect(await readFile(join(bench.folder, 'reports', 'excel.csv'), 'utf8')).toBe(
      `\ufeffsep=;\r\n"note"\r\n"'=1+1"\r\n"'+1"\r\n"'@x"\r\n"'-1"\r\n"plain"\r\n`,
    );
  });

  test('texts of a workbook are texts, and come back as they were', async () => {
    await bench.write(reports.excel('book.xlsx', { sheet: 'Sales' }), formulas);
    expect((await bench.read(reports.excel('book.xlsx', { sheet: 'Sales' }))).rows.map(({ note }) => note)).toEqual([
      '=1+1',
      '+1',
      '@x',
      '-1',
      'plain',
    ]);
  });

  test('rows that are too many for a sheet go on in the next', async () => {
    const file = join(bench.folder, 'inbox', 'sheets.xlsx');
    const rows = {
      select: 'select i::integer as id from range(25) t(i)',
      columns: [{ name: 'id', type: 'int4' as const }],
      settings: {},
      name: 'sheets.xlsx',
      url: 'sheets.xlsx',
    };
    expect(await writeExcel(rows, file, bench.work, 10)).toBe(25);
    expect((await bench.read(inbox.excel('sheets.xlsx', { sheet: 'Sheet1 3', columns: { id: 'int4' } }))).rows.map(({ id }) => id)).toEqual(
      ['20', '21', '22', '23', '24'],
    );
  });

  test('a text that no cell holds, and a character that XML does not know, name the row', async () => {
    const long = { select: `select 'x' as note union all select repeat('y', 40000)`, columns: formulas.columns };
    await expect(bench.write(reports.excel('book.xlsx'), long)).rejects.toMatchObject({
      code: 'HR_VALUE_UNWRITABLE',
      message: expect.stringMatching(/book\.xlsx: row 2, column "note"/),
    });
    const control = { select: `select 'x' as note union all select chr(1)`, columns: formulas.columns };
    await expect(bench.write(reports.xml('book.xml', { record: 'rows/row' }), control)).rejects.toMatchObject({
      code: 'HR_VALUE_UNWRITABLE',
      message: expect.stringMatching(/row 2/),
    });
    expect(await bench.list('reports')).toEqual([]);
  });
});
