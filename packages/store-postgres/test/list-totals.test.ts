/** What a page says of the length of its list, which may have been counted a moment ago. */
import { beforeEach, expect, test } from '@jest/globals';
import type { Queryable } from '../src/database.ts';
import { Conditions } from '../src/queries/conditions.ts';
import { type ListQuery, list } from '../src/queries/list.ts';

interface Row {
  readonly id: number;
}

const ROWS: ListQuery<Row, number> = {
  columns: 't.id',
  from: 'numbers t',
  order: { id: { neverNull: 't.id' } },
  key: 't.id',
  item: ({ id }) => id,
};

let length: number;
let counts: number;
let db: Queryable;

/** A table of the numbers from 0, and how often it was counted. */
beforeEach(() => {
  length = 2_000;
  counts = 0;
  db = {
    query: async ({ text }: { text: string }) => {
      const [limit, offset] = [/limit (\d+)/, /offset (\d+)/].map((number) => Number(number.exec(text)?.[1] ?? 0)) as [number, number];
      if (!text.includes('count(*)')) {
        const rows = Math.max(0, Math.min(limit, length - offset));
        return { rows: Array.from({ length: rows }, (_, index) => ({ id: offset + index })) };
      }
      counts++;
      return { rows: [{ total: String(Math.min(limit, length)) }] };
    },
  } as unknown as Queryable;
});

const page = (offset: number) => list(db, ROWS, new Conditions(), { limit: 50, offset });

test('a long list is counted once for pages that are asked for in a moment', async () => {
  for (const offset of [0, 50, 1_000]) expect((await page(offset)).total).toBe(2_000);
  expect(counts).toBe(1);
});

test('a list that has grown since it was counted is longer than the end of a page that is not its last', async () => {
  await page(0);
  length = 2_100;
  expect((await page(2_000)).total).toBe(2_051);
  expect((await page(2_050)).total).toBe(2_100);
});

test('a list that was emptied since it was counted ends where no row comes', async () => {
  await page(0);
  length = 10;
  expect((await page(0)).total).toBe(10);
  expect((await page(50)).total).toBe(50);
});

test('a list of millions says that it is longer than where counting ended', async () => {
  length = 3_000_000;
  expect(await page(100)).toMatchObject({ total: 10_150, totalIsExact: false });
  expect(await page(0)).toMatchObject({ total: 10_050, totalIsExact: false });
  expect(counts).toBe(1);
});
