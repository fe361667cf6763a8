/** Random sequences of calls against the store in memory and the one in Postgres: the same answers, the same rows. */
import { setTimeout as delay } from 'node:timers/promises';
import { admit, type TaskState } from '@headrace/core';
import { createRunCommands, DagVersions } from '@headrace/engine';
import { type LoadedRun, type QueuedTask, type RunDecision, systemClock } from '@headrace/ports';
import { dagOf, newTasks, type StoreHarness, taskOf } from '@headrace/ports/conformance/store-world';
import { createMemoryStore } from '@headrace/testing';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type TestDatabase, testDatabase } from '../support/test-database.ts';

const SEQUENCES = Math.ceil(40 * Number(process.env.HEADRACE_PROPERTY_RUNS ?? '1'));
const SHARDS = Array.from({ length: 32 }, (_, shard) => shard);
const FAR = Date.UTC(2100, 0, 1);

const DAGS = [
  [taskOf('a'), taskOf('b', { upstream: ['a'], priorityWeight: 3 }), taskOf('c', { upstream: ['a'], poolSlots: 2 })],
  [
    taskOf('x', { priorityWeight: 2 }),
    taskOf('y', { retries: { max: 0, delayMs: 0, backoff: 'fixed', maxDelayMs: 0, jitter: 0, rules: [] } }),
  ],
] as const;

type Call =
  | { readonly kind: 'trigger' | 'pause' | 'unpause'; readonly dag: number }
  | { readonly kind: 'start' | 'decide' | 'settle' | 'lost' | 'redispatch' }
  | { readonly kind: 'claim' | 'finish' | 'release' | 'renew'; readonly which: number; readonly worker: number; readonly how: number }
  | { readonly kind: 'cancel' | 'clear' | 'mark'; readonly which: number; readonly how: number }
  | { readonly kind: 'resize'; readonly slots: number };

const call: fc.Arbitrary<Call> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('trigger' as const), dag: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('pause' as const, 'unpause' as const), dag: fc.nat(1) }) },
  {
    weight: 12,
    arbitrary: fc.record({ kind: fc.constantFrom('start' as const, 'decide' as const, 'settle' as const, 'settle' as const) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('lost' as const, 'redispatch' as const) }) },
  {
    weight: 14,
    arbitrary: fc.record({
      kind: fc.constantFrom('claim' as const, 'claim' as const, 'finish' as const, 'finish' as const, 'release' as const, 'renew' as const),
      which: fc.nat(30),
      worker: fc.nat(1),
      how: fc.nat(5),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom('cancel' as const, 'clear' as const, 'clear' as const, 'mark' as const),
      which: fc.nat(5),
      how: fc.nat(3),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('resize' as const), slots: fc.nat(4) }) },
);

/** One store, and what a caller knows of it. Ids are replaced by the order in which they came. */
class Side {
  readonly #store: StoreHarness;
  readonly #prefix: string;
  readonly #names = new Map<string, string>();
  readonly #queued: QueuedTask[] = [];
  readonly #runKeys: string[] = [];
  #triggers = 0;

  constructor(store: StoreHarness, prefix: string) {
    this.#store = store;
    this.#prefix = prefix;
  }

  async begin(): Promise<void> {
    for (const [index, tasks] of DAGS.entries()) {
      const spec = dagOf(`${this.#prefix}${index}`, tasks, { maxActiveRuns: 2, maxActiveTasks: 3 });
      await this.#store.catalog.saveFile({
        file: `${spec.dagId}.ts`,
        dags: [{ spec, graphHash: spec.dagId }],
        bundle: { hash: 'h', code: '' },
      });
    }
    await this.#store.resizePool(4);
  }

  /** The answer, and all rows afterwards, without what differs from store to store. */
  async make(one: Call): Promise<unknown> {
    const answer = await this.#answer(one).catch((error: { code?: string; message: string }) => ({ error: error.code ?? error.message }));
    const runs = await this.#store.scheduler.loadRuns(this.#runKeys);
    const text = JSON.stringify({ answer, runs: runs.map((run) => this.#shown(run)) }, (key, value: unknown) => {
      if (key === 'taskInstanceId' || key === 'versionId') return 'id';
      return typeof value === 'string' ? this.#name(value) : value;
    });
    return JSON.parse(text);
  }

  async #answer(one: Call): Promise<unknown> {
    const { scheduler, attempts, commands } = this.#store;
    switch (one.kind) {
      case 'trigger': {
        const dagId = `${this.#prefix}${one.dag}`;
        const { runKey } = await commands.trigger({
          dagId,
          runId: `run${++this.#triggers}`,
          params: {},
          runType: 'manual',
          triggeredBy: 'test',
        });
        this.#runKeys.push(runKey);
        this.#names.set(runKey, `run ${this.#runKeys.length}`);
        return runKey;
      }
      case 'pause':
      case 'unpause':
        return commands.setPaused(`${this.#prefix}${one.dag}`, one.kind === 'pause');
      case 'start':
        return (await this.#start()).map((run) => run.runKey);
      case 'decide':
        return this.#decide([]);
      case 'settle':
        return this.#decide((await this.#mine()).filter((run) => run.status === 'running').map(settled));
      case 'lost':
        return (await scheduler.expiredLeases(SHARDS, 1_000))
          .filter(({ runKey }) => this.#names.has(runKey))
          .map(({ attempt, triesBefore }) => ({ attempt, triesBefore }));
      case 'redispatch': {
        const found = (await scheduler.unclaimed(SHARDS, -1, 1_000)).filter(({ runKey }) => this.#names.has(runKey));
        found.sort((a, b) => this.#name(a.attemptId).localeCompare(this.#name(b.attemptId)));
        const { send, lost } = await scheduler.redispatch(found, 3);
        return {
          send: send
            .map(({ sequence, attempt }) => ({ sequence, attempt }))
            .sort((a, b) => a.sequence - b.sequence || a.attempt - b.attempt),
          lost: lost.length,
        };
      }
      case 'resize':
        return this.#store.resizePool(one.slots);
      case 'cancel':
      case 'clear':
      case 'mark':
        return this.#command(one.kind, one.which, one.how);
      default: {
        const ref = this.#queued[one.which % Math.max(1, this.#queued.length)];
        if (ref === undefined) return 'nothing was queued yet';
        const worker = `worker-${one.worker}`;
        if (one.kind === 'release') return attempts.release(ref, worker);
        if (one.kind === 'renew') return attempts.renew([ref], worker, one.how === 0 ? -1 : 60_000);
        if (one.kind === 'claim') {
          const claimed = await attempts.claim(ref, worker, 60_000);
          return claimed === undefined
            ? undefined
            : { ...claimed, claimedAt: 0, firstStartedAt: 0, queuedAt: 0, runAfter: 0, scheduledAt: 0 };
        }
        return attempts.finish(
          { ...ref, to: outcome(ref.attempt, one.how), ...(one.how === 1 ? { error: { name: 'Error', message: 'no' } } : {}) },
          worker,
        );
      }
    }
  }

  #start(): Promise<readonly LoadedRun[]> {
    return this.#store.scheduler.startRuns(SHARDS, 1_000, async ({ dagId }) => {
      const tasks = DAGS[Number(dagId.slice(this.#prefix.length))];
      return tasks === undefined ? [] : newTasks(dagOf(dagId, tasks));
    });
  }

  async #decide(runs: readonly RunDecision[]): Promise<unknown> {
    const { stale, queued, backlog } = await this.#store.scheduler.decide({ schedulerId: 'test', runs }, admit);
    for (const task of queued) this.#names.set(task.attemptId, `attempt ${this.#queued.push(task)}`);
    return { stale, queued, backlog };
  }

  async #mine(): Promise<readonly LoadedRun[]> {
    return this.#store.scheduler.loadRuns(this.#runKeys);
  }

  async #command(kind: 'cancel' | 'clear' | 'mark', which: number, how: number): Promise<unknown> {
    const { scheduler, commands: store } = this.#store;
    const run = (await this.#mine())[which % Math.max(1, this.#runKeys.length)];
    if (run === undefined) return 'no run';
    const commands = createRunCommands({ store, versions: new DagVersions(scheduler), clock: systemClock });
    if (kind === 'cancel') return commands.cancelRun(run.dagId, run.runId);
    if (kind === 'mark') return commands.markRun(run.dagId, run.runId, how % 2 === 0 ? 'success' : 'failed');
    const taskIds = [run.tasks[how % Math.max(1, run.tasks.length)]?.taskId ?? 'a'];
    return commands.clear(run.dagId, { runId: run.runId }, { taskIds, includeDownstream: how > 1 });
  }

  #shown({ runKey, status, revision, progress, tasks }: LoadedRun): unknown {
    const { startedAt, ...others } = progress;
    return {
      runKey,
      status,
      revision,
      progress: others,
      started: startedAt !== undefined,
      tasks: tasks.map(({ taskId, mapIndex, state }) => ({ taskId, mapIndex, state })),
    };
  }

  #name(text: string): string {
    if (text.startsWith(this.#prefix)) return text.slice(this.#prefix.length);
    return this.#names.get(text) ?? text;
  }
}

/** What a scheduler would decide, in short: what waits is ready, and a run ends when nothing is open. */
function settled({ runKey, revision, tasks }: LoadedRun): RunDecision {
  const open = tasks.filter(({ state }) => !['success', 'failed', 'skipped', 'upstream_failed', 'removed'].includes(state.status));
  const ready = open.filter(({ state }) => state.status === 'none' || state.status === 'up_for_retry');
  return {
    runKey,
    revision,
    changes: ready.map(({ taskInstanceId, state }) => ({
      taskInstanceId,
      from: state.status,
      fromAttempt: state.attempt,
      to: { status: 'scheduled', attempt: state.attempt },
      reason: 'ready',
    })),
    ...(open.length === 0 ? { status: 'success' } : {}),
  };
}

function outcome(attempt: number, how: number): TaskState {
  if (how === 1) return { status: 'up_for_retry', attempt, dueAt: FAR };
  if (how === 2) return { status: 'failed', attempt };
  if (how === 3) return { status: 'scheduled', attempt };
  return how === 4 ? { status: 'success', attempt, decision: { items: 2 } } : { status: 'success', attempt };
}

function memory(): StoreHarness {
  let now = Date.UTC(2026, 10, 21);
  const store = createMemoryStore({ now: () => now++ });
  return {
    ...store,
    resizePool: async (slots) => store.db.transaction(() => void store.db.pools.change('default_pool', { slots })),
    async close() {},
  };
}

describe('the store in memory and the one in Postgres', () => {
  let database: TestDatabase;
  let sides = 0;

  beforeAll(async () => {
    database = await testDatabase();
  }, 60_000);

  afterAll(() => database?.drop());

  test(`give the same answers to ${SEQUENCES} random sequences of calls`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(call, { minLength: 20, maxLength: 60 }), async (calls) => {
        await database.clean();
        const { scheduler, attempts, commands, catalog, events } = database.store;
        const resizePool = async (slots: number): Promise<void> => void (await database.sql.query('update pool set slots = $1', [slots]));
        const prefix = `d${++sides}_`;
        const rows = new Side({ scheduler, attempts, commands, catalog, events, resizePool, async close() {} }, prefix);
        const maps = new Side(memory(), prefix);
        await rows.begin();
        await maps.begin();
        for (const [place, one] of calls.entries()) {
          const expected = await rows.make(one);
          expect({ place, one, ...((await maps.make(one)) as object) }).toEqual({ place, one, ...(expected as object) });
          // Instants that differ in one store differ in the other.
          await delay(2);
        }
      }),
      { numRuns: SEQUENCES, seed: 7 },
    );
  }, 600_000);
});
