import { simulate } from '@headrace/testing';
import { expect, test } from '@jest/globals';
import sales from '../dags/sales.ts';

test('there is a report every day', async () => {
  const { runs } = await simulate(sales, { from: '2026-01-01', to: '2026-01-08T12:00:00Z' });
  expect(runs.map((run) => run.status)).toEqual(Array(7).fill('success'));
});

test('an export of the shop that is late is waited for, and then the report is made', async () => {
  const { runs } = await simulate(sales, {
    from: '2026-01-01',
    to: '2026-01-02T12:00:00Z',
    outcomes: { extract_orders: ({ attempt }) => (attempt <= 2 ? 'failed' : 'success') },
  });
  expect(runs[0]?.status).toBe('success');
  expect(runs[0]?.task('extract_orders').tries.map((one) => one.status)).toEqual(['failed', 'failed', 'success']);
});
