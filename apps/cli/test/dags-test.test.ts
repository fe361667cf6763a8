import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { runCli } from './support/run-cli.ts';

const shop = fileURLToPath(new URL('dags/shop.ts', import.meta.url));
const broken = fileURLToPath(new URL('dags/broken.ts', import.meta.url));

describe('dags test', () => {
  test('runs a file without any server and shows logs and a summary', async () => {
    const { code, stdout, stderr } = await runCli(['dags', 'test', shop, '--param', 'items=5']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/count \| .* counting {2}items=5\nreport \| .*there are 5\n/);
    expect(stdout).toMatch(/count +success +1 [\s\S]*report +success +1 [\s\S]*shop: success/);
  });

  test('retries without waiting for the hour that the policy asks for', async () => {
    const { code, stdout, stderr } = await runCli(['dags', 'test', shop, '--param', 'failures=1', '-o', 'json']);
    expect(JSON.parse(stdout)).toMatchObject({
      state: 'success',
      tasks: [
        { task_id: 'count', state: 'success', tries: 2 },
        { task_id: 'report', tries: 1 },
      ],
    });
    expect([code, stderr]).toEqual([0, expect.stringContaining('try 1 of 3 failed')]);
  });

  test('ends with 1 when the run fails, with the error placed in the DAG file', async () => {
    const { code, stdout, stderr } = await runCli(['dags', 'test', shop, '--param', 'failures=9', '-o', 'json']);
    expect([code, JSON.parse(stdout)]).toMatchObject([
      1,
      {
        state: 'failed',
        tasks: [
          { state: 'failed', tries: 3, error: { name: 'TypeError', message: 'no luck in try 3' } },
          { state: 'upstream_failed', tries: 0 },
        ],
      },
    ]);
    expect(stderr).toMatch(/shop\.ts:22:/);
    expect(stderr).toMatch(/shop failed\n$/);
  });

  test('refuses params that do not fit, an unknown DAG and a file that does not load', async () => {
    const [params, dag, file] = await Promise.all([
      runCli(['dags', 'test', shop, '--param', 'items=0']),
      runCli(['dags', 'test', shop, '--dag', 'other']),
      runCli(['dags', 'test', broken]),
    ]);
    expect([params.code, params.stderr]).toEqual([2, expect.stringMatching(/--param items: /)]);
    expect([dag.code, dag.stderr]).toEqual([2, expect.stringContaining('shop.ts has no DAG "other"; it has shop')]);
    expect([file.code, file.stderr]).toEqual([1, expect.stringMatching(/broken\.ts:4:\d+: .*this file cannot be loaded/)]);
  });
});
