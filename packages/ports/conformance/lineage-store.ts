/** What every LineageStore must do, and the AttemptStore that fills it. */
import type { LineageStore, NewLoad } from '@headrace/ports';
import { loadOf } from './data-report-store.ts';
import { type StoreHarness, StoreWorld, type TestFunctions, taskOf } from './store-world.ts';

export type LineageHarness = StoreHarness & { readonly lineage: LineageStore };

const tills = { connector: 'postgres', connection: 'pos', name: 'public.tills' };
const sales = { connector: 'postgres', connection: 'dwh', name: 'public.sales' };
const report = { connector: 'files', connection: 'out', name: 'report.csv' };

export function lineageStoreConformance(
  jest: TestFunctions,
  { name, open }: { readonly name: string; readonly open: () => Promise<LineageHarness> },
): void {
  const { describe, test, expect, beforeAll, afterAll } = jest;

  describe(`${name} keeps what is made of what`, () => {
    let harness: LineageHarness;
    let world: StoreWorld;
    let lineage: LineageStore;
    beforeAll(async () => {
      harness = await open();
      world = new StoreWorld(harness, 'lineage');
      lineage = harness.lineage;
    }, 60_000);
    afterAll(() => harness?.close());

    async function told(dag: Awaited<ReturnType<StoreWorld['dag']>>, loaded: NewLoad): Promise<void> {
      const { attempt, workerId } = await world.claimed(dag);
      const { taskInstanceId, attemptId } = attempt;
      const outcome = { taskInstanceId, attemptId, to: { status: 'success', attempt: 1 }, data: { loads: [loaded], checks: [] } } as const;
      expect(await harness.attempts.finish(outcome, workerId)).toBe(true);
    }

    const load = (told: NewLoad['lineage']): NewLoad =>
      loadOf({ kind: 'table', columns: [{ name: 'total', type: 'DOUBLE' }], ...(told === undefined ? {} : { lineage: told }) });

    test('keeps what a task told last of each place, and finds it from both sides', async () => {
      const source = await world.dag([taskOf('extract')]);
      await told(source, load({ reads: [{ ...tills, input: 'from' }], writes: [sales] }));
      const columns = {
        total: [
          { input: 'raw', column: 'amount' },
          { input: 'elsewhere', column: 'x' },
        ],
      };
      const sink = await world.dag([taskOf('export')]);
      await told(sink, load({ reads: [{ ...sales, input: 'raw' }], writes: [report], columns }));
      const [extracted] = await lineage.flows({ written: ['postgres:dwh/public.sales'] }, 10);
      expect(extracted).toMatchObject({ dagId: source.dagId, taskId: 'extract', kind: 'table', reads: ['postgres:pos/public.tills'] });
      expect(extracted).not.toHaveProperty('madeOf');
      const [exported] = await lineage.flows({ reads: ['postgres:dwh/public.sales', 'none'] }, 10);
      expect(exported).toMatchObject({
        written: 'files:out/report.csv',
        columns: [{ name: 'total', type: 'DOUBLE' }],
        madeOf: { total: [{ place: 'postgres:dwh/public.sales', column: 'amount' }] },
      });
      expect(await lineage.flows({ dagId: sink.dagId }, 10)).toEqual([exported]);
      expect((await lineage.flows({ like: 'public.sales' }, 10)).map(({ taskId }) => taskId)).toEqual(['extract', 'export']);
      expect(await lineage.flows({ like: 'public.sales' }, 1)).toHaveLength(1);
    });

    test('leaves alone what is as it was, and replaces what is not', async () => {
      const first = load({ reads: [tills], writes: [sales] });
      const dag = await world.dag([taskOf('extract')]);
      await told(dag, first);
      const [before] = await lineage.flows({ dagId: dag.dagId }, 10);
      await told(dag, first);
      expect(await lineage.flows({ dagId: dag.dagId }, 10)).toEqual([before]);
      await told(dag, load({ reads: [tills, report], writes: [sales] }));
      const after = await lineage.flows({ dagId: dag.dagId }, 10);
      expect(after).toHaveLength(1);
      expect(after[0]?.reads).toEqual(['files:out/report.csv', 'postgres:pos/public.tills']);
      expect(after[0]?.runId).not.toBe(before?.runId);
    });

    test('tells the newest versions of DAGs, and what these declare of assets', async () => {
      const spec = await world.dag(
        [taskOf('make', { inlets: ['raw', 'rates'], outlets: ['mart'] }), taskOf('watch', { inlets: ['mart'] }), taskOf('other')],
        {
          assets: [{ name: 'raw' }, { name: 'rates' }, { name: 'mart' }],
        },
      );
      const newest = async () => (await lineage.newestVersions(1_000)).find(({ dagId }) => dagId === spec.dagId)?.versionId ?? '';
      const first = await newest();
      expect(await lineage.declared([first, first, '999999999'])).toEqual([
        { versionId: first, taskId: 'make', inlets: ['raw', 'rates'], outlets: ['mart'] },
        { versionId: first, taskId: 'watch', inlets: ['mart'], outlets: [] },
      ]);
      await world.save({ ...spec, tasks: [taskOf('other')] }, 2);
      const second = await newest();
      expect(second).not.toBe(first);
      expect((await lineage.declared([second, first])).map(({ versionId }) => versionId)).toEqual([first, first]);
      expect(await lineage.declared([])).toEqual([]);
      expect(await lineage.newestVersions(1)).toHaveLength(1);
      await harness.catalog.removeFile(`${spec.dagId}.ts`);
      expect(await newest()).toBe('');
    });

    test('knows nothing of loads that tell no lineage', async () => {
      const dag = await world.dag([taskOf('load')]);
      await told(dag, load(undefined));
      expect(await lineage.flows({ dagId: dag.dagId }, 10)).toEqual([]);
    });
  });
}
