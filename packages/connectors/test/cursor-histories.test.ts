/** Random histories of a source and of attempts that die, against a model: what was loaded is what the source had when it was read. */
import { type CursorOptions, type DataInterval, type Disposition, extract, load, type PackageResult, type Target } from '@headrace/sdk';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type pg from 'pg';
import { lake, postgres } from '../src/index.ts';
import { createRig, type Rig, tasksOf } from './support/rig.ts';

const HISTORIES = Number(process.env.HEADRACE_CURSOR_HISTORIES ?? 20);
const START = Date.parse('2024-03-10T06:00:00Z');
const OPEN: DataInterval = { start: new Date(START), end: new Date(START), day: '2024-03-10', hour: '2024-03-10T06' };
/** Minutes. */
const LAG = 30;

type Step =
  /** Rows so many minutes after the latest one; some come late, some twice. */
  | { readonly kind: 'rows'; readonly minutes: readonly number[] }
  | { readonly kind: 'run' }
  /** The extract is made again before its load. */
  | { readonly kind: 'read twice'; readonly minutes: readonly number[] }
  /** The load dies after so many milliseconds, and is tried again. */
  | { readonly kind: 'die loading'; readonly after: number }
  | { readonly kind: 'die reading'; readonly after: number }
  /** A load that was done is run again with the same package. */
  | { readonly kind: 'load again' }
  /** A package that nobody loaded, and that others have overtaken. */
  | { readonly kind: 'stale' };

const minutes = fc.array(fc.integer({ min: -LAG, max: 20 }), { maxLength: 6 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('rows' as const), minutes }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'run' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('read twice' as const), minutes }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('die loading' as const), after: fc.integer({ min: 0, max: 70 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('die reading' as const), after: fc.integer({ min: 0, max: 70 }) }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'load again' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'stale' as const }) },
);

let rig: Rig;
let pos: pg.Client;
let reporting: pg.Client;
let names = 0;

beforeAll(async () => {
  rig = await createRig();
  pos = await rig.client('pos');
  reporting = await rig.client('reporting');
}, 60_000);
afterAll(() => rig.close());

interface Case {
  readonly name: string;
  readonly disposition: Disposition;
  readonly into: (table: string) => Target;
  readonly rows: (table: string) => Promise<readonly string[]>;
}

const sorted = (rows: readonly { readonly row: string }[]): readonly string[] => rows.map(({ row }) => row).sort();
const ROW = `id || ' ' || to_char(at at time zone 'UTC', 'HH24:MI:SS.US') as row`;

const cases: readonly Case[] = [
  {
    name: 'appended to PostgreSQL',
    disposition: 'append',
    into: (table) => postgres('reporting').table(`${table}.rows`),
    rows: async (table) => sorted((await reporting.query<{ row: string }>(`select ${ROW} from ${table}.rows`)).rows),
  },
  {
    name: 'merged into PostgreSQL',
    disposition: { merge: ['id'] },
    into: (table) => postgres('reporting').table(`${table}.rows`),
    rows: async (table) => sorted((await reporting.query<{ row: string }>(`select ${ROW} from ${table}.rows`)).rows),
  },
  {
    name: 'appended to a lake',
    disposition: 'append',
    into: (table) => lake('lake').table(table),
    async rows(table) {
      await reporting.query(`drop table if exists shown_${table}`);
      await rig.runAll(() =>
        load('show', { from: lake('lake').table(table), into: postgres('reporting').table(`shown_${table}`), disposition: 'replace' }),
      );
      return sorted((await reporting.query<{ row: string }>(`select ${ROW} from shown_${table}`)).rows);
    },
  },
];

describe.each(cases)('rows $name', ({ disposition, into, rows }) => {
  test(
    'are those of the source, whatever died on the way',
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 9 }), async (steps) => {
          const history = await begin(disposition, into);
          for (const each of steps) await history.take(each);
          await history.take({ kind: 'run' });
          expect(await rows(history.table)).toEqual(await history.expected());
        }),
        { numRuns: Math.max(1, Math.round(HISTORIES / cases.length)), endOnFailure: true },
      );
    },
    HISTORIES * 20_000,
  );
});

async function begin(disposition: Disposition, into: Case['into']) {
  names += 1;
  const table = `history_${names}`;
  await pos.query(`create table ${table} (id int8, at timestamptz)`);
  const keyed = typeof disposition === 'object';
  const cursor: CursorOptions = { column: 'at', lag: `${LAG} minutes` };
  const tasks = tasksOf(() => {
    const read = extract('read', { from: postgres('pos').table(table), cursor });
    load('put', { from: read, into: into(table), disposition });
  });
  const [read, put] = [tasks.get('read'), tasks.get('put')];
  if (!read || !put) throw new TypeError('No tasks');
  let latest = START;
  let id = 0;
  let attempt = 0;
  let last: PackageResult | undefined;
  let stale: PackageResult | undefined;

  const reading = (signal?: AbortSignal) => {
    attempt += 1;
    return rig.run(read, { interval: OPEN, attempt, ...(signal ? { signal } : {}) }) as Promise<PackageResult>;
  };
  const putting = (from: PackageResult, signal?: AbortSignal) => {
    attempt += 1;
    return rig.run(put, { interval: OPEN, attempt, inputs: { from }, ...(signal ? { signal } : {}) });
  };
  /** Late rows lie within the lag of the latest row that may have been loaded. */
  const insert = async (offsets: readonly number[]): Promise<void> => {
    const newest = latest;
    for (const offset of offsets) {
      const at = newest + offset * 60_000;
      // An appended row may be there twice, as it is; a merged one is known by its id.
      id += keyed || offset % 3 !== 0 ? 1 : 0;
      await pos.query(`insert into ${table} values ($1, $2)`, [id, new Date(at)]);
      latest = Math.max(latest, at);
    }
  };
  const dying = async (after: number, use: (signal: AbortSignal) => Promise<unknown>): Promise<void> => {
    const killed = new AbortController();
    const timer = setTimeout(() => killed.abort(new Error('killed')), after);
    await use(killed.signal).catch((error: unknown) => {
      if (!killed.signal.aborted) throw error;
    });
    clearTimeout(timer);
  };
  const loaded = async (rows: PackageResult): Promise<void> => {
    await putting(rows);
    last = rows;
  };

  return {
    table,
    async take(each: Step): Promise<void> {
      switch (each.kind) {
        case 'rows':
          return insert(each.minutes);
        case 'run':
          return loaded(await reading());
        case 'read twice':
          await reading();
          await insert(each.minutes);
          return loaded(await reading());
        case 'die loading': {
          const rows = await reading();
          await dying(each.after, (signal) => putting(rows, signal));
          return loaded(rows);
        }
        case 'die reading':
          await dying(each.after, reading);
          return loaded(await reading());
        case 'load again':
          if (last) await putting(last);
          return;
        case 'stale': {
          const rows = stale;
          // It is refused, unless nobody has moved the cursor since it was read: never rows from before.
          const refused = await (rows ? loaded(rows) : Promise.resolve()).catch((error: { code?: unknown }) => error.code);
          expect([undefined, 'HR_CURSOR_MOVED']).toContain(refused);
          stale = await reading();
          return;
        }
      }
    },
    async expected(): Promise<readonly string[]> {
      return sorted((await pos.query<{ row: string }>(`select ${ROW} from ${table}`)).rows);
    },
  };
}
