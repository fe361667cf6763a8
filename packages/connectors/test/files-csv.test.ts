import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { files } from '../src/index.ts';
import { createFileBench, type FileBench } from './support/file-bench.ts';

describe('CSV is read as its options say', () => {
  let bench: FileBench;
  beforeAll(async () => {
    bench = await createFileBench();
  });
  afterAll(() => bench.close());
  const inbox = files('inbox');

  test('delimiter, quote, escape, comment and the line of the header', async () => {
    await bench.put('a.csv', "Sales report\nof June\nid;note\n# by hand\n1;'it\\'s; so'\n2;plain\n");
    const { rows } = await bench.read(
      inbox.csv('a.csv', { header: 3, delimiter: ';', quote: "'", escape: '\\', comment: '#', columns: { id: 'int8', note: 'text' } }),
    );
    expect(rows).toEqual([
      { id: '1', note: "it's; so" },
      { id: '2', note: 'plain' },
    ]);
  });

  test('tabs, delimiters of several characters, and no quotes at all', async () => {
    await bench.put('tab.tsv', 'id\tn\n1\t"a"\n');
    expect((await bench.read(inbox.csv('tab.tsv', { delimiter: '\t', quote: '' }))).rows).toEqual([{ id: '1', n: '"a"' }]);
    await bench.put('wide.csv', 'id||n\n1||a|b\n');
    expect((await bench.read(inbox.csv('wide.csv', { delimiter: '||' }))).rows).toEqual([{ id: '1', n: 'a|b' }]);
  });

  test('without a header, by position; the first lines left out', async () => {
    await bench.put('bare.csv', '\ufeffx\n1,a\n2,b\n');
    expect((await bench.read(inbox.csv('bare.csv', { header: false, skip: 1, columns: { id: 'int4', n: 'text' } }))).rows).toEqual([
      { id: '1', n: 'a' },
      { id: '2', n: 'b' },
    ]);
    await bench.put('marked.csv', '\ufeff1,a\n');
    expect((await bench.read(inbox.csv('marked.csv', { header: false }))).rows).toEqual([{ column_1: '1', column_2: 'a' }]);
    await bench.put('behind.csv', 'id,n\nunits,none\n1,a\n');
    expect((await bench.read(inbox.csv('behind.csv', { skip: 1, columns: { id: 'int4' } }))).rows).toEqual([{ id: '1' }]);
  });

  test('a header with a line break in a name', async () => {
    await bench.put('broken-name.csv', '"unit\nprice",n\n1,a\n');
    expect((await bench.read(inbox.csv('broken-name.csv'))).rows).toEqual([{ 'unit\nprice': '1', n: 'a' }]);
  });

  test.each([
    ['\n', 'lf'],
    ['\r\n', 'crlf'],
    ['\r', 'cr'],
  ])('lines that end in %j', async (end, name) => {
    await bench.put(`${name}.csv`, ['id,n', '1,"a"', '2,', ''].join(end));
    expect((await bench.read(inbox.csv(`${name}.csv`, { columns: { id: 'int4', n: 'text' } }))).rows).toEqual([
      { id: '1', n: 'a' },
      { id: '2', n: null },
    ]);
  });

  test('decimal commas, thousands, dates and timestamps of a country', async () => {
    await bench.put('de.csv', 'amount;f;day;at\n1.234.567,80;-0,5;31.12.2017;31.12.2017 23:59\n12;1.000;01.02.2018;01.02.2018 00:00\n');
    const columns = { amount: 'decimal(12,2)', f: 'float8', day: 'date', at: 'timestamp' } as const;
    const german = { delimiter: ';', decimal: ',', thousands: '.', dates: '%d.%m.%Y', timestamps: '%d.%m.%Y %H:%M', columns } as const;
    expect((await bench.read(inbox.csv('de.csv', german))).rows).toEqual([
      { amount: '1234567.80', f: '-0.5', day: '2017-12-31', at: '2017-12-31 23:59:00' },
      { amount: '12.00', f: '1000.0', day: '2018-02-01', at: '2018-02-01 00:00:00' },
    ]);
    await bench.put('not-de.csv', 'amount;f;day;at\n1.50;1;01.02.2018;01.02.2018 00:00\n');
    await expect(bench.read(inbox.csv('not-de.csv', german))).rejects.toMatchObject({
      code: 'HR_TYPE_MISMATCH',
      message: expect.stringMatching(/not-de\.csv:2: column "amount" .* 1\.50/),
    });
  });

  test('several texts for null, and values without the spaces around them', async () => {
    await bench.put('nulls.csv', 'a,b\nNA, x \n"NA",-\n , \n"",""\n');
    expect((await bench.read(inbox.csv('nulls.csv', { nulls: ['', 'NA', '-'] }))).rows).toEqual([
      { a: null, b: ' x ' },
      { a: 'NA', b: null },
      { a: ' ', b: ' ' },
      { a: '', b: '' },
    ]);
    expect((await bench.read(inbox.csv('nulls.csv', { nulls: ['', 'NA', '-'], trim: true }))).rows).toEqual([
      { a: null, b: 'x' },
      { a: null, b: null },
      { a: null, b: null },
      { a: '', b: '' },
    ]);
  });

  test.each([
    ['utf-16le', Buffer.from('\ufeffid,n\n1,Köln 😀\n', 'utf16le')],
    ['utf-16be', Buffer.from('\ufeffid,n\n1,Köln 😀\n', 'utf16le').swap16()],
    ['latin1', Buffer.from('id,n\n1,Köln\n', 'latin1')],
    ['windows-1252', Buffer.from('id,n\n1,K\xf6ln \x80\n', 'latin1')],
    ['shift_jis', Buffer.concat([Buffer.from('id,n\n1,'), Buffer.from([0x93, 0x8c, 0x8b, 0x9e]), Buffer.from('\n')])],
  ])('text in %s', async (encoding, content) => {
    const text: Readonly<Record<string, string>> = { latin1: 'Köln', 'windows-1252': 'Köln €', shift_jis: '東京' };
    await bench.put(`${encoding}.csv`, content);
    expect((await bench.read(inbox.csv(`${encoding}.csv`, { encoding }))).rows).toEqual([{ id: '1', n: text[encoding] ?? 'Köln 😀' }]);
  });

  test('long text in an encoding of several bytes is cut nowhere', async () => {
    const text = '東京'.repeat(400_000);
    const content = Buffer.concat([Buffer.from('n\n'), Buffer.alloc(1_600_000, Buffer.from([0x93, 0x8c, 0x8b, 0x9e])), Buffer.from('\n')]);
    await bench.put('long.csv', content);
    const { package: packed } = await bench.read(inbox.csv('long.csv', { encoding: 'shift_jis' }));
    expect(await bench.work.duck.rows(`select length(n) as n, n = repeat('東京', 400000) as same from (${packed.select})`)).toEqual([
      { n: String(text.length), same: 'true' },
    ]);
  });

  test('gzip of several members, and zstd', async () => {
    await bench.put('two.csv.gz', Buffer.concat([gzipSync('id,n\n1,a\n'), gzipSync('2,b\n')]));
    expect((await bench.read(inbox.csv('two.csv.gz'))).rows).toHaveLength(2);
    await bench.put('z.csv.zst', Buffer.concat([zstdCompressSync('id,n\n1,a\n'), zstdCompressSync('2,b\n')]));
    expect((await bench.read(inbox.csv('z.csv.zst'))).rows).toHaveLength(2);
  });

  test('values are taken exactly or not at all: no rounding, no cut-off zone', async () => {
    const good = ['9223372036854775807', '0.1', '2017-06-19', '2017-06-19T10:00:00.123456', '2017-06-19 10:00:00+02'];
    const columns = { i: 'int8', f: 'float8', d: 'date', t: 'timestamp', z: 'timestamptz' } as const;
    await bench.put('exact.csv', `i,f,d,t,z\n${good.join(',')}\n`);
    expect((await bench.read(inbox.csv('exact.csv', { columns }))).rows).toEqual([
      { i: '9223372036854775807', f: '0.1', d: '2017-06-19', t: '2017-06-19 10:00:00.123456', z: '2017-06-19 08:00:00+00' },
    ]);
    const wrong = ['1.5', '1e400', '2017-06-19 10:00', '2017-06-19 10:00:00+02', '2017-06-19 10:00:00.1234567Z'];
    for (const [index, value] of wrong.entries()) {
      await bench.put('wrong.csv', `i,f,d,t,z\n${good.join(',')}\n${good.with(index, value).join(',')}\n`);
      await expect(bench.read(inbox.csv('wrong.csv', { columns }))).rejects.toMatchObject({
        code: 'HR_TYPE_MISMATCH',
        message: expect.stringContaining('wrong.csv:3: '),
      });
    }
  });
});
