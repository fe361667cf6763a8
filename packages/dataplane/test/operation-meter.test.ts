import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { OperationProgress } from '@headrace/sdk';
import { describe, expect, test } from '@jest/globals';
import { withDuck } from '../src/duckdb.ts';
import { drainPipe, feedPipe, makePipe } from '../src/named-pipe.ts';
import { metered, OperationMeter } from '../src/operation-meter.ts';

function meter() {
  let now = 0;
  const told: OperationProgress[] = [];
  const made = new OperationMeter(
    (progress) => told.push(progress),
    () => now,
  );
  return {
    made,
    told,
    pass: (ms: number) => {
      now += ms;
    },
  };
}

describe('a meter of an operation', () => {
  test('tells at once what an executor says', () => {
    const { made, told } = meter();
    made.say({ phase: 'reading', rows: 1 });
    made.look({ rows: 7 });
    expect(told).toEqual([{ phase: 'reading', rows: 1 }]);
  });

  test('tells what the query has read when nobody says anything, and only news', () => {
    const { made, told, pass } = meter();
    made.look({ rows: 7, totalRows: 10 });
    pass(2_000);
    made.look(undefined);
    made.look({ rows: 7, totalRows: 10 });
    made.look({ rows: 7, totalRows: 10 });
    made.look({ rows: 9, totalRows: 10 });
    expect(told).toEqual([
      { phase: 'querying', rows: 7, totalRows: 10 },
      { phase: 'querying', rows: 9, totalRows: 10 },
    ]);
  });

  test('keeps what was said beside what it sees', () => {
    const { made, told, pass } = meter();
    made.say({ phase: 'writing', rows: 3, totalRows: 5 });
    const end = made.counting(() => 400);
    pass(2_000);
    made.look({ rows: 100 });
    end();
    made.counting(() => 50);
    made.look(undefined);
    expect(told.slice(1)).toEqual([
      { phase: 'writing', rows: 3, totalRows: 5, bytes: 400 },
      { phase: 'writing', rows: 3, totalRows: 5, bytes: 450 },
    ]);
  });

  test('adds the totals that a source told of, unless they are passed already', () => {
    const { made, told } = meter();
    made.expect({ rows: 10 });
    made.say({ phase: 'reading', rows: 4, bytes: 7 });
    made.say({ phase: 'reading', rows: 11 });
    made.say({ phase: 'reading', rows: 4, totalRows: 5 });
    expect(told).toEqual([
      { phase: 'reading', rows: 4, bytes: 7, totalRows: 10 },
      { phase: 'reading', rows: 11 },
      { phase: 'reading', rows: 4, totalRows: 5 },
    ]);
  });

  test('counts the bytes of pipes in both directions', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'headrace-meter-'));
    const { made, told, pass } = meter();
    try {
      await withDuck(folder, new AbortController().signal, { memoryLimit: '100MB', threads: 1 }, (duck) =>
        metered(
          made,
          () => duck.progress(),
          async () => {
            const into = await makePipe(folder, 'in');
            const rows = Array.from({ length: 1_000 }, (_, index) => `${index},x\n`);
            const bytesIn = rows.join('').length;
            const count = await feedPipe(
              into,
              Readable.from(rows),
              duck.count(`select count(*) from read_csv('${into}', header = false, columns = {a: 'int', b: 'text'})`),
            );
            expect(count).toBe(1_000);
            pass(2_000);
            made.look(undefined);
            expect(told).toEqual([{ phase: 'moving rows', bytes: bytesIn }]);
            const out = await makePipe(folder, 'out');
            const written = await text(
              drainPipe(out, duck.run(`copy (select 1 as a from range(100)) to '${out}' (format csv, header false)`)),
            );
            made.look(undefined);
            expect(told[1]).toEqual({ phase: 'moving rows', bytes: bytesIn + written.length });
          },
        ),
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
