/** Runs one load in a process of its own, which a test kills. `node load-process.ts <file with the request as JSON>`; says when it begins and ends. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { executors } from '../../src/executors.ts';

/** What the test hands over. */
export interface LoadProcess {
  readonly operation: Readonly<Record<string, unknown>>;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly connections: Readonly<Record<string, string>>;
  readonly taskId: string;
  readonly attempt: number;
  readonly folder: string;
  readonly start: string;
  readonly end: string;
}

const load = JSON.parse(await readFile(process.argv[2] ?? '', 'utf8')) as LoadProcess;
const interval = { start: new Date(load.start), end: new Date(load.end), day: load.start.slice(0, 10), hour: load.start.slice(0, 13) };
const quiet = (): void => {};
const scratch = await mkdtemp(join(load.folder, 'killed-'));
process.stdout.write('begins\n');
await executors.load({
  operation: load.operation,
  inputs: load.inputs,
  fence: { taskInstanceId: '1', attempt: load.attempt, attemptId: randomUUID() },
  scratch,
  context: {
    dagId: 'rig',
    runId: `scheduled__${load.start}`,
    taskId: load.taskId,
    mapIndex: -1,
    attempt: load.attempt,
    maxTries: 1,
    params: {},
    logicalDate: interval.start,
    interval,
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    signal: new AbortController().signal,
    connection: (id) => ({ id, url: load.connections[id] ?? '' }),
  },
});
process.stdout.write('ends\n');
