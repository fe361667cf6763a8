/** Databases, folders and a runner of single tasks for tests of the executors, without a scheduler. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  type DagDefinition,
  type DataInterval,
  type DatasetResult,
  dag,
  type OperationExecutor,
  type OperationRequest,
  resolveReferences,
  type TaskDefinition,
} from '@headrace/sdk';
import pg from 'pg';
import { emptyDatabase } from '../../../../tests/support/empty-database.ts';
import { executors } from '../../src/executors.ts';

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface RunOptions {
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly attempt?: number;
  readonly taskInstanceId?: string;
  readonly interval?: DataInterval;
  readonly runId?: string;
  readonly partitionKey?: string;
  readonly signal?: AbortSignal;
  /** Answers what an operation asks a person. */
  readonly ask?: OperationRequest['ask'];
  /** Called with every line the task logs. */
  readonly onLog?: (line: LogLine) => void;
  readonly onProgress?: OperationRequest['progress'];
}

const JUNE_19: DataInterval = {
  start: new Date('2017-06-19T04:00:00Z'),
  end: new Date('2017-06-20T04:00:00Z'),
  day: '2017-06-19',
  hour: '2017-06-19T00',
};

export interface Rig {
  readonly folder: string;
  readonly connections: Record<string, string>;
  /** A client of the database `pos` or `reporting`, closed with the rig. */
  client(name: 'pos' | 'reporting'): Promise<pg.Client>;
  /** Runs one task by its executor and answers with its result. */
  run<R>(task: TaskDefinition<R>, options?: RunOptions): Promise<R>;
  /** Looks once for what a ready-made sensor waits for. */
  look<R>(task: TaskDefinition<R>, options?: RunOptions): Promise<R | undefined>;
  /** Defines tasks, in a DAG of their own, and runs them one after the other, each with the results of its upstream. */
  runAll(build: () => unknown, options?: RunOptions): Promise<Readonly<Record<string, DatasetResult>>>;
  runDag(definition: DagDefinition, options?: RunOptions): Promise<Readonly<Record<string, DatasetResult>>>;
  close(): Promise<void>;
}

/** The tasks that `build` defines, by id. */
export function tasksOf(build: () => unknown): ReadonlyMap<string, TaskDefinition> {
  return dag('rig', {}, () => {
    build();
  }).tasks;
}

export async function createRig(): Promise<Rig> {
  const databases = [await emptyDatabase(), await emptyDatabase()] as const;
  const folder = await mkdtemp(join(tmpdir(), 'headrace-dp-'));
  const clients: pg.Client[] = [];
  const connections: Record<string, string> = {
    pos: databases[0].url,
    reporting: databases[1].url,
    shop_files: new URL('../../../../dags/data', import.meta.url).href,
    lake: pathToFileURL(join(folder, 'lake')).href,
    reports: pathToFileURL(join(folder, 'reports')).href,
    inbox: pathToFileURL(join(folder, 'inbox')).href,
  };

  async function execute(executor: OperationExecutor, task: TaskDefinition, options: RunOptions): Promise<unknown> {
    const { inputs = {}, attempt = 1, interval = JUNE_19, runId = `scheduled__${interval.start.toISOString()}` } = options;
    const scratch = await mkdtemp(join(folder, 'scratch-'));
    const log =
      (level: string) =>
      (message: string, fields: Readonly<Record<string, unknown>> = {}): void =>
        options.onLog?.({ level, message, fields });
    const run = { dagId: 'rig', id: runId, logicalDate: interval.start };
    const operation = resolveReferences(task.operation, { params: {}, interval, run }) as Readonly<Record<string, unknown>>;
    try {
      return await executor({
        operation,
        inputs,
        fence: { taskInstanceId: options.taskInstanceId ?? '1', attempt, attemptId: randomUUID() },
        scratch,
        ...(options.ask === undefined ? {} : { ask: options.ask }),
        ...(options.onProgress === undefined ? {} : { progress: options.onProgress }),
        context: {
          dagId: 'rig',
          runId,
          taskId: task.taskId,
          mapIndex: -1,
          attempt,
          maxTries: 1,
          params: {},
          logicalDate: interval.start,
          interval,
          partitionKey: options.partitionKey,
          log: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
          signal: options.signal ?? new AbortController().signal,
          connection(id) {
            const url = connections[id];
            if (url === undefined || !task.connections.includes(id)) throw new Error(`connection ${id} is not declared by ${task.taskId}`);
            return { id, url };
          },
        },
      });
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }

  const rig: Rig = {
    folder,
    connections,

    async client(name) {
      const client = new pg.Client(connections[name]);
      client.on('error', () => {});
      await client.connect();
      await client.query(`set timezone to 'UTC'`);
      clients.push(client);
      return client;
    },

    async run<R>(task: TaskDefinition<R>, options: RunOptions = {}): Promise<R> {
      const { kind } = task;
      if (kind === 'task') throw new TypeError('The rig runs only tasks of the data plane');
      // A result goes through JSON in real life, too.
      return JSON.parse(JSON.stringify(await execute(executors[kind], task, options))) as R;
    },

    async look<R>(task: TaskDefinition<R>, options: RunOptions = {}): Promise<R | undefined> {
      if (executors.look === undefined) throw new TypeError('There is nothing to look with');
      return (await execute(executors.look, task, options)) as R | undefined;
    },

    runAll: (build, options) =>
      rig.runDag(
        dag('rig', {}, () => {
          build();
        }),
        options,
      ),

    async runDag(definition, options = {}) {
      const results: Record<string, DatasetResult> = {};
      for (const task of definition.tasks.values()) {
        const inputs = Object.fromEntries(Object.entries(task.inputs).map(([name, upstream]) => [name, results[upstream.taskId]]));
        results[task.taskId] = (await rig.run(task, { ...options, inputs })) as DatasetResult;
      }
      return results;
    },

    async close() {
      for (const client of clients) await client.end().catch(() => {});
      for (const database of databases) await database.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return rig;
}

/** The one task of a kind of definition, for tests that run it by itself. */
export function only(build: () => unknown): TaskDefinition {
  const [task] = [...tasksOf(build).values()].slice(-1);
  if (!task) throw new TypeError('No task was defined');
  return task;
}
