import { randomUUID } from 'node:crypto';
import { exportTo, extract, type PackageResult } from '@headrace/sdk';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { mysql, postgres } from '../src/index.ts';
import { createMariadbRig, type MariadbRig } from './support/mariadb-rig.ts';

const digits = (max: number) => fc.stringMatching(new RegExp(`^[0-9]{1,${max}}$`));
const int = (bits: bigint) => fc.bigInt({ min: -(2n ** (bits - 1n)), max: 2n ** (bits - 1n) - 1n }).map(String);
const two = (max: number) => fc.integer({ min: 0, max }).map((n) => String(n).padStart(2, '0'));
const micros = fc.integer({ min: 0, max: 999_999 }).map((n) => String(n).padStart(6, '0'));
const date = fc
  .tuple(fc.integer({ min: 1, max: 9999 }), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 28 }))
  .map(([year, month, day]) => `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`);
const time = fc.tuple(two(23), two(59), two(59), micros).map(([h, m, s, us]) => `${h}:${m}:${s}.${us}`);
const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 30 }),
  fc.constantFrom(
    '',
    'NULL',
    '\\N',
    '\\',
    '"',
    '""',
    '",',
    "'",
    '\n',
    '\r\n',
    '\t',
    ' trailing ',
    'ä😀\u{1F468}\u200D\u{1F469}',
    '$x',
    '`',
    '\\"',
    '0',
  ),
);
const double = fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => (Object.is(n, -0) ? '0' : String(n)));
const float = fc
  .float({ noNaN: true, noDefaultInfinity: true, min: Math.fround(-1e37), max: Math.fround(1e37) })
  .filter((n) => n === 0 || Math.abs(n) > 1e-37)
  .map((n) => (Object.is(n, -0) ? '0' : String(n)));

/** PostgreSQL's type → any value of it. */
const TYPES = {
  a_bool: ['boolean', fc.boolean().map(String)],
  a_int2: ['smallint', int(16n)],
  a_int4: ['integer', int(32n)],
  a_int8: ['bigint', int(64n)],
  a_real: ['real', float],
  a_double: ['double precision', double],
  a_money: ['numeric(38,10)', fc.tuple(fc.constantFrom('', '-'), digits(28), digits(10)).map(([sign, a, b]) => `${sign}${a}.${b}`)],
  a_numeric: ['numeric', fc.tuple(fc.constantFrom('', '-'), digits(60), digits(40)).map(([sign, a, b]) => `${sign}${a}.${b}`)],
  a_text: ['text', text.map((value) => value.replaceAll('\0', ''))],
  a_uuid: ['uuid', fc.uuid()],
  a_json: ['json', fc.json()],
  a_bytes: ['bytea', fc.uint8Array({ maxLength: 40 }).map((bytes) => `\\x${Buffer.from(bytes).toString('hex')}`)],
  a_date: ['date', date],
  a_time: ['time', fc.oneof(time, fc.constant('24:00:00'))],
  a_timestamp: ['timestamp', fc.tuple(date, time).map(([d, t]) => `${d} ${t}`)],
  a_timestamptz: ['timestamptz', fc.tuple(date, time).map(([d, t]) => `${d} ${t}+00`)],
  an_interval: ['interval', fc.integer({ min: 0, max: 1_000_000 }).map((n) => `${n} seconds`)],
  numbers: ['bigint[]', fc.array(fc.option(int(64n)), { maxLength: 4 }).map((list) => `{${list.map((one) => one ?? 'NULL').join(',')}}`)],
  an_array: ['text[]', fc.constantFrom('{}', '{a,"b c"}', '{NULL}', '{"\\"","\\\\,"}')],
} as const satisfies Record<string, readonly [string, fc.Arbitrary<string>]>;

const NAMES = Object.keys(TYPES) as (keyof typeof TYPES)[];
const row = fc.tuple(...NAMES.map((name) => fc.option(TYPES[name][1] as fc.Arbitrary<string>, { freq: 8 })));

describe('values of every type', () => {
  let it: MariadbRig;
  beforeAll(async () => {
    it = await createMariadbRig();
    const pos = await it.rig.client('pos');
    await pos.query(`create table everything (id int primary key, ${NAMES.map((name) => `${name} ${TYPES[name][0]}`).join(', ')})`);
  }, 60_000);
  afterAll(() => it?.close());

  test('go from PostgreSQL to MySQL and back, and are the same', async () => {
    const pos = await it.rig.client('pos');
    const asText = `select id, ${NAMES.map((name) => `${name}::text`).join(', ')} from`;
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 40 }), fc.boolean(), async (rows, infile) => {
        await pos.query('truncate everything');
        for (const [id, values] of rows.entries())
          await pos.query(`insert into everything values ($1, ${values.map((_, index) => `$${index + 2}`).join(', ')})`, [id, ...values]);
        await it.shop.query(`set global local_infile = ${infile ? 1 : 0}`);
        const table = `t_${randomUUID().slice(0, 8)}`;
        const disposition = { merge: ['id'] } as const;
        await it.rig.runAll(() =>
          exportTo('out', { from: postgres('pos').table('everything'), into: mysql('shop').table(table), disposition }),
        );
        await it.rig.runAll(() => exportTo('back', { from: mysql('shop').table(table), into: postgres('pos').table(table), disposition }));
        const before = await pos.query(`${asText} everything order by 1`);
        const after = await pos.query(`${asText} ${table} order by 1`);
        expect(after.rows).toEqual(before.rows);
      }),
      { numRuns: Number(process.env.HEADRACE_ROUND_TRIPS ?? 8) },
    );
  });

  test('have the same column types after both ways', async () => {
    const types = async (place: ReturnType<ReturnType<typeof postgres>['table']>) =>
      ((await it.rig.runAll(() => extract('out', { from: place }))) as { out: PackageResult }).out.columns.map(({ type }) => type);
    await it.rig.runAll(() => exportTo('out', { from: postgres('pos').table('everything'), into: mysql('shop').table('typed') }));
    expect(await types(mysql('shop').table('typed'))).toEqual(await types(postgres('pos').table('everything')));
  });
});
