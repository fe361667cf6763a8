/** Runs a task of the data plane by its executor, in this process, with connections as they are given. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DataInterval } from '@headrace/sdk';
import { executors } from '../../packages/connectors/src/executors.ts';

export interface TaskRun {
  readonly kind: 'extract' | 'load' | 'export';
  readonly taskId: string;
  /** Without references. */
  readonly operation: Readonly<Record<string, unknown>>;
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly connections: Readonly<Record<string, string>>;
  /** Where the attempt's own directory is made. */
  readonly folder: string;
  readonly interval: DataInterval;
  readonly attempt?: number;
  /** Called with every line that the task logs, and with every report of its progress. */
  readonly heard?: () => void;
}

export async function runTask(run: TaskRun): Promise<unknown> {
  const { kind, taskId, operation, inputs = {}, connections, folder, interval, attempt = 1, heard = () => {} } = run;
  const scratch = await mkdtemp(join(folder, 'attempt-'));
  try {
    return await executors[kind]({
      operation,
      inputs,
      fence: { taskInstanceId: '1', attempt, attemptId: randomUUID() },
      scratch,
      progress: heard,
      context: {
        dagId: 'rig',
        runId: `scheduled__${interval.start.toISOString()}`,
        taskId,
        mapIndex: -1,
        attempt,
        maxTries: 3,
        params: {},
        logicalDate: interval.start,
        interval,
        log: { debug: heard, info: heard, warn: heard, error: heard },
        signal: new AbortController().signal,
        connection: (id) => ({ id, url: connections[id] ?? '' }),
      },
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
