import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { Columns } from '@headrace/sdk';
import type { ExcelOptions } from '../../src/index.ts';
import type { FileBench } from '../support/file-bench.ts';
import { type BadCase, from, inbox } from './bad-case.ts';

const text = Buffer.from(`k,v\n${Array.from({ length: 5000 }, (_, index) => `${index},${(index * 7919) % 10_007}\n`).join('')}`);
const gzip = gzipSync(text);
const zstd = zstdCompressSync(text);

const damaged = (what: string, name: string, content: Uint8Array, message: RegExp): BadCase => ({
  what,
  make: from(name, content, (file) => inbox.csv(file)),
  error: ['HR_FILE_DAMAGED', message],
});
const flipped = (bytes: Uint8Array, at: number): Buffer =>
  Buffer.from(bytes.map((byte, index) => (index === (at < 0 ? bytes.length + at : at) ? byte ^ 0x10 : byte)));

/** A Parquet file of 20,000 rows in several row groups, changed. */
const parquet = (what: string, change: (whole: Buffer) => Uint8Array, message: RegExp, code = 'HR_FILE_DAMAGED'): BadCase => ({
  what: `Parquet: ${what}`,
  make: async (bench) => {
    const file = join(bench.folder, 'whole.parquet');
    await bench.work.duck.run(
      `copy (select i as k, 'value ' || i as v from range(20000) t(i)) to '${file}' (format parquet, row_group_size 5000)`,
    );
    await bench.put('bad.parquet', change(await readFile(file)));
    return inbox.parquet('bad.parquet');
  },
  error: [code, message],
});

const typed = (what: string, sql: string, columns: Columns, error: BadCase['error'] & {}): BadCase => ({
  what: `Parquet: ${what}`,
  make: async (bench) => {
    await bench.work.duck.run(`copy (${sql}) to '${join(bench.folder, 'inbox', 'bad.parquet')}' (format parquet)`);
    return inbox.parquet('bad.parquet', { columns });
  },
  error,
});

const excel = (
  what: string,
  rows: string,
  options: ExcelOptions & { readonly columns?: Columns },
  error: BadCase['error'] & {},
): BadCase => ({
  what: `Excel: ${what}`,
  make: async (bench) => {
    const columns = (await bench.work.duck.describe(rows)).map(({ name, duckType }) => ({
      name,
      type: duckType === 'VARCHAR' ? ('text' as const) : ('float8' as const),
    }));
    await bench.write(
      { connector: 'files', connection: 'inbox', kind: 'excel', settings: { name: 'bad.xlsx' } },
      { select: rows, columns },
    );
    return inbox.excel('bad.xlsx', options as ExcelOptions);
  },
  error,
});
const cutWorkbook = async (bench: FileBench): Promise<Buffer> => {
  await bench.write(
    { connector: 'files', connection: 'inbox', kind: 'excel', settings: { name: 'whole.xlsx' } },
    { select: `select i as k from range(1000) t(i)`, columns: [{ name: 'k', type: 'int8' }] },
  );
  return readFile(join(bench.folder, 'inbox', 'whole.xlsx'));
};

export const packedCases: readonly BadCase[] = [
  damaged('gzip: empty', 'bad.csv.gz', Buffer.alloc(0), /bad\.csv\.gz .*it is empty/),
  damaged('gzip: cut off in its head', 'bad.csv.gz', gzip.subarray(0, 5), /bad\.csv\.gz .*unexpected end of file/),
  damaged('gzip: cut off in the middle', 'bad.csv.gz', gzip.subarray(0, gzip.length >> 1), /bad\.csv\.gz .*unexpected end of file/),
  damaged('gzip: cut off in its last byte', 'bad.csv.gz', gzip.subarray(0, -1), /bad\.csv\.gz .*unexpected end of file/),
  damaged('gzip: wrong checksum', 'bad.csv.gz', flipped(gzip, -6), /bad\.csv\.gz .*data check/),
  damaged('gzip: wrong length', 'bad.csv.gz', flipped(gzip, -2), /bad\.csv\.gz .*length check/),
  damaged('gzip: text behind its end', 'bad.csv.gz', Buffer.concat([gzip, Buffer.from('oops')]), /bad\.csv\.gz cannot be unpacked: /),
  damaged('gzip: second member cut off', 'bad.csv.gz', Buffer.concat([gzip, gzip.subarray(0, 50)]), /bad\.csv\.gz .*unexpected end/),
  damaged('gzip: plain text', 'bad.csv.gz', text, /bad\.csv\.gz .*incorrect header/),
  damaged('zstd: cut off', 'bad.csv.zst', zstd.subarray(0, zstd.length >> 1), /bad\.csv\.zst .*unexpected end/),
  damaged('zstd: text behind its end', 'bad.csv.zst', Buffer.concat([zstd, Buffer.from('oops!')]), /bad\.csv\.zst .*behind the end/),
  damaged('zstd: plain text', 'bad.csv.zst', text, /bad\.csv\.zst cannot be unpacked/),
  {
    what: 'gzip: good file of bad rows',
    make: from('rows.csv.gz', gzipSync('k,v\n1,2\n3\n'), (file) => inbox.csv(file)),
    error: ['HR_BAD_ROW', /rows\.csv\.gz:3: /],
  },
  parquet('empty file', () => Buffer.alloc(0), /bad\.parquet cannot be read as Parquet/),
  parquet('plain text', () => Buffer.from('k,v\n1,2\n'), /bad\.parquet cannot be read as Parquet/),
  parquet('cut off in its head', (whole) => whole.subarray(0, 3), /bad\.parquet cannot be read as Parquet/),
  parquet('cut off in a page', (whole) => whole.subarray(0, whole.length >> 2), /bad\.parquet cannot be read as Parquet/),
  parquet('cut off in the footer', (whole) => whole.subarray(0, -20), /bad\.parquet cannot be read as Parquet/),
  parquet('cut off in its last byte', (whole) => whole.subarray(0, -1), /bad\.parquet cannot be read as Parquet/),
  parquet(
    'bytes missing in the middle',
    (whole) => Buffer.concat([whole.subarray(0, 1000), whole.subarray(9000)]),
    /bad\.parquet cannot be read as Parquet/,
  ),
  parquet(
    'damaged footer',
    (whole) => Buffer.from(whole).fill(0xff, whole.length - 400, whole.length - 200),
    /bad\.parquet cannot be read as Parquet/,
  ),
  parquet('length of the footer is wrong', (whole) => flipped(whole, -6), /bad\.parquet cannot be read as Parquet/),
  parquet(
    'head that is another file',
    (whole) => Buffer.concat([Buffer.alloc(2000, 0xaa), whole.subarray(2000)]),
    /bad\.parquet cannot be read as Parquet/,
  ),
  typed('declared column that is not there', 'select 1 as k', { v: 'int4' }, ['HR_COLUMN_NOT_FOUND', /bad\.parquet.*"v"/]),
  typed('type that would be rounded', 'select 1.5::double as k', { k: 'int4' }, ['HR_TYPE_MISMATCH', /bad\.parquet: column "k" is double/]),
  typed('decimal that would be rounded', 'select 1.505::decimal(10,3) as k', { k: 'decimal(10,2)' }, [
    'HR_TYPE_MISMATCH',
    /bad\.parquet: column "k"/,
  ]),
  {
    what: 'Excel: plain text',
    make: from('bad.xlsx', 'k,v\n1,2\n', (file) => inbox.excel(file)),
    error: ['HR_FILE_DAMAGED', /bad\.xlsx cannot be read as an Excel workbook/],
  },
  { what: 'Excel: empty file', make: from('bad.xlsx', '', (file) => inbox.excel(file)), error: ['HR_FILE_DAMAGED', /bad\.xlsx/] },
  {
    what: 'Excel: cut off',
    make: async (bench) => {
      const whole = await cutWorkbook(bench);
      await bench.put('bad.xlsx', whole.subarray(0, whole.length >> 1));
      return inbox.excel('bad.xlsx');
    },
    error: ['HR_FILE_DAMAGED', /bad\.xlsx/],
  },
  {
    what: 'Excel: damaged sheet',
    make: async (bench) => {
      const whole = await cutWorkbook(bench);
      const sheet = whole.indexOf('xl/worksheets/sheet1.xml');
      await bench.put('bad.xlsx', flipped(whole, sheet + 100));
      return inbox.excel('bad.xlsx');
    },
    error: ['HR_FILE_DAMAGED', /bad\.xlsx/],
  },
  excel('sheet that is not there', 'select 1.0::double as k', { sheet: 'Sales' }, [
    'HR_SHEET_NOT_FOUND',
    /bad\.xlsx has no sheet "Sales".*"Sheet1"/,
  ]),
  excel('header in an empty row', 'select 1.0::double as k', { header: 7 }, ['HR_EXCEL_HEADER', /bad\.xlsx:\d+: .*row 7 is empty/]),
  excel('doubled header', `select 'x' as a, 'x' as b`, { header: 2 }, ['HR_EXCEL_HEADER', /bad\.xlsx:2: .*"x" twice/]),
  excel('value in a column without a name', `select 'x' as a, null::varchar as b union all select '1', '2'`, { header: 2 }, [
    'HR_BAD_ROW',
    /bad\.xlsx:3: .*row 3 has the value "2" in column 2/,
  ]),
  excel('text for a number', `select '1' as a union all select 'x'`, { columns: { a: 'int4' } }, [
    'HR_TYPE_MISMATCH',
    /bad\.xlsx:3: column "a" is declared int4, but the value is: x/,
  ]),
  excel('declared column that is not there', `select '1' as a`, { columns: { b: 'int4' } }, ['HR_COLUMN_NOT_FOUND', /bad\.xlsx.*"b"/]),
];
