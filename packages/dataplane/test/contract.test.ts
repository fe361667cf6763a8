/** What a schema contract makes of rows and a table, mode by mode, and the tables it rests on. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Column, ColumnType, SchemaContract } from '@headrace/sdk';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { storageType, textExpression } from '../src/column-types.ts';
import { castOf } from '../src/contract/casts.ts';
import { decideContract } from '../src/contract/decide.ts';
import { nameColumns } from '../src/contract/naming.ts';
import { widened } from '../src/contract/widening.ts';
import { DEFAULT_LIMITS, DuckSession, literal } from '../src/duckdb.ts';
import { isOwnColumn } from '../src/own-columns.ts';

const columns = (given: Readonly<Record<string, ColumnType>>): readonly Column[] =>
  Object.entries(given).map(([name, type]) => ({ name, type }));

function decide(
  rows: Readonly<Record<string, ColumnType>>,
  held: Readonly<Record<string, ColumnType>> | undefined,
  contract?: SchemaContract,
  more: { readonly approved?: boolean; readonly theirs?: boolean; readonly redefines?: boolean } = {},
) {
  return decideContract({
    table: 'sales',
    rows: columns(rows),
    held: held && columns(held),
    contract,
    theirs: false,
    redefines: false,
    isOwn: isOwnColumn,
    ...more,
  });
}

describe('the widening table', () => {
  test.each<[ColumnType, ColumnType, ColumnType | undefined]>([
    ['int2', 'int4', 'int4'],
    ['int4', 'int8', 'int8'],
    ['int8', 'int4', 'int8'],
    ['int8', 'decimal(10,2)', 'decimal(21,2)'],
    ['int8', 'numeric', 'numeric'],
    ['decimal(10,2)', 'decimal(12,2)', 'decimal(12,2)'],
    ['decimal(10,2)', 'decimal(10,5)', 'decimal(13,5)'],
    ['decimal(38,0)', 'decimal(38,10)', 'numeric'],
    ['decimal(38,10)', 'numeric', 'numeric'],
    ['float4', 'float8', 'float8'],
    ['int4', 'float8', 'float8'],
    ['int8', 'float8', undefined],
    ['numeric', 'float8', undefined],
    ['date', 'timestamp', 'timestamp'],
    ['timestamp', 'timestamptz', undefined],
    ['int8', 'text', undefined],
    ['boolean', 'int8', undefined],
    ['int4[]', 'int8[]', 'int8[]'],
    ['int4[]', 'int8', undefined],
  ])('%s and %s have %s in common', (table, rows, both) => {
    expect(widened(table, rows)).toBe(both);
  });

  test('ends in text only where that is asked for', () => {
    expect(widened('int8', 'text', true)).toBe('text');
    expect(widened('timestamp', 'timestamptz', true)).toBe('text');
    expect(widened('bytes', 'text', true)).toBeUndefined();
  });
});

describe('a contract', () => {
  test('that says nothing lets tables and columns evolve, and no type', () => {
    expect(decide({ id: 'int8' }, undefined)).toMatchObject({ refused: [], drift: [{ change: 'table_added', action: 'evolve' }] });
    expect(decide({ id: 'int8', fresh: 'text' }, { id: 'int8' })).toMatchObject({
      add: [{ name: 'fresh', type: 'text' }],
      drift: [{ change: 'column_added', column: 'fresh', to: 'text', action: 'evolve' }],
    });
    const wider = decide({ id: 'int8' }, { id: 'int4' });
    expect(wider).toMatchObject({ widen: [], refused: [], columns: [{ column: { name: 'id', type: 'int4' }, misfit: 'fail' }] });
  });

  test('casts narrower rows without a word', () => {
    expect(decide({ id: 'int2', a: 'decimal(4,2)' }, { id: 'int8', a: 'decimal(10,2)' }, 'freeze')).toEqual({
      columns: [
        { column: { name: 'id', type: 'int8' }, from: 'int2' },
        { column: { name: 'a', type: 'decimal(10,2)' }, from: 'decimal(4,2)' },
      ],
      leftOut: [],
      add: [],
      widen: [],
      drift: [],
      refused: [],
      discardAll: false,
    });
  });

  test('evolve widens by the table, never narrows, and refuses what has no wider type', () => {
    expect(decide({ id: 'int8' }, { id: 'int4' }, 'evolve')).toMatchObject({
      widen: [{ name: 'id', type: 'int8' }],
      drift: [{ change: 'type_widened', from: 'int4', to: 'int8', action: 'evolve' }],
    });
    expect(decide({ at: 'timestamptz' }, { at: 'date' }, 'evolve').refused).toEqual([
      'column "at" is date in sales and timestamptz in the rows',
    ]);
    expect(decide({ at: 'timestamptz' }, { at: 'date' }, { types: 'evolve', widenToText: true }).widen).toEqual([
      { name: 'at', type: 'text' },
    ]);
  });

  test('freeze refuses tables, columns and types, each by name', () => {
    expect(decide({ id: 'int8' }, undefined, 'freeze').refused).toHaveLength(1);
    expect(decide({ id: 'int8', fresh: 'text' }, { id: 'int4' }, 'freeze').refused).toEqual([
      'column "id" is int4 in sales and int8 in the rows',
      'the rows have a column "fresh" (text) that sales has not',
    ]);
  });

  test('discard_row and discard_value keep the table, and say what goes', () => {
    for (const mode of ['discard_row', 'discard_value'] as const) {
      expect(decide({ id: 'int8', fresh: 'text' }, { id: 'int4' }, mode)).toMatchObject({
        add: [],
        widen: [],
        refused: [],
        columns: [{ column: { name: 'id', type: 'int4' }, misfit: mode }],
        leftOut: [{ column: { name: 'fresh' }, misfit: mode }],
      });
      expect(decide({ id: 'int8' }, undefined, mode).discardAll).toBe(true);
    }
  });

  test('hold waits, and is evolve once it is approved', () => {
    expect(decide({ id: 'int8', fresh: 'text' }, { id: 'int4' }, 'hold').drift.map(({ action }) => action)).toEqual(['hold', 'hold']);
    expect(decide({ id: 'int8', fresh: 'text' }, { id: 'int4' }, 'hold', { approved: true })).toMatchObject({
      add: [{ name: 'fresh' }],
      widen: [{ name: 'id', type: 'int8' }],
      drift: [{ action: 'approved' }, { action: 'approved' }],
    });
  });

  test('leaves columns of ours alone, and notes those that are missing', () => {
    expect(decide({ id: 'int8' }, { id: 'int8', _headrace_load_id: 'text', old: 'date' }).drift).toEqual([
      { table: 'sales', change: 'column_missing', column: 'old', from: 'date', action: 'kept' },
    ]);
  });

  test('gives the table of somebody else no column', () => {
    expect(decide({ id: 'int8', fresh: 'text' }, { id: 'int8' }, undefined, { theirs: true })).toMatchObject({
      add: [],
      columns: [{}, { column: { name: 'fresh' } }],
      drift: [{ action: 'kept' }],
    });
  });

  test('lets a table that is replaced be another, unless it is frozen', () => {
    const rows = { id: 'text' } as const;
    const held = { id: 'int8', old: 'date' } as const;
    expect(decide(rows, held, undefined, { redefines: true })).toMatchObject({
      columns: [{ column: { name: 'id', type: 'text' } }],
      drift: [{ change: 'type_changed' }, { change: 'column_missing', action: 'evolve' }],
    });
    expect(decide(rows, held, 'freeze', { redefines: true }).refused).toHaveLength(1);
    expect(decide({ id: 'int8' }, held, { columns: 'freeze' }, { redefines: true }).columns[1]).toEqual({
      column: { name: 'old', type: 'date' },
      from: undefined,
    });
  });
});

describe('a cast', () => {
  let duck: DuckSession;
  let scratch: string;
  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'headrace-casts-'));
    duck = await DuckSession.open(scratch, new AbortController().signal, DEFAULT_LIMITS);
  });
  afterAll(async () => {
    duck.close();
    await rm(scratch, { recursive: true, force: true });
  });

  /** What becomes of a value, given as the text of its type: the new text, or nothing where it does not fit. */
  async function cast(text: string, from: ColumnType, to: ColumnType): Promise<string | null | undefined> {
    const made = castOf('x', from, to);
    if (!made) return undefined;
    const query = `select case when ${made.fits} then ${textExpression(made.expression, to)} end as y from (select cast(${literal(text)} as ${storageType(from)}) as x)`;
    return (await duck.rows(query))[0]?.y ?? null;
  }

  test.each<[string, ColumnType, ColumnType, string | null | undefined]>([
    ['32767', 'int8', 'int2', '32767'],
    ['32768', 'int8', 'int2', null],
    ['12.00', 'decimal(10,2)', 'int4', '12'],
    ['12.01', 'decimal(10,2)', 'int4', null],
    ['100', 'decimal(10,0)', 'int4', '100'],
    ['1.230', 'decimal(10,3)', 'decimal(10,2)', '1.23'],
    ['1.239', 'decimal(10,3)', 'decimal(10,2)', null],
    ['99999999999999999999999999999999999999', 'decimal(38,0)', 'decimal(38,10)', null],
    ['-0.0000000001', 'decimal(38,10)', 'decimal(38,0)', null],
    ['1234567890123456789012345678901234567890.5', 'numeric', 'decimal(38,2)', null],
    ['12.5', 'numeric', 'decimal(38,2)', '12.50'],
    ['NaN', 'numeric', 'decimal(38,2)', null],
    ['1.5', 'float8', 'int4', null],
    ['2.0', 'float8', 'int4', '2'],
    ['NaN', 'float8', 'int4', null],
    ['1e300', 'float8', 'float4', null],
    ['0.1', 'float8', 'float4', null],
    ['0.5', 'float8', 'float4', '0.5'],
    ['9007199254740993', 'int8', 'float8', null],
    ['9007199254740992', 'int8', 'float8', '9007199254740992.0'],
    ['2017-06-19 00:00:00', 'timestamp', 'date', '2017-06-19'],
    ['2017-06-19 00:00:00.000001', 'timestamp', 'date', null],
    ['2017-06-19', 'date', 'timestamp', '2017-06-19 00:00:00'],
    ['12abc', 'text', 'int8', null],
    ['true', 'boolean', 'int2', '1'],
    ['2', 'int4', 'boolean', null],
    ['2017-06-19 00:00:00+00', 'timestamptz', 'timestamp', undefined],
    ['[1, 70000]', 'int4[]', 'int2[]', null],
    ['[1, 7]', 'int4[]', 'int2[]', '["1","7"]'],
    ['[1, NULL]', 'int4[]', 'json', '[1,null]'],
  ])('of %s (%s) to %s gives %s', async (text, from, to, expected) => {
    expect(await cast(text, from, to)).toBe(expected);
  });

  test('that is always good, is: every value of any scalar goes and comes back as it was', async () => {
    const types: readonly ColumnType[] = ['int2', 'int4', 'int8', 'decimal(20,4)', 'decimal(38,0)', 'numeric', 'float8', 'text'];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...types),
        fc.constantFrom(...types),
        fc.integer({ min: -32768, max: 32767 }),
        async (from, to, n) => {
          const made = castOf('x', from, to);
          if (!made?.always) return;
          const back = `cast(${made.expression} as ${storageType(from)})`;
          const [row] = await duck.rows(
            `select x::varchar as x, (${back})::varchar as y from (select cast('${n}' as ${storageType(from)}) as x)`,
          );
          expect(row?.y).toBe(row?.x);
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe('names in snake case', () => {
  test.each([
    ['Order ID', 'order_id'],
    ['orderId', 'order_id'],
    ['HTTPStatus2xx', 'http_status2xx'],
    ['  spaced – out ', 'spaced_out'],
    ['2nd', '_2nd'],
    ['_private', '_private'],
    ['Größe', 'große'],
    ['!!!', 'column'],
  ])('%s is %s', (name, expected) => {
    expect(nameColumns([{ name, type: 'text' }], 'snake_case', 't').names.get(name)).toBe(expected);
  });

  test('never make one column of two, whatever they are, and are the same each time', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ minLength: 1, maxLength: 90, unit: 'grapheme' }), { maxLength: 12 }), (names) => {
        const given = names.map((name): Column => ({ name, type: 'text' }));
        const { names: made } = nameColumns(given, 'snake_case', 't');
        expect(new Set(made.values()).size).toBe(names.length);
        for (const name of made.values()) expect(Buffer.byteLength(name)).toBeLessThanOrEqual(63);
        expect(nameColumns(given, 'snake_case', 't').names).toEqual(made);
      }),
    );
  });

  test('of two that are the same one keeps the name, and the other is reported', () => {
    const { names, drift } = nameColumns(columns({ orderId: 'int8', order_id: 'int8', 'Order ID': 'int8' }), 'snake_case', 't');
    expect(names.get('order_id')).toBe('order_id');
    expect(names.get('orderId')).toMatch(/^order_id_[0-9a-f]{8}$/);
    expect(drift.map(({ original }) => original)).toEqual(['orderId', 'Order ID']);
  });
});
