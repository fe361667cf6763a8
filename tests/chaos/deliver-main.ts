/** A process that delivers notices, to be killed: `node deliver-main.ts <database url> <webhook url>`. Says `ready` when it delivers. */
import { createWebhookChannel, startDeliverer } from '@headrace/notices';
import { noMetrics, silentLog } from '@headrace/ports';
import { createStore } from '@headrace/store-postgres';

const [, , databaseUrl = '', webhookUrl = ''] = process.argv;
const store = createStore({ url: databaseUrl, log: silentLog });
const webhook = createWebhookChannel({ connections: () => webhookUrl });
await startDeliverer({
  deliverer: `process ${process.pid}`,
  store: store.notices,
  channels: { webhook, email: webhook, code: webhook },
  log: silentLog,
  metrics: noMetrics,
  mask: (text) => text,
});
process.stdout.write('ready\n');
