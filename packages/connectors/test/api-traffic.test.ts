/** How often an API is asked, and what is done when it has enough. */
import { extract, load, type PackageResult } from '@headrace/sdk';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { cursor, lake, linkHeader, nextUrl, offset, type Pagination, page, type RestOptions, rest } from '../src/index.ts';
import { type ApiServer, json, startApi } from './support/api-server.ts';
import { createRig, type LogLine, type Rig } from './support/rig.ts';

describe('a busy API', () => {
  let rig: Rig;
  let api: ApiServer;
  let log: LogLine[];
  beforeAll(async () => {
    rig = await createRig();
    api = await startApi();
    rig.connections.crm = api.url;
  }, 60_000);
  beforeEach(() => {
    log = [];
    api.seen.length = 0;
  });
  afterAll(async () => {
    await rig.close();
    await api.close();
  });

  const read = async (options: RestOptions<'id'> = {}): Promise<PackageResult> => {
    const from = rest('crm').get('/o', { columns: { id: 'int8' }, retries: { delay: '1ms' }, ...options });
    return (await rig.runAll(() => extract('read', { from }), { onLog: (line) => log.push(line) })).read as PackageResult;
  };
  /** Answers once with each of these, then with a record. */
  const refuse = (...refusals: readonly (readonly [status: number, headers: Record<string, string>])[]) => {
    api.answer = (_asked, response) => {
      const [status, headers] = refusals[api.seen.length - 1] ?? [200, {}];
      json(response, status === 200 ? [{ id: 1 }] : {}, { status, headers });
    };
  };

  test('is asked again when it says: in seconds, at a date, at an instant; no sooner', async () => {
    const times: number[] = [];
    const date = new Date(Math.ceil(Date.now() / 1000) * 1000 + 2000);
    refuse(
      [429, { 'retry-after': '1' }],
      [503, { 'retry-after': date.toUTCString() }],
      [403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1' }],
    );
    const look = api.answer;
    api.answer = (...all) => {
      times.push(Date.now());
      return look(...all);
    };
    expect((await read()).rows).toBe(1);
    const [first = 0, second = 0, third = 0, fourth = 0] = times;
    expect(second - first).toBeGreaterThanOrEqual(999);
    expect(third).toBeGreaterThanOrEqual(date.getTime() - 1);
    expect(fourth - third).toBeGreaterThanOrEqual(999);
  });

  test('that wants to be left alone for longer than a request may wait: the attempt ends, and says when to come back', async () => {
    refuse([429, { 'retry-after': '3600' }]);
    await expect(read()).rejects.toMatchObject({
      code: 'HR_HTTP_BUSY',
      retryable: true,
      retryAfterMs: 3_600_000,
      message: expect.stringMatching(/answers 429 and wants to be asked again in 3600 s/),
    });
    expect(api.seen).toHaveLength(1);
  });

  test('that is broken for a while is asked again, with patience that ends', async () => {
    refuse([502, {}], [503, {}], [504, {}], [429, {}]);
    expect((await read()).rows).toBe(1);
    expect(api.seen).toHaveLength(5);
    api.seen.length = 0;
    api.answer = (_asked, response) => json(response, { error: 'on fire' }, { status: 503 });
    await expect(read()).rejects.toMatchObject({ code: 'HR_HTTP_STATUS', retryable: true, message: expect.stringContaining('on fire') });
    expect(api.seen).toHaveLength(5);
  });

  test('with a limit of its own is asked no more often than that', async () => {
    api.answer = ({ query }, response) => json(response, Number(query.get('page')) > 12 ? [] : [{ id: query.get('page') }]);
    const began = performance.now();
    await read({ paginate: page(), rateLimit: { requests: 4, per: '150ms' } });
    expect(api.seen).toHaveLength(13);
    expect(performance.now() - began).toBeGreaterThanOrEqual(3 * 150);
  });

  test('only what is new is asked for, and the bounds are wider than what is wanted, never narrower', async () => {
    const rows = Array.from({ length: 48 }, (_, hour) => ({
      id: hour,
      at: new Date(Date.parse('2017-06-19T00:00:00Z') + hour * 3_600_000).toISOString(),
    }));
    api.answer = ({ query }, response) =>
      json(
        response,
        // Gives what comes after the value, as some do.
        rows.filter(({ at }) => at > (query.get('since') ?? '') && (!query.has('until') || at <= (query.get('until') ?? ''))),
      );
    const columns = { id: 'int8', at: 'timestamptz' } as const;
    const from = rest('crm').get('/o', { columns, incremental: { column: 'at', param: 'since', until: 'until' } });
    const results = await rig.runAll(() => {
      const rows = extract('read', { from, cursor: { column: 'at' } });
      load('keep', { from: rows, into: lake('lake').table('orders'), disposition: 'append' });
    });
    expect(Object.fromEntries(api.seen[0]?.query ?? [])).toEqual({ since: '2017-06-19T03:59:59.999Z', until: '2017-06-20T04:00:00.000Z' });
    expect(results.read).toMatchObject({ rows: 24 });
  });

  test('with any way of paging and any trouble on the way, each record comes exactly once', async () => {
    const trouble = fc.constantFrom('none', 'none', 'none', '503', '429', 'cut', 'reset', 'slow');
    const shape = fc.record({
      records: fc.integer({ min: 0, max: 40 }),
      size: fc.integer({ min: 1, max: 9 }),
      way: fc.constantFrom('page', 'pages', 'offset', 'total', 'cursor', 'url', 'link'),
      troubles: fc.array(trouble, { maxLength: 30 }),
    });
    await fc.assert(
      fc.asyncProperty(shape, async ({ records, size, way, troubles }) => {
        const left = [...troubles];
        api.answer = (asked, response) => {
          const what = left.shift() ?? 'none';
          if (what === '503' || what === '429') return json(response, {}, { status: Number(what) });
          if (what === 'reset') return response.socket?.destroy();
          const { query } = asked;
          const start =
            way === 'page' || way === 'pages'
              ? (Number(query.get('page')) - 1) * size
              : Number(query.get('offset') ?? query.get('token') ?? 0);
          const items = Array.from({ length: Math.max(0, Math.min(size, records - start)) }, (_, index) => ({ id: start + index }));
          const after = start + size < records ? start + size : undefined;
          const next = after === undefined ? {} : way === 'url' ? { next: `?token=${after}` } : { next: after };
          const body = JSON.stringify({ items, total: records, pages: Math.max(1, Math.ceil(records / size)), ...next });
          const headers = way === 'link' && after !== undefined ? { link: `<?token=${after}>; rel="next"` } : {};
          if (what === 'slow') {
            response.writeHead(200, headers);
            response.write(body.slice(0, 3));
            return setImmediate(() => response.end(body.slice(3)));
          }
          if (what !== 'cut') return json(response, body, { headers });
          response.writeHead(200, { ...headers, 'content-length': body.length });
          return response.write(body.slice(0, -1), () => response.destroy());
        };
        const ways: Readonly<Record<string, Pagination>> = {
          page: page(),
          pages: page({ pages: '$.pages' }),
          offset: offset(),
          total: offset({ total: '$.total' }),
          cursor: cursor({ next: '$.next', param: 'token' }),
          url: nextUrl({ next: '$.next' }),
          link: linkHeader(),
        };
        const paginate = ways[way];
        const from = rest('crm').get('/o', {
          columns: { id: 'int8' },
          records: '$.items[*]',
          retries: { max: 40, delay: '1ms' },
          maxWait: '1 day',
          ...(paginate === undefined ? {} : { paginate }),
        });
        const results = await rig.runAll(() =>
          extract('read', { from, checks: records === 0 ? [] : ([{ check: 'unique', columns: ['id'], severity: 'block' }] as never) }),
        );
        expect(results.read).toMatchObject({ rows: records });
      }),
      { numRuns: Number(process.env.HEADRACE_TEST_RUNS ?? 25) },
    );
  }, 120_000);
});
