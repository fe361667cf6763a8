import { gzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { type Columns, extract, type PackageResult, type Source } from '@headrace/sdk';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { cursor, linkHeader, nextUrl, offset, page, rest } from '../src/index.ts';
import { type ApiServer, json, startApi } from './support/api-server.ts';
import { createRig, type LogLine, type Rig } from './support/rig.ts';

const columns = { id: 'int8', name: 'text' } as const;
const QUICK = { retries: { delay: '5ms' } } as const;

describe('an API as a source', () => {
  let rig: Rig;
  let api: ApiServer;
  let log: LogLine[];
  beforeAll(async () => {
    rig = await createRig();
    api = await startApi();
  }, 60_000);
  beforeEach(() => {
    log = [];
    api.seen.length = 0;
    rig.connections.crm = `${api.url}/v1`;
  });
  afterAll(async () => {
    await rig.close();
    await api.close();
  });

  const extractFrom = async <C extends Columns>(from: Source<C>) => {
    const results = await rig.runAll(() => extract('read', { from }), { onLog: (line) => log.push(line) });
    return results.read as PackageResult;
  };
  /** The rows as text, in the order of the package. */
  const read = async <C extends Columns>(from: Source<C>): Promise<readonly Readonly<Record<string, string | null>>[]> => {
    const { files } = await extractFrom(from);
    const duck = await (await DuckDBInstance.create()).connect();
    const paths = files.map(({ path }) => `'${new URL(`${rig.connections.lake}/${path}`).pathname}'`);
    const result = await duck.runAndReadAll(`select columns(*)::varchar from read_parquet([${paths.join(', ')}])`);
    duck.closeSync();
    return result.getRowObjects() as Record<string, string | null>[];
  };
  const items = (from: number, to: number) =>
    Array.from({ length: Math.max(0, to - from) }, (_, index) => ({ id: from + index, name: `n${from + index}` }));
  const ids = (rows: readonly Readonly<Record<string, string | null>>[]) => rows.map(({ id }) => Number(id));
  const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

  test('numbers keep all their digits, nested ones too; null, empty text and every letter stay what they are', async () => {
    api.answer = (_asked, response) =>
      json(
        response,
        `{"data": {"items": [
          {"id": 9223372036854775807, "amount": 12345678901234567890.1234567890, "name": "ü\\"😀\\r\\n,", "deep": {"n": 0.10, "big": 123456789012345678901}, "ok": true},
          {"id": -1, "amount": 1e2, "name": "", "deep": null, "ok": null}]}}`,
      );
    const rows = await read(
      rest('crm').get('/orders', {
        records: '$.data.items[*]',
        columns: { id: 'int8', amount: 'numeric', name: 'text', deep: 'json', n: 'decimal(5,2)', ok: 'boolean', whole: 'json' },
        paths: { n: '$.deep.n', whole: '$' },
      }),
    );
    expect(rows.map(({ whole: _whole, ...row }) => row)).toEqual([
      {
        id: '9223372036854775807',
        amount: '12345678901234567890.1234567890',
        name: 'ü"😀\r\n,',
        deep: '{"n":0.10,"big":123456789012345678901}',
        n: '0.10',
        ok: 'true',
      },
      { id: '-1', amount: '1e2', name: '', deep: null, n: null, ok: null },
    ]);
    expect(rows[0]?.whole).toContain('"amount":12345678901234567890.1234567890');
  });

  test('what is packed is unpacked, up to the limit; a NUL is kept; half a character is no text', async () => {
    const packed = (body: string, from?: number) => {
      api.answer = (_asked, response) => {
        response.writeHead(200, { 'content-encoding': 'gzip' });
        response.end(gzipSync(body).subarray(0, from));
      };
    };
    packed(JSON.stringify(items(0, 5000)));
    expect((await extractFrom(rest('crm').get('/o', { columns }))).rows).toBe(5000);
    await expect(extractFrom(rest('crm').get('/o', { columns, maxPageBytes: 100_000 }))).rejects.toMatchObject({
      code: 'HR_HTTP_ANSWER',
      message: expect.stringContaining('more than 100000 bytes'),
    });
    packed(JSON.stringify(items(0, 5000)), 2000);
    await expect(extractFrom(rest('crm').get('/o', { columns, ...QUICK }))).rejects.toMatchObject({ retryable: true });
    api.answer = (_asked, response) => json(response, '[{"id": 1, "name": "a\\u0000b"}]');
    expect(await read(rest('crm').get('/o', { columns }))).toEqual([{ id: '1', name: 'a\0b' }]);
    api.answer = (_asked, response) => json(response, '[{"id": 1, "name": "a\\ud83d"}]');
    await expect(extractFrom(rest('crm').get('/o', { columns }))).rejects.toMatchObject({
      code: 'HR_TYPE_MISMATCH',
      message: expect.stringContaining('page 1, record 1: column "name"'),
    });
    await expect(extractFrom(rest('crm').get('/o'))).rejects.toMatchObject({ code: 'HR_TYPE_MISMATCH' });
    api.answer = (_asked, response) => response.end(Buffer.from([0x5b, 0xff, 0x5d]));
    await expect(extractFrom(rest('crm').get('/o', { columns }))).rejects.toMatchObject({ message: expect.stringContaining('no UTF-8') });
    api.answer = (_asked, response) => response.end(`${'['.repeat(200_000)}${']'.repeat(200_000)}`);
    await expect(extractFrom(rest('crm').get('/o', { columns }))).rejects.toMatchObject({
      message: expect.stringContaining('nested too deeply'),
    });
  });

  test('without declared columns a row is the record, as JSON', async () => {
    api.answer = (_asked, response) => json(response, '[{"a": 1.50}, {"b": [1, 2]}]');
    expect(await read(rest('crm').get('/things'))).toEqual([{ document: '{"a":1.50}' }, { document: '{"b":[1,2]}' }]);
    expect(api.seen[0]?.path).toBe('/v1/things');
  });

  describe('pages', () => {
    test('by number: until a page without records, though a server gives fewer than it is asked for', async () => {
      api.answer = ({ query }, response) => {
        const number = Number(query.get('page'));
        json(response, items((number - 1) * 50, number > 3 ? 0 : Math.min(number * 50, 120)));
      };
      expect(ids(await read(rest('crm').get('/o', { columns, paginate: page({ size: { param: 'per_page', value: 100 } }) })))).toEqual(
        upTo(120),
      );
      expect(api.seen.map(({ query }) => query.toString())).toEqual(['1', '2', '3', '4'].map((number) => `per_page=100&page=${number}`));
    });

    test('by number: as many as the API says', async () => {
      api.answer = ({ query }, response) =>
        json(response, { pages: 2, items: items(Number(query.get('p')) * 2, Number(query.get('p')) * 2 + 2) });
      const from = rest('crm').get('/o', { columns, records: '$.items[*]', paginate: page({ param: 'p', first: 0, pages: '$.pages' }) });
      expect(ids(await read(from))).toEqual([0, 1, 2, 3]);
      expect(api.seen).toHaveLength(2);
    });

    test('by offset: it goes on by what came', async () => {
      api.answer = ({ query }, response) => {
        const start = Number(query.get('offset'));
        json(response, { total: '7', items: items(start, Math.min(start + 3, 7)) });
      };
      const limit = { param: 'limit', value: 5 };
      const from = rest('crm').get('/o', { columns, records: '$.items[*]', paginate: offset({ limit, total: '$.total' }) });
      expect(ids(await read(from))).toEqual(upTo(7));
      expect(api.seen.map(({ query }) => query.get('offset'))).toEqual(['0', '3', '6']);
    });

    test('by the token of the next page, which may be a large number', async () => {
      const tokens = ['', '9007199254740993', '9007199254740995'];
      api.answer = ({ query }, response) => {
        const at = tokens.indexOf(query.get('after') ?? '');
        json(response, `{"meta": {"next": ${tokens[at + 1] ?? 'null'}}, "items": ${JSON.stringify(items(at * 2, at * 2 + 2))}}`);
      };
      const from = rest('crm').get('/o', { columns, records: '$.items[*]', paginate: cursor({ next: '$.meta.next', param: 'after' }) });
      expect(ids(await read(from))).toEqual(upTo(6));
    });

    test('by the last record, while there are more', async () => {
      api.answer = ({ query }, response) => {
        const start = query.has('after') ? Number(query.get('after')) + 1 : 0;
        json(response, { has_more: start + 2 < 6, items: items(start, start + 2) });
      };
      const paginate = cursor({ next: '$.items[-1].id', param: 'after', more: '$.has_more' });
      expect(ids(await read(rest('crm').get('/o', { columns, records: '$.items[*]', paginate })))).toEqual(upTo(6));
      expect(api.seen).toHaveLength(3);
    });

    test('by the Link header, and by an address in the answer', async () => {
      rig.connections.crm = `${api.url}/v1?tenant=7`;
      api.answer = ({ query }, response) => {
        const at = Number(query.get('at') ?? 0);
        const next = `?at=${at + 1}`;
        const headers: Record<string, string> =
          at < 2 ? { link: `<${api.url}/x>; rel="prev first", <${next}>; title="a, b"; rel=next` } : {};
        json(response, { items: items(at, at + 1), ...(at < 2 ? { next } : {}) }, { headers });
      };
      expect(ids(await read(rest('crm').get('/o', { columns, records: '$.items[*]', paginate: linkHeader() })))).toEqual([0, 1, 2]);
      expect(ids(await read(rest('crm').get('/o', { columns, records: '$.items[*]', paginate: nextUrl({ next: '$.next' }) })))).toEqual([
        0, 1, 2,
      ]);
      expect(api.seen.map(({ query }) => query.get('tenant'))).toEqual(Array.from({ length: 6 }, () => '7'));
    });

    test('a next page at another host is not asked for', async () => {
      rig.connections.crm = `http://me:hunter2@${api.host}`;
      api.answer = (_asked, response) => json(response, { items: items(0, 1), next: 'http://evil.example/steal' });
      const from = rest('crm').get('/o', { columns, records: '$.items[*]', paginate: nextUrl({ next: '$.next' }) });
      await expect(extractFrom(from)).rejects.toMatchObject({ code: 'HR_HTTP_NEXT', message: expect.stringContaining('evil.example') });
    });

    test('an API that goes round in a circle, or does not know the parameter, or does not end', async () => {
      api.answer = ({ query }, response) =>
        json(response, { next: query.get('c') === 'a' ? 'b' : 'a', items: items(api.seen.length, api.seen.length + 1) });
      const get = rest('crm');
      await expect(
        extractFrom(get.get('/o', { columns, records: '$.items[*]', paginate: cursor({ next: '$.next', param: 'c' }) })),
      ).rejects.toMatchObject({
        code: 'HR_REST_ENDLESS',
        message: expect.stringMatching(/circle/),
      });
      api.answer = (_asked, response) => json(response, items(0, 3));
      await expect(extractFrom(get.get('/o', { columns, paginate: page() }))).rejects.toMatchObject({
        code: 'HR_REST_ENDLESS',
        message: expect.stringMatching(/page 2 has the same records as page 1/),
      });
      api.answer = (_asked, response) => json(response, items(api.seen.length, api.seen.length + 1));
      await expect(extractFrom(get.get('/o', { columns, paginate: page(), maxPages: 5 }))).rejects.toMatchObject({
        code: 'HR_REST_ENDLESS',
        message: expect.stringMatching(/more than 5 pages/),
      });
    });

    test('records that come twice are kept, counted and named', async () => {
      api.answer = ({ query }, response) => {
        const start = Number(query.get('offset'));
        json(response, start >= 6 ? [] : items(start === 0 ? 0 : start - 1, start + 3));
      };
      const rows = await read(rest('crm').get('/o', { columns, paginate: offset() }));
      expect(ids(rows)).toEqual([0, 1, 2, 2, 3, 4, 5]);
      expect(log.find(({ level }) => level === 'warn')).toMatchObject({
        message: expect.stringContaining('1 records came twice'),
        fields: { repeated: 1 },
      });
    });
  });

  describe('what is wrong is said', () => {
    test('a login that is refused, a thing that is forbidden, a path that is not there, a broken server: with what it says, without secrets', async () => {
      rig.connections.crm = `${api.url}?bearerToken=tok-hunter2`;
      for (const [status, code, retryable] of [
        [401, 'HR_LOGIN_REFUSED', false],
        [403, 'HR_HTTP_FORBIDDEN', false],
        [404, 'HR_HTTP_NOT_FOUND', false],
        [422, 'HR_HTTP_STATUS', false],
        [500, 'HR_HTTP_STATUS', true],
      ] as const) {
        api.answer = (_asked, response) => json(response, { error: 'no luck for tok-hunter2' }, { status });
        const failure = await extractFrom(rest('crm').get('/o', { columns })).catch((error: unknown) => error);
        expect(failure).toMatchObject({
          code,
          retryable,
          message: expect.stringMatching(new RegExp(`GET /o of connection "crm" answers ${status}: .*no luck for \\*\\*\\*`)),
        });
      }
      expect(api.seen[0]?.headers.authorization).toBe('Bearer tok-hunter2');
    });

    test('a host that does not answer', async () => {
      const gone = await startApi();
      await gone.close();
      rig.connections.crm = `http://me:hunter2@${gone.host}/`;
      const failure = await extractFrom(rest('crm').get('/o', { columns, ...QUICK })).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: 'HR_HTTP_UNREACHABLE', retryable: true, message: expect.stringContaining('ECONNREFUSED') });
      expect(JSON.stringify(failure, Object.getOwnPropertyNames(failure))).not.toContain('hunter2');
    });

    test('records that are elsewhere, a list that is not taken apart, a column that no record has', async () => {
      api.answer = (_asked, response) => json(response, { data: { items: items(0, 2) } });
      const get = (records: string, more: object = {}) => extractFrom(rest('crm').get('/o', { columns, records, ...more }));
      await expect(get('$.data.item[*]')).rejects.toMatchObject({
        code: 'HR_REST_RECORDS',
        message: expect.stringContaining('did you mean "items"'),
      });
      await expect(get('$.data.items')).rejects.toMatchObject({
        code: 'HR_REST_RECORDS',
        message: expect.stringContaining('write $.data.items[*]'),
      });
      await expect(get('$[*]')).rejects.toMatchObject({ code: 'HR_REST_RECORDS', message: expect.stringContaining('an object with data') });
      const from = rest('crm').get('/o', { records: '$.data.items[*]', columns: { ...columns, nam: 'text' } });
      await expect(extractFrom(from)).rejects.toMatchObject({
        code: 'HR_COLUMN_NOT_FOUND',
        message: expect.stringContaining('did you mean "name"'),
      });
      const optional = rest('crm').get('/o', { records: '$.data.items[*]', columns: { ...columns, note: 'text' }, optional: ['note'] });
      expect((await read(optional)).map(({ note }) => note)).toEqual([null, null]);
    });

    test('a value of another type: page, record, column and value', async () => {
      api.answer = ({ query }, response) =>
        json(
          response,
          query.get('page') === '2'
            ? [
                { id: 1, name: 'a' },
                { id: 'x7', name: 'b' },
              ]
            : query.get('page') === '3'
              ? []
              : items(0, 2),
        );
      await expect(extractFrom(rest('crm').get('/o', { columns, paginate: page() }))).rejects.toMatchObject({
        code: 'HR_TYPE_MISMATCH',
        message: expect.stringMatching(/page 2, record 2, column "id" is declared int8, but the value is: x7/),
      });
    });

    test('text that is no JSON, a page that is too large, an empty answer', async () => {
      const get = (options: object = {}) => extractFrom(rest('crm').get('/o', { columns, ...options }));
      api.answer = (_asked, response) => response.end('<html>Please log in</html>');
      await expect(get()).rejects.toMatchObject({ code: 'HR_HTTP_ANSWER', message: expect.stringContaining('<html>Please log in') });
      api.answer = (_asked, response) => json(response, items(0, 1000));
      await expect(get({ maxPageBytes: 1000 })).rejects.toMatchObject({
        code: 'HR_HTTP_ANSWER',
        message: expect.stringContaining('more than 1000 bytes'),
      });
      api.answer = (_asked, response) => response.end();
      await expect(get()).rejects.toMatchObject({ code: 'HR_HTTP_ANSWER', message: expect.stringContaining('answers with nothing') });
      api.answer = (_asked, response) => response.writeHead(204).end();
      expect(await read(rest('crm').get('/o', { columns }))).toEqual([]);
    });
  });

  test('a connection that breaks in the middle of a page is asked again, and never passes for a whole one', async () => {
    let asked = 0;
    const whole = JSON.stringify(items(0, 100));
    const cut: ((response: import('node:http').ServerResponse) => void)[] = [
      (response) => response.writeHead(200, { 'content-length': whole.length }).write(whole.slice(0, 500), () => response.destroy()),
      (response) => {
        response.writeHead(200, { 'transfer-encoding': 'chunked' });
        response.write(whole.slice(0, 500), () => response.socket?.end());
      },
      (response) => response.socket?.destroy(),
      (response) => json(response, whole),
    ];
    api.answer = (_asked, response) => cut[asked++]?.(response);
    expect(ids(await read(rest('crm').get('/o', { columns, ...QUICK })))).toEqual(upTo(100));
    // Without a length only the JSON itself tells that it is not whole.
    api.answer = (_asked, response) => {
      response.useChunkedEncodingByDefault = false;
      response.shouldKeepAlive = false;
      response.writeHead(200);
      response.end(whole.slice(0, 500));
    };
    await expect(extractFrom(rest('crm').get('/o', { columns, ...QUICK }))).rejects.toMatchObject({
      code: 'HR_HTTP_ANSWER',
      retryable: true,
      message: expect.stringContaining('cut off'),
    });
  });

  test('an answer that trickles ends with the timeout of the request, a reading with its own', async () => {
    api.answer = (_asked, response) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write(' '), 5);
      response.on('close', () => clearInterval(drip));
    };
    await expect(
      extractFrom(rest('crm').get('/o', { columns, requestTimeout: '50ms', retries: { max: 1, delay: '1ms' } })),
    ).rejects.toMatchObject({
      code: 'HR_HTTP_UNREACHABLE',
      message: expect.stringContaining('no answer within 50 ms'),
    });
    expect(api.seen).toHaveLength(2);
    await expect(extractFrom(rest('crm').get('/o', { columns, timeout: '100ms' }))).rejects.toMatchObject({
      code: 'HR_HTTP_TIMEOUT',
      retryable: true,
    });
  });

  test('a cancelled reading ends', async () => {
    const stop = new AbortController();
    api.answer = () => stop.abort(new Error('cancelled'));
    await expect(rig.runAll(() => extract('read', { from: rest('crm').get('/o', { columns }) }), { signal: stop.signal })).rejects.toThrow(
      'cancelled',
    );
  });
});
