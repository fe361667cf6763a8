/**
 * The rows that go through every cell of the matrix: few, but with the values that get lost. Texts are as DuckDB writes the values (`bytes` as
 * hex digits), so that what was read can be compared with them as it is.
 */
import type { Columns, ColumnType } from '@headrace/sdk';

export const COLUMNS = {
  id: 'int8',
  region: 'text',
  gone: 'boolean',
  name: 'text',
  small: 'int2',
  amount: 'decimal(18,4)',
  big: 'decimal(38,10)',
  exact: 'numeric',
  ratio: 'float8',
  doc: 'json',
  raw: 'bytes',
  uid: 'uuid',
  day: 'date',
  clock: 'time',
  at: 'timestamp',
  instant: 'timestamptz',
} as const satisfies Columns;

export type ColumnName = keyof typeof COLUMNS;
export type Row = Readonly<Record<string, string | null>>;
export const NAMES = Object.entries(COLUMNS) as readonly (readonly [ColumnName, ColumnType])[];

const TEXTS: readonly (string | null)[] = [
  null,
  '',
  ' ',
  'NULL',
  'null',
  '\\N',
  '\\.',
  '"',
  `'`,
  'a,b;c\td',
  'line\nbreak',
  'line\r\nbreak',
  '\\"\\',
  '=1+1',
  '<a href="x">&amp;</a>',
  '{"a": 1}',
  'Zürich 東京 😀 e\u0301 \u{1F468}\u200D\u{1F469}',
  '\u2028\u00a0\ufeffx',
  '0012',
  'true',
  `${'long '.repeat(400)}end`,
];
const SMALL = ['-32768', '32767', '0', null];
const AMOUNTS = ['99999999999999.9999', '-99999999999999.9999', '0.0001', '0.0000', '12.5000', null];
const BIGS = ['9999999999999999999999999999.9999999999', '-0.0000000001', '9007199254740993.0000000000', null];
const EXACTS = ['12345678901234567890123456789012345678901234.50', '-0.000000000000000000000000000000000000000000001', '0', null];
const RATIOS = ['0.1', '0.30000000000000004', '1.7976931348623157e+308', '5e-324', '-1e-10', '3.0', null];
const DOCS = ['{"a":[1,2.5,null],"k":"ü\\"\\\\"}', '[]', '"text"', '{"n":9007199254740993}', null];
const RAWS = ['00ff10', '', '5c2e0a', null];
const DAYS = ['2017-06-19', '0001-01-01', '9999-12-31', '2000-02-29', null];
const CLOCKS = ['23:59:59.999999', '00:00:00', '12:34:56.000001', null];
const STAMPS = ['2017-06-19 04:05:06.789012', '1969-12-31 23:59:59.999999', '9999-12-31 23:59:59.999999', '0001-01-01 00:00:00', null];

/** Each column has a list of another length, so that few rows bring many combinations. */
const pick = (values: readonly (string | null)[], n: number): string | null => values[n % values.length] ?? null;

function rowOf(id: string, n: number, change: number, region: string): Row {
  const v = n + change;
  const stamp = pick(STAMPS, v);
  return {
    id,
    region,
    gone: 'false',
    name: pick(TEXTS, v),
    small: pick(SMALL, v),
    amount: pick(AMOUNTS, v),
    big: pick(BIGS, v),
    exact: pick(EXACTS, v),
    ratio: pick(RATIOS, v),
    doc: pick(DOCS, v),
    raw: pick(RAWS, v),
    uid: v % 5 === 0 ? null : `6f1e3c1a-9d2b-4c5e-8f70-${String(v).padStart(12, '0')}`,
    day: pick(DAYS, v),
    clock: pick(CLOCKS, v),
    at: stamp,
    instant: stamp === null ? null : `${stamp}+00`,
  };
}

const ids = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);
const EXTREMES = [rowOf('9223372036854775807', 3, 0, 'north'), rowOf('-9223372036854775808', 4, 0, 'north')];

/** `count` rows, and those at the ends of an int8. The last is the same as one before. */
function first(count: number): readonly Row[] {
  const rows = [...ids(1, count).map((id) => rowOf(String(id), id, 0, 'north')), ...EXTREMES];
  return [...rows, rows[10] as Row];
}

/** The day after: a tenth is gone, half of them with a row that says so; a third was changed; as many as are gone are new. */
function second(count: number): readonly Row[] {
  const tenth = Math.floor(count / 10);
  const rows = [
    ...ids(1, Math.floor(tenth / 2)).map((id) => ({ ...rowOf(String(id), id, 0, 'north'), gone: 'true' })),
    ...ids(tenth + 1, count).map((id) => rowOf(String(id), id, id % 3 === 0 ? 1 : 0, 'north')),
    ...ids(count + 1, count + tenth).map((id) => rowOf(String(id), id, 0, 'north')),
    ...EXTREMES,
  ];
  return [...rows, rows[tenth] as Row];
}

export type SetName = 'south' | 'first' | 'second';
/** What a source holds, by the name of its table or file. `south` is another partition. */
export type Sets = Readonly<Record<SetName, readonly Row[]>>;

export function rowSets(count: number): Sets {
  return { south: ids(1, 12).map((id) => rowOf(String(id), id + 7, 0, 'south')), first: first(count), second: second(count) };
}
