import type { RunStatus } from '@headrace/core';
import { type ClaimedAttempt, DagNotFoundError, RunExistsError, type TriggerRequest } from '@headrace/ports';
import type { TriggerDagRequest } from '@headrace/sdk';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { type TriggeredRuns, triggerRun } from '../src/trigger-run.ts';

const T0 = Date.UTC(2026, 0, 1);
const claimed = {
  dagId: 'mine',
  runId: 'r',
  taskId: 'start',
  taskInstanceId: '7',
  attempt: 1,
  triesBefore: 0,
  runAfter: T0,
  firstStartedAt: T0,
} as ClaimedAttempt;
const FIRST = 'triggered__2026-01-01T00:00:00.000Z__7_1';
const wait = { states: ['success'], failOn: ['failed'], timeoutMs: 1_000 };
const success = { report: { outcome: 'success' }, logKey: 'log' } as const;

let made: TriggerRequest[];
let states: Map<string, RunStatus>;
let runs: TriggeredRuns;

beforeEach(() => {
  made = [];
  states = new Map();
  runs = {
    dag: async () => ({ spec: { paramsDefault: { a: 1, b: 2 } } }) as never,
    loadRun: async (_, runId) => (states.has(runId) ? ({ status: states.get(runId) } as never) : undefined),
    async trigger(request) {
      const { dagId, runId = '' } = request;
      if (dagId === 'gone') throw new DagNotFoundError(dagId);
      if (states.has(runId) || request.logicalDate === 5) throw new RunExistsError(dagId, runId);
      states.set(runId, 'queued');
      made.push(request);
      return { runKey: '1', runId };
    },
  };
});

const asked = (more: Partial<TriggerDagRequest> = {}, attempt: Partial<ClaimedAttempt> = {}) =>
  triggerRun({ ...claimed, ...attempt }, { dagId: 'other', params: { b: 3 }, ...more }, success, runs, T0 + 60);

describe('a run that a task asks for', () => {
  test('is made with an id of the task instance, the defaults of its DAG and what was asked; the id is the result', async () => {
    expect(await asked({ partition: 'p', logicalDate: 9 })).toEqual({
      ...success,
      result: { kind: 'inline', json: JSON.stringify(FIRST) },
    });
    expect(made).toEqual([
      {
        dagId: 'other',
        runId: FIRST,
        params: { a: 1, b: 3 },
        runType: 'manual',
        triggeredBy: 'operator',
        parent: { dagId: 'mine', runId: 'r', taskId: 'start' },
        logicalDate: 9,
        partitionKey: 'p',
      },
    ]);
  });

  test('has the params that its DAG makes of what was asked', async () => {
    runs = { ...runs, validateParams: async (dagId, params) => ({ ok: true, params: { dagId, ...params, c: 4 } }) };
    await asked();
    expect(made[0]?.params).toEqual({ dagId: 'other', b: 3, c: 4 });
    await asked({ params: {} }, { firstStartedAt: T0 + 1_000 });
    expect(made[1]?.params).toEqual({ a: 1, b: 2 });
  });

  test('is not made with params that its DAG refuses; another try would not help', async () => {
    const issues = [
      { path: 'limits.0', message: 'too small' },
      { path: '', message: 'not an object' },
    ];
    runs = { ...runs, validateParams: async () => ({ ok: false, issues }) };
    expect((await asked()).report).toEqual({
      outcome: 'failed',
      error: {
        name: 'TriggerParamsError',
        code: 'HR_INVALID_PARAMS',
        retryable: false,
        message: 'A run of DAG "other" could not be made: param "limits.0": too small; not an object',
      },
    });
    expect(made).toEqual([]);
  });

  test('is made once, however often the same is done again; after a clear it is another', async () => {
    await asked();
    expect((await asked()).result).toEqual({ kind: 'inline', json: JSON.stringify(FIRST) });
    expect((await asked({}, { attempt: 3, triesBefore: 1 })).result).toEqual({ kind: 'inline', json: JSON.stringify(FIRST) });
    expect(made).toHaveLength(1);
    await asked({}, { firstStartedAt: T0 + 1_000 });
    expect(made).toHaveLength(2);
  });

  test('is waited for, if it says so, and made anew by a later try when it failed', async () => {
    expect(await asked({ wait })).toEqual({
      report: {
        outcome: 'deferred',
        wait: {
          key: 'triggered',
          condition: { kind: 'run', dagId: 'other', run: { runId: FIRST }, states: ['success'], failOn: ['failed'] },
          timeoutAt: T0 + 1_060,
          onTimeout: 'fail',
        },
      },
      logKey: 'log',
    });
    states.set(FIRST, 'failed');
    const same = await asked({ wait });
    expect(same.report).toMatchObject({ wait: { condition: { run: { runId: FIRST } } } });
    const again = await asked({ wait }, { attempt: 2 });
    expect(again.report).toMatchObject({ wait: { condition: { run: { runId: FIRST.replace(/1$/, '2') } } } });
    states.set(FIRST, 'success');
    expect((await asked({ wait }, { attempt: 2 })).report).toMatchObject({ wait: { condition: { run: { runId: FIRST } } } });
  });

  test('that cannot be made fails the attempt, and says why', async () => {
    expect((await asked({ dagId: 'gone' })).report).toMatchObject({
      outcome: 'failed',
      error: { code: 'HR_DAG_NOT_FOUND', message: expect.stringContaining('"gone"') },
    });
    expect((await asked({ logicalDate: 5 })).report).toMatchObject({ outcome: 'failed', error: { code: 'HR_RUN_EXISTS' } });
    const without = await triggerRun(claimed, { dagId: 'x', params: {} }, success, undefined, T0);
    expect(without).toMatchObject({ report: { outcome: 'failed' }, logKey: 'log' });
  });
});
