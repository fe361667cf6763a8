import { writeParquet } from '@headrace/dataplane';
import { type Attempts, createAttempts, type Row } from '@headrace/dataplane/conformance/attempts';
import type { Column, Columns, ColumnType, Disposition, Source, Target } from '@headrace/sdk';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { BSON, type Document, MongoClient } from 'mongodb';
import { type FerretDbServer, startFerretDb } from '../../../tests/support/ferretdb-server.ts';
import { type MongoCollectionOptions, mongodb } from '../src/index.ts';
import { jsonOf } from '../src/mongodb/bson-json.ts';
import { columnText } from '../src/mongodb/bson-text.ts';
import { compareValues, keyOf } from '../src/mongodb/document-values.ts';
import { mongodbSource } from '../src/mongodb/mongodb-source.ts';
import { mongodbTarget } from '../src/mongodb/mongodb-target.ts';
import { parseJson } from '../src/mongodb/parse-json.ts';
import { stagedRows } from '../src/mongodb/staged-documents.ts';
import { toBson } from '../src/mongodb/to-bson.ts';

let server: FerretDbServer;
let client: MongoClient;
let attempts: Attempts;
let collections = 0;

beforeAll(async () => {
  server = await startFerretDb();
  client = await new MongoClient(server.url).connect();
  attempts = await createAttempts(
    {
      connector: mongodbTarget,
      place: () => Promise.reject(new Error('places are made by name')),
      rows: async () => [],
      connection: (id) => ({ id, url: `${server.url}/${id}` }),
      close: async () => {},
    },
    [],
  );
}, 600_000);
afterAll(async () => {
  await attempts?.close();
  await client?.close();
  await server?.stop();
});

const newName = (): string => {
  collections += 1;
  return `collection_${collections}`;
};
const columnsOf = (columns: Columns): readonly Column[] => Object.entries(columns).map(([name, type]) => ({ name, type }));
const write = (target: Target, columns: Columns, rows: readonly Row[], disposition: Disposition = 'append') =>
  attempts.write(target, rows, { columns: columnsOf(columns), disposition });
const read = (source: Source): Promise<readonly Row[]> =>
  attempts.withWork({}, async (work) => {
    const relation = await mongodbSource.open(source, work);
    const file = `${work.scratch}/rows.parquet`;
    await writeParquet(work.duck, relation, file);
    return work.duck.rows(
      `select ${relation.columns.map(({ name }) => `cast("${name}" as varchar) as "${name}"`).join(', ')} from read_parquet('${file}')`,
    );
  });
const documents = (name: string): Promise<Document[]> => client.db('shop').collection(name).find({}, { promoteValues: false }).toArray();

const VALUES: Readonly<Record<string, { readonly type: ColumnType; readonly values: readonly string[] }>> = {
  boolean: { type: 'boolean', values: ['true', 'false'] },
  int2: { type: 'int2', values: ['-32768', '32767'] },
  int4: { type: 'int4', values: ['-2147483648', '2147483647'] },
  int8: { type: 'int8', values: ['-9223372036854775808', '9223372036854775807', '9007199254740993'] },
  float4: { type: 'float4', values: ['0.1', '-1e-05', '3.4028235e+38'] },
  float8: { type: 'float8', values: ['0.1', '5e-324', '1.7976931348623157e+308'] },
  text: { type: 'text', values: ['', 'ü"\\\n\r\u2028日本', 'null', '{"a":1}'] },
  uuid: { type: 'uuid', values: ['6f1e3c1a-9d2b-4c5e-8f70-123456789abc'] },
  json: { type: 'json', values: ['{"a":[1,2.5,9223372036854775807,{"b":null}],"c":"x","d":5.0}', '"text"', '[]', '12345678901234567'] },
  bytes: { type: 'bytes', values: ['\\x00\\xFF\\x10', ''] },
  date: { type: 'date', values: ['2017-06-19', '0001-01-01', '9999-12-31'] },
  time: { type: 'time', values: ['23:59:59.999999'] },
  ints: { type: 'int8[]', values: ['[9223372036854775807, NULL, -5]', '[]'] },
  dates: { type: 'timestamptz[]', values: ["['2017-06-19 04:05:06.789+00']"] },
  blobs: { type: 'bytes[]', values: ['[\\x00\\xFF]'] },
  timestamp: { type: 'timestamp', values: ['2017-06-19 04:05:06.789', '1969-12-31 23:59:59.999'] },
  timestamptz: { type: 'timestamptz', values: ['2017-06-19 04:05:06.789+00', '0044-03-15 (BC) 12:00:00+00'] },
};

describe('a value that is written and read again', () => {
  test.each(Object.entries(VALUES))('is the same: %s', async (_name, { type, values }) => {
    const name = newName();
    const columns = { n: 'int4', value: type, other: type } as const;
    const rows = values.map((value, n) => ({ n: String(n), value, other: null }));
    await write(mongodb('shop').collection(name), columns, rows);
    expect(await read(mongodb('shop').collection(name, { columns }))).toEqual(rows);
  });

  test('is the same as text, where MongoDB has no such type', async () => {
    const name = newName();
    const columns = { price: 'decimal(38,10)', exact: 'numeric', at: 'timestamptz' } as const;
    const rows = [{ price: '1234567890123456789012345678.0123456789', exact: '1e-400', at: '2017-06-19 04:05:06.789012+00' }];
    const options: MongoCollectionOptions = { decimals: 'text', timestamps: 'text' };
    await write(mongodb('shop').collection(name, options), columns, rows);
    expect(await read(mongodb('shop').collection(name, { columns }))).toEqual(rows);
  });

  test('a dotted column is a field of a nested document, and an id of 24 hex digits an ObjectId', async () => {
    const name = newName();
    const columns = { _id: 'text', 'address.city': 'text', 'address.geo.lat': 'float8' } as const;
    const rows = [{ _id: '64b8f0c2a7e3d1f5b6c7d8e9', 'address.city': 'Köln', 'address.geo.lat': '50.9' }];
    await write(mongodb('shop').collection(name), columns, rows, { merge: ['_id'] });
    expect(jsonOf((await documents(name))[0])).toBe(
      '{"_id":{"$oid":"64b8f0c2a7e3d1f5b6c7d8e9"},"address":{"city":"Köln","geo":{"lat":50.9}}}',
    );
    expect(await read(mongodb('shop').collection(name, { columns }))).toEqual(rows);
    await write(mongodb('shop').collection(name), columns, [{ ...rows[0], 'address.city': 'Bonn' }], { merge: ['_id'] });
    expect(jsonOf((await documents(name))[0])).toContain('"address":{"city":"Bonn","geo":{"lat":50.9}}');
  });

  test('many batches arrive in their order, and a re-run of fewer takes the rest away', async () => {
    const name = newName();
    const columns = { n: 'int4' } as const;
    const rows = Array.from({ length: 3_500 }, (_, n) => ({ n: String(n) }));
    expect(await write(mongodb('shop').collection(name), columns, rows)).toMatchObject({ inserted: 3_500, updated: 0 });
    expect((await read(mongodb('shop').collection(name, { columns }))).map(({ n }) => Number(n))).toEqual(rows.map(({ n }) => Number(n)));
    expect(await write(mongodb('shop').collection(name), columns, rows.slice(0, 10))).toMatchObject({ rows: 10, deleted: 3_490 });
    expect(await documents(name)).toHaveLength(10);
  });
});

describe('a re-run of the same rows', () => {
  const columns = { n: 'int4', pad: 'text' } as const;
  const rows = Array.from({ length: 3_500 }, (_, n) => ({ n: String(n), pad: 'x'.repeat(100) }));

  test.each(['append', 'replace'] as const)('by "%s" writes nothing, unless somebody changed a document', async (disposition) => {
    const name = newName();
    const few = rows.slice(0, 20);
    const load = () => write(mongodb('shop').collection(name), columns, few, disposition);
    expect(await load()).toMatchObject({ inserted: 20 });
    expect(await load()).toMatchObject({ inserted: 0, updated: 0, deleted: 0, unchanged: 20 });
    await client
      .db('shop')
      .collection(name)
      .updateOne({ n: 3 }, { $set: { pad: 'changed' } });
    expect(await load()).toMatchObject({ inserted: 0, updated: 20, unchanged: 0 });
    expect(await read(mongodb('shop').collection(name, { columns }))).toEqual(few);
  });

  test('ends the query of rows that nobody wants any more', async () => {
    await attempts.withWork({}, async (work) => {
      const select = 'select i as n from range(200000) t(i)';
      for await (const batch of stagedRows(select, [{ name: 'n', type: 'int8' }], {}, 'here', work)) {
        expect(batch).toHaveLength(1_000);
        break;
      }
      expect(await work.duck.count('select 7')).toBe(7);
    });
  });

  test('finds rows by ids of their own', async () => {
    const name = newName();
    const own = rows.slice(0, 1_200).map((row, n) => ({ ...row, _id: `id ${(n * 7919) % 1_200}` }));
    const load = () => write(mongodb('shop').collection(name), { _id: 'text', ...columns }, own, 'replace');
    expect(await load()).toMatchObject({ inserted: 1_200 });
    expect(await load()).toMatchObject({ unchanged: 1_200 });
  });
});

describe('what cannot be written', () => {
  test.each([
    ['numeric', '12345678901234567890123456789012345.5', '34 digits'],
    ['timestamptz', '2017-06-19 04:05:06.789012+00', 'has milliseconds'],
    ['json', '1234567890123456789012345678901234567', 'cannot be written'],
  ] as const)('a %s is an error with row and value', async (type, value, message) => {
    const name = newName();
    const writing = write(mongodb('shop').collection(name), { a: type }, [{ a: null }, { a: value }]);
    await expect(writing).rejects.toMatchObject({ code: 'HR_TYPE_MISMATCH', retryable: false });
    for (const part of [name, 'row 2', '"a"', value, message]) await expect(writing).rejects.toThrow(part);
  });

  test.each([
    [{ $a: 'text' }, 'HR_FIELD_NAME'],
    [{ a: 'text', 'a.b': 'text' }, 'HR_FIELD_NAME'],
    [{ _headrace_epoch: 'int8' }, 'HR_COLUMN_RESERVED'],
  ] as const)('columns %j are refused', async (columns, code) => {
    await expect(write(mongodb('shop').collection(newName()), columns, [])).rejects.toMatchObject({ code });
  });

  test('an append does not write over a document that another load brought', async () => {
    const name = newName();
    await client
      .db('shop')
      .collection(name)
      .insertOne({ _id: 'a' as never, n: 'theirs' });
    await expect(write(mongodb('shop').collection(name), { _id: 'text', n: 'text' }, [{ _id: 'a', n: 'ours' }])).rejects.toMatchObject({
      code: 'HR_CONSTRAINT_VIOLATED',
    });
    expect(await documents(name)).toMatchObject([{ n: 'theirs' }]);
  });

  test('a merge says when it breaks a unique index of the collection', async () => {
    const name = newName();
    await client.db('shop').collection(name).createIndex({ mail: 1 }, { unique: true });
    const rows = ['1', '2'].map((id) => ({ id, mail: 'same' }));
    await expect(write(mongodb('shop').collection(name), { id: 'int4', mail: 'text' }, rows, { merge: ['id'] })).rejects.toMatchObject({
      code: 'HR_CONSTRAINT_VIOLATED',
    });
  });
});

describe('JSON and BSON', () => {
  test.each([
    '{"a":1,"b":-2147483649,"c":9223372036854775807,"d":5.0,"e":0.1,"f":1e+21,"g":-0.0}',
    '{"$numberDecimal":"1.10"}',
    '[{"$oid":"64b8f0c2a7e3d1f5b6c7d8e9"},{"$date":"2017-06-19T04:05:06.789Z"},{"$date":{"$numberLong":"-5000"}}]',
    '{"$binary":{"base64":"AP8=","subType":"80"}}',
    '{"$timestamp":{"t":4294967295,"i":7}}',
    '{"$regularExpression":{"pattern":"^a","options":"i"}}',
    '[{"$minKey":1},{"$maxKey":1},{"$numberDouble":"NaN"}]',
    '{"$unknown":"stays","__proto__x":null}',
  ])('%s is the same after it was BSON', (json) => {
    expect(jsonOf(BSON.deserialize(BSON.serialize({ v: parseJson(json) }), { promoteValues: false, bsonRegExp: true }).v)).toBe(json);
  });

  // FerretDB ends the connection at these, MongoDB does not.
  test.each([
    ['inf', 'Infinity'],
    ['-inf', '-Infinity'],
    ['nan', 'NaN'],
    ['-0.0', '-0.0'],
  ])('the double %s keeps its value', (text, expected) => {
    expect(columnText(toBson(text, { name: 'a', type: 'float8' }, {}, 'here', 1), 'float8')).toBe(expected);
  });

  test('decimals are Decimal128', () => {
    const value = toBson('12345678901234567890.1200', { name: 'a', type: 'decimal(38,4)' }, {}, 'here', 1);
    expect(jsonOf(value)).toBe('{"$numberDecimal":"12345678901234567890.1200"}');
  });

  test('numbers of all kinds are compared, and are the same key, by their value', () => {
    const number = (json: string): unknown => parseJson(json);
    const decimal = (text: string): unknown => number(`{"$numberDecimal":"${text}"}`);
    expect(keyOf([number('5')])).toBe(keyOf([decimal('5.00')]));
    expect(keyOf([number('5')])).toBe(keyOf([number('{"$numberDouble":"5"}')]));
    expect(keyOf([number('9007199254740993')])).not.toBe(keyOf([number('9007199254740992')]));
    const ascending = [
      null,
      decimal('-1E+30'),
      number('-2.5'),
      number('0'),
      decimal('0.001'),
      number('9007199254740992'),
      number('9007199254740993'),
      decimal('1E+20'),
      'a',
      'b',
    ];
    for (const [index, value] of ascending.entries()) {
      expect(compareValues(value, value)).toBe(0);
      for (const later of ascending.slice(index + 1)) {
        expect(compareValues(value, later)).toBeLessThan(0);
        expect(compareValues(later, value)).toBeGreaterThan(0);
      }
    }
  });
});
