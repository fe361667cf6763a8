import { exportTo, extract, type PackageResult } from '@headrace/sdk';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { postgres } from '../src/index.ts';
import { createRig, type Rig } from './support/rig.ts';

const COLUMNS = {
  a_int8: 'int8',
  a_int2: 'int2',
  a_money: 'numeric(38,10)',
  a_numeric: 'numeric',
  a_real: 'real',
  a_double: 'double precision',
  a_bool: 'boolean',
  a_text: 'text',
  a_varchar: 'varchar(20)',
  a_uuid: 'uuid',
  a_json: 'json',
  a_jsonb: 'jsonb',
  a_bytes: 'bytea',
  a_date: 'date',
  a_time: 'time',
  a_timestamp: 'timestamp',
  a_timestamptz: 'timestamptz',
  an_interval: 'interval',
  an_array: 'text[]',
} as const;

const ROWS = [
  [
    '9223372036854775807',
    '32767',
    '1234567890123456789012345678.0123456789',
    '123456789012345678901234567890123456789012345.67890',
    '1.1',
    '0.1',
    'true',
    'x,"y"\n\r\n\t\\. ü😀 \'z\'',
    'abc',
    '00000000-0000-4000-8000-0000000000ff',
    '{"a":  1.10, "b":[1]}',
    '{"z": 12345678901234567890.12}',
    '\\x00ff5c',
    '2017-06-19',
    '23:59:59.999999',
    '2017-01-01 00:00:00.123456',
    '2017-06-19 04:10:06.000001+00',
    '1 day 02:00:00',
    '{a,"b c"}',
  ],
  Array.from({ length: 19 }, () => null),
  [
    '-9223372036854775808',
    '-32768',
    '-0.0000000001',
    'NaN',
    'NaN',
    'Infinity',
    'false',
    '',
    '',
    null,
    'null',
    '[]',
    '\\x',
    'infinity',
    '24:00:00',
    'infinity',
    '-infinity',
    '1 mon',
    '{}',
  ],
  [
    '0',
    '0',
    '0',
    '0.10',
    '1e-30',
    '5e-324',
    'false',
    '\\.',
    'NULL',
    null,
    '"x"',
    '{}',
    '\\x5c2e',
    '0001-01-01',
    '00:00:00',
    '0044-03-15 01:00:00',
    '9999-12-31 23:59:59.999999+00',
    '00:00:00.000001',
    '{NULL}',
  ],
];

describe('rows that go from PostgreSQL to Parquet and back', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await createRig();
    const pos = await rig.client('pos');
    await pos.query(
      `create table everything (${Object.entries(COLUMNS)
        .map(([name, type]) => `${name} ${type}`)
        .join(', ')})`,
    );
    for (const row of ROWS) await pos.query(`insert into everything values (${row.map((_, index) => `$${index + 1}`).join(', ')})`, row);
    await pos.query('create table same_shape (like everything)');
  }, 60_000);
  afterAll(() => rig.close());

  const asText = `select ${Object.keys(COLUMNS)
    .map((name) => `${name}::text`)
    .join(', ')} from`;

  test.each(['same_shape', 'made_by_headrace'])('arrive as the same values, in the table %s', async (table) => {
    const pos = await rig.client('pos');
    await rig.runAll(() => {
      exportTo('back', { from: extract('out', { from: postgres('pos').table('everything') }), into: postgres('pos').table(table) });
    });
    const before = await pos.query(`${asText} everything order by 1`);
    const after = await pos.query(`${asText} ${table} order by 1`);
    expect(after.rows).toEqual(before.rows);
    expect(before.rows).toHaveLength(ROWS.length);
  });

  test('have the column types of the catalog, decimals with their digits', async () => {
    const { out } = (await rig.runAll(() => extract('out', { from: postgres('pos').table('everything') }))) as { out: PackageResult };
    expect(Object.fromEntries(out.columns.map(({ name, type }) => [name, type]))).toMatchObject({
      a_int8: 'int8',
      a_money: 'decimal(38,10)',
      a_numeric: 'numeric',
      a_uuid: 'uuid',
      a_json: 'json',
      a_bytes: 'bytes',
      a_timestamp: 'timestamp',
      a_timestamptz: 'timestamptz',
      an_interval: 'text',
    });
    expect(out.counts).toEqual({ in: 4, out: 4, deduplicated: 0, quarantined: 0 });
  });

  test('a query is read with the values of the run, which never become SQL', async () => {
    const results = await rig.runAll(() =>
      extract('out', {
        from: postgres('pos').query(`select $text as given, a_int8 from everything /* $text */ where a_text = $text or '$text' = $text`, {
          values: { text: `'; drop table everything; --` },
        }),
        checks: [],
      }),
    );
    expect(results.out).toMatchObject({ rows: 0 });
    const pos = await rig.client('pos');
    expect((await pos.query('select count(*)::int as n from everything')).rows).toEqual([{ n: 4 }]);
  });

  test('the same rows give the same package', async () => {
    const build = () => extract('out', { from: postgres('pos').table('everything', { where: 'a_int8 > 0' }) });
    const first = (await rig.runAll(build)) as { out: PackageResult };
    const second = (await rig.runAll(build)) as { out: PackageResult };
    expect(second.out).toEqual(first.out);
  });
});
