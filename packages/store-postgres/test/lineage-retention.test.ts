/** Which run told last what a task makes of which data, over hours: what a database's own clock keeps a suite from playing. */
import { loadOf } from '@headrace/ports/conformance/data-report-store';
import { type StoreHarness, StoreWorld, taskOf } from '@headrace/ports/conformance/store-world';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type TestDatabase, testDatabase } from '../../../tests/support/test-database.ts';

const FAR = 4_102_444_800_000;

let db: TestDatabase;
let world: StoreWorld;
beforeAll(async () => {
  db = await testDatabase();
  const resizePool = async () => {};
  world = new StoreWorld({ ...db.store, resizePool, close: db.drop } satisfies StoreHarness, 'hours');
}, 60_000);
afterAll(() => db?.drop());

const place = (name: string) => ({ connector: 'lake', connection: 'lake', name });

/** A run that has ended, and told what it read. */
async function told(spec: Awaited<ReturnType<StoreWorld['dag']>>): Promise<{ readonly runKey: string; readonly runId: string }> {
  const { run, attempt, workerId } = await world.claimed(spec);
  const { taskInstanceId, attemptId } = attempt;
  const data = { loads: [loadOf({ lineage: { reads: [place('raw')], writes: [place('mart')] } })], checks: [] };
  await db.store.attempts.finish({ taskInstanceId, attemptId, to: { status: 'success', attempt: attempt.attempt }, data }, workerId);
  const { revision, runKey, runId } = await world.loaded(run.runKey);
  await world.decide([{ runKey, revision, status: 'success', changes: [] }]);
  return { runKey, runId };
}

const named = async (dagId: string) => (await db.store.lineage.flows({ dagId }, 10)).map(({ runId }) => runId);
const hoursAgo = (dagId: string, hours: number) =>
  db.sql.query("update lineage_flow set seen_at = now() - $2 * interval '1 hour' where dag_id = $1", [dagId, hours]);

test('what is as it was names the run that told it once an hour, and no oftener', async () => {
  const spec = await world.dag([taskOf('load')]);
  const first = await told(spec);
  await told(spec);
  expect(await named(spec.dagId)).toEqual([first.runId]);
  await hoursAgo(spec.dagId, 2);
  const third = await told(spec);
  expect(await named(spec.dagId)).toEqual([third.runId]);
});

test('a later run keeps it only when it can have told it', async () => {
  const spec = await world.dag([taskOf('load')]);
  const first = await told(spec);
  // This one only ran, hours after: it has told nothing.
  const { runKey, revision, tasks } = await world.running(spec);
  const changes = tasks.map(
    ({ taskInstanceId }) => ({ taskInstanceId, from: 'none', fromAttempt: 0, to: { status: 'skipped', attempt: 0 }, reason: '' }) as const,
  );
  await world.decide([{ runKey, revision, status: 'success', changes }]);
  await hoursAgo(spec.dagId, 2);
  expect(await named(spec.dagId)).toEqual([first.runId]);
  await db.store.retention.remove('runs', { before: FAR, limit: 100, keepNewest: 1 });
  expect([(await db.store.scheduler.loadRuns([first.runKey, runKey])).map((run) => run.runKey), await named(spec.dagId)]).toEqual([
    [runKey],
    [],
  ]);
});

test('it goes with its DAG', async () => {
  const spec = await world.dag([taskOf('load')]);
  await told(spec);
  expect(await named(spec.dagId)).toHaveLength(1);
  expect(await db.store.commands.deleteDag(spec.dagId)).toBe('deleted');
  expect(await named(spec.dagId)).toEqual([]);
});
