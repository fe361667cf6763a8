import { exportTo, extract, type PackageResult, type Source } from '@headrace/sdk';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mysql, postgres } from '../src/index.ts';
import { createMariadbRig, type MariadbRig } from './support/mariadb-rig.ts';

/** Column, type, what it becomes, and values as literals with what arrives. */
const EVERYTHING: readonly (readonly [type: string, becomes: string, values: readonly (readonly [literal: string, arrives: string])[]])[] =
  [
    [
      'bigint',
      'int8',
      [
        ['9223372036854775807', '9223372036854775807'],
        ['-9223372036854775808', '-9223372036854775808'],
      ],
    ],
    [
      'bigint unsigned',
      'decimal(20,0)',
      [
        ['18446744073709551615', '18446744073709551615'],
        ['0', '0'],
      ],
    ],
    [
      'int unsigned',
      'int8',
      [
        ['4294967295', '4294967295'],
        ['0', '0'],
      ],
    ],
    [
      'mediumint',
      'int4',
      [
        ['-8388608', '-8388608'],
        ['8388607', '8388607'],
      ],
    ],
    [
      'smallint unsigned',
      'int4',
      [
        ['65535', '65535'],
        ['0', '0'],
      ],
    ],
    [
      'tinyint unsigned',
      'int2',
      [
        ['255', '255'],
        ['0', '0'],
      ],
    ],
    [
      'tinyint(1)',
      'int2',
      [
        ['1', '1'],
        ['-128', '-128'],
      ],
    ],
    [
      'decimal(38,10)',
      'decimal(38,10)',
      [
        ['1234567890123456789012345678.0123456789', '1234567890123456789012345678.0123456789'],
        ['-0.0000000001', '-0.0000000001'],
      ],
    ],
    [
      'decimal(65,30)',
      'numeric',
      [
        [
          '12345678901234567890123456789012345.123456789012345678901234567890',
          '12345678901234567890123456789012345.123456789012345678901234567890',
        ],
        ['0', '0.000000000000000000000000000000'],
      ],
    ],
    [
      'decimal(10,2) unsigned',
      'decimal(10,2)',
      [
        ['99999999.99', '99999999.99'],
        ['0.01', '0.01'],
      ],
    ],
    [
      'float',
      'float4',
      [
        ['16777217', '16777216.0'],
        ['1.1', '1.1'],
      ],
    ],
    [
      'double',
      'float8',
      [
        ['0.1', '0.1'],
        ['1.7976931348623157e308', '1.7976931348623157e+308'],
      ],
    ],
    [
      'varchar(40)',
      'text',
      [
        [`'x,"y"\\n\\r\\n\\t\\\\. ü😀'`, 'x,"y"\n\r\n\t\\. ü😀'],
        [`''`, ''],
      ],
    ],
    [
      'varchar(40) character set latin1',
      'text',
      [
        [`'Gräfin €'`, 'Gräfin €'],
        [`'NULL'`, 'NULL'],
      ],
    ],
    [
      'longtext',
      'text',
      [
        [`'\\\\N'`, '\\N'],
        [`'"'`, '"'],
      ],
    ],
    [
      'char(3)',
      'text',
      [
        [`'ab'`, 'ab'],
        [`',",'`, ',",'],
      ],
    ],
    [
      'varbinary(8)',
      'bytes',
      [
        [`x'00ff5c22'`, '\\x00\\xFF\\x5C\\x22'],
        [`''`, ''],
      ],
    ],
    [
      'longblob',
      'bytes',
      [
        [`x'0a0d00'`, '\\x0A\\x0D\\x00'],
        [`x'5c'`, '\\x5C'],
      ],
    ],
    [
      'date',
      'date',
      [
        [`'1000-01-01'`, '1000-01-01'],
        [`'9999-12-31'`, '9999-12-31'],
      ],
    ],
    [
      'datetime(6)',
      'timestamp',
      [
        [`'9999-12-31 23:59:59.999999'`, '9999-12-31 23:59:59.999999'],
        [`'1000-01-01 00:00:00.000001'`, '1000-01-01 00:00:00.000001'],
      ],
    ],
    [
      'datetime',
      'timestamp',
      [
        [`'2017-06-19 04:10:06'`, '2017-06-19 04:10:06'],
        [`'2017-02-28 00:00:00'`, '2017-02-28 00:00:00'],
      ],
    ],
    [
      'timestamp(6) null',
      'timestamptz',
      [
        [`'2017-06-19 04:10:06.000001'`, '2017-06-19 04:10:06.000001+00'],
        [`'2038-01-19 03:14:07.999999'`, '2038-01-19 03:14:07.999999+00'],
      ],
    ],
    [
      'time(6)',
      'time',
      [
        [`'23:59:59.999999'`, '23:59:59.999999'],
        [`'00:00:00'`, '00:00:00'],
      ],
    ],
    [
      'year',
      'int2',
      [
        ['2017', '2017'],
        ['1901', '1901'],
      ],
    ],
    [
      'bit(1)',
      'boolean',
      [
        [`b'1'`, 'true'],
        [`b'0'`, 'false'],
      ],
    ],
    [
      'bit(12)',
      'int8',
      [
        [`b'100000000001'`, '2049'],
        [`b'0'`, '0'],
      ],
    ],
    [
      'bit(64)',
      'decimal(20,0)',
      [
        ['~0', '18446744073709551615'],
        [`b'1'`, '1'],
      ],
    ],
    [
      'json',
      'json',
      [
        [`'{"a":  1.10, "b":[12345678901234567890.12]}'`, '{"a":  1.10, "b":[12345678901234567890.12]}'],
        [`'null'`, 'null'],
      ],
    ],
    [
      'uuid',
      'uuid',
      [
        [`'00000000-0000-4000-8000-0000000000ff'`, '00000000-0000-4000-8000-0000000000ff'],
        [`'ffffffff-ffff-4fff-bfff-ffffffffffff'`, 'ffffffff-ffff-4fff-bfff-ffffffffffff'],
      ],
    ],
    [
      `enum('a,b','c')`,
      'text',
      [
        [`'a,b'`, 'a,b'],
        [`'c'`, 'c'],
      ],
    ],
    [
      `set('a','b')`,
      'text',
      [
        [`'a,b'`, 'a,b'],
        [`''`, ''],
      ],
    ],
  ];

describe('rows of MySQL', () => {
  let it: MariadbRig;
  beforeAll(async () => {
    it = await createMariadbRig();
  }, 60_000);
  afterAll(() => it?.close());

  const packageRows = async (result: PackageResult): Promise<Record<string, string | null>[]> => {
    const { DuckSession } = await import('@headrace/dataplane');
    const duck = await DuckSession.open(it.rig.folder, new AbortController().signal);
    try {
      const files = result.files.map(({ path }) => `'${it.rig.folder}/lake/${path}'`);
      return [...(await duck.rows(`select columns(*)::varchar from read_parquet([${files.join(', ')}])`))];
    } finally {
      duck.close();
    }
  };
  const read = async (build: () => unknown): Promise<PackageResult> =>
    ((await it.rig.runAll(build)) as Record<string, PackageResult>).out as PackageResult;

  test('arrive in the types that hold them, without loss', async () => {
    const columns = EVERYTHING.map(([type], index) => `c${index} ${type}`);
    await it.shop.query(`create table everything (id int, ${columns.join(', ')}) default character set utf8mb4`);
    for (const row of [0, 1]) {
      await it.shop.query(`insert into everything values (${row}, ${EVERYTHING.map(([, , values]) => values[row]?.[0]).join(', ')})`);
    }
    await it.shop.query(`insert into everything (id) values (2)`);
    const result = await read(() => extract('out', { from: mysql('shop').table('everything', {}) }));
    expect(result.columns.slice(1).map(({ type }) => type)).toEqual(EVERYTHING.map(([, becomes]) => becomes));
    const rows = (await packageRows(result)).sort((a, b) => Number(a.id) - Number(b.id));
    for (const row of [0, 1]) {
      expect(Object.values(rows[row] ?? {}).slice(1)).toEqual(EVERYTHING.map(([, , values]) => values[row]?.[1]));
    }
    expect(Object.values(rows[2] ?? {}).slice(1)).toEqual(EVERYTHING.map(() => null));
  });

  test('of one column with nulls and empty texts are all there', async () => {
    await it.shop.query(`create table lonely (a varchar(10)); insert into lonely values (null), (''), ('x'), (null)`);
    const result = await read(() => extract('out', { from: mysql('shop').table('lonely') }));
    expect((await packageRows(result)).map(({ a }) => a)).toEqual([null, '', 'x', null]);
  });

  test('are read with declared columns: the chosen ones, in their types', async () => {
    await it.shop.query(
      `create table chosen (skipped text, flag tinyint(1), day datetime, name varbinary(20), ref binary(16), amount decimal(10,2));
       insert into chosen values ('no', 1, '2017-06-19 01:02:03', 'Gräfin', unhex('000000000000400080000000000000ff'), 1.5)`,
    );
    const columns = { amount: 'numeric', flag: 'boolean', day: 'timestamptz', name: 'text', ref: 'uuid' } as const;
    const result = await read(() => extract('out', { from: mysql('shop').table('chosen', { columns }) }));
    expect(Object.fromEntries(result.columns.map(({ name, type }) => [name, type]))).toEqual(columns);
    expect(await packageRows(result)).toEqual([
      { amount: '1.50', flag: 'true', day: '2017-06-19 01:02:03+00', name: 'Gräfin', ref: '00000000-0000-4000-8000-0000000000ff' },
    ]);
  });

  test('of a query are read with the values of the run, which never become SQL', async () => {
    await it.shop.query(
      `create table words (word varchar(100), n int, f float); insert into words values ('it''s; drop table words; --', 1, 1.1), ('$text', 2, 2.2)`,
    );
    const result = await read(() =>
      extract('out', {
        from: mysql('shop').query(
          'select word, -$n as m, f, "$text" as d from words /* $no */ where word = $text or word = \'$text\' order by n -- $no',
          {
            values: { text: `it's; drop table words; --`, n: -5 },
          },
        ),
      }),
    );
    expect(await packageRows(result)).toEqual([
      { word: `it's; drop table words; --`, m: '5', f: '1.1', d: '$text' },
      { word: '$text', m: '5', f: '2.2', d: '$text' },
    ]);
  });

  test('many and wide ones pass with back-pressure, and say how far they are', async () => {
    await it.shop.query(`create table many as select seq as id, repeat('"', 300) as quotes, md5(seq) as hash from seq_1_to_50000`);
    const result = await read(() => extract('out', { from: mysql('shop').table('many') }));
    expect(result.rows).toBe(50_000);
    const { DuckSession } = await import('@headrace/dataplane');
    const duck = await DuckSession.open(it.rig.folder, new AbortController().signal);
    const [row] = await duck.rows(
      `select count(*) filter (md5(id::varchar) = hash and quotes = repeat('"', 300)) as good from '${it.rig.folder}/lake/${result.files[0]?.path}'`,
    );
    duck.close();
    expect(row?.good).toBe('50000');
  });

  test('with huge cells pass', async () => {
    await it.shop.query(
      `create table huge (id int, t longtext, b longblob); insert into huge values (1, repeat('ü', 6000000), repeat('x', 11000000)), (2, 'small', 'x')`,
    );
    const result = await read(() => extract('out', { from: mysql('shop').table('huge') }));
    const rows = await packageRows(result);
    expect(rows.map(({ t, b }) => [t?.length, b?.length])).toEqual([
      [6_000_000, 11_000_000],
      [5, 1],
    ]);
  });

  test('arrive in PostgreSQL', async () => {
    await it.shop.query(
      `create table sales (id bigint primary key, name varchar(20), amount decimal(12,2), at datetime(6)); insert into sales values (1, 'a', 1.5, '2017-06-19 01:02:03.000004')`,
    );
    await it.rig.runAll(() => exportTo('out', { from: mysql('shop').table('sales'), into: postgres('reporting').table('sales') }));
    const reporting = await it.rig.client('reporting');
    expect((await reporting.query('select id::text, name, amount::text, at::text from sales')).rows).toEqual([
      { id: '1', name: 'a', amount: '1.50', at: '2017-06-19 01:02:03.000004' },
    ]);
  });

  describe('that cannot be had say why', () => {
    const refused = (from: Source) => it.rig.runAll(() => extract('out', { from }));
    beforeAll(async () => {
      await it.shop.query(
        `create table orders (id int, sold_at datetime, took time); insert into orders values (1, '2017-06-19', '838:59:59');
         set sql_mode = ''; create table zeros (id int, day date); insert into zeros values (1, '2017-01-01'), (2, '0000-00-00'); set sql_mode = 'STRICT_ALL_TABLES'`,
      );
      const url = new URL(it.server.url);
      it.rig.connections.wrong_password = Object.assign(new URL(url), { username: 'nobody', password: 's3cret' }).href;
      it.rig.connections.wrong_database = Object.assign(new URL(url), { pathname: '/shopp' }).href;
      it.rig.connections.wrong_port = Object.assign(new URL(url), { port: '1', password: 's3cret' }).href;
      it.rig.connections.wrong_setting = `${url.href}?multipleStatements=true`;
      it.rig.connections.postgres_one = 'postgres://x:s3cret@localhost/x';
    });

    test.each([
      ['a wrong password', () => mysql('wrong_password').table('orders'), 'HR_LOGIN_REFUSED', /refused the login of user "nobody"/],
      ['a wrong database', () => mysql('wrong_database').table('orders'), 'HR_DATABASE_NOT_FOUND', /no database "shopp"/],
      [
        'an unreachable host',
        () => mysql('wrong_port').table('orders'),
        'HR_CONNECTION_FAILED',
        /Cannot reach MySQL at 127\.0\.0\.1:1 .*ECONNREFUSED/,
      ],
      [
        'an option of the driver in the URL',
        () => mysql('wrong_setting').table('orders'),
        'HR_CONNECTION_URL',
        /unknown setting "multipleStatements"/,
      ],
      ['a URL of another database', () => mysql('postgres_one').table('orders'), 'HR_CONNECTION_URL', /is no MySQL connection/],
      ['a missing table', () => mysql('shop').table('order'), 'HR_TABLE_NOT_FOUND', /does not exist; did you mean "orders"/],
      [
        'a missing table of another database',
        () => mysql('shop').table('nowhere.orders'),
        'HR_TABLE_NOT_FOUND',
        /does not exist; did you mean "orders"/,
      ],
      ['a missing column', () => mysql('shop').table('orders', { columns: { sold: 'date' } }), 'HR_COLUMN_NOT_FOUND', /no column "sold"/],
      ['an unknown column in SQL', () => mysql('shop').query('select sold from orders'), 'HR_SQL_INVALID', /Unknown column 'sold'/],
      ['a condition that is none', () => mysql('shop').table('orders', { where: 'sold >' }), 'HR_SQL_INVALID', /error in your SQL syntax/],
      ['two columns of one name', () => mysql('shop').query('select 1 as a, 2 as a'), 'HR_SQL_INVALID', /two columns "a"/],
      ['a statement that is no query', () => mysql('shop').query('delete from orders'), 'HR_SQL_INVALID', /gives no rows/],
      ['two statements', () => mysql('shop').query('select 1; select 2'), 'HR_SQL_INVALID', /error in your SQL syntax/],
      [
        'a value that is missing',
        () => mysql('shop').query('select $day', { values: { days: 1 } }),
        'HR_SQL_INVALID',
        /uses \$day.*did you mean "days"/,
      ],
      [
        'a zero date',
        () => mysql('shop').table('zeros'),
        'HR_TYPE_MISMATCH',
        /row 2: column "day" has the value "0000-00-00".*nullif\(day/,
      ],
      [
        'a time that is none of a day',
        () => mysql('shop').table('orders'),
        'HR_TYPE_MISMATCH',
        /row 1: column "took" has the value "838:59:59"/,
      ],
      [
        'a text that is no number',
        () => mysql('shop').query(`select 'x' as n`, { columns: { n: 'int4' } }),
        'HR_TYPE_MISMATCH',
        /"n" is declared int4, but the value is: x/,
      ],
    ] as const)('%s', async (_what, from, code, message) => {
      const failure = await refused(from()).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code, message: expect.stringMatching(message) });
      expect(String((failure as Error).message)).not.toContain('s3cret');
    });

    test('zero dates are read as text, or as null, when that is said', async () => {
      const result = await read(() =>
        extract('out', {
          from: mysql('shop').query(`select day as raw, nullif(day, '0000-00-00') as day from zeros order by id`, {
            columns: { raw: 'text', day: 'date' },
          }),
        }),
      );
      expect(await packageRows(result)).toEqual([
        { raw: '2017-01-01', day: '2017-01-01' },
        { raw: '0000-00-00', day: null },
      ]);
    });

    test('a server that goes away in the middle, and another try may heal it', async () => {
      await it.shop.query('create table large as select seq as id, repeat(md5(seq), 20) as text from seq_1_to_60000');
      const reading = it.rig.runAll(() => extract('out', { from: mysql('shop').table('large') }));
      let killed = false;
      for (let tries = 0; tries < 2000 && !killed; tries += 1) {
        const found = await it.rows(
          `select id from information_schema.processlist where info like '%from \`large\`%' and info not like '%processlist%'`,
        );
        for (const [id] of found) {
          await it.shop.query(`kill connection ${id}`);
          killed = true;
        }
      }
      await expect(reading).rejects.toMatchObject({ code: 'HR_CONNECTION_LOST', retryable: true });
    });
  });
});
