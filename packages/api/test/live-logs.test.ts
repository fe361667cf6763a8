import { Readable } from 'node:stream';
import type { TaskInstanceRecord } from '@headrace/ports';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { buildApi } from '../src/index.ts';
import { authorization, createFixture } from './support/fixture.ts';

interface Received {
  readonly id?: string;
  readonly event?: string;
  readonly data?: unknown;
}

const live = (run: string, task: string, tryNumber: number) =>
  `/headrace/v1/dags/sales/dagRuns/${run}/taskInstances/${task}/-1/logs/${tryNumber}/live`;
const key = 'logs/live/extract/1';
async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}

const lineOf = (message: string) => `${JSON.stringify({ ts: '2024-01-02T03:04:05Z', level: 'info', stream: 'task', message })}\n`;

describe('the log of an attempt that runs', () => {
  let fixture: ReturnType<typeof createFixture>;
  let app: FastifyInstance;
  let address: string;
  /** What the store says of the running task. */
  let change: Partial<TaskInstanceRecord> = {};
  beforeEach(async () => {
    fixture = createFixture();
    change = {};
    const { queries } = fixture.deps;
    const changed = (one: TaskInstanceRecord): TaskInstanceRecord => (one.taskInstanceId === '4' ? { ...one, ...change } : one);
    app = await buildApi({
      ...fixture.deps,
      queries: {
        ...queries,
        taskInstance: async (...asked) => {
          const found = await queries.taskInstance(...asked);
          return found && changed(found);
        },
        tries: async (id) => (await queries.tries(id)).map(changed),
      },
    });
    address = await app.listen({ host: '127.0.0.1', port: 0 });
  });
  afterEach(() => app.close());

  /** Each event as it comes. */
  async function* follow(url: string, lastId?: string): AsyncGenerator<Received> {
    const response = await fetch(`${address}${url}`, {
      headers: { authorization, ...(lastId === undefined ? {} : { 'last-event-id': lastId }) },
    });
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    let text = '';
    for await (const piece of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += piece;
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const fields = Object.fromEntries(
          text
            .slice(0, end)
            .split('\n')
            .map((line) => line.split(/: (.*)/s).slice(0, 2)),
        );
        text = text.slice(end + 2);
        if (fields.data !== undefined) yield { ...fields, data: JSON.parse(fields.data) };
      }
    }
  }

  async function next(events: AsyncGenerator<Received>): Promise<Received> {
    const { value } = await events.next();
    return value;
  }

  test('comes line by line, each once and whole, and ends with the state of the attempt', async () => {
    const events = follow(live('r2', 'extract', 1));
    expect(await next(events)).toMatchObject({ event: 'line', data: { event: 'begun' } });
    fixture.objects.set(key, `${fixture.objects.get(key)}4:06Z","level":"info","message":"gr\u00fc\u00dfe \u20ac"}\n`);
    expect(await next(events)).toMatchObject({ event: 'line', data: { event: 'grüße €' } });
    fixture.objects.set(key, `${fixture.objects.get(key)}${lineOf('last words')}`);
    change = { status: 'failed', logKey: key, endedAt: 1 };
    expect(await next(events)).toMatchObject({ event: 'line', data: { event: 'last words' } });
    expect(await next(events)).toMatchObject({ event: 'end', data: { state: 'failed', try_number: 1 } });
    expect((await events.next()).done).toBe(true);
  });

  test('goes on after the last event that was received', async () => {
    fixture.objects.set(key, ['one', 'two', 'three'].map(lineOf).join(''));
    change = { status: 'success', logKey: key, endedAt: 1 };
    const every = await all(follow(live('r2', 'extract', 1)));
    expect(every.map(({ event }) => event)).toEqual(['line', 'line', 'line', 'end']);
    const rest = await all(follow(live('r2', 'extract', 1), every[1]?.id));
    expect(rest).toEqual(every.slice(2));
    expect(await all(follow(live('r2', 'extract', 1), every[3]?.id))).toEqual(every.slice(3));
  });

  test('says of a task that never ran why it has no log', async () => {
    expect(await all(follow(live('r1', 'publish', 1)))).toMatchObject([
      { event: 'line', data: { event: 'The task did not run: it is upstream_failed (upstream failed)' } },
      { event: 'end', data: { state: 'upstream_failed' } },
    ]);
  });

  test('does not keep the API from stopping', async () => {
    const events = follow(live('r2', 'extract', 1));
    await next(events);
    await app.close();
    await expect(events.next()).resolves.toMatchObject({ done: true });
  });

  test('is refused where it cannot be', async () => {
    const ask = async (url: string, headers: Record<string, string> = {}) =>
      (await app.inject({ url, headers: { authorization, ...headers } })).json().code;
    expect(await ask(live('r2', 'extract', 2))).toBe('HR_TRY_NOT_FOUND');
    expect(await ask(live('r2', 'nothing', 1))).toBe('HR_TASK_INSTANCE_NOT_FOUND');
    expect(await ask(live('r2', 'extract', 1), { 'last-event-id': 'x' })).toBe('HR_INVALID_REQUEST');
    expect((await app.inject({ url: live('r2', 'extract', 1) })).statusCode).toBe(401);
  });
});

describe('search in the logs of a run', () => {
  let fixture: ReturnType<typeof createFixture>;
  let app: FastifyInstance;
  beforeEach(async () => {
    fixture = createFixture();
    app = await buildApi(fixture.deps);
  });
  afterEach(() => app.close());

  async function search(query: Record<string, string | number>, run = 'r1') {
    const found = new URLSearchParams(Object.fromEntries(Object.entries(query).map(([name, value]) => [name, String(value)])));
    const answer = await app.inject({ url: `/headrace/v1/dags/sales/dagRuns/${run}/logs/search?${found}`, headers: { authorization } });
    return answer.json();
  }

  function logOf(lines: readonly { ts?: string; level?: string; message: string; fields?: object }[]): string {
    return lines.map((line) => `${JSON.stringify({ ts: '2024-01-02T03:04:05Z', level: 'info', stream: 'task', ...line })}\n`).join('');
  }

  test('finds text in messages and fields, in any case and script, in all tries of all tasks', async () => {
    fixture.objects.set('logs/1', logOf([{ message: 'It FAILED: "Größe" of a\\b' }, { message: 'x', fields: { why: 'has failed' } }]));
    fixture.objects.set('logs/live/transform/1', logOf([{ message: 'first failed' }]));
    fixture.objects.set('logs/live/transform/3', logOf([{ message: 'stream ts level' }, { message: 'third failed' }]));
    const { matches, cut, next_cursor, scanned_logs } = await search({ text: 'Failed' });
    expect(matches.map((one: { task_id: string; try_number: number; event: string }) => [one.task_id, one.try_number, one.event])).toEqual([
      ['extract', 1, 'It FAILED: "Größe" of a\\b'],
      ['extract', 1, 'x'],
      ['extract', 2, 'It FAILED: "Größe" of a\\b'],
      ['extract', 2, 'x'],
      ['transform', 1, 'first failed'],
      ['transform', 3, 'third failed'],
    ]);
    expect({ cut, next_cursor, scanned_logs }).toEqual({ cut: null, next_cursor: null, scanned_logs: 5 });
    expect((await search({ text: '"grÖSSE"' })).matches).toHaveLength(0);
    expect((await search({ text: '"grÖße" of A\\B', try_number: 2 })).matches).toHaveLength(1);
    // What only describes a line is not its text.
    expect((await search({ text: 'stream', task_id: 'transform' })).matches).toHaveLength(1);
  });

  test('by level and time', async () => {
    fixture.objects.set(
      'logs/live/extract/1',
      logOf([
        { message: 'a', level: 'debug', ts: '2024-01-01T00:00:00Z' },
        { message: 'b', level: 'warn', ts: '2024-01-02T00:00:00Z' },
        { message: 'c', level: 'error', ts: '2024-01-03T00:00:00Z' },
      ]),
    );
    const events = async (query: Record<string, string>) =>
      (await search(query, 'r2')).matches.map(({ event }: { event: string }) => event).join('');
    expect(await events({ level: 'warn' })).toBe('bc');
    expect(await events({ timestamp_gte: '2024-01-02T00:00:00Z', timestamp_lte: '2024-01-02T12:00:00Z' })).toBe('b');
    expect(await events({})).toBe('abc');
  });

  test('goes on from where an answer stopped, with nothing twice and nothing left out', async () => {
    fixture.objects.set('logs/1', logOf(Array.from({ length: 25 }, (_, index) => ({ message: `hit ${index} ü` }))));
    const found: string[] = [];
    let pages = 0;
    for (let cursor: string | null = ''; cursor !== null; pages++) {
      const answer: { matches: { event: string; try_number: number }[]; next_cursor: string | null; cut: string | null } = await search({
        text: 'hit',
        limit: 7,
        ...(cursor === '' ? {} : { cursor }),
      });
      found.push(...answer.matches.map(({ event, try_number }) => `${try_number} ${event}`));
      expect(answer.cut).toBe(answer.next_cursor === null ? null : 'matches');
      cursor = answer.next_cursor;
    }
    expect(found).toHaveLength(50);
    expect(new Set(found).size).toBe(50);
    expect(pages).toBe(8);
  });

  test('reads no more than its bound in one answer, and says so', async () => {
    const line = `${JSON.stringify({ ts: '2024-01-02T03:04:05Z', level: 'info', stream: 'task', message: 'x'.repeat(1_000) })}\n`;
    const log = Buffer.from(line.repeat(70_000) + logOf([{ message: 'needle' }]));
    await app.close();
    app = await buildApi({
      ...fixture.deps,
      objects: {
        head: async () => ({ size: log.length, modifiedAt: 0 }),
        get: async (_, range) => Readable.from([log.subarray(range?.start, range?.end)]),
      },
    });
    const first = await search({ text: 'needle' }, 'r2');
    expect(first).toMatchObject({ matches: [], cut: expect.stringMatching(/bytes|time/) });
    expect(first.scanned_bytes).toBeLessThanOrEqual(66 * 1_048_576);
    let answer = first;
    for (let tries = 0; answer.next_cursor !== null && tries < 20; tries++)
      answer = await search({ text: 'needle', cursor: answer.next_cursor }, 'r2');
    expect(answer.matches).toMatchObject([{ event: 'needle' }]);
  });

  test('takes no cursor of others', async () => {
    expect(await search({ cursor: 'bm9uZQ' })).toMatchObject({ code: 'HR_INVALID_REQUEST' });
    expect(await search({}, 'r9')).toMatchObject({ code: 'HR_RUN_NOT_FOUND' });
  });
});
