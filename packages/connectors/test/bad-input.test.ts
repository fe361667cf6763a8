import { mkdir, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Columns, extract, type PackageResult, type Source, transform } from '@headrace/sdk';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { files, lake, postgres } from '../src/index.ts';
import { createRig, type Rig } from './support/rig.ts';

const columns = { id: 'int8', price: 'decimal(10,2)', sold: 'date' } as const;

describe('what is wrong with data or its place is said, with the place', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await createRig();
    await mkdir(join(rig.folder, 'inbox'), { recursive: true });
    const pos = await rig.client('pos');
    await pos.query(
      `create schema shop; create table shop.sales (id int8, price numeric(10,2), note text); insert into shop.sales values (1, 1.5, 'a'), (2, 'NaN', 'b')`,
    );
  }, 60_000);
  afterAll(() => rig.close());

  const put = (name: string, content: string | Uint8Array) => writeFile(join(rig.folder, 'inbox', name), content);
  const read = async <C extends Columns>(from: Source<C>) =>
    ((await rig.runAll(() => extract('read', { from }))) as { read: PackageResult }).read;

  test('a host that does not answer: where, and that trying again may help; never the password', async () => {
    rig.connections.pos_down = 'postgres://me:hunter2@127.0.0.1:1/shop';
    const failure = await read(postgres('pos_down').table('x')).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: 'HR_CONNECTION_FAILED',
      retryable: true,
      message: expect.stringMatching(/127\.0\.0\.1:1 \(connection "pos_down"\)/),
    });
    expect(JSON.stringify(failure, Object.getOwnPropertyNames(failure))).not.toContain('hunter2');
  });

  test('a login that is refused: the user, never the password', async () => {
    // The protocol's own answer to a wrong password, because the servers of the tests trust everybody.
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => {
        const fields = Buffer.from('SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for user "me"\0\0');
        const head = Buffer.alloc(5, 'E');
        head.writeInt32BE(fields.length + 4, 1);
        socket.end(Buffer.concat([head, fields]));
      });
    });
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    rig.connections.pos_locked = `postgres://me:hunter2@127.0.0.1:${(server.address() as AddressInfo).port}/shop`;
    const failure = await read(postgres('pos_locked').table('x')).catch((error: unknown) => error);
    server.close();
    expect(failure).toMatchObject({ code: 'HR_LOGIN_REFUSED', retryable: false, message: expect.stringContaining('user "me"') });
    expect(JSON.stringify(failure, Object.getOwnPropertyNames(failure))).not.toContain('hunter2');
  });

  test('a database that is not there', async () => {
    rig.connections.pos_other = Object.assign(new URL(rig.connections.pos ?? ''), { pathname: '/nowhere' }).href;
    await expect(read(postgres('pos_other').table('x'))).rejects.toMatchObject({
      code: 'HR_DATABASE_NOT_FOUND',
      message: expect.stringContaining('"nowhere"'),
    });
  });

  test('a table that is not there: the nearest names', async () => {
    await expect(read(postgres('pos').table('shop.sale'))).rejects.toMatchObject({
      code: 'HR_TABLE_NOT_FOUND',
      message: expect.stringContaining('did you mean "shop.sales"'),
    });
  });

  test('a column that is not there: the nearest names', async () => {
    await expect(read(postgres('pos').table('shop.sales', { columns: { prise: 'numeric' } }))).rejects.toMatchObject({
      code: 'HR_COLUMN_NOT_FOUND',
      message: expect.stringContaining('did you mean "price"'),
    });
  });

  test('a value of a table that its type cannot hold: row, column and value', async () => {
    await expect(read(postgres('pos').table('shop.sales'))).rejects.toMatchObject({
      code: 'HR_TYPE_MISMATCH',
      message: expect.stringMatching(/row 2: column "price" has the value "NaN"/),
    });
    await expect(read(postgres('pos').table('shop.sales', { columns: { note: 'int4' } }))).rejects.toMatchObject({
      code: 'HR_TYPE_MISMATCH',
      message: expect.stringMatching(/column "note" is declared int4, but the value is: a/),
    });
  });

  test('SQL that PostgreSQL refuses, and a value that is not given', async () => {
    await expect(read(postgres('pos').query('selct 1'))).rejects.toMatchObject({
      code: 'HR_SQL_INVALID',
      message: expect.stringContaining('syntax error'),
    });
    await expect(read(postgres('pos').query('select $dya', { values: { day: 1 } }))).rejects.toMatchObject({
      code: 'HR_SQL_INVALID',
      message: expect.stringContaining('did you mean "day"'),
    });
    await expect(read(postgres('pos').query('select id / 0 from shop.sales'))).rejects.toThrow('division by zero');
  });

  test('a file that is not there: the nearest names', async () => {
    await put('prices.csv', 'id\n1\n');
    await expect(read(files('inbox').csv('price.csv'))).rejects.toMatchObject({
      code: 'HR_FILE_NOT_FOUND',
      message: expect.stringContaining('did you mean "prices.csv"'),
    });
  });

  test('a path that leads out of its root is refused', async () => {
    await expect(read(files('inbox').csv('../secret.csv'))).rejects.toThrow('is not a path inside');
  });

  test('a CSV value of the wrong type: file, line, column and value', async () => {
    await put('types.csv', 'id,price,sold\n1,1.50,2017-06-19\nx2,1.50,2017-06-19\n');
    await expect(read(files('inbox').csv('types.csv', { columns }))).rejects.toMatchObject({
      code: 'HR_TYPE_MISMATCH',
      message: expect.stringMatching(/types\.csv:3: column "id" is declared int8, but the value is: x2/),
    });
  });

  test('a CSV decimal with too many digits is refused, not rounded', async () => {
    await put('digits.csv', 'id,price,sold\n1,1.50,2017-06-19\n2,1.505,2017-06-19\n');
    await expect(read(files('inbox').csv('digits.csv', { columns }))).rejects.toMatchObject({
      code: 'HR_TYPE_MISMATCH',
      message: expect.stringMatching(/digits\.csv:3: column "price" is declared decimal\(10,2\), but the value is: 1\.505/),
    });
  });

  test('a CSV row with a field missing or too many: file and line', async () => {
    await put('short.csv', 'id,price,sold\n1,1.50,2017-06-19\n2,1.50\n');
    await expect(read(files('inbox').csv('short.csv', { columns }))).rejects.toMatchObject({
      code: 'HR_BAD_ROW',
      message: expect.stringMatching(/short\.csv:3: .*Expected Number of Columns: 3 Found: 2.*2,1\.50/),
    });
    await put('long.csv', 'id,price,sold\n1,1.50,2017-06-19,extra\n');
    await expect(read(files('inbox').csv('long.csv', { columns }))).rejects.toMatchObject({
      code: 'HR_BAD_ROW',
      message: expect.stringMatching(/long\.csv:2/),
    });
  });

  test('bad CSV rows are kept aside when that is asked for, and every row is accounted for', async () => {
    await put('mixed.csv', 'id,price,sold\n1,1.50,2017-06-19\nx,1.50,2017-06-19\n3,1.505,2017-06-19\n4,1\n5,5.00,2017-06-20\n');
    const result = await read(files('inbox').csv('mixed.csv', { columns, badRows: 'quarantine' }));
    expect(result).toMatchObject({
      rows: 2,
      counts: { in: 5, out: 2, deduplicated: 0, quarantined: 3 },
      quarantine: '_quarantine/rig/read',
    });
    const refused = await read(lake('lake').table(result.quarantine ?? ''));
    expect(refused.columns.map(({ name }) => name)).toEqual(expect.arrayContaining(['load_id', 'row', 'column', 'reason', 'raw']));
    expect(refused.rows).toBe(3);
  });

  test('a CSV without the declared column, without a header, or damaged', async () => {
    await put('other.csv', 'id,prize,sold\n');
    await expect(read(files('inbox').csv('other.csv', { columns }))).rejects.toMatchObject({
      code: 'HR_COLUMN_NOT_FOUND',
      message: expect.stringContaining('did you mean "prize"'),
    });
    await put('empty.csv', '');
    await expect(read(files('inbox').csv('empty.csv', { columns }))).rejects.toMatchObject({ code: 'HR_CSV_HEADER' });
    await put('damaged.csv.gz', gzipSync(`id,price,sold\n${'1,1.50,2017-06-19\n'.repeat(9999)}`).subarray(0, 150));
    await expect(read(files('inbox').csv('damaged.csv.gz', { columns }))).rejects.toMatchObject({
      code: 'HR_FILE_DAMAGED',
      message: expect.stringContaining('damaged.csv.gz'),
    });
  });

  test('CSV tells an empty text from null, and keeps line breaks, quotes and every letter', async () => {
    await put('texts.csv', '\ufeffid,a\n1,""\n2,\n3,"x\r\n""y"" ü😀"\n');
    const results = await rig.runAll(() => {
      const read = extract('read', { from: files('inbox').csv('texts.csv', { columns: { id: 'int8', a: 'text' } }) });
      transform('seen', {
        reads: { read },
        sql: `select count(*) filter (a = '') as empty, count(*) filter (a is null) as nulls, count(*) filter (a = 'x' || chr(13) || chr(10) || '"y" ü😀') as whole from read`,
        into: lake('lake').table('seen'),
        checks: ['empty', 'nulls', 'whole'].map((column) => ({
          check: 'accepted_values',
          columns: [column],
          values: [1],
          severity: 'block',
        })),
      });
    });
    expect(results.seen?.checks).toHaveLength(3);
  });

  test('malformed XML: file and line', async () => {
    await put('broken.xml', '<?xml version="1.0"?>\n<products>\n<product id="1"/>\n<product id="2">\n</products>\n');
    await expect(read(files('inbox').xml('broken.xml', { record: 'product' }))).rejects.toMatchObject({
      code: 'HR_MALFORMED_XML',
      message: expect.stringMatching(/broken\.xml:5: /),
    });
  });

  test('XML without the record, or with a repeated element, and values of deeper elements', async () => {
    await put('nested.xml', '<shop><item id="1"><name>A &amp; B</name><at><city>Köln</city></at></item><item id="2"><name/></item></shop>');
    expect((await read(files('inbox').xml('nested.xml', { record: 'shop/item' }))).columns.map(({ name }) => name)).toEqual([
      'id',
      'name',
      'at.city',
    ]);
    await expect(read(files('inbox').xml('nested.xml', { record: 'itm' }))).rejects.toMatchObject({
      code: 'HR_NO_RECORDS',
      message: expect.stringContaining('item'),
    });
    await put('twice.xml', '<shop>\n<item><tag>a</tag><tag>b</tag></item></shop>');
    await expect(read(files('inbox').xml('twice.xml', { record: 'item' }))).rejects.toMatchObject({
      code: 'HR_XML_REPEATED',
      message: expect.stringMatching(/twice\.xml:2: .*"tag"/),
    });
  });

  test('malformed JSON: file and record', async () => {
    await put('broken.json', '[{"id": 1},\n{"id": }]');
    await expect(read(files('inbox').json('broken.json', { columns: { id: 'int8' } }))).rejects.toMatchObject({
      code: 'HR_MALFORMED_JSON',
      message: expect.stringContaining('broken.json'),
    });
  });

  test('JSON numbers keep all their digits, in lists and lines', async () => {
    const exact = { n: 'decimal(38,20)', big: 'int8', f: 'float8' } as const;
    await put(
      'list.json',
      '[{"n": 123456789012345678.12345678901234567890, "big": 9223372036854775807, "f": 1.5e3, "s": "1.5"},\n {"n": null}]',
    );
    await put(
      'lines.ndjson',
      '{"n": 123456789012345678.12345678901234567890, "big": 9223372036854775807, "f": 1.5e3, "s": "1.5"}\n{"n": null}\n',
    );
    const results = await rig.runAll(() => {
      const list = extract('list', { from: files('inbox').json('list.json', { columns: exact }) });
      const lines = extract('lines', { from: files('inbox').json('lines.ndjson', { columns: exact }) });
      transform('seen', {
        reads: { list, lines },
        sql: `select n::varchar as n, big::varchar as big, f from list where n is not null union all select n::varchar, big::varchar, f from lines where n is not null`,
        into: lake('lake').table('numbers'),
        checks: [
          { check: 'accepted_values', columns: ['n'], values: ['123456789012345678.12345678901234567890'], severity: 'block' },
          { check: 'accepted_values', columns: ['big'], values: ['9223372036854775807'], severity: 'block' },
          { check: 'accepted_values', columns: ['f'], values: [1500], severity: 'block' },
        ],
      });
    });
    expect(results.seen).toMatchObject({ rows: 2 });
  });

  test('a transform: SQL that does not hold, a column too few or too many, a type that would lose digits', async () => {
    await put('sales.csv', 'id,price,sold\n1,1.50,2017-06-19\n');
    const run = (sql: string, declared?: Columns, values = {}) =>
      rig.runAll(() => {
        const sales = extract('sales', { from: files('inbox').csv('sales.csv', { columns }) });
        transform('t', { reads: { sales }, sql, values, ...(declared ? { columns: declared } : {}), into: lake('lake').table('t') });
      });
    await expect(run('select prise from sales')).rejects.toMatchObject({
      code: 'HR_SQL_INVALID',
      message: expect.stringContaining('price'),
    });
    await expect(run('select 1 as a; select 2')).rejects.toMatchObject({
      code: 'HR_SQL_INVALID',
      message: expect.stringContaining('2 statements'),
    });
    await expect(run('select id from sales', { ids: 'int8' })).rejects.toMatchObject({
      code: 'HR_COLUMN_NOT_FOUND',
      message: expect.stringContaining('did you mean "id"'),
    });
    await expect(run('select id, price from sales', { id: 'int8' })).rejects.toMatchObject({
      code: 'HR_SQL_INVALID',
      message: expect.stringContaining('"price"'),
    });
    await expect(run('select price / 3 as third from sales', { third: 'decimal(10,2)' })).rejects.toMatchObject({
      code: 'HR_TYPE_MISMATCH',
      message: expect.stringContaining('third'),
    });
    await expect(run('select id from sales where id = $id')).rejects.toMatchObject({ code: 'HR_SQL_INVALID' });
    await expect(run('select $id as id from sales', undefined, { id: `1'; drop table x` })).resolves.toMatchObject({ t: { rows: 1 } });
  });
});
