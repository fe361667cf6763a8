import type { Columns } from '@headrace/sdk';
import type { JsonOptions } from '../../src/index.ts';
import { type BadCase, from, inbox } from './bad-case.ts';

const json = (content: Parameters<typeof from>[1], options: JsonOptions & { readonly columns?: Columns } = {}): BadCase['make'] =>
  from('bad.json', content, (name) => inbox.json(name, options as JsonOptions));
const malformed = (what: string, text: string | Uint8Array, message: RegExp): BadCase => ({
  what: `JSON: ${what}`,
  make: json(text),
  error: ['HR_MALFORMED_JSON', message],
});
const kept = { badRows: 'quarantine', columns: { a: 'int4' } } as const;

export const jsonCases: readonly BadCase[] = [
  { what: 'JSON: empty file', make: json(''), error: ['HR_NO_RECORDS', /bad\.json holds no records/] },
  { what: 'JSON: empty list', make: json('[]'), error: ['HR_NO_RECORDS', /bad\.json/] },
  malformed('list that is cut off', '[{"a":1},\n{"a":2}', /bad\.json:2: the file ends before the list/),
  malformed('record that is cut off', '[{"a":1},\n{"a":', /bad\.json:2: the file ends in the middle of a record/),
  malformed('string that is cut off', '{"a":1}\n{"a":"x', /bad\.json:2: .*cut off/),
  malformed('no comma between records', '[{"a":1}\n{"a":2}]', /bad\.json:2: .*no comma/),
  malformed('comma behind the last record', '[{"a":1},\n]', /bad\.json:2: /),
  malformed('comma behind the last value', '{"a":1,\n}', /bad\.json:2: record 1: where a key/),
  malformed('text behind the list', '[{"a":1}]\nx', /bad\.json:2: behind the end/),
  malformed('numbers for records', '[{"a":1},\n2]', /bad\.json:2: record 2 begins with "2"/),
  malformed('lists for records', '[[1],[2]]', /bad\.json:1: record 1 begins/),
  malformed('a text for a document', '"hello"', /bad\.json:1: /),
  malformed('an HTML page', '<html><body>502 Bad Gateway</body></html>', /bad\.json:1: record 1 begins with "<"/),
  malformed('NaN', '{"a":1}\n{"a":NaN}', /bad\.json:2: record 2: "NaN" .*no such number/),
  malformed('Infinity', '{"a":-Infinity}', /bad\.json:1: .*no such number/),
  malformed('number with a leading zero', '{"a":01}', /bad\.json:1: record 1: "01"/),
  malformed('number without digits behind the point', '{"a":1.}', /bad\.json:1: /),
  malformed('hexadecimal number', '{"a":0x10}', /bad\.json:1: /),
  malformed('undefined', '{"a":undefined}', /bad\.json:1: /),
  malformed('single quotes', "{'a':1}", /bad\.json:1: record 1: where a key/),
  malformed('key without quotes', '{a:1}', /bad\.json:1: /),
  malformed('comment', '{"a":1 /* x */}', /bad\.json:1: /),
  malformed('no colon', '{"a" 1}', /bad\.json:1: .*no colon/),
  malformed('key that comes twice', '{"a":1}\n{"a":1,"b":2,"a":3}', /bad\.json:2: record 2: the key "a" comes twice/),
  malformed('line break in a string', '{"a":"x\ny"}', /bad\.json:1: .*control character 0x0a/),
  malformed('zero byte in a string', '{"a":"x\0"}', /bad\.json:1: .*0x00/),
  malformed('unknown escape', '{"a":"\\x41"}', /bad\.json:1: .*no escape/),
  malformed('half a surrogate pair', '{"a":"\\ud83d"}', /bad\.json:1: .*lone surrogate/),
  malformed('the other half of a surrogate pair', '{"a":"\\ude00"}', /bad\.json:1: .*lone surrogate/),
  malformed('bracket closed by the wrong one', '{"a":[1}', /bad\.json:1: /),
  malformed('nested 100,000 deep', `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, /bad\.json:1: .*500 deep/),
  {
    what: 'JSON: not UTF-8',
    make: json(Buffer.from('{"a":"x"}\n{"a":"K\xf6ln"}', 'latin1')),
    error: ['HR_ENCODING', /bad\.json:2: the byte 0xf6 at byte 18 /],
  },
  { what: 'JSON: two byte order marks', make: json('\ufeff\ufeff{"a":1}'), error: ['HR_MALFORMED_JSON', /bad\.json:1: /] },
  {
    what: 'JSON: UTF-16 read as UTF-8',
    make: json(Buffer.from('\ufeff{"a":1}', 'utf16le')),
    error: ['HR_ENCODING', /bad\.json:1: .*utf-16le/],
  },
  {
    what: 'JSON: record of 20 MB',
    make: json(() => `{"a":1}\n{"a":"${'x'.repeat(20_000_000)}"}`),
    error: ['HR_MALFORMED_JSON', /bad\.json:2: .*16777216 bytes/],
  },
  {
    what: 'JSON: declared column that is not there',
    make: json('{"a":1}', { columns: { b: 'int4' } }),
    error: ['HR_COLUMN_NOT_FOUND', /bad\.json.*"b"/],
  },
  { what: 'JSON: keys that differ only in their case', make: json('{"a":1,"A":2}'), error: ['HR_COLUMN_TWICE', /bad\.json.*"A"/] },
  {
    what: 'JSON: text for a number',
    make: json('{"a":1}\n{"a":"x"}', { columns: { a: 'int4' } }),
    error: ['HR_TYPE_MISMATCH', /bad\.json:2: column "a" is declared int4, but the value is: x/],
  },
  {
    what: 'JSON: object for a number',
    make: json('{"a":1}\n{"a":{"b":1}}', { columns: { a: 'int4' } }),
    error: ['HR_TYPE_MISMATCH', /bad\.json:2: column "a" .*\{"b":1\}/],
  },
  {
    what: 'JSON: fraction for an integer',
    make: json('{"a":1}\n\n{"a":1.5}', { columns: { a: 'int8' } }),
    error: ['HR_TYPE_MISMATCH', /bad\.json:3: column "a" .*1\.5/],
  },
  {
    what: 'JSON: 1e400',
    make: json('{"a":1e400}', { columns: { a: 'float8' } }),
    error: ['HR_TYPE_MISMATCH', /bad\.json:1: column "a" .*1e400/],
  },
  {
    what: 'NDJSON: lines that are no records, kept aside',
    make: json('{"a":1}\n{"a":\noops\n{"a":"x"}\n[1]\n{"a":2}', kept),
    quarantine: [2, [/^2 .*/, /^3 .*/, /^4 .*declared int4, but the value is: x/, /^5 .*/]],
  },
  { what: 'NDJSON: last line cut off, kept aside', make: json('{"a":1}\n{"a":2', kept), quarantine: [1, [/^2 /]] },
];
