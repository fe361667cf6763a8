/**
 * A decision that takes an attempt for lost, and its worker that lives after all, at the same row at the same time: whoever has the
 * row first wins, and the other changes nothing. Postgres' own, for in memory nothing is at once.
 */
import type { ClaimedAttempt, RunDecision } from '@headrace/ports';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type TestDatabase, testDatabase } from '../../../tests/support/test-database.ts';
import { ALL_SHARDS, claimed, dagSpec, decide, LEASE_MS, queuedTask, saveDag, states, taskSpec, WORKER } from './support/scenario.ts';
import { until } from './support/until.ts';

const SINGLE = dagSpec('single', [taskSpec('a')]);

let db: TestDatabase;

beforeAll(async () => {
  db = await testDatabase();
}, 60_000);

beforeEach(async () => {
  await db.clean();
  await saveDag(db.store, SINGLE);
});

afterAll(() => db.drop());

/** An attempt whose lease was seen to have ended, and the decision that it is lost. */
async function expired(): Promise<{ readonly attempt: ClaimedAttempt; readonly lost: RunDecision }> {
  const { run, queued } = await queuedTask(db.store, SINGLE);
  const attempt = await claimed(db.store, queued, WORKER, -1);
  expect(await db.store.scheduler.expiredLeases(ALL_SHARDS, 10)).toMatchObject([{ taskInstanceId: attempt.taskInstanceId }]);
  const change = {
    taskInstanceId: attempt.taskInstanceId,
    from: 'running' as const,
    fromAttempt: 1,
    to: { status: 'up_for_retry' as const, attempt: 1, dueAt: 1 },
    reason: 'attempt lost, will be tried again',
    lost: true as const,
  };
  return { attempt, lost: { runKey: run.runKey, revision: run.revision, changes: [change] } };
}

/** Both begin while somebody else has the row, so that both wait for it, in this order. */
async function inOrder<First, Second>(
  attempt: ClaimedAttempt,
  first: () => Promise<First>,
  second: () => Promise<Second>,
): Promise<readonly [First, Second]> {
  const holder = await db.sql.connect();
  try {
    await holder.query('begin');
    await holder.query('select from task_instance where id = $1 for update', [attempt.taskInstanceId]);
    const one = first();
    await waiting(1);
    const other = second();
    await waiting(2);
    await holder.query('commit');
    return await Promise.all([one, other]);
  } finally {
    holder.release();
  }
}

function waiting(count: number): Promise<true> {
  return until(`${count} that wait for a lock`, async () => {
    const { rows } = await db.sql.query<{ count: number }>(
      "select count(*)::integer as count from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
    );
    return rows[0]?.count === count ? true : undefined;
  });
}

const LIVING: readonly {
  readonly does: string;
  readonly act: (attempt: ClaimedAttempt) => Promise<boolean>;
  readonly state: string;
}[] = [
  { does: 'gives it back', act: (attempt) => db.store.attempts.release(attempt, WORKER), state: 'queued 1' },
  {
    does: 'renews it',
    act: async (attempt) => (await db.store.attempts.renew([attempt], WORKER, LEASE_MS)).length === 1,
    state: 'running 1',
  },
  {
    does: 'ends it',
    act: (attempt) => db.store.attempts.finish({ ...attempt, to: { status: 'success', attempt: 1 } }, WORKER),
    state: 'success 1',
  },
];

describe.each(LIVING)('a worker that $does while its attempt is taken for lost', ({ act, state }) => {
  test('keeps what it did when it comes first', async () => {
    const { attempt, lost } = await expired();
    const [done, result] = await inOrder(
      attempt,
      () => act(attempt),
      () => decide(db.store, lost),
    );
    expect(done).toBe(true);
    expect(result.stale).toEqual([lost.runKey]);
    expect(await states(db.store, lost.runKey)).toEqual({ a: state });
  });

  test('changes nothing when it comes second', async () => {
    const { attempt, lost } = await expired();
    const [result, done] = await inOrder(
      attempt,
      () => decide(db.store, lost),
      () => act(attempt),
    );
    expect(result.stale).toEqual([]);
    expect(done).toBe(false);
    expect(await states(db.store, lost.runKey)).toEqual({ a: 'up_for_retry 1' });
  });
});
