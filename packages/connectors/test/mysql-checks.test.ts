/** Checks that MySQL makes itself, on the table as it would be, and contracts of its tables. */
import { type Check, checks, load, type TableResult, type TaskDefinition } from '@headrace/sdk';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mysql, postgres } from '../src/index.ts';
import { createMariadbRig, type MariadbRig } from './support/mariadb-rig.ts';
import { only } from './support/rig.ts';

let it: MariadbRig;
beforeAll(async () => {
  it = await createMariadbRig();
}, 60_000);
afterAll(() => it?.close());

const put = (sql: string, options: object = {}) =>
  it.rig.run(
    only(() =>
      load('put', {
        from: postgres('pos').query(sql),
        into: mysql('shop').table('target'),
        disposition: { merge: ['id'] },
        ...options,
      }),
    ) as TaskDefinition<TableResult>,
  );

describe('a table of MySQL', () => {
  test('is checked in its own SQL before the commit: bad rows are never to be seen', async () => {
    await put(`select 1 as id, 5::numeric(10,2) as amount, 'a' as name, timestamptz '2017-06-19 12:00:00+00' as at`);
    const bad = `select 2 as id, 5::numeric(10,2) as amount, E'it''s \\\\ "b"' as name, timestamptz '2016-01-01 00:00:00+00' as at`;
    const at = { at: 'publish' } as const;
    const failing: readonly (readonly [Check, RegExp])[] = [
      [checks.unique('amount', at), /unique on "amount": 2 rows/],
      [checks.range('amount', { max: '4.99' }, at), /range on "amount": 2 rows/],
      [checks.acceptedValues('name', ['a', `it's "b"`], at), /accepted_values on "name": 1 row/],
      [checks.matches('name', /[a-z]/, at), /regex on "name": 1 row/],
      [checks.rowCount({ max: 1 }, at), /there are 2 rows/],
      [checks.sql('one', 'select * from this where id > 1', at), /check "one": 1 row/],
    ];
    for (const [check, message] of failing) {
      await expect(put(bad, { checks: [check] })).rejects.toThrow(message);
      expect(await it.rows('select id from target')).toEqual([['1']]);
    }
    const good = [
      checks.acceptedValues('name', ['a', `it's \\ "b"`], at),
      checks.matches('name', `a|it's \\\\ "b"`, at),
      checks.freshness('at', '1 day', at),
      checks.notNull(['id', 'name'], at),
    ];
    expect((await put(bad, { checks: good })).checks.map(({ check, ok }) => [check, ok])).toEqual(good.map(({ check }) => [check, true]));
  });

  test('evolves, and discards what does not fit', async () => {
    const wider = await put(`select 3::int8 as id, 5::numeric(12,3) as amount, true as fresh`, { contract: 'evolve' });
    expect(wider.drift?.map(({ change, column }) => [change, column])).toEqual(
      expect.arrayContaining([
        ['type_widened', 'id'],
        ['type_widened', 'amount'],
        ['column_added', 'fresh'],
      ]),
    );
    const discarded = await put(`select * from (values (4, 1.0005::numeric(12,4)), (5, 2)) v (id, amount)`, {
      contract: { types: 'discard_row' },
      stage: 'lake',
    });
    expect(discarded.counts).toEqual({ in: 2, out: 1, deduplicated: 0, quarantined: 1 });
  });
});
