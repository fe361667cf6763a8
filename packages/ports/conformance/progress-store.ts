/** What every ProgressStore must do, wherever it keeps figures. */
import type { ProgressStore, ToldProgress } from '@headrace/ports';
import { type StoreHarness, StoreWorld, type TestFunctions, taskOf } from './store-world.ts';

export type ProgressStoreHarness = StoreHarness & { readonly progress: ProgressStore };

const T0 = Date.UTC(2026, 0, 1);

export function progressStoreConformance(
  jest: TestFunctions,
  { name, open }: { readonly name: string; readonly open: () => Promise<ProgressStoreHarness> },
): void {
  const { describe, test, expect, beforeAll, afterAll } = jest;

  describe(`${name} keeps the progress of running attempts`, () => {
    let harness: ProgressStoreHarness;
    let world: StoreWorld;
    let progress: ProgressStore;
    beforeAll(async () => {
      harness = await open();
      world = new StoreWorld(harness, 'progress');
      progress = harness.progress;
    }, 60_000);
    afterAll(() => harness?.close());

    async function running() {
      const spec = await world.dag([taskOf('load')]);
      const { attempt, workerId } = await world.claimed(spec);
      const { taskInstanceId, attemptId, runId } = attempt;
      const told = (more: Partial<ToldProgress> = {}): ToldProgress => ({
        taskInstanceId,
        attemptId,
        phase: 'reading',
        beganAt: T0,
        toldAt: T0 + 1_000,
        ...more,
      });
      const shown = () => progress.ofRun(spec.dagId, runId);
      return { spec, attempt, workerId, told, shown };
    }

    test('the newest figures of each, with what is not known left out', async () => {
      const { attempt, told, shown } = await running();
      await progress.save([told()]);
      expect(await shown()).toEqual([
        { ...told(), taskId: 'load', mapIndex: attempt.mapIndex, readAt: expect.any(Number) as unknown as number },
      ]);
      const rows = 9_007_199_254_740_991;
      await progress.save([told({ phase: 'writing', rows, bytes: 12, totalRows: rows, totalBytes: 13, toldAt: T0 + 2_000 })]);
      expect(await shown()).toMatchObject([
        { phase: 'writing', rows, bytes: 12, totalRows: rows, totalBytes: 13, toldAt: T0 + 2_000, beganAt: T0 },
      ]);
      expect(await progress.ofRun(attempt.dagId, attempt.runId, 'load')).toHaveLength(1);
      expect(await progress.ofRun(attempt.dagId, attempt.runId, 'other')).toEqual([]);
      expect(await progress.ofRun(attempt.dagId, 'no such run')).toEqual([]);
    });

    test('and of no other attempt than the one that runs', async () => {
      const { told, shown, attempt } = await running();
      await progress.save([told({ attemptId: '00000000-0000-4000-8000-00000000dead' })]);
      expect(await shown()).toEqual([]);
      await progress.save([told()]);
      await progress.forget([{ ...attempt, attemptId: '00000000-0000-4000-8000-00000000dead' }]);
      expect(await shown()).toHaveLength(1);
      await progress.forget([attempt]);
      expect(await shown()).toEqual([]);
    });

    test('until it has ended', async () => {
      const { told, shown, attempt, workerId } = await running();
      const other = await running();
      await progress.save([told(), other.told()]);
      await harness.attempts.finish({ ...attempt, to: { status: 'success', attempt: attempt.attempt } }, workerId);
      expect(await shown()).toEqual([]);
      expect(await progress.forgetEnded()).toBe(1);
      expect(await progress.forgetEnded()).toBe(0);
      await progress.save([told()]);
      expect(await progress.forgetEnded()).toBe(0);
      expect(await other.shown()).toHaveLength(1);
    });
  });
}
