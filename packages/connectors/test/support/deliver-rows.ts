/** Exports the rows of a CSV file to an API in a process of its own, so that it can be killed. `node deliver-rows.ts <folder> <api url> <rows file>` */
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { dag, exportTo } from '@headrace/sdk';
import { executors } from '../../src/executors.ts';
import { files, http } from '../../src/index.ts';

const [folder = '', url = '', name = ''] = process.argv.slice(2);
const quiet = (): void => {};
const connections: Readonly<Record<string, string>> = {
  crm: url,
  lake: pathToFileURL(join(folder, 'lake')).href,
  inbox: pathToFileURL(folder).href,
};
const start = new Date(0);
const [task] = dag('delivery', {}, () => {
  exportTo('deliver', {
    from: files('inbox').csv(name, { columns: { id: 'int8', name: 'text' } }),
    into: http('crm').post('/rows', { idempotencyKey: ['id'], retries: { delay: '5ms' } }),
  });
}).tasks.values();
const result = await executors.export({
  operation: task?.operation ?? {},
  inputs: {},
  fence: { taskInstanceId: '1', attempt: 1, attemptId: 'a' },
  scratch: await mkdtemp(join(folder, 'scratch-')),
  context: {
    dagId: 'delivery',
    runId: 'run',
    taskId: 'deliver',
    mapIndex: -1,
    attempt: 1,
    maxTries: 1,
    params: {},
    logicalDate: start,
    interval: { start, end: start, day: '1970-01-01', hour: '1970-01-01T00' },
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    signal: new AbortController().signal,
    connection: (id) => ({ id, url: connections[id] ?? '' }),
  },
});
process.stdout.write(JSON.stringify(result));
