/**
 * Every column type, and lists of each, with values at the ends of what they can hold, goes from PostgreSQL into a package, into the lake
 * and back to PostgreSQL, and is there what it was. `HEADRACE_FUZZ_ROUNDS` says how many tables of random rows (default 2).
 */
import { exportTo, extract, load, type PackageResult } from '@headrace/sdk';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { lake, postgres } from '../src/index.ts';
import { createRig, type Rig } from './support/rig.ts';

const ROUNDS = Number(process.env.HEADRACE_FUZZ_ROUNDS ?? 2);
const ROWS = 40;

const pad = (value: number, length: number): string => String(value).padStart(length, '0');
const integers = (bits: number): fc.Arbitrary<string> => {
  const max = 2n ** BigInt(bits - 1);
  return fc.oneof(fc.constantFrom(`${max - 1n}`, `${-max}`, '0', '-1'), fc.bigInt({ min: -max, max: max - 1n }).map(String));
};
const digits = (length: number): fc.Arbitrary<string> => fc.stringMatching(new RegExp(`^[1-9][0-9]{0,${length - 1}}$`));
const decimals = (whole: number, scale: number): fc.Arbitrary<string> =>
  fc.oneof(
    fc.constantFrom(
      `${'9'.repeat(whole)}.${'9'.repeat(scale)}`,
      `-${'9'.repeat(whole)}.${'9'.repeat(scale)}`,
      `0.${'0'.repeat(scale - 1)}1`,
      '0',
    ),
    fc
      .tuple(fc.constantFrom('', '-'), digits(whole), fc.stringMatching(new RegExp(`^[0-9]{1,${scale}}$`)))
      .map(([sign, a, b]) => `${sign}${a}.${b}`),
  );
const days = fc
  .tuple(fc.integer({ min: 1, max: 9999 }), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 28 }))
  .map(([year, month, day]) => `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`);
const clocks = fc
  .tuple(
    fc.integer({ min: 0, max: 23 }),
    fc.integer({ min: 0, max: 59 }),
    fc.integer({ min: 0, max: 59 }),
    fc.integer({ min: 0, max: 999_999 }),
  )
  .map(([hour, minute, second, micro]) => `${pad(hour, 2)}:${pad(minute, 2)}:${pad(second, 2)}.${pad(micro, 6)}`);
const stamps = fc.tuple(days, clocks).map(([day, clock]) => `${day} ${clock}`);
const texts = fc
  .oneof(
    fc.constantFrom(
      '',
      ' ',
      'NULL',
      'null',
      '\\N',
      '\\.',
      '{}',
      '"',
      "'",
      ',',
      '\\',
      '\r\n',
      '\t',
      'NaN',
      '😀',
      'é',
      'e\u0301',
      '\ufeff',
      '\u2028',
      ' {"a": "b"} ',
    ),
    fc.string({ unit: 'grapheme', maxLength: 20 }),
  )
  .map((text) => text.replaceAll('\0', ''));
const doubles = fc.oneof(
  fc.constantFrom('NaN', 'Infinity', '-Infinity', '5e-324', '1.7976931348623157e308', '-0', '0.1'),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (Object.is(value, -0) ? '-0' : String(value))),
);
const floats = fc.oneof(
  fc.constantFrom('NaN', 'Infinity', '-Infinity', '1e-45', '3.4028235e38', '16777217'),
  fc.float({ noNaN: true, noDefaultInfinity: true }).map((value) => (Object.is(value, -0) ? '-0' : String(value))),
);

/** PostgreSQL's type → texts of its values. */
const TYPES: Readonly<Record<string, fc.Arbitrary<string>>> = {
  boolean: fc.constantFrom('true', 'false'),
  int2: integers(16),
  int4: integers(32),
  int8: integers(64),
  float4: floats,
  float8: doubles,
  numeric: fc.oneof(
    fc.constantFrom('NaN', 'Infinity', '-Infinity', '0', '0.00', `${'9'.repeat(1000)}.${'1'.repeat(300)}`, `0.${'0'.repeat(400)}1`),
    fc.tuple(digits(60), fc.stringMatching(/^[0-9]{0,40}$/)).map(([a, b]) => (b === '' ? a : `-${a}.${b}`)),
  ),
  'numeric(38,10)': decimals(28, 10),
  'numeric(38,38)': fc.stringMatching(/^0\.[0-9]{38}$/),
  'numeric(18,0)': digits(18),
  text: texts,
  varchar: texts,
  uuid: fc.uuid(),
  json: fc.oneof(
    fc.constantFrom('{"a":  1.10, "a":2}', '12345678901234567890123456789.5', '"\\u00e9"', 'null', '[]', '{"n":1e400}', '[1,\n2]'),
    fc.json().filter((text) => !text.includes('\\u0000') && text.isWellFormed() && !/\\ud[89a-f]/i.test(text)),
  ),
  jsonb: fc.constantFrom('{"z": 12345678901234567890.120}', '[1, [2, {"a": null}]]', '"x"', '{}', '-0.000000000000000000000000001'),
  bytea: fc.uint8Array({ maxLength: 20 }).map((bytes) => `\\x${Buffer.from(bytes).toString('hex')}`),
  date: fc.oneof(fc.constantFrom('infinity', '-infinity', '0001-01-01', '9999-12-31', '0044-03-15 BC'), days),
  time: fc.oneof(fc.constantFrom('24:00:00', '00:00:00', '23:59:59.999999'), clocks),
  timestamp: fc.oneof(
    fc.constantFrom('infinity', '-infinity', '0001-01-01 00:00:00', '9999-12-31 23:59:59.999999', '0044-03-15 01:02:03.000001 BC'),
    stamps,
  ),
  timestamptz: fc.oneof(
    fc.constantFrom('infinity', '-infinity', '0001-01-01 00:00:00+00', '9999-12-31 23:59:59.999999+00', '0044-03-15 01:02:03+00 BC'),
    stamps.map((stamp) => `${stamp}+00`),
  ),
};
/** An array literal. */
const lists = (elements: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .array(fc.option(elements, { freq: 4 }), { maxLength: 4 })
    .map(
      (values) =>
        `{${values.map((value) => (value === null ? 'NULL' : `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`)).join(',')}}`,
    );

const columns = Object.entries(TYPES).flatMap(([type, values], index) => [
  { name: `c${index}`, type, values },
  { name: `l${index}`, type: `${type}[]`, values: lists(values) },
]);

describe('every type', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await createRig();
    const pos = await rig.client('pos');
    const declared = columns.map(({ name, type }) => `${name} ${type}`).join(', ');
    await pos.query(`create table everything (row int, ${declared})`);
    await pos.query(`create table back (like everything)`);
  }, 60_000);
  afterAll(() => rig.close());

  const asText = (table: string): string =>
    `select row, ${columns.map(({ name }) => `${name}::text`).join(', ')} from ${table} order by row`;

  test.each(Array.from({ length: ROUNDS }, (_, round) => round))(
    'comes back as it was, round %i',
    async (round) => {
      const pos = await rig.client('pos');
      await pos.query('truncate everything; drop table if exists made');
      const rows = fc.sample(fc.tuple(...columns.map(({ values }) => fc.option(values, { freq: 9 }))), {
        numRuns: ROWS,
        seed: 4242 + round,
      });
      const places = columns.map((_, index) => `$${index + 2}`).join(', ');
      for (const [index, row] of rows.entries()) await pos.query(`insert into everything values ($1, ${places})`, [index, ...row]);
      const results = await rig.runAll(() => {
        const out = extract('out', { from: postgres('pos').table('everything') });
        const held = load('held', { from: out, into: lake('lake').table('raw/everything') });
        exportTo('to_same', { from: held, into: postgres('pos').table('back') });
        exportTo('to_new', { from: held, into: postgres('pos').table('made') });
      });
      const types = new Map((results.out as PackageResult).columns.map((column) => [column.name, column.type]));
      for (const { name, type } of columns)
        if (type.endsWith('[]')) expect([name, types.get(name)]).toEqual([name, expect.stringMatching(/\[\]$/)]);
      const before = (await pos.query(asText('everything'))).rows;
      for (const table of ['back', 'made']) {
        const after = (await pos.query(asText(table))).rows;
        expect(after).toHaveLength(ROWS);
        for (const { name, type } of columns) {
          const pairs = before.map((_, index) => ({ type, row: index, value: after[index]?.[name] }));
          expect(pairs).toEqual(before.map((row, index) => ({ type, row: index, value: row[name] })));
        }
      }
    },
    120_000,
  );

  test('an array of another shape is refused, not flattened', async () => {
    const read = rig.runAll(() => extract('out', { from: postgres('pos').query(`select '{{1,2},{3,4}}'::int8[] as a`) }));
    await expect(read).rejects.toMatchObject({ code: 'HR_TYPE_MISMATCH', message: expect.stringContaining('{{1,2},{3,4}}') });
    const text = await rig.runAll(() => extract('out', { from: postgres('pos').query(`select '[2:3]={1,2}'::int8[]::text as a`) }));
    expect(text.out).toMatchObject({ rows: 1 });
  });
});
