/** A small world in memory behind the API: one DAG, two runs, a task that failed once. Only what the API's own tests need. */
import { Readable } from 'node:stream';
import type { DagSpec, TaskSpec } from '@headrace/core';
import {
  DagNotFoundError,
  type DagRecord,
  DefaultPoolError,
  noMetrics,
  ObjectNotFoundError,
  type Pool,
  PoolExistsError,
  PoolNotFoundError,
  type PoolStore,
  RunExistsError,
  type RunRecord,
  type StoredImportError,
  silentLog,
  type TaskInstanceRecord,
  TasksRunningError,
  type TriggerRequest,
  UnknownOrderError,
} from '@headrace/ports';
import { createMemoryStore } from '@headrace/testing';
import { type ApiDeps, knownTokens } from '../../src/index.ts';
import { accessInMemory } from './memory-access.ts';
import { createAssets } from './memory-assets.ts';
import { type MemoryBackfills, memoryBackfills } from './memory-backfills.ts';
import { memoryData } from './memory-data.ts';
import { MemoryStates } from './memory-states.ts';
import { type MemoryWaits, memoryWaits } from './memory-waits.ts';
import { versionsAndNotices } from './versions-and-notices.ts';

const TOKEN = 'a-token-for-tests';
export const authorization = `Bearer ${TOKEN}`;
const T0 = Date.UTC(2024, 0, 2, 3, 4, 5, 678);

function task(taskId: string, upstream: string[]): TaskSpec {
  return {
    taskId,
    kind: 'task',
    upstream,
    triggerRule: 'all_success',
    retries: { max: 2, delayMs: 90_061_500, backoff: 'exponential', maxDelayMs: 1e9, jitter: 0, rules: [] },
    executionTimeoutMs: 3_600_000,
    queue: 'default',
    pool: 'default',
    poolSlots: 1,
    priorityWeight: 1,
    inputs: {},
    connections: [],
  };
}

const spec: DagSpec = {
  formatVersion: 1,
  dagId: 'sales',
  description: 'Sales of a day',
  tags: ['shop'],
  owners: ['data'],
  schedule: { kind: 'cron', expression: '0 2 * * *', timezone: 'UTC', interval: 'cron' },
  startAt: Date.UTC(2024, 0, 1),
  catchup: { kind: 'off' },
  maxActiveRuns: 16,
  maxActiveTasks: 16,
  pausedUponCreation: false,
  paramsSchema: { type: 'object', properties: { day: { type: 'string', description: 'Which day' } } },
  paramsDefault: { day: 'today' },
  tasks: [task('extract', []), task('publish', ['transform']), task('transform', ['extract'])],
};

export interface Fixture {
  readonly deps: ApiDeps;
  readonly triggered: TriggerRequest[];
  readonly commands: string[];
  readonly objects: Map<string, string>;
  readonly backfills: MemoryBackfills;
  readonly waits: MemoryWaits;
  /** Has the DAG say something else. */
  change(fields: Partial<DagSpec>): void;
}

function poolsInMemory(): PoolStore {
  const pools = new Map<string, Pool>([['default_pool', { name: 'default_pool', slots: 4, includeDeferred: true }]]);
  const use = { runningSlots: 2, queuedSlots: 1, scheduledSlots: 7, deferredSlots: 5 };
  const known = (name: string): Pool => {
    const pool = pools.get(name);
    if (pool === undefined) throw new PoolNotFoundError(name);
    return pool;
  };
  return {
    pools: async ({ namePattern = '' }, { limit, offset }) => {
      const items = [...pools.values()].filter(({ name }) => name.includes(namePattern)).map((pool) => ({ ...pool, ...use }));
      return { items: items.slice(offset, offset + limit), total: items.length };
    },
    pool: async (name) => (pools.has(name) ? { ...known(name), ...use } : undefined),
    create: async (pool) => {
      if (pools.has(pool.name)) throw new PoolExistsError(pool.name);
      pools.set(pool.name, pool);
    },
    change: async (name, { description, ...change }) => {
      const { description: before, ...rest } = known(name);
      const after = description === undefined ? before : (description ?? undefined);
      pools.set(name, { ...rest, ...change, ...(after === undefined ? {} : { description: after }) });
    },
    delete: async (name) => {
      if (name === 'default_pool') throw new DefaultPoolError();
      known(name);
      pools.delete(name);
    },
  };
}

export function createFixture(): Fixture {
  const dag: DagRecord = {
    dagId: 'sales',
    file: 'sales.ts',
    paused: false,
    removed: false,
    versionId: '7',
    versionNumber: 3,
    bundleHash: 'ab12',
    spec,
    nextDueAt: Date.UTC(2024, 0, 3, 2),
    firstSeenAt: T0,
    lastParsedAt: T0,
    hasImportErrors: false,
  };
  const dags = new Map([['sales', dag]]);
  const backfills = memoryBackfills(T0);
  const runs: RunRecord[] = [run('r1', 'failed'), run('r2', 'running')];
  const tasks: TaskInstanceRecord[] = [
    instance('1', 'r1', 'extract', { status: 'success', attempt: 2, logKey: 'logs/1' }),
    instance('2', 'r1', 'transform', {
      status: 'failed',
      attempt: 3,
      error: { name: 'TypeError', message: 'no such column', stack: 'at sales.ts:7:3' },
    }),
    instance('3', 'r1', 'publish', { status: 'upstream_failed', attempt: 0, reason: 'upstream failed' }),
    instance('4', 'r2', 'extract', { status: 'running', attempt: 1 }),
    instance('5', 'r2', 'transform', { status: 'none', attempt: 0 }),
    instance('6', 'r2', 'publish', { status: 'none', attempt: 0 }),
  ];
  const importErrors: StoredImportError[] = [
    { id: '12', file: 'broken.ts', line: 3, column: 9, code: 'HR_SYNTAX', message: 'Unexpected token', at: T0 },
  ];
  const objects = new Map([
    ['logs/1', '{"ts":"2024-01-02T03:04:05.678Z","level":"info","stream":"task","message":"read","fields":{"rows":3}}\nplain\n'],
    ['logs/live/extract/1', '{"ts":"2024-01-02T03:04:05.678Z","level":"info","stream":"stdout","message":"begun"}\n{"ts":"2024-01-02T03:0'],
  ]);
  const triggered: TriggerRequest[] = [];
  const commands: string[] = [];
  const favorites = new Set<string>();

  function run(runId: string, status: RunRecord['status']): RunRecord {
    const ended = status === 'failed' ? { endedAt: T0 + 1500 } : {};
    const base = {
      runKey: runId,
      dagId: 'sales',
      runId,
      runType: 'manual',
      status,
      triggeredBy: 'rest_api',
      runAfter: T0,
      queuedAt: T0,
    } as const;
    return { ...base, startedAt: T0, ...ended, params: { day: 'x' }, versionId: '7', versionNumber: 3, bundleHash: 'ab12' };
  }

  function instance(taskInstanceId: string, runId: string, taskId: string, rest: Partial<TaskInstanceRecord>): TaskInstanceRecord {
    const place = {
      taskInstanceId,
      runKey: runId,
      dagId: 'sales',
      runId,
      taskId,
      mapIndex: -1,
      runAfter: T0,
      versionId: '7',
      versionNumber: 3,
    };
    return {
      ...place,
      status: 'none',
      attempt: 0,
      maxTries: 3,
      queue: 'default',
      pool: 'default',
      poolSlots: 1,
      priorityWeight: 1,
      ...rest,
    };
  }

  const waits = memoryWaits(T0);
  const memory = createMemoryStore({ now: Date.now });
  const deps: ApiDeps = {
    waits: waits.store,
    ...versionsAndNotices(spec, T0),
    pools: poolsInMemory(),
    ...memoryData(T0),
    stateChanges: new MemoryStates().deps,
    version: '0.0.0-test',
    assets: createAssets(T0),
    log: silentLog,
    metrics: noMetrics,
    registry: { contentType: 'text/plain; version=0.0.4', metrics: async () => 'up 1\n' },
    authenticate: knownTokens([{ token: TOKEN, name: 'admin' }]),
    access: accessInMemory(),
    audit: memory.audit,
    idempotency: memory.idempotency,
    health: async () => ({
      schedulers: [{ id: 's', heartbeatAt: T0, alive: true }],
      workers: [{ id: 'w', hostname: 'h', heartbeatAt: T0, alive: true, slots: 4, queues: ['default'] }],
    }),
    validateParams: async (_, params) =>
      typeof (params.day ?? '') === 'string'
        ? { ok: true, params: { day: 'today', ...params } }
        : { ok: false, issues: [{ path: 'day', message: 'must be a text' }] },
    logKeyOf: ({ taskId, attempt }) => `logs/live/${taskId}/${attempt}`,
    catalog: { importErrors: async () => importErrors },
    backfills,
    objects: {
      head: async (key) => (objects.has(key) ? { size: Buffer.byteLength(objects.get(key) ?? ''), modifiedAt: T0 } : undefined),
      get: async (key, range) => {
        const text = objects.get(key);
        if (text === undefined) throw new ObjectNotFoundError(key);
        return Readable.from([Buffer.from(text).subarray(range?.start, range?.end)]);
      },
    },
    queries: {
      dags: async (filter, page) => {
        if (page.orderBy?.includes('colour') === true) throw new UnknownOrderError('colour', ['dag_id']);
        const items = [...dags.values()].filter((one) => filter.paused === undefined || one.paused === filter.paused);
        return { items: items.slice(page.offset, page.offset + page.limit), total: items.length };
      },
      dag: async (dagId) => dags.get(dagId),
      dagIds: async () => [...dags.keys()],
      version: async (dagId, number) =>
        dagId === 'sales' && number === 3 ? { versionId: '7', spec, bundleHash: 'ab12', createdAt: T0 } : undefined,
      importErrors: async () => ({ items: importErrors, total: importErrors.length }),
      runs: async (filter, page) => {
        const items = runs.filter((one) => (filter.statuses?.includes(one.status) ?? true) && (filter.dagId ?? one.dagId) === one.dagId);
        return { items: items.slice(page.offset, page.offset + page.limit), total: items.length };
      },
      run: async (dagId, runId) => runs.find((one) => one.dagId === dagId && one.runId === runId),
      taskInstances: async (filter, page) => {
        const items = tasks.filter((one) => (filter.runId ?? one.runId) === one.runId && (filter.statuses?.includes(one.status) ?? true));
        return { items: items.slice(page.offset, page.offset + page.limit), total: items.length };
      },
      taskInstance: async (_, runId, taskId, mapIndex) =>
        tasks.find((one) => one.runId === runId && one.taskId === taskId && one.mapIndex === mapIndex),
      tries: async (id) => {
        const current = tasks.find((one) => one.taskInstanceId === id);
        if (current === undefined) return [];
        const earlier = Array.from({ length: current.attempt - 1 }, (_, index) => ({
          ...current,
          attempt: index + 1,
          status: 'failed' as const,
        }));
        return [...earlier, current];
      },
      result: async (id) => (id === '1' ? { kind: 'inline', json: '{"rows":{"$bigint":"3"}}' } : undefined),
      results: async (filter, page) => {
        const items = tasks.filter(
          ({ taskInstanceId, runId, taskId }) =>
            taskInstanceId === '1' && (filter.runId ?? runId) === runId && (filter.taskId ?? taskId) === taskId,
        );
        return { items: items.slice(page.offset, page.offset + page.limit), total: items.length };
      },
      runCounts: async () => [{ dagId: 'sales', counts: { failed: 1, running: 1 } }],
      tags: async () => ({ items: ['shop'], total: 1 }),
      warnings: async () => ({
        items: [{ dagId: 'sales', kind: 'non-existent pool', message: 'There is no pool "x"', at: T0 }],
        total: 1,
      }),
      favorites: async () => [...favorites],
      health: async () => ({ schedulers: [], workers: [] }),
      liveCounts: async () => ({
        runs: {},
        tasks: {},
        pools: [],
        queues: [],
        waits: {},
        backfills: {},
        notices: {},
        importErrors: 0,
      }),
    },
    commands: {
      trigger: async (request) => {
        if (!dags.has(request.dagId)) throw new DagNotFoundError(request.dagId);
        const runId = request.runId ?? 'manual__1';
        if (runs.some((one) => one.runId === runId)) throw new RunExistsError(request.dagId, `run id "${runId}"`);
        triggered.push(request);
        const { startedAt: _, ...queued } = run(runId, 'queued');
        runs.push({ ...queued, params: request.params });
        return { runKey: runId, runId };
      },
      setPaused: async (dagId, paused) => void dags.set(dagId, { ...dag, paused }),
      setNote: async (runKey, note) => {
        commands.push(`note ${runKey}`);
        const index = runs.findIndex((one) => one.runKey === runKey);
        const { note: _, ...rest } = runs[index] as RunRecord;
        runs[index] = { ...rest, ...(note === null ? {} : { note }) };
      },
      loadRun: async (dagId, runId) => {
        const found = runs.find((one) => one.dagId === dagId && one.runId === runId);
        if (found === undefined) return undefined;
        const loaded = tasks.filter((one) => one.runId === runId);
        return {
          runKey: found.runKey,
          dagId,
          runId,
          versionId: '7',
          status: found.status,
          revision: 0,
          progress: {},
          tasks: loaded.map(({ taskInstanceId, taskId, mapIndex, status, attempt }) => ({
            taskInstanceId,
            taskId,
            mapIndex,
            state: { status, attempt } as never,
          })),
        };
      },
      saveCommand: async () => true,
      latestVersion: async () => '7',
      deleteRun: async (_, runId) => {
        const index = runs.findIndex((one) => one.runId === runId);
        if (index < 0) return 'not_found';
        if (runs[index]?.status === 'running') return 'live';
        runs.splice(index, 1);
        return 'deleted';
      },
      deleteTaskInstance: async (id) => {
        const index = tasks.findIndex((one) => one.taskInstanceId === id);
        if (index < 0) return 'not_found';
        if (tasks[index]?.status !== 'removed') return 'needed';
        tasks.splice(index, 1);
        return 'deleted';
      },
      deleteDag: async (dagId) => {
        if (runs.some((one) => one.status === 'running')) return 'live';
        return dags.delete(dagId) ? 'deleted' : 'not_found';
      },
      setFavorite: async (_, dagId, favorite) => {
        const before = favorites.has(dagId);
        if (favorite) favorites.add(dagId);
        else favorites.delete(dagId);
        return before !== favorite;
      },
      setResult: async (id, change) => {
        const status = tasks.find((one) => one.taskInstanceId === id)?.status;
        if (status !== 'success') return 'not_succeeded';
        if (change.how !== 'remove') commands.push(`result of ${id}: ${change.json}`);
        return change.how === 'add' ? 'has_result' : 'ok';
      },
      setTaskNote: async (taskInstanceId, note) => void commands.push(`note ${taskInstanceId}: ${note}`),
      runIds: async () => runs.map((one) => one.runId),
    },
    runCommands: {
      cancelRun: async (_, runId, user) => {
        commands.push(`cancel ${runId} by ${user}`);
        return runs.find((one) => one.runId === runId)?.status === 'failed' ? 'already_finished' : 'ok';
      },
      markRun: async (_, runId, status, user) => {
        commands.push(`mark ${runId} ${status} by ${user}`);
        return 'ok';
      },
      clear: async (_, selection, request, user) => {
        const runId = 'runId' in selection ? selection.runId : `${selection.from}..${selection.to}`;
        const affected = tasks
          .filter(
            (one) =>
              (!('runId' in selection) || one.runId === runId) &&
              (request.taskIds?.includes(one.taskId) ?? true) &&
              (request.onlyFailed !== true || one.status.endsWith('failed')),
          )
          .map(({ runId: of, taskId, mapIndex }) => ({ runId: of, taskId, mapIndex }));
        const running = tasks.filter((one) => one.status === 'running' && affected.some(({ taskId }) => taskId === one.taskId));
        if (request.preventRunning === true && running.length > 0) throw new TasksRunningError(running);
        if (request.dryRun !== true) commands.push(`clear ${runId} by ${user}`);
        return { affected };
      },
      markTasks: async (_, selection, request, user) => {
        if (request.dryRun !== true) commands.push(`mark ${JSON.stringify(request.taskIds)} ${request.status} by ${user}`);
        const affected = tasks.filter(
          (one) => 'runId' in selection && one.runId === selection.runId && request.taskIds?.includes(one.taskId),
        );
        return { affected: affected.map(({ runId, taskId, mapIndex }) => ({ runId, taskId, mapIndex })) };
      },
    },
  };
  return {
    deps,
    triggered,
    commands,
    objects,
    backfills,
    waits,
    change: (fields) => void dags.set('sales', { ...dag, spec: { ...spec, ...fields } }),
  };
}
