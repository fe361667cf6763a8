import type { TaskState, Wait, WaitCondition } from '@headrace/core';
import { admit } from '@headrace/core';
import { createWaitDuty, DagVersions, type Duty } from '@headrace/engine';
import { type ClaimedAttempt, noMetrics } from '@headrace/ports';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { createMemoryStore, type MemoryStore } from '../src/index.ts';
import { dagSpec, taskSpec } from './support/specs.ts';

const SHARDS = Array.from({ length: 32 }, (_, shard) => shard);
const WORKER = 'w';
const T0 = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;

let now: number;
let dags: number;
let store: MemoryStore;
let duty: Duty;

beforeEach(() => {
  now = T0;
  dags = 0;
  store = createMemoryStore({ now: () => now });
  duty = newDuty();
});

describe('the duty of waits', () => {
  test('ends a wait at its time, not before, and names the time', async () => {
    const claimed = await waiting({ kind: 'time', at: T0 + MINUTE });
    expect(await duty.perform(now)).toEqual({ nextAt: T0 + MINUTE });
    now += MINUTE - 1;
    expect(await duty.perform(now)).toEqual({ nextAt: T0 + MINUTE });
    expect(await stateOf(claimed)).toBe('deferred');
    now += 1;
    expect(await duty.perform(now)).toEqual({});
    expect(await stateOf(claimed)).toBe('scheduled');
  });

  test('gives a wait up at its timeout, as it says, with the error and the notices of the task', async () => {
    const notices = [{ on: ['failure'], via: { kind: 'webhook', connection: 'hook' } }] as const;
    const failing = await waiting({ kind: 'webhook' }, { timeoutAt: T0 + 5 }, { notices });
    const skipping = await waiting({ kind: 'asset', name: 'a' }, { timeoutAt: T0 + 5, onTimeout: 'skip' });
    const going = await waiting(
      { kind: 'input', form: { subject: 's', schema: {}, assignees: [] } },
      { timeoutAt: T0 + 5, onTimeout: 'continue' },
    );
    now += 5;
    await duty.perform(now);
    expect(await Promise.all([failing, skipping, going].map(stateOf))).toEqual(['failed', 'skipped', 'scheduled']);
    expect(store.db.tasks.require(failing.taskInstanceId)).toMatchObject({
      error: { code: 'HR_WAIT_TIMEOUT', retryable: false },
      endedAt: now,
    });
    const told = [...store.db.notices.rows()];
    expect(told).toMatchObject([{ payload: { event: 'task.failure', taskId: 't', error: { code: 'HR_WAIT_TIMEOUT' } } }]);
  });

  test('gives each wait for an asset the first event after it began, of its partition', async () => {
    const early = await waiting({ kind: 'asset', name: 'sales' });
    now += 10;
    await event('sales', undefined, { n: 1 });
    now += 10;
    const late = await waiting({ kind: 'asset', name: 'sales' });
    const partition = await waiting({ kind: 'asset', name: 'sales', partition: 'p' });
    const since = await waiting({ kind: 'asset', name: 'sales', since: T0 });
    const other = await waiting({ kind: 'asset', name: 'other' });
    await duty.perform(now);
    expect(await Promise.all([early, late, partition, since, other].map(stateOf))).toEqual([
      'scheduled',
      'deferred',
      'deferred',
      'scheduled',
      'deferred',
    ]);
    now += 10;
    await event('sales', 'p', { n: 2 });
    await duty.perform(now);
    expect(await Promise.all([late, partition, other].map(stateOf))).toEqual(['scheduled', 'scheduled', 'deferred']);
    expect(await resultsOf(early, late, partition)).toMatchObject([
      { extra: { n: 1 }, at: T0 + 10 },
      { extra: { n: 2 } },
      { extra: { n: 2 }, partition: 'p' },
    ]);
  });

  test('counts what came before a timeout, though nobody looked in time', async () => {
    const met = await waiting({ kind: 'asset', name: 'a' }, { timeoutAt: T0 + 10 });
    now += 5;
    await event('a');
    now += MINUTE;
    await newDuty().perform(now);
    expect(await stateOf(met)).toBe('scheduled');
    const tooLate = await waiting({ kind: 'asset', name: 'b' }, { timeoutAt: now + 10 });
    now += 20;
    await event('b');
    await duty.perform(now);
    // The event was there when somebody looked, so it is taken: the wait had not been given up.
    expect(await stateOf(tooLate)).toBe('scheduled');
  });

  test('ends waits for runs and tasks when they come to a state, and tells of which', async () => {
    const seen = await running();
    const ofRun = await waiting(runOf(seen));
    const ofTask = await waiting({ ...runOf(seen), taskId: 't' });
    const ofFailure = await waiting({ ...runOf(seen), states: ['success'], failOn: ['failed'], taskId: 't' });
    await duty.perform(now);
    expect(await Promise.all([ofRun, ofTask].map(stateOf))).toEqual(['deferred', 'deferred']);
    await finish(seen, { status: 'failed', attempt: 1 });
    expect(hears({ type: 'task', runKey: seen.runKey, taskInstanceId: seen.taskInstanceId, to: { status: 'failed', attempt: 1 } })).toBe(
      true,
    );
    await duty.perform(now);
    expect(await Promise.all([ofRun, ofTask, ofFailure].map(stateOf))).toEqual(['deferred', 'deferred', 'scheduled']);
    store.db.transaction(() => store.db.runs.change(seen.runKey, { status: 'success' }));
    expect(hears({ type: 'run', runKey: seen.runKey })).toBe(true);
    await duty.perform(now);
    expect(await stateOf(ofRun)).toBe('scheduled');
    expect(await resultsOf(ofRun, ofFailure)).toEqual(['success', 'failed']);
  });

  test('finds a run that was there before the wait, and one of which it heard nothing', async () => {
    const seen = await running();
    store.db.transaction(() => store.db.runs.change(seen.runKey, { status: 'success' }));
    const late = await waiting(runOf(seen));
    await duty.perform(now);
    expect(await stateOf(late)).toBe('scheduled');
    const unheard = await running();
    const wait = await waiting(runOf(unheard));
    await duty.perform(now);
    store.db.transaction(() => store.db.runs.change(unheard.runKey, { status: 'success' }));
    await duty.perform(now);
    expect(await stateOf(wait)).toBe('deferred');
    now += 10_000;
    await duty.perform(now);
    expect(await stateOf(wait)).toBe('scheduled');
  });

  test('is not called for news of runs as long as nobody waits for one', async () => {
    await duty.perform(now);
    expect(hears({ type: 'run', runKey: '1' })).toBe(false);
    await waiting({ kind: 'run', dagId: 'x', run: { runId: 'r' }, states: ['success'], failOn: [] });
    await duty.perform(now);
    expect(hears({ type: 'run', runKey: '1' })).toBe(true);
    expect(hears({ type: 'task', runKey: '1', taskInstanceId: '1', to: { status: 'queued', attempt: 1 } })).toBe(false);
  });

  test('does no more when two schedulers have it, and nothing for a wait whose task was cancelled', async () => {
    const claimed = await waiting({ kind: 'time', at: T0 + 5 });
    const gone = await waiting({ kind: 'time', at: T0 + 5 });
    const { runKey, taskInstanceId } = gone;
    const change = {
      taskInstanceId,
      from: 'deferred',
      fromAttempt: 1,
      to: { status: 'skipped', attempt: 1 },
      reason: 'run cancelled',
    } as const;
    const run = await store.commands.loadRun(gone.dagId, gone.runId);
    await store.commands.saveCommand({ runKey, revision: run?.revision ?? 0, changes: [change] }, { name: 'cancel' });
    now += 5;
    const reports = await Promise.all([duty.perform(now), newDuty().perform(now)]);
    expect(reports).toEqual([{}, {}]);
    expect(await Promise.all([claimed, gone].map(stateOf))).toEqual(['scheduled', 'skipped']);
    expect([...store.db.waits.rows()].map(({ ended }) => ended?.outcome)).toEqual(['met', 'closed']);
  });
});

function newDuty(): Duty {
  return createWaitDuty({ store: store.waits, assets: store.assets, versions: new DagVersions(store.scheduler), metrics: noMetrics });
}

function hears(event: Parameters<NonNullable<Duty['concerns']>>[0]): boolean | undefined {
  return duty.concerns?.(event);
}

async function running(more: Parameters<typeof taskSpec>[2] = {}): Promise<ClaimedAttempt> {
  const spec = dagSpec(`d${++dags}`, [taskSpec('t', [], more)]);
  await store.catalog.saveFile({
    file: `${spec.dagId}.ts`,
    dags: [{ spec, graphHash: spec.dagId }],
    bundle: { hash: spec.dagId, code: '' },
  });
  const { runKey } = await store.commands.trigger({ dagId: spec.dagId, params: {}, runType: 'manual', triggeredBy: 'test' });
  await store.scheduler.startRuns(SHARDS, 100, async () => [
    {
      taskId: 't',
      state: { status: 'scheduled', attempt: 0 },
      queue: 'default',
      pool: 'default_pool',
      poolSlots: 1,
      priorityWeight: 1,
      maxTries: 1,
    },
  ]);
  const { queued } = await store.scheduler.decide({ schedulerId: 's', runs: [] }, admit);
  const ref = queued.find((one) => one.runKey === runKey);
  const claimed = ref === undefined ? undefined : await store.attempts.claim(ref, WORKER, MINUTE);
  if (claimed === undefined) throw new Error('the task did not start');
  return claimed;
}

async function finish(claimed: ClaimedAttempt, to: TaskState, wait?: Wait): Promise<void> {
  const { taskInstanceId, attemptId } = claimed;
  await store.attempts.finish({ taskInstanceId, attemptId, to, ...(wait === undefined ? {} : { wait }) }, WORKER);
}

async function waiting(
  condition: WaitCondition,
  more: Partial<Wait> = {},
  spec: Parameters<typeof taskSpec>[2] = {},
): Promise<ClaimedAttempt> {
  const claimed = await running(spec);
  await finish(
    claimed,
    { status: condition.kind === 'input' ? 'awaiting_input' : 'deferred', attempt: 1 },
    { key: '1', condition, onTimeout: 'fail', ...more },
  );
  return claimed;
}

function runOf({ dagId, runId }: ClaimedAttempt): Extract<WaitCondition, { kind: 'run' }> {
  return { kind: 'run', dagId, run: { runId }, states: ['success'], failOn: [] };
}

async function event(asset: string, partition?: string, extra: Record<string, unknown> = {}): Promise<void> {
  if ((await store.assets.asset({ name: asset })) === undefined) {
    const spec = dagSpec(`makes-${asset}`, [taskSpec('make', [], { outlets: [asset] })], { assets: [{ name: asset }] });
    await store.catalog.saveFile({
      file: `${spec.dagId}.ts`,
      dags: [{ spec, graphHash: spec.dagId }],
      bundle: { hash: spec.dagId, code: '' },
    });
  }
  await store.assets.addEvent({ asset, extra, ...(partition === undefined ? {} : { partition }) });
}

async function stateOf({ taskInstanceId }: ClaimedAttempt): Promise<string> {
  return store.db.tasks.require(taskInstanceId).state.status;
}

async function resultsOf(...claimed: readonly ClaimedAttempt[]): Promise<readonly unknown[]> {
  const rows = [...store.db.waits.rows()];
  return claimed.map(({ taskInstanceId }) => JSON.parse(rows.find((row) => row.taskInstanceId === taskInstanceId)?.ended?.json ?? 'null'));
}
