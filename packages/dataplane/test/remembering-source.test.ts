/** A source that remembers by a position of its own, and a home that keeps it, without any system behind them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CursorMove, CursorState, OperationRequest, Source, TableResult } from '@headrace/sdk';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createExecutors, mayMove, type ReadOptions, type TargetConnector } from '../src/index.ts';

/** Lines of a log, of which each read gives those after its position. */
const lines = ['a', 'b', 'c', 'd'];
let available = 2;
let asked: (ReadOptions | undefined)[] = [];
let held: { state: CursorState; loadId?: string } | undefined;
let loads: { readonly loadId: string; readonly cursor: CursorMove | undefined; readonly rows: readonly string[] }[] = [];
let folder: string;

const target: TargetConnector = {
  dispositions: ['append', 'replace'],
  cursors: {
    read: async () => held?.state,
    list: async () => [],
    set: async (_, __, state) => {
      held = state && { state };
    },
  },
  async write({ rows, loadId, cursor, target: place }, work): Promise<TableResult> {
    if (cursor !== undefined && mayMove(held, cursor, loadId, 'here')) held = { state: cursor.after, loadId };
    const found = await work.duck.rows(rows.relation.select);
    loads.push({ loadId, cursor, rows: found.map(({ line }) => line ?? 'null') });
    const counts = rows.counts;
    const changes = { inserted: counts.out, updated: 0, deleted: 0, unchanged: 0 };
    return {
      kind: 'table',
      connection: place.connection,
      table: 't',
      loadId,
      rows: counts.out,
      counts,
      ...changes,
      columns: [],
      checks: [],
    };
  },
};

const executors = createExecutors({
  sources: {
    log: {
      async open(_, __, options) {
        asked.push(options);
        const { offset = 0 } = (options?.position ?? {}) as { offset?: number };
        const end = available;
        const values = lines.slice(offset, end).map((line) => `('${line}')`);
        const select = values.length === 0 ? `select '' as line where false` : `select line from (values ${values.join(', ')}) t(line)`;
        return { select, columns: [{ name: 'line', type: 'text' }], position: async () => ({ offset: end }) };
      },
    },
  },
  targets: { log: target },
  openRoot: () => Promise.reject(new Error('there are no files')),
});

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headrace-position-'));
  [available, asked, held, loads] = [2, [], undefined, []];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function load(mapIndex = -1): Promise<TableResult> {
  const source: Source = { connector: 'log', connection: 'log', kind: 'log', settings: {}, remembers: true };
  const place = { connector: 'log', connection: 'log', kind: 'table', settings: { name: 't' } };
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const start = new Date('2024-03-01T00:00:00Z');
  const request: OperationRequest = {
    operation: { source, target: place, partition: {}, disposition: 'append', checks: [] },
    inputs: {},
    fence: { taskInstanceId: '1', attempt: 1, attemptId: 'x' },
    scratch: await mkdtemp(join(folder, 'scratch-')),
    context: {
      dagId: 'dag',
      runId: 'run',
      taskId: 'load',
      mapIndex,
      attempt: 1,
      maxTries: 1,
      params: {},
      logicalDate: start,
      // An interval chooses nothing from a position.
      interval: { start, end: new Date('2024-03-02T00:00:00Z'), day: '2024-03-01', hour: '2024-03-01T00' },
      log,
      signal: new AbortController().signal,
      connection: (id) => ({ id, url: 'log:' }),
    },
  };
  return (await executors.load(request)) as TableResult;
}

test('is given back what it gave, and each row is loaded once', async () => {
  await load();
  expect(held?.state).toEqual({ position: { offset: 2 } });
  available = 3;
  await load();
  await load();
  available = 4;
  await load();
  expect(asked.map((options) => options?.position)).toEqual([undefined, { offset: 2 }, { offset: 3 }, { offset: 3 }]);
  expect(loads.map(({ rows }) => rows)).toEqual([['a', 'b'], ['c'], [], ['d']]);
  expect(loads.map(({ cursor }) => cursor?.name)).toEqual(Array.from({ length: 4 }, () => 'dag.load'));
});

test('begins anew when its cursor is reset', async () => {
  await load();
  held = undefined;
  await load();
  expect(loads.map(({ rows }) => rows)).toEqual([
    ['a', 'b'],
    ['a', 'b'],
  ]);
  const [first, second] = loads;
  // Both began at the beginning: the same load, which a table takes once.
  expect(first?.loadId).toBe(second?.loadId);
});

test('has a cursor for each instance of a mapped task', async () => {
  await load(0);
  held = undefined;
  await load(3);
  expect(loads.map(({ cursor }) => cursor?.name)).toEqual(['dag.load[0]', 'dag.load[3]']);
});
