/** Extracts generated rows and exports them again in a process of its own; prints its peak of memory. `node measure-extract.ts <postgres url> <rows>` */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { executors } from '../../src/executors.ts';
import { postgres } from '../../src/index.ts';

const [url = '', rows = '0'] = process.argv.slice(2);
const folder = await mkdtemp(join(tmpdir(), 'headrace-memory-'));
const quiet = (): void => {};
const connections: Readonly<Record<string, string>> = { pos: url, lake: pathToFileURL(join(folder, 'lake')).href };
const start = new Date(0);
const request = (operation: Readonly<Record<string, unknown>>, inputs: Readonly<Record<string, unknown>>) => ({
  operation,
  inputs,
  fence: { taskInstanceId: '1', attempt: 1, attemptId: 'a' },
  scratch: folder,
  context: {
    dagId: 'memory',
    runId: 'run',
    taskId: 'task',
    mapIndex: -1,
    attempt: 1,
    maxTries: 1,
    params: {},
    logicalDate: start,
    interval: { start, end: start, day: '1970-01-01', hour: '1970-01-01T00' },
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    signal: new AbortController().signal,
    connection: (id: string) => ({ id, url: connections[id] ?? '' }),
  },
});

const source = postgres('pos').query(
  `select i::int8 as id, (i % 1000)::int as n, (i * 1.37)::numeric(18,2) as amount, md5(i::text) as hash, 'some text ' || i as name,
          timestamptz '2017-01-01' + i * interval '1 second' as at, i % 2 = 0 as even from generate_series(1, $rows::int) i`,
  { values: { rows: Number(rows) } },
);
try {
  const began = performance.now();
  const result = await executors.extract(request({ source, stage: 'lake', checks: [] }, {}));
  const seconds = (performance.now() - began) / 1000;
  process.stdout.write(
    JSON.stringify({ rows: (result as { rows: number }).rows, megabytes: Math.round(process.resourceUsage().maxRSS / 1024), seconds }),
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}
