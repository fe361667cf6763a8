import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { runCli } from './support/run-cli.ts';

const shop = fileURLToPath(new URL('dags/shop.ts', import.meta.url));
const broken = fileURLToPath(new URL('dags/broken.ts', import.meta.url));
const example = (name: string) => fileURLToPath(new URL(`../../../dags/examples/${name}.ts`, import.meta.url));

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

  test('skips the time for which tasks wait, and runs what waited', async () => {
    const { code, stdout } = await runCli(['dags', 'test', example('waiting'), '--dag', 'example_waiting', '-o', 'json']);
    const { tasks, ...run } = JSON.parse(stdout) as { tasks: { task_id: string; state: string; tries: number }[]; state: string };
    expect([code, run.state]).toEqual([0, 'success']);
    expect(tasks.map(({ task_id, state, tries }) => [task_id, state, tries]).sort()).toEqual([
      ['ask_another_system', 'success', 1],
      ['begin', 'success', 1],
      ['file_has_landed', 'success', 1],
      ['six_o_clock', 'success', 1],
    ]);
  });

  test('a form that nobody answers is given up at its timeout', async () => {
    const { code, stdout } = await runCli(['dags', 'test', example('waiting'), '--dag', 'example_people', '-o', 'json']);
    const { tasks } = JSON.parse(stdout) as { tasks: readonly object[] };
    expect([code, tasks[0]]).toMatchObject([1, { task_id: 'how_much', state: 'failed', error: { name: 'WaitTimeoutError' } }]);
  });

  test('maps tasks over lists and over results', async () => {
    const { code, stdout } = await runCli(['dags', 'test', example('mapping')]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/add_one\[2\] +success/);
    expect(stdout).toMatch(/price\[5\] +success/);
    expect(stdout).toMatch(/check\[1\] +success/);
    expect(stdout).toMatch(/for_none +skipped[\s\S]*after_nothing +success/);
  });

  test('makes the runs of other DAGs of the file that tasks ask for', async () => {
    const { code, stdout } = await runCli(['dags', 'test', example('triggering'), '--dag', 'example_triggering']);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/run_child +success[\s\S]*after_it +success/)]);
  });
});
