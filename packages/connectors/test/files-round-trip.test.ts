import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Relation } from '@headrace/dataplane';
import type { Column, Columns, ColumnType, Place, Source } from '@headrace/sdk';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { files } from '../src/index.ts';
import { createFileBench, type FileBench } from './support/file-bench.ts';

const columns = {
  flag: 'boolean',
  small: 'int2',
  whole: 'int4',
  big: 'int8',
  single: 'float4',
  double: 'float8',
  any: 'numeric',
  money: 'decimal(38,10)',
  note: 'text',
  id: 'uuid',
  doc: 'json',
  raw: 'bytes',
  day: 'date',
  clock: 'time',
  at: 'timestamp',
  instant: 'timestamptz',
} as const satisfies Columns;

const integer = (bits: bigint): fc.Arbitrary<string> => fc.bigInt({ min: -(2n ** (bits - 1n)), max: 2n ** (bits - 1n) - 1n }).map(String);
const two = (max: number, min = 0): fc.Arbitrary<string> => fc.integer({ min, max }).map((value) => String(value).padStart(2, '0'));
const day = fc
  .tuple(fc.integer({ min: 1, max: 9999 }), two(12, 1), two(28, 1))
  .map(([y, m, d]) => `${String(y).padStart(4, '0')}-${m}-${d}`);
const clock = fc
  .tuple(two(23), two(59), two(59), fc.integer({ min: 0, max: 999_999 }))
  .map(([h, m, s, f]) => `${h}:${m}:${s}.${String(f).padStart(6, '0')}`);
const digits = (most: number): fc.Arbitrary<string> => fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: most });
/** What the format can hold: XML no control characters, Excel no zero byte. */
const texts = (control: boolean): fc.Arbitrary<string> =>
  fc.oneof(
    fc.string({
      unit: fc.constantFrom(...'ab "\',;=+-@<>&\n\t\\|#ü東😀_x0041_\u00a0', '\r\n', ...(control ? ['\u0001', '\u001f'] : [])),
      maxLength: 12,
    }),
    fc.constantFrom('', ' ', '=1+1', 'NULL', 'null', '\\x00', '-1', '{"a":1}', 'a,b', '""', '\ufeffx', '\r', 'x\r\ny'),
  );

function row(control: boolean): fc.Arbitrary<Record<keyof typeof columns, string | null>> {
  const or = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { nil: null, freq: 6 });
  return fc.record({
    flag: or(fc.constantFrom('true', 'false')),
    small: or(integer(16n)),
    whole: or(integer(32n)),
    big: or(integer(64n)),
    single: or(fc.oneof(fc.float({ noDefaultInfinity: true }).map(String), fc.constantFrom('NaN', 'Infinity', '-Infinity', '1e-40'))),
    double: or(fc.oneof(fc.double().map(String), fc.constantFrom('0.1', '1e308', '5e-324', '0.30000000000000004'))),
    any: or(fc.tuple(fc.constantFrom('', '-'), digits(40), digits(20)).map(([sign, a, b]) => `${sign}${a}.${b}`)),
    money: or(fc.tuple(fc.constantFrom('', '-'), digits(28), digits(10)).map(([sign, a, b]) => `${sign}${a}.${b}`)),
    note: or(texts(control)),
    id: or(fc.uuid()),
    doc: or(fc.constantFrom('{"a":1.10}', '[1,2.50,null]', '"x"', '12345678901234567890.123', '{"k":"ü\\"\\\\"}', '{}')),
    raw: or(fc.uint8Array({ maxLength: 6 }).map((bytes) => `\\x${Buffer.from(bytes).toString('hex')}`)),
    day: or(day),
    clock: or(clock),
    at: or(fc.tuple(day, clock).map((parts) => parts.join(' '))),
    instant: or(fc.tuple(day, clock).map((parts) => `${parts.join(' ')}+00`)),
  });
}

const STORAGE: Readonly<Record<string, string>> = {
  timestamptz: 'timestamptz',
  int2: 'smallint',
  int4: 'integer',
  int8: 'bigint',
  float4: 'float',
  float8: 'double',
  numeric: 'varchar',
  bytes: 'blob',
};
const names = Object.entries(columns) as [keyof typeof columns, ColumnType][];

describe.each([
  ['csv', 'x.csv', {}],
  ['csv', 'other.csv.gz', { delimiter: ';', decimal: ',', nulls: '\\N' }],
  ['csv', 'wide.csv.zst', { delimiter: '\t', encoding: 'utf-16le' }],
  ['json', 'x.json.gz', {}],
  ['ndjson', 'x.ndjson', {}],
  ['xml', 'x.xml', { record: 'rows/row' }],
  ['parquet', 'x.parquet', {}],
  ['excel', 'x.xlsx', {}],
] as const)('%s, %s', (kind, name, settings) => {
  let bench: FileBench;
  beforeAll(async () => {
    bench = await createFileBench();
  });
  afterAll(() => bench.close());

  const place = (connection: string): Place & Source => ({
    connector: 'files',
    connection,
    kind,
    settings: { name, ...settings },
    columns,
  });

  test('holds every value of every type, in order, and the same bytes each time', async () => {
    const runs = Number(process.env.HEADRACE_TEST_FUZZ_RUNS ?? 3);
    await fc.assert(
      fc.asyncProperty(
        fc.array(row(kind === 'json' || kind === 'ndjson' || kind === 'csv' || kind === 'excel'), { minLength: 30, maxLength: 60 }),
        async (generated) => {
          // A column of which no record says anything is not there in XML and Excel.
          const full = Object.fromEntries(
            names.map(([column]) => [column, generated.map((each) => each[column]).find((value) => value !== null) ?? 'x']),
          ) as (typeof generated)[number];
          const rows = names.every(([column]) => full[column] !== 'x') ? [full, ...generated] : [full, ...generated].slice(1);
          fc.pre(names.every(([column]) => rows.some((each) => each[column] !== null)));
          await bench.put('source.json', JSON.stringify(rows));
          const { package: texts } = await bench.read(files('inbox').json('source.json', { columns: { ...columns, doc: 'text' } }));
          const packed: Relation = {
            ...texts,
            select: `select * replace (doc::json as doc) from (${texts.select})`,
            columns: names.map(([name, type]) => ({ name, type })),
          };
          const written = await bench.write(place('reports'), packed);
          expect(written.rows).toBe(rows.length);
          const first = await digest(join(bench.folder, 'reports', name));
          await bench.write(place('reports'), packed);
          expect(await digest(join(bench.folder, 'reports', name))).toBe(first);
          const back = await bench.read(place('reports'));
          expect(back.columns).toEqual(names.map(([column, type]): Column => ({ name: column, type })));
          expect(await differences(bench, packed, back.package)).toEqual([]);
        },
      ),
      { numRuns: runs, endOnFailure: true },
    );
  }, 60_000);

  test('no rows: an empty table, which can be read again', async () => {
    const none: Relation = {
      select: `select ${names.map(([column, type]) => `null::${STORAGE[type] ?? type} as "${column}"`).join(', ')} where false`,
      columns: names.map(([column, type]) => ({ name: column, type })),
    };
    await bench.write(place('reports'), none);
    if (kind === 'xml') await expect(bench.read(place('reports'))).rejects.toMatchObject({ code: 'HR_NO_RECORDS' });
    else expect((await bench.read(place('reports'))).count).toBe(0);
  });
});

/** Rows that are not the same at the same place, each compared as text. */
function differences(bench: FileBench, expected: Relation, found: Relation): Promise<readonly unknown[]> {
  const numbered = (relation: Relation): string =>
    `select row_number() over () as n, ${names.map(([name]) => `"${name}"::varchar as "${name}"`).join(', ')} from (${relation.select})`;
  return bench.work.duck.rows(
    `select * from (select 'expected' as what, * from (${numbered(expected)} except all ${numbered(found)}) union all select 'found', * from (${numbered(found)} except all ${numbered(expected)})) order by n, what limit 4`,
  );
}

async function digest(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
}
