/** What every WaitStore must do, wherever it keeps the waits, together with the attempts that enter them. */
import { admit, type TaskState, type Wait } from '@headrace/core';
import type {
  AttemptStore,
  ClaimedAttempt,
  CommandStore,
  EndedWait,
  LoadedRun,
  LoadedTask,
  OpenWait,
  QueuedTask,
  SchedulerStore,
  WaitStore,
} from '@headrace/ports';

type TestFunctions = Pick<typeof import('@jest/globals'), 'describe' | 'test' | 'expect' | 'beforeAll' | 'afterAll'>;

export interface WaitStoreHarness {
  readonly waits: WaitStore;
  readonly attempts: AttemptStore;
  readonly scheduler: SchedulerStore;
  readonly commands: CommandStore;
  /** A run of a DAG of its own, whose only task `t` has a slot. */
  queued(): Promise<{ readonly run: LoadedRun; readonly queued: QueuedTask }>;
  /** Gives slots to all that wait for one. */
  giveSlots(): Promise<readonly QueuedTask[]>;
  /** Lets so much time pass for the waits that are open. */
  pass(ms: number): Promise<void>;
  close(): Promise<void>;
}

const WORKER = 'worker-1';
const HOUR = 3_600_000;
const PAGE = { limit: 100, offset: 0 };

export function waitStoreConformance(
  jest: TestFunctions,
  { name, open }: { readonly name: string; readonly open: () => Promise<WaitStoreHarness> },
): void {
  const { describe, test, expect, beforeAll, afterAll } = jest;

  describe(`${name} keeps what tasks wait for`, () => {
    let harness: WaitStoreHarness;
    beforeAll(async () => {
      harness = await open();
    }, 60_000);
    afterAll(() => harness?.close());

    const claim = async (queued: QueuedTask): Promise<ClaimedAttempt> => {
      const claimed = await harness.attempts.claim(queued, WORKER, 60_000);
      if (claimed === undefined) throw new Error('the attempt could not be claimed');
      return claimed;
    };
    const running = async (): Promise<ClaimedAttempt> => claim((await harness.queued()).queued);
    const enter = async (claimed: ClaimedAttempt, wait: Wait, endedWaits: readonly EndedWait[] = []): Promise<boolean> => {
      const { taskInstanceId, attemptId } = claimed;
      return harness.attempts.finish({ taskInstanceId, attemptId, to: stateFor(wait, claimed.attempt), wait, endedWaits }, WORKER);
    };
    const waiting = async (wait: Wait): Promise<ClaimedAttempt> => {
      const claimed = await running();
      expect(await enter(claimed, wait)).toBe(true);
      return claimed;
    };
    const taskOf = async ({ runKey, taskInstanceId }: ClaimedAttempt): Promise<LoadedTask> => {
      const [run] = await harness.scheduler.loadRuns([runKey]);
      const task = run?.tasks.find((each) => each.taskInstanceId === taskInstanceId);
      if (task === undefined) throw new Error('there is no such task instance');
      return task;
    };
    const openOf = async (claimed: ClaimedAttempt): Promise<OpenWait & { readonly tryNumber: number }> => {
      const { items } = await harness.waits.waits({ dagId: claimed.dagId, open: true }, PAGE);
      const [wait] = items;
      if (wait === undefined || items.length > 1) throw new Error(`${items.length} waits are open`);
      return { ...wait, attempt: claimed.attempt };
    };
    const isOpen = async ({ dagId }: ClaimedAttempt): Promise<boolean> =>
      (await harness.waits.waits({ dagId, open: true }, PAGE)).total > 0;
    const end = async ({ waitId }: Pick<OpenWait, 'waitId'>, more: Partial<Parameters<WaitStore['endWaits']>[0][number]> = {}) =>
      harness.waits.endWaits([{ waitId, outcome: 'met', to: 'scheduled', reason: 'it came', ...more }]);
    const claimedAgain = async (claimed: ClaimedAttempt): Promise<ClaimedAttempt> => {
      const queued = (await harness.giveSlots()).find(({ taskInstanceId }) => taskInstanceId === claimed.taskInstanceId);
      if (queued === undefined) throw new Error('the task instance got no slot');
      return claim(queued);
    };
    const lookAgain = async (claimed: ClaimedAttempt): Promise<ClaimedAttempt> => {
      const { runKey, taskInstanceId } = claimed;
      const [run] = await harness.scheduler.loadRuns([runKey]);
      const { attempt } = (await taskOf(claimed)).state;
      const change = {
        taskInstanceId,
        from: 'up_for_reschedule',
        fromAttempt: attempt,
        to: { status: 'scheduled', attempt },
        reason: 'due',
      } as const;
      const decision = { runKey, revision: run?.revision ?? 0, changes: [change] };
      const { queued } = await harness.scheduler.decide({ schedulerId: 's', runs: [decision] }, admit);
      const own = queued.find((each) => each.taskInstanceId === taskInstanceId);
      return own === undefined ? claimedAgain(claimed) : claim(own);
    };
    const command = async (claimed: ClaimedAttempt, to: TaskState): Promise<void> => {
      const { dagId, runId, runKey, taskInstanceId } = claimed;
      const run = await harness.commands.loadRun(dagId, runId);
      const { state } = await taskOf(claimed);
      const change = { taskInstanceId, from: state.status, fromAttempt: state.attempt, to, reason: 'asked for' };
      expect(await harness.commands.saveCommand({ runKey, revision: run?.revision ?? 0, changes: [change] }, { name: 'clear' })).toBe(true);
    };

    test('a wait begins with the end of its attempt, and what it gave is there when the task is run again in the same try', async () => {
      const first = await waiting(webhook('hash-1'));
      expect((await taskOf(first)).state).toEqual({ status: 'deferred', attempt: 1 });
      expect(await harness.waits.byToken('hash-1')).toMatchObject({
        key: 'call',
        taskId: 't',
        mapIndex: -1,
        tryNumber: 1,
        dagId: first.dagId,
        runId: first.runId,
      });
      const wait = await openOf(first);
      expect(await end(wait, { json: '{"n":1}' })).toEqual(new Set([wait.waitId]));
      expect((await taskOf(first)).state).toEqual({ status: 'scheduled', attempt: 1 });
      expect(await harness.waits.byToken('hash-1')).toMatchObject({ ended: { outcome: 'met', json: '{"n":1}' } });
      const second = await claimedAgain(first);
      expect(second).toMatchObject({ attempt: 2, triesBefore: 1, firstStartedAt: first.firstStartedAt });
      expect(second.waits).toEqual([{ key: 'call', condition: { kind: 'webhook' }, outcome: 'met', json: '{"n":1}' }]);
      expect(second).not.toHaveProperty('openWait');
    });

    test('a wait that was fenced is not entered', async () => {
      const { queued } = await harness.queued();
      const claimed = await claim(queued);
      expect(
        await harness.attempts.finish(
          { ...queued, attemptId: '00000000-0000-4000-8000-000000000000', to: { status: 'deferred', attempt: 1 }, wait: time(1) },
          WORKER,
        ),
      ).toBe(false);
      expect(await isOpen(claimed)).toBe(false);
    });

    test('a wait ends once, whoever ends it first', async () => {
      const claimed = await waiting(webhook('hash-2'));
      const wait = await openOf(claimed);
      const ended = await Promise.all([
        end(wait, { json: '1' }),
        end(wait, { outcome: 'timeout', to: 'failed' }),
        end(wait, { json: '2' }),
      ]);
      expect(ended.filter((ids) => ids.size > 0)).toHaveLength(1);
      expect((await end(wait)).size).toBe(0);
    });

    test('a wait that is given up fails or skips its task, with the error', async () => {
      for (const to of ['failed', 'skipped'] as const) {
        const claimed = await waiting({ ...webhook(`hash-${to}`), timeoutAt: 5 });
        const error = { name: 'WaitTimeoutError', message: 'too late' };
        await end(await openOf(claimed), { outcome: 'timeout', to, ...(to === 'failed' ? { error } : {}) });
        expect((await taskOf(claimed)).state).toEqual({ status: to, attempt: 1 });
      }
    });

    test('of a later try, or after a clear, nothing of the waits before counts', async () => {
      const first = await waiting(webhook('hash-3'));
      await end(await openOf(first), { json: '1' });
      const second = await claimedAgain(first);
      await harness.attempts.finish(
        { ...second, to: { status: 'up_for_retry', attempt: 2, dueAt: 0 }, error: { name: 'E', message: 'no' } },
        WORKER,
      );
      await command(first, { status: 'none', attempt: 2 });
      await command(first, { status: 'scheduled', attempt: 2 });
      const third = await claimedAgain(first);
      expect(third).toMatchObject({ attempt: 3, triesBefore: 2 });
      expect(third).not.toHaveProperty('waits');
      expect(third.firstStartedAt).toBeGreaterThanOrEqual(first.firstStartedAt ?? Infinity);
    });

    test('a cleared or cancelled task waits for nothing any more, and its wait cannot be ended', async () => {
      for (const status of ['none', 'skipped'] as const) {
        const claimed = await waiting({ ...webhook(`hash-gone-${status}`), timeoutAt: Date.now() - 1 });
        const wait = await openOf(claimed);
        expect((await harness.waits.due(100)).map(({ waitId }) => waitId)).toContain(wait.waitId);
        await command(claimed, { status, attempt: 1 });
        expect(await isOpen(claimed)).toBe(false);
        expect((await harness.waits.due(100)).map(({ waitId }) => waitId)).not.toContain(wait.waitId);
        expect((await end(wait)).size).toBe(0);
        expect((await taskOf(claimed)).state.status).toBe(status);
        expect(await harness.waits.byToken(`hash-gone-${status}`)).toMatchObject({ ended: { outcome: 'closed' } });
        expect(await harness.waits.closeAbandoned(100)).toBeGreaterThan(0);
        expect(await harness.waits.closeAbandoned(100)).toBe(0);
      }
    });

    test('a task that waits anew after a clear waits for the new thing only', async () => {
      const first = await waiting(webhook('hash-old'));
      await command(first, { status: 'none', attempt: 1 });
      await command(first, { status: 'scheduled', attempt: 1 });
      const again = await claimedAgain(first);
      expect(await enter(again, webhook('hash-new'))).toBe(true);
      expect(await harness.waits.byToken('hash-old')).toMatchObject({ ended: { outcome: 'closed' } });
      expect(await harness.waits.byToken('hash-new')).not.toHaveProperty('ended');
    });

    test('waits that ended within the attempt are told with the next one, in order', async () => {
      const claimed = await running();
      const poll: Wait['condition'] = { kind: 'poll', everyMs: 1 };
      await enter(claimed, webhook('hash-4'), [
        { key: '1', condition: { kind: 'time', at: 1 }, outcome: 'met' },
        { key: '2', condition: poll, outcome: 'timeout', json: '"x"' },
      ]);
      await end(await openOf(claimed), { outcome: 'timeout', to: 'scheduled' });
      const again = await claimedAgain(claimed);
      expect(again.waits).toEqual([
        { key: '1', condition: { kind: 'time', at: 1 }, outcome: 'met' },
        { key: '2', condition: poll, outcome: 'timeout', json: '"x"' },
        { key: 'call', condition: { kind: 'webhook' }, outcome: 'timeout' },
      ]);
    });

    test('a poll goes on from look to look with its timeout, until it is answered', async () => {
      const poll: Wait = { key: 'p', condition: { kind: 'poll', everyMs: 1 }, timeoutAt: 9_999_999_999_000, onTimeout: 'skip' };
      const first = await waiting(poll);
      expect((await taskOf(first)).state.status).toBe('up_for_reschedule');
      const entered = (await openOf(first)).enteredAt;
      expect((await harness.waits.standing()).nextDueAt ?? Infinity).not.toBe(poll.timeoutAt);
      const second = await lookAgain(first);
      expect(second.openWait).toEqual(poll);
      expect(await isOpen(second)).toBe(true);
      await enter(second, poll);
      expect((await openOf(second)).enteredAt).toBe(entered);
      const third = await lookAgain(second);
      expect(third).toMatchObject({ attempt: 3, triesBefore: 2, openWait: poll });
      await enter(third, webhook('hash-5'), [{ key: 'p', condition: poll.condition, outcome: 'met', json: '5' }]);
      await end(await openOf(third), { json: 'null' });
      expect((await claimedAgain(third)).waits).toMatchObject([
        { key: 'p', outcome: 'met', json: '5' },
        { key: 'call', json: 'null' },
      ]);
      expect((await harness.waits.waits({ dagId: first.dagId }, PAGE)).total).toBe(2);
    });

    test('tells what is due, and when the next is', async () => {
      const soon = await waiting(time(Date.now() + HOUR));
      const { nextDueAt } = await harness.waits.standing();
      expect(nextDueAt).toBeLessThanOrEqual(Date.now() + HOUR);
      expect((await harness.waits.due(100)).filter(({ dagId }) => dagId === soon.dagId)).toEqual([]);
      await harness.pass(HOUR);
      const [due] = (await harness.waits.due(100)).filter(({ dagId }) => dagId === soon.dagId);
      expect(due).toMatchObject({ key: 'until', condition: { kind: 'time' }, taskId: 't', runId: soon.runId, attempt: 1 });
      await end(await openOf(soon));
      expect((await harness.waits.due(100)).filter(({ dagId }) => dagId === soon.dagId)).toEqual([]);
    });

    test('tells waits for assets by their id, page by page', async () => {
      const both = [await waiting(asset('a')), await waiting(asset('b'))];
      expect((await harness.waits.standing()).assets).toBe(true);
      const [first] = await harness.waits.assetWaits(undefined, 1);
      const rest = await harness.waits.assetWaits(first?.waitId, 10);
      expect([first, ...rest].map((wait) => wait?.dagId)).toEqual(both.map(({ dagId }) => dagId));
      expect(rest).toMatchObject([{ condition: { kind: 'asset', name: 'b' }, enteredAt: expect.any(Number) }]);
      for (const claimed of both) await end(await openOf(claimed));
      expect((await harness.waits.standing()).assets).toBe(false);
    });

    test('tells waits for runs with what is there of them: by id, by logical date, of a task', async () => {
      const { run } = await harness.queued();
      const { dagId, runId, runKey } = run;
      const byId = await waiting(ofRun(dagId, { runId }));
      const ofTask = await waiting(ofRun(dagId, { runId }, 't'));
      const ofNone = await waiting(ofRun(dagId, { runId: 'not-yet' }));
      const byDate = await waiting(ofRun(dagId, { logicalDate: 7 }));
      const seen = async (filter: Parameters<WaitStore['watchedRuns']>[0]) =>
        (await harness.waits.watchedRuns(filter, 100)).map(({ dagId: of, run: state, tasks }) => ({ of, state, tasks }));
      const all = [
        { of: byId.dagId, state: 'running', tasks: undefined },
        { of: ofTask.dagId, state: 'running', tasks: ['queued'] },
        { of: ofNone.dagId, state: undefined, tasks: undefined },
        { of: byDate.dagId, state: undefined, tasks: undefined },
      ];
      expect(await seen({})).toEqual(all);
      expect(await seen({ runKeys: [runKey] })).toEqual(all.slice(0, 2));
      expect(await seen({ runKeys: ['999999'] })).toEqual([]);
      const dated = await harness.commands.trigger({ dagId, logicalDate: 7, params: {}, runType: 'manual', triggeredBy: 'test' });
      expect(await seen({ runKeys: [dated.runKey] })).toEqual([{ of: byDate.dagId, state: 'queued', tasks: undefined }]);
      expect(await seen({ afterId: (await openOf(ofNone)).waitId })).toHaveLength(1);
    });

    test('lists forms for who may answer them, open or not, and keeps who answered', async () => {
      const claimed = await waiting(form(['ada']));
      expect((await taskOf(claimed)).state.status).toBe('awaiting_input');
      const { dagId } = claimed;
      const of = async (assignee: string) => (await harness.waits.waits({ dagId, kinds: ['input'], assignee }, PAGE)).total;
      expect([await of('ada'), await of('bob')]).toEqual([1, 0]);
      await end(await openOf(claimed), { json: '{"ok":true}', user: 'ada' });
      const { items } = await harness.waits.waits({ dagId, taskId: 't', mapIndex: -1, tryNumber: 1, open: false }, PAGE);
      expect(items).toMatchObject([
        { condition: form(['ada']).condition, ended: { outcome: 'met', user: 'ada', json: '{"ok":true}', at: expect.any(Number) } },
      ]);
      const everybody = await waiting(form([]));
      expect((await harness.waits.waits({ dagId: everybody.dagId, assignee: 'bob' }, PAGE)).total).toBe(1);
    });
  });
}

function stateFor({ condition, timeoutAt }: Wait, attempt: number): TaskState {
  if (condition.kind === 'poll') return { status: 'up_for_reschedule', attempt, dueAt: 0 };
  const dueAt = condition.kind === 'time' ? condition.at : timeoutAt;
  const status = condition.kind === 'input' ? 'awaiting_input' : 'deferred';
  return dueAt === undefined ? { status, attempt } : { status, attempt, dueAt };
}

function webhook(tokenHash: string): Wait {
  return { key: 'call', condition: { kind: 'webhook' }, onTimeout: 'fail', tokenHash };
}

function time(at: number): Wait {
  return { key: 'until', condition: { kind: 'time', at }, onTimeout: 'fail' };
}

function asset(name: string): Wait {
  return { key: '1', condition: { kind: 'asset', name }, onTimeout: 'fail' };
}

function ofRun(dagId: string, run: { runId: string } | { logicalDate: number }, taskId?: string): Wait {
  const condition = {
    kind: 'run',
    dagId,
    run,
    states: ['success'],
    failOn: ['failed'],
    ...(taskId === undefined ? {} : { taskId }),
  } as const;
  return { key: '1', condition, onTimeout: 'fail' };
}

function form(assignees: readonly string[]): Wait {
  return {
    key: '1',
    condition: { kind: 'input', form: { subject: 'Load it?', schema: { type: 'object' }, assignees } },
    onTimeout: 'continue',
  };
}
