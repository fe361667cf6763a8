/** Clients against a running Headrace of real processes: our typed one, PyPI's `apache-airflow-client`, and a fuzzer. */
import { fileURLToPath } from 'node:url';
import { createTypedClient, readEvents, readLines } from '@headrace/client';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { blocks, placeOf } from '../docs/blocks.ts';
import { pythonWith } from '../support/python.ts';
import { ENDLESS, fuzz } from './fuzz-run.ts';
import { seed } from './seed.ts';
import { type ClientSystem, startSystem } from './system.ts';

let system: ClientSystem;
beforeAll(async () => {
  system = await startSystem();
}, 180_000);
afterAll(() => system?.stop(), 60_000);

test('the typed client triggers a run, follows its changes of state, waits for its end, and comes back without a gap', async () => {
  const client = createTypedClient(system);
  await client.patch_dag({ path: { dag_id: 'pipeline' }, body: { is_paused: false } });
  const leaving = new AbortController();
  const events = readEvents(await client.follow_events({ query: { dag_id: ['pipeline'] } }, { signal: leaving.signal }));
  expect((await events.next()).value).toMatchObject({ event: 'ready' });
  const run = await client.trigger_dag_run({ path: { dag_id: 'pipeline' }, body: { conf: { rows: 2 } } });
  const path = { dag_id: 'pipeline', dag_run_id: run.dag_run_id };
  const seen: { id: string; event: string; data: { task_id?: string; map_index?: number; state: string } }[] = [];
  for (;;) {
    const { value } = await events.next();
    seen.push(value as never);
    if (value?.event === 'dag_run' && (value.data as { state: string }).state === 'success') break;
  }
  leaving.abort();
  const last = new Map(seen.map(({ event, data }) => [`${event} ${data.task_id ?? ''} ${data.map_index ?? ''}`, data.state]));
  expect(Object.fromEntries(last)).toEqual({
    'dag_run  ': 'success',
    'task_instance extract -1': 'success',
    'task_instance double 0': 'success',
    'task_instance double 1': 'success',
    'task_instance load -1': 'success',
  });
  const again = new AbortController();
  const from = seen[1] as (typeof seen)[number];
  const missed = readEvents(
    await client.follow_events({ query: { dag_id: ['pipeline'] }, header: { 'last-event-id': from.id } }, { signal: again.signal }),
  );
  expect((await missed.next()).value).toMatchObject({ event: 'ready' });
  for (const event of seen.slice(2)) expect((await missed.next()).value).toEqual(event);
  again.abort();
  const lines = await Array.fromAsync(
    readLines(await client.wait_dag_run_until_finished({ path, query: { interval: 0.1, result: ['load'] } })),
  );
  expect(lines.at(-1)).toEqual({ state: 'success', results: { load: { rows: 2 } } });
}, 120_000);

test("Airflow's client drives runs, logs, pools, variables, connections, backfills and assets, and its strict models take our answers", async () => {
  const python = pythonWith(fileURLToPath(new URL('requirements.txt', import.meta.url)));
  const { status, output } = await python.run('python', [fileURLToPath(new URL('python/airflow_suite.py', import.meta.url))], {
    env: { HEADRACE_URL: system.url, HEADRACE_TOKEN: system.token },
  });
  if (status !== 0) throw new Error(`${output}\n${system.output()}`);
  // It passes over what we do not have.
  const missing = [...output.matchAll(/skipped '(.*)'/g)].map(([, why]) => why);
  expect(missing).toEqual([]);
  expect(Number(/^Ran (\d+) tests/m.exec(output)?.[1])).toBeGreaterThanOrEqual(30);
}, 240_000);

test("the documents take from Airflow's client only what it has", async () => {
  const python = pythonWith(fileURLToPath(new URL('requirements.txt', import.meta.url)));
  const mistake = ['a mistake', 'from airflow_client.client.models import Nothing\n'];
  const documented = blocks().filter(({ language }) => language === 'python');
  const read = JSON.stringify([...documented.map((block) => [placeOf(block), block.code]), mistake]);
  const { status, output } = await python.run('python', [fileURLToPath(new URL('python/read_blocks.py', import.meta.url)), read]);
  expect([status, output]).toEqual([0, 'a mistake: airflow_client.client.models has no Nothing\n']);
}, 60_000);

test('a fuzzer finds no server error and nothing that the document does not say (npm run check:fuzz asks all operations, and more)', async () => {
  await seed(system);
  const { paths } = (await (await fetch(`${system.url}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, { operationId: string }>>;
  };
  const all = Object.values(paths).flatMap((methods) => Object.values(methods).map(({ operationId }) => operationId));
  const only = all.filter((id, index) => index % 5 === 0 && !ENDLESS.includes(id));
  const { requests, operations, passed, output } = await fuzz(system, { examples: 3, seed: 1, workers: 1, phases: ['fuzzing'], only });
  if (!passed) throw new Error(output.slice(-20_000));
  expect(operations).toBe(only.length);
  expect(requests).toBeGreaterThan(operations);
}, 240_000);
