/** A real pool with real task processes, in folders of its own, and bundles written as the loader would write them. */
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type ClaimedAttempt, type StoredResult, silentLog } from '@headrace/ports';
import type { ConnectionSettings } from '@headrace/sdk';
import {
  type AttemptResult,
  createTaskPool,
  type FlowInputs,
  type RunHooks,
  type TaskPool,
  type TaskPoolOptions,
  writeBundle,
} from '../../src/index.ts';
import { MemoryObjects } from './memory-objects.ts';

const sdk = new URL('../../../sdk/src/index.ts', import.meta.url).href;
const compiled = join(tmpdir(), 'headrace-test-compiled');

export interface RunOptions extends RunHooks {
  readonly results?: ReadonlyMap<string, StoredResult>;
  readonly connections?: readonly ConnectionSettings[];
  readonly timeoutMs?: number;
  readonly attempt?: Partial<ClaimedAttempt>;
  readonly flow?: FlowInputs;
}

export interface LogLine {
  readonly ts: string;
  readonly level: string;
  readonly stream: string;
  readonly message: string;
  readonly fields?: Readonly<Record<string, unknown>>;
}

export class PoolFixture {
  readonly dir: string;
  readonly pool: TaskPool;
  readonly objects: MemoryObjects;
  #attempts = 0;

  private constructor(dir: string, pool: TaskPool, objects: MemoryObjects) {
    this.dir = dir;
    this.pool = pool;
    this.objects = objects;
  }

  static async start(options: Partial<TaskPoolOptions> = {}): Promise<PoolFixture> {
    const dir = await mkdtemp(join(tmpdir(), 'headrace-runtime-'));
    const objects = new MemoryObjects();
    const pool = createTaskPool({ size: 1, scratchDir: join(dir, 'scratch'), bundleDir: compiled, objects, log: silentLog, ...options });
    return new PoolFixture(dir, pool, objects);
  }

  /** Runs the task `t` of a DAG whose build function has this body. */
  async run(body: string, options: RunOptions = {}): Promise<AttemptResult> {
    return this.#run(await writeDag(body), options);
  }

  /** Runs the task `t` of a DAG of definitions as a bundle holds them: `members` is the source of what `t` has beside the usual. */
  async runDefined(members: string, options: RunOptions = {}, ofDag = ''): Promise<AttemptResult> {
    return this.#run(await writeDefinedDag(members, ofDag), options);
  }

  async #run(bundle: { hash: string; path: string }, options: RunOptions): Promise<AttemptResult> {
    const { results = new Map(), connections = [], timeoutMs = 60_000, attempt, flow, ...hooks } = options;
    const request = { attempt: this.attempt(attempt), bundle, results, connections, timeoutMs };
    return this.pool.run(flow === undefined ? request : { ...request, flow }, hooks);
  }

  attempt(given: Partial<ClaimedAttempt> = {}): ClaimedAttempt {
    const id = String(++this.#attempts);
    return {
      taskInstanceId: id,
      attemptId: `attempt-${id}`,
      runKey: '1',
      dagId: 'd',
      runId: `manual__${id}`,
      taskId: 't',
      mapIndex: -1,
      attempt: 1,
      triesBefore: 0,
      maxTries: 1,
      claimedAt: Date.UTC(2026, 0, 2),
      versionId: '1',
      runType: 'manual',
      runAfter: Date.UTC(2026, 0, 2),
      params: {},
      ...given,
    };
  }

  logOf(result: AttemptResult): readonly LogLine[] {
    const text = this.objects.objects.get(result.logKey ?? '')?.toString('utf8') ?? '';
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as LogLine);
  }

  messagesOf(result: AttemptResult): readonly string[] {
    return this.logOf(result).map(({ message }) => message);
  }

  async scratchLeft(): Promise<readonly string[]> {
    return readdir(join(this.dir, 'scratch')).catch(() => []);
  }

  async stop(): Promise<void> {
    await this.pool.close();
    await rm(this.dir, { recursive: true, force: true });
  }
}

/** A module with one DAG, `d`. `options` and `body` are source text. */
export async function writeDag(body: string, options = '{}', sourceMap?: string): Promise<{ hash: string; path: string }> {
  const code = `import { dag, task, defineOperation, variable, chain, skip, SkipTask, FailTask, RetryTask } from ${JSON.stringify(sdk)};\nexport default dag('d', ${options}, (scope) => {\n${body}\n});\n`;
  const hash = createHash('sha256').update(code).digest('hex');
  return { hash, path: await writeBundle(compiled, { hash, code, ...(sourceMap === undefined ? {} : { sourceMap }) }) };
}

/** A module with one DAG, `d`, of the one task `t`, without the SDK's builders. Both are source text of object members. */
export async function writeDefinedDag(members: string, ofDag = ''): Promise<{ hash: string; path: string }> {
  const code = `import { DAG_BRAND, TASK_BRAND, OUTCOME_BRAND } from ${JSON.stringify(sdk)};
const t = { [TASK_BRAND]: 1, taskId: 't', kind: 'task', options: {}, inputs: {}, after: new Set(), connections: [], ${members} };
export default { [DAG_BRAND]: 1, dagId: 'd', schedule: { kind: 'manual' }, catchup: { kind: 'off' }, tasks: new Map([['t', t]]), ${ofDag} };
`;
  const hash = createHash('sha256').update(code).digest('hex');
  return { hash, path: await writeBundle(compiled, { hash, code }) };
}

/** Whether a process is alive; a zombie that nobody has waited for is not. */
export async function isAlive(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return stat !== undefined && !/^\d+ \(.*\) [ZX]/.test(stat);
}

export async function eventually(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 1_000; tries++) {
    if (await holds()) return;
    await delay(20);
  }
  throw new Error(`waited in vain: ${what}`);
}

export const executorsFixture = fileURLToPath(new URL('./executors.mjs', import.meta.url));
