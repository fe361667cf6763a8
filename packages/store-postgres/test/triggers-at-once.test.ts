/** Runs that many trigger at the same time are made together, and each gets the answer it would get alone. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type TestDatabase, testDatabase } from '../../../tests/support/test-database.ts';
import { dagSpec, saveDag, taskSpec } from './support/scenario.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
  await saveDag(db.store, dagSpec('shop', [taskSpec('a')]));
});
afterAll(() => db.drop());

test('what breaks a rule fails alone, and the same request is done once', async () => {
  const { commands, queries } = db.store;
  const request = { dagId: 'shop', params: { n: 1 }, runType: 'manual', triggeredBy: 'test' } as const;
  const [plain, again, named, twin, nobody, keyed, replay, ...many] = await Promise.allSettled([
    commands.trigger({ ...request, runAfter: 1 }),
    commands.trigger({ ...request, runAfter: 1 }),
    commands.trigger({ ...request, runId: 'mine', logicalDate: 5 }),
    commands.trigger({ ...request, runId: 'mine' }),
    commands.trigger({ ...request, dagId: 'nobody' }),
    commands.trigger({ ...request, idempotency: { key: 'k', requestHash: 'h' } }),
    commands.trigger({ ...request, idempotency: { key: 'k', requestHash: 'h' } }),
    ...Array.from({ length: 20 }, () => commands.trigger(request)),
  ]);
  expect([plain, again, named]).toMatchObject([
    { value: { run: { runAfter: 1 } } },
    { value: { run: { runAfter: 1 } } },
    { value: { runId: 'mine' } },
  ]);
  expect([twin, nobody]).toMatchObject([{ reason: { code: 'HR_RUN_EXISTS' } }, { reason: { code: 'HR_DAG_NOT_FOUND' } }]);
  const runKeys = [keyed, replay].map((one) => (one?.status === 'fulfilled' ? one.value.runKey : one?.reason));
  expect(runKeys[0]).toBe(runKeys[1]);
  const made = many.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  expect(new Set(made.map(({ runId }) => runId)).size).toBe(20);
  expect((await queries.runs({ dagId: 'shop' }, { limit: 0, offset: 0 })).total).toBe(24);
  expect(made[0]?.run).toEqual(await queries.run('shop', made[0]?.runId ?? ''));
});
