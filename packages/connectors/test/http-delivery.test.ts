import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { type DeliveryResult, exportTo, extract, type PackageResult, type Source } from '@headrace/sdk';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { until } from '../../../tests/support/poll.ts';
import { type DeliveryOptions, files, http, lake } from '../src/index.ts';
import { type ApiServer, type Asked, json, startApi } from './support/api-server.ts';
import { createRig, type LogLine, type Rig } from './support/rig.ts';

const QUICK = { retries: { max: 3, delay: '2ms' } } as const;
const keyOf = ({ headers }: Asked): string => String(headers['idempotency-key']);

describe('rows that are sent to an API', () => {
  let rig: Rig;
  let api: ApiServer;
  let log: LogLine[];
  beforeAll(async () => {
    rig = await createRig();
    api = await startApi();
    await mkdir(join(rig.folder, 'inbox'), { recursive: true });
  }, 60_000);
  beforeEach(async () => {
    log = [];
    api.seen.length = 0;
    api.answer = (_asked, response) => json(response, {}, { status: 201 });
    rig.connections.crm = `${api.url}/v1`;
    await rm(join(rig.folder, 'lake'), { recursive: true, force: true });
  });
  afterAll(async () => {
    await rig.close();
    await api.close();
  });

  const put = (name: string, text: string) => writeFile(join(rig.folder, 'inbox', name), text);
  const orders = (name: string): Source<{ id: 'int8'; name: 'text' }> =>
    files('inbox').csv(name, { columns: { id: 'int8', name: 'text' } });
  const numbered = (count: number): string =>
    `id,name\n${Array.from({ length: count }, (_, index) => `${index + 1},n${index + 1}\n`).join('')}`;
  const send = async (name: string, options: Partial<DeliveryOptions> = {}, generation = 1): Promise<DeliveryResult> => {
    const results = await rig.runAll(
      () =>
        exportTo('notify', {
          from: orders(name),
          generation,
          into: http('crm').post('/orders', { idempotencyKey: ['id'], ...QUICK, ...options }),
        }),
      { onLog: (line) => log.push(line) },
    );
    return results.notify as DeliveryResult;
  };
  const sentIds = (): readonly number[] => api.seen.map(({ body }) => JSON.parse(body).id as number).sort((a, b) => a - b);

  /** What the lake has in the quarantine of the task. */
  const quarantined = async () => {
    const { seen } = await rig.runAll(() => extract('seen', { from: lake('lake').table('_quarantine/rig/notify') }));
    const duck = await (await DuckDBInstance.create()).connect();
    const [{ path } = { path: '' }] = (seen as PackageResult).files;
    const file = new URL(`${rig.connections.lake}/${path}`).pathname;
    const kept = await duck.runAndReadAll(`select reason, raw::varchar as raw from read_parquet('${file}') order by 2`);
    duck.closeSync();
    return kept.getRowObjects();
  };

  test('each row is a request with its own key; what was delivered is not sent again', async () => {
    await put('a.csv', numbered(25));
    const first = await send('a.csv');
    expect(first).toMatchObject({ kind: 'delivery', request: 'POST /orders', rows: 25, requests: 25, deliveredBefore: 0 });
    expect(first.counts).toEqual({ in: 25, out: 25, deduplicated: 0, quarantined: 0 });
    expect(sentIds()).toEqual(Array.from({ length: 25 }, (_, index) => index + 1));
    expect(new Set(api.seen.map(keyOf)).size).toBe(25);
    expect(api.seen[0]).toMatchObject({ method: 'POST', path: '/v1/orders', headers: { 'content-type': 'application/json' } });
    const keys = new Set(api.seen.map(keyOf));
    api.seen.length = 0;
    expect(await send('a.csv')).toMatchObject({ rows: 25, deliveredBefore: 25, requests: 0 });
    expect(api.seen).toHaveLength(0);
    expect(await send('a.csv', {}, 2)).toMatchObject({ rows: 25, deliveredBefore: 0 });
    expect(api.seen.some((asked) => keys.has(keyOf(asked)))).toBe(false);
  });

  test('a row that changed after it was delivered is named, and sent again only as another generation', async () => {
    await put('c.csv', numbered(3));
    await send('c.csv');
    await put('c.csv', 'id,name\n1,n1\n2,other\n3,n3\n4,n4\n');
    api.seen.length = 0;
    expect(await send('c.csv')).toMatchObject({ rows: 4, deliveredBefore: 3, requests: 1 });
    expect(log.find(({ level }) => level === 'warn')?.message).toMatch(/1 rows were delivered before with other values/);
  });

  test('values are what they were, to the last digit', async () => {
    const pos = await rig.client('pos');
    await pos.query(
      `create table exact as select 9223372036854775807::int8 as id, 12345678901234567890.1234567890::numeric as n, 0.10::numeric(5,2) as d, 'NaN'::float8 as f, 1.5::float8 as g,
              'ü"\n' as t, null::text as nothing, true as ok, '{"a": 1.0}'::json as j, '\\x00ff'::bytea as b, date '2017-06-19' as day,
              timestamptz '2017-06-19 04:00:00.123456+02' as at, timestamp '2017-06-19 04:00:00' as local`,
    );
    const { postgres } = await import('../src/index.ts');
    const into = (exactNumbers: 'number' | 'text') => http('crm').put('/things/{id}', { idempotencyKey: ['id'], exactNumbers });
    await rig.runAll(() => exportTo('exact', { from: postgres('pos').table('exact'), into: into('number') }));
    expect(api.seen[0]?.path).toBe('/v1/things/9223372036854775807');
    expect(api.seen[0]?.body).toBe(
      '{"id":9223372036854775807,"n":12345678901234567890.1234567890,"d":0.10,"f":"nan","g":1.5,"t":"ü\\"\\n","nothing":null,"ok":true,"j":{"a": 1.0},"b":"AP8=","day":"2017-06-19","at":"2017-06-19T02:00:00.123456Z","local":"2017-06-19T04:00:00"}',
    );
    await rig.runAll(() => exportTo('exact_text', { from: postgres('pos').table('exact'), into: into('text') }));
    expect(api.seen[1]?.body).toMatch(/^\{"id":"9223372036854775807","n":"12345678901234567890\.1234567890","d":"0\.10"/);
  });

  test("several rows in a request, under members and names of one's own; the same batch has the same key", async () => {
    await put('b.csv', numbered(10));
    const options: Partial<DeliveryOptions> = { batch: 4, wrap: 'items', body: { externalId: 'id' }, concurrency: 1 };
    let broken = true;
    api.answer = ({ body }, response) => json(response, {}, { status: broken && body.includes('"externalId":5') ? 500 : 200 });
    await expect(send('b.csv', options)).rejects.toMatchObject({ code: 'HR_HTTP_STATUS', retryable: true });
    broken = false;
    const failed = api.seen.filter(({ body }) => body.includes('"externalId":5'));
    api.seen.length = 0;
    expect(await send('b.csv', options)).toMatchObject({ rows: 10, deliveredBefore: 4, requests: 2 });
    expect(api.seen.map(({ body }) => JSON.parse(body))).toEqual([
      { items: [5, 6, 7, 8].map((externalId) => ({ externalId })) },
      { items: [9, 10].map((externalId) => ({ externalId })) },
    ]);
    expect(new Set(failed.map(keyOf))).toEqual(new Set([keyOf(api.seen[0] as Asked)]));
  });

  test('a row that is refused fails the task, with what the API says; what was delivered stays delivered', async () => {
    await put('r.csv', numbered(10));
    rig.connections.crm = `${api.url}/v1?bearerToken=tok-hunter2`;
    api.answer = ({ body }, response) =>
      body.includes('"id":6,') ? json(response, { error: 'bad name tok-hunter2' }, { status: 422 }) : json(response, {});
    const failure = await send('r.csv', { concurrency: 1 }).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: 'HR_ROW_REFUSED',
      retryable: false,
      message: expect.stringMatching(/answers 422: .*bad name \*\*\*.*id = 6/),
    });
    expect(api.seen).toHaveLength(6);
    api.seen.length = 0;
    api.answer = (_asked, response) => json(response, {});
    expect(await send('r.csv')).toMatchObject({ rows: 10, deliveredBefore: 5, requests: 5 });
  });

  test('rows that are refused are kept aside and accounted for, and only they are sent again', async () => {
    await put('q.csv', numbered(10));
    api.answer = ({ body }, response) =>
      /"id":(3|7),/.test(body) ? json(response, { error: 'no such customer' }, { status: 422 }) : json(response, {});
    const result = await send('q.csv', { onRowError: 'quarantine' });
    expect(result.counts).toEqual({ in: 10, out: 8, deduplicated: 0, quarantined: 2 });
    expect(result.quarantine).toBe('_quarantine/rig/notify');
    const kept = await quarantined();
    expect(kept).toEqual([3, 7].map((id) => ({ reason: '422: {"error":"no such customer"}', raw: `{"id":${id},"name":"n${id}"}` })));
    api.seen.length = 0;
    api.answer = (_asked, response) => json(response, {});
    expect(await send('q.csv', { onRowError: 'quarantine' })).toMatchObject({ rows: 10, deliveredBefore: 8 });
    expect(sentIds()).toEqual([3, 7]);
    expect(await quarantined()).toEqual([]);
  });

  test('what is wrong with the login or the path ends the task, however rows that are refused are treated', async () => {
    await put('w.csv', numbered(50));
    for (const [status, code] of [
      [401, 'HR_LOGIN_REFUSED'],
      [403, 'HR_HTTP_FORBIDDEN'],
      [404, 'HR_HTTP_NOT_FOUND'],
      [405, 'HR_HTTP_STATUS'],
    ] as const) {
      api.seen.length = 0;
      api.answer = (_asked, response) => json(response, {}, { status });
      await expect(send('w.csv', { onRowError: 'quarantine', concurrency: 2 })).rejects.toMatchObject({ code, retryable: false });
      expect(api.seen.length).toBeLessThanOrEqual(2);
    }
  });

  test('an API that is busy, broken or still at work with the same key is asked again', async () => {
    await put('p.csv', numbered(6));
    const answers = [429, 503, 500, 409];
    const tried = new Map<string, number>();
    api.answer = (asked, response) => {
      const times = tried.get(keyOf(asked)) ?? 0;
      tried.set(keyOf(asked), times + 1);
      if (JSON.parse(asked.body).id === 6 && times === 0) return response.socket?.destroy();
      return json(response, {}, { status: times === 0 ? (answers[tried.size % answers.length] ?? 200) : 200 });
    };
    const result = await send('p.csv');
    expect(result.rows).toBe(6);
    expect([...tried.values()]).toEqual([2, 2, 2, 2, 2, 2]);
    expect(result.requests).toBe(12);
  });

  test('a delivery that is cancelled has written down what was delivered', async () => {
    await put('x.csv', numbered(20));
    const stop = new AbortController();
    api.answer = (_asked, response) => {
      if (api.seen.length === 8) stop.abort(new Error('cancelled'));
      else json(response, {});
    };
    const into = http('crm').post('/orders', { idempotencyKey: ['id'], concurrency: 1 });
    await expect(rig.runAll(() => exportTo('notify', { from: orders('x.csv'), into }), { signal: stop.signal })).rejects.toThrow(
      'cancelled',
    );
    const last = api.seen[7] as Asked;
    api.seen.length = 0;
    api.answer = (_asked, response) => json(response, {});
    expect(await send('x.csv')).toMatchObject({ rows: 20, deliveredBefore: 7, requests: 13 });
    // What was on its way is sent under the same key.
    expect(api.seen.map(keyOf)).toContain(keyOf(last));
  });

  test('a ledger of many files becomes one file, with all that was delivered', async () => {
    await put('l.csv', numbered(4000));
    const ledger = join(rig.folder, 'lake/_deliveries/rig/notify');
    const written = async (): Promise<number> =>
      (await readdir(ledger, { recursive: true }).catch(() => [])).filter((name) => name.endsWith('.ndjson')).length;
    // What comes while a file is written is in the next one: each request waits for the file of the one before.
    api.answer = async (_asked, response) => {
      const before = api.seen.length - 1;
      if (before > 0) await until('the file of the request before', async () => ((await written()) >= before ? true : undefined));
      json(response, {});
    };
    expect(await send('l.csv', { batch: 200, concurrency: 1 })).toMatchObject({ rows: 4000, requests: 20 });
    expect(await written()).toBe(1);
    expect(await send('l.csv', { batch: 200 })).toMatchObject({ rows: 4000, deliveredBefore: 4000, requests: 0 });
  });

  test('rows with the same key: alike they are one, otherwise nothing is sent', async () => {
    await put('d.csv', 'id,name\n1,a\n2,b\n1,a\n');
    expect((await send('d.csv')).counts).toEqual({ in: 3, out: 2, deduplicated: 1, quarantined: 0 });
    await put('e.csv', 'id,name\n1,a\n1,b\n');
    api.seen.length = 0;
    await expect(send('e.csv')).rejects.toMatchObject({ code: 'HR_DUPLICATE_KEY', message: expect.stringContaining('id = 1') });
    expect(api.seen).toHaveLength(0);
    await expect(send('d.csv', { idempotencyKey: ['ids'] })).rejects.toMatchObject({
      code: 'HR_COLUMN_NOT_FOUND',
      message: expect.stringContaining('did you mean "id"'),
    });
  });
});

describe('a process that dies while it delivers', () => {
  const script = fileURLToPath(new URL('./support/deliver-rows.ts', import.meta.url));
  const KILLS = Number(process.env.HEADRACE_TEST_KILLS ?? 4);

  test(
    'killed at any point and started again, an API that honours keys has each row exactly once',
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'headrace-delivery-'));
      const rows = Math.max(1000, KILLS * 150);
      await writeFile(join(folder, 'rows.csv'), `id,name\n${Array.from({ length: rows }, (_, index) => `${index},n${index}\n`).join('')}`);
      const ledgers = join(folder, 'lake/_deliveries/delivery/deliver');
      const store = new Map<string, number>();
      let killed = 0;
      let requests = 0;
      let killAt = 0;
      let child: ReturnType<typeof spawn> | undefined;
      const api = await startApi();
      api.answer = async (asked, response) => {
        requests += 1;
        // A part of the requests is refused for a passing reason, before or after the row is kept.
        const luck = Math.random();
        const dies = requests === killAt;
        // The last one dies when something of what was delivered is written down.
        if (dies && killed === KILLS - 1)
          await until('a ledger', async () =>
            (await readdir(ledgers, { recursive: true }).catch(() => [])).find((name) => name.endsWith('.ndjson')),
          );
        if (dies && luck < 0.5) child?.kill('SIGKILL');
        if (luck < 0.05) return json(response, {}, { status: 503 });
        store.set(keyOf(asked), JSON.parse(asked.body).id);
        if (dies) child?.kill('SIGKILL');
        await setTimeout(1);
        if (luck < 0.1) return response.socket?.destroy();
        return json(response, {});
      };
      try {
        let result: { readonly rows: number; readonly deliveredBefore: number } | undefined;
        while (result === undefined) {
          killAt = killed < KILLS ? requests + 10 + Math.floor(Math.random() * (rows / KILLS - 20)) : -1;
          child = spawn(process.execPath, [script, folder, `${api.url}/`, 'rows.csv'], { stdio: ['ignore', 'pipe', 'pipe'] });
          let [out, complaint] = ['', ''];
          child.stdout?.on('data', (text: Buffer) => (out += text.toString()));
          child.stderr?.on('data', (text: Buffer) => (complaint += text.toString()));
          const signal = await new Promise((ended) => child?.on('close', (code, by) => ended(by ?? code)));
          if (signal === 'SIGKILL') killed += 1;
          else if (signal === 0) result = JSON.parse(out);
          else throw new Error(complaint);
        }
        expect(killed).toBe(KILLS);
        expect(result.rows).toBe(rows);
        expect(result.deliveredBefore).toBeGreaterThan(0);
        expect([...store.values()].sort((a, b) => a - b)).toEqual(Array.from({ length: rows }, (_, index) => index));
        const [load = '', ...others] = await readdir(ledgers);
        expect(others).toEqual([]);
        expect((await readdir(join(ledgers, load))).length).toBeLessThanOrEqual(16);
      } finally {
        child?.kill('SIGKILL');
        await api.close();
        await rm(folder, { recursive: true, force: true });
      }
    },
    20_000 + KILLS * 10_000,
  );
});
