import type { Columns } from '@headrace/sdk';
import type { CsvOptions } from '../../src/index.ts';
import { type BadCase, from, inbox } from './bad-case.ts';

const columns = { id: 'int8', price: 'decimal(10,2)', sold: 'date' } as const;
const HEAD = 'id,price,sold\n1,1.50,2017-06-19\n';
const bytes = (...parts: readonly (string | number[])[]): Buffer => Buffer.concat(parts.map((part) => Buffer.from(part as string)));

const csv = (content: Parameters<typeof from>[1], options: CsvOptions & { readonly columns?: Columns } = { columns }): BadCase['make'] =>
  from('bad.csv', content, (name) => inbox.csv(name, options as CsvOptions));
const kept = { columns, badRows: 'quarantine' } as const;
/** One value in the third line, of a column of this type. */
const value = (type: Columns[string], text: string): BadCase['make'] => csv(`k,v\n1,\n2,"${text}"\n`, { columns: { k: 'int4', v: type } });
const wrongValue = (what: string, type: Columns[string], text: string): BadCase => ({
  what: `CSV: ${what}`,
  make: value(type, text),
  error: ['HR_TYPE_MISMATCH', /bad\.csv:3: column "v" is declared .*, but the value is: /],
});

export const csvCases: readonly BadCase[] = [
  { what: 'CSV: empty file', make: csv(''), error: ['HR_CSV_HEADER', /bad\.csv is empty: line 1 /] },
  { what: 'CSV: only line ends', make: csv('\n\n\n'), error: ['HR_CSV_HEADER', /bad\.csv is empty/] },
  { what: 'CSV: header at a line that is not there', make: csv(HEAD, { header: 9, columns }), error: ['HR_CSV_HEADER', /line 9/] },
  { what: 'CSV: header only', make: csv('id,price,sold\n', kept), quarantine: [0, []] },
  { what: 'CSV: doubled header', make: csv('id,price,id\n1,2,3\n', {}), error: ['HR_CSV_HEADER', /bad\.csv:1: .*"id" twice/] },
  {
    what: 'CSV: header doubled but for its case',
    make: csv('id,price,ID\n1,2,3\n', {}),
    error: ['HR_CSV_HEADER', /bad\.csv:1: .*"ID" twice/],
  },
  { what: 'CSV: column without a name', make: csv('id,,sold\n1,2,3\n', {}), error: ['HR_CSV_HEADER', /bad\.csv:1: .*without a name/] },
  {
    what: 'CSV: declared column that is not there',
    make: csv('id,prise,sold\n1,2,3\n'),
    error: ['HR_COLUMN_NOT_FOUND', /bad\.csv.*"price".*"prise"/],
  },
  { what: 'CSV: two byte order marks', make: csv(`\ufeff\ufeff${HEAD}`), error: ['HR_CSV_HEADER', /bad\.csv:1: .*two byte order marks/] },
  { what: 'CSV: zero bytes in the header', make: csv('i\0d,n\n1,2\n', {}), error: ['HR_CSV_HEADER', /bad\.csv:1: .*zero bytes/] },
  { what: 'CSV: quote of the header never closed', make: csv('"id,n\n1,2\n', {}), error: ['HR_CSV_HEADER', /bad\.csv:1: /] },
  {
    what: 'CSV: row with a field too few',
    make: csv(`${HEAD}2,1.50\n`),
    error: ['HR_BAD_ROW', /bad\.csv:3: .*Expected Number of Columns: 3 Found: 2.*2,1\.50/],
  },
  { what: 'CSV: row with a field too many', make: csv(`${HEAD}2,1,2017-06-19,x\n`), error: ['HR_BAD_ROW', /bad\.csv:3: .*Found: 4/] },
  {
    what: 'CSV: rows with too few and too many, kept aside',
    make: csv(`${HEAD}2,1.50\n3,1,2017-06-19,x\n4,2,2017-06-20\n`, kept),
    quarantine: [2, [/^3 .*Found: 2/, /^4 .*Found: 4/]],
  },
  {
    what: 'CSV: quote never closed',
    make: csv(`${HEAD}2,"1.50,2017-06-19\n3,1,2017-06-19\n`),
    error: ['HR_BAD_ROW', /bad\.csv:3: .*unterminated quote/i],
  },
  { what: 'CSV: text behind a closing quote', make: csv(`${HEAD}2,"1"x,2017-06-19\n`), error: ['HR_BAD_ROW', /bad\.csv:3: .*quote/i] },
  {
    what: 'CSV: text behind a closing quote, kept aside',
    make: csv(`${HEAD}2,"1"x,2017-06-19\n3,1,2017-06-19\n`, kept),
    quarantine: [2, [/^3 .*quote/i]],
  },
  {
    what: 'CSV: field of 20 MB',
    make: csv(() => `k,v\n1,${'x'.repeat(20_000_000)}\n`, {}),
    error: ['HR_BAD_ROW', /bad\.csv:2: Maximum line size/],
  },
  {
    what: 'CSV: field of 20 MB, kept aside',
    make: csv(() => `k,v\n1,${'x'.repeat(20_000_000)}\n2,y\n`, { badRows: 'quarantine' }),
    quarantine: [1, [/^2 Maximum line size/]],
  },
  { what: 'CSV: header of 20 MB', make: csv(() => 'x'.repeat(20_000_000), {}), error: ['HR_CSV_HEADER', /bad\.csv:1: /] },
  {
    what: 'CSV: lines that end in different ways',
    make: csv(`${HEAD}2,1,2017-06-19\r\n3,1,2017-06-19\n`),
    error: ['HR_BAD_ROW', /bad\.csv:3: .*does not end like/],
  },
  { what: 'CSV: not UTF-8', make: csv(bytes('k,v\n1,a\n2,K', [0xf6], 'ln\n'), {}), error: ['HR_BAD_ROW', /bad\.csv:3: .*utf-8/i] },
  {
    what: 'CSV: not UTF-8, kept aside',
    make: csv(bytes('k,v\n1,a\n2,K', [0xf6], 'ln\n3,b\n'), { badRows: 'quarantine' }),
    quarantine: [2, [/^3 .*utf-8/i]],
  },
  {
    what: 'CSV: UTF-8 with Windows-1252 pasted in',
    make: csv(bytes('k,v\n1,Köln\n2,K', [0xf6], 'ln\n'), {}),
    error: ['HR_BAD_ROW', /bad\.csv:3: /],
  },
  { what: 'CSV: overlong UTF-8', make: csv(bytes('k,v\n1,', [0xc0, 0xaf], '\n'), {}), error: ['HR_BAD_ROW', /bad\.csv:2: /] },
  {
    what: 'CSV: half a surrogate in UTF-8',
    make: csv(bytes('k,v\n1,', [0xed, 0xa0, 0x80], '\n'), {}),
    error: ['HR_BAD_ROW', /bad\.csv:2: /],
  },
  {
    what: 'CSV: UTF-16 read as UTF-8',
    make: csv(Buffer.from('\ufeffk,v\n1,a\n', 'utf16le'), {}),
    error: ['HR_ENCODING', /bad\.csv:1: .*utf-16le/],
  },
  {
    what: 'CSV: UTF-16 with half a character',
    make: csv(Buffer.concat([Buffer.from('k,v\n1,', 'utf16le'), Buffer.from([0x00, 0xd8]), Buffer.from('x\n', 'utf16le')]), {
      encoding: 'utf-16le',
    }),
    error: ['HR_ENCODING', /bad\.csv:2: .*at byte 13 /],
  },
  {
    what: 'CSV: UTF-16 with an odd number of bytes',
    make: csv(Buffer.concat([Buffer.from('k,v\n1,a\n', 'utf16le'), Buffer.from([0x41])]), { encoding: 'utf-16le' }),
    error: ['HR_ENCODING', /bad\.csv:3: .*at byte 17 /],
  },
  {
    what: 'CSV: a byte that Windows-1252 leaves free',
    make: csv(bytes('k,v\n1,a', [0x81], '\n'), { encoding: 'windows-1252' }),
    error: ['HR_ENCODING', /bad\.csv:2: the byte 0x81 at byte 8 /],
  },
  {
    what: 'CSV: a byte that Windows-1252 leaves free, kept aside',
    make: csv(bytes('k,v\n1,a', [0x81], '\n2,b\n'), { encoding: 'windows-1252', badRows: 'quarantine' }),
    quarantine: [1, [/^2 /]],
  },
  {
    what: 'CSV: broken Shift_JIS',
    make: csv(bytes('k,v\n1,a\n2,', [0x93, 0x20], '\n'), { encoding: 'shift_jis' }),
    error: ['HR_ENCODING', /bad\.csv:3: /],
  },
  { what: 'CSV: not ASCII', make: csv('k,v\n1,ü\n', { encoding: 'us-ascii' }), error: ['HR_ENCODING', /bad\.csv:2: /] },
  { what: 'CSV: encoding that nobody knows', make: csv('k,v\n', { encoding: 'klingon' }), error: ['HR_ENCODING', /bad\.csv .*"klingon"/] },
  {
    what: 'CSV: a binary file',
    make: csv(() => Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * 7919) % 256))),
    error: ['HR_CSV_HEADER', /bad\.csv:1: /],
  },
  {
    what: 'CSV: delimiter of five characters',
    make: csv('a\n', { delimiter: '|||||' }),
    error: ['HR_CSV_DIALECT', /bad\.csv: the delimiter/],
  },
  {
    what: 'CSV: decimal and thousands separator are the same',
    make: csv('a\n', { decimal: ',', thousands: ',' }),
    error: ['HR_CSV_DIALECT', /separator are the same/],
  },
  {
    what: 'CSV: another delimiter than said',
    make: csv('id;price;sold\n1;2;2017-06-19\n'),
    error: ['HR_COLUMN_NOT_FOUND', /bad\.csv.*"id;price;sold"|id;price;sold/],
  },
  wrongValue('fraction for an integer', 'int8', '1.5'),
  wrongValue('integer that is too large', 'int8', '9223372036854775808'),
  wrongValue('small integer that is too large', 'int2', '32768'),
  wrongValue('exponent for an integer', 'int4', '1e3'),
  wrongValue('hexadecimal number', 'int4', '0x10'),
  wrongValue('number with a space in it', 'int4', '1 000'),
  wrongValue('number with underscores', 'int8', '1_000'),
  wrongValue('number with thousands separators', 'decimal(10,2)', '1,000.50'),
  wrongValue('empty text for a number', 'int4', ''),
  wrongValue('NaN for a decimal', 'decimal(10,2)', 'NaN'),
  wrongValue('infinity for an integer', 'int8', 'Infinity'),
  wrongValue('decimal with too many digits', 'decimal(10,2)', '1.505'),
  wrongValue('decimal that is too large', 'decimal(10,2)', '123456789.00'),
  wrongValue('1e400 for a double', 'float8', '1e400'),
  wrongValue('1e39 for a float', 'float4', '1e39'),
  wrongValue('comma for a decimal point', 'float8', '1,5'),
  wrongValue('0000-00-00', 'date', '0000-00-00'),
  wrongValue('30 February', 'date', '2017-02-30'),
  wrongValue('month 13', 'date', '2017-13-01'),
  wrongValue('date of another country', 'date', '19.06.2017'),
  wrongValue('time of day in a date', 'date', '2017-06-19 10:00:00'),
  wrongValue('date that is a word', 'date', 'today'),
  wrongValue('hour 25', 'timestamp', '2017-06-19 25:00:00'),
  wrongValue('zone that a timestamp would lose', 'timestamp', '2017-06-19 10:00:00+02'),
  wrongValue('digits below the microsecond', 'timestamp', '2017-06-19 10:00:00.1234567'),
  wrongValue('zone by its name', 'timestamptz', '2017-06-19 10:00:00 Europe/Berlin'),
  wrongValue('time with a zone', 'time', '10:00:00+02'),
  wrongValue('word for a boolean', 'boolean', 'perhaps'),
  wrongValue('UUID that is cut off', 'uuid', 'a0eebc99-9c0b-4ef8-bb6d'),
  wrongValue('half a byte', 'bytes', '\\x0'),
  wrongValue('malformed JSON', 'json', '{a:1}'),
  {
    what: 'CSV: dates that do not fit their pattern',
    make: csv('k,v\n1,31.12.2017\n2,2017-12-31\n', { columns: { k: 'int4', v: 'date' }, dates: '%d.%m.%Y' }),
    error: ['HR_TYPE_MISMATCH', /bad\.csv:3: .*2017-12-31/],
  },
  {
    what: 'CSV: values of wrong types, kept aside with column and reason',
    make: csv(`${HEAD}x,1.50,2017-06-19\n3,1.505,2017-02-30\n4,1,2017-06-19\n`, kept),
    quarantine: [2, [/record 2; .*declared int8, but the value is: x/, /record 3; .*1\.505; .*2017-02-30/]],
  },
  {
    what: 'CSV: wrong type behind records of several lines',
    make: csv('k,v\n1,"a\nb"\n\nx,"c"\n', { columns: { k: 'int4', v: 'text' } }),
    error: ['HR_TYPE_MISMATCH', /bad\.csv:5: column "k"/],
  },
  {
    what: 'CSV: wrong type at row one million',
    make: csv(() => `k\n${'1\n'.repeat(999_999)}x\n${'1\n'.repeat(9)}`, { columns: { k: 'int4' } }),
    error: ['HR_TYPE_MISMATCH', /bad\.csv:1000001: column "k" is declared int4, but the value is: x/],
  },
];
