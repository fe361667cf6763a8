/** A worker with real task processes, over a store and a queue in memory. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { DagSpec, TaskSpec } from '@headrace/core';
import { type ClaimedAttempt, type Labels, type Metrics, type ObjectStore, silentLog, type TaskMessage } from '@headrace/ports';
import { createTaskPool, type TaskPool } from '@headrace/task-runtime';
import { startWorker, type Worker, type WorkerOptions } from '../../src/worker.ts';
import { MemoryAttempts, type Row } from './memory-attempts.ts';
import { MemoryConsumer } from './memory-consumer.ts';

const sdk = new URL('../../../../packages/sdk/src/index.ts', import.meta.url).href;

export interface WorkerFixtureOptions extends Partial<Pick<WorkerOptions, 'leaseMs' | 'connections' | 'maxAhead' | 'clock'>> {
  readonly slots?: number;
  readonly graceMs?: number;
}

export class WorkerFixture {
  readonly store = new MemoryAttempts();
  readonly queue = new MemoryConsumer();
  readonly counted = new Map<string, number>();
  readonly dir: string;
  worker!: Worker;
  pool!: TaskPool;
  #ids = 0;

  private constructor(dir: string) {
    this.dir = dir;
  }

  static async start(options: WorkerFixtureOptions = {}): Promise<WorkerFixture> {
    const fixture = new WorkerFixture(await mkdtemp(join(tmpdir(), 'headrace-worker-')));
    const { slots = 1, graceMs = 200, leaseMs = 30_000, connections = () => undefined, ...others } = options;
    const bundleDir = join(fixture.dir, 'bundles');
    const metrics = countingMetrics(fixture.counted);
    fixture.pool = createTaskPool({
      size: slots,
      bundleDir,
      scratchDir: join(fixture.dir, 'scratch'),
      objects: noObjects,
      log: silentLog,
      limits: { graceMs },
    });
    fixture.worker = await startWorker({
      workerId: 'w',
      queues: ['default'],
      store: fixture.store,
      consumer: fixture.queue,
      pool: fixture.pool,
      objects: noObjects,
      bundleDir,
      connections,
      leaseMs,
      log: silentLog,
      metrics,
      dice: () => 0,
      ...others,
    });
    await fixture.pool.ready();
    return fixture;
  }

  /** A DAG version with these tasks: source of `task(…)` calls, and what their specs say beside the defaults. */
  dag(versionId: string, body: string, tasks: Readonly<Record<string, Partial<TaskSpec>>>): void {
    const code = `import { dag, task } from ${JSON.stringify(sdk)};\nexport default dag('d', {}, () => {\n${body}\n});\n`;
    this.store.addDag(
      versionId,
      'd',
      code,
      Object.entries(tasks).map(([taskId, given]) => ({ ...defaults, taskId, ...given })),
    );
  }

  /** A DAG version of definitions as a bundle holds them: source of the members of each task, which finds the others as `t['id']`. */
  definedDag(
    versionId: string,
    before: string,
    members: Readonly<Record<string, string>>,
    tasks: Readonly<Record<string, Partial<TaskSpec>>>,
    more: Partial<DagSpec> = {},
  ): void {
    const definitions = Object.entries(members).map(
      ([taskId, source]) =>
        `t[${JSON.stringify(taskId)}] = { [TASK_BRAND]: 1, taskId: ${JSON.stringify(taskId)}, kind: 'task', options: {}, inputs: {}, after: new Set(), connections: [], ${source} };`,
    );
    const code = `import { DAG_BRAND, TASK_BRAND, OUTCOME_BRAND } from ${JSON.stringify(sdk)};\nconst t = {};\n${before}\n${definitions.join('\n')}
export default { [DAG_BRAND]: 1, dagId: 'd', schedule: { kind: 'manual' }, catchup: { kind: 'off' }, tasks: new Map(Object.entries(t)) };\n`;
    const specs = Object.entries(tasks).map(([taskId, given]) => ({ ...defaults, taskId, ...given }));
    this.store.addDag(versionId, 'd', code, specs, more);
  }

  attempt(taskId: string, given: Partial<ClaimedAttempt> = {}): { row: Row; message: TaskMessage } {
    const id = String(++this.#ids);
    const row = this.store.add({
      taskInstanceId: id,
      attemptId: `attempt-${id}`,
      runKey: '1',
      dagId: 'd',
      runId: 'manual__1',
      taskId,
      mapIndex: -1,
      attempt: 1,
      triesBefore: 0,
      maxTries: 1,
      claimedAt: 1_000_000,
      versionId: '1',
      runType: 'manual',
      runAfter: 0,
      params: {},
      ...given,
    });
    return { row, message: { taskInstanceId: id, attemptId: row.claimed.attemptId, sequence: 1 } };
  }

  /** Sends an attempt of the task. */
  send(taskId: string, given: Partial<ClaimedAttempt> = {}): Row {
    const { row, message } = this.attempt(taskId, given);
    this.queue.send(message);
    return row;
  }

  async stop(): Promise<void> {
    await this.worker.close();
    await this.pool.close();
    await rm(this.dir, { recursive: true, force: true });
  }
}

const defaults: TaskSpec = {
  taskId: '',
  kind: 'task',
  upstream: [],
  triggerRule: 'all_success',
  retries: { max: 0, delayMs: 1_000, backoff: 'fixed', maxDelayMs: 1_000, jitter: 0, rules: [] },
  executionTimeoutMs: 60_000,
  queue: 'default',
  pool: 'default',
  poolSlots: 1,
  priorityWeight: 1,
  inputs: {},
  connections: [],
};

/** What attempts log is not looked at here. */
const noObjects: ObjectStore = {
  async put(_key, body) {
    if (body instanceof Readable) body.resume();
  },
  get: () => Promise.reject(new Error('no objects here')),
  head: async () => undefined,
  async *list() {},
  async delete() {},
};

function countingMetrics(counted: Map<string, number>): Metrics {
  return {
    count(name: string, _labels?: Labels, by = 1) {
      counted.set(name, (counted.get(name) ?? 0) + by);
    },
    gauge() {},
    observe() {},
  };
}

export async function eventually(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 1_000; tries++) {
    if (await holds()) return;
    await delay(20);
  }
  throw new Error(`waited in vain: ${what}`);
}
