/** JSON taken apart into typed tables, in the lake and in PostgreSQL, with every digit. */
import { extract, type LakeResult, load, type TableResult, type TaskDefinition } from '@headrace/sdk';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { lake, postgres } from '../src/index.ts';
import { createRig, only, type Rig } from './support/rig.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await createRig();
}, 60_000);
afterAll(() => rig.close());

const ORDERS = [
  `{"number": 1, "customer": {"name": "Ada", "address": {"city": "Köln", "zip": null}}, "total": 19.90,
    "items": [{"sku": "a", "price": 1.10, "tags": ["x", "y"]}, {"sku": "b", "price": 12345678901234567890.123456789012345678, "tags": []}]}`,
  `{"number": 9223372036854775807, "customer": {"name": "1.50"}, "total": -1e400, "items": null, "extra": [[1, 2], [3]]}`,
  `{"number": -3, "items": [{"sku": "c", "gift": true}]}`,
];
const values = (documents: readonly string[]): string =>
  documents.map((document, index) => `(${index + 1}, '${document.replaceAll("'", "''")}'::json)`).join(', ');
const query = (documents: readonly string[]): string => `select * from (values ${values(documents)}) v (id, doc)`;
const loadTable = (documents: readonly string[], options: object = {}) =>
  rig.run(
    only(() =>
      load('orders', {
        from: postgres('pos').query(query(documents)),
        into: postgres('reporting').table('orders'),
        nested: 'tables',
        ...options,
      }),
    ) as TaskDefinition<TableResult>,
  );

describe('nested data', () => {
  test('becomes typed tables, joined by ids, in PostgreSQL', async () => {
    const result = await loadTable(ORDERS);
    expect(result).toMatchObject({
      rows: 3,
      counts: { in: 3, out: 3 },
      nested: [
        { table: 'orders__doc__items', rows: 3 },
        { table: 'orders__doc__items__tags', rows: 2 },
        { table: 'orders__doc__extra', rows: 2 },
        { table: 'orders__doc__extra__value', rows: 3 },
      ],
    });
    expect(Object.fromEntries(result.columns.map(({ name, type }) => [name, type]))).toEqual({
      id: 'int4',
      _headrace_id: 'text',
      doc__number: 'int8',
      doc__customer__name: 'text',
      doc__customer__address__city: 'text',
      doc__total: 'numeric',
    });
    const reporting = await rig.client('reporting');
    const { rows } = await reporting.query({
      text: `select o.id, o.doc__number::text, o.doc__customer__name, o.doc__total::text = (-1 * 10::numeric ^ 400)::numeric(500,0)::text as huge,
                    i._headrace_index, i.sku, i.price::text, i.gift, t.value
               from orders o left join orders__doc__items i on i._headrace_parent_id = o._headrace_id
               left join orders__doc__items__tags t on t._headrace_parent_id = i._headrace_id order by 1, 5, 9`,
      rowMode: 'array',
    });
    expect(rows).toEqual([
      [1, '1', 'Ada', false, '0', 'a', '1.10', null, 'x'],
      [1, '1', 'Ada', false, '0', 'a', '1.10', null, 'y'],
      [1, '1', 'Ada', false, '1', 'b', '12345678901234567890.123456789012345678', null, null],
      [2, '9223372036854775807', '1.50', true, null, null, null, null, null],
      [3, '-3', null, null, '0', 'c', null, true, null],
    ]);
  });

  test('is the same when it is loaded again, and follows when it changes', async () => {
    await loadTable(ORDERS);
    const again = await loadTable(ORDERS);
    expect(again).toMatchObject({ inserted: 0, deleted: 0, unchanged: 3 });
    await loadTable(ORDERS.slice(2));
    const reporting = await rig.client('reporting');
    expect((await reporting.query('select sku from orders__doc__items')).rows).toEqual([{ sku: 'c' }]);
  });

  test('stays JSON below the depth, digit for digit', async () => {
    const { columns } = await loadTable(ORDERS.slice(0, 1), { nested: { depth: 1 }, into: postgres('reporting').table('shallow') });
    expect(columns.find(({ name }) => name === 'doc__items')?.type).toBe('json');
    const reporting = await rig.client('reporting');
    const { rows } = await reporting.query(`select doc__items::jsonb -> 1 ->> 'price' as price from shallow`);
    expect(rows).toEqual([{ price: '12345678901234567890.123456789012345678' }]);
  });

  test('becomes lake tables, too, and is kept as JSON where nothing is said', async () => {
    const { orders } = (await rig.runAll(() => {
      const given = extract('given', { from: postgres('pos').query(query(ORDERS)) });
      load('orders', { from: given, into: lake('lake').table('raw/orders'), partition: { day: '2020-01-01' }, nested: 'tables' });
    })) as { orders: LakeResult };
    expect(orders.nested?.map(({ table }) => table)).toContain('raw/orders__doc__items');
    const { plain } = (await rig.runAll(() => {
      load('plain', { from: postgres('pos').query(query(ORDERS)), into: lake('lake').table('raw/plain') });
    })) as { plain: LakeResult };
    expect(plain.columns).toEqual([
      { name: 'id', type: 'int4' },
      { name: 'doc', type: 'json' },
    ]);
  });

  test('refuses what would leave lists behind', async () => {
    for (const options of [{ disposition: { merge: ['id'] } }, { contract: 'discard_row' }])
      await expect(loadTable(ORDERS, { ...options, stage: 'lake' })).rejects.toMatchObject({ code: 'HR_NESTED_UNSUPPORTED' });
    const meeting = loadTable(['{"a__b": 1, "a": {"b": 2}}']);
    await expect(meeting).rejects.toMatchObject({ code: 'HR_NESTED_NAMES', message: expect.stringContaining('doc__a__b') });
  });

  test('keeps any number of any document', async () => {
    const reporting = await rig.client('reporting');
    const numbers = fc
      .tuple(fc.stringMatching(/^-?[1-9][0-9]{0,30}$/), fc.stringMatching(/^(\.[0-9]{1,30})?$/))
      .map(([whole, rest]) => `${whole}${rest}`);
    await fc.assert(
      fc.asyncProperty(fc.array(numbers, { minLength: 1, maxLength: 12 }), async (list) => {
        await reporting.query('drop table if exists orders, orders__doc__n');
        await loadTable([`{"n": [${list.join(', ')}], "s": "say \\"${list[0]}\\", [${list[0]}]"}`]);
        const { rows } = await reporting.query('select value::text as v from orders__doc__n order by _headrace_index');
        expect(rows.map(({ v }) => v)).toEqual(list);
        expect((await reporting.query('select doc__s as s from orders')).rows).toEqual([{ s: `say "${list[0]}", [${list[0]}]` }]);
      }),
      { numRuns: 6 },
    );
  }, 60_000);
});
