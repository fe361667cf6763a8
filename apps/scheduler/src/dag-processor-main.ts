/**
 * The DAG processor: watches the DAG folder and keeps the catalog in step with it. Started by the scheduler, which sends the
 * configuration; ends when the scheduler does.
 */
import { join } from 'node:path';
import { type ServiceConfiguration, secretsOf } from '@headrace/configuration';
import { createDagLoader, watchDags } from '@headrace/dag-loader';
import type { Metrics } from '@headrace/ports';
import { createStore } from '@headrace/store-postgres';
import { createLog } from '@headrace/telemetry';
import type { ProcessorMessage } from './dag-processor.ts';

/** After a first look at many files: a fresh process finds them unchanged, and needs a fraction of the memory. */
const RECYCLE_ABOVE_BYTES = 300 * 1024 * 1024;

process.once('message', (configuration: ServiceConfiguration) => void run(configuration));
// A Ctrl-C goes to the whole group; the scheduler ends us when it is done.
process.on('SIGINT', () => {});

async function run(configuration: ServiceConfiguration): Promise<void> {
  const { logLevel: level, logFormat, databaseUrl, dags, home } = configuration;
  const log = createLog({ name: 'dag-processor', level, pretty: logFormat === 'pretty', secrets: secretsOf(configuration) });
  const store = createStore({ url: databaseUrl, log, poolSize: 2, applicationName: 'headrace-dag-processor' });
  const loader = createDagLoader({ dagsDir: dags, cacheDir: join(home, 'dag-cache'), log, metrics: forwarded });
  const watch = await watchDags({ loader, catalog: store.catalog, dagsDir: dags, log, metrics: forwarded });

  const end = async (): Promise<void> => {
    await watch.close();
    await loader.close();
    await store.close();
    process.exit(0);
  };
  process.once('disconnect', () => void end());
  await watch.ready;
  await loader.flush();
  if (process.memoryUsage.rss() > RECYCLE_ABOVE_BYTES) await end();
}

function tell(message: ProcessorMessage): void {
  if (process.connected) process.send?.(message);
}

const forwarded: Metrics = {
  count: (name, labels, by) =>
    tell({ kind: 'count', name, ...(labels === undefined ? {} : { labels }), ...(by === undefined ? {} : { by }) }),
  gauge: (name, value, labels) => tell({ kind: 'gauge', name, value, ...(labels === undefined ? {} : { labels }) }),
  observe: (name, seconds, labels) => tell({ kind: 'observe', name, seconds, ...(labels === undefined ? {} : { labels }) }),
};
