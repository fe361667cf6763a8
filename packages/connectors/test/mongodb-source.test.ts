import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { type ReadOptions, type SourceConnector, writeParquet } from '@headrace/dataplane';
import { type Attempts, createAttempts } from '@headrace/dataplane/conformance/attempts';
import type { OperationProgress, Source } from '@headrace/sdk';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Binary, BSON, type Collection, type Document, Double, Int32, Long, MongoClient, ObjectId, Timestamp, UUID } from 'mongodb';
import { type FerretDbServer, startFerretDb } from '../../../tests/support/ferretdb-server.ts';
import { freePort } from '../../../tests/support/free-port.ts';
import { type MongoCollectionOptions, mongodb } from '../src/index.ts';
import { jsonOf } from '../src/mongodb/bson-json.ts';
import { columnText } from '../src/mongodb/bson-text.ts';
import { mongodbSource } from '../src/mongodb/mongodb-source.ts';

let server: FerretDbServer;
let client: MongoClient;
let attempts: Attempts;
const connections: Record<string, string> = {};
let collections = 0;

beforeAll(async () => {
  server = await startFerretDb();
  connections.shop = `${server.url}/shop`;
  client = await new MongoClient(server.url).connect();
  attempts = await createAttempts(
    {
      connector: { dispositions: [], write: () => Promise.reject(new Error('a source')) },
      place: () => Promise.reject(new Error('a source')),
      rows: async () => [],
      connection: (id) => ({ id, url: connections[id] ?? '' }),
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

async function collection(documents: readonly Document[]): Promise<Collection> {
  collections += 1;
  const made = client.db('shop').collection(`documents_${collections}`);
  if (documents.length > 0) await made.insertMany(documents as Document[], { ordered: true });
  return made;
}

interface Read {
  readonly options?: ReadOptions;
  readonly onLog?: (message: string) => void;
  readonly onProgress?: (progress: OperationProgress) => void;
  readonly signal?: AbortSignal;
}

/** The rows as text, after they went through Parquet. */
function read(source: Source, { options, onLog, onProgress, signal }: Read = {}, connector: SourceConnector = mongodbSource) {
  return attempts.withWork({ ...(onLog ? { onLog } : {}), ...(signal ? { signal } : {}) }, async (given) => {
    const work = { ...given, progress: onProgress ?? given.progress };
    const relation = await connector.open(source, work, options);
    const file = `${work.scratch}/rows.parquet`;
    await writeParquet(work.duck, relation, file);
    return work.duck.rows(`select * from read_parquet('${file}')`);
  });
}

describe('without declared columns', () => {
  test('a document is its id, as text, and all of it, as JSON', async () => {
    const id = new ObjectId();
    const { collectionName } = await collection([
      {
        _id: id,
        long: Long.fromString('9223372036854775807'),
        int: new Int32(5),
        double: new Double(5),
        half: 0.5,
        text: 'ü"\\\n日本',
        date: new Date('2017-06-19T04:00:00.123Z'),
        old: new Date('1815-12-10T00:00:00Z'),
        bytes: new Binary(Buffer.from([0, 255])),
        nested: { list: [1, { deep: Long.fromString('-9007199254740993') }], nothing: null, yes: true },
      },
    ]);
    const rows = await read(mongodb('shop').collection(collectionName));
    expect(rows).toEqual([
      {
        _id: id.toHexString(),
        document: `{"_id":{"$oid":"${id.toHexString()}"},"long":9223372036854775807,"int":5,"double":5.0,"half":0.5,"text":${JSON.stringify('ü"\\\n日本')},"date":{"$date":"2017-06-19T04:00:00.123Z"},"old":{"$date":{"$numberLong":"${Date.UTC(1815, 11, 10)}"}},"bytes":{"$binary":{"base64":"AP8=","subType":"00"}},"nested":{"list":[1,{"deep":-9007199254740993}],"nothing":null,"yes":true}}`,
      },
    ]);
  });

  test('an empty collection is no rows, one that is not there an error with the nearest names', async () => {
    const { collectionName } = await collection([{ a: 1 }]);
    await client.db('shop').collection(collectionName).deleteMany({});
    expect(await read(mongodb('shop').collection(collectionName))).toEqual([]);
    await expect(read(mongodb('shop').collection(`${collectionName}x`))).rejects.toMatchObject({
      code: 'HR_TABLE_NOT_FOUND',
      message: expect.stringContaining(`did you mean "${collectionName}"`),
    });
  });
});

describe('with declared columns', () => {
  test('every type keeps its value', async () => {
    const id = new ObjectId();
    const uuid = new UUID();
    const { collectionName } = await collection([
      {
        _id: id,
        yes: true,
        small: new Int32(-32768),
        big: Long.fromString('-9223372036854775808'),
        whole: new Double(7),
        ratio: 0.1,
        price: '12345678901234567890.12',
        day: new Date('2017-06-19T00:00:00Z'),
        at: new Date('2017-06-19T04:05:06.789Z'),
        bytes: new Binary(Buffer.from('00ff10', 'hex')),
        uuid,
        address: { city: 'Köln', tags: ['a', 'b'] },
      },
      { _id: 'nothing', address: null },
    ]);
    const source = mongodb('shop').collection(collectionName, {
      columns: {
        _id: 'text',
        yes: 'boolean',
        small: 'int2',
        big: 'int8',
        whole: 'int4',
        ratio: 'float8',
        price: 'decimal(38,2)',
        day: 'date',
        at: 'timestamptz',
        bytes: 'bytes',
        uuid: 'uuid',
        'address.city': 'text',
        'address.tags': 'json',
      },
    });
    const rows = await read(source);
    expect(rows.map((row) => ({ ...row, bytes: row.bytes === null ? null : 'bytes' }))).toEqual([
      expect.objectContaining({ _id: 'nothing', yes: null, big: null, 'address.city': null, 'address.tags': null }),
      {
        _id: id.toHexString(),
        yes: 'true',
        small: '-32768',
        big: '-9223372036854775808',
        whole: '7',
        ratio: '0.1',
        price: '12345678901234567890.12',
        day: '2017-06-19',
        at: '2017-06-19 04:05:06.789+00',
        bytes: 'bytes',
        uuid: uuid.toString(),
        'address.city': 'Köln',
        'address.tags': '["a","b"]',
      },
    ]);
  });

  test.each([
    ['int4', 1.5, 'Double 1.5'],
    ['int4', Long.fromString('2147483648'), '2147483648'],
    ['boolean', 1, 'Int32 1'],
    ['date', new Date('2017-06-19T04:00:00Z'), 'Date {"$date":"2017-06-19T04:00:00.000Z"}'],
    ['text', { a: 1 }, 'document {"a":1}'],
    ['decimal(4,2)', 'abc', 'abc'],
    ['float8', Long.fromString('9007199254740993'), 'Long 9007199254740993'],
    ['timestamptz', 5, 'Int32 5'],
  ] as const)('a value that %s cannot hold is an error with the document and the value', async (type, value, shown) => {
    const { collectionName } = await collection([{ _id: 'fine' as never }, { _id: 'order-7' as never, field: value }]);
    const reading = read(mongodb('shop').collection(collectionName, { columns: { field: type } }));
    await expect(reading).rejects.toMatchObject({ code: 'HR_TYPE_MISMATCH' });
    for (const part of [collectionName, 'document order-7', '"field"', type, shown]) await expect(reading).rejects.toThrow(part);
  });

  test('a filter takes run values, dates and Extended JSON', async () => {
    const ids = [new ObjectId(), new ObjectId(), new ObjectId()];
    const { collectionName } = await collection(ids.map((_id, n) => ({ _id, n, at: new Date(n * 1000) })));
    const one = (options: MongoCollectionOptions) =>
      read(mongodb('shop').collection(collectionName, { ...options, columns: { n: 'int4' } }));
    expect(await one({ filter: { at: { $gte: new Date(1000) } } })).toEqual([{ n: '1' }, { n: '2' }]);
    expect(await one({ filter: { _id: { $oid: ids[2]?.toHexString() ?? '' } } })).toEqual([{ n: '2' }]);
    expect(await one({ filter: { n: { $in: [0, 2n] } } })).toEqual([{ n: '0' }, { n: '2' }]);
    await expect(one({ filter: { $nonsense: 1 } })).rejects.toMatchObject({ code: 'HR_MONGODB_REFUSED' });
  });
});

describe('a range', () => {
  const chosen = async (
    documents: readonly Document[],
    type: 'timestamptz' | 'int8' | 'text',
    range: NonNullable<ReadOptions['range']>,
  ): Promise<readonly unknown[]> => {
    const { collectionName } = await collection(documents);
    const rows = await read(mongodb('shop').collection(collectionName, { columns: { _id: 'text', [range.column]: type } }), {
      options: { range },
    });
    return rows.map(({ _id }) => _id);
  };

  test('of instants is half open, and rounds microseconds up to what a Date holds', async () => {
    const at = (ms: number, _id: string) => ({ _id: _id as never, at: new Date(Date.UTC(2017, 5, 19) + ms) });
    const documents = [at(0, 'a'), at(1, 'b'), at(2, 'c'), at(3, 'd'), { _id: 'missing' as never }];
    const range = { column: 'at', from: '2017-06-19 00:00:00.000001+00', to: '2017-06-19 02:00:00.003+02' };
    expect(await chosen(documents, 'timestamptz', { ...range, missing: false })).toEqual(['b', 'c']);
    expect(await chosen(documents, 'timestamptz', { ...range, missing: true })).toEqual(['b', 'c', 'missing']);
  });

  test('of numbers sees all kinds of them, and lets through what only the data plane can judge', async () => {
    const values = [new Int32(5), Long.fromString('9007199254740993'), new Double(6), '7', null];
    const documents = values.map((n, index) => ({ _id: `${index}` as never, n }));
    expect(await chosen(documents, 'int8', { column: 'n', from: '6', missing: false })).toEqual(['1', '2', '3']);
    expect(await chosen(documents, 'int8', { column: 'n', to: '9007199254740993', missing: false })).toEqual(['0', '2', '3']);
  });

  test('of ids is compared as ids', async () => {
    const ids = ['000000000000000000000001', '000000000000000000000002', '000000000000000000000003'];
    const documents = ids.map((hex) => ({ _id: new ObjectId(hex) }));
    expect(await chosen(documents, 'text', { column: '_id', from: ids[1] ?? '', to: ids[2] ?? '', missing: false })).toEqual([ids[1]]);
  });
});

describe('a connection', () => {
  let proxy: Server;
  const sockets = new Set<Socket>();
  let port: number;
  let forwarded = 0;
  let cutAfter: number | undefined;
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };

  beforeAll(async () => {
    proxy = createServer((near) => {
      const far = createConnection({ port: server.port, host: '127.0.0.1' });
      for (const socket of [near, far]) {
        sockets.add(socket);
        socket.on('error', () => {});
        socket.on('close', () => {
          sockets.delete(socket);
          near.destroy();
          far.destroy();
        });
      }
      near.pipe(far);
      far.on('data', (chunk) => {
        forwarded += chunk.length;
        near.write(chunk);
        if (cutAfter !== undefined && forwarded > cutAfter) {
          cutAfter += 400_000;
          cut();
        }
      });
    });
    port = await freePort();
    await new Promise<void>((resolve) => proxy.listen(port, '127.0.0.1', resolve));
    connections.far = `mongodb://127.0.0.1:${port}/shop`;
  });
  afterAll(() => {
    cut();
    return new Promise((resolve) => proxy.close(resolve));
  });

  const many = (): Document[] => {
    const pad = 'x'.repeat(200);
    // Ids of several types, as BSON orders them.
    return Array.from({ length: 6_000 }, (_, n) => ({ _id: (n < 2_000 ? n : n < 4_000 ? `id-${n}` : new ObjectId()) as never, n, pad }));
  };

  test('that is lost again and again is taken up where it broke: no document is lost, none doubled', async () => {
    const { collectionName } = await collection(many());
    const warnings: string[] = [];
    [forwarded, cutAfter] = [0, 300_000];
    const rows = await read(mongodb('far').collection(collectionName, { columns: { _id: 'text', n: 'int4', pad: 'text' } }), {
      onLog: (line) => warnings.push(line),
    });
    cutAfter = undefined;
    expect(rows.map(({ n }) => Number(n))).toEqual(Array.from({ length: 6_000 }, (_, n) => n));
    expect(warnings.filter((line) => line.includes('connection was lost')).length).toBeGreaterThan(1);
  });

  test('that is lost while the server chooses the order fails the attempt, which may be tried again', async () => {
    const { collectionName } = await collection(many());
    [forwarded, cutAfter] = [0, 300_000];
    const reading = read(mongodb('far').collection(collectionName, { columns: { n: 'int4', pad: 'text' }, resumable: false }));
    await expect(reading).rejects.toMatchObject({ code: 'HR_CONNECTION_FAILED', retryable: true });
    cutAfter = undefined;
  });

  test('ends with its attempt', async () => {
    const { collectionName } = await collection(many());
    const abort = new AbortController();
    const reading = read(mongodb('shop').collection(collectionName), {
      signal: abort.signal,
      onProgress: () => abort.abort(new Error('cancelled by a person')),
    });
    await expect(reading).rejects.toThrow('cancelled by a person');
  });

  test('reports what it has read, of how much', async () => {
    const { collectionName } = await collection(many());
    const seen: OperationProgress[] = [];
    await read(mongodb('shop').collection(collectionName), { onProgress: (progress) => seen.push(progress) });
    expect(seen.map(({ rows }) => rows)).toEqual([1000, 2000, 3000, 4000, 5000, 6000]);
    expect(seen.at(-1)?.bytes).toBeGreaterThan(6_000 * 200);
    await attempts.withWork({}, async (work) => {
      expect((await mongodbSource.open(mongodb('shop').collection(collectionName), work)).expected).toEqual({ rows: 6_000 });
    });
  });

  test.each([
    ['mongodb://user:secret@127.0.0.1:1/shop?serverSelectionTimeoutMS=300', 'HR_CONNECTION_FAILED'],
    ['mongodb://127.0.0.1:27017', 'HR_CONNECTION_URL'],
    ['mongodb://user:secret@127.0.0.1/shop?nonsense=1', 'HR_CONNECTION_URL'],
    ['postgres://user:secret@127.0.0.1/shop', 'HR_CONNECTION_URL'],
  ])('to %s is an error that says what to do, without the password', async (url, code) => {
    connections.wrong = url;
    const reading = read(mongodb('wrong').collection('a'));
    await expect(reading).rejects.toMatchObject({ code });
    await expect(reading).rejects.not.toThrow('secret');
  });

  test('whose login is refused says so', async () => {
    connections.wrong = `mongodb://user:secret@127.0.0.1:${server.port}/shop`;
    const reading = read(mongodb('wrong').collection('a'));
    await expect(reading).rejects.toMatchObject({ code: 'HR_LOGIN_REFUSED', retryable: false });
    await expect(reading).rejects.not.toThrow('secret');
  });
});

describe('values of BSON', () => {
  const decoded = (ejson: object): unknown =>
    BSON.deserialize(BSON.serialize({ v: BSON.EJSON.parse(JSON.stringify(ejson), { relaxed: false }) as Document }), {
      promoteValues: false,
      bsonRegExp: true,
    }).v;

  test.each([
    { $numberDecimal: '1.10' },
    { $numberDecimal: '9.999999999999999999999999999999999E+6144' },
    { $numberDouble: 'NaN' },
    { $numberDouble: '-Infinity' },
    { $oid: '64b8f0c2a7e3d1f5b6c7d8e9' },
    { $binary: { base64: 'AQID', subType: '80' } },
    { $regularExpression: { pattern: '^a"', options: 'i' } },
    { $timestamp: { t: 4294967295, i: 7 } },
    { $code: 'f()', $scope: { x: { $oid: '64b8f0c2a7e3d1f5b6c7d8e9' } } },
    { $ref: 'orders', $id: { $oid: '64b8f0c2a7e3d1f5b6c7d8e9' } },
    { $symbol: 's' },
    { $minKey: 1 },
    { $maxKey: 1 },
  ])('%j is the same in JSON', (ejson) => {
    expect(JSON.parse(jsonOf(decoded(ejson)))).toEqual(ejson);
  });

  test.each([
    ['1.50', 'numeric', '1.50'],
    ['1.50', 'decimal(10,2)', '1.50'],
    ['15E+3', 'decimal(10,2)', '15000'],
    ['15E-3', 'decimal(10,4)', '0.015'],
    ['-1.5E+1', 'int4', '-15'],
    ['1.5E-1', 'decimal(4,2)', '0.15'],
    ['NaN', 'numeric', 'NaN'],
  ] as const)('the Decimal128 %s is, as %s, %s', (text, type, expected) => {
    expect(columnText(decoded({ $numberDecimal: text }), type)).toBe(expected);
  });

  test('an instant before our era keeps its year, and what no column type knows has no text', () => {
    expect(columnText(new Date('-000043-03-15T01:02:03.004Z'), 'timestamptz')).toBe('0044-03-15 01:02:03.004+00 BC');
    expect(columnText(new Date('+012017-01-01T00:00:00.000Z'), 'date')).toBe('12017-01-01');
    expect(columnText(new Timestamp({ t: 1, i: 1 }), 'timestamptz')).toBeUndefined();
    expect(columnText(new Double(0.1), 'float4')).toBeUndefined();
    expect(columnText(new Double(0.5), 'float4')).toBe('0.5');
  });
});
