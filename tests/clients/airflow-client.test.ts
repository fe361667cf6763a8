/** PyPI's `apache-airflow-client` against a running Headrace: people's scripts go on working. */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { pythonWith } from '../support/python.ts';
import { type ClientSystem, startSystem } from './system.ts';

let system: ClientSystem;
beforeAll(async () => {
  system = await startSystem();
}, 120_000);
afterAll(() => system?.stop(), 60_000);

test("Airflow's client drives runs, logs, pools, variables, connections, backfills and assets, and its strict models take our answers", async () => {
  const python = pythonWith(fileURLToPath(new URL('requirements.txt', import.meta.url)));
  const { status, output } = await python.run('python', [fileURLToPath(new URL('python/airflow_suite.py', import.meta.url))], {
    env: { HEADRACE_URL: system.url, HEADRACE_TOKEN: system.token },
  });
  if (status !== 0) throw new Error(`${output}\n${system.output()}`);
  // What it passes over is what we do not have, and nothing of this list is.
  expect([...output.matchAll(/skipped '(.*)'/g)].map(([, why]) => why)).toEqual([]);
  expect(Number(/^Ran (\d+) tests/m.exec(output)?.[1])).toBeGreaterThanOrEqual(30);
}, 180_000);
