/** Runs of every kind and in every state, and something of each of the other resources: what the fuzzer finds when it comes. */
import { until } from '../support/poll.ts';
import type { ClientSystem } from './system.ts';

/** The ids stand in schemathesis.toml, too. */
export async function seed({ client }: ClientSystem): Promise<void> {
  for (const dag of ['pipeline', 'failing', 'endless', 'consumer', 'shops', 'people']) await client.patchDag(dag, { is_paused: false });
  await client.trigger('pipeline', { dag_run_id: 'first', conf: { rows: 4 }, note: 'seeded' });
  await client.trigger('failing', { dag_run_id: 'first' });
  await client.trigger('endless', { dag_run_id: 'first' });
  await client.trigger('people', { dag_run_id: 'first' });
  await client.createPool({ name: 'small', slots: 2, description: 'a small pool' });
  await client.createConnection({ connection_id: 'shop', conn_type: 'postgres', host: '127.0.0.1', login: 'reader', password: 'secret' });
  await client.createBackfill({ dag_id: 'nightly', from_date: '2024-05-01T00:00:00Z', to_date: '2024-05-03T00:00:00Z' });
  await until('the runs to end', async () => {
    const [pipeline, failing] = await Promise.all([client.run('pipeline', 'first'), client.run('failing', 'first')]);
    return (pipeline.state === 'success' && failing.state === 'failed') || undefined;
  });
}
