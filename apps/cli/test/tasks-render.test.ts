import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { runCli } from './support/run-cli.ts';

const sales = fileURLToPath(new URL('../../../dags/store_sales_daily.ts', import.meta.url));
const shop = fileURLToPath(new URL('dags/shop.ts', import.meta.url));

describe('tasks render', () => {
  test('shows what a task would do, with the values of the run in place and nothing done', async () => {
    const { code, stdout, stderr } = await runCli(['tasks', 'render', sales, 'revenue', '--interval-start', '2017-06-19', '-o', 'json']);
    expect([code, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toMatchObject({
      dag_id: 'store_sales_daily',
      kind: 'transform',
      operation: {
        sql: expect.stringContaining('sum(sales_value)'),
        target: { connector: 'lake', settings: { name: 'mart/revenue' } },
        partition: { day: expect.stringMatching(/^2017-06-1[89]$/) },
      },
    });
  });

  test('shows what a ready-made sensor would look for', async () => {
    const conditions = fileURLToPath(new URL('../../../dags/examples/conditions.ts', import.meta.url));
    const at = ['--interval-start', '2026-05-01', '-o', 'json'];
    const [file, answer] = await Promise.all(
      ['till_files', 'partner_is_done'].map((taskId) => runCli(['tasks', 'render', conditions, taskId, ...at])),
    );
    expect([file?.code, file?.stderr]).toEqual([0, '']);
    expect(JSON.parse(file?.stdout ?? '')).toMatchObject({
      kind: 'task',
      operation: { connector: 'files', connection: 'landing', glob: '2026-05-01/*.csv' },
    });
    expect(JSON.parse(answer?.stdout ?? '')).toMatchObject({
      operation: { path: 'exports/2026-05-01', json: { at: 'state', is: 'done' } },
    });
  });

  test('says which tasks there are, and that a function has nothing to show', async () => {
    const [unknown, plain] = await Promise.all([runCli(['tasks', 'render', sales, 'revenu']), runCli(['tasks', 'render', shop, 'count'])]);
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('has no task "revenu"; it has best_sellers,')]);
    expect([plain.code, plain.stderr]).toEqual([2, expect.stringContaining('Task "count" is a function: there is nothing to render')]);
  });
});
